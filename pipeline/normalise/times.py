"""Times as sources write them, to UTC, with the offset they were written in and what was doubtful."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from pipeline.normalise.names import MONTHS

ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "UT": 0, "BST": 60, "WEST": 60, "IST": 330, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120,
    "HEC": 120, "HNEC": 60, "EET": 120, "EEST": 180, "SAST": 120, "CAT": 120, "EAT": 180, "MSK": 180, "МСК": 180, "TRT": 180, "GST": 240,
    "PKT": 300, "WIB": 420, "ICT": 420, "SGT": 480, "HKT": 480, "MYT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "AEST": 600,
    "ACDT": 630, "AEDT": 660, "NZST": 720, "NZDT": 780, "EST": -300, "EDT": -240, "ET": -300, "CST": -360, "CDT": -300, "MST": -420,
    "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "BRT": -180, "ART": -180, "CLT": -240, "NST": -210,
    "ET/NY": -300, "HORA DE MADRID": 120,
}  # fmt: skip
"""Named zones, in minutes east of UTC. IST is India's: no wire of Ireland or Israel writes it."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""A story's own time may be this far ahead of its fetch before it is flagged."""


class Moment(msgspec.Struct, frozen=True):
    """A time in UTC, how far its writer's clock was ahead of that, and `flag`: zone_assumed or None."""

    at: datetime
    offset: str
    flag: str | None = None
    zoned: bool = True


_CLOCK = r"(?P<h>\d{1,2})(?::?(?P<mi>\d{2}))?(?::?(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_ISO = re.compile(
    rf"(?P<y>\d{{4}})-?(?P<mo>\d{{2}})-?(?P<d>\d{{2}})(?:[T ]?{_CLOCK}\s*(?P<z>Z|z|[A-Za-zА-я]{{2,5}}[+-]\d\d:?\d\d|[+-]\d\d(?::?\d\d)?|[A-ZА-Я]{{2,5}})?)?"
)
_NAMED = re.compile(
    rf"(?:[^\W\d_]+\.?,?\s+)?(?P<d>\d{{1,2}})[. /-]+(?:de\s+)?(?P<mo>[^\W\d_]+)\.?[, /-]+(?:de\s+)?(?P<y>\d{{4}}|\d{{2}})(?:[,\s]+(?:{_CLOCK}))?\s*(?P<z>[A-Z]{{1,5}}|[+-]\d\d:?\d\d)?"
)
_AMERICAN = re.compile(
    rf"(?:[^\W\d_]+\.?,?\s+)?(?P<mo>[^\W\d_]+)\.?\s+(?P<d>\d{{1,2}}),?\s+(?P<y>\d{{4}})(?:[,\s]+(?:at\s+)?{_CLOCK})?\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<z>[A-Z]{{1,5}}|[+-]\d\d:?\d\d)?"
)
_ISO_LENGTH = len("2021-06-28T14:00Z")
_OFFSET = re.compile(r"(?:[A-Z]{2,4})?([+-])(\d\d):?(\d\d)?")
_MIDNIGHT = 24


def read_time(text: str, zone: str | None = None) -> Moment | None:
    """The moment that `text` means; a time without a zone is in `zone` (IANA; UTC where none). None if unreadable."""
    text = " ".join(text.split())
    if len(text) >= _ISO_LENGTH and text[4] == "-" and text[10] == "T":
        # Nearly every source writes this form; the library reads it forty times faster than the expressions.
        aware: datetime | None
        try:
            aware = datetime.fromisoformat(text)
        except ValueError:
            aware = None  # one of the forms below, or none
        if aware is not None and aware.tzinfo is not None:
            return _bounded(aware)
    for pattern in (_ISO, _NAMED, _AMERICAN):
        match = pattern.fullmatch(text)
        if match is not None:
            found = _build(match, zone)
            if found is not None:
                return found
    return _rfc822(text, zone)


def _build(match: re.Match[str], zone: str | None) -> Moment | None:
    named = match.groupdict()
    month = int(named["mo"]) if named["mo"].isdecimal() else MONTHS.get(named["mo"].casefold().rstrip("."))
    if month is None:
        return None
    hour = int(named["h"] or 0)
    half = (named.get("ap") or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        # 24:00 is midnight at the end of the day (ISO 8601-1:2019 again allows it).
        naive = datetime(  # noqa: DTZ001  # its zone is settled next
            full_year(named["y"]), month, int(named["d"]), hour % _MIDNIGHT, int(named["mi"] or 0), min(int(named["s"] or 0), 59),
            int((named.get("f") or "0").ljust(6, "0")[:6]),
        )  # fmt: skip
        if hour == _MIDNIGHT:
            naive += timedelta(days=1)
        elif hour > _MIDNIGHT:
            return None
        return place(naive, named["z"], zone)
    except (ValueError, OverflowError):
        return None


def full_year(digits: str) -> int:
    """Two digits mean the century that POSIX takes: 69 to 99 are the last one's."""
    year = int(digits)
    return year if len(digits) > 2 else year + (1900 if year >= 69 else 2000)  # noqa: PLR2004  # POSIX.1-2017, strptime %y


def place(naive: datetime, written: str | None, zone: str | None) -> Moment | None:
    """`naive` in the zone as `written`, else in `zone`, else in UTC and flagged.

    Raises:
        OverflowError: where it falls out of the calendar.
    """
    if written:
        minutes = offset_minutes(written)
        if minutes is None:
            return None
        return _moment(naive.replace(tzinfo=timezone(timedelta(minutes=minutes))), None)
    return _moment(naive.replace(tzinfo=_zone(zone) if zone else UTC), "zone_assumed")


def offset_minutes(written: str) -> int | None:
    """Minutes east of UTC of ``+02:00``, ``GMT+2``, ``CEST``; None for a name not known."""
    known = ZONES.get(written.upper())
    if known is not None:
        return known
    match = _OFFSET.fullmatch(written.upper())
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return None if minutes >= _MIDNIGHT * 60 else (-minutes if match[1] == "-" else minutes)


def _moment(aware: datetime, flag: str | None) -> Moment:
    offset = aware.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return Moment(at=aware.astimezone(UTC), offset=f"{sign}{hours:02d}:{rest:02d}", flag=flag, zoned=flag is None)


def _bounded(aware: datetime) -> Moment | None:
    try:
        return _moment(aware, None)
    except OverflowError:
        return None  # a time in the year 1 or 9999, outside the calendar once in UTC


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _rfc822(text: str, zone: str | None) -> Moment | None:
    parts = parsedate_tz(text)
    if parts is None:
        return None
    try:
        naive = datetime(*parts[:6])  # noqa: DTZ001  # its zone is settled next
        offset = parts[9]
        if offset is None:
            written = text.rsplit(None, 1)[-1].strip("()")
            minutes = offset_minutes(written) if written.isalpha() else None
            return place(naive, written if minutes is not None else None, zone)
        return _moment(naive.replace(tzinfo=timezone(timedelta(seconds=offset))), None)
    except (ValueError, OverflowError):
        return None


def judge(moment: Moment, received: datetime | None) -> str | None:
    """What is wrong with a story's time: absurd (before 1900), future (after its fetch), zone_assumed, or nothing."""
    if moment.at < EARLIEST:
        return "absurd"
    if received is not None and moment.at > received + _AHEAD:
        return "future"
    return moment.flag
