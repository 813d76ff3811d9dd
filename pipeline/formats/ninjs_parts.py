"""Concepts, alternative ids, renditions and associations of ninjs, any release, and of AP's JSON."""

from typing import Any

from pipeline.formats.document import whole
from pipeline.formats.jsons import objects, string, strings
from pipeline.item import Concept, Link
from pipeline.story import Json

_KINDS = (
    ("person", "person"), ("people", "person"), ("organisation", "organisation"), ("organisations", "organisation"),
    ("company", "organisation"), ("place", "place"), ("places", "place"), ("subject", "subject"),
    ("subjects", "subject"), ("event", "event"), ("events", "event"), ("object", "object"), ("objects", "object"),
)  # fmt: skip
_OWN = frozenset({"name", "code", "literal", "uri", "scheme", "rel", "relevance", "confidence"})
_MOST = 50
_MIME = ("mimetype", "contentType", "mimeType")


def concepts(given: dict[str, Json]) -> tuple[Concept, ...]:
    """People, organisations, places, subjects, events and objects, in that order."""
    return tuple(_concept(kind, part) for name, kind in _KINDS for part in objects(given.get(name)))


def genres(given: dict[str, Json]) -> tuple[Concept, ...]:
    """The genres, of either spelling."""
    return tuple(_concept("genre", part) for name in ("genre", "genres") for part in objects(given.get(name)))


def _concept(kind: str, part: dict[str, Json]) -> Concept:
    scheme, code = string(part.get("scheme")), string(part.get("code")) or string(part.get("literal"))
    return Concept(
        kind=kind,
        name=string(part.get("name")),
        code=code,
        uri=string(part.get("uri")) or (f"{scheme}{code}" if code and scheme and scheme.startswith("http") else None),
        scheme=scheme,
        rel=string(part.get("rel")) or next(iter(strings(part.get("rels"))), None),
        relevance=whole(part.get("relevance")),
        confidence=whole(part.get("confidence")),
        geo=_point(part.get("geoJSON") or part.get("geojson") or part.get("geometry_geojson")),
        details={k: v for k, v in part.items() if k not in _OWN and v not in (None, "", [], {})},
    )


def _point(geometry: Json) -> tuple[float, float] | None:
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    point = geometry.get("coordinates")
    if not isinstance(point, list) or len(point) < 2:  # noqa: PLR2004  # longitude and latitude
        return None
    longitude, latitude = point[0], point[1]
    if not _is_number(longitude) or not _is_number(latitude):
        return None
    return float(latitude), float(longitude)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def alt_ids(value: Json) -> dict[str, str]:
    """Alternative ids by role, from the map of ninjs 1 or the list of later releases."""
    if isinstance(value, dict):
        return {key: one for key, given in value.items() if (one := string(given))}
    found: dict[str, str] = {}
    for position, part in enumerate(objects(value)):
        number = string(part.get("value"))
        if number:
            role = string(part.get("role")) or "altId"
            found[role if role not in found else f"{role}:{position}"] = number
    return found


def links(given: dict[str, Json]) -> tuple[Link, ...]:
    """The renditions of an item, and of each item associated with it its id and its own renditions."""
    return (*_renditions(given.get("renditions"), "rendition"), *_associations(given.get("associations")))


def _named(value: Json) -> list[tuple[str, dict[str, Json]]]:
    if isinstance(value, dict):
        return [(name, part) for name, part in value.items() if isinstance(part, dict)][:_MOST]
    return [(string(part.get("name")) or "", part) for part in objects(value)][:_MOST]


def _renditions(value: Json, rel: str) -> list[Link]:
    return [
        Link(
            rel=rel,
            href=string(part.get("href")),
            title=string(part.get("title")) or name or None,
            content_type=string(part.get("mimetype"))
            or string(part.get("contentType"))
            or string(part.get("mimeType")),
            details={"name": name} | {k: v for k, v in part.items() if k not in {"href", "title", "mimetype", "name"}},
        )
        for name, part in _named(value)
    ]


def _associations(value: Json) -> list[Link]:
    found: list[Link] = []
    for name, part in _named(value):
        headlines = objects(part.get("headlines"))
        title = string(part.get("headline")) or next((string(h.get("value")) for h in headlines), None)
        kind = {k: v for k in ("type", "version", "pubstatus", "pubStatus", "byline", "by") if (v := part.get(k))}
        uri = string(part.get("uri")) or string(part.get("guid"))
        found.append(Link(rel="associated", uri=uri, title=title, details={"name": name, **kind}))
        found += _renditions(part.get("renditions"), "associated-rendition")
    return found
