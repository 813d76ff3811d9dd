"""The key phrases of a story."""

import msgspec

from pipeline.enrich.keywords_phrases import phrases
from pipeline.enrich.topics_words import opening_tokens
from pipeline.story import Json, Story

MOST = 10
_LEAST_COUNT = 2
"""A name mentioned once, and not in the headline, is no key to the story."""
_NAME_WEIGHT = 1.5
_HEADLINE = 2
"""How many more mentions one in the headline is worth."""
_KINDS = ("people", "organisations", "places")


class Keywords:
    """Sets `newswire.keywords`: names that other enrichers found, and phrases that come again, best first.

    What the source gave stays, and stays first.
    """

    name = "keywords"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its keywords."""
        (title, low_title), (body, low_body) = opening_tokens(story.headline), opening_tokens(story.text)
        words, lower = (*title, ".", *body), (*low_title, ".", *low_body)
        scored = dict(phrases((story.language or "")[:2], words, lower, frozenset(low_title)))
        in_title = frozenset(title)  # one part of a name is enough: family names come first or last
        for name, count in _names(story.newswire.mentions).items():
            mentions = count + (0 if in_title.isdisjoint(name.split()) else _HEADLINE)
            if mentions >= _LEAST_COUNT:
                scored[name] = mentions * _NAME_WEIGHT
        ranked = sorted(scored, key=lambda phrase: (-scored[phrase], phrase))
        keywords = _distinct((*story.newswire.keywords, *ranked), len(story.newswire.keywords))
        if keywords == story.newswire.keywords:
            return story
        return msgspec.structs.replace(story, newswire=msgspec.structs.replace(story.newswire, keywords=keywords))


def _names(mentions: dict[str, Json]) -> dict[str, int]:
    """How often each name is mentioned; another enricher's findings of another shape are left alone."""
    found: dict[str, int] = {}
    for kind in _KINDS:
        named = mentions.get(kind)
        for name, seen in named.items() if isinstance(named, dict) else ():
            count = seen.get("count") if isinstance(seen, dict) else None
            if isinstance(count, int) and name.strip():
                found[name] = count
    return found


def _distinct(ranked: tuple[str, ...], stated: int) -> tuple[str, ...]:
    """The first `MOST`, without those whose words all stand in one chosen before; what was stated is kept whole."""
    chosen = list(ranked[:stated])
    words = [frozenset(phrase.lower().split()) for phrase in chosen]
    for phrase in ranked[stated:]:
        if len(chosen) >= MOST:
            break
        parts = frozenset(phrase.lower().split())
        if not any(parts <= known for known in words):
            chosen.append(phrase)
            words.append(parts)
    return tuple(chosen)
