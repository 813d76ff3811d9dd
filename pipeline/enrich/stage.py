"""The stage between `wire.unique` and `wire.enriched`."""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

import msgspec

from pipeline.enrich.enricher import Enricher
from pipeline.enrich.keywords import Keywords
from pipeline.enrich.language import Language
from pipeline.enrich.organisations import Organisations
from pipeline.enrich.people import People
from pipeline.enrich.places import Places
from pipeline.enrich.quotes import Quotes
from pipeline.enrich.reading import ReadingTime
from pipeline.enrich.topics import Topics
from pipeline.errors import Permanent
from pipeline.record import Emit, Outcome, Record
from pipeline.story import CANCELED, Story, from_ninjs, to_ninjs

GROUP = "newswire.enrichers"
"""Entry point group under which other packages offer enrichers: callables without arguments that make one."""

Timing = Callable[[str, float, bool], None]
"""Told after each enricher: its name, seconds, and whether it succeeded."""


def default_enrichers() -> list[Enricher]:
    """The light enrichers, in order."""
    return [Language(), People(), Organisations(), Places(), Quotes(), Topics(), Keywords(), ReadingTime()]


def load_enrichers(names: Sequence[str]) -> list[Enricher]:
    """The enrichers of these names, ours and those of installed packages.

    Raises:
        Permanent: ``unknown_enricher``.
    """
    ours: dict[str, Callable[[], Enricher]] = {e.name: type(e) for e in default_enrichers()}
    offered: dict[str, Callable[[], Enricher]] = {point.name: point.load() for point in entry_points(group=GROUP)}
    available = {**offered, **ours}
    for name in names:
        if name not in available:
            raise Permanent("unknown_enricher", f"no enricher {name!r}; there are: {', '.join(sorted(available))}")
    return [available[name]() for name in names]


class EnrichStage:
    """Runs the enrichers one after the other; one that fails is skipped and named, and the story flows on."""

    name = "enrich"

    def __init__(
        self,
        enrichers: Sequence[Enricher],
        *,
        clock: Callable[[], float],
        timing: Timing = lambda _name, _seconds, _good: None,
        topic: str = "wire.enriched",
        priority: str = "wire.enriched.priority",
    ) -> None:
        """`clock` counts seconds; it is only used to tell `timing` how long an enricher took.

        `priority` is the lane of kills, which are passed on as they are.
        """
        self._enrichers = list(enrichers)
        self._clock = clock
        self._timing = timing
        self._topic = topic
        self._priority = priority

    def process(self, record: Record) -> Sequence[Outcome]:
        """Enrich one story."""
        if record.value is None:
            raise Permanent("no_value", "a tombstone is no story")
        story = from_ninjs(record.value)
        if story.pub_status == CANCELED:
            return (Emit(self._priority, story.uri, record.value, "newswire.story.enriched", story.version_created),)
        story = self.enrich(story)
        return (Emit(self._topic, story.uri, to_ninjs(story), "newswire.story.enriched", story.version_created),)

    def enrich(self, story: Story) -> Story:
        """The story with what every enricher found, and which ran."""
        ran: dict[str, str] = {}
        failed: list[str] = []
        for enricher in self._enrichers:
            began = self._clock()
            try:
                story = enricher.enrich(story)
                ran[enricher.name] = enricher.version
            except Exception:  # noqa: BLE001  # a finding that could not be made must not stop the story
                failed.append(enricher.name)
            self._timing(enricher.name, self._clock() - began, enricher.name in ran)
        partial = {"partial": True, "failed": failed} if failed else None
        extension = msgspec.structs.replace(story.newswire, enrichers=ran, enrichment=partial)
        return msgspec.structs.replace(story, newswire=extension)
