"""What release tells: the shelf, embargoes kept on time, kills, and who asked for what."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Histogram

from pipeline.observe.log import logger
from pipeline.release.control import Command

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class ReleaseWatcher:
    """See `pipeline.release.stage.Watcher`. One per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = logger("release")
        self._held = Gauge("newswire_held_stories", "Stories held, by reason.", ["reason"], registry=registry)
        # A time and not a delay: a worker that hangs would go on to report the delay it last saw.
        self._next_due = Gauge(
            "newswire_held_next_due_timestamp_seconds", "When the next embargo ends; 0 for none.", registry=registry
        )
        self._delay = Histogram(
            "newswire_embargo_release_delay_seconds",
            "From the end of an embargo to the release.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._kill = Histogram(
            "newswire_kill_latency_seconds",
            "From the fetch of a kill to its release.",
            registry=registry,
            buckets=_SECONDS,
        )

    def shelf(self, held: Mapping[str, int], next_due: datetime | None) -> None:
        """Stories held, and when the next embargo ends."""
        for reason, count in held.items():
            self._held.labels(reason).set(count)
        self._next_due.set(next_due.timestamp() if next_due is not None else 0)

    def on_time(self, delay: float) -> None:
        """An embargo ended `delay` seconds ago."""
        self._delay.observe(delay)

    def killed(self, latency: float) -> None:
        """A kill goes on, `latency` seconds after its fetch."""
        self._kill.observe(max(0.0, latency))

    def commanded(self, command: Command, outcome: str) -> None:
        """Somebody asked for something."""
        self._log.warning(
            outcome,
            action=command.action,
            uri=command.uri,
            version=command.version,
            by=command.by,
            why=command.why,
        )
