"""The stage between `wire.normalised` and `wire.unique`."""

from collections.abc import Sequence

from pipeline.deduplicate.decision import (
    KILL,
    NOT_PASSED_ON,
    Decision,
    Known,
    after,
    decide,
    fingerprint,
    with_decision,
)
from pipeline.deduplicate.index import StoryIndex
from pipeline.errors import Permanent
from pipeline.record import Emit, Outcome, Record, Reject
from pipeline.story import Story, from_ninjs, to_ninjs


class DeduplicateStage:
    """A `BatchStage`: two look-ups and one write in the index per batch, whatever its size."""

    name = "deduplicate"

    def __init__(
        self,
        index: StoryIndex,
        *,
        unique: str = "wire.unique",
        priority: str = "wire.enriched.priority",
        duplicates: str = "wire.duplicates",
    ) -> None:
        """`priority` is the lane on which kills overtake the rest; a notice has nothing in it to enrich."""
        self._index = index
        self._priority = priority
        self._unique = unique
        self._duplicates = duplicates

    def process_batch(self, records: Sequence[Record]) -> list[Sequence[Outcome]]:
        """Decide on each record in order; what was claimed before is decided the same again."""
        stories: list[Story | Reject] = [_story(record) for record in records]
        contents = [fingerprint(s) if isinstance(s, Story) else "" for s in stories]
        claims = [claim_of(r, s, c) for r, s, c in zip(records, stories, contents, strict=True)]
        claimed = self._index.claims(claims)
        known = dict(self._index.known([s.uri for s in stories if isinstance(s, Story)]))
        fresh: dict[str, Decision] = {}
        touched: dict[str, Known] = {}
        results: list[Sequence[Outcome]] = []
        for claim, story, content in zip(claims, stories, contents, strict=True):
            if isinstance(story, Reject):
                results.append((story,))
                continue
            decision = claimed.get(claim) or fresh.get(claim)
            if decision is None:
                decision = fresh[claim] = decide(known.get(story.uri), story, content)
                known[story.uri] = touched[story.uri] = after(known.get(story.uri), decision, content)
            results.append((self._emit(story, decision),))
        if fresh:
            self._index.remember(fresh, touched)
        return results

    def _emit(self, story: Story, decision: Decision) -> Emit:
        decided = with_decision(story, decision)
        topic, kind = self._unique, "newswire.story.unique"
        if decision.kind in NOT_PASSED_ON:
            topic, kind = self._duplicates, "newswire.story.duplicate"
        elif decision.kind == KILL:
            topic = self._priority
        return Emit(topic, story.uri, to_ninjs(decided), kind, story.version_created)


def claim_of(record: Record, story: Story | Reject, content: str) -> str:
    """Whose decision it is: the raw record's coordinates, and what stood there.

    Coordinates alone would not do: a log that was made anew starts at offset 0 again, and its first stories must
    not inherit what was decided on others.
    """
    uri = story.uri if isinstance(story, Story) else ""
    return f"{record.raw_coordinates} {content} {uri}"


def _story(record: Record) -> Story | Reject:
    if record.value is None:
        return Reject("no_value", "a tombstone is no story")
    try:
        return from_ninjs(record.value)
    except Permanent as error:
        return Reject(error.code, error.why)
