"""Which elements feedparser takes for entries: by its own table of namespaces."""

from functools import lru_cache

from feedparser.mixin import _FeedParserMixin

_NAMES = frozenset({"item", "entry"})
_PREFIXES = {uri.lower(): prefix for uri, prefix in _FeedParserMixin.namespaces.items()}


def prefix_of(uri: str) -> str | None:
    """The prefix feedparser gives a namespace, empty for those of feeds themselves; None where it knows none."""
    lower = uri.lower()
    return "" if "backend.userland.com/rss" in lower else _PREFIXES.get(lower)


@lru_cache(maxsize=4096)
def is_entry(name: str) -> bool:
    """Whether an element is an entry; `name` is expat's ``uri local prefix``, each part but the local optional."""
    parts = name.split(" ")
    if len(parts) == 1:
        return parts[0].lower() in _NAMES
    if parts[1].lower() not in _NAMES:
        return False
    known = prefix_of(parts[0])
    # In a namespace feedparser does not know, it goes by the prefix the document gives.
    return known == "" if known is not None else len(parts) < 3  # noqa: PLR2004  # no prefix
