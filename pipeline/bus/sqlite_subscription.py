"""A member of a consumer group on the embedded log."""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from pipeline.bus import sqlite_group as group
from pipeline.bus.log import TopicPartition
from pipeline.bus.sqlite_batch import Row, rows_from
from pipeline.bus.sqlite_core import Core, Outbox
from pipeline.errors import Fatal, Fenced, Transient
from pipeline.record import Record

_BATCH_BYTES = 32_000_000


class _Position:
    """Where a member is in one partition it owns."""

    def __init__(self, topic: str, number: int, committed: int) -> None:
        self.topic = topic
        self.number = number
        self.committed = committed
        self.next = committed
        self.ahead: list[Record] = []
        """Decoded and not yet delivered: what was left over of the row read last, newest first."""
        self.end = committed
        """Where the row read last ends."""
        self.empty_to = 0
        """Nothing is kept between `committed` and here."""

    def fill(self, row: Row) -> None:
        """Take a row in hand."""
        self.end = row.last + 1
        self.ahead = records_of(row, self.topic, self.number, self.next)
        self.ahead.reverse()
        if not self.ahead:
            self.next = self.end


class SqliteSubscription:
    """See `pipeline.bus.log.Subscription`. Made by `SqliteBus.subscribe`."""

    def __init__(
        self,
        core: Core,
        name: str,
        topics: Sequence[str],
        *,
        member: str,
        max_records: int,
        timeout: float,
        urgent: Sequence[str] = (),
    ) -> None:
        self._core = core
        self._max_records = max_records
        self._timeout = timeout
        self._name = f"member {member} of group {name}"
        known = [core.topics.get(topic) for topic in topics]
        with core.file.write() as connection:
            now = time.monotonic()
            self.grp, self.member = group.join(connection, name, member, [t.id for t in known], timeout, now)
        self._urgent = frozenset(urgent)
        self._connection = core.file.connect()
        self._positions: dict[int, _Position] = {}
        self._assignment: frozenset[TopicPartition] = frozenset()
        self._generation = -1
        self._batch: dict[int, tuple[int, int]] = {}
        self._turn = 0
        self._news = threading.Event()
        self._woken = False
        self._paused = False
        self.closed = False
        """Whether the group was left."""
        self.lost = False
        """Set by whoever renews leases when this one can't be renewed."""
        self.polled = time.monotonic()
        """When `poll` was last called."""
        with core.file.reading():
            core.board.look(self._connection)
        core.board.listen(self)

    def poll(self, timeout: float) -> list[Record]:
        """Records in order per partition; see the protocol."""
        self.polled = time.monotonic()
        deadline = self.polled + timeout
        self._rewind()
        while True:
            self._news.clear()
            self._see()
            if self._woken:
                self._woken = False
                return []
            if not self._paused and (records := self._take()):
                return records
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return []
            self._news.wait(remaining)

    @contextmanager
    def transaction(self) -> Iterator[Outbox]:
        """Outputs and the offsets of the batch as one; see the protocol."""
        outbox = Outbox(self._core)
        try:
            yield outbox
            self._check()
            self._core.append(
                outbox.packed(),
                lambda connection, now: group.advance(connection, self.grp, self.member, self._batch, now),
            )
        except BaseException:
            self._rewind()
            raise
        for partition, (_, end) in self._batch.items():
            self._positions[partition].committed = end
        self._batch = {}

    def pause(self) -> None:
        """Deliver nothing for now."""
        self._paused = True

    def resume(self) -> None:
        """Deliver again."""
        self._paused = False

    def wakeup(self) -> None:
        """Make the poll under way, or else the next one, return at once."""
        self._woken = True
        self._news.set()

    def tell(self, partitions: Iterable[int] | None) -> None:
        """News from the board."""
        if partitions is None or not self._positions.keys().isdisjoint(partitions):
            self._news.set()

    def lose(self) -> None:
        """The lease can't be renewed any more."""
        self.lost = True
        self._news.set()

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions owned."""
        return self._assignment

    @property
    def generation(self) -> str:
        """Of the group, and of which member of it this is."""
        return f"{self._generation}/{self.member}"

    def lag(self) -> Mapping[TopicPartition, int]:
        """Records beyond the committed offset of each partition owned."""
        heads = self._core.board.heads
        return {
            (position.topic, position.number): max(
                0, heads.get(partition, 0) - max(position.committed, position.empty_to)
            )
            for partition, position in list(self._positions.items())
        }

    def close(self) -> None:
        """Leave the group."""
        if self.closed:
            return
        self.closed = True
        self._core.board.forget(self)
        self._assignment = frozenset()
        self._positions = {}
        # Where leaving fails, the lease runs out by itself.
        with contextlib.suppress(Transient), self._core.file.write() as connection:
            group.leave(connection, self.grp, self.member, time.monotonic())
        with contextlib.suppress(Transient), self._core.file.reading():
            self._core.board.look(self._connection)
        self._connection.close()

    def _check(self) -> None:
        if self.closed:
            raise Fatal(f"{self._name} was closed")
        if self.lost:
            raise Fenced(f"{self._name} lost its lease: silent for longer than {self._timeout} s, or replaced")
        self._core.board.check()

    def _rewind(self) -> None:
        for partition in self._batch:
            if partition in self._positions:
                position = self._positions[partition]
                position.next = position.committed
                position.ahead = []
        # A commit that was refused may mean that offsets or owners are not what they are thought to be.
        if self._batch:
            self._generation = -1
        self._batch = {}

    def _see(self) -> None:
        """Take note of a new generation. There is no batch in hand here, so partitions can change hands."""
        self._check()
        if self._generation == self._core.board.generations.get(self.grp, 0):
            return
        with self._core.file.write() as connection:
            now = time.monotonic()
            generation, owned = group.settle(connection, self.grp, self.member, now)
        self._generation = generation
        with self._core.file.reading():
            self._core.board.look(self._connection)
        known = self._core.topics.places(owned)
        self._positions = {
            partition: self._kept(partition, committed) or _Position(*known[partition], committed)
            for partition, committed in owned.items()
        }
        self._assignment = frozenset((p.topic, p.number) for p in self._positions.values())

    def _kept(self, partition: int, committed: int) -> _Position | None:
        position = self._positions.get(partition)
        return position if position is not None and position.committed == committed else None

    def _take(self) -> list[Record]:
        heads = self._core.board.heads
        taken: list[Record] = []
        size = 0
        partitions = sorted(self._positions)
        self._turn += 1
        turn = self._turn % len(partitions) if partitions else 0
        in_turn = partitions[turn:] + partitions[:turn]
        if self._urgent:
            in_turn.sort(key=lambda partition: self._positions[partition].topic not in self._urgent)
        for partition in in_turn:
            position = self._positions[partition]
            if taken and taken[0].topic in self._urgent and position.topic not in self._urgent:
                break  # what is urgent does not share a batch with what takes its time
            room = self._max_records - len(taken)
            if room <= 0 or size >= _BATCH_BYTES:
                break
            if position.next >= heads.get(partition, 0):
                continue
            with self._core.file.reading():
                size += self._read(partition, position, taken, room, _BATCH_BYTES - size)
            if taken and taken[-1].partition == position.number and taken[-1].topic == position.topic:
                self._batch[partition] = (position.committed, position.next)
        return taken

    def _read(self, partition: int, position: _Position, taken: list[Record], room: int, space: int) -> int:
        """Move up to `room` records or some `space` bytes from one partition to `taken`; the bytes moved."""
        head = self._core.board.heads[partition]
        size = 0
        last = len(taken) + room
        with closing(rows_from(self._connection, partition, position.next)) as rows:
            while len(taken) < last and size < space:
                if not position.ahead:
                    row = next(rows, None) if position.next < head else None
                    if row is None:
                        if position.next < head:  # cleaned away up to the end
                            position.next = position.empty_to = head
                        break
                    position.fill(row)
                    continue
                record = position.ahead.pop()
                taken.append(record)
                position.next = record.offset + 1 if position.ahead else position.end
                size += len(record.value or b"")
        return size


def records_of(row: Row, topic: str, number: int, start: int) -> list[Record]:
    """The records of a batch from offset `start` on."""
    first, stamp = row.first, row.stamp
    return [
        Record(topic, number, first + distance, key, value, headers, stamp)
        for distance, key, value, headers in row.entries
        if first + distance >= start
    ]
