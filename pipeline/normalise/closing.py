"""How a story ends on the wire: agency credit, desk codes, reporting credits, notes not for publication."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

import msgspec

from pipeline.normalise.agencies import AGENCIES, ANY_ALIAS, alternation, lookup
from pipeline.normalise.bylines import is_reporting, read_reporting
from pipeline.story import Byline, Removed


class Closing(msgspec.Struct, frozen=True):
    """What stood at the end of the copy, taken out of it."""

    paragraphs: list[str]
    removed: list[Removed]
    agency: str | None = None
    credit: str | None = None
    bylines: tuple[Byline, ...] = ()


_ENDERS = {closer: agency for agency in AGENCIES for closer in agency.closers}
_FOLDED_ENDERS = {closer.casefold(): agency for closer, agency in _ENDERS.items()}
_NAMES = rf"(?:{ANY_ALIAS}|{alternation(set(_ENDERS))})"
_CODES = r"(?:[ /,]+[a-z]{1,4}(?:[-/ ][a-z0-9]{1,4}){0,6}(?:\s+s\d)?)?"
_ALONE = re.compile(
    rf"[\W_]*(?P<credit>{_NAMES}(?:\s*[/,&-]\s*{_NAMES}|\s{_NAMES})*)(?P<codes>(?:[ /]+[A-Za-z0-9]{{1,6}}(?:[-/.][A-Za-z0-9]{{1,5}})*){{0,5}})[\W_]*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    rf"(?<=[.!?”\"»…)。’'])\s*[\[(=/_-]{{0,2}}\s*(?P<credit>{_NAMES}(?:[/-]{_NAMES})?)[\])/=_-]{{0,2}}(?P<codes>{_CODES})\s*\.?\s*$"
)
_DESK = re.compile(
    r"[a-z]{2,4}(?:[/-][a-z]{1,4}){1,6}(?:\s+\d{1,4})?|[\W_]*(?:ends|end|more|###?|-30-|\(?完\)?|（完）|конец|fine|fin)[\W_]*",
    re.IGNORECASE,
)
_DESK_NUMBERS = re.compile(r"(?=(?:\S*\d\S*\s+){3})[A-Z0-9]{1,8}(?:\s+[A-Z0-9]{1,8}){4,16}")
_DESK_MIXED = re.compile(r"[a-z]{2,3}/[A-Z]{2,3}|[A-Z]{2,4}/[A-Z]{2,4}")
_CREDIT_LINE = re.compile(r"\^?(?:AP-[A-Z]{2}-\d\d-\d\d-\d\d \d{4}(?:GMT|[A-Z]{3,4})?)<?")
_RULES = re.compile(r"[\W_]{1,12}|\*(?:\s*\*)+")
_PRIVATE = re.compile(
    r"\W{0,4}(?:the following information is not (?:intended )?for publication|nicht zur veröffentlichung|notebook\b|dpa[- ]notizblock|notizblock|no publicar\b)",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(r"(?:copyright\b|\(c\)|©).{0,160}", re.IGNORECASE | re.DOTALL)
_REPORTING_TAIL = re.compile(
    r"(?<=[.!?”\"’'])\s+(?P<credit>\((?:Additional )?(?:Reporting|Writing|Editing)[^()]{0,40} by [^()]{3,420}\))\s*$"
)
_SHORT = 60
_MOST = 12


def strip_closing(paragraphs: list[str], expected: str | None = None) -> Closing:
    """`paragraphs` without their closing lines. `expected` is the agency already known, if any."""
    kept, removed = _strip_private(paragraphs)
    agency, credit = expected, None
    bylines: list[Byline] = []
    for _ in range(_MOST):
        if not kept:
            break
        last = kept[-1]
        rule, found = _whole(last, len(kept))
        if rule is not None:
            removed.append(Removed(rule=rule, text=last))
            kept = kept[:-1]
            if rule == "reporting_credit":
                bylines = [*read_reporting(last), *bylines]
            if found is not None:
                credit = credit or found
            continue
        reporting = _REPORTING_TAIL.search(last[-480:]) if last.endswith(")") else None
        if reporting is not None:
            removed.append(Removed(rule="reporting_credit", text=reporting["credit"]))
            bylines = [*read_reporting(reporting["credit"]), *bylines]
            kept = [*kept[:-1], last[: -len(reporting.group())].rstrip()]
            continue
        tail = _TAIL.search(last[-_SHORT:]) if _may_end_in_credit(last) else None
        if tail is None:
            break
        start = len(last) - len(last[-_SHORT:]) + tail.start()
        removed.append(Removed(rule="closing_credit", text=last[start:].strip()))
        kept = [*kept[:-1], last[:start].rstrip()]
        credit = credit or tail["credit"]
    found_agency = _agency(credit)
    return Closing(kept, removed, agency=found_agency or agency, credit=credit, bylines=tuple(bylines))


def _may_end_in_credit(last: str) -> bool:
    return bool(last) and (last[-1].isalnum() or last[-1] in ").]/=_-")


def _agency(credit: str | None) -> str | None:
    if credit is None:
        return None
    ender = _FOLDED_ENDERS.get(credit.casefold())
    known = ender or lookup(credit)
    return known.name if known else None


def _whole(last: str, count: int) -> tuple[str | None, str | None]:
    """The rule that takes a whole last paragraph, and the credit in it."""
    if count < 2:  # noqa: PLR2004  # the last paragraph left is the copy
        return None, None
    credit: str | None = None
    rule: str | None = None
    if len(last) <= _SHORT + 20:
        alone = _ALONE.fullmatch(last)
        if alone is not None and _is_code(alone["codes"]):
            rule, credit = "closing_credit", alone["credit"]
        elif _DESK.fullmatch(last) or _DESK_NUMBERS.fullmatch(last) or _DESK_MIXED.fullmatch(last):
            rule = "desk_code"
        elif _CREDIT_LINE.fullmatch(last):
            rule, credit = "closing_credit", "AP"
        elif _RULES.fullmatch(last):
            rule = "rule_line"
    if rule is None and is_reporting(last):
        rule = "reporting_credit"
    elif rule is None and _COPYRIGHT.fullmatch(last):
        rule = "copyright_line"
    return rule, credit


def _is_code(codes: str) -> bool:
    # Desk codes are initials: short words, of one case each, none of them a word of the language.
    return all(len(word) <= 4 or any(c.isdigit() for c in word) for word in re.split(r"[ /.-]+", codes) if word)  # noqa: PLR2004  # initials


def _strip_private(paragraphs: list[str]) -> tuple[list[str], list[Removed]]:
    for index, paragraph in enumerate(paragraphs):
        if index and len(paragraph) <= 3 * _SHORT and _PRIVATE.match(paragraph):
            return paragraphs[:index], [Removed(rule="not_for_publication", text=text) for text in paragraphs[index:]]
    return list(paragraphs), []
