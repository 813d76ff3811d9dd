"""What a format parser is given and what it gives back."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, TypeVar

import msgspec

from pipeline.errors import Permanent
from pipeline.item import Origin, RawItem, Refusal, story_uri
from pipeline.story import Provenance, Text


class Limits(msgspec.Struct, frozen=True):
    """Bounds on one document, so that no sender can make a parser eat the machine."""

    body_bytes: int = 64_000_000
    items: int = 100_000
    """Items after the last one allowed are refused together, by one `Refusal`."""
    feed_entries: int = 2_000
    """The same for the entries of a feed, each of which costs feedparser up to a millisecond or two."""
    depth: int = 64
    """Nesting of JSON; XML has libxml2's own bound of 256."""


class FeedHints(msgspec.Struct, frozen=True):
    """What a feed says about itself that polling can use."""

    title: str | None = None
    link: str | None = None
    language: str | None = None
    ttl: int | None = None
    """Seconds between polls that the feed asks for (RSS ``<ttl>`` is in minutes)."""
    sy_interval: int | None = None
    """Seconds between updates by the syndication module: its period divided by its frequency."""
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, UTC, in which RSS asks not to be read."""
    skip_days: tuple[str, ...] = ()
    hubs: tuple[str, ...] = ()
    """WebSub hubs the feed advertises."""
    self_url: str | None = None
    next_url: str | None = None
    updated: str | None = None
    malformed: str | None = None
    """Why the document is not well-formed, where it was read all the same."""


class Document(msgspec.Struct, frozen=True):
    """One document as read: its items in document order, and what it says of the feed it is."""

    format: str
    items: tuple[RawItem | Refusal, ...]
    feed: FeedHints | None = None


Read = Callable[[bytes, Origin, Limits], Document]
"""Reads one document of a known format.

Raises:
    Permanent: where nothing at all can be read.
"""


def sha256(body: bytes) -> str:
    """The fingerprint of a document, as provenance keeps it."""
    return hashlib.sha256(body).hexdigest()


def content_id(*parts: str | None) -> str:
    """An id for an item whose source gives it none: the same words always get the same one."""
    return "sha256-" + hashlib.sha256("\x1f".join(p or "" for p in parts).encode()).hexdigest()[:32]


def file_name(origin: Origin) -> str | None:
    """The name or address a document came under, as an id for it where it states none.

    Of a path only the file's name counts: a folder may move.
    """
    if not origin.url or "://" in origin.url:
        return origin.url
    return PurePosixPath(origin.url).name or None


def make_item(name: str, origin: Origin, digest: str, guid: str, **fields: Any) -> RawItem:
    """A raw item with its identity and provenance filled in; empty strings in `fields` become None."""
    where = Provenance(
        source=origin.source,
        url=fields.get("url") or origin.url,
        format=name,
        fetched_at=origin.fetched_at,
        sha256=digest,
    )
    given = {key: value for key, value in fields.items() if value not in ("", None)}
    given.setdefault("language", origin.language)
    given.setdefault("agency", origin.agency)
    return RawItem(uri=story_uri(origin.source, guid), format=name, provenance=where, guid=guid.strip(), **given)


def text(value: str | None, role: str | None = None, content_type: str | None = None) -> tuple[Text, ...]:
    """One text as the tuple the fields of an item hold, or none where there is nothing but space."""
    if value is None or not value.strip():
        return ()
    return (Text(value=value, role=role, content_type=content_type),)


_Part = TypeVar("_Part")


def read_each(
    parts: Iterable[_Part], read_one: Callable[[_Part], RawItem], limits: Limits
) -> tuple[RawItem | Refusal, ...]:
    """Every part read alone: one that is `Permanent`ly unreadable is a `Refusal`, its neighbours stay."""
    return tuple(_read_each(parts, read_one, limits))


def _read_each(
    parts: Iterable[_Part], read_one: Callable[[_Part], RawItem], limits: Limits
) -> Iterator[RawItem | Refusal]:
    for position, part in enumerate(parts):
        if position >= limits.items:
            yield Refusal(position=position, code="too_many_items", why=f"more than {limits.items} items")
            return
        try:
            yield read_one(part)
        except Permanent as error:
            yield Refusal(position=position, code=error.code, why=error.why)


def whole(value: object) -> int | None:
    """A whole number in text or JSON, else None: sources write codes where numbers are due."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # what cannot be a number is the TypeError below
    except (TypeError, ValueError, OverflowError):
        return None
    return int(number) if math.isfinite(number) and abs(number) < _SAFE else None


_SAFE = 2.0**53
