"""What every log must show: reading without a group, and provisioning of topics."""

import threading
import time

from bus_lab import Lab, abort_batch, copy_batch, numbered, unique, values

from pipeline.bus.log import TopicSpec


def test_reading_ends_where_the_topic_ended_at_the_call(lab: Lab) -> None:
    topic = lab.topic()
    lab.publish(topic, numbered(5))
    reading = lab.keep(lab.bus.reader()).read(topic)
    lab.publish(topic, numbered(5, start=5))
    assert values(reading) == [b"%d" % n for n in range(5)]


def test_an_empty_topic_reads_as_nothing(lab: Lab) -> None:
    assert lab.all_of(lab.topic(3)) == []


def test_reading_from_offsets(lab: Lab) -> None:
    topic = lab.topic(2)
    lab.publish(topic, numbered(40, keys=20))
    everything = lab.all_of(topic)
    some = lab.all_of(topic, start={0: 5})
    assert {r.coordinates for r in everything} - {r.coordinates for r in some} == {f"{topic}/0/{n}" for n in range(5)}
    assert lab.all_of(topic, start={0: 10_000, 1: 10_000}) == []


def test_reading_from_a_time(lab: Lab) -> None:
    topic = lab.topic(2)
    for start in range(0, 30, 10):
        lab.publish(topic, numbered(10, start=start))
        time.sleep(0.05)
    everything = lab.all_of(topic)
    middle = next(r.timestamp for r in everything if r.value == b"10")
    expected = {r.value for r in everything if r.timestamp >= middle}
    assert {r.value for r in lab.all_of(topic, since_ms=middle)} == expected
    assert b"9" not in expected
    assert lab.all_of(topic, since_ms=middle + 3_600_000) == []


def test_an_aborted_transaction_is_never_read(lab: Lab) -> None:
    source, target = lab.topic(), lab.topic()
    lab.publish(source, numbered(3))
    member = lab.join(unique("group"), source)
    batch = lab.next_batch(member)
    abort_batch(member, batch, target)
    copy_batch(member, lab.next_batch(member), target)
    assert values(lab.all_of(target)) == values(batch)


def test_following_sees_what_comes_until_it_is_closed(lab: Lab) -> None:
    topic = lab.topic(2)
    lab.publish(topic, numbered(5))
    reader = lab.bus.reader()
    seen: list[bytes | None] = []
    done = threading.Event()

    def follow() -> None:
        seen.extend(record.value for record in reader.read(topic, follow=True, timeout=0.2))
        done.set()

    thread = threading.Thread(target=follow)
    thread.start()
    _wait(lambda: len(seen) == 5, lab.patience)
    lab.publish(topic, numbered(5, start=5))
    _wait(lambda: len(seen) == 10, lab.patience)
    reader.close()
    assert done.wait(lab.patience)
    thread.join()
    assert sorted(int(value or b"") for value in seen) == list(range(10))


def test_provisioning_is_idempotent(lab: Lab) -> None:
    wanted = [
        TopicSpec(unique("topic"), partitions=2, retention_ms=3_600_000),
        TopicSpec(unique("topic"), compact=True),
        TopicSpec(unique("topic"), partitions=3, retention_ms=7_200_000, retention_bytes=1_000_000_000),
    ]
    expected = [(spec.name, "create") for spec in wanted]
    assert [(c.topic, c.action) for c in lab.bus.plan(wanted)] == expected
    assert [(c.topic, c.action) for c in lab.bus.apply(wanted)] == expected
    _wait(lambda: lab.bus.plan(wanted) == [], lab.patience)
    assert lab.bus.apply(wanted) == []


def test_settings_of_a_topic_are_changed(lab: Lab) -> None:
    name = unique("topic")
    lab.bus.apply([TopicSpec(name, retention_ms=3_600_000)])
    changed = [TopicSpec(name, retention_ms=7_200_000)]
    _wait(lambda: [c.action for c in lab.bus.plan(changed)] == ["configure"], lab.patience)
    assert [(c.topic, c.action) for c in lab.bus.apply(changed)] == [(name, "configure")]
    _wait(lambda: lab.bus.plan(changed) == [], lab.patience)


def test_partitions_grow_and_members_get_them(lab: Lab) -> None:
    topic, group = lab.topic(1), unique("group")
    lab.publish(topic, numbered(10))
    assert [c.action for c in lab.bus.apply([TopicSpec(topic, partitions=3)])] == ["grow"]
    _wait(lambda: len(lab.bus.group_lag(group, [topic])) == 3, lab.patience)
    member = lab.join(group, topic)
    lab.until(lambda: len(member.assignment) == 3, member)
    assert len(lab.all_of(topic)) == 10


def test_partitions_never_shrink(lab: Lab) -> None:
    topic = lab.topic(3)
    smaller = [TopicSpec(topic, partitions=2)]
    assert [c.action for c in lab.bus.plan(smaller)] == ["refuse"]
    assert [c.action for c in lab.bus.apply(smaller)] == ["refuse"]
    assert len(lab.bus.group_lag(unique("group"), [topic])) == 3


def test_check_says_what_answered(lab: Lab) -> None:
    assert lab.bus.check()


def _wait(condition, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)
