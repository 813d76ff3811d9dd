"""Subjects, genres, links and other metadata of a NewsML 1 item."""

from collections.abc import Iterator

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.xmls import attr, child, children, text_of
from pipeline.item import Concept, Link
from pipeline.story import Json

_SUBJECTS = frozenset({"subject", "subjectmatter", "subjectdetail", "subjectqualifier"})
_GEOGRAPHY = frozenset({"city", "country", "countryarea", "worldregion", "sublocation"})


def formal(element: etree._Element | None) -> str | None:
    """The formal name that NewsML 1 codes nearly all with."""
    return attr(element, "formalname")


def metadata(item: etree._Element) -> Iterator[etree._Element]:
    """Everything inside an item that is no content, depth first."""
    for inner in item:
        if xmls.name(inner) != "datacontent":
            yield inner
            yield from metadata(inner)


def genres(item: etree._Element) -> tuple[Concept, ...]:
    """The genres, each once."""
    found = (formal(e) for e in metadata(item) if xmls.name(e) == "genre")
    return tuple(Concept(kind="genre", name=name, code=name) for name in dict.fromkeys(filter(None, found)))


def concepts(item: etree._Element) -> tuple[Concept, ...]:
    """Subject codes with the names their topic sets give them, and the places of origin."""
    elements = list(metadata(item))
    names = _topics(elements)
    found: dict[tuple[str, str], Concept] = {}
    for element in elements:
        name, code = xmls.name(element), formal(element)
        if name in _SUBJECTS and code:
            found.setdefault(
                ("subject", code),
                Concept(kind="subject", code=code, name=names.get(code), scheme=attr(element, "scheme", "vocabulary")),
            )
        elif name == "location":
            for place in _places(element):
                found.setdefault(("place", place.name or ""), place)
    return tuple(found.values())


def _topics(elements: list[etree._Element]) -> dict[str, str]:
    named: dict[str, str] = {}
    for topic in elements:
        code = text_of(child(topic, "formalname")) if xmls.name(topic) == "topic" else None
        wanted = [d for d in children(topic, "description") if code and attr(d, "variant") in {None, "Name"}]
        english = [d for d in wanted if (attr(d, "lang") or "en").startswith("en")]
        name = next(filter(None, map(text_of, english or wanted)), None)
        if code and name:
            named[code] = name
    return named


def _places(location: etree._Element) -> Iterator[Concept]:
    parts = {(formal(p) or "").lower(): attr(p, "value") for p in children(location, "property")}
    kept = {k: v for k, v in parts.items() if k and v}
    name = next((kept[k] for k in ("city", "countryarea", "country") if k in kept), None)
    if name:
        yield Concept(kind="place", name=name, rel=attr(location, "howpresent"), details=dict(kept))


def links(management: etree._Element | None) -> tuple[Link, ...]:
    """The items this one is derived from or associated with."""
    return tuple(
        Link(rel="associated" if xmls.name(e) == "associatedwith" else "derived", uri=uri)
        for e in children(management, "associatedwith", "derivedfrom")
        if (uri := attr(e, "newsitem"))
    )


def extra(item: etree._Element, envelope: dict[str, Json], keyword_line: str | None) -> dict[str, Json]:
    """The envelope, keywords, and all formal properties that have no field of their own."""
    keywords = [keyword_line] if keyword_line else []
    properties: dict[str, Json] = {}
    interests: list[str] = []
    for element in metadata(item):
        name, key = xmls.name(element), formal(element)
        value = attr(element, "value")
        if name == "property" and key and value:
            if key.lower() == "keyword":
                keywords.append(value)
            elif key.lower() not in _GEOGRAPHY:
                properties.setdefault(key, []).append(value)
        elif name == "ofinterestto" and key:
            interests.append(key)
    revision = child(item, "identification", "newsidentifier", "revisionid")
    named: dict[str, Json] = {
        "envelope": envelope,
        "keywords": list(dict.fromkeys(keywords)),
        "ofInterestTo": interests,
        "properties": properties,
        "update": attr(revision, "update"),
        "previousRevision": attr(revision, "previousrevision"),
    }
    return {k: v for k, v in named.items() if v}
