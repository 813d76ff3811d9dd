"""A text as words and marks, for counting."""

from functools import lru_cache

READ_CHARACTERS = 6_000
"""Longer texts are read up to here: what a story is about stands at its beginning."""

_MARKS = ".,;:!?()[]<>\"'/&“”„‘’«»‹›¡¿…—–"  # the marks of all languages
_SPACED = {mark: f" {mark} " for mark in _MARKS}


def tokens(text: str) -> list[str]:
    """Words, hyphens and all, and punctuation marks, as written."""
    # Half the time of a regular expression.
    for mark, spaced in _SPACED.items():
        text = text.replace(mark, spaced)
    return text.split()


@lru_cache(maxsize=4)
def opening_tokens(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens of the opening of a text, as written and in lower case.

    The last ones are remembered, since two enrichers ask.
    """
    words = tokens(text[:READ_CHARACTERS])
    return tuple(words), tuple(" ".join(words).lower().split())
