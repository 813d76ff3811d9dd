"""Day and month as wires write them, in any of the languages of `names`, and how a missing year is settled."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

import msgspec

from pipeline.normalise.names import MONTHS, WEEKDAYS


class Day(msgspec.Struct, frozen=True):
    """A day as written: parts may be missing. `weekday` is 0 for Monday."""

    month: int | None = None
    day: int | None = None
    year: int | None = None
    weekday: int | None = None


_WORD = r"[^\W\d_]{3,12}\.?"
_YEAR = r"(?:,?\s*(?:del?\s+|of\s+)?(?P<year>(?:19|20)\d{2})(?:\s*г(?:ода)?\.?)?)?"
_LONGEST_DATE = 36
_TAIL = re.compile(
    rf"""(?:^|(?<=[\s,./|–—-]))(?:
      (?P<month1>{_WORD})\s*(?P<day1>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}
    | (?P<day2>\d{{1,2}})(?:er|º|°|ª|\.|-?го|th|st|nd|rd)?\s*(?:d[ei]\s+|d')?(?P<month2>{_WORD}){_YEAR.replace("year", "year2")}
    | (?P<day3>\d{{1,2}})[/.](?P<month3>\d{{1,2}})(?:[/.](?P<year3>(?:(?:19|20)\d{{2}})?))?
    | (?:(?P<year4>(?:19|20)\d{{2}})年)?(?P<month4>\d{{1,2}})月(?P<day4>\d{{1,2}})日
    | (?P<weekday>{_WORD})
    )\s*[.,:]?\s*$""",
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def trailing_day(text: str) -> tuple[str, Day] | None:
    """Split a date off the end of `text`: what stands before it, and the day; None where there is none."""
    match = _TAIL.search(text, max(0, len(text) - _LONGEST_DATE))
    if match is None:
        return None
    day = _read(match)
    return (text[: match.start()], day) if day else None


def _read(match: re.Match[str]) -> Day | None:
    named = match.groupdict()
    if named["weekday"]:
        number = WEEKDAYS.get(_fold(named["weekday"]))
        return None if number is None else Day(weekday=number)
    day = int(next(named[f"day{i}"] for i in "1234" if named[f"day{i}"]))
    month = next(named[f"month{i}"] for i in "1234" if named[f"month{i}"])
    year = named["year"] or named["year2"] or named["year3"] or named["year4"]
    number = int(month) if month.isdecimal() else MONTHS.get(_fold(month))
    if number is None or not 1 <= number <= 12 or not 1 <= day <= 31:  # noqa: PLR2004  # the calendar's own
        return None
    return Day(month=number, day=day, year=int(year) if year else None)


def _fold(word: str) -> str:
    return word.casefold().rstrip(".")


_LEAD_WORD = re.compile(r"[^\W\d_]{4,}")
_LEAD_CHINESE = re.compile(r"(?:星期|周|週|礼拜)([一二三四五六日天])")
_CHINESE = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6}
_LEAD_LENGTH = 600


def named_weekday(lead: str) -> int | None:
    """The first weekday that the opening of the copy names, 0 for Monday."""
    opening = lead[:_LEAD_LENGTH]
    for match in _LEAD_WORD.finditer(opening):
        number = WEEKDAYS.get(match.group().casefold())
        if number is not None:
            return number
    chinese = _LEAD_CHINESE.search(opening)
    return _CHINESE[chinese.group(1)] if chinese else None


_AHEAD = timedelta(days=2)
"""A dateline may be this far ahead of a time in UTC: zones, and copy written for the next day."""
_YEARS_BACK = 28
"""The calendar of weekdays repeats after this many years."""


def settle(
    day: Day, *, version: datetime | None, received: datetime | None, lead: str
) -> tuple[date, str] | tuple[None, None]:
    """The full date a dateline means, and how its year was found: stated, version, weekday or received.

    `version` is the time of the story itself. Where there is none, the weekday that the lead names picks
    the latest fitting year up to `received`; only where it names none does `received` alone decide.
    """
    if day.weekday is not None:
        return _settle_weekday(day.weekday, version or received, "version" if version else "received")
    month, number, near = day.month, day.day, version or received
    if month is None or number is None or (day.year is None and near is None):
        return None, None
    if day.year is not None or near is None:
        stated = _date(day.year or 0, month, number)
        return (stated, "stated") if stated else (None, None)
    if version is not None:
        return _latest(near, month, number, None, "version")
    weekday = named_weekday(lead)
    return _latest(near, month, number, weekday, "received" if weekday is None else "weekday")


def _settle_weekday(weekday: int, near: datetime | None, how: str) -> tuple[date, str] | tuple[None, None]:
    if near is None:
        return None, None
    today = near.date()
    return today - timedelta(days=(today.weekday() - weekday) % 7), how


def _latest(
    near: datetime, month: int, number: int, weekday: int | None, how: str
) -> tuple[date, str] | tuple[None, None]:
    # Two days of grace ahead guard the turn of the year: 1 January in a story stamped 31 December.
    limit = date(near.year, near.month, near.day) + _AHEAD if near.year < 9999 else near.date()  # noqa: PLR2004  # the last year
    for year in range(limit.year, max(limit.year - _YEARS_BACK, 1), -1):
        candidate = _date(year, month, number)
        if candidate and candidate <= limit and (weekday is None or candidate.weekday() == weekday):
            return candidate, how
    return None, None


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
