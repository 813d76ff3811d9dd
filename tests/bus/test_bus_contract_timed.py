"""What every log must show to a stage with state of its own: outputs owed to time, tenure, what goes first."""

import time

import pytest
from bus_lab import Lab, copy_batch, numbered, unique, values

from pipeline.errors import Fenced


def test_outputs_without_a_batch_commit_and_move_nothing(lab: Lab) -> None:
    source, target, group = lab.topic(2), lab.topic(), unique("group")
    member = lab.join(group, source)
    lab.until(lambda: len(member.assignment) == 2, member)
    with member.transaction() as transaction:
        transaction.send(target, b"k", b"owed", ())
    assert values(lab.all_of(target)) == [b"owed"]
    lab.publish(source, numbered(20))
    lab.copy(member, target, 20)
    assert member.poll(0.3) == []
    with member.transaction() as transaction:
        transaction.send(target, b"k", b"again", ())
    assert values(lab.all_of(target))[-1:] == [b"again"]
    assert len(lab.all_of(target)) == 22
    assert sum(lab.bus.group_lag(group, [source]).values()) == 0


def test_an_exception_without_a_batch_sends_nothing(lab: Lab) -> None:
    source, target = lab.topic(), lab.topic()
    member = lab.join(unique("group"), source)
    lab.until(lambda: len(member.assignment) == 1, member)
    with pytest.raises(ValueError, match="fell over"), member.transaction() as transaction:  # noqa: PT012
        transaction.send(target, b"k", b"never", ())
        raise ValueError("the stage fell over")
    assert lab.all_of(target) == []


def test_a_member_replaced_under_its_name_owes_nothing_any_more(lab: Lab) -> None:
    source, target, group = lab.topic(), lab.topic(), unique("group")
    zombie = lab.join(group, source, member="one")
    lab.until(lambda: len(zombie.assignment) == 1, zombie)
    heir = lab.join(group, source, member="one", bus=lab.connect())
    lab.until(lambda: len(heir.assignment) == 1, heir)
    with pytest.raises(Fenced), zombie.transaction() as transaction:
        transaction.send(target, b"k", b"twice", ())
    assert lab.all_of(target) == []


def test_partitions_of_one_number_have_one_owner(lab: Lab) -> None:
    one, two, group = lab.topic(4), lab.topic(4), unique("group")
    first = lab.join(group, one, two, member="one")
    second = lab.join(group, one, two, member="two", bus=lab.connect())
    lab.until(lambda: len(first.assignment) == len(second.assignment) == 4, first, second)
    for member in (first, second):
        owned = {topic: {n for t, n in member.assignment if t == topic} for topic in (one, two)}
        assert owned[one] == owned[two]


def test_a_rebalance_has_a_name_of_its_own(lab: Lab) -> None:
    source, group = lab.topic(2), unique("group")
    first = lab.join(group, source, member="one")
    lab.until(lambda: len(first.assignment) == 2, first)
    for _ in range(20):
        # A group may join twice at its beginning.
        first.poll(0.1)
    alone = first.generation
    for _ in range(5):
        first.poll(0.1)
    assert first.generation == alone
    second = lab.join(group, source, member="two", bus=lab.connect())
    lab.until(lambda: len(second.assignment) == 1, first, second)
    assert first.generation != alone
    assert second.generation != first.generation


def test_what_is_urgent_goes_first(lab: Lab) -> None:
    slow, fast, target = lab.topic(2), lab.topic(2), lab.topic()
    lab.publish(slow, numbered(3_000, keys=40))
    member = lab.join(unique("group"), slow, fast, max_records=50, urgent=[fast])
    taken = 0
    for _ in range(5):
        batch = lab.next_batch(member)
        copy_batch(member, batch, target)
        taken += len(batch)
    lab.publish(fast, numbered(3))
    deadline = time.monotonic() + 2
    found: list[bytes | None] = []
    waited = 0
    while len(found) < 3:
        assert time.monotonic() < deadline
        batch = lab.next_batch(member)
        copy_batch(member, batch, target)
        found += [record.value for record in batch if record.topic == fast]
        waited += sum(record.topic == slow for record in batch)
    assert sorted(v or b"" for v in found) == [b"0", b"1", b"2"]
    # A client may need a round trip to learn of them, but not to work off what it has fetched before.
    assert waited <= 1_000
    while taken + waited < 3_000:
        batch = lab.next_batch(member)
        copy_batch(member, batch, target)
        waited += len(batch)
    assert len(lab.all_of(target)) == 3_003
