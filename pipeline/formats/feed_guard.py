"""Feeds that would take feedparser far longer than their size warrants, found before it starts.

feedparser is linear on any honest feed but has corners that are not (measured on 6.0.14): its e-mail pattern is
quadratic in an author's longest word, lists of categories and keywords and of one element's attributes in
their length, and its lenient parser takes some 20 µs a tag, which a flood of ``<`` turns into seconds.
"""

import re
from xml.parsers import expat

from pipeline.errors import Permanent

# The bounds that keep the worst near a second per MB: the lenient parser takes 20 µs a tag, the strict one 5.
_BYTES_PER_TAG = 16
_BYTES_PER_TAG_IF_WELL_FORMED = 5
_FREE_TAGS = 4_000
_LONG_TAG = re.compile(rb"<[^<>]{4096,}")
_MOST_ATTRIBUTES = 200
_PEOPLE = rb"author|creator|contributor|managingEditor|webMaster|publisher|owner|name|email"
_PERSON = re.compile(rb"<(?:[\w.\-]{1,60}:)?(?:" + _PEOPLE + rb")\b[^<>]{0,500}>", re.IGNORECASE)
_TAGS = re.compile(rb"<[^<>]{0,500}>")
_WORD = re.compile(rb"[\w.+\-&#;]{300}")
_PERSON_BYTES = 4096
_ITEM = re.compile(rb"<(?:[\w.\-]{1,60}:)?(?:item|entry)\b", re.IGNORECASE)
_CATEGORY = re.compile(rb"<(?:[\w.\-]{1,60}:)?(?:category|subject|keywords)\b", re.IGNORECASE)
_KEYWORDS = re.compile(rb"<(?:[\w.\-]{1,60}:)?keywords\b[^<>]{0,500}>(?:<!\[CDATA\[)?([^<]+)", re.IGNORECASE)
_MOST_CATEGORIES = 1_000


def count_entries(body: bytes) -> int:
    """How many entries a feed seems to hold; never fewer than it does where it is plain ASCII markup."""
    return len(_ITEM.findall(body))


def check_cost(body: bytes) -> None:
    """Pass what feedparser can read in good time.

    Raises:
        Permanent: ``hostile_markup``.
    """
    tags = body.count(b"<") - _FREE_TAGS
    if tags * _BYTES_PER_TAG > len(body) and (
        tags * _BYTES_PER_TAG_IF_WELL_FORMED > len(body) or not _is_well_formed(body)
    ):
        raise Permanent("hostile_markup", "more tags than text: a flood of markup")
    if any(tag[0].count(b"=") > _MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(body)):
        raise Permanent("hostile_markup", f"an element with more than {_MOST_ATTRIBUTES} attributes")
    if any(_endless_word(body[tag.end() : tag.end() + _PERSON_BYTES]) for tag in _PERSON.finditer(body)):
        raise Permanent("hostile_markup", "a person's name with a word of more than 300 characters")
    if _categories(body):
        raise Permanent("hostile_markup", f"more than {_MOST_CATEGORIES} categories on one item")


def _is_well_formed(body: bytes) -> bool:
    if b"<!DOCTYPE" in body:
        return False
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(body, True)
    except (expat.ExpatError, ValueError):
        return False
    return True


def _endless_word(name: bytes) -> bool:
    return _WORD.search(_TAGS.sub(b"", name.partition(b"</")[0])) is not None


def _categories(body: bytes) -> bool:
    if any(words[1].count(b",") > _MOST_CATEGORIES for words in _KEYWORDS.finditer(body)):
        return True
    if len(_CATEGORY.findall(body)) <= _MOST_CATEGORIES:
        return False
    return any(len(_CATEGORY.findall(part)) > _MOST_CATEGORIES for part in _ITEM.split(body))
