"""The dateline that opens a paragraph: a grammar over agencies and languages.

``PLACE{/PLACE}[, REGION][, DATE] (AGENCY) SEPARATOR body`` and its relatives: agency first, agency between
slashes, agency without brackets, none at all (with a date, in capitals), and the East Asian forms.
"""

import re

import msgspec

from pipeline.normalise.agencies import ANY_ALIAS, ANY_BARE, BARE_NAMES, BY_ALIAS, lookup
from pipeline.normalise.dates import Day, trailing_day
from pipeline.normalise.places import read_places


class Parsed(msgspec.Struct, frozen=True):
    """A dateline read from text: its words, what they mean, and where the copy goes on."""

    text: str
    end: int
    places: tuple[str, ...] = ()
    regions: dict[str, str] = {}
    day: Day | None = None
    agency: str | None = None
    credit: str | None = None
    """The agencies in the words of the copy (``ats afp``)."""
    byline: str | None = None
    """The reporters that East Asian datelines name."""


_HEAD = 240
"""Characters of a paragraph in which its dateline must end."""

_JOINT = rf"(?:[a-z]{{2,5}}/)?(?:{ANY_ALIAS})(?:(?:\s*[/,&+=–-]\s*|\s+)(?:{ANY_ALIAS}))*(?:/[a-z]{{2,5}})*"
_BRACKETED = re.compile(rf"[(\[（［]\s*(?P<credit>{_JOINT})\s*[)\]）］]", re.IGNORECASE)
_BRACKETS = ("(", "[", "（", "［")
_SLASHED = re.compile(rf"/\s*(?P<credit>{_JOINT})\s*/", re.IGNORECASE)
_BARE = re.compile(rf"(?<=[\s,.–—-])(?P<credit>{ANY_BARE})(?=\s*[-–—=:.]{{1,2}}\s|\s*[–—]|\s*--)")
_ANY_CREDIT = re.compile(r"\((?P<credit>[A-Z][\w.&' -]{1,28})\)(?=\s*[-–—]|\s*:)")
_SEPARATOR = re.compile(r"\s*(?:[.:]?\s*(?:--|[-–—_=‒―]+)+|\.(?!\w)|:)\s*")
_SPACE = re.compile(r"\s*")
_FIRST = re.compile(
    rf"(?:[(\[]\s*(?P<credit>{_JOINT})\s*[)\]]|/\s*(?P<slashed>{_JOINT})\s*/)\s*(?P<dash>[-–—:.]*)\s*", re.IGNORECASE
)
_FIRST_REST = re.compile(r"(?P<pre>[^\n]{2,90}?)\s*(?:[-–—](?=\s|$)|\.\s*[-–—])\s*")
_NO_AGENCY = re.compile(
    r"(?P<pre>[A-Z][^\n(]{2,80}?(?:\d{1,2}(?:,?\s*\d{4})?|\d\d? [A-Z][a-z]{2,8}\.?))\s*,?\s*(?:--?|[–—])(?:\s+|$)"
)
# A digit, perhaps a month after it, and the dash: what any dateline without an agency has.
_DASH = re.compile(r"\d(?: [A-Z][a-z]{2,8}\.?)?\s*,?\s*[-–—]")
_DEEPEST_DASH = 96
_ENCLOSED = re.compile(r"\((?P<place>[A-Z][^()\n]{1,60}?)\s*[-–—]+\s*(?P<day>[^()\n]{3,30})\)\s*[-–—]*\s*")
_CHINESE = re.compile(
    r"[(（]?(?P<credit>新华社|新華社|中新社|中新网|中央社|法新社|路透社|共同社|美联社)"
    r"(?P<places>[一-鿿/／、·\s]{2,20}?)\s*(?:(?P<year>\d{4})年)?(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})日?\s*(?:[综專专综合]*电|電|讯|訊)"
    r"[)）]?\s*(?P<who>[(（]\s*(?:记者|記者|总台记者)?[^()（）\n]{1,40}[)）])?\s*[-—]*\s*"
)
_JAPANESE = re.compile(
    r"[【［\[](?P<places>[^】］\]\s\d=＝]{1,16}?)\s*(?:(?P<day>\d{1,2})日)?\s*[=＝]?\s*(?P<credit>共同|時事|ロイター|AFP=時事)[】］\]]\s*[-－]?\s*"
)
_REPORTER = re.compile("总台记者|记者|記者|기자")
_KOREAN = re.compile(r"\((?P<places>[가-힣·]{1,24})=(?P<credit>연합뉴스)\)\s*(?:(?P<who>[가-힣 ·]{2,24}기자)\s*=\s*)?")


def read_dateline(paragraph: str, *, trusted: str | None = None) -> Parsed | None:
    """The dateline at the start of `paragraph`, or None.

    `trusted` is the agency that the source is known to carry: its datelines may lack a separator.
    """
    head = paragraph[:_HEAD]
    start = len(head) - len(head.lstrip(" \t•*"))
    if start:
        head = head[start:]
    found = (
        _agency_inside(head, trusted) or _agency_first(head) or _east_asian(head) or _enclosed(head) or _no_agency(head)
    )
    if found is None:
        return None
    return msgspec.structs.replace(found, end=found.end + start, text=found.text.strip()) if start else found


