"""A feed's entry and the article page behind it, made one item; or the entry alone, marked as a teaser."""

from msgspec.structs import replace

from pipeline.item import RawItem
from pipeline.story import Json, Text

MARK, WHY = "fulltext", "fulltextWhy"
"""Names under which an item's `extra` says ``page`` or ``teaser``, and why only a teaser."""

_FIRST_SAID = (
    "dateline", "credit", "agency", "language", "first_created", "version_created", "content_created", "published",
    "updated", "expires", "copyright_holder", "copyright_notice", "usage_terms", "bylines", "located", "slugline",
)  # fmt: skip


def teaser(item: RawItem, why: str) -> RawItem:
    """The entry alone, marked."""
    return replace(item, extra={**item.extra, MARK: "teaser", WHY: why})


def with_page(item: RawItem, page: RawItem) -> RawItem | None:
    """The entry with the page's text, and with what only the page says; None where the page has no more text.

    What the feed says of headline, byline, times and agency counts for more: it is the newer word. Its teaser
    becomes a description. Provenance is the page's, under the entry's identity.
    """
    if _length(page.bodies) <= _length(item.bodies):
        return None
    named = {(c.kind, c.name) for c in item.concepts}
    pointed = {link.href for link in item.links}
    added: dict[str, Json] = {MARK: "page", **({"page": page.extra} if page.extra else {})}
    said = {name: getattr(item, name) or getattr(page, name) for name in _FIRST_SAID}
    return replace(
        item,
        **said,
        headlines=item.headlines or page.headlines,
        descriptions=item.descriptions or item.bodies or page.descriptions,
        bodies=page.bodies,
        concepts=(*item.concepts, *(c for c in page.concepts if (c.kind, c.name) not in named)),
        links=(*item.links, *(link for link in page.links if link.href not in pointed)),
        provenance=replace(
            item.provenance, fetched_at=page.provenance.fetched_at, sha256=page.provenance.sha256, url=item.url
        ),
        extra={**item.extra, **added},
    )


def _length(bodies: tuple[Text, ...]) -> int:
    return sum(len(body.value) for body in bodies)
