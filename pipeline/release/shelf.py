"""What is held, and what was killed: the newest of each story, for the partitions one member owns.

The shelf is a compacted topic of the log, `wire.held`. What is put there commits together with the offsets of
what it came from, and what is taken off together with its release, so that no crash can lose or double either.
In memory there is a copy, read from the log whenever partitions change hands.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from pipeline.record import Record
from pipeline.release.policy import EMBARGOED, UNUSABLE
from pipeline.story import CANCELED, USABLE, Story, from_ninjs

KILLED = "killed"


class Entry(msgspec.Struct, frozen=True):
    """One story on the shelf: a version that may not run yet, or the mark that it was killed."""

    record: Record
    """With the ninjs document as its value and the raw coordinates in its headers."""
    uri: str
    version: int
    reason: str
    """`embargoed`, `withheld` or `killed`."""
    until: datetime | None = None
    """When an embargo ends."""


def entry_of(record: Record, story: Story) -> Entry:
    """What stands on the shelf, told from the story itself."""
    if story.pub_status == CANCELED:
        return Entry(record, story.uri, story.number, KILLED)
    embargoed = story.pub_status in (None, USABLE) and story.embargoed_until is not None
    if embargoed:
        return Entry(record, story.uri, story.number, EMBARGOED, story.embargoed_until)
    return Entry(record, story.uri, story.number, UNUSABLE)


def standing(records: Iterable[Record]) -> dict[str, Entry]:
    """What stands on the shelf after these records of its topic, by uri: the last of each, unless taken off."""
    last: dict[bytes | None, Record] = {}
    for record in records:
        last[record.key] = record
    entries = (entry_of(r, from_ninjs(r.value)) for r in last.values() if r.value is not None)
    return {entry.uri: entry for entry in entries}


class Shelf:
    """The entries of one member's partitions, by uri, and which of them falls due next."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self._due: list[tuple[datetime, str, int]] = []
        for entry in entries:
            self.put(entry)

    def get(self, uri: str) -> Entry | None:
        """The entry of a story."""
        return self._entries.get(uri)

    def put(self, entry: Entry) -> None:
        """Put on the shelf what replaces whatever was there of this story."""
        self._entries[entry.uri] = entry
        if entry.until is not None:
            heapq.heappush(self._due, (entry.until, entry.uri, entry.version))

    def take(self, uri: str) -> Entry | None:
        """Take off what is there."""
        return self._entries.pop(uri, None)

    def due(self, now: datetime) -> Iterator[Entry]:
        """The embargoed stories whose time has come, taken off in the order of their times."""
        while self._due and self._due[0][0] <= now:
            until, uri, version = heapq.heappop(self._due)
            entry = self._entries.get(uri)
            if entry is not None and (entry.until, entry.version) == (until, version):
                yield self._entries.pop(uri)

    def killed_before(self, stamp_ms: int) -> list[Entry]:
        """Marks of kills older than a time of the log, in milliseconds since the epoch."""
        return [e for e in self._entries.values() if e.reason == KILLED and 0 < e.record.timestamp < stamp_ms]

    def counts(self) -> dict[str, int]:
        """Stories held, by reason."""
        counts = {EMBARGOED: 0, UNUSABLE: 0}
        for entry in self._entries.values():
            if entry.reason != KILLED:
                counts[entry.reason] += 1
        return counts

    def next_due(self) -> datetime | None:
        """When the next embargo ends, as far as is known without looking closely."""
        return self._due[0][0] if self._due else None
