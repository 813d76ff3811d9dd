"""The source's own people, organisations, places, subjects and genres, as ninjs has them."""

import re

from pipeline.item import Concept
from pipeline.story import Genre, Organisation, Person, Place, Subject

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~%]+")
_KNOWN = frozenset({"http", "https", "urn", "tag"})


def uri_of(concept: Concept) -> str | None:
    """The concept's uri where it is one that a stranger could resolve or compare, else None."""
    for candidate in (concept.uri, concept.code):
        if candidate and _URI.fullmatch(candidate) and candidate.partition(":")[0].lower() in _KNOWN:
            return candidate
    return None


def literal_of(concept: Concept) -> str | None:
    """The source's code, where there is no uri that says the same."""
    literal = concept.code or concept.uri
    return literal if literal and literal != uri_of(concept) else None


def people(concepts: tuple[Concept, ...]) -> tuple[Person, ...]:
    return tuple(
        Person(name=c.name, rel=c.rel, uri=uri_of(c), literal=literal_of(c)) for c in concepts if c.kind == "person"
    )


def organisations(concepts: tuple[Concept, ...]) -> tuple[Organisation, ...]:
    return tuple(
        Organisation(name=c.name, rel=c.rel, uri=uri_of(c), literal=literal_of(c))
        for c in concepts
        if c.kind == "organisation"
    )


def places(concepts: tuple[Concept, ...]) -> tuple[Place, ...]:
    return tuple(
        Place(
            name=c.name,
            rel=c.rel,
            uri=uri_of(c),
            literal=literal_of(c),
            # RFC 7946 section 3.1.1: longitude comes first.
            geo_json={"type": "Point", "coordinates": [c.geo[1], c.geo[0]]} if c.geo else None,
        )
        for c in concepts
        if c.kind == "place"
    )


def subjects(concepts: tuple[Concept, ...]) -> tuple[Subject, ...]:
    """Subjects, and what ninjs 3.1 keeps no like list of: events and objects, with `rel` saying which."""
    return tuple(
        Subject(
            name=c.name,
            rel=c.rel or (c.kind if c.kind != "subject" else None),
            uri=uri_of(c),
            literal=literal_of(c),
            relevance=_percent(c.relevance),
            confidence=_percent(c.confidence),
        )
        for c in concepts
        if c.kind not in {"person", "organisation", "place", "genre"}
    )


def genres(*groups: tuple[Concept, ...]) -> tuple[Genre, ...]:
    return tuple(
        Genre(name=c.name, uri=uri_of(c), literal=literal_of(c))
        for index, group in enumerate(groups)
        for c in group
        if index == 0 or c.kind == "genre"
    )


def _percent(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= 100 else None  # noqa: PLR2004  # per cent
