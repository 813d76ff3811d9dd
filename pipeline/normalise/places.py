"""The place part of a dateline: one or more names, each perhaps with its state or country."""

import re
from functools import lru_cache

_PARTICLES = frozenset(
    [
        "of",
        "de",
        "la",
        "las",
        "los",
        "le",
        "les",
        "el",
        "al",
        "the",
        "on",
        "di",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "della's",
        "am",
        "an",
        "der",
        "den",
        "und",
        "y",
        "e",
        "i",
        "in",
        "im",
        "near",
        "aboard",
        "off",
        "sur",
        "sous",
        "et",
        "upon",
        "by",
        "ter",
        "bei",
        "ob",
        "and",
        "a",
        "o",
        "na",
        "nad",
        "pri",
    ]
)
_NOT_PLACES = frozenset(
    [
        "police",
        "party",
        "forces",
        "agency",
        "association",
        "army",
        "institute",
        "ministry",
        "league",
        "union",
        "reporters",
        "correspondent",
        "bank",
        "company",
        "corporation",
        "inc",
        "corp",
        "ltd",
        "says",
        "said",
        "by",
        "eds",
        "editors",
        "partei",
        "verband",
        "agentur",
        "agencia",
        "federation",
        "university",
        "president",
        "minister",
        "chairman",
        "exclusive",
        "update",
        "photo",
        "photos",
        "video",
        "note",
        "via",
        "source",
        "from",
    ]
)
_LONGEST_NAME = 48
_MOST_WORDS = 6
_MOST_PLACES = 6

_BRACKETED = re.compile(r"^(?P<place>[^()\[\]]+?)\s*[(\[](?P<region>[^()\[\]]{2,40})[)\]]$")
_PARTS = re.compile(r"\s*/\s*|(?<=[A-Z]) and (?=[A-Z])|\s*[、·]\s*|\s+[-–—]\s+|\s*;\s*")


# The same few hundred cities head nearly all copy.
@lru_cache(maxsize=4096)
def read_places(text: str, *, capitals: bool = False) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """Names in `text` and the region written after each; None where it cannot be a list of places.

    With `capitals`, every place (not every region) must be in capital letters.
    """
    places: list[str] = []
    regions: dict[str, str] = {}
    parts = _PARTS.split(text.strip(" ,;:\t\n"))
    if len(parts) > _MOST_PLACES:
        return None
    for part in parts:
        name, region = _split_region(part.strip(" ,"))
        if not _is_name(name) or (not region and _is_body(name)) or (region is not None and not _is_name(region)):
            return None
        if capitals and not _is_capitals(name):
            return None
        places.append(name)
        if region:
            regions[name] = region
    return tuple(places), regions


def _split_region(part: str) -> tuple[str, str | None]:
    bracketed = _BRACKETED.match(part)
    if bracketed:
        return bracketed["place"].strip(" ,"), bracketed["region"].strip()
    name, comma, region = part.partition(",")
    return name.strip(" ."), (region.strip() if comma else None)


def _is_name(name: str) -> bool:
    if not 1 < len(name) <= _LONGEST_NAME or not name.lstrip("'’‘")[:1].isalpha():
        return False
    words = name.replace("-", " ").replace(",", " ").split()
    if not words or len(words) > _MOST_WORDS:
        return False
    return all(_is_name_word(word) for word in words) and any(not c.islower() for c in name if c.isalpha())


def _is_name_word(word: str) -> bool:
    if word.casefold() in _PARTICLES:
        return True
    first = word.lstrip("'’‘`´(")[:1]
    if not (first.isalpha() or first.isdigit()) or first.islower():
        # Names such as 's-Hertogenbosch, d'Ivoire and al-Quds have a small first letter and a large one later.
        return len(word) > 2 and word[1] in "'’-ls" and any(c.isupper() for c in word)  # noqa: PLR2004  # l' or al- and a letter
    return all(c.isalnum() or c in ".'’‘`´&" for c in word)


def _is_body(name: str) -> bool:
    """Whether `name` is that of an institution; a region after it (``UNION, N.J.``) speaks against that."""
    return any(word.casefold().rstrip(".") in _NOT_PLACES for word in name.split())


def _is_capitals(name: str) -> bool:
    plain = re.sub(r"\b(?:Mc|Mac|de|la|of|der|den|am|di|del|the)\b|Mc|Mac", "", name)
    return any(c.isalpha() for c in name) and not any(c.islower() for c in plain)