def _agency_inside(head: str, trusted: str | None) -> Parsed | None:
    bracket = any(mark in head for mark in _BRACKETS)
    match = (
        (_BRACKETED.search(head) if bracket else None)
        or (_SLASHED.search(head) if "/" in head else None)
        or _bare(head)
        or (_ANY_CREDIT.search(head) if bracket else None)
    )
    if match is None or match.start() == 0:
        return None
    read = _read_before(head[: match.start()])
    if read is None:
        return None
    places, regions, day = read
    known = lookup(match["credit"])
    rest = _SEPARATOR.match(head, match.end())
    if rest is None:
        sure = day is not None or (known is not None and (known.undated or known.name == trusted))
        if known is None or not sure or not _starts_copy(head, match.end()):
            return None
        end = _space(head, match.end())
    else:
        end = rest.end()
    if known is None and (day is None or not places):
        return None
    return Parsed(
        text=head[:end].strip(),
        end=end,
        places=places,
        regions=regions,
        day=day,
        agency=known.name if known else None,
        credit=match["credit"].strip(),
    )


def _bare(head: str) -> re.Match[str] | None:
    return _BARE.search(head) if any(name in head for name in BARE_NAMES) else None


def _read_before(before: str) -> tuple[tuple[str, ...], dict[str, str], Day | None] | None:
    """Places and day of the words before the agency; None where they are neither."""
    text = before.strip().rstrip("-–—").rstrip(" ,:")
    if not text:
        return None
    dated = trailing_day(text)
    if dated is None:
        read = read_places(text)
        return (*read, None) if read else None
    rest = dated[0].strip(" ,:-–—|")
    if not rest:
        return (), {}, dated[1]
    read = read_places(rest)
    return (*read, dated[1]) if read else None


def _starts_copy(head: str, position: int) -> bool:
    following = head[position:].lstrip()
    return bool(following) and (not following[0].islower()) and following[0] not in ",;)]"


def _space(head: str, position: int) -> int:
    match = _SPACE.match(head, position)
    return match.end() if match else position


def _agency_first(head: str) -> Parsed | None:
    match = _FIRST.match(head)
    if match is None:
        return None
    credit = match["credit"] or match["slashed"]
    known = lookup(credit)
    rest = _FIRST_REST.match(head, match.end())
    read = _read_before(rest["pre"]) if rest else None
    if rest is None or read is None:
        # Agency alone: only a dash or full stop after it tells it from a name in brackets.
        if not match["dash"] or known is None or match.end() >= len(head):
            return None
        return Parsed(text=head[: match.end()].strip(), end=match.end(), agency=known.name, credit=credit.strip())
    places, regions, day = read
    return Parsed(
        text=head[: rest.end()].strip(),
        end=rest.end(),
        places=places,
        regions=regions,
        day=day,
        agency=known.name if known else None,
        credit=credit.strip(),
    )


def _no_agency(head: str) -> Parsed | None:
    match = _NO_AGENCY.match(head) if _DASH.search(head, 0, _DEEPEST_DASH) else None
    dated = trailing_day(match["pre"]) if match else None
    if match is None or dated is None or dated[1].month is None:
        return None
    read = read_places(dated[0], capitals=False)
    if read is None or not _is_old_form(dated[0]):
        return None
    return Parsed(text=head[: match.end()].strip(), end=match.end(), places=read[0], regions=read[1], day=dated[1])


def _is_old_form(before: str) -> bool:
    """A place and a comma before the date: without an agency, nothing less is told from prose."""
    return before.rstrip().endswith((",", ".")) or before.split(",", maxsplit=1)[0].isupper()


def _enclosed(head: str) -> Parsed | None:
    """Place and day in brackets, as press releases have it."""
    match = _ENCLOSED.match(head) if head.startswith("(") else None
    dated = trailing_day(match["day"]) if match else None
    read = read_places(match["place"]) if match else None
    if match is None or dated is None or dated[0].strip() or dated[1].month is None or read is None:
        return None
    return Parsed(text=match.group().strip(), end=match.end(), places=read[0], regions=read[1], day=dated[1])


def _east_asian(head: str) -> Parsed | None:
    if not head or (head[0].isascii() and head[0] not in "(["):
        return None
    match = _CHINESE.match(head) or _JAPANESE.match(head) or _KOREAN.match(head)
    if match is None:
        return None
    named = match.groupdict()
    day = int(named["day"]) if named.get("day") else None
    month = int(named["month"]) if named.get("month") else None
    year = int(named["year"]) if named.get("year") else None
    known = BY_ALIAS.get(match["credit"].casefold())
    return Parsed(
        text=match.group().strip(),
        end=match.end(),
        places=tuple(place.strip() for place in re.split(r"[、/／·]", match["places"]) if place.strip()),
        day=Day(month=month, day=day, year=year) if day and month else None,
        agency=known.name if known else None,
        credit=match["credit"],
        byline=_REPORTER.sub("", named.get("who") or "").strip(" ()（）") or None,
    )
