"""Concepts, links, ids and other metadata of a NewsML-G2 item."""

from collections.abc import Iterable, Iterator

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.catalogs import code_of, resolve
from pipeline.formats.document import whole
from pipeline.formats.xmls import Parts, attr, child, children, text_of
from pipeline.item import Concept, Link
from pipeline.story import Json

_KINDS = {
    "person": "person", "organisation": "organisation", "geoarea": "place", "poi": "place", "event": "event",
    "object": "object",
}  # fmt: skip
_ATTRIBUTES = ("type", "rank", "role", "creator")
_TEXTS = ("filename", "title", "service", "profile", "generator", "instanceof", "role", "memberof")


def name_of(element: etree._Element | None) -> str | None:
    """How a document names a party or place: its name, else its literal, else the code."""
    if element is None:
        return None
    return (
        text_of(child(element, "name"))
        or attr(element, "literal")
        or code_of(attr(element, "qcode"))
        or attr(element, "uri")
    )


def schemes_of(item: etree._Element) -> dict[str, str]:
    """The scheme aliases of an item's own inline catalogs."""
    return {
        alias: uri
        for catalog in children(item, "catalog")
        for scheme in children(catalog, "scheme")
        if (alias := attr(scheme, "alias")) and (uri := attr(scheme, "uri"))
    }


def concepts(
    elements: Iterable[etree._Element], schemes: dict[str, str], kind: str, rel: str | None = None
) -> tuple[Concept, ...]:
    """Subjects, genres or places as coded, qcodes resolved where the vocabulary is known."""
    found = (_concept(element, schemes, kind, rel) for element in elements)
    return tuple(concept for concept in found if concept is not None)


def _concept(element: etree._Element, schemes: dict[str, str], kind: str, rel: str | None) -> Concept | None:
    # A package of news has hundreds of these, most of them bare codes: nothing is looked up that cannot be there.
    qcode, uri, literal = attr(element, "qcode"), attr(element, "uri"), attr(element, "literal")
    bare, plain = len(element) == 0, len(element.keys()) == 1
    name = (None if bare else text_of(child(element, "name"))) or literal
    if not (qcode or uri or name):
        return None
    kind_code = "" if plain else (code_of(attr(element, "type")) or "").lower()
    return Concept(
        kind=_KINDS.get(kind_code, kind) if kind == "subject" else kind,
        name=name,
        code=qcode or literal,
        uri=uri or resolve(qcode, schemes),
        scheme=qcode.partition(":")[0] if qcode and ":" in qcode else None,
        rel=rel or (None if plain else attr(element, "why")),
        relevance=None if plain else whole(element.get("relevance")),
        confidence=None if plain else whole(element.get("confidence")),
        geo=None if bare else _position(element),
        details={} if bare and plain else _details(element),
    )


def _position(element: etree._Element) -> tuple[float, float] | None:
    position = child(element, "geoareadetails", "position")
    if position is None:
        return None
    try:
        return float(position.get("latitude", "")), float(position.get("longitude", ""))
    except ValueError:
        return None


def _details(element: etree._Element) -> dict[str, Json]:
    named: dict[str, Json] = {key: value for key in _ATTRIBUTES if (value := attr(element, key))}
    if len(element) > 1:
        more: dict[str, Json] = {
            "broader": [_part(b) for b in children(element, "broader")],
            "sameAs": [_part(s) for s in children(element, "sameas")],
            "names": list(xmls.texts(element, "name"))[1:],
        }
        named |= {k: v for k, v in more.items() if v}
    return named


def _part(element: etree._Element) -> dict[str, str]:
    named = {
        "name": text_of(child(element, "name")) or attr(element, "literal"),
        "code": attr(element, "qcode", "uri"),
        "type": attr(element, "type"),
    }
    return {k: v for k, v in named.items() if v}


def alt_ids(content: Parts) -> dict[str, str]:
    """Alternative ids by type; a second of one type is told by its environment or its number."""
    found: dict[str, str] = {}
    for element in content.all("altid"):
        value, kind = text_of(element), attr(element, "type") or "altId"
        if value is None:
            continue
        where = attr(element, "environment")
        if kind in found:
            kind = f"{kind}:{where or len(found)}"
        found[kind] = value
    return found


def links(meta: Parts) -> tuple[Link, ...]:
    """The links of an item to others and to pages, with their relation."""
    return tuple(_link(link, code_of(attr(link, "rel")) or "link") for link in meta.all("link"))


def _link(link: etree._Element, rel: str) -> Link:
    details = {n: v for n in ("version", "rank", "size", "role") if (v := attr(link, n))}
    return Link(
        rel=rel,
        href=attr(link, "href"),
        uri=attr(link, "residref", "guidref"),
        title=text_of(child(link, "headline")) or text_of(child(link, "title")),
        content_type=attr(link, "contenttype"),
        details=dict(details),
    )


def package_links(item: etree._Element) -> tuple[Link, ...]:
    """The members of a package in order, with the role of the group they stand in."""
    found: list[Link] = []
    for groups in children(item, "groupset"):
        for group in children(groups, "group"):
            found += [_member(ref, attr(group, "role")) for ref in children(group, "itemref", "conceptref")]
    return (*found, *(_member(ref, None) for ref in children(item, "itemref")))


def _member(ref: etree._Element, role: str | None) -> Link:
    link = _link(ref, "member")
    more = {"group": role, "itemClass": code_of(attr(child(ref, "itemclass"), "qcode"))}
    return Link(
        rel=link.rel,
        href=link.href,
        uri=link.uri,
        title=link.title,
        content_type=link.content_type,
        details=link.details | {k: v for k, v in more.items() if v},
    )


def extra(item: etree._Element, meta: Parts, content: Parts, header: dict[str, Json]) -> dict[str, Json]:
    """The message's header, keywords, parties and what else the item says of itself."""
    named: dict[str, Json] = {
        "header": header,
        "keywords": list(content.texts("keyword")),
        "creators": _parties(content.all("creator")),
        "contributors": _parties(content.all("contributor")),
        "infoSources": _parties(content.all("infosource")),
        "audience": _parties(content.all("audience")),
        "msgType": xmls.foreign(meta.first("itemclass"), "msgType"),
        "ratings": [attr(r, "value") for r in content.all("rating")],
        "asserts": _parties(children(item, "assert")),
    }
    for tag in _TEXTS:
        named[tag] = [found for e in meta.all(tag) if (found := name_of(e) or text_of(e))]
    return {k: v for k, v in named.items() if v}


def _parties(elements: Iterable[etree._Element]) -> list[Json]:
    return list(_each_party(elements))


def _each_party(elements: Iterable[etree._Element]) -> Iterator[dict[str, str]]:
    for element in elements:
        found = _part(element)
        role = attr(element, "role")
        if found:
            yield found | ({"role": role} if role else {})
