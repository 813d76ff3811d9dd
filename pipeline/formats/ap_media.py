"""AP Media API JSON: one item (``/content.GET``) or a feed of items (``/content/feed.GET``)."""

from pipeline.errors import Permanent
from pipeline.formats.document import Document, FeedHints, Limits, content_id, make_item, read_each, text
from pipeline.formats.jsons import objects, string, strings
from pipeline.formats.ninjs_parts import alt_ids, concepts, genres, links
from pipeline.item import Concept, Origin, RawItem
from pipeline.story import Json

NAME = "ap-media-api"
_TAKEN = frozenset({
    "altids", "version", "type", "pubstatus", "embargoed", "urgency", "signals", "headline", "headline_extended",
    "description_caption", "description_summary", "body_nitf", "bylines", "datelinelocation", "ednote", "slugline",
    "description_creditline", "provider", "language", "genre", "person", "organisation", "company", "place", "subject",
    "event", "firstcreated", "versioncreated", "contentcreated", "copyrightnotice", "usageterms", "renditions",
    "associations", "title",
})  # fmt: skip


def matches(document: Json) -> bool:
    """The envelope of the API: its version, and data with an item or a list of them."""
    data = document.get("data") if isinstance(document, dict) else None
    return isinstance(data, dict) and ("item" in data or "items" in data) and "api_version" in document


def read_document(document: Json, digest: str, origin: Origin, limits: Limits) -> Document:
    """The items in order; of a feed also the address of its next page."""
    data = document["data"]
    listed = data.get("items")
    parts: list[Json] = (
        [p.get("item") if isinstance(p, dict) else p for p in listed] if isinstance(listed, list) else []
    )
    if "item" in data:
        parts = [data["item"], *parts]
    hints = FeedHints(
        title=string(data.get("query")),
        next_url=string(data.get("next_page")),
        self_url=string(data.get("feed_href")),
        updated=string(data.get("updated")),
    )
    return Document(NAME, read_each(parts, lambda part: _item(part, digest, origin), limits), hints if listed else None)


def _item(part: Json, digest: str, origin: Origin) -> RawItem:
    if not isinstance(part, dict):
        raise Permanent("bad_item", "an item is no JSON object")
    ids = alt_ids(part.get("altids"))
    place = part.get("datelinelocation")
    # The uri carries the session's parameters; the item id is what stays the same between deliveries.
    guid = ids.get("itemid") or string(part.get("uri")) or content_id(string(part.get("headline")))
    notes, usage = strings(part.get("ednote")), strings(part.get("usageterms"))
    return make_item(
        NAME,
        origin,
        digest,
        guid,
        version=string(part.get("version")),
        type=string(part.get("type")) or "text",
        status=string(part.get("pubstatus")),
        embargo=string(part.get("embargoed")),
        urgency=string(part.get("urgency")),
        signals=strings(part.get("signals")),
        headlines=text(string(part.get("headline")), content_type="text/plain")
        + text(string(part.get("headline_extended")), "extended", "text/plain")
        + text(string(part.get("title")), "title", "text/plain"),
        descriptions=text(string(part.get("description_summary")), "summary", "text/plain")
        + text(string(part.get("description_caption")), "caption", "text/plain"),
        bodies=text(string(part.get("body_nitf")), content_type="text/html"),
        bylines=_bylines(part),
        located=_located(place),
        ed_notes=notes,
        slugline=string(part.get("slugline")),
        credit=string(part.get("description_creditline")),
        agency=string(part.get("provider")) or origin.agency,
        language=string(part.get("language")) or origin.language,
        genres=genres(part),
        concepts=concepts(part) + _dateline_place(place),
        first_created=string(part.get("firstcreated")),
        version_created=string(part.get("versioncreated")),
        content_created=string(part.get("contentcreated")),
        copyright_notice=string(part.get("copyrightnotice")),
        usage_terms="\n".join(usage),
        alt_ids=ids,
        links=links(part),
        extra={k: v for k, v in part.items() if k not in _TAKEN},
    )


def _bylines(part: dict[str, Json]) -> tuple[str, ...]:
    people = objects(part.get("bylines"))
    named = [(string(p.get("by")) or string(p.get("name")), string(p.get("title"))) for p in people]
    return tuple(f"{name}, {title}" if title else name for name, title in named if name)


def _located(place: Json) -> tuple[str, ...]:
    if not isinstance(place, dict):
        return ()
    city = string(place.get("city")) or string(place.get("countryareaname")) or string(place.get("countryname"))
    return (city,) if city else ()


def _dateline_place(place: Json) -> tuple[Concept, ...]:
    if not isinstance(place, dict) or not _located(place):
        return ()
    return concepts({"place": [{**place, "name": _located(place)[0], "rel": "located"}]})
