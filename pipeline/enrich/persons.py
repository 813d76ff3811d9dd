"""The people a text speaks of, by rules: titles, given names, initials, particles, and the shape of names.

A full name is taken where something says that it is a person's; then its family name is looked for alone.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrich.names import (
    ASIAN,
    BODY,
    CAPITALS,
    FIRM,
    GIVEN,
    INITIAL,
    KINDS,
    LEAD,
    MAN,
    OPEN,
    SUFFIX,
    SURNAME,
    TITLE,
    WEAK,
    WOMAN,
    Run,
    Word,
    fold,
    runs,
    table,
)


class Mention(NamedTuple):
    """One place in the text where a person is named; `words` are the folded words that stood as a title."""

    start: int
    end: int
    name: str
    words: frozenset[str]


class _Piece(NamedTuple):
    """Neighbouring words that may be one name, and the folded words that stood before them."""

    words: Run
    titled: bool
    before: tuple[str, ...]


READ_CHARACTERS = 40_000
"""Longer texts are read up to here."""
_LONGEST_RUN = 14
_NOT_PEOPLE = frozenset(table("names_not.txt"))
_NOBLE = frozenset(("van", "van der", "van den", "van de", "von", "von der", "vom", "bin", "ibn", "bint", "ter", "zu"))
_SYLLABLES = re.compile(
    r"(?:(?:[zcs]h|[bpmfdtnlgkhjqxzcsryw])?"
    r"(?:iang|uang|iong|[aiueo]ng|i?a[on]|uai|ia[on]?|ie|iu|ua[in]?|u[ioe]|[aeo][iuo]|[aeiuv]nh?|[aeiouv]|er))+"
)
_KOREAN = re.compile(r"\w{2,6}-\w{2,6}")
_AGE = re.compile(r",? \(?\d\d\)?[,) ]")
_APPOSITION = re.compile(
    r", (?:the |a |an |der |die |le |la |el |l['’]|o |il |de )?([\w-]+)(?: (?:of |and )?([\w-]+))?"
)
_SPEECH_NEXT = re.compile(r" (?:said|says|told|added|sagte|dijo|disse)\b")
_GENITIVE = frozenset(("de", "sv", "no", "nb", "nn", "da", "nl"))
_ONE_FAMILY_NAME = frozenset(("de", "sv", "no", "nb", "nn", "da", "fi", "nl"))


@lru_cache(maxsize=2)
def people_in(text: str, language: str) -> tuple[Mention, ...]:
    """Every mention of a person in the text, in order; `language` is a two-letter code.

    The last texts are remembered, since two enrichers ask.
    """
    text = text[:READ_CHARACTERS]
    full: list[_Piece] = []
    alone: list[_Piece] = []
    doubtful: list[_Piece] = []
    for run in runs(text):
        if len(run) > _LONGEST_RUN:
            continue
        for piece in _pieces(run, text):
            named = _person(piece, text, language)
            if named:
                full.append(piece._replace(words=named))
            elif len(piece.words) == 1:
                alone.append(piece)
            else:
                doubtful.append(piece)
    by_family = {piece.words[0].text for piece in alone if _SPEECH_NEXT.match(text, piece.words[0].end)}
    for piece in doubtful:
        known = len(piece.words) <= 3 and piece.words[-1].text in by_family  # noqa: PLR2004  # given, middle, family
        (full if known else alone).append(piece)
    return _linked(sorted(full, key=_start), alone, text, language)


def _start(piece: _Piece) -> int:
    return piece.words[0].start


def _write(words: Run, text: str) -> str:
    return " ".join(text[words[0].start : words[-1].end].split())


def _pieces(run: Run, text: str) -> Iterator[_Piece]:
    before = tuple(fold(word) for word in text[max(0, run[0].start - 40) : run[0].start].split()[-3:])
    titled = bool(before) and bool(KINDS.get(before[-1], 0) & TITLE)
    current: Run = []
    for i, word in enumerate(run):
        if current and not current[-1].possessive and _continues(current, word, last=i == len(run) - 1):
            current.append(word)
            continue
        if current:
            # What stands before "Bank" or "Inc" is part of an organisation's name.
            if not word.kind & (BODY | FIRM) or current[-1].possessive:
                yield _Piece(current, titled, before)
            current, titled, before = [], False, ()
        if word.kind & (OPEN | TITLE | LEAD | BODY | FIRM | SUFFIX | CAPITALS):
            titled = bool(word.kind & TITLE)
            before = (*before[-4:], fold(word.text).rstrip("."))
        else:
            current = [word]
    if current:
        yield _Piece(current, titled, before)


def _continues(current: Run, word: Word, *, last: bool) -> bool:
    kind = word.kind
    if kind & CAPITALS:
        return False
    if kind & (OPEN | TITLE | LEAD | BODY | FIRM):
        given = current[-1].kind & GIVEN and not current[0].kind & WEAK
        return bool(kind & SURNAME and last and given)
    return True


def _person(piece: _Piece, text: str, language: str) -> Run:
    """The words of the name, or an empty list where nothing says that it is a person's."""
    words = piece.words
    first, last = words[0], words[-1]
    if text[first.start - 2 : first.start] == "& " or text[last.end : last.end + 2] == " &":
        return []
    for i, word in enumerate(words[:-1]):
        if word.kind & GIVEN and not word.kind & WEAK and not words[i + 1].kind & SUFFIX:
            found = _cut(words[0 if piece.titled and i == 1 else _initials(words, i) :], language)
            return [] if _write(found, text).lower() in _NOT_PEOPLE else found
    if _write(words[:2], text).lower() in _NOT_PEOPLE:
        return []
    if piece.titled:
        bare = len(words) == 1 and first.kind & (WEAK | INITIAL)
        return [] if bare or len(first.text) == 1 else _cut(words, language)
    if len(words) == 1:
        return []
    return _cut(words, language) if _shaped(words) or _described(words, text) else []


