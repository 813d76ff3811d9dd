"""May a version run, and if not, why: pure, and closed in doubt."""

from datetime import datetime
from typing import Literal

import msgspec

from pipeline.story import CANCELED, USABLE, WITHHELD, Newswire, Story

EMBARGOED, UNUSABLE, NOT_NEWS = "embargoed", "withheld", "not_news"

_NOTICES = frozenset({"advisory", "test"})
"""Signals of what is said to editors, not to readers."""


class Policy(msgspec.Struct, frozen=True):
    """What is done with a source's stories that may not simply run."""

    embargoed: Literal["hold", "pass"] = "hold"
    """`pass` is for archives and newsrooms whose readers keep embargoes themselves."""
    withheld: Literal["hold", "drop"] = "hold"
    notices: Literal["drop", "pass"] = "drop"
    """Advisories and test messages."""


DEFAULT = Policy()


def why_not(story: Story, now: datetime, policy: Policy = DEFAULT) -> str | None:
    """The reason why a version may not run now, or None. A kill always runs."""
    if story.pub_status == CANCELED:
        return None
    if policy.notices == "drop" and _NOTICES & set(story.newswire.signals):
        return NOT_NEWS
    if story.pub_status not in (None, USABLE):
        return UNUSABLE
    if policy.embargoed == "hold" and story.embargoed_until is not None and story.embargoed_until > now:
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


def bare(story: Story) -> Story:
    """A version that says nothing of what the story is about: only which it is, whose, and what is to be done."""
    full = story.newswire
    extension = Newswire(
        agency=full.agency,
        signals=full.signals,
        relation=full.relation,
        times=full.times,
        provenance=full.provenance,
        replay=full.replay,
    )
    return Story(
        uri=story.uri,
        type=story.type,
        version=story.version,
        version_created=story.version_created,
        pub_status=story.pub_status,
        language=story.language,
        newswire=extension,
    )


def recalled(story: Story) -> Story:
    """What readers of an earlier version are told when a later one is withheld: take it down, and no more."""
    return msgspec.structs.replace(bare(story), pub_status=WITHHELD)


def freed(story: Story) -> Story:
    """A held version that somebody lets run now."""
    flags = (*story.newswire.flags, "released_by_hand")
    extension = msgspec.structs.replace(story.newswire, flags=flags)
    return msgspec.structs.replace(story, pub_status=USABLE, embargoed_until=None, newswire=extension)
