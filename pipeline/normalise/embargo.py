"""Embargoes in free text: ``Embargoed to 0001 Friday September 9``, ``SPERRFRIST: 3. Mai, 12.00 Uhr``."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from pipeline.normalise.names import MONTHS, WEEKDAYS
from pipeline.normalise.times import ZONES, full_year, place

MARK = re.compile(
    r"\b(?:embargo(?:ed)?\b|not for (?:release|publication|broadcast|use) (?:before|until|prior)|hold for release|strictly for release (?:at|after)|"
    r"sperrfrist|gesperrt bis|nicht vor\b.{0,40}veröffentlich|embargad[oa]|no publicar (?:antes|hasta)|no difundir (?:antes|hasta)|"
    r"não publicar antes|embargado até|sous embargo|ne pas (?:publier|diffuser) avant|non pubblicare prima|sotto embargo|onder embargo|"
    r"niet (?:publiceren|eerder) (?:voor|dan)|эмбарго)",
    re.IGNORECASE,
)
_STEMS = (
    "embarg",
    "release",
    "publi",
    "sperr",
    "veröffentlich",
    "difund",
    "diffus",
    "niet eerder",
    "эмбарго",
    "broadcast",
    "for use",
)
"""One of these is in every mark: a look for them is forty times cheaper than the expression."""
_LIFTED = re.compile(
    r"\b(?:embargo (?:is |has been |now )?(?:lifted|expired|off|passed|over)|no embargo|sperrfrist (?:ist )?(?:aufgehoben|abgelaufen)|"
    r"embargo levantado|embargo levé|keine sperrfrist|not embargoed)\b",
    re.IGNORECASE,
)
# Trade and weapons have embargoes too: the copy may speak of those, a notice does not.
_POLICY = re.compile(
    r"\b(?:arms|oil|trade|weapons|grain|economic|export|import|tech\w*|russian|cuban|u\.?s\.?)\s+embargo", re.IGNORECASE
)

_CLOCK = re.compile(
    r"(?<![\d.:/-])(?:(?P<h>\d{1,2})(?:\s*[:.h]\s*(?P<m>\d{2})(?!\d)|\s*(?:h|uhr)\b)|(?P<hm>[0-2]\d[0-5]\d)(?=\s*(?:hrs|hours|uhr|[A-ZМСК]{2,4}\b|,|\s+(?:on\s+)?[A-Z])|$|\s*h\b)|(?P<h2>\d{1,2})(?=\s*[ap]\.?m))"
    r"\s*(?:uhr|hrs|hours|h|horas|heures)?\s*(?P<ap>[ap]\.?m\.?)?",
    re.IGNORECASE,
)
_NOON = re.compile(r"(?<![^\W\d_])(?:noon|midday|mediodía|midi|mittag|mezzogiorno)\b", re.IGNORECASE)
_MIDNIGHT = re.compile(
    r"(?<![^\W\d_])(?:midnight|medianoche|minuit|mitternacht|mezzanotte|meia-noite)\b", re.IGNORECASE
)
_ZONE = re.compile(
    r"(?<![A-Za-zА-я])("
    + "|".join(sorted((z for z in ZONES if z.isalpha() and len(z) > 1), key=len, reverse=True))
    + r")(?![A-Za-zА-я])|(?:GMT|UTC)?([+-]\d\d:?\d\d)\b"
)
_DAY_MONTH = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s*(?:of\s+|de\s+)?(?P<m>[^\W\d_]{3,12})\.?(?:,?\s*(?:de\s+)?(?P<y>(?:19|20)\d\d))?"
)
_MONTH_DAY = re.compile(
    r"(?P<m>[^\W\d_]{3,12})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?(?!\d|:)(?:,?\s*(?P<y>(?:19|20)\d\d))?"
)
_NUMERIC = re.compile(r"(?<!\d)(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>(?:19|20)\d\d|\d\d)?(?!\d)")
_ISO = re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)")
_WORD = re.compile(r"[^\W\d_]{4,}")
_LONGEST = 300


class Embargo(msgspec.Struct, frozen=True):
    """An embargo found; `until` is None where its time could not be read, which means withheld."""

    text: str
    until: datetime | None
    assumed_zone: bool = False


def is_notice(paragraph: str) -> bool:
    """Whether `paragraph` is a notice of an embargo in force, and not copy that speaks of one."""
    if len(paragraph) > _LONGEST:
        return False
    opening = paragraph[:80].casefold()
    if not any(stem in opening for stem in _STEMS):
        return False
    mark = MARK.search(paragraph)
    if mark is None or mark.start() > 40 or _POLICY.search(paragraph):  # noqa: PLR2004  # a notice opens with its mark
        return False
    return _LIFTED.search(paragraph) is None


def read_notice(text: str, *, near: datetime | None, zone: str | None) -> Embargo:
    """The time that a notice names. Its year and day are the next to come from `near`, the story's own time."""
    day, rest = _day(text, near)
    clock = _clock(rest)
    if (
        day is None
        and clock is not None
        and near is not None
        and re.search(r"\b(?:today|hoy|heute|aujourd|oggi|vandaag)\b", text, re.IGNORECASE)
    ):
        day = near.astimezone(ZoneInfo(zone)).date() if zone else near.date()
    if day is None or clock is None:
        return Embargo(text=text, until=None)
    written = _ZONE.search(text)
    try:
        moment = place(datetime.combine(day, clock), (written[1] or written[2]) if written else None, zone)
    except OverflowError:
        moment = None
    if moment is None:
        return Embargo(text=text, until=None)
    if _MIDNIGHT.search(rest) and clock == time():
        # Midnight belongs to the evening of the day named: the later reading is the safe one.
        return Embargo(text=text, until=moment.at + timedelta(days=1), assumed_zone=not moment.zoned)
    return Embargo(text=text, until=moment.at, assumed_zone=not moment.zoned)


