"""Who says each quotation: verbs of speech before, after and amid it, names, roles and pronouns."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.enrich.names import KINDS, MAN, TITLE, WOMAN, fold, table
from pipeline.enrich.persons import Mention, gender

VERBS = frozenset(word for line in table("speech_verbs.txt") for word in line.split(":")[1].split())
"""Verbs of speech in all languages, folded."""

_FOLLOWED = frozenset(("according", "segun", "selon", "secondo", "segundo", "laut", "volgens", "enligt", "ifolge"))
"""Words that the speaker comes after, wherever they stand."""
_PRONOUNS = {
    "he": MAN, "she": WOMAN, "er": MAN, "sie": WOMAN, "elle": WOMAN, "él": MAN, "ella": WOMAN, "ele": MAN,
    "ela": WOMAN, "lui": MAN, "lei": WOMAN, "hij": MAN, "zij": WOMAN, "ze": WOMAN, "han": MAN, "hon": WOMAN,
    "hun": WOMAN, "hän": 0, "il": MAN,
}  # fmt: skip
_NO_PRONOUN = {"it": "il"}
_DROPS_PRONOUNS = frozenset(("es", "pt", "it"))
_SENTENCE_END = re.compile(
    r"(?<!Mr)(?<!Ms)(?<!Dr)(?<!Mrs)(?<!Sen)(?<!Gov)(?<!Rep)(?<!Gen)(?<!\b[A-Z])[.!?][)”\"]?(?=\s|$)|\n|:(?=\s)"
)
_WORD = re.compile(r"\w+")
_ROLE = re.compile(
    r"(?:(?<=\W)|^)(?:the|a|an|his|her|der|die|el|la|le|il|o|de|het|een|un|une|l['’])\s?"
    r"((?:[\w'’]+[ -]){0,5}?\w+)(?=[^\w ]|$| (?:said|told|says|added|who|in|on|at|to|of|as|auf|in|en|à)\b)",
    re.IGNORECASE,
)
_MASK = "\x01"
_REACH = 220
"""Characters looked at on either side of a quotation."""
_CLOSE_BY = 30


class Attribution(NamedTuple):
    """Who said a quotation, in which words, and whether the words stand right beside it."""

    speaker: str | None = None
    words: str | None = None
    adjacent: bool = False


class Speakers:
    """The speakers of one text's quotations, told one after the other in their order."""

    def __init__(self, text: str, language: str, quotes: list[tuple[int, int]], mentions: tuple[Mention, ...]) -> None:
        self._text = text
        self._language = language
        self._quotes = quotes
        pieces, at = [], 0
        for start, end in quotes:
            pieces += [text[at:start], _MASK * (end - start)]
            at = end
        self._masked = "".join((*pieces, text[at:]))
        self._all = mentions
        self._mentions = [m for m in mentions if self._masked[m.start : m.start + 1] != _MASK]
        self._said: list[tuple[int, int, str | None]] = []

    def of(self, index: int) -> Attribution:
        """Who said quotation `index`; to be asked in order."""
        start, end = self._quotes[index]
        said = self._after(end) or self._before(start) or self._inherited(start)
        self._said.append((start, end, said.speaker))
        return said

    def _after(self, end: int) -> Attribution | None:
        stop = self._sentence_end(end)
        for verb in self._verbs(end, stop):
            subject = self._subject(end, verb, stop)
            adjacent = verb.start() - end < _CLOSE_BY
            if subject:
                return subject._replace(adjacent=adjacent)
            if adjacent and self._language in _DROPS_PRONOUNS:
                return Attribution(self._person(end, 0), None, adjacent=True)
            return None
        return None

    def _before(self, start: int) -> Attribution | None:
        begin = self._sentence_start(start)
        for verb in reversed(list(self._verbs(begin, start))):
            subject = self._subject(begin, verb, start)
            if subject:
                return subject._replace(adjacent=start - verb.end() < _CLOSE_BY)
        if self._masked[begin:start].rstrip()[-1:] == ":":
            named = [m for m in self._mentions if begin <= m.start < start]
            if named:
                return Attribution(named[-1].name, self._text[named[-1].start : named[-1].end], adjacent=True)
        if begin < start and self._language in _DROPS_PRONOUNS and any(self._verbs(begin, start)):
            return Attribution(self._person(begin, 0))
        return None

    def _inherited(self, start: int) -> Attribution:
        """A quotation that opens its sentence goes on with what was said before it."""
        if self._masked[self._sentence_start(start) : start].strip():
            return Attribution()
        if self._said:
            _, end, speaker = self._said[-1]
            between = self._text[end:start]
            if between.count("\n\n") <= 1 and speaker:
                later = [m for m in self._mentions if end <= m.start < start and m.name != speaker]
                if not later or "\n" not in between:
                    return Attribution(speaker)
        before = self._masked.rfind("\n", 0, max(0, start - 2)) if self._at_paragraph(start) else start
        begin = max(0, self._masked.rfind("\n", 0, max(0, before - 2)) if before < start else before)
        return self._last_saying(begin, start)

    def _at_paragraph(self, start: int) -> bool:
        return not self._text[self._text.rfind("\n", 0, start) + 1 : start].strip()

    def _last_saying(self, begin: int, start: int) -> Attribution:
        begin = max(begin, start - 600)
        for verb in reversed(list(self._verbs(begin, start))):
            subject = self._subject(self._sentence_start(verb.start()), verb, self._sentence_end(verb.end()))
            if subject and subject.speaker:
                return subject._replace(adjacent=False)
        return Attribution()

    def _verbs(self, begin: int, stop: int) -> Iterator[re.Match[str]]:
        return (word for word in _WORD.finditer(self._masked, begin, stop) if fold(word.group()) in VERBS)

    def _subject(self, begin: int, verb: re.Match[str], stop: int) -> Attribution | None:
        """The subject of a verb of speech: in front of it, or after it where the order is inverted."""
        before = None if fold(verb.group()) in _FOLLOWED else self._subject_before(begin, verb.start())
        return before or self._subject_after(verb.end(), stop)

    def _subject_before(self, begin: int, end: int) -> Attribution | None:
        words = list(_WORD.finditer(self._masked, max(begin, end - 60), end))
        for word in words[-3:][::-1]:
            sex = self._sex(word.group())
            if sex is not None:
                return Attribution(self._person(word.start(), sex), word.group())
        named = [m for m in self._mentions if begin <= m.start and m.end <= end]
        if named:
            subject = named[-1]
            gap = self._text[subject.end : end]
            if len(named) > 1 and (len(gap) > _CLOSE_BY and gap[0] != ","):
                subject = named[0]
            return Attribution(subject.name, self._text[subject.start : subject.end])
        roles = list(_ROLE.finditer(self._masked, begin, end))
        return self._by_role(roles[0]) if roles else None

    def _subject_after(self, begin: int, stop: int) -> Attribution | None:
        word = _WORD.search(self._masked, begin, stop)
        if word is None:
            return None
        sex = self._sex(word.group())
        if sex is not None:
            return Attribution(self._person(word.start(), sex), word.group())
        named = next((m for m in self._mentions if begin <= m.start < min(stop, begin + 90)), None)
        role = _ROLE.match(self._masked, begin + 1, min(stop, begin + 80))
        if named and (role is None or named.start <= role.end() + 3):
            return Attribution(named.name, self._text[named.start : named.end])
        return self._by_role(role) if role else None

    def _sex(self, word: str) -> int | None:
        word = word.lower()
        return None if _NO_PRONOUN.get(self._language) == word else _PRONOUNS.get(word)

    def _by_role(self, role: re.Match[str]) -> Attribution | None:
        """The person of whom the words of a role were said, or whoever was spoken of last."""
        words = {fold(word) for word in _WORD.findall(role.group(1))}
        titles = {word for word in words if KINDS.get(word, 0) & TITLE}
        if not titles and "old" not in words:
            return None
        best, most = None, 0
        for mention in self._all:
            after = {fold(word) for word in _WORD.findall(self._text[mention.end : mention.end + 40])}
            if mention.start > role.start() + _REACH or not titles & (mention.words | after):
                continue
            shared = len(words & (mention.words | after))
            if shared >= most:
                best, most = mention.name, shared
        return Attribution(best or self._person(role.start(), 0), role.group().strip())

    def _person(self, at: int, sex: int) -> str | None:
        """The person that a pronoun at this place stands for: the last subject of a fitting sex."""
        fits = [m for m in self._mentions if m.start < at and self._fits(m.name, sex)]
        said = next(((end, who) for _, end, who in reversed(self._said) if who and self._fits(who, sex)), None)
        leading = None
        for mention in reversed(fits[-6:]):
            begin = self._sentence_start(mention.start)
            if not any(begin <= other.start < mention.start for other in fits):
                leading = mention
                break
        if said and (leading is None or leading.start < said[0]):
            return said[1]
        return leading.name if leading else fits[-1].name if fits else None

    def _fits(self, name: str, sex: int) -> bool:
        known = gender(self._all, name) if sex else 0
        return known in (0, MAN | WOMAN) or bool(known & sex)

    def _sentence_start(self, at: int) -> int:
        begin = max(0, at - 400, self._masked.rfind("\n", 0, at) + 1)
        last = begin
        for found in _SENTENCE_END.finditer(self._masked, begin, at):
            if found.group() == ":" and at - found.end() < 3:  # noqa: PLR2004  # the colon that opens this quotation
                continue
            last = found.end()
        return last

    def _sentence_end(self, at: int) -> int:
        found = _SENTENCE_END.search(self._masked, at, at + _REACH)
        quote = self._masked.find(_MASK, at, at + _REACH)
        ends = [found.start() if found else len(self._masked), quote if quote >= 0 else len(self._masked), at + _REACH]
        return min(ends)
