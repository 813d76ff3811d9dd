"""Words and pairs of words that come again in a text."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from pipeline.enrich.names import table

_LEAST_COUNT = 2
_LEAST_ALONE = 3
"""A single word says less than a phrase, and has to come more often."""
_SHORTEST = 3
_PAIR_WEIGHT = 1.6
_HEADLINE = 2
"""How many more times a word of the headline counts."""


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that carry no subject; none where the language has no list."""
    lists = dict(line.split(": ", 1) for line in table("keywords_stop.txt"))
    return frozenset(lists.get(language, "").split())


def phrases(
    language: str, words: Sequence[str], lower: Sequence[str], headline: frozenset[str]
) -> list[tuple[str, float]]:
    """Phrases as first written, with their scores; nothing in a language without a list of stop words.

    `words` and `lower` are the same tokens, `headline` those of the headline in lower case.
    """
    stop = stop_words(language)
    if not stop:
        return []
    boost = Counter(dict.fromkeys(headline, _HEADLINE))
    counts = Counter(lower)
    keys = {
        word
        for word, count in counts.items()
        if count >= _LEAST_COUNT and len(word) >= _SHORTEST and word not in stop and word.replace("-", "").isalpha()
    }
    places = [i for i, word in enumerate(lower) if word in keys]
    pairs = Counter((lower[i], lower[j]) for i, j in pairwise(places) if j == i + 1)
    pairs = Counter({pair: count for pair, count in pairs.items() if count >= _LEAST_COUNT})
    first: dict[str, int] = {}
    for i in reversed(places):
        first[lower[i]] = i
    found: list[tuple[str, float]] = []
    for (one, other), count in pairs.items():
        at = next(i for i in places if lower[i] == one and lower[i + 1] == other)
        found.append((f"{words[at]} {words[at + 1]}", (count + max(boost[one], boost[other])) * _PAIR_WEIGHT))
    alone = (word for word in keys if counts[word] >= _LEAST_ALONE or boost[word])
    found += [(words[first[word]], float(counts[word] + boost[word])) for word in alone]
    return sorted(found)
