"""The bodies a story speaks of: those everybody names, and names that say themselves what they are.

A run of capitalised words is a body's name where one of them makes it one (ministry, bank, party), a firm's where it
ends in its legal form, and a newspaper's where it ends in the word for one.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec

from pipeline.enrich.names import BODY, FIRM, LEAD, OPEN, TITLE, Run, fold, runs, table
from pipeline.story import Organisation, Story

READ_CHARACTERS = 40_000
"""Longer texts are read up to here."""
_LONGEST = 6
_OF = re.compile(
    r" (?:of|for|on|de|del|della|di|da|do|des|du|der|für|van|voor)(?: (?:the|la|las|los|le|les|el|l['’]|den|die|das))? "
)
_LEGAL = re.compile(r" (?:plc|p\.l\.c\.|gmbh|oyj|asa)(?!\w)")
_IN_BRACKETS = re.compile(r" \(([A-ZÄÖÜ][A-Za-zÄÖÜ]{1,7})\)")
_PAPERS = frozenset(
    "times post journal tribune herald gazette zeitung telegraph observer daily newspaper daily's".split()  # noqa: SIM905
)
_ALONE = frozenset({"is", "us", "it", "who", "sec", "fed"})
"""Short names that are words in capitals too: only as they are written in the table."""


_NONE = frozenset({"soviet union", "student union", "credit union"})


class _Found(NamedTuple):
    start: int
    end: int
    name: str


class _Known(NamedTuple):
    """Names by what they are called."""

    folded: dict[str, str]
    exact: dict[str, str]
    """Abbreviations, to the letter."""
    joined: dict[str, list[tuple[str, str]]]
    """Names with small words in them, which part a run, by their first word."""


@cache
def _known() -> _Known:
    folded: dict[str, str] = {}
    exact: dict[str, str] = {}
    joined: dict[str, list[tuple[str, str]]] = {}
    for line in table("organisations.txt"):
        name, _, others = line.partition(":")
        for one in (name, *others.strip().split("|")):
            one = one.strip()  # noqa: PLW2901  # the same, without its spaces
            if not one:
                continue
            if one.isupper() or fold(one) in _ALONE or len(one) < 5:  # noqa: PLR2004  # an abbreviation
                exact[one] = name
            else:
                folded[fold(one)] = name
            if any(word.islower() for word in one.split()):
                joined.setdefault(one.split()[0], []).append((one, name))
    return _Known(folded, exact, joined)


class Organisations:
    """Adds the bodies named in the copy to `organisations`; counts and offsets go under `newswire.mentions`.

    What the source said about organisations stays, and stays first.
    """

    name = "organisations"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its organisations."""
        text = story.text[:READ_CHARACTERS]
        counts: dict[str, dict[str, Any]] = {}
        short: dict[str, str] = {}
        for found in _organisations(text, short):
            counts.setdefault(found.name, {"count": 0, "first": found.start})["count"] += 1
        if not counts:
            return story
        stated = {organisation.name for organisation in story.organisations}
        more = tuple(Organisation(name=name, rel="mention") for name in counts if name not in stated)
        extension = msgspec.structs.replace(
            story.newswire, mentions={**story.newswire.mentions, "organisations": counts}
        )
        return msgspec.structs.replace(story, organisations=(*story.organisations, *more), newswire=extension)


def _organisations(text: str, short: dict[str, str]) -> Iterator[_Found]:
    """Every mention in order; `short` collects what names are abbreviated to in brackets."""
    parts = runs(text)
    by_start = {run[0].start: run for run in parts}
    taken = -1
    for run in parts:
        first = 0
        while first < len(run):
            found = None if run[first].start < taken else _at(run, first, text, by_start, short)
            if found is None:
                first += 1
                continue
            abbreviated = _IN_BRACKETS.match(text, found.end)
            if abbreviated:
                short.setdefault(abbreviated[1], found.name)
            yield found
            taken = found.end
            while first < len(run) and run[first].start < taken:
                first += 1


def _at(run: Run, first: int, text: str, by_start: dict[int, Run], short: dict[str, str]) -> _Found | None:
    """The name that begins with this word of the run."""
    known = _known()
    start = run[first].start
    for one, called in known.joined.get(run[first].text, ()):
        if text.startswith(one, start):
            return _Found(start, start + len(one), called)
    for last in range(min(len(run), first + _LONGEST), first, -1):
        written = _written(run, first, last, text)
        name = known.exact.get(written) or known.folded.get(fold(written)) or short.get(written)
        if name is not None:
            return _Found(start, run[last - 1].end, name)
    return _by_its_words(run, first, text, by_start)


def _by_its_words(run: Run, first: int, text: str, by_start: dict[int, Run]) -> _Found | None:
    kinds = [word.kind for word in run]
    if kinds[first] & (TITLE | LEAD) or (kinds[first] & OPEN and not _is_place_word(run, first)):
        return None
    for last in range(min(len(run), first + _LONGEST), first, -1):
        word = run[last - 1]
        if any(one.possessive for one in run[first : last - 1]) or fold(_written(run, first, last, text)) in _NONE:
            continue
        legal = _LEGAL.match(text, word.end) if last == len(run) else None
        if legal:
            whole = " ".join(text[run[first].start : legal.end()].split())
            return _Found(run[first].start, legal.end(), whole)
        if word.kind & FIRM and last - first > 1:
            return _Found(run[first].start, word.end, _written(run, first, last, text))
        if fold(word.text) in _PAPERS and last - first > 1:
            return _Found(run[first].start, word.end, _written(run, first, last, text))
        if word.kind & BODY:
            inside = last < len(run) and bool(run[last].particle)
            end = run[last].end if inside else _of_what(word.end, text, by_start)
            if last - first > 1 or end is not None:
                end = end or word.end
                return _Found(run[first].start, end, " ".join(text[run[first].start : end].split()))
    return None


def _is_place_word(run: Run, first: int) -> bool:
    """Whether an opening word may begin a body's name: European Parliament, but not The Parliament."""
    long = len(run[first].text) > 4  # noqa: PLR2004  # articles and prepositions are shorter
    return (long or run[first].text == "New") and first + 1 < len(run)


def _of_what(end: int, text: str, by_start: dict[int, Run]) -> int | None:
    """Where ``Bank of England`` ends, given where ``Bank`` does."""
    match = _OF.match(text, end)
    following = by_start.get(match.end()) if match else None
    if following is None:
        return None
    last = following[0]
    for word in following[1:3]:
        if last.possessive or word.kind & (TITLE | LEAD):
            break
        last = word
    return last.end


def _written(run: Run, first: int, last: int, text: str) -> str:
    return " ".join(text[run[first].start : run[last - 1].end].split())
