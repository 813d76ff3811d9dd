"""The topics of the journey, and how each is kept."""

from pipeline.bus.log import TopicSpec
from pipeline.work.deadletter import SUFFIX

RAW = "wire.raw"
NORMALISED = "wire.normalised"
UNIQUE = "wire.unique"
DUPLICATES = "wire.duplicates"
ENRICHED = "wire.enriched"
HELD = "wire.held"
CONTROL = "wire.control"
STORIES = "wire.stories"
KILLS = "wire.kills"
LATEST = "wire.latest"
LETTERS = "wire.letters"
"""What was done with dead letters."""

PRIORITY = ".priority"
"""Suffix of the lane on which kills overtake everything else; it leads past `enrich`."""

CONSUMED = {
    "normalise": (RAW, RAW + PRIORITY),
    "deduplicate": (NORMALISED, NORMALISED + PRIORITY),
    "enrich": (UNIQUE,),
    "release": (ENRICHED, ENRICHED + PRIORITY, CONTROL),
}
"""What each stage reads; sinks read `STORIES`, and `KILLS` ahead of it."""
URGENT = frozenset({*(t + PRIORITY for t in (RAW, NORMALISED, ENRICHED)), CONTROL, KILLS})
"""What is delivered before all else."""

_HOUR_MS = 3_600_000


def specs(*, partitions: int, replication: int, retention_hours: float) -> list[TopicSpec]:
    """Every topic, in the order of the journey."""
    retention = int(retention_hours * _HOUR_MS)

    def deleted(name: str) -> TopicSpec:
        return TopicSpec(name, partitions, replication, retention_ms=retention)

    read = [*(t for topics in CONSUMED.values() for t in topics), STORIES, KILLS]
    flowing = [deleted(t) for t in (*read, DUPLICATES)]
    kept = [TopicSpec(t, partitions, replication, compact=True) for t in (HELD, LATEST, LETTERS)]
    # Dead letters wait for a person, who may be on holiday: they are kept without a limit in time.
    letters = [TopicSpec(t + SUFFIX, partitions, replication) for t in read]
    return [*flowing, *kept, *letters]


def lane(topic: str, *, first: bool) -> str:
    """The topic itself, or the lane beside it for what goes first."""
    return topic + PRIORITY if first else topic


def group(stage: str) -> str:
    """The consumer group of a stage or sink."""
    return f"newswire-{stage}"
