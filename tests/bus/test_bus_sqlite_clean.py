"""Retention and compaction of the embedded log."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from bus_lab import numbered, values

from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.record import Record

HOUR_MS = 3_600_000


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bus(tmp_path: Path, clock: Clock) -> Iterator[SqliteBus]:
    bus = SqliteBus(tmp_path / "log.db", clock=clock, tombstone_ms=HOUR_MS, dirty_ratio=0.3)
    yield bus
    bus.close()


def read(bus: SqliteBus, topic: str = "topic") -> list[Record]:
    return list(bus.reader().read(topic))


def newest(records: Iterable[Record]) -> dict[bytes | None, bytes | None]:
    return {record.key: record.value for record in records}


def test_records_past_their_age_go_and_offsets_stay(bus: SqliteBus, clock: Clock) -> None:
    bus.apply([TopicSpec("topic", retention_ms=HOUR_MS)])
    publisher = bus.publisher()
    for start in range(0, 30, 10):
        publisher.publish("topic", numbered(10, start=start))
        clock.time += 1500
    bus.clean()
    assert [(r.offset, r.value) for r in read(bus)] == [(n, b"%d" % n) for n in range(10, 30)]
    assert bus.group_lag("group", ["topic"]) == {("topic", 0): 20}
    clock.time += 10_000
    bus.clean()
    assert read(bus) == []
    assert bus.group_lag("group", ["topic"]) == {("topic", 0): 0}
    assert publisher.publish("topic", numbered(1)) == [(0, 30)]


def test_a_member_behind_what_is_kept_goes_on_with_what_is_left(bus: SqliteBus, clock: Clock) -> None:
    bus.apply([TopicSpec("topic", retention_ms=HOUR_MS), TopicSpec("other")])
    bus.publisher().publish("topic", numbered(10))
    member = bus.subscribe("group", ["topic"], member="one", max_records=4)
    assert len(member.poll(5)) == 4
    with member.transaction():
        pass
    clock.time += 4000
    bus.clean()
    assert member.poll(0.1) != []  # what was in hand already
    assert member.poll(0.1) == []
    assert member.lag() == {("topic", 0): 0}
    bus.publisher().publish("topic", numbered(1, start=10))
    assert values(member.poll(5)) == [b"10"]
    assert member.lag() == {("topic", 0): 1}


def test_a_partition_is_held_to_its_size(bus: SqliteBus) -> None:
    bus.apply([TopicSpec("topic", retention_bytes=100_000)])
    publisher = bus.publisher()
    for number in range(50):
        publisher.publish("topic", [(b"k", b"%04d" % number + bytes(10_000), ())])
    bus.clean()
    kept = [int((r.value or b"")[:4]) for r in read(bus)]
    assert kept == list(range(50 - len(kept), 50))
    assert 100_000 <= len(kept) * 10_000 <= 120_000


def test_topics_without_limits_keep_everything(bus: SqliteBus, clock: Clock) -> None:
    bus.apply([TopicSpec("topic")])
    bus.publisher().publish("topic", numbered(10))
    clock.time += 10_000_000
    bus.clean()
    assert len(read(bus)) == 10


def test_compaction_keeps_the_newest_of_each_key_where_it_was(bus: SqliteBus) -> None:
    bus.apply([TopicSpec("topic", compact=True, retention_ms=1)])
    publisher = bus.publisher()
    for start in range(0, 300, 10):
        publisher.publish("topic", numbered(10, keys=7, start=start))
    publisher.publish("topic", [(None, b"1000", ()), (None, b"1001", ())])
    before = read(bus)
    bus.clean()
    after = read(bus)
    assert newest(after) == newest(before)
    assert len(after) == 7 + 2
    assert set(after) <= set(before)
    assert values(after)[-2:] == [b"1000", b"1001"]


def test_compaction_again_and_again_gives_the_same(bus: SqliteBus) -> None:
    bus.apply([TopicSpec("topic", partitions=2, compact=True)])
    publisher = bus.publisher()
    for turn in range(12):
        publisher.publish("topic", numbered(200, keys=50, start=turn * 200))
        before = newest(read(bus))
        bus.clean()
        assert newest(read(bus)) == before
    assert len(read(bus)) < 120
    sizes = bus.check()
    bus.clean()
    assert bus.check() == sizes


def test_a_tombstone_removes_its_key_and_goes_after_its_time(bus: SqliteBus, clock: Clock) -> None:
    bus.apply([TopicSpec("topic", compact=True)])
    publisher = bus.publisher()
    publisher.publish("topic", [(b"a", b"1", ()), (b"b", b"1", ())])
    publisher.publish("topic", [(b"a", None, ())])
    bus.clean()
    assert [(r.key, r.value) for r in read(bus)] == [(b"b", b"1"), (b"a", None)]
    clock.time += 4000
    publisher.publish("topic", [(b"c", b"1" * 100, ())])
    bus.clean()
    assert [r.key for r in read(bus)] == [b"b", b"c"]


def test_a_member_reads_through_what_compaction_left(bus: SqliteBus) -> None:
    bus.apply([TopicSpec("topic", compact=True)])
    publisher = bus.publisher()
    publisher.publish("topic", numbered(100, keys=10))
    publisher.publish("topic", numbered(100, keys=10, start=100))
    bus.clean()
    member = bus.subscribe("group", ["topic"], member="one", max_records=3)
    seen: list[bytes | None] = []
    for _ in itertools.count():
        batch = member.poll(0.2)
        if not batch:
            break
        with member.transaction():
            pass
        seen += values(batch)
    assert seen == [b"%d" % n for n in range(190, 200)]
    assert member.lag() == {("topic", 0): 0}
    assert bus.group_lag("group", ["topic"]) == {("topic", 0): 0}


def test_time_never_runs_backwards_in_a_partition(bus: SqliteBus, clock: Clock) -> None:
    bus.apply([TopicSpec("topic")])
    publisher = bus.publisher()
    for step in (0, 100, -5000, 10, 6000):
        clock.time += step
        publisher.publish("topic", numbered(3))
    stamps = [r.timestamp for r in read(bus)]
    assert stamps == sorted(stamps)
    for since in {*stamps, stamps[0] - 1, stamps[-1] + 1}:
        found = list(bus.reader().read("topic", since_ms=since))
        assert found == [r for r in read(bus) if r.timestamp >= since]


def test_cleaning_runs_by_itself(tmp_path: Path) -> None:
    bus = SqliteBus(tmp_path / "log.db", clean_every=0.1)
    bus.apply([TopicSpec("topic", retention_ms=200), TopicSpec("other")])
    bus.publisher().publish("topic", numbered(10))
    member = bus.subscribe("group", ["other"], member="one")
    for _ in range(100):
        member.poll(0.1)
        if not read(bus):
            break
    assert read(bus) == []
    bus.close()