def _initials(words: Run, end: int) -> int:
    while end and words[end - 1].kind & (INITIAL | GIVEN):
        end -= 1
    return end


def _shaped(words: Run) -> bool:
    first = words[0]
    if first.kind & INITIAL:
        return first.text not in ("N.", "S.", "E.", "W.") and not words[1].kind & INITIAL
    if first.kind & ASIAN and len(words) <= 3:  # noqa: PLR2004  # family name and two syllables
        return all(_KOREAN.fullmatch(w.text) or _SYLLABLES.fullmatch(w.text.lower()) for w in words[1:])
    if len(words) == 3 and words[1].kind & INITIAL:  # noqa: PLR2004
        return True
    return any(word.particle in _NOBLE for word in words[1:])


def _described(words: Run, text: str) -> bool:
    if len(words) > 3:  # noqa: PLR2004  # given, middle, family
        return False
    end = words[-1].end
    if text[end : end + 1] not in (",", " "):
        return False
    if _AGE.match(text, end) and text[end] == ",":
        return True
    after = _APPOSITION.match(text, end)
    return bool(after) and any(KINDS.get(fold(w), 0) & TITLE for w in (after.groups() if after else ()) if w)


def _cut(words: Run, language: str) -> Run:
    given = 0
    while given < len(words) - 1 and words[given].kind & (GIVEN | INITIAL):
        given += 1
    families = 1 if language in _ONE_FAMILY_NAME and given else 3 if language in ("es", "pt") else 2
    cut = words[: max(given, 1) + families] if not given else words[: given + families]
    if len(words) > len(cut) and words[len(cut)].kind & SUFFIX:
        cut = words[: len(cut) + 1]
    return cut[:-1] if len(cut) > 1 and cut[-1].kind & INITIAL else cut


def _family_names(words: Run, language: str) -> Iterator[str]:
    """The ways to call a person by the family name alone."""
    named = [word for word in words if not word.kind & SUFFIX]
    first, last = named[0], named[-1]
    if (
        len(named) == 1
        or language == "hu"
        or (first.kind & ASIAN and not first.kind & GIVEN and not last.kind & ASIAN & ~first.kind)
    ):
        yield first.text
    if len(named) > 1:
        yield last.text
        if last.particle:
            yield f"{last.particle} {last.text}"
            yield f"{last.particle.capitalize()} {last.text}"
        if last.text[2:3] == "-":
            yield last.text[3:]
    if len(named) > 2 and not named[-2].kind & (GIVEN | INITIAL):  # noqa: PLR2004  # two family names
        yield named[-2].text
        yield f"{named[-2].text} {last.text}"


def _linked(full: list[_Piece], alone: list[_Piece], text: str, language: str) -> tuple[Mention, ...]:
    names: dict[tuple[str, str], str] = {}
    families: dict[str, list[tuple[int, str]]] = {}
    given: dict[str, str | None] = {}
    mentions: list[Mention] = []
    single = [piece for piece in full if len(piece.words) == 1]
    for piece in full:
        words = piece.words
        if len(words) == 1:
            continue
        name = _write(words, text)
        if language in _GENITIVE and name.endswith("s") and (words[0].text, words[-1].text[:-1]) in names:
            name = names[words[0].text, words[-1].text[:-1]]
        bare = [word for word in words if not word.kind & SUFFIX]
        name = names.setdefault((bare[0].text, bare[-1].text), name)
        for family in _family_names(words, language):
            if name not in (known for _, known in families.get(family, ())):
                families.setdefault(family, []).append((words[0].start, name))
        if words[0].kind & GIVEN and not words[0].kind & WEAK:
            given[words[0].text] = name if given.get(words[0].text, name) == name else None
        mentions.append(Mention(words[0].start, words[-1].end, name, frozenset(piece.before)))
    for piece in sorted((*single, *alone), key=_start):
        words = piece.words
        name = _known(_write(words, text), words[0].start, families, language)
        name = name or (given.get(words[0].text) if len(words) == 1 else None) or ""
        if not name and piece in single:
            name = words[0].text
            families[name] = [(words[0].start, name)]
        if name:
            mentions.append(Mention(words[0].start, words[-1].end, name, frozenset(piece.before)))
    return tuple(sorted(mentions))


def _known(word: str, start: int, families: dict[str, list[tuple[int, str]]], language: str) -> str:
    known = families.get(word)
    if not known and language in _GENITIVE and word.endswith("s"):
        known = families.get(word[:-1])
    if not known and language == "fi":
        known = next((known for family, known in families.items() if len(family) > 3 and word.startswith(family)), None)  # noqa: PLR2004  # a case ending
    if not known:
        return ""
    earlier = [name for first, name in known if first <= start]
    return earlier[-1] if earlier else known[0][1]


def gender(mentions: tuple[Mention, ...], name: str) -> int:
    """`MAN`, `WOMAN` or both or neither, from the given name and from the courtesy title."""
    kind = KINDS.get(fold(name.split(maxsplit=1)[0]), 0) & GIVEN if " " in name else 0
    for mention in mentions:
        if mention.name == name:
            if mention.words & {"mr", "herr", "monsieur", "sir", "senor", "king", "signor", "lord"}:
                return MAN
            if mention.words & {"mrs", "ms", "miss", "frau", "madame", "mme", "senora", "queen", "signora", "lady"}:
                return WOMAN
    return kind
