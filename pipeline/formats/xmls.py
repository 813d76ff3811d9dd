"""XML from strangers: parsed without DTDs, entities, network or huge trees, and read by local name.

Agencies mix namespace versions, forget them, or change the case of names, so an element is known by its local name,
which all callers write in lower case.
"""

import html.entities
import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.item import Origin

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:[0-8]|1[124-9]|2[0-9]|3[01]|x[0-8bcefBCEF]|x1[0-9a-fA-F]);"
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SPACE = re.compile(r"\s+")


def parse_xml(body: bytes, origin: Origin) -> etree._Element:
    """The document element.

    Control characters and HTML's named entities, which XML forbids and agencies send, are mended.

    Raises:
        Permanent: ``bad_xml`` where it is not well-formed even then.
    """
    text = decode(body, origin.charset).lstrip("\ufeff \t\r\n\x00")
    if "<!DOCTYPE" in text:
        # With a DTD that is not loaded, HTML's entities would be no error but silently missing text.
        text = _ENTITY.sub(_character, text)
    try:
        return _parse(text.encode())
    except etree.XMLSyntaxError:
        mended = _ENTITY.sub(_character, _UNPRINTABLE.sub("", text))
    try:
        return _parse(mended.encode("utf-8", "replace"))
    except etree.XMLSyntaxError as error:
        raise Permanent("bad_xml", f"not well-formed: {error.msg}") from error


def _parse(data: bytes) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root: etree._Element | None = etree.fromstring(data, parser)
    if root is None:
        raise Permanent("bad_xml", "no document element")
    return root


def _character(match: re.Match[str]) -> str:
    if match[1] in _XML_ENTITIES:
        return match[0]
    found = html.entities.html5.get(f"{match[1]};", match[0])
    return found if found not in {"<", "&"} else f"&#{ord(found)};"


# How NewsML-G2 and NewsML 1 spell what is not all lower case; some senders capitalise or flatten it.
_MIXED = """
    itemMeta contentMeta rightsInfo itemSet itemClass pubStatus versionCreated firstCreated contentCreated edNote
    contentModified copyrightHolder copyrightNotice usageTerms altId infoSource geoAreaDetails sameAs contentSet
    inlineXML inlineData remoteContent groupSet itemRef conceptRef transmitId fileName memberOf instanceOf Header Sent
    NewsEnvelope NewsItem TransmissionId DateAndTime SentFrom Party Priority NewsService NewsProduct Identification
    NewsManagement NewsIdentifier RevisionId ProviderId DateId NewsItemId PublicIdentifier NameLabel Status Urgency
    FirstCreated ThisRevisionCreated StatusWillChange FutureStatus NewsItemType Instruction RevisionStatus Comment
    EditorialNote NewsLines Role DataContent MediaType MimeType Encoding Notation Characteristics SizeInBytes Property
    FormalName Description AssociatedWith DerivedFrom
"""
_SPELT: dict[str, tuple[str, ...]] = {}
for _word in _MIXED.split():
    _SPELT[_word.lower()] = (*_SPELT.get(_word.lower(), (_word.lower(),)), _word)


@lru_cache(maxsize=8192)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


@lru_cache(maxsize=4096)
def _patterns(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names for libxml2, which compares the case too, in any namespace."""
    return tuple(f"{{*}}{spelt}" for lower in names for spelt in _SPELT.get(lower, (lower,)))


def name(element: etree._Element) -> str:
    """The local name in lower case; empty for an entity left unresolved."""
    tag: object = element.tag
    return _local(tag) if isinstance(tag, str) else ""


def children(element: etree._Element | None, *names: str) -> Iterator[etree._Element]:
    """The child elements with one of these local names, in order."""
    return iter(()) if element is None else element.iterchildren(*_patterns(names))


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first element at the end of a path of local names, or None."""
    for step in path:
        element = next(children(element, step), None)
        if element is None:
            return None
    return element


class Parts:
    """The child elements of one element by local name: for parents that are asked for many of them."""

    __slots__ = ("_named",)

    def __init__(self, element: etree._Element | None) -> None:
        self._named: dict[str, list[etree._Element]] = {}
        for inner in () if element is None else element.iterchildren(etree.Element):
            self._named.setdefault(_local(inner.tag), []).append(inner)

    def all(self, *names: str) -> list[etree._Element]:
        """Those with one of these names, in the order of the names."""
        if len(names) == 1:
            return self._named.get(names[0], [])
        return [inner for name in names for inner in self._named.get(name, ())]

    def first(self, name: str) -> etree._Element | None:
        """The first of that name, or None."""
        found = self._named.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """The text of the first of that name."""
        found = self._named.get(name)
        return text_of(found[0]) if found else None

    def texts(self, name: str) -> tuple[str, ...]:
        """The text of every one of that name, empty ones left out."""
        return tuple(found for inner in self._named.get(name, ()) if (found := text_of(inner)))


def text_of(element: etree._Element | None) -> str | None:
    """All the text in an element with its space collapsed; None where there is none."""
    if element is None:
        return None
    if len(element) == 0:
        return _SPACE.sub(" ", element.text or "").strip() or None
    parts = (_SPACE.sub(" ", str(part)).strip() for part in element.itertext())
    return " ".join(part for part in parts if part) or None


def flow_of(element: etree._Element | None) -> str | None:
    """All the text in an element as it runs, with its space collapsed: ``<b>A</b>BC`` stays one word."""
    if element is None:
        return None
    return _SPACE.sub(" ", "".join(map(str, element.itertext()))).strip() or None


def texts(element: etree._Element | None, *names: str) -> tuple[str, ...]:
    """The text of every child with one of these names, empty ones left out."""
    return tuple(found for inner in children(element, *names) if (found := text_of(inner)))


def attr(element: etree._Element | None, *names: str) -> str | None:
    """The first of these attributes that holds anything, named as the standard writes them."""
    if element is None:
        return None
    for wanted in names:
        found = element.get(wanted)
        if found and not found.isspace():
            return found.strip()
    return None


def lang(element: etree._Element | None) -> str | None:
    """The language an element declares, with or without the namespace that belongs to it."""
    return attr(element, "{http://www.w3.org/XML/1998/namespace}lang", "lang")


def foreign(element: etree._Element | None, local: str) -> str | None:
    """An attribute of a provider's own namespace, whatever that is."""
    if element is None:
        return None
    return next((str(v).strip() for k, v in element.attrib.items() if str(k).endswith(f"}}{local}")), None)
