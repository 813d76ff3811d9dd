"""What polling tells: per source, since sources are a closed set; aggregated where there are too many."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline.observe.log import logger

ALL = "all"


class PollMetrics:
    """The observer of a poller; called on its loop, so nothing here blocks."""

    def __init__(self, registry: CollectorRegistry, *, per_source: bool = True) -> None:
        """Without `per_source` every source is counted under ``all``."""
        self._per_source = per_source
        self._log = logger("poll")

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, ["source", *labels], registry=registry)

        self._polls = counter("newswire_feed_polls_total", "Polls, by how they ended.", "outcome")
        self._items = counter("newswire_feed_items_total", "Items found, by what became of them.", "fate")
        self._dead = counter(
            "newswire_feed_dead_letters_total",
            "Documents dead-lettered, whole or in part.",
            "error_type",
        )
        self._pages = counter("newswire_feed_pages_total", "Attempts at article pages, by how they ended.", "outcome")
        self._hub = counter("newswire_feed_hub_words_total", "Where subscriptions with WebSub hubs came to.", "word")
        self._deliveries = counter(
            "newswire_feed_deliveries_total", "Deliveries from WebSub hubs, by how they ended.", "outcome"
        )
        self._gaps = counter("newswire_feed_possible_gaps_total", "Polls that met nothing known before.")
        self._newest = Gauge(
            "newswire_feed_last_new_item_timestamp_seconds", "When a new item last came.", ["source"], registry=registry
        )
        self._state = Gauge(
            "newswire_feed_state", "1 for the state a source is in.", ["source", "state"], registry=registry
        )
        self._skew = Gauge(
            "newswire_feed_clock_skew_seconds", "The publisher's clock against ours.", ["source"], registry=registry
        )
        self._seconds = Histogram(
            "newswire_feed_poll_duration_seconds",
            "One poll, from request to saved.",
            registry=registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self._states: dict[str, str] = {}

    def _label(self, source: str) -> str:
        return source if self._per_source else ALL

    def polled(self, source: str, outcome: str, seconds: float) -> None:
        """See `PollObserver.polled`."""
        self._polls.labels(self._label(source), outcome).inc()
        self._seconds.observe(seconds)

    def items(self, source: str, published: int, skipped: int, refused: int) -> None:
        """See `PollObserver.items`."""
        label = self._label(source)
        for fate, count in (("published", published), ("seen", skipped), ("refused", refused)):
            if count:
                self._items.labels(label, fate).inc(count)
        if published:
            self._newest.labels(label).set(time.time())
        if refused:
            self._log.warning("items refused", source=source, count=refused)

    def dead_lettered(self, source: str, code: str) -> None:
        """See `PollObserver.dead_lettered`."""
        self._dead.labels(self._label(source), code).inc()
        self._log.warning("dead-lettered", source=source, error_type=code)

    def page(self, source: str, outcome: str) -> None:
        """See `PollObserver.page`."""
        self._pages.labels(self._label(source), outcome).inc()

    def gap(self, source: str) -> None:
        """See `PollObserver.gap`."""
        self._gaps.labels(self._label(source)).inc()
        self._log.warning("possible gap", source=source)

    def state(self, source: str, state: str) -> None:
        """See `PollObserver.state`."""
        before = self._states.get(source)
        self._states[source] = state
        if not self._per_source:
            for name in {before, state} - {None}:
                self._state.labels(ALL, name).set(sum(s == name for s in self._states.values()))
        else:
            if before is not None and before != state:
                self._state.labels(source, before).set(0)
            self._state.labels(source, state).set(1)
        if before != state and (before is not None or state != "ok"):
            self._log.warning("source state", source=source, state=state, before=before)

    def skew(self, source: str, seconds: float) -> None:
        """See `PollObserver.skew`."""
        self._skew.labels(self._label(source)).set(seconds)

    def hub(self, source: str, word: str) -> None:
        """See `PollObserver.hub`."""
        self._hub.labels(self._label(source), word).inc()
        if word in ("refused", "denied"):
            self._log.warning("hub", source=source, word=word)

    def delivered(self, source: str, outcome: str) -> None:
        """See `PollObserver.delivered`."""
        self._deliveries.labels(self._label(source), outcome).inc()
