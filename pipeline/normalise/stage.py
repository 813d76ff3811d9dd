"""The stage between `wire.raw` and `wire.normalised`."""

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.item import decode_item
from pipeline.normalise.assemble import NO_HINTS, normalise
from pipeline.normalise.hints import Hints
from pipeline.record import Emit, Outcome, Record
from pipeline.story import CANCELED, to_ninjs

KIND = "newswire.story.normalised"


class NormaliseStage:
    """Decodes a raw item, reads it, and sends the story on under its uri. `hints` are by source name."""

    name = "normalise"

    def __init__(
        self,
        target: str = "wire.normalised",
        hints: Mapping[str, Hints] | None = None,
        *,
        priority: str = "wire.normalised.priority",
    ) -> None:
        """`priority` is the lane on which kills overtake the rest."""
        self._target = target
        self._priority = priority
        self._hints = dict(hints or {})

    def process(self, record: Record) -> Sequence[Outcome]:
        """One story for one item.

        Raises:
            Permanent: ``no_value``, ``bad_json``, ``bad_item`` and what `normalise` raises.
        """
        item = decode_item(record.value or b"")
        provenance = msgspec.structs.replace(item.provenance, raw=record.raw_coordinates)
        item = msgspec.structs.replace(item, provenance=provenance)
        story = normalise(item, hints=self._hints.get(provenance.source, NO_HINTS))
        time = story.version_created or provenance.fetched_at
        target = self._priority if story.pub_status == CANCELED else self._target
        return [Emit(topic=target, key=story.uri, value=to_ninjs(story), kind=KIND, time=time)]
