"""The topics of the journey, and how each is kept."""

from pipeline.bus.log import TopicSpec
from pipeline.work.deadletter import SUFFIX

RAW = "wire.raw"
NORMALISED = "wire.normalised"
UNIQUE = "wire.unique"
DUPLICATES = "wire.duplicates"
ENRICHED = "wire.enriched"
HELD = "wire.held"
STORIES = "wire.stories"
LATEST = "wire.latest"

CONSUMED = {
    "normalise": (RAW,),
    "deduplicate": (NORMALISED,),
    "enrich": (UNIQUE,),
    "release": (ENRICHED,),
}
"""What each stage reads; sinks read `STORIES`."""

_HOUR_MS = 3_600_000


def specs(*, partitions: int, replication: int, retention_hours: float) -> list[TopicSpec]:
    """Every topic, in the order of the journey."""
    retention = int(retention_hours * _HOUR_MS)

    def deleted(name: str) -> TopicSpec:
        return TopicSpec(name, partitions, replication, retention_ms=retention)

    flowing = [deleted(t) for t in (RAW, NORMALISED, UNIQUE, DUPLICATES, ENRICHED, HELD, STORIES)]
    read = [*(t for topics in CONSUMED.values() for t in topics), STORIES]
    # Dead letters wait for a person, who may be on holiday: they are kept without a limit in time.
    letters = [TopicSpec(t + SUFFIX, partitions, replication) for t in read]
    return [*flowing, TopicSpec(LATEST, partitions, replication, compact=True), *letters]


def group(stage: str) -> str:
    """The consumer group of a stage or sink."""
    return f"newswire-{stage}"
