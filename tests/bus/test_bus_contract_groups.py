"""What every log must show: members that share, take over and are fenced; pause, wakeup and lag."""

import threading
import time

import pytest
from bus_lab import Lab, copy_batch, in_order_per_key, numbered, unique, values

from pipeline.errors import Fatal, Fenced


def test_two_members_share_the_partitions(lab: Lab) -> None:
    source, group = lab.topic(4), unique("group")
    first = lab.join(group, source, member="one")
    lab.until(lambda: len(first.assignment) == 4, first)
    second = lab.join(group, source, member="two", bus=lab.connect())
    lab.until(lambda: len(first.assignment) == len(second.assignment) == 2, first, second)
    assert not first.assignment & second.assignment
    assert first.assignment | second.assignment == {(source, number) for number in range(4)}


def test_a_member_takes_over_from_one_that_left(lab: Lab) -> None:
    source, group = lab.topic(4), unique("group")
    first, second = lab.join(group, source, member="one"), lab.join(group, source, member="two")
    lab.until(lambda: len(first.assignment) == len(second.assignment) == 2, first, second)
    first.close()
    assert first.assignment == frozenset()
    lab.until(lambda: len(second.assignment) == 4, second)


def test_members_coming_and_going_lose_and_double_nothing(lab: Lab) -> None:
    source, target, group = lab.topic(4), lab.topic(2), unique("group")
    lab.publish(source, numbered(600, keys=40))
    members = [lab.join(group, source, member="one", max_records=20)]
    deadline = time.monotonic() + 2 * lab.patience
    for turn in range(10_000):
        if turn == 5:
            members.append(lab.join(group, source, member="two", max_records=20, bus=lab.connect()))
        if turn == 20:
            members.pop(0).close()
        for member in members:
            if batch := member.poll(0.05):
                copy_batch(member, batch, target)
        if turn >= 20 and not sum(lab.bus.group_lag(group, [source]).values()):
            break
        assert time.monotonic() < deadline
    copied = lab.all_of(target)
    assert sorted(int(r.value or b"") for r in copied) == list(range(600))
    assert in_order_per_key(copied)


def test_a_member_replaced_under_its_name_is_fenced(lab: Lab) -> None:
    source, target, group = lab.topic(), lab.topic(), unique("group")
    lab.publish(source, numbered(10))
    zombie = lab.join(group, source, member="one")
    batch = lab.next_batch(zombie)
    heir = lab.join(group, source, member="one", bus=lab.connect())
    heir.poll(1.0)
    with pytest.raises(Fenced):
        copy_batch(zombie, batch, target)
    assert lab.all_of(target) == []
    zombie.close()
    again = lab.next_batch(heir)
    assert again == batch
    copy_batch(heir, again, target)
    assert values(lab.all_of(target)) == values(batch)


def test_a_paused_member_gets_nothing_and_stays(lab: Lab) -> None:
    source = lab.topic(2)
    member = lab.join(unique("group"), source)
    lab.until(lambda: len(member.assignment) == 2, member)
    member.pause()
    lab.publish(source, numbered(10))
    assert member.poll(0.5) == []
    assert len(member.assignment) == 2
    member.resume()
    assert lab.next_batch(member)


def test_wakeup_ends_a_waiting_poll(lab: Lab) -> None:
    source = lab.topic()
    member = lab.join(unique("group"), source)
    lab.until(lambda: bool(member.assignment), member)
    timer = threading.Timer(0.3, member.wakeup)
    timer.start()
    began = time.monotonic()
    assert member.poll(lab.patience) == []
    assert time.monotonic() - began < lab.patience / 2
    timer.join()
    lab.publish(source, numbered(1))
    assert values(lab.next_batch(member)) == [b"0"]


def test_a_waiting_poll_returns_as_soon_as_there_is_something(lab: Lab) -> None:
    source = lab.topic()
    member = lab.join(unique("group"), source)
    lab.until(lambda: bool(member.assignment), member)
    publisher = lab.keep(lab.connect().publisher())
    timer = threading.Timer(0.3, publisher.publish, (source, numbered(1)))
    timer.start()
    began = time.monotonic()
    assert values(member.poll(lab.patience)) == [b"0"]
    assert time.monotonic() - began < lab.patience / 2
    timer.join()


def test_lag_counts_what_is_not_committed(lab: Lab) -> None:
    source, target, group = lab.topic(2), lab.topic(), unique("group")
    lab.publish(source, numbered(40, keys=20))
    assert sum(lab.bus.group_lag(group, [source]).values()) == 40
    member = lab.join(group, source, max_records=10)
    done = len(lab.copy(member, target, 10))
    lab.until(lambda: sum(member.lag().values()) > 0, member)
    assert sum(lab.bus.group_lag(group, [source]).values()) == 40 - done
    lab.copy(member, target, 40 - done)
    member.poll(0.1)
    assert sum(member.lag().values()) == 0
    assert lab.bus.group_lag(group, [source]) == {(source, 0): 0, (source, 1): 0}


def test_closing_twice_is_harmless_and_ends_the_use(lab: Lab) -> None:
    member = lab.join(unique("group"), lab.topic())
    member.close()
    member.close()
    with pytest.raises(Fatal):
        member.poll(0.1)
