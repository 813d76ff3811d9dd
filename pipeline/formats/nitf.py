"""NITF 2.5 to 3.6 (IPTC News Industry Text Format): one article a document."""

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, text
from pipeline.formats.markup import to_html
from pipeline.formats.nitf_head import alt_ids, concepts, extra, genres, links
from pipeline.formats.xmls import attr, child, children, text_of
from pipeline.item import Origin
from pipeline.story import Text

NAME = "nitf"
ROOTS = frozenset({"nitf"})


def read_root(root: etree._Element, digest: str, origin: Origin, limits: Limits) -> Document:  # noqa: ARG001  # one item
    """The one article of an NITF document."""
    head, data = child(root, "head"), child(root, "head", "docdata")
    body_head = child(root, "body", "body.head")
    ids = alt_ids(data)
    guid = ids.pop("id-string", None)
    issued = attr(child(data, "date.issue"), "norm")
    item = make_item(
        NAME,
        origin,
        digest,
        guid or file_name(origin) or content_id(digest),
        version=attr(child(data, "du-key"), "version"),
        status=attr(data, "management-status"),
        embargo=attr(child(data, "date.release"), "norm"),
        expires=attr(child(data, "date.expire"), "norm"),
        urgency=attr(child(data, "urgency"), "ed-urg"),
        headlines=headlines(root),
        descriptions=_markup(child(body_head, "abstract")),
        bodies=bodies(root),
        bylines=bylines(root),
        dateline=_dateline(child(body_head, "dateline")),
        located=_located(child(body_head, "dateline")),
        ed_notes=_ed_notes(data, body_head),
        slugline=_slugline(head),
        credit=text_of(child(body_head, "distributor")),
        agency=_agency(data, body_head) or origin.agency,
        language=xmls.lang(root) or attr(root, "baselang") or xmls.lang(child(root, "body")) or origin.language,
        genres=genres(head),
        concepts=concepts(root),
        version_created=issued,
        content_created=attr(child(body_head, "dateline", "story.date"), "norm"),
        published=attr(child(head, "pubdata"), "date.publication"),
        copyright_holder=attr(child(data, "doc.copyright"), "holder")
        or text_of(child(body_head, "rights", "rights.owner"))
        or attr(child(data, "doc.rights"), "owner"),
        copyright_notice=text_of(child(body_head, "rights")),
        usage_terms=attr(child(data, "doc.rights"), "limitations"),
        alt_ids=ids,
        links=links(root),
        extra=extra(root),
    )
    return Document(NAME, (item,))


def headlines(root: etree._Element) -> tuple[Text, ...]:
    """The main headline, then the subordinate ones, then the title where it says something else."""
    hedline = child(root, "body", "body.head", "hedline")
    if hedline is None:
        hedline = child(root, "body", "body.head", "headline")
    main = [t for h in children(hedline, "hl1") for t in text(xmls.flow_of(h), content_type="text/plain")]
    sub = [t for h in children(hedline, "hl2") for t in text(xmls.flow_of(h), "subheadline", "text/plain")]
    title = xmls.flow_of(child(root, "head", "title"))
    if not main:
        main = list(text(title, content_type="text/plain")) or sub[:1]
    else:
        sub += text(title, "title", "text/plain")
    # AP repeats the headline as its own second line.
    return (*main, *(t for t in sub if t.value != main[0].value))


def bodies(root: etree._Element) -> tuple[Text, ...]:
    """The copy of every ``body.content``, as HTML."""
    return tuple(t for content in children(child(root, "body"), "body.content") for t in _markup(content))


def bylines(root: etree._Element) -> tuple[str, ...]:
    """The bylines as written, name and title together."""
    return tuple(filter(None, map(_byline, children(child(root, "body", "body.head"), "byline"))))


def _byline(byline: etree._Element) -> str | None:
    title = text_of(child(byline, "byttl"))
    written = text_of(byline)
    if title and written and written.endswith(f" {title}"):
        return f"{written.removesuffix(title).rstrip(' ,')}, {title}"
    return written


def _markup(element: etree._Element | None) -> tuple[Text, ...]:
    if element is None:
        return ()
    if len(element) == 0:
        return text(text_of(element), content_type="text/plain")
    return text(to_html(element), content_type="text/html")


def _dateline(element: etree._Element | None) -> str | None:
    if element is None:
        return None
    date = text_of(child(element, "story.date"))
    if date is None:
        return xmls.flow_of(element)
    # Some repeat a time stamp as the text of the date; that is no dateline to print.
    rest = [text_of(inner) for inner in element if xmls.name(inner) != "story.date"]
    places = " ".join(filter(None, [(element.text or "").strip(), *rest]))
    return (f"{places} {date}" if not date[:4].isdigit() else places) if places else None


def _located(element: etree._Element | None) -> tuple[str, ...]:
    return tuple(
        found
        for location in children(element, "location")
        if (found := text_of(child(location, "city")) or text_of(location))
    )


def _ed_notes(data: etree._Element | None, body_head: etree._Element | None) -> tuple[str, ...]:
    messages = [attr(message, "info") for message in children(data, "ed-msg")]
    return tuple(filter(None, messages)) + xmls.texts(body_head, "note")


def _slugline(head: etree._Element | None) -> str | None:
    metas = {(attr(meta, "name") or "").lower(): attr(meta, "content") for meta in children(head, "meta")}
    return next((metas[n] for n in ("slugline", "slug", "anpa-keyword", "ntbstikkord") if metas.get(n)), None)


def _agency(data: etree._Element | None, body_head: etree._Element | None) -> str | None:
    return (
        text_of(child(body_head, "distributor"))
        or attr(child(data, "doc-id"), "regsrc")
        or attr(child(data, "del-list", "from-src"), "src-name")
    )
