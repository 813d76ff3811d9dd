"""A wire world that does not exist: fictional agencies whose stories evolve, drawn from a seed.

The world knows the truth about everything it publishes, so that a pipeline's output can be scored.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec

from pipeline.simulate.copy import PHRASES, compose


class Agency(msgspec.Struct, frozen=True):
    """A fictional agency: how it publishes, and where its reporters are."""

    id: str
    name: str
    language: str
    channel: str
    """``rss``, ``atom`` or ``folder``."""
    cities: tuple[str, ...]


AGENCIES = (
    Agency("northline", "Northline", "en", "rss", ("Oslo", "Edinburgh", "Halifax", "Reykjavik", "Boston")),
    Agency("meridiana", "Meridiana", "es", "rss", ("Montevideo", "Bilbao", "Quito", "Valparaíso", "Madrid")),
    Agency("elbpresse", "Elbpresse", "de", "atom", ("Hamburg", "Dresden", "Wien", "Basel", "Leipzig")),
    Agency("rivages", "Rivages", "fr", "atom", ("Marseille", "Dakar", "Genève", "Nantes", "Bruxelles")),
    Agency("harbour", "Harbour News", "en", "folder", ("Singapore", "Perth", "Durban", "Mombasa", "Auckland")),
)

NEW, UPDATE, CORRECTION, KILL, COPY, EMBARGO = "new", "update", "correction", "kill", "copy", "embargo"


class Delivery(msgspec.Struct, frozen=True):
    """One thing that an agency publishes, and the truth about it.

    `of` is the id of the story it revises or copies, None for a new one; `embargo` a time before which
    it may not run.
    """

    agency: Agency
    id: str
    version: int
    kind: str
    headline: str
    paragraphs: tuple[str, ...]
    city: str
    at: datetime
    of: str | None = None
    note: str | None = None
    embargo: datetime | None = None


class World:
    """Draws one delivery after the other; equal seeds and times give equal worlds."""

    def __init__(self, seed: int = 1, *, agencies: tuple[Agency, ...] = AGENCIES, remembered: int = 200) -> None:
        self._random = Random(seed)
        self._agencies = agencies
        self._open: list[Delivery] = []
        self._remembered = remembered
        self._count = 0

    def draw(self, at: datetime) -> Delivery:
        """What is published next, at the time `at`."""
        self._count += 1
        kind = self._random.choices((NEW, UPDATE, CORRECTION, KILL, COPY, EMBARGO), weights=(60, 18, 5, 2, 10, 5))[0]
        if not self._open and kind in (UPDATE, CORRECTION, KILL, COPY):
            kind = NEW
        delivery = self._new(kind, at) if kind in (NEW, EMBARGO) else self._later(kind, at)
        if delivery.kind != COPY:
            self._open = [d for d in self._open if d.id != delivery.id]
            if delivery.kind in (NEW, UPDATE, CORRECTION):
                self._open = [*self._open, delivery][-self._remembered :]
        return delivery

    def stream(self, start: datetime, every: timedelta) -> Iterator[Delivery]:
        """Deliveries without end, at even distances in time."""
        at = start
        while True:
            yield self.draw(at)
            at += every

    def _new(self, kind: str, at: datetime) -> Delivery:
        agency = self._random.choice(self._agencies)
        city = self._random.choice(agency.cities)
        headline, paragraphs = compose(agency.language, self._random, agency.cities, city, at.weekday())
        embargo = at + timedelta(seconds=self._random.randint(10, 60)) if kind == EMBARGO else None
        identity = f"{agency.id}-{self._count:06d}"
        return Delivery(agency, identity, 1, kind, headline, tuple(paragraphs), city, at, embargo=embargo)

    def _later(self, kind: str, at: datetime) -> Delivery:
        before = self._random.choice(self._open)
        if kind == COPY:
            return self._copy(before, at)
        phrases = PHRASES[before.agency.language]
        changes: dict[str, object] = {"kind": kind, "version": before.version + 1, "at": at, "of": before.id}
        if kind == KILL:
            changes.update(paragraphs=(), note="STORY WITHDRAWN")
        else:
            _, fresh = compose(before.agency.language, self._random, before.agency.cities, before.city, at.weekday())
            kept = before.paragraphs if kind == UPDATE else before.paragraphs[:-1]
            changes.update(paragraphs=(*kept, fresh[-1]), note=phrases.update if kind == UPDATE else phrases.correction)
        return msgspec.structs.replace(before, **changes)

    def _copy(self, before: Delivery, at: datetime) -> Delivery:
        # A subscriber runs another agency's story under its own id, with its own furniture.
        others = [a for a in self._agencies if a.language == before.agency.language and a != before.agency]
        agency = self._random.choice(others) if others else before.agency
        identity = f"{agency.id}-{self._count:06d}"
        return msgspec.structs.replace(before, agency=agency, id=identity, version=1, kind=COPY, at=at, of=before.id)
