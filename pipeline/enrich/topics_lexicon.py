"""How strongly a text speaks of each topic, by counting the words and phrases of ``data/topics_*.txt``."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from math import sqrt
from typing import NamedTuple

from pipeline.enrich.names import table
from pipeline.enrich.topics_words import tokens

LANGUAGES = ("en",)
"""Languages with a lexicon."""

WORD_WEIGHT, PHRASE_WEIGHT = 2.0, 4.0
HEADLINE, LEAD, BODY = 4, 2, 1
"""How often a term counts by where it stands."""
LEAD_TOKENS = 60
_SHORTEST_STEM = 2


class _Term(NamedTuple):
    """A word or a phrase of the lexicon; `rest` are the words after the first, each with whether it is a stem."""

    number: int
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
    number = 0
    for line in table(f"topics_{language}.txt"):
        code, _, terms = line.partition(" ")
        for written in terms.split(", "):
            phrase, _, stated = written.partition("=")
            ending = phrase[0] == "*"
            parts = _parts(phrase.lstrip("*"))
            weight = float(stated) if stated else WORD_WEIGHT if len(parts) == 1 else PHRASE_WEIGHT
            (first, stem), *rest = parts
            index = lexicon.endings if ending else lexicon.stems if stem else lexicon.words
            index.setdefault(first, []).append(_Term(number, code, weight, tuple(rest)))
            number += 1
    return lexicon


def _parts(phrase: str) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    for token in tokens(phrase):
        if token == "*":  # noqa: S105  # a mark, no secret
            parts[-1] = (parts[-1][0], True)
        else:
            parts.append((token, False))
    return parts


@lru_cache(maxsize=1 << 16)
def _terms(language: str, word: str) -> tuple[_Term, ...]:
    """The terms that may begin with this word; remembered, since most words of the news come again."""
    lexicon = _lexicon(language)
    found = list(lexicon.words.get(word, ()))
    for end in range(_SHORTEST_STEM, len(word) + 1):
        found += lexicon.stems.get(word[:end], ())
    for start in range(len(word)):
        found += lexicon.endings.get(word[start:], ())
    return tuple(found)


def scores(language: str, headline: Sequence[str], body: Sequence[str]) -> dict[str, float]:
    """The score of every topic named, by code, from tokens in lower case; nothing in a language without a lexicon.

    Each term gives its weight times the root of how often it stands, so that no single word decides.
    """
    if language not in LANGUAGES:
        return {}
    counts: dict[int, int] = defaultdict(int)
    matched: dict[int, _Term] = {}
    for words, lead in ((headline, 0), (body, LEAD_TOKENS)):
        for i, word in enumerate(words):
            for term in _terms(language, word):
                if term.rest and not _follows(term, words, i + 1):
                    continue
                matched[term.number] = term
                counts[term.number] += HEADLINE if words is headline else LEAD if i < lead else BODY
    result: dict[str, float] = defaultdict(float)
    for number, term in matched.items():
        result[term.code] += term.weight * sqrt(counts[number])
    return dict(result)


def _follows(term: _Term, words: Sequence[str], at: int) -> bool:
    if at + len(term.rest) > len(words):
        return False
    following = zip(words[at : at + len(term.rest)], term.rest, strict=True)
    return all(word.startswith(part) if stem else word == part for word, (part, stem) in following)
