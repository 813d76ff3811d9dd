"""The embedded log against a model: any order of publishing, copying, failing and leaving gives exactly once."""

import shutil
import tempfile
from pathlib import Path

from bus_lab import abort_batch, copy_batch, in_order_per_key, numbered
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.bus.log import Subscription, TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.bus.sqlite_group import assign
from pipeline.errors import Fenced
from pipeline.record import Record

NAMES = ("one", "two", "three")


class Copying(RuleBasedStateMachine):
    """Members of one group copy `source` to `target`; the model is how many were published."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.bus = SqliteBus(self.folder / "log.db", dirty_ratio=0.0)
        self.members: dict[str, Subscription] = {}
        self.ghosts: list[tuple[Subscription, list[Record]]] = []
        self.published = 0

    @initialize(partitions=st.integers(1, 3))
    def make(self, partitions: int) -> None:
        self.bus.apply([TopicSpec("source", partitions=partitions), TopicSpec("target", partitions=2)])

    @rule(count=st.integers(1, 40))
    def publish(self, count: int) -> None:
        self.bus.publisher().publish("source", numbered(count, start=self.published))
        self.published += count

    @rule(name=st.sampled_from(NAMES), size=st.integers(1, 20))
    def join(self, name: str, size: int) -> None:
        """Also in place of a member of the same name, which then holds a batch it may not commit."""
        if name in self.members:
            old = self.members[name]
            if batch := old.poll(0):
                self.ghosts.append((old, batch))
        self.members[name] = self.bus.subscribe("group", ["source"], member=name, max_records=size)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        member = self.members[data.draw(st.sampled_from(sorted(self.members)))]
        if batch := member.poll(0):
            copy_batch(member, batch, "target")

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        member = self.members[data.draw(st.sampled_from(sorted(self.members)))]
        if batch := member.poll(0):
            abort_batch(member, batch, "target")

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.members.pop(data.draw(st.sampled_from(sorted(self.members)))).close()

    @precondition(lambda self: self.ghosts)
    @rule()
    def haunt(self) -> None:
        """A member that was replaced tries to commit what it had in hand."""
        ghost, batch = self.ghosts.pop()
        try:
            copy_batch(ghost, batch, "target")
        except Fenced:
            return
        raise AssertionError("a member that was replaced committed")

    @rule()
    def clean(self) -> None:
        self.bus.clean()

    @invariant()
    def no_partition_has_two_owners(self) -> None:
        owned = [partition for member in self.members.values() for partition in member.assignment]
        assert len(owned) == len(set(owned))

    @invariant()
    def nothing_is_doubled(self) -> None:
        if not self.bus.plan([TopicSpec("target", partitions=2)]):
            copied = list(self.bus.reader().read("target"))
            assert len(copied) == len({r.value for r in copied})
            assert in_order_per_key(copied)

    def teardown(self) -> None:
        try:
            if self.published:
                self._finish()
        finally:
            self.bus.close()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        for member in self.members.values():
            member.close()
        last = self.bus.subscribe("group", ["source"], member="last")
        while batch := last.poll(0):
            copy_batch(last, batch, "target")
        copied = list(self.bus.reader().read("target"))
        assert sorted(int(r.value or b"") for r in copied) == list(range(self.published))
        assert in_order_per_key(copied)


TestCopying = Copying.TestCase
TestCopying.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@given(
    partitions=st.dictionaries(st.integers(0, 40), st.tuples(st.integers(0, 2), st.integers(0, 9))),
    members=st.dictionaries(st.integers(0, 6), st.frozensets(st.integers(0, 2))),
    data=st.data(),
)
def test_every_partition_that_is_wanted_gets_a_member_that_wants_it(partitions, members, data) -> None:
    owners = st.none() | st.integers(0, 9)
    current = data.draw(st.fixed_dictionaries(dict.fromkeys(partitions, owners)))
    targets = assign(partitions, members, current)
    assert targets.keys() == partitions.keys()
    for partition, target in targets.items():
        wanting = {member for member, topics in members.items() if partitions[partition][0] in topics}
        assert target in wanting if wanting else target is None
        for other, place in partitions.items():
            if place == partitions[partition]:
                assert targets[other] == target
    assert assign(partitions, members, targets) == targets


@given(count=st.integers(0, 40), members=st.sets(st.integers(0, 9), min_size=1), data=st.data())
def test_members_that_want_the_same_get_the_same_share(count, members, data) -> None:
    everything = dict.fromkeys(members, frozenset({1}))
    current = data.draw(st.fixed_dictionaries({p: st.none() | st.integers(0, 9) for p in range(count)}))
    targets = assign({p: (1, p) for p in range(count)}, everything, current)
    loads = [sum(1 for target in targets.values() if target == member) for member in members]
    assert max(loads) - min(loads) <= 1
    kept = sum(1 for p, owner in current.items() if owner is not None and targets[p] == owner)
    fair = count // len(members)
    held = [sum(1 for owner in current.values() if owner == member) for member in members]
    assert kept >= sum(min(n, fair) for n in held)
