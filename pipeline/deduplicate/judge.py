"""Decisions on the texts of a batch, each from what stood before it: which are copies, rewrites or revisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from pipeline.deduplicate.decision import (
    COPY,
    KILL,
    REDELIVERY,
    REWRITE,
    STALE,
    Decision,
    Known,
    after,
    decide,
    fields_of,
    may_run,
)
from pipeline.deduplicate.member import Member
from pipeline.deduplicate.near import compare, place, provider_of
from pipeline.deduplicate.shingles import Sketch
from pipeline.story import Json, Story


def draft(story: Story, sketch: Sketch) -> Member:
    """The text of a story before it was compared: the first of a cluster of its own."""
    provenance = story.newswire.provenance
    seen = _seconds(provenance.fetched_at if provenance else None)
    time = _seconds(story.version_created or story.content_created or story.first_created)
    return Member(
        uri=story.uri,
        cluster=story.uri,
        provider=provider_of(story),
        # A source whose clock is ahead must not carry its stories out of everybody's window.
        time=min(time or seen, seen or time),
        seen=seen or time,
        tokens=sketch.tokens,
        suppresses=may_run(story),
        body=sketch.body,
        bands=sketch.bands.astype("<u4").tobytes(),
        shingles=sketch.shingles.astype("<u4").tobytes(),
        figures=sketch.figures.astype("<u4").tobytes(),
    )


class Judge:
    """What is known while a batch is decided on; `touched` and `members` are what it adds."""

    def __init__(self, known: Mapping[str, Known], texts: Mapping[str, Member]) -> None:
        """`known` holds the stories of the batch and those of every member it may be near to."""
        self._known = dict(known)
        self._texts = dict(texts)
        self.touched: dict[str, Known] = {}
        self.members: list[Member] = []

    def decide(self, story: Story, content: str, text: Member | None, others: Sequence[Member]) -> Decision:
        """Decide on a delivery; `text` is its draft, None where it has no words, and `others` may be near it."""
        known = self._known.get(story.uri)
        decision = decide(known, story, content)
        if decision.kind not in (REDELIVERY, STALE):
            before = self._texts.get(story.uri)
            if known is not None:
                decision = _with_changes(decision, _changed(known.fields, fields_of(story)), before, text)
            if decision.kind != KILL and text is not None:
                if known is None or known.copy:
                    decision, text = self._place(story, decision, text, others)
                elif known.cluster:
                    decision = msgspec.structs.replace(decision, cluster=known.cluster)
                    text = msgspec.structs.replace(text, cluster=known.cluster)
                self.members.append(text)
                self._texts[story.uri] = text
        self._known[story.uri] = self.touched[story.uri] = after(known, decision, story, content)
        return decision

    def _place(
        self, story: Story, decision: Decision, text: Member, others: Sequence[Member]
    ) -> tuple[Decision, Member]:
        """A text that readers have no version of, among those near it."""
        found = place(text, story, others, self._runs)
        if found.of is None:
            return msgspec.structs.replace(decision, links=found.links), text
        decided = msgspec.structs.replace(
            decision,
            kind=COPY if found.copy else REWRITE,
            of=found.of.member.uri,
            cluster=found.cluster,
            preferred=found.preferred,
            similarity=round(found.of.jaccard, 4),
            containment=round(found.of.containment, 4),
            links=found.links,
        )
        # A copy to the letter is found by the text that it is a copy of.
        bands = b"" if found.copy and found.of.exact else text.bands
        kept = text.suppresses and not found.copy
        return decided, msgspec.structs.replace(text, cluster=found.cluster or text.uri, suppresses=kept, bands=bands)

    def _runs(self, uri: str) -> bool:
        known = self._known.get(uri)
        return known is None or (known.runs and not known.killed)


def _with_changes(decision: Decision, changed: list[str], before: Member | None, text: Member | None) -> Decision:
    """The decision on a revision with what it changes, and how much of its text is not in the version before."""
    changes: dict[str, Json] = {"fields": changed}
    if before is None or text is None:
        return msgspec.structs.replace(decision, changes=changes)
    seen = compare(text, before)
    changes["text"] = round(1 - seen.covered, 4)
    return msgspec.structs.replace(
        decision, changes=changes, similarity=round(seen.jaccard, 4), containment=round(seen.containment, 4)
    )


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0
