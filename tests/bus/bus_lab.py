"""What the tests of the bus work with: one log of either kind, with topics and groups of their own names."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from pipeline.bus.log import Bus, Subscription, TopicSpec
from pipeline.record import Headers, Record

Sent = tuple[bytes | None, bytes | None, Headers]


class Lab:
    """A log and what is made on it in one test; everything opened is closed at the end."""

    def __init__(self, kind: str, connect: Callable[[], Bus], patience: float) -> None:
        """`patience`: seconds within which a group settles."""
        self.kind = kind
        self.patience = patience
        self._connect = connect
        self._open: list[Any] = []
        self.bus = self.connect()

    def connect(self) -> Bus:
        """One more connection to the same log, as another process would have."""
        return self.keep(self._connect())

    def keep(self, thing: Any) -> Any:
        """Close this at the end of the test."""
        self._open.append(thing)
        return thing

    def close(self) -> None:
        for thing in reversed(self._open):
            thing.close()

    def topic(self, partitions: int = 1) -> str:
        """A new topic of a name never used before."""
        name = unique("topic")
        self.bus.apply([TopicSpec(name, partitions=partitions)])
        return name

    def publish(self, topic: str, records: Iterable[Sent]) -> list[tuple[int, int]]:
        publisher = self.keep(self.bus.publisher())
        return publisher.publish(topic, list(records))

    def join(
        self,
        group: str,
        *topics: str,
        member: str = "one",
        max_records: int = 500,
        bus: Bus | None = None,
        urgent: Sequence[str] = (),
    ) -> Subscription:
        where = bus or self.bus
        return self.keep(where.subscribe(group, topics, member=member, max_records=max_records, urgent=urgent))

    def all_of(self, topic: str, **how: Any) -> list[Record]:
        """Every committed record of a topic."""
        reader = self.bus.reader()
        try:
            return list(reader.read(topic, **how))
        finally:
            reader.close()

    def next_batch(self, *members: Subscription) -> list[Record]:
        """The first batch that the first of these gets, the others being polled meanwhile."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if batch := members[0].poll(0.2):
                return batch
            for other in members[1:]:
                other.poll(0.05)
        raise AssertionError("no batch came")

    def copy(self, member: Subscription, target: str, count: int) -> list[Record]:
        """Copy batches to `target` until at least `count` records were committed."""
        done: list[Record] = []
        while len(done) < count:
            batch = self.next_batch(member)
            copy_batch(member, batch, target)
            done += batch
        return done

    def until(self, condition: Callable[[], bool], *members: Subscription) -> None:
        """Poll these, committing nothing they get, until a condition holds."""
        deadline = time.monotonic() + self.patience
        while not condition():
            assert time.monotonic() < deadline, "it never came to pass"
            for member in members:
                member.poll(0.05)


def copy_batch(member: Subscription, batch: Sequence[Record], target: str) -> None:
    """Send a batch on and commit it."""
    with member.transaction() as transaction:
        for record in batch:
            transaction.send(target, record.key, record.value, record.headers)


def abort_batch(member: Subscription, batch: Sequence[Record], target: str) -> None:
    """Send a batch on and fail before it is committed."""

    def fall_over() -> None:
        with member.transaction() as transaction:
            for record in batch:
                transaction.send(target, record.key, record.value, record.headers)
            raise ValueError("the stage fell over")

    with pytest.raises(ValueError, match="fell over"):
        fall_over()


def unique(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


def numbered(count: int, *, keys: int = 7, start: int = 0) -> list[Sent]:
    """Records whose values count up, over a few keys."""
    return [(b"key-%d" % (n % keys), b"%d" % n, ()) for n in range(start, start + count)]


def values(records: Iterable[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def in_order_per_key(records: Iterable[Record]) -> bool:
    """Whether the numbers count up within each key."""
    last: dict[bytes | None, int] = {}
    for record in records:
        number = int(record.value or b"")
        if last.get(record.key, -1) >= number:
            return False
        last[record.key] = number
    return True
