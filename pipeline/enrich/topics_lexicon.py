"""How strongly a text speaks of each topic, by counting the words and phrases of ``data/topics_*.txt``."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import sqrt
from typing import NamedTuple

from pipeline.enrich.names import table
from pipeline.enrich.topics_words import tokens

LANGUAGES = ("de", "en", "es", "fr", "pt")
"""Languages with a lexicon."""

WORD_WEIGHT, PHRASE_WEIGHT = 2.0, 4.0
HEADLINE, LEAD, BODY = 4, 2, 1
"""How often a term counts by where it stands."""
LEAD_TOKENS = 60
_SHORTEST_STEM = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """A word or a phrase of the lexicon; `rest` are the words after the first, each with whether it is a stem."""

    code: str
    weight: float
    rest: tuple[tuple[str, bool], ...]


class _Lexicon(NamedTuple):
    """Terms by their first word: whole words, beginnings of words and endings of words."""

    words: dict[str, list[_Term]]
    stems: dict[str, list[_Term]]
    endings: dict[str, list[_Term]]


@cache
def _lexicon(language: str) -> _Lexicon:
    lexicon = _Lexicon({}, {}, {})
    for line in table(f"topics_{language}.txt"):
        code, _, terms = line.partition(" ")
        for written in terms.split(", "):
            phrase, _, stated = written.partition("=")
            ending = phrase[0] == "*"
            parts = _parts(phrase.lstrip("*"))
            weight = float(stated) if stated else WORD_WEIGHT if len(parts) == 1 else PHRASE_WEIGHT
            (first, stem), *rest = parts
            index = lexicon.endings if ending else lexicon.stems if stem else lexicon.words
            index.setdefault(first, []).append(_Term(code, weight, tuple(rest)))
    return lexicon


def _parts(phrase: str) -> list[tuple[str, bool]]:
    return [(token.rstrip("*"), token.endswith("*")) for token in tokens(phrase)]


class _Start(NamedTuple):
    """What may begin with a word: terms of one word, phrases by their second word, phrases whose second is a stem."""

    single: tuple[_Term, ...]
    phrases: dict[str, list[_Term]]
    stems: tuple[_Term, ...]


@cache
def _finder(language: str) -> Callable[[str], _Start | None]:
    """What finds the terms that may begin with a word; it remembers, since most words of the news come again."""
    words, stems, endings = _lexicon(language)

    @lru_cache(maxsize=1 << 16)
    def find(word: str) -> _Start | None:
        found = list(words.get(word, ()))
        for end in range(_SHORTEST_STEM, len(word) + 1):
            found += stems.get(word[:end], ())
        if endings:
            for start in range(len(word)):
                found += endings.get(word[start:], ())
        if not found:
            return None
        phrases: dict[str, list[_Term]] = {}
        for term in found:
            if term.rest and not term.rest[0][1]:
                phrases.setdefault(term.rest[0][0], []).append(term)
        stemmed = tuple(term for term in found if term.rest and term.rest[0][1])
        return _Start(tuple(term for term in found if not term.rest), phrases, stemmed)

    return find


def scores(language: str, headline: Sequence[str], body: Sequence[str]) -> dict[str, float]:
    """The score of every topic named, by code, from tokens in lower case; nothing in a language without a lexicon.

    Each term gives its weight times the root of how often it stands, so that no single word decides.
    """
    if language not in LANGUAGES:
        return {}
    counts: dict[_Term, int] = defaultdict(int)
    find = _finder(language)
    for words, lead in ((headline, 0), (body, LEAD_TOKENS)):
        for i, start in enumerate(map(find, words)):
            if start is None:
                continue
            times = HEADLINE if words is headline else LEAD if i < lead else BODY
            for term in start.single:
                counts[term] += times
            if i + 1 < len(words):
                for term in (*start.phrases.get(words[i + 1], ()), *start.stems):
                    if _follows(term, words, i + 1):
                        counts[term] += times
    result: dict[str, float] = defaultdict(float)
    for term, count in counts.items():
        result[term.code] += term.weight * sqrt(count)
    return dict(result)


def _follows(term: _Term, words: Sequence[str], at: int) -> bool:
    # A plain loop: most phrases part at their second word.
    for part, stem in term.rest:
        if at == len(words) or not (words[at].startswith(part) if stem else words[at] == part):
            return False
        at += 1
    return True
