"""What the head of an NITF document states: ids, subjects, genres, keywords, links and the rest."""

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.xmls import attr, child, children, text_of
from pipeline.item import Concept, Link
from pipeline.story import Json

_KINDS = {"person": "person", "org": "organisation", "location": "place", "event": "event", "object.title": "object"}
_TAKEN_DATA = frozenset({
    "doc-id", "urgency", "date.issue", "date.release", "date.expire", "ed-msg", "key-list", "identified-content",
    "evloc", "doc.copyright", "doc.rights",
})  # fmt: skip


def alt_ids(data: etree._Element | None) -> dict[str, str]:
    """The document's id under ``id-string``, its registrar and its dynamic-use key."""
    doc_id = child(data, "doc-id")
    named = {
        "id-string": attr(doc_id, "id-string"),
        "regsrc": attr(doc_id, "regsrc"),
        "du-key": attr(child(data, "du-key"), "key"),
    }
    return {k: v for k, v in named.items() if v}


def genres(head: etree._Element | None) -> tuple[Concept, ...]:
    """The properties of the topic object: current, feature, analysis ..."""
    named = (attr(p, "tobject.property.type") for p in children(child(head, "tobject"), "tobject.property"))
    return tuple(Concept(kind="genre", name=name) for name in named if name)


def concepts(root: etree._Element) -> tuple[Concept, ...]:
    """Coded subjects, places of the event, identified content, and the people and places marked in the copy."""
    head = child(root, "head")
    data = child(head, "docdata")
    found = [_subject(s) for s in children(child(head, "tobject"), "tobject.subject")]
    found += [_event_place(place) for place in children(data, "evloc")]
    found += _marked(child(data, "identified-content"), None)
    body = child(root, "body", "body.content")
    found += _marked(body, "mention") if body is not None else []
    return _unique(found)


def _key(concept: Concept) -> tuple[str, str | None, str | None]:
    return concept.kind, concept.name, concept.code


def _unique(found: list[Concept]) -> tuple[Concept, ...]:
    return tuple({_key(c): c for c in reversed(found) if c.name or c.code}.values())[::-1]


def _subject(subject: etree._Element) -> Concept:
    words = [attr(subject, f"tobject.subject.{part}") for part in ("type", "matter", "detail")]
    return Concept(
        kind="subject",
        name=next((word for word in reversed(words) if word), None),
        code=attr(subject, "tobject.subject.refnum", "tobject.subject.code"),
        scheme=attr(subject, "tobject.subject.ipr"),
        details={"path": [w for w in words if w]} if sum(map(bool, words)) > 1 else {},
    )


def _event_place(place: etree._Element) -> Concept:
    parts = {str(k): str(v) for k, v in place.attrib.items() if v}
    words = (attr(place, "city"), attr(place, "county-dist"), attr(place, "state-prov"), attr(place, "iso-cc"))
    name = text_of(place) or next(filter(None, words), None)
    return Concept(kind="place", name=name, rel="event", details=dict(parts))


def _marked(element: etree._Element | None, rel: str | None) -> list[Concept]:
    if element is None:
        return []
    marked = (e for e in element.iter(etree.Element) if xmls.name(e) in _KINDS)
    return [
        Concept(
            kind=_KINDS[xmls.name(e)],
            name=text_of(e),
            code=attr(e, "value", "location-code"),
            scheme=attr(e, "idsrc", "code-source"),
            rel=rel,
        )
        for e in marked
    ]


def links(root: etree._Element) -> tuple[Link, ...]:
    """The media in the body, and the document this one manages (NITF's word for replaces, kills ...)."""
    data, body = child(root, "head", "docdata"), child(root, "body")
    found = [link for media in _media(body) for link in _renditions(media)]
    managed = attr(data, "management-doc-idref")
    if managed:
        status = attr(data, "management-idref-status")
        found.append(Link(rel="manages", uri=managed, details={"status": status} if status else {}))
    return tuple(found)


def _media(body: etree._Element | None) -> list[etree._Element]:
    return [] if body is None else [e for e in body.iter(etree.Element) if xmls.name(e) == "media"]


def _renditions(media: etree._Element) -> list[Link]:
    caption, producer = text_of(child(media, "media-caption")), text_of(child(media, "media-producer"))
    shared = {k: v for k, v in (("type", attr(media, "media-type")), ("producer", producer)) if v}
    return [
        Link(
            rel="media",
            href=attr(reference, "source", "data-location"),
            title=caption,
            content_type=attr(reference, "mime-type"),
            details=shared | {str(k): str(v) for k, v in reference.attrib.items() if k not in {"source", "mime-type"}},
        )
        for reference in children(media, "media-reference")
    ]


def extra(root: etree._Element) -> dict[str, Json]:
    """All metas, keywords and the parts of docdata and the body's end that have no field of their own."""
    head = child(root, "head")
    data = child(head, "docdata")
    keywords = [attr(k, "key") for k in children(child(data, "key-list"), "keyword")]
    named: dict[str, Json] = {
        "keywords": [k for k in keywords if k],
        "meta": {n: c for m in children(head, "meta") if (n := attr(m, "name")) and (c := attr(m, "content"))},
        "tobject.type": attr(child(head, "tobject"), "tobject.type"),
        "docdata": _docdata(data),
        "pubdata": _attributes(child(head, "pubdata")),
        "revisions": [_attributes(r) for r in children(head, "revision-history")],
        "tagline": text_of(child(root, "body", "body.end", "tagline")),
        "bibliography": text_of(child(root, "body", "body.end", "bibliography")),
        "series": text_of(child(root, "body", "body.head", "series")),
    }
    return {k: v for k, v in named.items() if v}


def _docdata(data: etree._Element | None) -> dict[str, Json]:
    if data is None:
        return {}
    left: dict[str, Json] = {}
    for inner in data:
        name, attributes = xmls.name(inner), _attributes(inner)
        if name and name not in _TAKEN_DATA and attributes:
            left.setdefault(name, []).append(attributes)
    return left


def _attributes(element: etree._Element | None) -> dict[str, str]:
    return {} if element is None else {str(k): str(v) for k, v in element.attrib.items() if v}
