"""The schema.org ``NewsArticle`` that a page states in JSON-LD."""

import html
import re
from collections.abc import Iterator

import orjson

from pipeline.formats.jsons import string
from pipeline.story import Json

_SCRIPT = re.compile(
    r"<script\b[^>]{0,500}application/ld\+json[^>]{0,500}>([^<]*(?:<(?!/script)[^<]*)*)</script", re.IGNORECASE
)
_ARTICLES = frozenset({
    "NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "BackgroundNewsArticle", "OpinionNewsArticle",
    "ReviewNewsArticle", "AskPublicNewsArticle", "LiveBlogPosting", "Article", "BlogPosting", "Report",
})  # fmt: skip
_DEEPEST = 6
_MOST_SCRIPTS = 30


def article_of(page: str) -> dict[str, Json]:
    """The first article, a news article before others; empty where the page states none."""
    articles = [node for document in _documents(page) for node in _nodes(document, 0) if _kinds(node) & _ARTICLES]
    news = [node for node in articles if any("News" in kind for kind in _kinds(node))]
    return next(iter(news or articles), {})


def _documents(page: str) -> Iterator[Json]:
    for number, script in enumerate(_SCRIPT.finditer(page)):
        if number >= _MOST_SCRIPTS:
            return
        raw = script[1].strip().removeprefix("<![CDATA[").removesuffix("]]>")
        for attempt in (raw, re.sub(r"[\x00-\x1f]+", " ", raw), html.unescape(raw)):
            try:
                yield orjson.loads(attempt)
            except (orjson.JSONDecodeError, UnicodeEncodeError):
                continue
            break


def _nodes(value: Json, depth: int) -> Iterator[dict[str, Json]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _nodes(one, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(value.get(key), dict | list):
                yield from _nodes(value[key], depth + 1)


def _kinds(node: dict[str, Json]) -> set[str]:
    kind = node.get("@type")
    return {str(one).rpartition("/")[2] for one in (kind if isinstance(kind, list) else [kind])}


def names(value: Json) -> tuple[str, ...]:
    """The names of a person, organisation or place, or of a list of them."""
    many = value if isinstance(value, list) else [value]
    found = (string(one.get("name")) if isinstance(one, dict) else string(one) for one in many)
    return tuple(dict.fromkeys(name.strip() for name in found if name))


def url_of(article: dict[str, Json]) -> str | None:
    """The article's own address."""
    page = article.get("mainEntityOfPage")
    candidates = (article.get("url"), page.get("@id") if isinstance(page, dict) else page, article.get("@id"))
    return next((found for one in candidates if (found := string(one)) and "://" in found), None)
