"""How strongly a text speaks of each topic, by counting the words and phrases of ``data/topics_*.txt``."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import sqrt
from typing import NamedTuple

from pipeline.enrich.names import table
from pipeline.enrich.topics_words import tokens

LANGUAGES = ("de", "en", "es")
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


@cache
def _finder(language: str) -> Callable[[str], tuple[_Term, ...]]:
    """What finds the terms that may begin with a word; it remembers, since most words of the news come again."""
    words, stems, endings = _lexicon(language)

    @lru_cache(maxsize=1 << 16)
    def find(word: str) -> tuple[_Term, ...]:
        found = list(words.get(word, ()))
        for end in range(_SHORTEST_STEM, len(word) + 1):
            found += stems.get(word[:end], ())
        if endings:
            for start in range(len(word)):
                found += endings.get(word[start:], ())
        return tuple(found)

    return find


def scores(language: str, headline: Sequence[str], body: Sequence[str]) -> dict[str, float]:
    """The score of every topic named, by code, from tokens in lower case; nothing in a language without a lexicon.

    Each term gives its weight times the root of how often it stands, so that no single word decides.
    """
    if language not in LANGUAGES:
        return {}
    find = _finder(language)
    counts: dict[_Term, int] = {}
    for words, lead in ((headline, 0), (body, LEAD_TOKENS)):
        for i, terms in enumerate(map(find, words)):
            if not terms:
                continue
            following = words[i + 1] if i + 1 < len(words) else ""
            for term in terms:
                # Few phrases go on as they might; the cheap question comes first.
                if not term.rest or (following.startswith(term.rest[0][0]) and _follows(term, words, i + 1)):
                    times = HEADLINE if words is headline else LEAD if i < lead else BODY
                    counts[term] = counts.get(term, 0) + times
    result: dict[str, float] = defaultdict(float)
    for term, count in counts.items():
        result[term.code] += term.weight * sqrt(count)
    return dict(result)


def _follows(term: _Term, words: Sequence[str], at: int) -> bool:
    if at + len(term.rest) > len(words):
        return False
    following = zip(words[at : at + len(term.rest)], term.rest, strict=True)
    return all(word.startswith(part) if stem else word == part for word, (part, stem) in following)
