"""Topics of the embedded log: what exists, and how it is made to match what is wanted."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from xxhash import xxh3_64_intdigest

from pipeline.bus.log import TopicChange, TopicSpec
from pipeline.bus.sqlite_file import LogFile
from pipeline.errors import Fatal

_MAX_PARTITIONS = 10_000


class Topic(msgspec.Struct, frozen=True):
    """A topic that exists; `partitions` holds the id of each, by number."""

    id: int
    spec: TopicSpec
    partitions: tuple[int, ...]

    def partition_of(self, key: bytes | None, turn: int) -> int:
        """The number of the partition for a key; without one, partitions take turns."""
        if key is None:
            return turn % len(self.partitions)
        return xxh3_64_intdigest(key) % len(self.partitions)


class Topics:
    """What is known of the topics; thread-safe. Looks again when a name is unknown or the epoch has moved."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: Mapping[str, Topic] = {}
        self._epoch = -1

    def get(self, name: str) -> Topic:
        """One topic.

        Raises:
            Fatal: there is none of this name.
        """
        topic = self._known.get(name) or self.refresh().get(name)
        if topic is None:
            raise Fatal(f"topic {name} doesn't exist in the log {self._file.path}; create it: newswire topics apply")
        return topic

    def places(self, partitions: Iterable[int]) -> dict[int, tuple[str, int]]:
        """Name of the topic and number, by partition id."""
        wanted = frozenset(partitions)
        places = _places(self._known)
        if not wanted <= places.keys():
            places = _places(self.refresh())
        return {partition: places[partition] for partition in wanted}

    def seen(self, epoch: int) -> None:
        """A transaction saw this epoch: look again if it isn't the one that is known."""
        if epoch != self._epoch:
            self.refresh()

    def refresh(self) -> Mapping[str, Topic]:
        """Read all topics."""
        connection = self._file.connect()
        try:
            with self._file.reading(), self._lock:
                connection.execute("begin")
                (self._epoch,) = connection.execute("select topics from epoch").fetchone()
                self._known = load(connection)
                return self._known
        finally:
            connection.close()

    def plan(self, wanted: Sequence[TopicSpec]) -> list[TopicChange]:
        """What `apply` would do."""
        known = self.refresh()
        return [change for spec in wanted for change in compare(spec, known.get(spec.name))]

    def apply(self, wanted: Sequence[TopicSpec], grown: Callable[[sqlite3.Connection], None]) -> list[TopicChange]:
        """Carry out the plan in one transaction; `grown` is called in it where partitions were added."""
        with self._file.write() as connection:
            known = load(connection)
            changes = [change for spec in wanted for change in compare(spec, known.get(spec.name))]
            refused = {change.topic for change in changes if change.action == "refuse"}
            for spec in wanted:
                if spec.name not in refused:
                    _write(connection, spec, known.get(spec.name))
            if any(change.action == "grow" for change in changes):
                grown(connection)
            if any(change.action != "refuse" for change in changes):
                connection.execute("update epoch set topics = topics + 1")
        self.refresh()
        return changes


def load(connection: sqlite3.Connection) -> dict[str, Topic]:
    """All topics with their partitions."""
    partitions: dict[int, list[int]] = {}
    for topic, partition in connection.execute("select topic, id from partition order by topic, number"):
        partitions.setdefault(topic, []).append(partition)
    return {
        name: Topic(
            number,
            TopicSpec(
                name,
                partitions=len(partitions.get(number, ())),
                compact=bool(compact),
                retention_ms=retention_ms,
                retention_bytes=retention_bytes,
            ),
            tuple(partitions.get(number, ())),
        )
        for number, name, compact, retention_ms, retention_bytes in connection.execute(
            "select id, name, compact, retention_ms, retention_bytes from topic"
        )
    }


def compare(wanted: TopicSpec, topic: Topic | None) -> list[TopicChange]:
    """The changes one topic needs. Replication is no matter here: there is one file."""
    if not wanted.name:
        return [TopicChange(wanted.name, "refuse", "a topic needs a name")]
    if not 1 <= wanted.partitions <= _MAX_PARTITIONS:
        return [TopicChange(wanted.name, "refuse", f"partitions must be 1 to {_MAX_PARTITIONS}")]
    if topic is None:
        return [TopicChange(wanted.name, "create", f"{wanted.partitions} partitions, {_describe(wanted)}")]
    there = topic.spec
    if wanted.partitions < there.partitions:
        detail = f"has {there.partitions} partitions, which can't be made {wanted.partitions}"
        return [TopicChange(wanted.name, "refuse", detail)]
    changes = []
    if wanted.partitions > there.partitions:
        changes.append(TopicChange(wanted.name, "grow", f"{there.partitions} to {wanted.partitions} partitions"))
    if _describe(wanted) != _describe(there):
        changes.append(TopicChange(wanted.name, "configure", f"{_describe(there)} becomes {_describe(wanted)}"))
    return changes


def _places(topics: Mapping[str, Topic]) -> dict[int, tuple[str, int]]:
    return {
        partition: (topic.spec.name, number)
        for topic in topics.values()
        for number, partition in enumerate(topic.partitions)
    }


def _describe(spec: TopicSpec) -> str:
    if spec.compact:
        return "compacted"
    age = "for ever" if spec.retention_ms is None else f"for {spec.retention_ms} ms"
    return f"kept {age}" + ("" if spec.retention_bytes is None else f", at most {spec.retention_bytes} bytes")


def _write(connection: sqlite3.Connection, spec: TopicSpec, topic: Topic | None) -> None:
    (number,) = connection.execute(
        "insert into topic (name, compact, retention_ms, retention_bytes) values (?, ?, ?, ?)"
        " on conflict (name) do update set compact = excluded.compact, retention_ms = excluded.retention_ms,"
        " retention_bytes = excluded.retention_bytes returning id",
        (spec.name, spec.compact, spec.retention_ms, spec.retention_bytes),
    ).fetchone()
    there = 0 if topic is None else len(topic.partitions)
    connection.executemany(
        "insert into partition (topic, number) values (?, ?)",
        [(number, partition) for partition in range(there, spec.partitions)],
    )
