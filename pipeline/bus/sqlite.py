"""The embedded log: topics, consumer groups and transactions in one SQLite file, for the processes of one machine.

`docs/decisions/0002-embedded-log.md` tells why it is made as it is.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from pipeline.bus.log import TopicChange, TopicPartition, TopicSpec
from pipeline.bus.sqlite_batch import earliest
from pipeline.bus.sqlite_clean import Cleaner
from pipeline.bus.sqlite_core import Core, Outbox
from pipeline.bus.sqlite_file import LogFile
from pipeline.bus.sqlite_group import regroup
from pipeline.bus.sqlite_reader import SqliteReader
from pipeline.bus.sqlite_subscription import SqliteSubscription
from pipeline.bus.sqlite_watch import Watch
from pipeline.errors import Fatal
from pipeline.record import Headers

_DAY_MS = 86_400_000


class SqlitePublisher:
    """See `pipeline.bus.log.Publisher`. Thread-safe."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._closed = False

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """Append records as one transaction; they are on the disk when this returns.

        Raises:
            Fatal: the topic doesn't exist.
        """
        if self._closed:
            raise Fatal("this publisher was closed")
        outbox = Outbox(self._core)
        places = [outbox.put(topic, key, value, headers) for key, value, headers in records]
        first = self._core.append(outbox.packed()).first
        return [(number, first[partition] + distance) for number, partition, distance in places]

    def close(self) -> None:
        """Send no more."""
        self._closed = True


class SqliteBus:
    """See `pipeline.bus.log.Bus`. The file is made at its first use; not for network file systems."""

    def __init__(
        self,
        path: Path | str,
        *,
        session_timeout: float = 10.0,
        max_poll_interval: float = 300.0,
        busy_timeout: float = 5.0,
        clean_every: float = 30.0,
        dirty_ratio: float = 0.5,
        tombstone_ms: int = _DAY_MS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Times in seconds where their names don't say otherwise.

        Args:
            session_timeout: after which a member that gives no sign of life loses its partitions.
            max_poll_interval: after which a member that doesn't poll does, alive or not.
            busy_timeout: how long to wait for another process that writes.
            clean_every: between two rounds of retention and compaction.
            dirty_ratio: part of a compacted partition that must be new before it is worth compacting.
            tombstone_ms: how long a tombstone is kept for readers to see.
            clock: seconds since the epoch, for records' timestamps and retention.
        """
        self.path = Path(path)
        self._session_timeout = session_timeout
        self._core = Core(LogFile(self.path, busy_timeout=busy_timeout), clock)
        self._cleaner = Cleaner(self._core, dirty_ratio=dirty_ratio, tombstone_ms=tombstone_ms)
        self._watch = Watch(
            self._core,
            session_timeout=session_timeout,
            max_poll_interval=max_poll_interval,
            cleaner=Cleaner(self._core, dirty_ratio=dirty_ratio, tombstone_ms=tombstone_ms),
            clean_every=clean_every,
        )

    def subscribe(
        self, group: str, topics: Sequence[str], *, member: str, max_records: int = 500, urgent: Sequence[str] = ()
    ) -> SqliteSubscription:
        """Join a group.

        Raises:
            Fatal: a topic doesn't exist.
            Transient: the log can't be reached.
        """
        subscription = SqliteSubscription(
            self._core,
            group,
            topics,
            member=member,
            max_records=max_records,
            timeout=self._session_timeout,
            urgent=urgent,
        )
        self._watch.add(subscription)
        return subscription

    def publisher(self) -> SqlitePublisher:
        """Something to publish with, from any thread."""
        return SqlitePublisher(self._core)

    def reader(self) -> SqliteReader:
        """Something to read with, outside of any group."""
        return SqliteReader(self._core)

    def plan(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """What `apply` would do."""
        return self._core.topics.plan(topics)

    def apply(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """Create and adjust topics, all or none; those refused are left as they are."""
        return self._core.topics.apply(topics, lambda connection: regroup(connection, time.monotonic()))

    def group_lag(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """Records per partition beyond what the group has committed, of those still kept."""
        return {place: end - begin for place, (begin, end) in self.group_positions(group, topics).items()}

    def group_positions(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """Where the group goes on, and where each partition ends."""
        places = [self._core.topics.get(topic) for topic in topics]
        positions: dict[TopicPartition, tuple[int, int]] = {}
        with closing(self._core.file.connect()) as connection, self._core.file.reading():
            committed = dict(
                connection.execute(
                    "select partition, committed from cursor where grp = (select id from grp where name = ?)", (group,)
                )
            )
            for place in places:
                heads = connection.execute("select id, number, next from partition where topic = ?", (place.id,))
                for partition, number, head in heads.fetchall():
                    first = earliest(connection, partition)
                    begin = max(committed.get(partition, 0), head if first is None else first)
                    positions[place.spec.name, number] = (min(begin, head), head)
        return positions

    def check(self) -> str:
        """Open the file and say what it holds."""
        with closing(self._core.file.connect()) as connection, self._core.file.reading():
            (topics,) = connection.execute("select count(*) from topic").fetchone()
            (size,) = connection.execute("select ifnull(sum(bytes), 0) from partition").fetchone()
        return f"embedded log {self.path}: {topics} topics, {size / 1e6:.1f} MB of records"

    def clean(self) -> None:
        """Apply retention and compaction now, until nothing is left to do."""
        self._cleaner.run()

    def close(self) -> None:
        """Leave all groups and close the file."""
        for member in self._watch.members():
            member.close()
        self._watch.stop()
        self._core.file.close()
