"""RSS 0.9x, 1.0 and 2.0, Atom, RDF and CDF, parsed by feedparser and kept to the letter.

feedparser's HTML sanitising and URI resolving are off: they cost more than half of its time, and safe HTML
is normalise's business. What it then gives is carried over word for word.
"""

import io
import re
from typing import Any

import feedparser

from pipeline.errors import Permanent
from pipeline.formats.charset import believable, declaration
from pipeline.formats.document import Document, FeedHints, Limits, content_id, make_item, read_each, sha256, text, whole
from pipeline.formats.feed_guard import check_cost, count_entries
from pipeline.formats.feed_items import byline_names, concepts_of, extra_of, links_of
from pipeline.formats.feed_window import keep_first
from pipeline.item import Origin, RawItem, Refusal
from pipeline.story import Json, Text

NAME = "feed"
_ROOT = re.compile(r"<(?:[\w.\-]{1,40}:)?(rss|feed|RDF|channel)\b", re.IGNORECASE)

_RUBBISH = 500

# It looks for a driver of libxml2 anew at each parse, all along the path, and takes expat as there is none.
feedparser.api.PREFERRED_XML_PARSERS.clear()


def sniff(head: str) -> bool:
    """The document element of a feed: first of the markup, or after a little rubbish from a broken server."""
    start = _ROOT.search(head[:4096])
    opening = head.lstrip("\ufeff\u00ef\u00bb\u00bf\x00 \r\n\t")[:1]
    return start is not None and (opening == "<" or (start.start() < _RUBBISH and opening not in {"{", "["}))


def read(body: bytes, origin: Origin, limits: Limits) -> Document:
    """The entries of a feed in document order, and its hints for polling.

    Raises:
        Permanent: ``too_many_items`` where those past the limit cannot be told apart,
            ``hostile_markup`` where reading it would take far longer than its size warrants,
            ``bad_feed`` where feedparser finds no feed in it.
    """
    digest = sha256(body)
    refused: tuple[Refusal, ...] = ()
    if count_entries(body) > limits.feed_entries:
        body, refused = _bounded(body, limits.feed_entries)
    check_cost(body)
    result = run_feedparser(body, origin)
    feed = result["feed"]
    if not result.get("version") and not result["entries"] and not feed.get("title"):
        raise Permanent("bad_feed", f"no feed found: {result.get('bozo_exception') or 'unknown root'}")
    name = result.get("version") or NAME
    items = read_each(result["entries"], lambda entry: _item(entry, feed, name, origin, digest), limits)
    return Document(NAME, (*items, *refused), _hints(result))


def _bounded(body: bytes, most: int) -> tuple[bytes, tuple[Refusal, ...]]:
    kept = keep_first(body, most)
    if kept is None:
        raise Permanent("too_many_items", f"more than {most} entries")
    if len(kept) == len(body):
        return body, ()
    return kept, (Refusal(position=most, code="too_many_items", why=f"more than {most} entries"),)


