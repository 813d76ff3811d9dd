"""XML documents other than feeds: parsed once, then read by the format their document element names."""

import re
from importlib import import_module

from pipeline.errors import Permanent
from pipeline.formats import xmls
from pipeline.formats.document import Document, Limits, sha256
from pipeline.item import Origin

# Local name of the document element -> module with read_root(root, digest, origin, limits).
_FORMATS = {
    "newsmessage": "newsml_g2",
    "newsitem": "newsml_g2",
    "packageitem": "newsml_g2",
    "conceptitem": "newsml_g2",
    "knowledgeitem": "newsml_g2",
    "planningitem": "newsml_g2",
    "catalogitem": "newsml_g2",
    "itemmeta": "newsml_g2",
    "contentmeta": "newsml_g2",
    "contentset": "newsml_g2",
    "groupset": "newsml_g2",
    "newsml": "newsml_1",
    "nitf": "nitf",
}
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL)
_ELEMENT = re.compile(r"<(?:[\w.\-]+:)?([\w.\-]+)")


def sniff(head: str) -> bool:
    """The document element is one of those known here."""
    return document_element(head).lower() in _FORMATS


def document_element(head: str) -> str:
    """The local name of the first element after the prolog; empty where there is none."""
    start = _PROLOG.match(head.lstrip("\ufeff\u00ef\u00bb\u00bf\x00 \r\n\t"))
    rest = head.lstrip("\ufeff\u00ef\u00bb\u00bf\x00 \r\n\t")[start.end() :] if start else ""
    found = _ELEMENT.match(rest)
    return found[1] if found else ""


def read(body: bytes, origin: Origin, limits: Limits) -> Document:
    """The items of a NewsML or NITF document.

    Raises:
        Permanent: ``bad_xml`` where it is not well-formed, ``no_items`` where it holds none.
    """
    root = xmls.parse_xml(body, origin)
    found = _FORMATS.get(xmls.name(root))
    if found is None:
        raise Permanent("unknown_format", f"XML of no format known here: {xmls.name(root)}")
    module = import_module(f"pipeline.formats.{found}")
    document: Document = module.read_root(root, sha256(body), origin, limits)
    if not document.items:
        raise Permanent("no_items", "the document holds no items")
    return document
