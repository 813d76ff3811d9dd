"""A raw item to a story: every part read by its own module, put together here."""
# a rule of the tables is one line, whatever its length

import re
from datetime import datetime

import msgspec

from pipeline.errors import Permanent
from pipeline.item import Link, RawItem
from pipeline.normalise import concepts
from pipeline.normalise.body import Copy, field_bylines, plain_text, read_body
from pipeline.normalise.characters import one_line
from pipeline.normalise.clock import read_clock
from pipeline.normalise.delivered import complete
from pipeline.normalise.hints import Hints
from pipeline.normalise.kind import read_kind
from pipeline.normalise.origin import read_field, settle_agency, settle_dateline, zone_of
from pipeline.normalise.signals import Found, read_headline
from pipeline.story import HTML, PLAIN, AltId, Byline, InfoSource, Newswire, Story, Text

NO_HINTS = Hints()
_WORDS_PER_SECOND = 238 / 60
"""Brysbaert 2019: silent reading of English non-fiction."""
_WIDE = re.compile(r"[぀-ヿ㐀-鿿가-힯]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_TYPES = frozenset(["text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning"])
_DESK_ROLES = (
    "reporting",
    "editing",
    "additional",
    "writing",
    "edited",
    "translat",
    "compiled",
    "written",
    "redac",
    "ediç",
)
_URGENCY = {"flash": 1, "bulletin": 2, "urgent": 3}


def normalise(item: RawItem, *, received: datetime | None = None, hints: Hints = NO_HINTS) -> Story:
    """What `item` means, as a story.

    Pure: `received` is when the item was fetched (its provenance's time where not given); `hints` are what
    the configuration says of the source.

    Raises:
        Permanent: ``bad_ninjs`` (a delivered document that is none), ``no_uri``.
    """
    if not item.uri.strip():
        raise Permanent("no_uri", "an item without an identity cannot be keyed")
    received = received or item.provenance.fetched_at
    zone = zone_of(item, hints)
    clock = read_clock(item, received, zone)
    raw_headlines = [plain_text(text) for text in item.headlines]
    tagged = read_headline(raw_headlines[0]) if raw_headlines else Found()
    repeated = frozenset(text.casefold() for text in (*raw_headlines, tagged.text) if text)
    trusted = settle_agency(item, Copy(paragraphs=[]), None, hints)[0]
    copy = read_body(item, repeated, trusted)
    field = read_field(item.dateline)
    agency, credit = settle_agency(item, copy, field, hints)
    near = clock.version or received
    kind = read_kind(item, copy, tagged, near=near, zone=zone)
    dateline = settle_dateline(copy, field, agency=agency, version=clock.version, received=received)
    bylines = (*field_bylines(item.bylines), *copy.bylines)
    notes = [*(one_line(note) for note in item.ed_notes), *copy.notes]
    text = copy.text
    words = count_words(text)
    extra = dict(item.extra)
    if item.dateline and field is None:
        extra["dateline"] = item.dateline
    flags = [*kind.flags, *(["dateline_unread"] if item.dateline and field is None else [])]
    story = Story(
        uri=item.uri,
        type=item.type if item.type in _TYPES else None,
        version=item.version,
        first_created=clock.at.get("first_created"),
        version_created=clock.version,
        content_created=clock.at.get("content_created"),
        embargoed_until=kind.embargoed_until,
        pub_status=kind.status,
        urgency=_urgency(item.urgency, kind.signals),
        copyright_holder=_line(item.copyright_holder),
        copyright_notice=_line(item.copyright_notice),
        usage_terms=_line(item.usage_terms),
        ed_note="\n".join(dict.fromkeys(note for note in notes if note)) or None,
        language=_language(item.language) or _language(hints.language),
        by=", ".join(one_line(line) for line in item.bylines if line.strip()) or _by(bylines),
        slugline=_line(item.slugline),
        located=_line(item.located[0])
        if item.located
        else (dateline.places[0] if dateline and dateline.places else None),
        headlines=_headlines(item, raw_headlines, tagged),
        descriptions=tuple(
            Text(value=value, role=part.role, content_type=PLAIN)
            for part in item.descriptions
            if (value := plain_text(part))
        ),
        bodies=_bodies(copy, text, words),
        people=concepts.people(item.concepts),
        organisations=concepts.organisations(item.concepts),
        places=concepts.places(item.concepts),
        subjects=concepts.subjects(item.concepts),
        info_sources=(InfoSource(name=agency, role="provider"),) if agency else (),
        alt_ids=tuple(AltId(role=role, value=value) for role, value in item.alt_ids.items()),
        genres=concepts.genres(item.genres, item.concepts),
        expires=clock.at.get("expires"),
        newswire=Newswire(
            agency=agency,
            credit=credit,
            dateline=dateline,
            signals=kind.signals,
            sequence=kind.sequence,
            raw_headline=raw_headlines[0] if raw_headlines and raw_headlines[0] != tagged.text else None,
            bylines=tuple(dict.fromkeys(bylines)),
            replaces=kind.replaces,
            reading_time=round(words / _WORDS_PER_SECOND) if text else None,
            times=clock.times,
            embargo_text=kind.embargo_text,
            removed=tuple(copy.removed),
            flags=tuple(flags),
            links=tuple(_link(link) for link in item.links),
            provenance=item.provenance,
            extra=extra,
        ),
    )
    return complete(item, story) if item.ninjs is not None else story


def _line(text: str | None) -> str | None:
    return one_line(text) or None if text else None


def _language(tag: str | None) -> str | None:
    """A BCP 47 tag in its usual case, or None where it is none."""
    if not tag or not _LANGUAGE.fullmatch(tag.strip()):
        return None
    first, *rest = tag.strip().replace("_", "-").split("-")
    parts = [p.upper() if len(p) == 2 else p.title() if len(p) == 4 else p for p in rest]  # noqa: PLR2004  # RFC 5646 section 2.1.1
    return "-".join([first.lower(), *parts])


def _urgency(written: str | None, signals: tuple[str, ...]) -> int | None:
    """1 to 9 as the source has it; else from the message type, where that says so."""
    digits = (written or "").strip().rsplit(":", 1)[-1]
    if digits.isascii() and digits.isdigit() and len(digits) == 1 and digits != "0":
        return int(digits)
    return next((level for signal, level in _URGENCY.items() if signal in signals), None)


def _by(bylines: tuple[Byline, ...]) -> str | None:
    """The authors on one line; who else had a part is in `bylines` only."""
    names = [author.name for author in bylines if not (author.role or "").startswith(_DESK_ROLES)]
    return ", ".join(dict.fromkeys(names)) or None


def _headlines(item: RawItem, raw: list[str], tagged: Found) -> tuple[Text, ...]:
    found = [tagged.text, *raw[1:]] if raw else []
    return tuple(
        Text(value=value, role=text.role, content_type=PLAIN)
        for value, text in zip(found, item.headlines, strict=False)
        if value
    )


def _bodies(copy: Copy, text: str, words: int) -> tuple[Text, ...]:
    found = []
    if text:
        found.append(Text(value=text, content_type=PLAIN, char_count=len(text), word_count=words))
    if copy.html:
        found.append(Text(value=copy.html, content_type=HTML))
    return (*found, *copy.others)


def count_words(text: str) -> int:
    """Words as an editor counts them: runs of letters between spaces, and every Chinese character as one."""
    if text.isascii():
        return len(text.split())
    wide = len(_WIDE.findall(text))
    return len(_WIDE.sub(" ", text).split()) + wide if wide else len(text.split())


def _link(link: Link) -> dict[str, object]:
    built: dict[str, object] = msgspec.to_builtins(link)
    return built
