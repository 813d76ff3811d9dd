"""The content set of a NewsML-G2 item: its copy as HTML or text, and its files as links."""

import re
from collections.abc import Iterator

from lxml import etree

from pipeline.formats import nitf, xmls
from pipeline.formats.catalogs import code_of
from pipeline.formats.document import text
from pipeline.formats.markup import to_html
from pipeline.formats.xmls import attr, child, children
from pipeline.item import Link
from pipeline.story import Text

_MARKED_UP = re.compile(r"</?(?:p|br|div|h\d|ul|table)\b[^>]{0,200}>", re.IGNORECASE)


# Other XML (events, codes, figures) is data for machines; its text out of context is no copy.
_PROSE = frozenset({"p", "div", "body", "section", "h1", "h2", "pre", "table", "ul", "ol", "block", "article"})


def nested_nitf(item: etree._Element) -> etree._Element | None:
    """The NITF document inside an item, or None."""
    return next((found for inline in _inline(item) if (found := child(inline, "nitf")) is not None), None)


def _inline(item: etree._Element) -> Iterator[etree._Element]:
    for content in children(item, "contentset"):
        yield from children(content, "inlinexml", "inlinedata")


def bodies_of(item: etree._Element) -> tuple[Text, ...]:
    """The copy of an item; a second rendition of it has the rendition as its role."""
    found: list[Text] = []
    for inline in _inline(item):
        for part in _copy(inline):
            role = code_of(attr(inline, "rendition")) if found else None
            found.append(Text(value=part.value, role=role, content_type=part.content_type))
    return tuple(found)


def _copy(inline: etree._Element) -> tuple[Text, ...]:
    document = child(inline, "nitf")
    if document is not None:
        return nitf.bodies(document)
    page = child(inline, "html")
    if page is not None:
        body = child(page, "body")
        return text(to_html(page if body is None else body), content_type="text/html")
    if xmls.name(inline) == "inlinedata" and len(inline) == 0:
        return _data(inline)
    kind = attr(inline, "contenttype") or ""
    if "sport" in kind or child(inline, "sports-content") is not None:
        return tuple(
            t for article in inline.iter(etree.Element) if xmls.name(article) == "nitf" for t in nitf.bodies(article)
        )
    if not any(xmls.name(inner) in _PROSE for inner in inline):
        return ()
    return text(to_html(inline), content_type="text/html")


def _data(inline: etree._Element) -> tuple[Text, ...]:
    if attr(inline, "encoding"):
        # Base64 of a file: a picture, not copy.
        return ()
    kind = (attr(inline, "contenttype") or "text/plain").partition(";")[0]
    if kind == "text/plain" and _MARKED_UP.search(inline.text or ""):
        kind = "text/html"
    return text(inline.text, content_type=kind if kind.startswith("text/") else "text/html")


def renditions(item: etree._Element) -> tuple[Link, ...]:
    """The files that carry an item's content elsewhere, with what is said of each."""
    return tuple(
        Link(
            rel="rendition",
            href=attr(remote, "href"),
            uri=attr(remote, "residref"),
            title=xmls.text_of(child(remote, "title")),
            content_type=attr(remote, "contenttype"),
            details={_plain(k): str(v) for k, v in remote.attrib.items() if _plain(k) not in _OWN},
        )
        for content in children(item, "contentset")
        for remote in children(content, "remotecontent")
    )


_OWN = frozenset({"href", "residref", "contenttype"})


def _plain(name: str | bytes) -> str:
    return str(name).rpartition("}")[2]
