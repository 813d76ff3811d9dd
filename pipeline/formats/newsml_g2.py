"""NewsML-G2 2.x: news items, packages and the other items of a news message."""

from collections.abc import Iterator

from lxml import etree

from pipeline.formats import nitf, xmls
from pipeline.formats.catalogs import code_of
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, read_each, text
from pipeline.formats.newsml_g2_content import bodies_of, nested_nitf, renditions
from pipeline.formats.newsml_g2_meta import alt_ids, concepts, extra, links, name_of, package_links, schemes_of
from pipeline.formats.xmls import Parts, attr, child, children, text_of
from pipeline.item import Origin, RawItem
from pipeline.story import Json, Text

NAME = "newsml-g2"
_ITEMS = frozenset({"newsitem", "packageitem", "conceptitem", "knowledgeitem", "planningitem", "catalogitem"})
FRAGMENTS = frozenset({"itemmeta", "contentmeta", "contentset", "groupset"})
"""Parts of an item that some tools export by themselves."""
_KINDS = {
    "packageitem": "composite",
    "conceptitem": "concept",
    "knowledgeitem": "concept",
    "planningitem": "planning",
    "catalogitem": "catalog",
}


def read_root(root: etree._Element, digest: str, origin: Origin, limits: Limits) -> Document:
    """The items of a message in order, or the one item that is the document."""
    if xmls.name(root) in FRAGMENTS:
        root = _wrapped(root)
    header = _header(child(root, "header"))
    alone = xmls.name(root) in _ITEMS
    return Document(NAME, read_each(_items(root), lambda item: _item(item, header, alone, digest, origin), limits))


def _wrapped(part: etree._Element) -> etree._Element:
    """A part of an item that came by itself, as the item it would be in."""
    item = etree.Element("packageitem" if xmls.name(part) == "groupset" else "newsitem")
    item.append(part)
    return item


def _items(root: etree._Element) -> Iterator[etree._Element]:
    if xmls.name(root) in _ITEMS:
        yield root
        return
    for item_set in children(root, "itemset"):
        yield from (item for item in item_set if xmls.name(item) in _ITEMS and not _is_list(item))


def _is_list(item: etree._Element) -> bool:
    """A package without identity or metadata merely lists the message's other items."""
    return xmls.name(item) == "packageitem" and attr(item, "guid") is None and child(item, "itemmeta") is None


def _header(header: etree._Element | None) -> dict[str, Json]:
    named: dict[str, Json] = {
        n: text_of(child(header, n.lower())) for n in ("sent", "sender", "transmitId", "priority")
    }
    named["destinations"] = list(xmls.texts(header, "destination"))
    named["channels"] = list(xmls.texts(header, "channel"))
    return {k: v for k, v in named.items() if v}


def _item(item: etree._Element, header: dict[str, Json], alone: bool, digest: str, origin: Origin) -> RawItem:  # noqa: FBT001  # one caller
    meta, content, rights = (Parts(child(item, part)) for part in ("itemmeta", "contentmeta", "rightsinfo"))
    schemes = schemes_of(item)
    inner = nested_nitf(item)
    guid = attr(item, "guid") or (file_name(origin) if alone else None)
    return make_item(
        NAME,
        origin,
        digest,
        guid or content_id(digest, etree.tostring(item, encoding="unicode")),
        version=attr(item, "version"),
        type=code_of(attr(meta.first("itemclass"), "qcode")) or _KINDS.get(xmls.name(item), "text"),
        status=code_of(attr(meta.first("pubstatus"), "qcode")),
        embargo=_embargo(meta.first("embargoed")),
        urgency=content.text("urgency"),
        signals=_signals(meta),
        headlines=_headlines(content, meta, inner),
        descriptions=_described(content),
        bodies=bodies_of(item),
        bylines=content.texts("by") or (nitf.bylines(inner) if inner is not None else ()),
        dateline=content.text("dateline"),
        located=tuple(filter(None, (name_of(place) for place in content.all("located")))),
        ed_notes=meta.texts("ednote"),
        slugline=content.text("slugline"),
        credit=content.text("creditline"),
        agency=name_of(meta.first("provider")) or origin.agency,
        language=attr(content.first("language"), "tag") or xmls.lang(item) or origin.language,
        genres=concepts(content.all("genre"), schemes, "genre"),
        concepts=concepts(content.all("subject"), schemes, "subject")
        + concepts(content.all("located"), schemes, "place", "located"),
        first_created=meta.text("firstcreated"),
        version_created=meta.text("versioncreated"),
        content_created=content.text("contentcreated"),
        updated=content.text("contentmodified"),
        copyright_holder=_joined(filter(None, (name_of(h) for h in rights.all("copyrightholder")))),
        copyright_notice=_joined(rights.texts("copyrightnotice")),
        usage_terms=_joined(rights.texts("usageterms")),
        alt_ids=alt_ids(content),
        links=links(meta) + renditions(item) + package_links(item),
        extra=extra(item, meta, content, header),
    )


def _embargo(embargoed: etree._Element | None) -> str | None:
    if embargoed is None:
        return None
    # Nil means "until further notice"; merely empty elements come from templates that fill in nothing.
    return text_of(embargoed) or ("nil" if xmls.foreign(embargoed, "nil") == "true" else None)


def _signals(meta: Parts) -> tuple[str, ...]:
    return tuple(filter(None, (attr(s, "qcode") or name_of(s) for s in meta.all("signal"))))


def _headlines(content: Parts, meta: Parts, inner: etree._Element | None) -> tuple[Text, ...]:
    found = tuple(
        t
        for headline in content.all("headline")
        for t in text(xmls.flow_of(headline), attr(headline, "role"), "text/plain")
    )
    # A headline without a role is the main one, wherever it stands.
    found = tuple(sorted(found, key=lambda t: t.role is not None))
    if not found and inner is not None:
        found = nitf.headlines(inner)
    return found or text(meta.text("title"), "title", "text/plain")


def _described(content: Parts) -> tuple[Text, ...]:
    return tuple(
        t
        for description in content.all("description")
        for t in text(text_of(description), attr(description, "role"), "text/plain")
    )


def _joined(parts: object) -> str | None:
    return "\n".join(dict.fromkeys(map(str, parts))) or None  # type: ignore[call-overload]  # any iterable of strings
