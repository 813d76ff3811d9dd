"""The stage between `wire.enriched` and `wire.stories`: may it run?

Fail closed: what may not run yet, or in doubt, is not passed on, and is counted with its reason.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.errors import Permanent
from pipeline.record import Drop, Emit, Outcome, Record
from pipeline.story import CANCELED, USABLE, Newswire, Story, from_ninjs, to_ninjs

NOT_NEWS = frozenset({"advisory", "test"})
"""Signals of what is said to editors, not to readers."""
EMBARGOED, UNUSABLE = "embargoed", "withheld"


class Clock(Protocol):
    """The time, in UTC."""

    def __call__(self) -> datetime: ...


class ReleaseStage:
    """Passes on what may run, with a cancelled version emptied of its copy; the rest is kept in `wire.held`."""

    name = "release"

    def __init__(
        self, now: Clock, *, stories: str = "wire.stories", latest: str = "wire.latest", held: str = "wire.held"
    ) -> None:
        self._now = now
        self._stories = stories
        self._latest = latest
        self._held = held

    def process(self, record: Record) -> Sequence[Outcome]:
        """Release one version, or say why not."""
        if record.value is None:
            raise Permanent("no_value", "a tombstone is no story")
        story = from_ninjs(record.value)
        reason = why_not(story, self._now())
        if reason in (EMBARGOED, UNUSABLE):
            return (Emit(self._held, story.uri, record.value, f"newswire.story.held.{reason}", story.version_created),)
        if reason is not None:
            return (Drop(reason),)
        value = to_ninjs(emptied(story)) if story.pub_status == CANCELED else record.value
        kind = "newswire.story.released"
        return tuple(
            Emit(topic, story.uri, value, kind, story.version_created) for topic in (self._stories, self._latest)
        )


def why_not(story: Story, now: datetime) -> str | None:
    """The reason why a story may not run now, or None. A kill always runs."""
    if story.pub_status == CANCELED:
        return None
    if NOT_NEWS & set(story.newswire.signals):
        return "not_news"
    if story.pub_status not in (None, USABLE):
        return UNUSABLE
    if story.embargoed_until is not None and story.embargoed_until > now:
        return EMBARGOED
    return None


def emptied(story: Story) -> Story:
    """A cancelled version: who and what it was, and nothing that may carry its copy."""
    full = story.newswire
    extension = Newswire(
        agency=full.agency,
        credit=full.credit,
        signals=full.signals,
        raw_headline=full.raw_headline,
        replaces=full.replaces,
        relation=full.relation,
        times=full.times,
        flags=full.flags,
        provenance=full.provenance,
        replay=full.replay,
    )
    return msgspec.structs.replace(story, bodies=(), descriptions=(), other={}, newswire=extension)
