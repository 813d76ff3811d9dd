"""The lists inside a feedparser entry (people, tags, links, media) as the parts of a raw item."""

from typing import Any

from pipeline.formats.document import whole
from pipeline.item import Concept, Link
from pipeline.story import Json

# What feed.py and this file carry to fields of their own; the rest of an entry goes to `extra`.
_TAKEN = frozenset({
    "id", "link", "links", "title", "title_detail", "summary", "summary_detail", "content", "authors", "author",
    "author_detail", "tags", "published", "updated", "created", "expired", "rights", "rights_detail", "publisher",
    "publisher_detail", "language", "subtitle", "subtitle_detail", "feedburner_origlink", "where",
    "media_content", "media_thumbnail", "media_player", "guidislink",
})  # fmt: skip
_DEEPEST = 8


def byline_names(given: dict[str, Json]) -> tuple[str, ...]:
    """The authors as named; an address stands in where there is no name."""
    names = [_name(author) for author in given.get("authors") or [] if isinstance(author, dict)]
    whole_line = given.get("author")
    if not any(names) and isinstance(whole_line, str):
        names = [whole_line]
    return tuple(dict.fromkeys(name for name in names if name and name.strip()))


def _name(author: Any) -> str | None:
    found = author.get("name") or author.get("email")
    return found if isinstance(found, str) else None


def concepts_of(given: dict[str, Json]) -> tuple[Concept, ...]:
    """Categories as subjects, and the point an entry is tagged with as a place."""
    tags = [
        Concept(
            kind="subject", name=tag.get("label") or tag.get("term"), code=tag.get("term"), scheme=tag.get("scheme")
        )
        for tag in given.get("tags") or []
        if isinstance(tag, dict) and (tag.get("term") or tag.get("label"))
    ]
    place = _place(given.get("where"))
    return (*tags, place) if place else tuple(tags)


def _place(where: Any) -> Concept | None:
    if not isinstance(where, dict) or where.get("type") != "Point":
        return None
    longitude, latitude = (*(where.get("coordinates") or ()), None, None)[:2]
    if not isinstance(longitude, int | float) or not isinstance(latitude, int | float):
        return None
    return Concept(kind="place", geo=(float(latitude), float(longitude)))


def links_of(given: dict[str, Json]) -> tuple[Link, ...]:
    """Links of every relation, enclosures and Media RSS files, each address and relation once."""
    links = [_link(link.get("rel") or "alternate", link) for link in _dicts(given, "links")]
    links += [_link("rendition", media) for media in _dicts(given, "media_content")]
    links += [_link("thumbnail", media) for media in _dicts(given, "media_thumbnail")]
    player = given.get("media_player")
    if isinstance(player, dict):
        links.append(_link("player", player))
    unique = {(link.rel, link.href): link for link in reversed(links) if link.href}
    return tuple(reversed(unique.values()))


def _dicts(given: dict[str, Json], name: str) -> list[dict[str, Any]]:
    return [value for value in given.get(name) or [] if isinstance(value, dict)]


def _link(rel: str, link: dict[str, Any]) -> Link:
    details = {
        k: v for k, v in link.items() if k not in {"rel", "href", "url", "type", "title"} and v not in ("", None)
    }
    return Link(
        rel=rel,
        href=link.get("href") or link.get("url"),
        title=link.get("title"),
        content_type=link.get("type"),
        details={k: _plain(v) for k, v in details.items()},
    )


def extra_of(given: dict[str, Json], more: dict[str, Json]) -> dict[str, Json]:
    """All that an entry states beyond the fields of a raw item, as JSON values, plus `more`."""
    left = {k: _plain(v) for k, v in given.items() if k not in _TAKEN and not k.endswith("_parsed")}
    return {**{k: v for k, v in left.items() if v not in (None, "", [], {})}, **more}


def _plain(value: Any, depth: int = 0) -> Json:
    if isinstance(value, dict) and depth < _DEEPEST:
        return {str(k): _plain(v, depth + 1) for k, v in value.items() if not str(k).endswith("_parsed")}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_plain(v, depth + 1) for v in value]
    if isinstance(value, bool | str) or value is None:
        return value
    number = whole(value)
    return number if number is not None else str(value)
