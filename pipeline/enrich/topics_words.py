"""A text as words and marks, for counting."""

import re
from functools import lru_cache

READ_CHARACTERS = 6_000
"""Longer texts are read up to here: what a story is about stands at its beginning."""

_TOKEN = re.compile(r"\w+(?:-\w+)*|[^\w\s]")


def tokens(text: str) -> list[str]:
    """Words, hyphens and all, and punctuation marks, as written."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=4)
def opening_tokens(text: str) -> tuple[str, ...]:
    """The tokens of the opening of a text; the last ones are remembered, since two enrichers ask."""
    return tuple(_TOKEN.findall(text[:READ_CHARACTERS]))
