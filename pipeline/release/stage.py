"""The stage between `wire.enriched` and `wire.stories`: may it run, and when?

Fail closed: what may not run yet, or in doubt, is put on the shelf and released when its time comes, by
whichever worker owns its partition then.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from pipeline.errors import Permanent
from pipeline.record import Drop, Emit, Outcome, Record, Reject
from pipeline.release.control import Command, decode
from pipeline.release.policy import DEFAULT, NOT_NEWS, UNUSABLE, Policy, bare, emptied, freed, recalled, why_not
from pipeline.release.shelf import KILLED, Entry, Shelf, entry_of, standing
from pipeline.story import CANCELED, Story, from_ninjs, to_ninjs

_REVISIONS = frozenset({"update", "correction", "writethru", "repeat"})
MARK_KEPT = timedelta(days=30)
"""How long a kill is remembered against versions that come late."""


class Clock(Protocol):
    """The time, in UTC."""

    def __call__(self) -> datetime: ...


class Watcher(Protocol):
    """Is told what release does, before it is committed."""

    def shelf(self, held: Mapping[str, int], next_due: datetime | None) -> None:
        """Stories held by reason, and when the next embargo ends."""

    def on_time(self, delay: float) -> None:
        """An embargo ended and its story runs, `delay` seconds late."""

    def killed(self, latency: float) -> None:
        """A kill goes on, `latency` seconds after it was fetched."""

    def commanded(self, command: Command, outcome: str) -> None:
        """Somebody's wish was done (`released`, `dropped`) or not (`not_held`)."""


class Topics(msgspec.Struct, frozen=True):
    """Where things go; all keyed by uri, and with equally many partitions."""

    stories: str = "wire.stories"
    latest: str = "wire.latest"
    kills: str = "wire.kills"
    held: str = "wire.held"
    control: str = "wire.control"


