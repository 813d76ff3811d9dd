"""NITF and XHTML body markup as plain HTML, without namespaces, media and wrappers of no meaning."""

import html

from lxml import etree

from pipeline.formats import xmls

# NITF 3.6 names on the left; HTML's own names stand for themselves. Others lose their tags and keep their text.
_AS = {
    "hl1": "h1",
    "hl2": "h2",
    "block": "div",
    "bq": "blockquote",
    "bold": "strong",
    "em": "em",
    "fn": "small",
    "lang": "span",
    "pronounce": "span",
    "hedline": "div",
    "table-title": "caption",
}
_SAME = """
    p div section article h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr th td blockquote pre
    a b i u strong em small sub sup q br hr span cite code abbr figure figcaption header footer
"""
_AS |= {tag: tag for tag in _SAME.split()}
_VOID = frozenset({"br", "hr"})
_LEFT_OUT = frozenset({
    "media", "script", "style", "head", "object", "iframe", "img", "video", "audio", "svg", "nitf-table-metadata",
    "custom-table-metadata", "nitf-col", "nitf-colgroup", "col", "colgroup",
})  # fmt: skip
_KEPT = frozenset({"href", "class", "colspan", "rowspan", "title", "lang", "cite"})
_DEEPEST = 100


def to_html(element: etree._Element) -> str:
    """What is inside an element, as HTML; empty where there is nothing to read."""
    parts: list[str] = []
    _inside(element, parts, 0)
    found = "".join(parts).strip()
    return found if found and _has_text(element) else ""


def _has_text(element: etree._Element) -> bool:
    return any(part.strip() for part in element.itertext())


def _escape(text: str) -> str:
    if "&" in text or "<" in text or ">" in text:
        return html.escape(text, quote=False)
    return text


def _inside(element: etree._Element, parts: list[str], depth: int) -> None:
    if element.text:
        parts.append(_escape(element.text))
    for inner in element:
        _whole(inner, parts, depth + 1)
        if inner.tail:
            parts.append(_escape(inner.tail))


def _whole(element: etree._Element, parts: list[str], depth: int) -> None:
    name = xmls.name(element)
    if name in _LEFT_OUT or not name or (name == "header" and xmls.child(element, "h1") is not None):
        # A header with the headline repeats the item's metadata; the copy begins after it.
        return
    if depth > _DEEPEST:
        parts.append(html.escape("".join(map(str, element.itertext())), quote=False))
        return
    tag = _AS.get(name)
    if tag is None:
        _inside(element, parts, depth)
        return
    parts.append(f"<{tag}{_attributes(element)}>")
    if tag not in _VOID:
        _inside(element, parts, depth)
        parts.append(f"</{tag}>")


def _attributes(element: etree._Element) -> str:
    if not element.attrib:
        return ""
    return "".join(f' {k!s}="{html.escape(str(v))}"' for k, v in element.attrib.items() if str(k) in _KEPT)
