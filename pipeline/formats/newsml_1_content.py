"""The content items of a NewsML 1 item: its copy as HTML or text, and its files as links."""

import re
from collections.abc import Iterator

from lxml import etree

from pipeline.formats import nitf, xmls
from pipeline.formats.document import text
from pipeline.formats.markup import to_html
from pipeline.formats.newsml_1_meta import formal
from pipeline.formats.xmls import attr, child, children
from pipeline.item import Link
from pipeline.story import Text

_MARKED_UP = re.compile(r"</?(?:p|br|div|h\d|ul|table)\b[^>]{0,200}>", re.IGNORECASE)
_COPY_ROLES = frozenset({"main", "body", "main text", "text", ""})
_NO_COPY = frozenset({"stylesheet", "headline", "logo", "newslines"})
_TYPES = {
    "photo": "picture",
    "image": "picture",
    "text": "text",
    "audio": "audio",
    "video": "video",
    "graphic": "graphic",
}


def _contents(item: etree._Element, role: str = "") -> Iterator[tuple[str, etree._Element]]:
    """Each content item with the role of the component it stands in, in document order."""
    for inner in item:
        name = xmls.name(inner)
        if name == "newscomponent":
            yield from _contents(inner, (formal(child(inner, "role")) or role).lower())
        elif name == "contentitem":
            yield role, inner


def bodies_of(item: etree._Element) -> tuple[Text, ...]:
    """The copy first; texts of other roles (contacts, abstracts) follow with their role."""
    found = [
        Text(value=t.value, role=None if role in _COPY_ROLES else role, content_type=t.content_type)
        for role, content in _contents(item)
        if role not in _NO_COPY
        for t in _copy(content)
    ]
    if found and all(t.role for t in found):
        # Where no component claims to be the main one, the first is.
        found[0] = Text(value=found[0].value, content_type=found[0].content_type)
    return tuple(sorted(found, key=lambda t: t.role is not None))


def _copy(content: etree._Element) -> tuple[Text, ...]:
    data = child(content, "datacontent")
    kind = (formal(child(content, "mediatype")) or "text").lower()
    if data is None or kind not in {"text", ""} or child(content, "encoding") is not None:
        return ()
    mime = formal(child(content, "mimetype")) or ""
    if (mime and not mime.startswith(("text/", "application/x", "application/n"))) or mime == "text/css":
        return ()
    document = child(data, "nitf")
    if document is not None:
        return nitf.bodies(document)
    page = child(data, "html")
    if page is not None:
        body = child(page, "body")
        return text(to_html(page if body is None else body), content_type="text/html")
    if len(data):
        return text(to_html(data), content_type="text/html")
    marked = _MARKED_UP.search(data.text or "")
    return text(data.text, content_type="text/html" if marked else "text/plain")


def media_links(item: etree._Element) -> tuple[Link, ...]:
    """The files the content items point to."""
    return tuple(
        Link(
            rel="rendition",
            href=href,
            title=formal(child(content, "notation")),
            content_type=formal(child(content, "mimetype")),
            details={"role": role, **_characteristics(child(content, "characteristics"))},
        )
        for role, content in _contents(item)
        if (href := attr(content, "Href", "Url"))
    )


def _characteristics(element: etree._Element | None) -> dict[str, str]:
    found = {key: value for p in children(element, "property") if (key := formal(p)) and (value := attr(p, "Value"))}
    size = xmls.text_of(child(element, "sizeinbytes"))
    return found | ({"SizeInBytes": size} if size else {})


def media_type(item: etree._Element) -> str:
    """What the first content item of a known kind is."""
    kinds = [(formal(child(content, "mediatype")) or "").lower() for _, content in _contents(item)]
    return next((_TYPES[kind] for kind in kinds if kind in _TYPES), "text")
