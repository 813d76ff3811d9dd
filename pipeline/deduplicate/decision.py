"""What a delivery is to the story it names: decided purely, from what was known before.

Nothing here depends on the clock or on chance, so that a replay decides the same again.
"""

import msgspec
import xxhash

from pipeline.story import CANCELED, USABLE, Json, Relation, Story

NEW, REDELIVERY, STALE = "new", "redelivery", "stale"
COPY, REWRITE = "copy", "rewrite"
UPDATE, CORRECTION, WRITETHRU, REPEAT, KILL = "update", "correction", "writethru", "repeat", "kill"
NOT_PASSED_ON = frozenset({REDELIVERY, STALE, COPY})
_NOT_FOR_READERS = frozenset({"advisory", "test"})


class Known(msgspec.Struct, frozen=True):
    """What is remembered of a story: its newest version and the fingerprint of every version's content."""

    version: int
    contents: tuple[str, ...]
    killed: bool = False
    final: bool = False
    """Killed by a notice without a number, which nothing can be numbered higher than."""
    cluster: str | None = None
    """The uri of the first story of its cluster, where that is another."""
    copy: str | None = None
    """The story that was passed on in place of its newest version."""
    fields: dict[str, str] = {}
    """A short hash of each field of its newest version that has content."""
    runs: bool = True
    """Its newest version may run at once."""


class Decision(msgspec.Struct, frozen=True):
    """What a delivery was found to be, and the version it is."""

    kind: str
    version: int
    of: str | None = None
    final: bool = False
    """A kill that its source did not number."""
    similarity: float | None = None
    containment: float | None = None
    cluster: str | None = None
    preferred: str | None = None
    links: tuple[str, ...] = ()
    changes: dict[str, Json] = {}


def fingerprint(story: Story) -> str:
    """The content of a version as 32 hexadecimal digits: what a reader would see, and whether it may run.

    Times, ids and where it came from are left out: a source that only touches those says nothing new.
    """
    parts = [
        story.pub_status or "",
        str(story.embargoed_until or ""),
        story.ed_note or "",
        *(f"{h.role or ''}:{h.value}" for h in story.headlines),
        *(f"{b.content_type or ''}:{b.value}" for b in story.bodies),
    ]
    return xxhash.xxh128_hexdigest("\x1f".join(parts).encode("utf-8", "surrogatepass"))


def fields_of(story: Story) -> dict[str, str]:
    """A short hash of each field that `changes` tells about; empty ones are left out."""
    fields: dict[str, object] = {
        "headlines": [h.value for h in story.headlines],
        "bodies": [b.value for b in story.bodies],
        "edNote": story.ed_note,
        "pubStatus": story.pub_status,
        "embargoedUntil": story.embargoed_until and str(story.embargoed_until),
        "by": story.by,
        "slugline": story.slugline,
    }
    return {name: xxhash.xxh32_hexdigest(_bytes(value)) for name, value in fields.items() if value}


def may_run(story: Story) -> bool:
    """Readers get it at once, so that copies of it are not missed."""
    return (
        story.pub_status in (None, USABLE)
        and story.embargoed_until is None
        and story.newswire.embargo_text is None
        and _NOT_FOR_READERS.isdisjoint(story.newswire.signals)
    )


def _bytes(value: object) -> bytes:
    return repr(value).encode("utf-8", "surrogatepass")


def decide(known: Known | None, story: Story, content: str) -> Decision:
    """Compare a delivery with what is known of its uri."""
    stated = int(story.version) if story.version is not None and story.version.isdecimal() else None
    killing = story.pub_status == CANCELED
    if known is None:
        return Decision(KILL if killing else NEW, stated or 1, final=killing and stated is None)
    higher = stated is not None and stated > known.version
    # Seen before, unless its source numbers it anew (a text set back), or a kill meets a story that is alive.
    if content in known.contents and not higher and (known.killed or not killing):
        return Decision(REDELIVERY, known.version, story.uri)
    if stated is not None and stated < known.version:
        return Decision(STALE, stated, story.uri)
    if known.killed and not killing and (known.final or not higher):
        # A kill may overtake its original. Only a version that the source itself numbers higher than its own
        # kill runs again; where the kill has no number, in doubt nothing does.
        return Decision(STALE, known.version, story.uri)
    # A version that the source states twice with different content keeps its number: the later one wins at the sinks.
    version = known.version + 1 if stated is None else stated
    if killing:
        # Where readers may not have the story, because its newest version had to wait, the kill is said to be of none.
        return Decision(KILL, version, story.uri if known.runs else None, final=stated is None)
    return Decision(_revision(story), version, story.uri)


def _revision(story: Story) -> str:
    signals = set(story.newswire.signals)
    for kind in (CORRECTION, WRITETHRU, REPEAT):
        if kind in signals:
            return kind
    return UPDATE


def after(known: Known | None, decision: Decision, story: Story, content: str) -> Known:
    """What is known once a delivery was decided on."""
    if known is not None and decision.kind in (REDELIVERY, STALE):
        return known
    contents = (*known.contents, content) if known else (content,)
    return Known(
        max(known.version, decision.version) if known else decision.version,
        tuple(dict.fromkeys(contents)),
        # What was passed on after a kill is alive again, so that a second kill counts.
        decision.kind == KILL,
        decision.final,
        cluster=decision.cluster or (known.cluster if known else None),
        copy=decision.of if decision.kind == COPY else None,
        fields=fields_of(story),
        runs=may_run(story),
    )


def with_decision(story: Story, decision: Decision) -> Story:
    """The story with its version and its relation to what was known."""
    relation = Relation(
        kind=decision.kind,
        of=decision.of,
        similarity=decision.similarity,
        containment=decision.containment,
        cluster=decision.cluster,
        preferred=decision.preferred,
        changes=decision.changes,
        links=decision.links,
    )
    extension = msgspec.structs.replace(story.newswire, relation=relation)
    return msgspec.structs.replace(story, version=str(decision.version), newswire=extension)
