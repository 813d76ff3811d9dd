"""Subjects, genres, links and other metadata of a NewsML 1 item."""

from collections.abc import Iterator

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.xmls import attr, child, children, text_of
from pipeline.item import Concept, Link
from pipeline.story import Json

_SUBJECTS = frozenset({"subject", "subjectmatter", "subjectdetail", "subjectqualifier"})
_DEEPEST = 100
_GEOGRAPHY = frozenset({"city", "country", "countryarea", "worldregion", "sublocation"})


def formal(element: etree._Element | None) -> str | None:
    """The formal name that NewsML 1 codes nearly all with."""
    return attr(element, "FormalName")


class Outline:
    """The elements of an item that are no content, in document order, and by local name."""

    def __init__(self, item: etree._Element) -> None:
        self.elements: list[etree._Element] = []
        self._named: dict[str, list[etree._Element]] = {}
        self._collect(item, 0)

    def _collect(self, element: etree._Element, depth: int) -> None:
        for inner in element.iterchildren(etree.Element):
            self.elements.append(inner)
            name = xmls.name(inner)
            self._named.setdefault(name, []).append(inner)
            if name != "datacontent" and len(inner) and depth < _DEEPEST:
                self._collect(inner, depth + 1)

    def named(self, name: str) -> list[etree._Element]:
        return self._named.get(name, [])


def genres(outline: Outline) -> tuple[Concept, ...]:
    """The genres, each once."""
    found = (formal(e) for e in outline.named("genre"))
    return tuple(Concept(kind="genre", name=name, code=name) for name in dict.fromkeys(filter(None, found)))


def concepts(outline: Outline) -> tuple[Concept, ...]:
    """Subject codes with the names their topic sets give them, and the places of origin."""
    names = _topics(outline.named("topic"))
    found: dict[tuple[str, str], Concept] = {}
    for element in outline.elements:
        name, code = xmls.name(element), formal(element)
        if name in _SUBJECTS and code:
            found.setdefault(
                ("subject", code),
                Concept(kind="subject", code=code, name=names.get(code), scheme=attr(element, "Scheme", "Vocabulary")),
            )
        elif name == "location":
            for place in _places(element):
                found.setdefault(("place", place.name or ""), place)
    return tuple(found.values())


def _topics(topics: list[etree._Element]) -> dict[str, str]:
    named: dict[str, str] = {}
    for topic in topics:
        code = text_of(child(topic, "formalname"))
        wanted = [d for d in children(topic, "description") if code and attr(d, "Variant") in {None, "Name"}]
        english = [d for d in wanted if (xmls.lang(d) or "en").startswith("en")]
        name = next(filter(None, map(text_of, english or wanted)), None)
        if code and name:
            named[code] = name
    return named


def _places(location: etree._Element) -> Iterator[Concept]:
    parts = {(formal(p) or "").lower(): attr(p, "Value") for p in children(location, "property")}
    kept = {k: v for k, v in parts.items() if k and v}
    name = next((kept[k] for k in ("city", "countryarea", "country") if k in kept), None)
    if name:
        yield Concept(kind="place", name=name, rel=attr(location, "HowPresent"), details=dict(kept))


def links(management: etree._Element | None) -> tuple[Link, ...]:
    """The items this one is derived from or associated with."""
    return tuple(
        Link(rel="associated" if xmls.name(e) == "associatedwith" else "derived", uri=uri)
        for e in children(management, "associatedwith", "derivedfrom")
        if (uri := attr(e, "NewsItem"))
    )


def extra(
    item: etree._Element, outline: Outline, envelope: dict[str, Json], keyword_line: str | None
) -> dict[str, Json]:
    """The envelope, keywords, and all formal properties that have no field of their own."""
    keywords = [keyword_line] if keyword_line else []
    properties: dict[str, Json] = {}
    for element in outline.named("property"):
        key, value = formal(element), attr(element, "Value")
        if key and value and key.lower() == "keyword":
            keywords.append(value)
        elif key and value and key.lower() not in _GEOGRAPHY:
            properties.setdefault(key, []).append(value)
    interests = [key for element in outline.named("ofinterestto") if (key := formal(element))]
    revision = child(item, "identification", "newsidentifier", "revisionid")
    named: dict[str, Json] = {
        "envelope": envelope,
        "keywords": list(dict.fromkeys(keywords)),
        "ofInterestTo": interests,
        "properties": properties,
        "update": attr(revision, "Update"),
        "previousRevision": attr(revision, "PreviousRevision"),
    }
    return {k: v for k, v in named.items() if v}
