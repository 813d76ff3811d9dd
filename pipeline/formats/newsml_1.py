"""NewsML 1.0 to 1.2: the news items of a NewsML document.

All revisions of an item share its guid: NewsML's public identifier without the revision at its end, which is
the item's version (NewsML 1.2, section 5.3). The whole identifier is kept among the alternative ids.
"""

from collections.abc import Iterator

from lxml import etree

from pipeline.formats import xmls
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, read_each, text
from pipeline.formats.newsml_1_content import bodies_of, media_links, media_type
from pipeline.formats.newsml_1_meta import Outline, concepts, extra, formal, genres, links
from pipeline.formats.xmls import attr, child, children, text_of
from pipeline.item import Origin, RawItem
from pipeline.story import Json, Text

NAME = "newsml-1"


def read_root(root: etree._Element, digest: str, origin: Origin, limits: Limits) -> Document:
    """The items of the document in order."""
    envelope = _envelope(child(root, "newsenvelope"))
    items = list(children(root, "newsitem"))
    return Document(NAME, read_each(items, lambda item: _item(item, envelope, len(items) == 1, digest, origin), limits))


def _envelope(envelope: etree._Element | None) -> dict[str, Json]:
    named: dict[str, Json] = {
        "transmissionId": text_of(child(envelope, "transmissionid")),
        "sent": text_of(child(envelope, "dateandtime")),
        "sentFrom": formal(child(envelope, "sentfrom", "party")),
        "priority": formal(child(envelope, "priority")),
        "services": [f for e in children(envelope, "newsservice") if (f := formal(e))],
        "products": [f for e in children(envelope, "newsproduct") if (f := formal(e))],
    }
    return {k: v for k, v in named.items() if v}


def _item(item: etree._Element, envelope: dict[str, Json], alone: bool, digest: str, origin: Origin) -> RawItem:  # noqa: FBT001  # one caller
    identity, management = child(item, "identification"), child(item, "newsmanagement")
    ids = _ids(identity)
    guid = ids.pop("guid", None) or (file_name(origin) if alone else None)
    outline = Outline(item)
    lines, bodies = _Lines(outline), bodies_of(item)
    sender = envelope.get("sentFrom")
    return make_item(
        NAME,
        origin,
        digest,
        guid or content_id(digest, etree.tostring(item, encoding="unicode")),
        version=text_of(child(identity, "newsidentifier", "revisionid")),
        type="text" if bodies else media_type(item),
        status=formal(child(management, "status")),
        embargo=_embargo(management),
        urgency=formal(child(management, "urgency")),
        signals=_signals(management),
        headlines=lines.headlines(),
        bodies=bodies,
        bylines=lines.all("byline"),
        dateline=lines.first("dateline"),
        located=tuple(dict.fromkeys(_located(outline))),
        ed_notes=_ed_notes(item, management),
        slugline=lines.first("slugline"),
        credit=lines.first("creditline"),
        agency=_party(outline, "provider") or sender or _party(outline, "source") or origin.agency,
        language=_language(item, outline) or origin.language,
        genres=genres(outline),
        concepts=concepts(outline),
        first_created=text_of(child(management, "firstcreated")),
        version_created=text_of(child(management, "thisrevisioncreated")),
        content_created=next(iter(_texts_below(outline, "datelinedate")), None),
        copyright_holder=next(iter(_texts_below(outline, "copyrightholder")), None),
        copyright_notice=lines.first("copyrightline"),
        usage_terms=lines.first("rightsline") or next(iter(_texts_below(outline, "usagetype")), None),
        alt_ids=ids,
        links=links(management) + media_links(item),
        extra=extra(item, outline, envelope, lines.first("keywordline")),
    )


def _ids(identity: etree._Element | None) -> dict[str, str]:
    identifier = child(identity, "newsidentifier")
    parts = [text_of(child(identifier, part)) for part in ("providerid", "dateid", "newsitemid")]
    public = text_of(child(identifier, "publicidentifier"))
    named = {
        "guid": f"urn:newsml:{':'.join(filter(None, parts))}" if all(parts) else public,
        "publicIdentifier": public,
        "newsItemId": parts[2],
        "nameLabel": text_of(child(identity, "namelabel")),
    }
    return {k: v for k, v in named.items() if v}


class _Lines:
    """The news lines of an item, from the outermost component that has each."""

    def __init__(self, outline: Outline) -> None:
        self._lines = [line for lines in outline.named("newslines") for line in lines]

    def all(self, name: str) -> tuple[str, ...]:
        found = (xmls.flow_of(line) for line in self._lines if xmls.name(line) == name)
        return tuple(dict.fromkeys(line for line in found if line))

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def headlines(self) -> tuple[Text, ...]:
        main = [t for line in self.all("headline") for t in text(line, content_type="text/plain")]
        sub = [t for line in self.all("subheadline") for t in text(line, "subheadline", "text/plain")]
        return (*main, *sub)


def _texts_below(outline: Outline, name: str) -> list[str]:
    return [found for element in outline.named(name) if (found := text_of(element))]


def _embargo(management: etree._Element | None) -> str | None:
    status = (formal(child(management, "status")) or "").lower()
    when = text_of(child(management, "statuswillchange", "dateandtime"))
    future = (formal(child(management, "statuswillchange", "futurestatus")) or "usable").lower()
    if status == "embargoed":
        return when or "unknown"
    return when if status != "usable" and future == "usable" else None


def _signals(management: etree._Element | None) -> tuple[str, ...]:
    kinds = [formal(e) for e in children(management, "newsitemtype", "instruction", "revisionstatus")]
    return tuple(kind for kind in kinds if kind and kind.lower() != "news")


def _located(outline: Outline) -> Iterator[str]:
    for location in outline.named("location"):
        if (attr(location, "HowPresent") or "origin").lower() in {"origin", "dateline", "rtrlocation"}:
            for place in children(location, "property"):
                if (formal(place) or "").lower() == "city" and (city := attr(place, "Value")):
                    yield city


def _ed_notes(item: etree._Element, management: etree._Element | None) -> tuple[str, ...]:
    comments = [text_of(c) for c in children(item, "comment")] + list(xmls.texts(management, "editorialnote"))
    return tuple(c for c in comments if c)


def _party(outline: Outline, role: str) -> str | None:
    parties = (formal(child(e, "party")) or text_of(child(e, "party")) for e in outline.named(role))
    return next((party for party in parties if party), None)


def _language(item: etree._Element, outline: Outline) -> str | None:
    return next((f for e in outline.named("language") if (f := formal(e))), None) or xmls.lang(item)
