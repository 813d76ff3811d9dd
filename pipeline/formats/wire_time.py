"""The time stamps of the teleprinter formats, whose layouts only their own standards tell, as ISO 8601."""

import re
from datetime import UTC, datetime

# ANPA 1312: month-day-year hour-minute zone; IPTC 7901: day hour minute zone month year.
_ANPA = re.compile(r"(\d{2})-(\d{2})-(\d{2})\s+(\d{2})(\d{2})\s?(GMT|UTC)?")
_IPTC = re.compile(r"(\d{2})(\d{2})(\d{2})\s+(?:([A-Z]{1,5})\s+)?([^\W\d]{3,9})\.?\s+(\d{2,4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHERS = {
    "mär": 3,
    "mrz": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
    "fév": 2,
    "fev": 2,
    "avr": 4,
    "aoû": 8,
    "déc": 12,
    "abr": 4,
    "ago": 8,
    "ene": 1,
    "dic": 12,
}
_UTC = frozenset({"GMT", "UTC", "Z"})
_OFFSETS = {"MEZ": "+01:00", "CET": "+01:00", "MESZ": "+02:00", "CEST": "+02:00", "BST": "+01:00"}
_CENTURY = 100
_PIVOT = 70


def anpa_time(stamp: str) -> str | None:
    """``11-13-13 1509GMT`` as ``2013-11-13T15:09Z``; None where it is no time."""
    found = _ANPA.search(stamp)
    if found is None:
        return None
    month, day, year, hour, minute = (int(found[i]) for i in range(1, 6))
    return _iso(year, month, day, hour, minute, "Z" if found[6] else "")


def iptc_time(stamp: str) -> str | None:
    """``131137 GMT Nov 13`` as ``2013-11-13T11:37Z``; without an offset where the zone is unknown."""
    found = _IPTC.search(stamp)
    if found is None:
        return None
    day, hour, minute = (int(found[i]) for i in range(1, 4))
    month = _month(found[5])
    zone = found[4] or ""
    offset = "Z" if zone in _UTC else _OFFSETS.get(zone, "")
    return _iso(int(found[6]), month, day, hour, minute, offset) if month else None


def _month(name: str) -> int | None:
    key = name[:3].lower()
    return _MONTHS.index(key) + 1 if key in _MONTHS else _OTHERS.get(key)


def _iso(year: int, month: int, day: int, hour: int, minute: int, offset: str) -> str | None:
    if year < _CENTURY:
        year += 2000 if year < _PIVOT else 1900
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M}{offset}"
