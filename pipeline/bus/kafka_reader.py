"""Reads committed records without a group, for tools."""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors

from pipeline.bus.kafka_client import close_quietly, translated
from pipeline.bus.kafka_subscription import _record
from pipeline.record import Record

_QUIET_S = 10.0
"""Without a record or a step of the position for so long, the end is unreachable and that is an error."""


class KafkaReader:
    """See `Reader`."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = dict(common)
        self._closed = threading.Event()

    def read(
        self,
        topic: str,
        *,
        start: Mapping[int, int] | None = None,
        since_ms: int | None = None,
        follow: bool = False,
        settled: bool = False,
        timeout: float = 1.0,
    ) -> Iterator[Record]:
        """See `Reader.read`."""
        with translated(f"reading {topic}"):
            consumer = KafkaConsumer(
                **self._common,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        try:
            with translated(f"reading {topic}"):
                partitions = _position(consumer, topic, start, since_ms)
                last = self._high_watermarks(partitions) if settled else consumer.end_offsets(partitions)
        except BaseException:
            close_quietly(consumer, autocommit=False, timeout_ms=2_000)
            raise
        return self._records(consumer, topic, partitions, None if follow else last, timeout)

    def _high_watermarks(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The ends with what is not committed yet, which a reader of committed records is not told."""
        consumer = KafkaConsumer(**self._common, isolation_level="read_uncommitted", metrics_enabled=False)
        try:
            return consumer.end_offsets(partitions)  # type: ignore[no-any-return]  # the client ships no types
        finally:
            close_quietly(consumer, autocommit=False, timeout_ms=2_000)

    def _records(
        self,
        consumer: Any,
        topic: str,
        partitions: list[TopicPartition],
        last: Mapping[TopicPartition, int] | None,
        timeout: float,
    ) -> Iterator[Record]:
        try:
            moved, before = time.monotonic(), -1
            while not self._closed.is_set():
                with translated(f"reading {topic}"):
                    positions = {p: consumer.position(p) for p in partitions}
                    if last is not None and all(positions[p] >= last[p] for p in partitions):
                        return
                    fetched = consumer.poll(timeout_ms=int(min(timeout, 0.2) * 1000))
                    if sum(positions.values()) != before:
                        moved, before = time.monotonic(), sum(positions.values())
                    elif last is not None and time.monotonic() - moved > _QUIET_S:
                        raise kafka_errors.KafkaTimeoutError(
                            "the end of the topic was not reached: a transaction is open"
                        )
                for partition, records in fetched.items():
                    for raw in records:
                        if last is None or raw.offset < last[partition]:
                            yield _record(raw)
        finally:
            close_quietly(consumer, autocommit=False, timeout_ms=2_000)

    def close(self) -> None:
        """End a `read` that follows."""
        self._closed.set()


def _position(consumer: Any, topic: str, start: Mapping[int, int] | None, since_ms: int | None) -> list[TopicPartition]:
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise kafka_errors.InvalidTopicError(f"no such topic: {topic}")
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    if since_ms is not None:
        found = consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        ends = consumer.end_offsets(partitions)
        for partition in partitions:
            hit = found.get(partition)
            consumer.seek(partition, hit.offset if hit is not None else ends[partition])
    first = consumer.beginning_offsets(partitions)
    for partition in partitions:
        if start is not None and partition.partition in start:
            consumer.seek(partition, max(first[partition], start[partition.partition]))
    return partitions
