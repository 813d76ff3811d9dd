"""Reads an embedded log without a group."""

import heapq
import sqlite3
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing

from pipeline.bus.sqlite_batch import offset_at, rows_from
from pipeline.bus.sqlite_core import Core
from pipeline.bus.sqlite_subscription import records_of
from pipeline.bus.sqlite_topics import Topic
from pipeline.record import Record

_LOOK_EVERY = 0.05


class SqliteReader:
    """See `pipeline.bus.log.Reader`. Records of all partitions come in order of time, as far as they were there."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._closed = threading.Event()

    def read(
        self,
        topic: str,
        *,
        start: Mapping[int, int] | None = None,
        since_ms: int | None = None,
        follow: bool = False,
        settled: bool = False,  # noqa: ARG002  # a transaction of the embedded log is never seen open
        timeout: float = 1.0,
    ) -> Iterator[Record]:
        """Committed records; see the protocol. `since_ms` holds for partitions that `start` doesn't name."""
        place = self._core.topics.get(topic)
        with closing(self._core.file.connect()) as connection, self._core.file.reading():
            ends = _ends(connection, place)
            begin = [
                _start(connection, partition, (start or {}).get(number), since_ms, ends[number])
                for number, partition in enumerate(place.partitions)
            ]
        return self._follow(place, begin, ends, timeout) if follow else self._until(place, begin, ends)

    def close(self) -> None:
        """End every reading under way that follows."""
        self._closed.set()

    def _until(self, topic: Topic, begin: list[int], ends: list[int]) -> Generator[Record, None, None]:
        with closing(self._core.file.connect()) as connection:
            partitions = [
                self._partition(connection, topic, number, begin[number], ends[number]) for number in range(len(ends))
            ]
            yield from heapq.merge(*partitions, key=lambda record: record.timestamp)

    def _partition(
        self, connection: sqlite3.Connection, topic: Topic, number: int, offset: int, end: int
    ) -> Generator[Record, None, None]:
        # A statement that stays open between two rows would keep the write-ahead log from being emptied.
        while offset < end:
            with self._core.file.reading(), closing(rows_from(connection, topic.partitions[number], offset)) as rows:
                row = next(rows, None)
            if row is None:
                return
            for record in records_of(row, topic.spec.name, number, offset):
                if record.offset >= end:
                    return
                yield record
            offset = row.last + 1

    def _follow(self, topic: Topic, begin: list[int], ends: list[int], timeout: float) -> Generator[Record, None, None]:
        with closing(self._core.file.connect()) as connection:
            while True:
                yield from self._until(topic, begin, ends)
                begin = ends
                while ends == begin:
                    if self._closed.wait(min(timeout, _LOOK_EVERY)):
                        return
                    with self._core.file.reading():
                        ends = _ends(connection, topic)
                if len(ends) > len(begin):
                    topic = self._core.topics.refresh()[topic.spec.name]
                    begin = begin + [0] * (len(ends) - len(begin))


def _ends(connection: sqlite3.Connection, topic: Topic) -> list[int]:
    rows = connection.execute("select next from partition where topic = ? order by number", (topic.id,))
    return [head for (head,) in rows]


def _start(connection: sqlite3.Connection, partition: int, given: int | None, since_ms: int | None, end: int) -> int:
    if given is not None:
        return given
    return 0 if since_ms is None else offset_at(connection, partition, since_ms, end)
