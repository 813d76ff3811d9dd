"""JSON Feed 1 and 1.1 (jsonfeed.org/version/1.1)."""

from pipeline.errors import Permanent
from pipeline.formats.document import Document, FeedHints, Limits, content_id, make_item, read_each, text
from pipeline.formats.jsons import objects, string, strings
from pipeline.item import Concept, Link, Origin, RawItem
from pipeline.story import Json

NAME = "json_feed"
_TAKEN = frozenset({
    "id", "url", "title", "summary", "content_html", "content_text", "date_published", "date_modified", "authors",
    "author", "tags", "language", "attachments", "external_url", "image", "banner_image",
})  # fmt: skip


def matches(document: Json) -> bool:
    """A JSON Feed says so in its version."""
    return isinstance(document, dict) and "jsonfeed.org/version" in str(document.get("version", ""))


def read_document(document: Json, digest: str, origin: Origin, limits: Limits) -> Document:
    """The items of the feed in order, and its hints for polling."""
    items = document.get("items")
    parts: list[Json] = items if isinstance(items, list) else []
    feed = FeedHints(
        title=string(document.get("title")),
        link=string(document.get("home_page_url")),
        language=string(document.get("language")),
        hubs=tuple(
            url
            for hub in objects(document.get("hubs"))
            if (url := string(hub.get("url"))) and (string(hub.get("type")) or "websub").lower() == "websub"
        ),
        self_url=string(document.get("feed_url")),
        next_url=string(document.get("next_url")),
    )
    return Document(NAME, read_each(parts, lambda part: _item(part, document, digest, origin), limits), feed)


def _item(part: Json, feed: dict[str, Json], digest: str, origin: Origin) -> RawItem:
    if not isinstance(part, dict):
        raise Permanent("bad_item", "an item of the feed is no JSON object")
    words = [string(part.get(name)) for name in ("title", "summary", "content_text", "content_html")]
    url = string(part.get("url"))
    bodies = text(words[3], content_type="text/html") or text(words[2], content_type="text/plain")
    teaser = text(words[1], content_type="text/plain")
    return make_item(
        NAME,
        origin,
        digest,
        string(part.get("id")) or url or content_id(*words),
        url=url or string(part.get("external_url")),
        headlines=text(words[0], content_type="text/plain"),
        descriptions=teaser if bodies else (),
        bodies=bodies or teaser,
        bylines=_authors(part) or _authors(feed),
        language=string(part.get("language")) or string(feed.get("language")) or origin.language,
        published=string(part.get("date_published")),
        updated=string(part.get("date_modified")),
        concepts=tuple(Concept(kind="subject", name=tag) for tag in strings(part.get("tags"))),
        links=tuple(_links(part)),
        extra={k: v for k, v in part.items() if k not in _TAKEN},
    )


def _authors(part: dict[str, Json]) -> tuple[str, ...]:
    people = objects(part.get("authors")) or objects(part.get("author"))
    return tuple(name for person in people if (name := string(person.get("name"))))


def _links(part: dict[str, Json]) -> list[Link]:
    named = (("related", "external_url"), ("image", "image"), ("image", "banner_image"))
    links = [Link(rel=rel, href=href) for rel, name in named if (href := string(part.get(name)))]
    for file in objects(part.get("attachments")):
        details = {k: v for k, v in file.items() if k not in {"url", "mime_type", "title"}}
        kind, title = string(file.get("mime_type")), string(file.get("title"))
        links.append(
            Link(rel="enclosure", href=string(file.get("url")), title=title, content_type=kind, details=details)
        )
    return links
