"""A publisher with two lanes: what is marked to go first is published beside the topic, and before the rest."""

from collections.abc import Sequence

from pipeline.poll.envelope import PRIORITY_LANE
from pipeline.poll.interfaces import Publisher, RawRecord


class LanePublisher:
    """See `Publisher`. Thread-safe, as the one it is wrapped round."""

    def __init__(self, publisher: Publisher, suffix: str) -> None:
        """`suffix` is added to a topic's name for the lane that goes first."""
        self._publisher = publisher
        self._suffix = suffix

    def publish(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[int, int]]:
        """Publish on both lanes; the places are in the order of the records given."""
        first = [n for n, (_, _, headers) in enumerate(records) if PRIORITY_LANE in headers]
        if not first:
            return self._publisher.publish(topic, records)
        marked = frozenset(first)
        rest = [n for n in range(len(records)) if n not in marked]
        places: dict[int, tuple[int, int]] = {}
        for lane, numbers in ((topic + self._suffix, first), (topic, rest)):
            if numbers:
                given = self._publisher.publish(lane, [records[n] for n in numbers])
                places.update(zip(numbers, given, strict=True))
        return [places[n] for n in range(len(records))]
