"""The story: frozen values, and their lossless codec to IPTC ninjs 3.1 JSON.

Source of the field names: IPTC ninjs 3.1. What ninjs has no place for is under `newswire`. Properties
that this module does not model (renditions, associations, plannedCoverage ...) are kept untouched in
`other`, so that decoding and encoding again gives an equal document.
"""

from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import orjson

from pipeline.errors import Permanent

Json: TypeAlias = Any
"""A JSON value as orjson gives it: dict, list, str, int, float, bool or None."""

USABLE, WITHHELD, CANCELED = "usable", "withheld", "canceled"
"""The values of `Story.pub_status`."""

PLAIN, HTML = "text/plain", "text/html"


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of the values a story is made of: frozen, slotted, camelCase in JSON, defaults left out."""


class Text(Value, frozen=True):
    """One entry of `headlines`, `descriptions` or `bodies`."""

    value: str
    role: str | None = None
    content_type: str | None = None
    char_count: int | None = None
    word_count: int | None = None


class Person(Value, frozen=True):
    """One entry of `people`."""

    name: str | None = None
    rel: str | None = None
    uri: str | None = None
    literal: str | None = None
    contact_info: Json = None


class Organisation(Value, frozen=True):
    """One entry of `organisations`."""

    name: str | None = None
    rel: str | None = None
    uri: str | None = None
    literal: str | None = None
    symbols: Json = None
    contact_info: Json = None


class Place(Value, frozen=True):
    """One entry of `places`; `rel` is ``dateline`` or ``mention``, `geo_json` a GeoJSON Point."""

    name: str | None = None
    rel: str | None = None
    uri: str | None = None
    literal: str | None = None
    contact_info: Json = None
    geo_json: Json = msgspec.field(default=None, name="geoJSON")


class Subject(Value, frozen=True):
    """One entry of `subjects`; `confidence` and `relevance` run from 0 to 100."""

    name: str | None = None
    rel: str | None = None
    uri: str | None = None
    literal: str | None = None
    creator: str | None = None
    relevance: int | None = None
    confidence: int | None = None


class InfoSource(Value, frozen=True):
    """One entry of `infoSources`."""

    name: str | None = None
    role: str | None = None
    uri: str | None = None
    literal: str | None = None
    contact_info: Json = None


class Genre(Value, frozen=True):
    """One entry of `genres`."""

    name: str | None = None
    uri: str | None = None
    literal: str | None = None


class AltId(Value, frozen=True):
    """One entry of `altIds`."""

    role: str | None = None
    value: str | None = None


class Dateline(Value, frozen=True):
    """Where and when the story was filed, as its opening words say.

    `text` is the raw string; `places` are the names as written, `regions` gives the state or country
    written after one of them; `date` is ISO 8601 (``2021-06-28``) and `date_from` says how its year
    was settled: ``stated``, ``version``, ``weekday`` or, where nothing else is known, ``received``.
    """

    text: str
    places: tuple[str, ...] = ()
    regions: dict[str, str] = {}
    date: str | None = None
    date_from: str | None = None
    agency: str | None = None
    structured: str | None = None
    """The source's own dateline field, where it disagrees with the copy."""


class Removed(Value, frozen=True):
    """A piece of text taken out of the body, and the name of the rule that took it."""

    rule: str
    text: str


class Byline(Value, frozen=True):
    """One author: the name, and the role or place where one was given."""

    name: str
    role: str | None = None


class Replaces(Value, frozen=True):
    """What this version says it replaces, in the words of the source."""

    text: str
    headline: str | None = None
    uri: str | None = None


class Times(Value, frozen=True):
    """The times that ninjs has no property for, and what was wrong with any of them.

    `offsets` keeps the UTC offset each time was written with (``{"versionCreated": "+02:00"}``);
    `flags` are from a closed set: ``future``, ``absurd``, ``zone_assumed``, ``unreadable``.
    """

    published: datetime | None = None
    updated: datetime | None = None
    offsets: dict[str, str] = {}
    flags: dict[str, str] = {}


class Relation(Value, frozen=True):
    """How this delivery stands to what was known before.

    `kind` is one of new, update, correction, writethru, repeat, kill, rewrite, copy, redelivery, stale;
    `of` is the uri it relates to; `similarity` and `containment` run from 0 to 1; `cluster` is the uri of the
    cluster's first story, left out where that is this one; `preferred` is the earliest of the stories compared,
    where that is not `of`; `changes` says under ``fields`` which differ and, under ``text``, the share of the
    body that is new; `links` are other stories with much of the same text.
    """

    kind: str
    of: str | None = None
    similarity: float | None = None
    containment: float | None = None
    cluster: str | None = None
    preferred: str | None = None
    changes: dict[str, Json] = {}
    links: tuple[str, ...] = ()


class Quote(Value, frozen=True):
    """A direct quotation; `speaker_text` holds the words that name the speaker, `speaker` who it is.

    `offset` is the position of the opening mark in the plain body, in characters.
    """

    text: str
    speaker: str | None = None
    speaker_text: str | None = None
    scare: bool = False
    offset: int | None = None


class Provenance(Value, frozen=True):
    """Where a story came from. `raw` are the coordinates of its raw record, `sha256` of the document."""

    source: str
    url: str | None = None
    format: str | None = None
    fetched_at: datetime | None = None
    raw: str | None = None
    sha256: str | None = None


