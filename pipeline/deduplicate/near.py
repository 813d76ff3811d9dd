"""What a text is to the texts near it: a copy, a rewrite, linked or nothing. Pure; similarities are exact.

Which thresholds, and why: docs/decisions/0003-near-duplicates.md.
"""

import re
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from pipeline.deduplicate.member import Member
from pipeline.deduplicate.shingles import BRIEF, Words, overlap, words
from pipeline.story import CANCELED, Story

SAME = 0.8
"""Jaccard index, and containment, from which two texts are the same copy."""
LARGELY = 0.5
"""Jaccard index from which two texts of `LONG` words are versions of one story."""
LONG = 50
"""Words; what is shorter is suppressed only where every word is the same."""
ROUND_UP = 0.15
"""Ratio of lengths below which the longer text is a round-up of several stories."""
TABLE = 0.25
"""Different figures by words from which a text is a table."""

_SPEAKS_FOR_ITSELF = frozenset({"correction", "kill", "advisory", "test"})
"""Signals of a text that is never taken for a copy."""
_LISTS = frozenset({"weather", "forecast", "forecasts", "lottery", "lotto", "powerball", "jackpot"})
_SLUG = re.compile(r"[\W_]+")


class Sighting(msgspec.Struct, frozen=True):
    """A member near to a text, and how near: Jaccard index and containment of the smaller in the larger."""

    member: Member
    jaccard: float
    containment: float
    covered: float
    """How much of the new text the member holds."""
    exact: bool
    conflict: bool
    """Each has figures that the other has not."""
    ratio: float
    """Length of the shorter by that of the longer."""

    @property
    def strong(self) -> bool:
        """The same copy, were it not for figures or a large remainder."""
        return self.exact or self.jaccard >= SAME

    @property
    def contained(self) -> bool:
        """One is a part of the other, and neither is a round-up."""
        return self.containment >= SAME and self.ratio >= ROUND_UP


class Place(msgspec.Struct, frozen=True):
    """Where a text stands among those near it. `of` is None where none is near enough."""

    of: Sighting | None = None
    copy: bool = False
    cluster: str | None = None
    preferred: str | None = None
    """The first of those compared, by event time, provider and uri; None where that is `of`."""
    links: tuple[str, ...] = ()


def provider_of(story: Story) -> str:
    """Who says it: the agency, else the source."""
    provenance = story.newswire.provenance
    return story.newswire.agency or (provenance.source if provenance else "")


def distinct_only(story: Story, member: Member) -> bool:
    """A short item, a table, the weather or a lottery: alike by nature, so only every word the same makes a copy."""
    if member.tokens < LONG or len(np.frombuffer(member.figures, "<u4")) >= TABLE * member.tokens:
        return True
    about = {*words(story.headline), *_SLUG.split((story.slugline or "").casefold())}
    return not _LISTS.isdisjoint(about)


def compare(text: Member, other: Member) -> Sighting:
    """How near two texts are, exactly."""
    mine, theirs = _array(text.shingles), _array(other.shingles)
    common = overlap(mine, theirs)
    exact = text.body == other.body
    smaller = min(len(mine), len(theirs))
    return Sighting(
        other,
        1.0 if exact else common / max(len(mine) + len(theirs) - common, 1),
        1.0 if exact else common / max(smaller, 1),
        1.0 if exact else common / max(len(mine), 1),
        exact,
        not exact and _conflict(_array(text.figures), _array(other.figures)),
        min(text.tokens, other.tokens) / max(text.tokens, other.tokens, 1),
    )


def place(text: Member, story: Story, others: Sequence[Member], runs: Callable[[str], bool]) -> Place:
    """Decide by the members that `text` itself is near to, never by what those are near to.

    Args:
        text: the new text, with its own uri for a cluster.
        story: the story it is of.
        others: members that may be near; those of its own story are left out.
        runs: whether the newest version of a story still runs.
    """
    near = sorted((compare(text, m) for m in others if m.uri != text.uri), key=_order)
    if not near:
        return Place()
    only_exact = distinct_only(story, text)
    copies = (
        []
        if _SPEAKS_FOR_ITSELF.intersection(story.newswire.signals) or story.pub_status == CANCELED
        else [s for s in near if _covers(s, text, only_exact=only_exact) and runs(s.member.uri)]
    )
    versions = copies or [s for s in near if _version(s, text)]
    links = [s.member.uri for s in near if s.containment >= SAME and s.ratio < ROUND_UP and _long(s, text)]
    if not versions:
        return Place(links=tuple(dict.fromkeys(links)))
    best = versions[0]
    here = {s.member.uri for s in versions}
    joined = next((s.member.cluster for s in versions if copies or s.strong or s.member.cluster in here), None)
    others_near = [s.member.uri for s in versions[1:] if s.member.cluster != joined]
    first = min((text, *(s.member for s in versions)), key=_precedence).uri
    preferred = first if first != best.member.uri else None
    return Place(best, bool(copies), joined, preferred, tuple(dict.fromkeys(others_near + links)))


def _order(sighting: Sighting) -> tuple[bool, float, float, int, str, str]:
    """A total order: the nearest first, of equals the earliest."""
    m = sighting.member
    return not sighting.strong, -sighting.jaccard, -sighting.containment, m.time, m.provider, m.uri


def _precedence(member: Member) -> tuple[bool, int, str, str]:
    """A total order that arrival has no part in; what has no time comes last."""
    return not member.time, member.time, member.provider, member.uri


def _covers(sighting: Sighting, text: Member, *, only_exact: bool) -> bool:
    """The member says all that `text` says, and another provider's readers have it."""
    member = sighting.member
    if not member.suppresses or member.provider == text.provider:
        return False
    if only_exact or member.tokens < LONG:
        return sighting.exact
    return sighting.covered >= SAME and (sighting.strong or sighting.contained) and not sighting.conflict


def _version(sighting: Sighting, text: Member) -> bool:
    if sighting.strong or (sighting.contained and min(text.tokens, sighting.member.tokens) >= BRIEF):
        return True
    return sighting.jaccard >= LARGELY and _long(sighting, text)


def _long(sighting: Sighting, text: Member) -> bool:
    return min(text.tokens, sighting.member.tokens) >= LONG


def _conflict(mine: Words, theirs: Words) -> bool:
    common = overlap(mine, theirs)
    return common < min(len(mine), len(theirs))


def _array(packed: bytes) -> Words:
    return np.frombuffer(packed, "<u4")
