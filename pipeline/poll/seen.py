"""What was seen before: ids and content as fingerprints in which churn leaves no mark.

Churn is what changes at each fetch without the story changing: tracking parameters in links, advert and
counter images, scripts, spacing, and dates alone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson
import xxhash

from pipeline.item import RawItem
from pipeline.poll.envelope import raw_record

_TRACKING = re.compile(
    r"(?<=[?&])(?:amp;)?(?:utm_\w+|at_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|cmpid|ocid|igshid|yclid|ns_\w+|xtor|spm|_ga)"
    r"=[^&#\"'\s<>]*(?:&amp;|&)?",
    re.IGNORECASE,
)
_EMPTY_QUERY = re.compile(r"[?&](?=[#\"'\s<>]|$)")
_FURNITURE = re.compile(
    r"<(script|style|iframe|noscript|ins)\b[^>]{0,2000}>.{0,20000}?</\1\s*>|<(?:img|iframe|source|input)\b[^>]{0,4000}>|<!--.{0,20000}?-->",
    re.IGNORECASE | re.DOTALL,
)
_SPACE = re.compile(r"\s+")


class Found(msgspec.Struct, frozen=True):
    """One item of a document as polling needs it: the record to publish and the keys it is known by."""

    position: int
    record: tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]
    key: bytes
    """Under what its id is remembered."""
    digest: bytes
    """Fingerprint of what it says."""
    same: bytes | None = None
    """Under what its content is remembered."""
    url: str | None = None


class Known(msgspec.Struct, frozen=True):
    """Items sorted by what was seen: `new` are to be published, `marks` to be remembered."""

    new: tuple[Found, ...]
    known: int
    """Entries seen before, edited or not: the overlap with the polls before."""
    marks: tuple[tuple[bytes, bytes], ...]


def without_tracking(url: str) -> str:
    """The address without parameters that only follow the reader about."""
    return _EMPTY_QUERY.sub("", _TRACKING.sub("", url))


def content_hash(item: RawItem) -> bytes:
    """Fingerprint of what the item says; 8 bytes."""
    said: list[Any] = [
        item.status, item.embargo, item.urgency, item.signals, item.version, item.dateline, item.slugline,
        item.ed_notes, item.bylines, without_tracking(item.url or ""),
        [(t.role, _plain(t.value)) for t in (*item.headlines, *item.descriptions, *item.bodies)],
        [(link.rel, (link.href or "").partition("?")[0]) for link in item.links if link.rel != "alternate"],
        sorted({c.code or c.name or "" for c in item.concepts}),
    ]  # fmt: skip
    return xxhash.xxh3_64_digest(orjson.dumps(said))


def found(item: RawItem, position: int) -> Found:
    """An item, with the keys that it will be known by.

    Some sources give the same story a new id at each poll, so its content is a key as well; but only with
    an address of its own, since the same words alone may be two stories.
    """
    digest = content_hash(item)
    renameable = item.url and without_tracking(item.url) != without_tracking(item.guid or "")
    return Found(
        position=position,
        record=raw_record(item, position),
        key=xxhash.xxh3_64_digest(b"id\0" + without_tracking(item.uri).encode()),
        digest=digest,
        same=xxhash.xxh3_64_digest(b"content\0" + digest) if renameable else None,
        url=item.url,
    )


def keys_of(items: Sequence[Found]) -> list[bytes]:
    """All keys that `sort_out` will look for."""
    return [key for item in items for key in (item.key, item.same) if key is not None]


def sort_out(items: Sequence[Found], seen: Mapping[bytes, bytes]) -> Known:
    """Tell new and edited items from those seen before; nothing is judged by its date."""
    new, marks, known = [], dict[bytes, bytes](), 0
    for item in items:
        before = marks.get(item.key) or seen.get(item.key)
        renamed = before is None and item.same is not None and (item.same in seen or item.same in marks)
        known += item.key in seen or renamed
        if before != item.digest and not renamed:
            new.append(item)
        marks[item.key] = item.digest
        if item.same is not None:
            marks[item.same] = item.digest
    return Known(new=tuple(new), known=known, marks=tuple(marks.items()))


def _plain(text: str) -> str:
    if "<" in text:
        text = _FURNITURE.sub("", text)
    if "?" in text:
        text = without_tracking(text)
    return _SPACE.sub(" ", text).strip()
