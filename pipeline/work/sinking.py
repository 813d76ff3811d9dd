"""The stage that hands released stories to one sink and calls them sent once they are durable there."""

from collections.abc import Sequence

from pipeline.errors import Permanent
from pipeline.record import Record, Reject
from pipeline.sink.interface import Delivery, Sink
from pipeline.story import from_ninjs
from pipeline.work.worker import Result, Written


class SinkStage:
    """A `BatchStage` round a `Sink`; the offsets are committed after `Sink.write` has returned."""

    def __init__(self, sink: Sink) -> None:
        self.name = f"sink-{sink.name}"
        self._sink = sink
        self._opened = False

    def process_batch(self, records: Sequence[Record]) -> list[Sequence[Result]]:
        """Write what can be read; a record that is no story is refused alone."""
        if not self._opened:
            self._sink.open()
            self._opened = True
        results: list[Sequence[Result]] = [()] * len(records)
        deliveries: list[Delivery] = []
        positions: list[int] = []
        for position, record in enumerate(records):
            try:
                deliveries.append(_delivery(record))
                positions.append(position)
            except Permanent as error:
                results[position] = (Reject(error.code, error.why),)
        for position, refused in zip(positions, self._sink.write(deliveries), strict=True):
            results[position] = (Written(self.name),) if refused is None else (Reject(refused.code, refused.why),)
        return results


def _delivery(record: Record) -> Delivery:
    if record.value is None:
        raise Permanent("no_value", "a tombstone is no story")
    story = from_ninjs(record.value)
    return Delivery(
        uri=story.uri,
        version=story.version,
        value=record.value,
        story=story,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
    )
