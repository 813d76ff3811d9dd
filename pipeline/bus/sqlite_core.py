"""What all parts of one embedded log share: the file, its topics, and a board of news for those who wait."""

import itertools
import json
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

from pipeline.bus.sqlite_batch import Appended, Entry, Packed, append, pack
from pipeline.bus.sqlite_file import LogFile
from pipeline.bus.sqlite_topics import Topics
from pipeline.errors import Fatal
from pipeline.record import Headers


class Listener(Protocol):
    """Somebody who waits for records."""

    def tell(self, partitions: Iterable[int] | None) -> None:
        """These partitions have grown; None: anything may have changed. Must not block."""


class Board:
    """The newest offsets and generations seen, in memory; thread-safe. Numbers on it only ever rise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self.heads: dict[int, int] = {}
        """The next free offset by partition id."""
        self.generations: dict[int, int] = {}
        """By group id."""
        self.failure: BaseException | None = None
        """Why the watching thread ended, where it did by fault."""

    def listen(self, listener: Listener) -> None:
        """Tell this one from now on."""
        with self._lock:
            self._listeners.add(listener)

    def forget(self, listener: Listener) -> None:
        """Tell this one no more."""
        with self._lock:
            self._listeners.discard(listener)

    def grown(self, heads: dict[int, int]) -> None:
        """Partitions have new ends."""
        with self._lock:
            for partition, head in heads.items():
                self.heads[partition] = max(head, self.heads.get(partition, 0))
            for listener in self._listeners:
                listener.tell(heads)

    def look(self, connection: sqlite3.Connection) -> None:
        """Read everything anew."""
        heads, generations = connection.execute(
            "select (select json_group_array(json_array(id, next)) from partition),"
            " (select json_group_array(json_array(id, generation)) from grp)"
        ).fetchone()
        with self._lock:
            for partition, head in json.loads(heads):
                self.heads[partition] = max(head, self.heads.get(partition, 0))
            for grp, generation in json.loads(generations):
                self.generations[grp] = max(generation, self.generations.get(grp, 0))
            for listener in self._listeners:
                listener.tell(None)

    def fail(self, error: BaseException) -> None:
        """The watching thread ended; nobody would be told of anything any more."""
        with self._lock:
            self.failure = error
            for listener in self._listeners:
                listener.tell(None)

    def check(self) -> None:
        """Raise Fatal where the watching thread has failed."""
        if self.failure is not None:
            raise Fatal(f"the log's watching thread ended: {self.failure!r}") from self.failure


class Core:
    """The shared parts, and the one way to append."""

    def __init__(self, file: LogFile, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since the epoch, for timestamps of records."""
        self.file = file
        self.topics = Topics(file)
        self.board = Board()
        self.clock = clock
        self.turns = itertools.count()
        """For records without a key: successive transactions take successive partitions."""

    def append(
        self, outputs: dict[int, list[Packed]], also: Callable[[sqlite3.Connection, float], None] | None = None
    ) -> Appended:
        """Write batches by partition id, and whatever `also` does, as one transaction.

        `also` gets the monotonic time at which the transaction began, after any wait for it.
        """
        with self.file.write() as connection:
            if also is not None:
                also(connection, time.monotonic())
            appended = append(connection, outputs, int(self.clock() * 1000)) if outputs else Appended({}, {}, -1)
        if outputs:
            self.board.grown(appended.next)
            self.topics.seen(appended.epoch)
        return appended


class Outbox:
    """Collects records by partition until they are appended. Not thread-safe."""

    def __init__(self, core: Core) -> None:
        self._topics = core.topics
        self._turn = next(core.turns)
        self._entries: defaultdict[int, list[Entry]] = defaultdict(list)

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Add one record.

        Raises:
            Fatal: the topic doesn't exist.
        """
        self.put(topic, key, value, headers)

    def put(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> tuple[int, int, int]:
        """Add one record; returns the number of its partition, its id, and its place among those sent there."""
        place = self._topics.get(topic)
        number = place.partition_of(key, self._turn)
        partition = place.partitions[number]
        entries = self._entries[partition]
        entries.append((len(entries), key, value, headers))
        return number, partition, len(entries) - 1

    def packed(self) -> dict[int, list[Packed]]:
        """All batches, by partition id."""
        return {partition: pack(entries) for partition, entries in self._entries.items()}
