"""What release tells: the shelf, embargoes kept on time, kills, and who asked for what."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram

from pipeline.observe.log import logger
from pipeline.release.control import Command

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


class ReleaseWatcher:
    """See `pipeline.release.stage.Watcher`. One per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = logger("release")
        self._held = Gauge("newswire_held_stories", "Stories held, by reason.", ["reason"], registry=registry)
        self._overdue = Gauge(
            "newswire_held_overdue_seconds", "By how much the next embargo is overdue.", registry=registry
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

    def shelf(self, held: Mapping[str, int], overdue: float) -> None:
        """Stories held, and by how many seconds the next embargo is overdue."""
        for reason, count in held.items():
            self._held.labels(reason).set(count)
        self._overdue.set(overdue)

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