class ReleaseStage:
    """A `KeepingStage`. Passes on what may run, a cancelled version emptied of its copy; holds the rest."""

    name = "release"

    def __init__(
        self,
        now: Clock,
        read_shelf: Callable[[], Iterable[Record]],
        *,
        policies: Mapping[str, Policy] | None = None,
        topics: Topics | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """`read_shelf` gives every record of the shelf's topic; `policies` are by source, "" for all others."""
        self._now = now
        self._read_shelf = read_shelf
        self._policies = dict(policies or {})
        self._topics = topics or Topics()
        self._watcher = watcher
        self._generation: str | None = None
        self._shelf = Shelf()

    def restore(self, generation: str, assignment: frozenset[tuple[str, int]]) -> None:
        """Read the shelf of the partitions owned, if they may have been another's since."""
        if generation == self._generation:
            return
        numbers = {number for _, number in assignment}
        records = (r for r in self._read_shelf() if r.partition in numbers) if numbers else ()
        self._shelf = Shelf(standing(records).values())
        self._generation = generation

    def forget(self) -> None:
        """The shelf must be read again."""
        self._generation = None

    def process_batch(self, records: Sequence[Record]) -> list[Sequence[Outcome]]:
        """Release, hold or refuse each version, in order."""
        now = self._now()
        results: list[Sequence[Outcome]] = []
        for record in records:
            try:
                if record.topic == self._topics.control:
                    results.append(self._obey(decode(record.value)))
                else:
                    results.append(self._decide(record, now))
            except Permanent as error:
                results.append((Reject(error.code, error.why),))
        return results

    def owed(self) -> Sequence[tuple[Record, Sequence[Outcome]]]:
        """Embargoed stories whose time has come, and marks that nobody needs any more."""
        now = self._now()
        pairs: list[tuple[Record, Sequence[Outcome]]] = []
        for entry in self._shelf.due(now):
            story = from_ninjs(_value(entry.record))
            pairs.append((entry.record, (*self._run(story, _value(entry.record)), self._off(story))))
            if self._watcher is not None and entry.until is not None:
                self._watcher.on_time((now - entry.until).total_seconds())
        for entry in self._shelf.killed_before(int((now - MARK_KEPT).timestamp() * 1000)):
            self._shelf.take(entry.uri)
            pairs.append((entry.record, (Emit(self._topics.held, entry.uri, None, "newswire.story.unmarked"),)))
        if self._watcher is not None:
            self._watcher.shelf(self._shelf.counts(), self._shelf.next_due())
        return pairs

    def _decide(self, record: Record, now: datetime) -> Sequence[Outcome]:
        value = _value(record)
        story = from_ninjs(value)
        before = self._shelf.get(story.uri)
        if story.pub_status == CANCELED:
            return self._kill(record, story, now)
        policy = self._policy(story)
        reason = why_not(story, now, policy)
        drop = _overtaken(story, before)
        if reason == NOT_NEWS or (reason == UNUSABLE and policy.withheld == "drop"):
            drop = drop or reason
        if drop is not None:
            return (Drop(drop),)
        if reason is not None:
            return self._hold(record, story, reason, before)
        outcomes = self._run(story, value)
        if before is not None:
            self._shelf.take(story.uri)
            outcomes = (*outcomes, self._off(story))
        return outcomes

    def _kill(self, record: Record, story: Story, now: datetime) -> Sequence[Outcome]:
        before = self._shelf.get(story.uri)
        # What readers never had, or may not have had, its kill must not tell them: what is on the shelf or under an
        # embargo, and what came in behind its kill.
        relation = story.newswire.relation
        secret = before is not None and before.reason != KILLED
        secret |= story.embargoed_until is not None and story.embargoed_until > now
        secret |= relation is None or relation.of is None
        notice = to_ninjs(bare(story) if secret else emptied(story))
        self._shelf.put(Entry(_copied(record, notice), story.uri, story.number, KILLED))
        source = story.newswire.provenance
        if self._watcher is not None and source is not None and source.fetched_at is not None:
            self._watcher.killed((now - source.fetched_at).total_seconds())
        at = story.version_created
        return (
            *self._run(story, notice),
            Emit(self._topics.kills, story.uri, notice, "newswire.story.killed", at),
            Emit(self._topics.held, story.uri, notice, "newswire.story.held.killed", at),
        )

    def _hold(self, record: Record, story: Story, reason: str, before: Entry | None) -> Sequence[Outcome]:
        value = _value(record)
        self._shelf.put(entry_of(_copied(record, value), story))
        held = Emit(self._topics.held, story.uri, value, f"newswire.story.held.{reason}", story.version_created)
        relation = story.newswire.relation
        public = before is None and relation is not None and relation.kind in _REVISIONS
        if reason == UNUSABLE and public:
            # An earlier version is out: those who have it must learn that it is not to be used for now.
            return (held, *self._run(story, to_ninjs(recalled(story)), "newswire.story.recalled"))
        return (held,)

    def _obey(self, command: Command) -> Sequence[Outcome]:
        entry = self._shelf.get(command.uri)
        if entry is None or entry.reason == KILLED or command.version not in (None, str(entry.version)):
            self._tell(command, "not_held")
            return (Drop("not_held"),)
        self._shelf.take(command.uri)
        story = from_ninjs(_value(entry.record))
        if command.action == "drop":
            self._tell(command, "dropped")
            return (self._off(story),)
        self._tell(command, "released")
        return (*self._run(story, to_ninjs(freed(story))), self._off(story))

    def _tell(self, command: Command, outcome: str) -> None:
        if self._watcher is not None:
            self._watcher.commanded(command, outcome)

    def _run(self, story: Story, value: bytes, kind: str = "newswire.story.released") -> tuple[Outcome, ...]:
        return tuple(
            Emit(topic, story.uri, value, kind, story.version_created)
            for topic in (self._topics.stories, self._topics.latest)
        )

    def _off(self, story: Story) -> Emit:
        return Emit(self._topics.held, story.uri, None, "newswire.story.unheld", story.version_created)

    def _policy(self, story: Story) -> Policy:
        source = story.newswire.provenance.source if story.newswire.provenance is not None else ""
        return self._policies.get(source) or self._policies.get("") or DEFAULT


def _overtaken(story: Story, before: Entry | None) -> str | None:
    """Why a version comes too late, after what is on the shelf."""
    if before is None:
        return None
    if before.reason == KILLED:
        return "killed" if story.number <= before.version else None
    return "older_than_held" if story.number < before.version else None


def _value(record: Record) -> bytes:
    if record.value is None:
        raise Permanent("no_value", "a tombstone is no story")
    return record.value


def _copied(record: Record, value: bytes) -> Record:
    return msgspec.structs.replace(record, value=value)
