"""What kind of message a story is: signals, status, what it replaces, and until when it is held."""

import re
from datetime import datetime

import msgspec

from pipeline.item import RawItem
from pipeline.normalise import embargo as notices
from pipeline.normalise import signals
from pipeline.normalise.body import Copy
from pipeline.normalise.characters import one_line
from pipeline.normalise.times import read_time
from pipeline.story import CANCELED, USABLE, WITHHELD, Replaces

_FEWEST_WORDS = 25
_ADVISORY = re.compile(r"\W*advisory\b", re.IGNORECASE)


class Kind(msgspec.Struct, frozen=True):
    """The answers. `embargo_text` is the notice in the source's words; `flags` name what made it be held."""

    status: str
    signals: tuple[str, ...] = ()
    sequence: dict[str, int] = {}
    replaces: Replaces | None = None
    embargoed_until: datetime | None = None
    embargo_text: str | None = None
    flags: tuple[str, ...] = ()


def read_kind(item: RawItem, copy: Copy, headline: signals.Found, *, near: datetime | None, zone: str | None) -> Kind:
    """Weigh fields, headline, slugline and notices. In doubt the story is held."""
    notes = [*(one_line(note) for note in item.ed_notes), *copy.notes]
    found, sequence = _signals(item, copy, headline, notes)
    replaces = next((r for note in notes if (r := signals.read_replaces(note))), None) or _linked(item)
    if replaces is not None:
        found.add("replaces")
    until, text, held = _embargo(item, copy, notes, near, zone)
    if text is not None:
        found.add("embargo")
    status, why = _status(item, found, held, until)
    if status == CANCELED:
        found.add("kill")
    return Kind(
        status=status,
        signals=tuple(name for name in signals.SIGNALS if name in found),
        sequence=sequence,
        replaces=replaces,
        embargoed_until=until,
        embargo_text=text,
        flags=(*why, *held),
    )


def goes_first(item: RawItem) -> bool:
    """Whether an item looks like a kill, before anything else of it is read; wrong guesses cost nothing but order."""
    if signals.read_status(item.status)[0] == CANCELED or "kill" in signals.read_codes(item.signals):
        return True
    return any("kill" in signals.read_headline(headline.value).signals for headline in item.headlines[:1])


def _signals(item: RawItem, copy: Copy, headline: signals.Found, notes: list[str]) -> tuple[set[str], dict[str, int]]:
    """Every signal said anywhere, and the numbers said with them; the headline's number counts most."""
    found = set(signals.read_codes(item.signals) | headline.signals | copy.signals)
    found |= signals.read_codes(tuple(genre.code or genre.name or "" for genre in item.genres))
    sequence: dict[str, int] = {}
    for code in item.signals:
        tag = signals.read_headline(code)
        found |= tag.signals
        sequence |= tag.sequence
    if item.slugline:
        slug = signals.read_slugline(item.slugline)
        found |= slug.signals
        sequence |= slug.sequence
    own = sum(paragraph.count(" ") for paragraph in copy.paragraphs) < _FEWEST_WORDS
    for note in notes:
        said = signals.read_notice(note)
        # A note to editors beside copy is about the story; only one that stands alone is an advisory.
        found |= said if own or _ADVISORY.match(note) else said - {"advisory"}
    return found, sequence | headline.sequence


def _status(item: RawItem, found: set[str], held: list[str], until: datetime | None) -> tuple[str, list[str]]:
    """The `pubStatus`, and flags that say why a story is held."""
    status, understood = signals.read_status(item.status)
    if "kill" in found or status == CANCELED:
        return CANCELED, []
    if item.format == "ap-media-api" and item.signals and "newscontent" not in item.signals:
        # AP's own rule: an item without this signal is never published.
        return WITHHELD, ["not_newscontent"]
    if not understood:
        return WITHHELD, ["status_unreadable"]
    if "embargo_unreadable" in held:
        return WITHHELD, []
    if (item.status or "").casefold().endswith("embargoed"):
        # The status only names the embargo: with a time to it, that time holds the story.
        return (USABLE if until is not None else WITHHELD), []
    return status or USABLE, []


def _linked(item: RawItem) -> Replaces | None:
    for link in item.links:
        if link.rel.casefold().rsplit(":", 1)[-1] in {"replaces", "supersedes", "previousversion"}:
            target = link.uri or link.href
            return Replaces(text=link.title or target or link.rel, headline=link.title, uri=target)
    return None


def _embargo(
    item: RawItem, copy: Copy, notes: list[str], near: datetime | None, zone: str | None
) -> tuple[datetime | None, str | None, list[str]]:
    """Until when, the words that say so, and flags. A field is believed before free text; the later of two holds."""
    found: list[notices.Embargo] = []
    if item.embargo is not None and item.embargo.strip():
        written = one_line(item.embargo)
        moment = read_time(written, zone)
        if moment is not None:
            found.append(notices.Embargo(text=written, until=moment.at, assumed_zone=not moment.zoned))
        else:
            found.append(notices.read_notice(written, near=near, zone=zone))
    texts = [copy.embargo, *(note for note in notes if notices.is_notice(note))]
    found += [notices.read_notice(text, near=near, zone=zone) for text in texts if text]
    if not found:
        return None, None, []
    flags = []
    # A field that can be read settles it; a notice that cannot is then only the same thing in words.
    if found[0].until is None or (item.embargo is None and any(notice.until is None for notice in found)):
        flags.append("embargo_unreadable")
    if any(notice.assumed_zone for notice in found):
        flags.append("embargo_zone_assumed")
    times = [notice.until for notice in found if notice.until is not None]
    return (max(times) if times else None), found[-1].text, flags