class Newswire(Value, frozen=True):
    """The `newswire` extension: everything that ninjs has no property for."""

    agency: str | None = None
    credit: str | None = None
    dateline: Dateline | None = None
    signals: tuple[str, ...] = ()
    sequence: dict[str, int] = {}
    """Numbers said with a signal: ``{"update": 3, "take": 2, "takes": 4}``."""
    raw_headline: str | None = None
    bylines: tuple[Byline, ...] = ()
    replaces: Replaces | None = None
    relation: Relation | None = None
    quotes: tuple[Quote, ...] = ()
    reading_time: int | None = None
    """Seconds."""
    keywords: tuple[str, ...] = ()
    mentions: dict[str, Json] = {}
    """Counts and first offsets of the people, organisations and places found in the text."""
    dates: tuple[Json, ...] = ()
    enrichers: dict[str, str] = {}
    enrichment: Json = None
    times: Times | None = None
    embargo_text: str | None = None
    removed: tuple[Removed, ...] = ()
    flags: tuple[str, ...] = ()
    links: tuple[Json, ...] = ()
    provenance: Provenance | None = None
    replay: bool = False
    extra: dict[str, Json] = {}
    """What the source said that has no other place."""
    other: dict[str, Json] = {}
    """Properties of a newer release, kept as they came; merged back on encoding."""


class Story(Value, frozen=True):
    """One version of one story. `uri` and `version` identify it; `version` is a decimal number where known."""

    uri: str
    type: str | None = None
    representation_type: str | None = None
    profile: str | None = None
    version: str | None = None
    first_created: datetime | None = None
    version_created: datetime | None = None
    content_created: datetime | None = None
    embargoed_until: datetime | None = None
    pub_status: str | None = None
    urgency: int | None = None
    copyright_holder: str | None = None
    copyright_notice: str | None = None
    usage_terms: str | None = None
    ed_note: str | None = None
    language: str | None = None
    title: str | None = None
    by: str | None = None
    slugline: str | None = None
    located: str | None = None
    headlines: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()
    bodies: tuple[Text, ...] = ()
    people: tuple[Person, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    places: tuple[Place, ...] = ()
    subjects: tuple[Subject, ...] = ()
    info_sources: tuple[InfoSource, ...] = ()
    alt_ids: tuple[AltId, ...] = ()
    genres: tuple[Genre, ...] = ()
    expires: datetime | None = None
    newswire: Newswire = Newswire()
    other: dict[str, Json] = {}
    """ninjs properties not modelled here, as they came; merged back on encoding."""

    @property
    def number(self) -> int:
        """The version as a number that orders the versions of a story; 0 where it is none."""
        return version_number(self.version)

    @property
    def headline(self) -> str:
        """The main headline, or an empty string."""
        return self.headlines[0].value if self.headlines else ""

    @property
    def text(self) -> str:
        """The plain-text body, paragraphs parted by a blank line, or an empty string."""
        for body in self.bodies:
            if body.content_type in (None, PLAIN):
                return body.value
        return ""


def version_number(version: object) -> int:
    """A version as ninjs has it, as a number; 0 where it is none."""
    return int(version) if isinstance(version, str) and version.isdecimal() else 0


def _names(struct: type[Value]) -> frozenset[str]:
    return frozenset(f.encode_name for f in msgspec.structs.fields(struct) if f.name != "other")


_STORY_NAMES = _names(Story)
_NEWSWIRE_NAMES = _names(Newswire)
_DUMP = orjson.OPT_UTC_Z


def from_ninjs(value: bytes) -> Story:
    """Decode one ninjs 3.1 document.

    Raises:
        Permanent: ``bad_json`` where it is no JSON object, ``bad_ninjs`` where a property has the wrong type.
    """
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Permanent("bad_json", f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Permanent("bad_json", "a story is a JSON object")
    return from_document(document)


def from_document(document: dict[str, Json]) -> Story:
    """The same as `from_ninjs`, from a decoded JSON object, which is consumed.

    Raises:
        Permanent: ``bad_ninjs`` where a property has the wrong type or `uri` is missing.
    """
    other = {name: document.pop(name) for name in list(document) if name not in _STORY_NAMES}
    if other:
        document["other"] = other
    extension = document.get("newswire")
    if isinstance(extension, dict):
        newer = {name: extension.pop(name) for name in list(extension) if name not in _NEWSWIRE_NAMES}
        if newer:
            extension["other"] = newer
    try:
        return msgspec.convert(document, Story)
    except msgspec.ValidationError as error:
        raise Permanent("bad_ninjs", str(error)) from error


def to_document(story: Story) -> dict[str, Json]:
    """The ninjs document of a story as JSON values; times stay `datetime` objects."""
    document: dict[str, Json] = msgspec.to_builtins(story, builtin_types=(datetime,))
    document.update(document.pop("other", ()))
    extension = document.get("newswire")
    if extension:
        extension.update(extension.pop("other", ()))
    return document


def to_ninjs(story: Story) -> bytes:
    """Encode a story as one line of ninjs 3.1 JSON; equal stories give equal bytes."""
    return orjson.dumps(to_document(story), option=_DUMP)
