"""The raw item: what a source said of one story, parsed but not yet interpreted.

A format parser fills in what its document states, in the document's own words (dates, codes and
statuses as strings); normalise decides what they mean. It is the value of the `wire.raw` topic.
"""

from datetime import datetime

import msgspec
import orjson

from pipeline.errors import Permanent
from pipeline.story import Json, Provenance, Text, Value


class Concept(Value, frozen=True):
    """A person, organisation, place, subject or genre as the source coded it.

    `kind` is ``person``, ``organisation``, ``place``, ``subject``, ``genre``, ``event`` or ``object``;
    `code` is the source's own code (qcode, subject reference number), `uri` its full form if known.
    """

    kind: str
    name: str | None = None
    code: str | None = None
    uri: str | None = None
    scheme: str | None = None
    rel: str | None = None
    relevance: int | None = None
    confidence: int | None = None
    geo: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""
    details: dict[str, Json] = {}


class Link(Value, frozen=True):
    """A media file or another item that the document points to.

    `rel` says what it is to the story (``enclosure``, ``rendition``, ``related``, ``replaces`` ...).
    """

    rel: str
    href: str | None = None
    uri: str | None = None
    title: str | None = None
    content_type: str | None = None
    details: dict[str, Json] = {}


class RawItem(Value, frozen=True):
    """One story as one source delivered it, once.

    `guid` is the source's own id; `uri` the story uri the pipeline keys it by (`story_uri`). Times are
    strings as written. `bodies` are in the source's markup, told by their content type (``text/plain``,
    ``text/html``, ``application/nitf+xml``); several are parts in order unless their roles differ.
    """

    uri: str
    format: str
    provenance: Provenance
    guid: str | None = None
    version: str | None = None
    url: str | None = None
    type: str = "text"
    status: str | None = None
    embargo: str | None = None
    urgency: str | None = None
    signals: tuple[str, ...] = ()
    headlines: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()
    bodies: tuple[Text, ...] = ()
    bylines: tuple[str, ...] = ()
    dateline: str | None = None
    located: tuple[str, ...] = ()
    ed_notes: tuple[str, ...] = ()
    slugline: str | None = None
    credit: str | None = None
    agency: str | None = None
    """The provider as the document names it, or as the source's configuration does."""
    language: str | None = None
    genres: tuple[Concept, ...] = ()
    concepts: tuple[Concept, ...] = ()
    first_created: str | None = None
    version_created: str | None = None
    content_created: str | None = None
    published: str | None = None
    updated: str | None = None
    expires: str | None = None
    copyright_holder: str | None = None
    copyright_notice: str | None = None
    usage_terms: str | None = None
    alt_ids: dict[str, str] = {}
    links: tuple[Link, ...] = ()
    ninjs: Json = None
    """The whole document, where the source delivers ninjs 2 or 3 already."""
    extra: dict[str, Json] = {}
    """What the document states that has no field above."""


class Refusal(Value, frozen=True):
    """One item of a document that could not be read, while its neighbours could."""

    position: int
    code: str
    why: str


class Origin(Value, frozen=True):
    """Where a document came from, and what its source's configuration says of all its items."""

    source: str
    url: str | None = None
    fetched_at: datetime | None = None
    content_type: str | None = None
    """As the server or file name suggests; a hint only."""
    charset: str | None = None
    """As the transport declares it; the document's own word counts for more."""
    agency: str | None = None
    language: str | None = None


def story_uri(source: str, guid: str) -> str:
    """The uri of a story: the source's own where it is URI-like, else ``urn:newswire:<source>:<id>``.

    URI-like means that other systems would know it again: a ``tag:``, ``urn:``, ``http:`` or ``https:`` id.
    """
    stripped = guid.strip()
    scheme, colon, rest = stripped.partition(":")
    if colon and rest and scheme.lower() in _URI_SCHEMES and not any(c.isspace() for c in stripped):
        return stripped
    return f"urn:newswire:{source}:{_urn_escape(stripped)}"


_URI_SCHEMES = frozenset({"tag", "urn", "http", "https"})
_URN_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/@!$&'()*+,;=")


def _urn_escape(text: str) -> str:
    # RFC 8141 section 2.2: what is not allowed in a namespace-specific string is percent-encoded.
    return "".join(c if c in _URN_SAFE else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


def encode_item(item: RawItem) -> bytes:
    """The item as the bytes of a `wire.raw` value."""
    return orjson.dumps(msgspec.to_builtins(item, builtin_types=(datetime,)), option=orjson.OPT_UTC_Z)


def decode_item(value: bytes) -> RawItem:
    """The item in a `wire.raw` value.

    Raises:
        Permanent: ``bad_json`` or ``bad_item``.
    """
    try:
        return msgspec.convert(orjson.loads(value), RawItem)
    except orjson.JSONDecodeError as error:
        raise Permanent("bad_json", f"not JSON: {error}") from error
    except msgspec.ValidationError as error:
        raise Permanent("bad_item", str(error)) from error
