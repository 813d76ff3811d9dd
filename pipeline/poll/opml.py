"""OPML 2.0 (opml.org/spec2): lists of feeds as other readers keep them, to sources and back."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from lxml import etree

from pipeline.errors import Permanent
from pipeline.poll.sources import Source

_MOST_BYTES = 10_000_000


def import_opml(body: bytes) -> list[dict[str, Any]]:
    """The feeds in an OPML document as entries of a source list; folders become tags, ids come from titles.

    Raises:
        Permanent: ``bad_opml`` or ``too_large``.
    """
    if len(body) > _MOST_BYTES:
        raise Permanent("too_large", f"more than {_MOST_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Permanent("bad_opml", f"not well-formed: {error}") from error
    if root.tag != "opml":
        raise Permanent("bad_opml", f"the document is {root.tag!r}, not opml")
    taken: set[str] = set()
    return [_entry(outline, tags, taken) for outline, tags in _feeds(root.find("body"))]


def _feeds(top: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    waiting: list[tuple[Any, tuple[str, ...]]] = [(top, ())] if top is not None else []
    while waiting:
        outline, tags = waiting.pop(0)
        for child in outline.findall("outline"):
            if child.get("xmlUrl", "").startswith(("http://", "https://")):
                yield child, tags
            else:
                name = _name(child)
                waiting.append((child, (*tags, name) if name else tags))


def _entry(outline: Any, tags: tuple[str, ...], taken: set[str]) -> dict[str, Any]:
    wanted = _name(outline) or _slug(outline.get("xmlUrl").split("//", 1)[1]) or "feed"
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted[:58]}-{count}"
    taken.add(name)
    entry: dict[str, Any] = {"id": name, "url": outline.get("xmlUrl")}
    if outline.get("language"):
        entry["language"] = outline.get("language")
    if tags:
        entry["tags"] = list(tags)
    return entry


def _name(outline: Any) -> str:
    return _slug(outline.get("title") or outline.get("text") or "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].rstrip("-")


def to_yaml(entries: Iterable[dict[str, Any]]) -> str:
    """Entries as the text of a source list."""
    return yaml.safe_dump({"sources": list(entries)}, sort_keys=False, allow_unicode=True)


def export_opml(sources: Iterable[Source], title: str = "newswire") -> bytes:
    """The HTTP sources as OPML, under an outline for each first tag; credentials are not part of it."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    groups: dict[str, Any] = {}
    for source in sources:
        if source.url is None:
            continue
        parent = body
        if source.tags:
            tag = source.tags[0]
            if tag not in groups:
                groups[tag] = etree.SubElement(body, "outline", text=tag)
            parent = groups[tag]
        outline = etree.SubElement(parent, "outline", type="rss", text=source.id, xmlUrl=source.url)
        if source.language:
            outline.set("language", source.language)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))