def _clock(text: str) -> time | None:
    for match in _CLOCK.finditer(text):
        hour = int(match["h"] or match["h2"] or (match["hm"] or "")[:2])
        minute = int(match["m"] or (match["hm"] or "")[2:] or 0)
        half = (match["ap"] or "").lower()[:1]
        if half:
            hour = hour % 12 + (12 if half == "p" else 0)
        if hour < 24 and minute < 60:  # noqa: PLR2004  # a clock's own
            return time(hour, minute)
    if _NOON.search(text):
        return time(12)
    return time() if _MIDNIGHT.search(text) else None


def _day(text: str, near: datetime | None) -> tuple[date | None, str]:
    """The day named, and the text without it, so that its digits are not taken for a clock's."""
    for pattern in (_ISO, _DAY_MONTH, _MONTH_DAY, _NUMERIC):
        for match in pattern.finditer(text):
            month = int(match["m"]) if match["m"].isdecimal() else MONTHS.get(match["m"].casefold())
            found = _dated(match["y"], month, int(match["d"]), near) if month else None
            if found is not None:
                return found, f"{text[: match.start()]} , {text[match.end() :]}"
    for word in _WORD.finditer(text):
        weekday = WEEKDAYS.get(word.group().casefold())
        if weekday is not None and near is not None:
            return (near + timedelta(days=(weekday - near.weekday()) % 7)).date(), text
    return None, text


def _dated(year: str | None, month: int, day: int, near: datetime | None) -> date | None:
    try:
        if year:
            return datetime(full_year(year), month, day).date()  # noqa: DTZ001  # a day has no zone
        if near is None:
            return None
        candidate = datetime(near.year, month, day).date()  # noqa: DTZ001  # a day has no zone
        # A notice names a day to come; more than half a year back means next year's.
        return candidate.replace(year=near.year + 1) if (near.date() - candidate).days > 183 else candidate  # noqa: PLR2004  # half a year
    except ValueError:
        return None
