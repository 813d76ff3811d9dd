"""The stage between `wire.normalised` and `wire.unique`."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.deduplicate.decision import COPY, KILL, NOT_PASSED_ON, Decision, fingerprint, with_decision
from pipeline.deduplicate.index import StoryIndex
from pipeline.deduplicate.judge import Judge, draft
from pipeline.deduplicate.member import Member
from pipeline.deduplicate.neighbours import Neighbours
from pipeline.deduplicate.shingles import Sketcher, Words
from pipeline.errors import Permanent, Transient
from pipeline.record import Emit, Outcome, Record, Reject
from pipeline.story import CANCELED, Story, from_ninjs, to_ninjs

_TRIES = 100
"""At remembering a batch while other workers remember theirs; each that fails is one of theirs that did not."""


class Delivery(NamedTuple):
    """A story to decide on, and the fingerprint of its content."""

    story: Story
    content: str


class DeduplicateStage:
    """A `BatchStage`: a few look-ups and one write in the index per batch, whatever its size."""

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
        self._sketcher = Sketcher()
        self._neighbours = Neighbours()
        self._priority = priority
        self._unique = unique
        self._duplicates = duplicates

    def process_batch(self, records: Sequence[Record]) -> list[Sequence[Outcome]]:
        """Decide on each record in order; what was claimed before is decided the same again.

        Raises:
            Transient: the index can't be reached, or other workers were faster time and again.
        """
        parsed = [_story(record) for record in records]
        stories = {n: story for n, story in enumerate(parsed) if isinstance(story, Story)}
        contents = {n: fingerprint(story) for n, story in stories.items()}
        claims = {n: claim_of(records[n], story, contents[n]) for n, story in stories.items()}
        claimed = self._index.claims(list(claims.values()))
        deliveries: dict[str, Delivery] = {}
        for n, claim in claims.items():
            if claim not in claimed:
                deliveries.setdefault(claim, Delivery(stories[n], contents[n]))
        decided = {**claimed, **(self._decide(deliveries) if deliveries else {})}
        return [
            (story,) if isinstance(story, Reject) else (self._emit(story, decided[claims[n]]),)
            for n, story in enumerate(parsed)
        ]

    def _decide(self, deliveries: Mapping[str, Delivery]) -> Mapping[str, Decision]:
        """Decide and remember, as if no other worker had been at it meanwhile."""
        drafts = self._drafts(deliveries)
        for _ in range(_TRIES):
            self._read_on()
            decided, judge = self._attempt(deliveries, drafts)
            after = self._neighbours.last if judge.members else None
            if self._index.remember(
                decided, judge.touched, judge.members, after=after, expired=self._neighbours.expired
            ):
                return decided
        raise Transient("state: other workers remember stories faster than this one can compare its own with them")

    def _read_on(self) -> None:
        while marks := self._index.since(self._neighbours.last):
            self._neighbours.add(marks)

    def _drafts(self, deliveries: Mapping[str, Delivery]) -> dict[str, tuple[Member, Words]]:
        """The texts of the batch that have words."""
        given = {claim: d.story for claim, d in deliveries.items() if d.story.pub_status != CANCELED and d.story.text}
        sketches = self._sketcher.sketch([(story.text, story.headline) for story in given.values()])
        return {
            claim: (draft(story, sketch), sketch.bands)
            for (claim, story), sketch in zip(given.items(), sketches, strict=True)
            if sketch.tokens
        }

    def _attempt(
        self, deliveries: Mapping[str, Delivery], drafts: Mapping[str, tuple[Member, Words]]
    ) -> tuple[dict[str, Decision], Judge]:
        members, bands = [m for m, _ in drafts.values()], [b for _, b in drafts.values()]
        near = dict(zip(drafts, self._neighbours.find(members, bands), strict=True))
        remembered = self._index.members([number for old, _ in near.values() for number in old])
        uris = [d.story.uri for d in deliveries.values()]
        known = self._index.known([*uris, *(m.uri for m in remembered.values())])
        judge = Judge(known, self._index.texts([uri for uri in uris if uri in known]))
        rows = {claim: row for row, claim in enumerate(drafts)}
        fresh: dict[int, Member] = {}
        decided = {}
        for claim, delivery in deliveries.items():
            text = drafts[claim][0] if claim in drafts else None
            old, new = near.get(claim, ((), ()))
            others = [remembered[n] for n in old if n in remembered] + [fresh[row] for row in new if row in fresh]
            before = len(judge.members)
            decided[claim] = judge.decide(delivery.story, delivery.content, text, others)
            if len(judge.members) > before:
                fresh[rows[claim]] = judge.members[-1]
        return decided, judge

    def _emit(self, story: Story, decision: Decision) -> Emit:
        decided = with_decision(story, decision)
        topic, kind = self._unique, "newswire.story.unique"
        if decision.kind in NOT_PASSED_ON:
            topic, kind = self._duplicates, "newswire.story.duplicate"
        elif decision.kind == KILL:
            topic = self._priority
        key = decision.of if decision.kind == COPY and decision.of else story.uri
        return Emit(topic, key, to_ninjs(decided), kind, story.version_created)


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
