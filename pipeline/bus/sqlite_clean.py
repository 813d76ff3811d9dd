"""Retention and compaction of the embedded log, in steps short enough to run between commits."""

import sqlite3
from contextlib import closing

import msgspec
from xxhash import xxh3_128_digest

from pipeline.bus.sqlite_batch import Entry, Row, encode, rows_from
from pipeline.bus.sqlite_core import Core
from pipeline.bus.sqlite_file import row_id
from pipeline.bus.sqlite_topics import Topic

_STEP_ROWS = 64
_STEP_BYTES = 16_000_000
_MAP_KEYS = 500_000


class _Pass(msgspec.Struct):
    """One compaction of one partition: which offset is the newest of each key, and how far the pass has come."""

    partition: int
    newest: dict[bytes, int]
    end: int
    """Offsets below are covered by `newest`, and clean when the pass is done."""
    at: int = 0
    kept: int = 0
    """Bytes of the rows below `at`."""


class Cleaner:
    """Takes one step a call. Used by one thread at a time; several processes may each have one.

    A pass of compaction reads the part of a partition written since the last pass, notes the newest offset
    of each key, and rewrites the rows from the beginning on without what is superseded. It is worth it once
    that part is `dirty_ratio` of the whole. A pass that is cut short is begun again and does no harm, since
    older records of a key always go before newer ones.
    """

    def __init__(self, core: Core, *, dirty_ratio: float, tombstone_ms: int) -> None:
        """`tombstone_ms`: how long a tombstone stays for readers to see, after which it goes too."""
        self._core = core
        self._dirty_ratio = dirty_ratio
        self._tombstone_ms = tombstone_ms
        self._queue: list[tuple[Topic, int]] = []
        self._pass: _Pass | None = None

    def step(self) -> bool:
        """Delete or rewrite a little; True where there is more to do now.

        Raises:
            Transient: the log couldn't be written; nothing is lost, the step may be taken again.
        """
        if self._pass is not None:
            try:
                done = self._rewrite(self._pass)
            except BaseException:
                self._pass = None
                raise
            if done:
                self._pass = None
            return True
        if not self._queue:
            self._queue = [(t, p) for t in self._core.topics.refresh().values() for p in t.partitions]
        topic, partition = self._queue[-1]
        more = self._begin(partition) if topic.spec.compact else self._expire(topic, partition)
        if not more:
            self._queue.pop()
        return more or bool(self._queue)

    def run(self) -> None:
        """Take steps until nothing is left to do."""
        while self.step():
            pass

    def _now_ms(self) -> int:
        return int(self._core.clock() * 1000)

    def _expire(self, topic: Topic, partition: int) -> bool:
        """Delete rows that are too old or too many, oldest first."""
        age, limit = topic.spec.retention_ms, topic.spec.retention_bytes
        if age is None and limit is None:
            return False
        with self._core.file.write() as connection:
            (total,) = connection.execute("select bytes from partition where id = ?", (partition,)).fetchone()
            rows = connection.execute(
                "select id, stamp, bytes from batch where id >= ? and id < ? order by id limit ?",
                (row_id(partition, 0), row_id(partition + 1, 0), _STEP_ROWS),
            ).fetchall()
            gone: list[int] = []
            freed = 0
            for row, stamp, size in rows:
                old = age is not None and stamp < self._now_ms() - age
                many = limit is not None and total - freed - size >= limit
                if not (old or many) or freed >= _STEP_BYTES:
                    break
                gone.append(row)
                freed += size
            if gone:
                connection.execute("delete from batch where id between ? and ?", (gone[0], gone[-1]))
                connection.execute("update partition set bytes = bytes - ? where id = ?", (freed, partition))
        return bool(gone)

    def _begin(self, partition: int) -> bool:
        """Start a pass where enough has been written since the last."""
        connection = self._core.file.connect()
        try:
            with self._core.file.reading():
                return self._map(connection, partition)
        finally:
            connection.close()

    def _map(self, connection: sqlite3.Connection, partition: int) -> bool:
        total, cleaned, clean_bytes = connection.execute(
            "select bytes, cleaned, clean_bytes from partition where id = ?", (partition,)
        ).fetchone()
        dirty = total - clean_bytes
        if dirty <= 0 or dirty < total * self._dirty_ratio:
            return False
        newest: dict[bytes, int] = {}
        end = cleaned
        for row in rows_from(connection, partition, cleaned):
            for distance, key, _, _ in row.entries:
                if key is not None:
                    newest[xxh3_128_digest(key)] = row.first + distance
            end = row.last + 1
            if len(newest) >= _MAP_KEYS:
                break
        self._pass = _Pass(partition, newest, end)
        return True

    def _rewrite(self, task: _Pass) -> bool:
        """Rewrite some rows; True when the pass is done."""
        oldest = self._now_ms() - self._tombstone_ms
        with self._core.file.write() as connection:
            rows, done = _some_rows(connection, task)
            freed = kept = 0
            for row in rows:
                entries = [entry for entry in row.entries if _stays(entry, row, task.newest, oldest)]
                after = _replace(connection, task.partition, row, entries)
                freed += row.size - after
                kept += after
            connection.execute("update partition set bytes = bytes - ? where id = ?", (freed, task.partition))
            if done:
                connection.execute(
                    "update partition set cleaned = ?, clean_bytes = ? where id = ?",
                    (task.end, task.kept + kept, task.partition),
                )
        task.kept += kept
        task.at = rows[-1].last + 1 if rows else task.at
        return done


def _some_rows(connection: sqlite3.Connection, task: _Pass) -> tuple[list[Row], bool]:
    """Rows of one step, and whether they are the last of the pass."""
    found: list[Row] = []
    size = 0
    with closing(rows_from(connection, task.partition, task.at)) as rows:
        for row in rows:
            if row.first >= task.end:
                break
            if len(found) >= _STEP_ROWS or size >= _STEP_BYTES:
                return found, False
            found.append(row)
            size += row.size
    return found, True


def _stays(entry: Entry, row: Row, newest: dict[bytes, int], oldest_ms: int) -> bool:
    distance, key, value, _ = entry
    if key is None:
        return True
    offset = row.first + distance
    superseded = newest.get(xxh3_128_digest(key), offset) > offset
    forgotten = value is None and row.stamp < oldest_ms
    return not (superseded or forgotten)


def _replace(connection: sqlite3.Connection, partition: int, row: Row, entries: list[Entry]) -> int:
    """Write a row with fewer entries, or delete it; its new size in bytes."""
    if len(entries) == len(row.entries):
        return row.size
    here = row_id(partition, row.first)
    if not entries:
        connection.execute("delete from batch where id = ?", (here,))
        return 0
    blob = encode(entries)
    connection.execute("update batch set records = ?, bytes = ? where id = ?", (blob, len(blob), here))
    return len(blob)
