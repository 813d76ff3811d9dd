"""Consumer groups of the embedded log: leases, generations, and who owns which partition.

A member holds a lease that it renews. Whenever members come or go, the group's generation rises and each
partition gets a target. An owner gives a partition up at its next poll, between two batches, and only then
may the target take it; so a rebalance costs no batch, and a partition never has two owners. The partitions
of a member whose lease ran out are free at once, and nothing that member still has in hand can commit.

Every function runs inside the caller's SQL transaction. Times are seconds of the system-wide monotonic
clock, which all processes of a machine share; a time from before a restart of the machine counts as run out.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from pipeline.errors import Fenced, Transient


def assign(
    partitions: Mapping[int, tuple[int, int]],
    members: Mapping[int, frozenset[int]],
    current: Mapping[int, int | None],
) -> dict[int, int | None]:
    """A target for every partition: balanced, and moving as little as possible.

    Partitions of one number go together where the same members want their topics, since a key has the same
    number in all of them.

    Args:
        partitions: topic and number by partition.
        members: topics that each member wants.
        current: owner or target so far by partition.
    """
    load = dict.fromkeys(members, 0)
    wanting: dict[tuple[int, ...], list[int]] = {}
    for partition, (topic, number) in sorted(partitions.items()):
        candidates = sorted(member for member in members if topic in members[member])
        wanting.setdefault((number, *candidates), []).append(partition)
    target: dict[tuple[int, ...], int | None] = dict.fromkeys(wanting)

    def least(unit: tuple[int, ...]) -> int:
        return min(unit[1:], key=lambda member: (load[member], member))

    for unit, together in wanting.items():
        held = (current.get(partition) for partition in together)
        target[unit] = kept = next((holder for holder in held if holder in unit[1:]), None)
        if kept is not None:
            load[kept] += 1
    for unit in wanting:
        if target[unit] is None and unit[1:]:
            target[unit] = member = least(unit)
            load[member] += 1
    moved = True
    while moved:  # each move brings two members nearer to each other, so this ends
        moved = False
        for unit in wanting:
            holder_now = target[unit]
            if holder_now is not None and load[holder_now] > load[least(unit)] + 1:
                target[unit] = member = least(unit)
                load[holder_now] -= 1
                load[member] += 1
                moved = True
    return {partition: target[unit] for unit, together in wanting.items() for partition in together}


def join(
    connection: sqlite3.Connection, group: str, name: str, topics: Sequence[int], timeout: float, now: float
) -> tuple[int, int]:
    """Become a member, in place of an earlier one of the same name; returns the group's id and the member's."""
    connection.execute("insert into grp (name) values (?) on conflict do nothing", (group,))
    (grp,) = connection.execute("select id from grp where name = ?", (group,)).fetchone()
    connection.execute("delete from member where grp = ? and name = ?", (grp, name))
    (member,) = connection.execute(
        "insert into member (grp, name, beat, timeout, topics) values (?, ?, ?, ?, ?) returning id",
        (grp, name, now, timeout, json.dumps(list(topics))),
    ).fetchone()
    rebalance(connection, grp, now)
    return grp, member


def leave(connection: sqlite3.Connection, grp: int, member: int, now: float) -> None:
    """Be no member any more; what it owned is free at once."""
    connection.execute("delete from member where id = ?", (member,))
    rebalance(connection, grp, now)


def renew(connection: sqlite3.Connection, member: int, now: float) -> bool:
    """Prolong a lease that is a quarter used; False where it ran out or the member was put out.

    A lease that ran out stays so, even where nobody took the partitions yet: whoever was silent that long
    can't know what happened meanwhile.
    """
    row = connection.execute("select beat, timeout from member where id = ?", (member,)).fetchone()
    if row is None or not row[0] <= now < row[0] + row[1]:
        return False
    if now - row[0] >= row[1] / 4:
        connection.execute("update member set beat = ? where id = ?", (now, member))
    return True


def lapsed(connection: sqlite3.Connection, now: float) -> list[int]:
    """Groups with a member whose lease ran out and whom nobody has put out yet."""
    rows = connection.execute(
        "select distinct grp from member where not (beat <= ? and ? < beat + timeout)", (now, now)
    )
    return [grp for (grp,) in rows]


def rebalance(connection: sqlite3.Connection, grp: int, now: float) -> bool:
    """Put out members whose lease ran out and give every partition a target; True where anything changed."""
    connection.execute("delete from member where grp = ? and not (beat <= ? and ? < beat + timeout)", (grp, now, now))
    members = {
        member: frozenset(json.loads(topics))
        for member, topics in connection.execute("select id, topics from member where grp = ?", (grp,))
    }
    wanted = sorted(frozenset[int]().union(*members.values()))
    connection.execute(
        "insert or ignore into cursor (grp, partition) select ?, id from partition"
        " where topic in (select value from json_each(?))",
        (grp, json.dumps(wanted)),
    )
    rows = connection.execute(
        "select c.partition, p.topic, p.number, c.owner, c.target from cursor c join partition p on p.id = c.partition"
        " where c.grp = ?",
        (grp,),
    ).fetchall()
    before = {partition: (owner, target) for partition, _, _, owner, target in rows}
    targets = assign(
        {partition: (topic, number) for partition, topic, number, _, _ in rows},
        members,
        {partition: target if owner is None else owner for partition, (owner, target) in before.items()},
    )
    after = {p: (owner if owner in members else None, targets[p]) for p, (owner, _) in before.items()}
    changed = [(owner, target, grp, p) for p, (owner, target) in after.items() if before[p] != (owner, target)]
    if changed:
        connection.executemany("update cursor set owner = ?, target = ? where grp = ? and partition = ?", changed)
        _rise(connection, grp)
    return bool(changed)


def regroup(connection: sqlite3.Connection, now: float) -> None:
    """Rebalance every group, since topics have grown."""
    for (grp,) in connection.execute("select id from grp").fetchall():
        rebalance(connection, grp, now)


def settle(connection: sqlite3.Connection, grp: int, member: int, now: float) -> tuple[int, dict[int, int]]:
    """Give up what is meant for others, take what is free and meant for this member.

    Call with no batch in hand. Returns the generation and the committed offset of each partition owned.

    Raises:
        Fenced: the lease ran out, or another took this member's name.
    """
    if not renew(connection, member, now):
        raise Fenced("this member was silent for longer than the session timeout, or another took its name")
    given = connection.execute(
        "update cursor set owner = null where grp = ? and owner = ? and target is not ?", (grp, member, member)
    ).rowcount
    connection.execute(
        "update cursor set owner = ? where grp = ? and target = ? and owner is null", (member, grp, member)
    )
    if given:
        _rise(connection, grp)
    owned = dict(
        connection.execute("select partition, committed from cursor where grp = ? and owner = ?", (grp, member))
    )
    (generation,) = connection.execute("select generation from grp where id = ?", (grp,)).fetchone()
    return generation, owned


def advance(
    connection: sqlite3.Connection, grp: int, member: int, batch: Mapping[int, tuple[int, int]], now: float
) -> None:
    """Move committed offsets, by partition, from where a batch began to where it ended.

    Raises:
        Fenced: the lease ran out, or another took this member's name.
        Transient: a partition is no longer this member's, or its offset was moved by someone else.
    """
    if not renew(connection, member, now):
        raise Fenced("this member was silent for longer than the session timeout; nothing was committed")
    if not batch:
        return
    moved = connection.execute(
        "update cursor set committed = json_extract(j.value, '$[2]') from json_each(?) as j"
        " where grp = ? and partition = json_extract(j.value, '$[0]') and owner = ?"
        " and committed = json_extract(j.value, '$[1]')",
        (json.dumps([(partition, start, end) for partition, (start, end) in batch.items()]), grp, member),
    ).rowcount
    if moved != len(batch):
        raise Transient("partitions of this batch went to another member or were moved; nothing was committed")


def _rise(connection: sqlite3.Connection, grp: int) -> None:
    connection.execute("update grp set generation = generation + 1 where id = ?", (grp,))
