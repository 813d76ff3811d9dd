"""A saved article page: what its JSON-LD ``NewsArticle`` says first, then what trafilatura finds in the markup."""

import re
import warnings

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, sha256, text
from pipeline.formats.json_ld import article_of, names, url_of
from pipeline.formats.jsons import string, strings
from pipeline.item import Concept, Link, Origin
from pipeline.story import Json, Text

NAME = "page"
_SNIFF = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_WRAPPER = re.compile(r"</?(?:html|body|head)\b[^>]{0,100}>\s*")
_TITLE = re.compile(r"\s*<h1\b[^>]{0,100}>([^<]*)</h1>\s*")
_STATED = ("headline", "datePublished", "author", "publisher")
_LONGEST = 6_000_000
# trafilatura takes some 70 µs a tag; long live blogs have ten thousand.
_MOST_TAGS = 30_000
_DEEPEST = 400
_OPENINGS = re.compile(r"<(/?)(div|span|b|i|font|a|p|ul|li|table|tr|td|section|em|strong|blockquote)\b", re.IGNORECASE)


def sniff(head: str) -> bool:
    """An HTML document."""
    return _SNIFF.match(head.lstrip("\ufeff\u00ef\u00bb\u00bf")) is not None


def read(body: bytes, origin: Origin, limits: Limits) -> Document:  # noqa: ARG001  # one item
    """The article of a page.

    Raises:
        Permanent: ``too_large``, ``too_deep``, ``hostile_markup``, or ``no_article`` where it has no text to speak of.
    """
    if len(body) > _LONGEST:
        raise Permanent("too_large", f"a page of {len(body)} bytes, more than {_LONGEST}")
    page = decode(body, origin.charset)
    _check_cost(page)
    ld = article_of(page)
    # The search for a date is half of the cost of a page; what the publisher states needs no search.
    found = {} if all(ld.get(name) for name in _STATED) else _metadata(page, origin)
    copy = _copy(page, ld, origin)
    headline = string(ld.get("headline")) or found.get("title")
    if not copy and not ld:
        raise Permanent("no_article", "no article found in the page")
    url = url_of(ld) or found.get("url") or (origin.url if origin.url and "://" in origin.url else None)
    summary = string(ld.get("description")) or found.get("description")
    item = make_item(
        NAME,
        origin,
        sha256(body),
        url or file_name(origin) or content_id(headline, *(part.value for part in copy)),
        url=url,
        headlines=text(headline, content_type="text/plain")
        + text(string(ld.get("alternativeHeadline")), "subheadline", "text/plain"),
        descriptions=text(summary, content_type="text/plain"),
        bodies=copy,
        bylines=names(ld.get("author")) or tuple(filter(None, [found.get("author")])),
        located=names(ld.get("locationCreated")) or names(ld.get("contentLocation")),
        dateline=string(ld.get("dateline")),
        agency=origin.agency or next(iter(names(ld.get("sourceOrganization")) or names(ld.get("publisher"))), None),
        credit=string(ld.get("creditText")) or found.get("sitename"),
        language=string(ld.get("inLanguage")) or found.get("language") or origin.language,
        first_created=string(ld.get("dateCreated")),
        published=string(ld.get("datePublished")) or found.get("date"),
        updated=string(ld.get("dateModified")),
        expires=string(ld.get("expires")),
        copyright_holder=next(iter(names(ld.get("copyrightHolder"))), None),
        copyright_notice=string(ld.get("copyrightNotice")),
        concepts=tuple(Concept(kind="subject", name=name) for name in strings(ld.get("articleSection"))),
        links=tuple(Link(rel="image", href=href) for href in _images(ld.get("image"))),
        extra=_extra(ld, found),
    )
    return Document(NAME, (item,))


def _extra(ld: dict[str, Json], found: dict[str, str]) -> dict[str, Json]:
    named: dict[str, Json] = {"keywords": _keywords(ld.get("keywords")), "sitename": found.get("sitename")}
    return {key: value for key, value in named.items() if value}


def _check_cost(page: str) -> None:
    if page.count("<") > _MOST_TAGS:
        raise Permanent("hostile_markup", f"more than {_MOST_TAGS} tags")
    depth = deepest = 0
    for closing, _ in _OPENINGS.findall(page):
        depth = max(0, depth - 1) if closing else depth + 1
        deepest = max(deepest, depth)
    # Unclosed p, li and td are common, so the bound is well above what any page nests.
    if deepest > _DEEPEST * 10:
        raise Permanent("too_deep", "markup nested beyond reason")


def _metadata(page: str, origin: Origin) -> dict[str, str]:
    from trafilatura.metadata import extract_metadata  # noqa: PLC0415  # as below

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = extract_metadata(page, default_url=origin.url if origin.url and "://" in origin.url else None)
    except Exception:  # noqa: BLE001  # it raises anything on broken markup; the page's own JSON-LD may still do
        return {}
    wanted = ("title", "author", "url", "description", "sitename", "date", "language")
    return {name: value for name in wanted if isinstance(value := getattr(found, name, None), str) and value.strip()}


def _copy(page: str, ld: dict[str, Json], origin: Origin) -> tuple[Text, ...]:
    stated = string(ld.get("articleBody")) or ""
    if "\n" in stated.strip():
        return text(stated, content_type="text/plain")
    import trafilatura  # noqa: PLC0415  # a second and a half to load, and telling a page from a feed must not cost it

    try:
        extracted = trafilatura.extract(
            page, url=origin.url, output_format="html", include_comments=False, include_images=False, include_links=True
        )
    except Exception as error:
        # Documented to return None, it raises on some broken markup all the same.
        if not stated:
            raise Permanent("no_article", f"trafilatura: {type(error).__name__}") from error
        extracted = None
    # One run of text without paragraphs is second best, unless the markup gave far less than it.
    if extracted and len(extracted) * 2 > len(stated):
        return text(_TITLE.sub("", _WRAPPER.sub("", extracted), count=1).strip(), content_type="text/html")
    return text(stated, content_type="text/plain")


def _images(value: Json) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    urls = (string(one.get("url")) if isinstance(one, dict) else string(one) for one in many)
    return tuple(dict.fromkeys(filter(None, urls)))


def _keywords(value: Json) -> list[str]:
    return [word.strip() for words in strings(value) for word in words.split(",") if word.strip()]