def run_feedparser(body: bytes, origin: Origin) -> Any:
    """What feedparser itself makes of a document, with the options all of this package uses.

    Raises:
        Permanent: ``bad_feed`` where feedparser itself fails, as it does on some malformed input.
    """
    headers = {"content-type": "application/xml"}
    if origin.url and origin.url.startswith(("http://", "https://")):
        headers["content-location"] = origin.url
    if origin.charset and not declaration(body):
        # A declaration in the document counts for more, while feedparser would prefer the header.
        headers["content-type"] += f"; charset={origin.charset}"
    try:
        return feedparser.parse(
            io.BytesIO(believable(body)), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        # It raises AssertionError, KeyError, ValueError and others, undocumented, on what it did not foresee.
        raise Permanent("bad_feed", f"feedparser: {type(error).__name__}") from error


def _item(entry: Any, feed: Any, name: str, origin: Origin, digest: str) -> RawItem:
    given: dict[str, Json] = dict.copy(entry)
    title, summary, contents = _get(given, "title"), _get(given, "summary"), given.get("content") or []
    url = _get(given, "feedburner_origlink") or _get(given, "link")
    guid = _get(given, "id") or url or content_id(title, summary, *(_get(c, "value") for c in contents))
    detail = given.get("title_detail") or {}
    bodies = tuple(t for c in contents for t in text(_get(c, "value"), content_type=_type(c)))
    teaser = text(summary, content_type=_type(given.get("summary_detail") or {}))
    if not bodies:
        bodies, teaser = teaser, ()
    elif teaser and teaser[0].value == bodies[0].value:
        # feedparser copies a lone content into the summary; the source said it once.
        teaser = ()
    return make_item(
        name,
        origin,
        digest,
        guid,
        url=url,
        headlines=_subtitles(text(title, content_type=_type(detail)), given),
        descriptions=teaser,
        bodies=bodies,
        bylines=byline_names(given),
        language=_get(detail, "language") or _get(given, "language") or _get(feed, "language") or origin.language,
        agency=origin.agency or _get(given, "publisher") or _get(feed, "publisher"),
        credit=_get(given, "media_credit_text") or _get(given.get("source") or {}, "title"),
        published=_get(given, "published"),
        updated=_get(given, "updated"),
        first_created=_get(given, "created"),
        expires=_get(given, "expired"),
        copyright_notice=_get(given, "rights") or _get(feed, "rights"),
        concepts=concepts_of(given),
        links=links_of(given),
        extra=extra_of(given, _bases(given, contents, origin)),
    )


def _get(values: Any, name: str) -> str | None:
    # dict.get, since feedparser's own answers for `updated` with `published`, and warns.
    found = dict.get(values, name) if isinstance(values, dict) else None
    return found if isinstance(found, str) and found.strip() else None


def _type(detail: Any) -> str | None:
    kind = _get(detail, "type")
    return "text/html" if kind in {"application/xhtml+xml", "text/html"} else kind


def _subtitles(headlines: tuple[Text, ...], given: dict[str, Json]) -> tuple[Text, ...]:
    return headlines + text(_get(given, "subtitle"), role="subheadline")


def _bases(given: dict[str, Json], contents: list[Any], origin: Origin) -> dict[str, Json]:
    details = (*contents, given.get("summary_detail") or {}, given.get("title_detail") or {})
    base = next((found for detail in details if (found := _get(detail, "base"))), None)
    return {"base": base} if base and base != origin.url else {}


_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_MINUTE = 60
_DAY_HOURS = 24


def _hints(result: Any) -> FeedHints:
    feed = result["feed"]
    links = feed.get("links") or []
    ttl = whole(_get(feed, "ttl"))
    return FeedHints(
        title=_get(feed, "title"),
        link=_get(feed, "link"),
        language=_get(feed, "language"),
        ttl=ttl * _MINUTE if ttl and ttl > 0 else None,
        sy_interval=_sy_interval(feed),
        skip_hours=tuple(h for h in map(whole, _listed(feed, "hour")) if h is not None and 0 <= h <= _DAY_HOURS),
        skip_days=tuple(_listed(feed, "day")),
        hubs=tuple(_hrefs(links, "hub")),
        self_url=next(iter(_hrefs(links, "self")), None),
        next_url=next(iter(_hrefs(links, "next")), None),
        updated=_get(feed, "updated") or _get(feed, "published"),
        malformed=str(result.get("bozo_exception") or "malformed") if result.get("bozo") else None,
    )


def _sy_interval(feed: Any) -> int | None:
    period = _PERIODS.get((_get(feed, "sy_updateperiod") or "").strip().lower())
    frequency = whole(_get(feed, "sy_updatefrequency")) or 1
    return period // frequency if period and frequency > 0 else None


def _listed(feed: Any, name: str) -> list[str]:
    # feedparser keeps only the last <hour> and <day>, having no place for lists of them.
    found = _get(feed, name)
    return [found.strip()] if found else []


def _hrefs(links: list[Any], rel: str) -> list[str]:
    return [link["href"] for link in links if rel in str(link.get("rel", "")).split() and link.get("href")]
