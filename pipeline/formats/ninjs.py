"""ninjs 1.x, 2.x and 3.x (IPTC News in JSON), and the dialects of editorial systems that speak nearly ninjs 1.

The releases differ in the case and number of names (``body_html``; ``bodies`` with ``contentType``): all are
read by one table of names. A document of release 2 or 3 is kept whole besides, so that nothing of it is lost.
"""

from pipeline.errors import Permanent
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, text
from pipeline.formats.jsons import objects, string, strings
from pipeline.formats.ninjs_parts import alt_ids, concepts, genres, links
from pipeline.item import Origin
from pipeline.story import Json, Text

NAME = "ninjs"
_SIGNS = frozenset({
    "headline", "headlines", "bodies", "descriptions", "body_text", "body_html", "body_xhtml", "pubstatus",
    "versioncreated", "eventdetails", "renditions", "profile", "title", "description_text", "newswire",
})  # fmt: skip
_ROLES = {"body_html": "text/html", "body_xhtml": "text/html", "body_text": "text/plain"}
_TAKEN = frozenset({
    "uri", "guid", "type", "version", "pubstatus", "embargoed", "embargoeduntil", "urgency", "headline", "headlines",
    "description_text", "description_html", "descriptions", "body_text", "body_html", "body_xhtml", "bodies", "byline",
    "by", "located", "ednote", "slugline", "language", "genre", "genres", "subject", "subjects", "person", "people",
    "organisation", "organisations", "place", "places", "event", "events", "object", "objects", "firstcreated",
    "versioncreated", "contentcreated", "expires", "copyrightholder", "copyrightnotice", "usageterms", "altids",
    "renditions", "associations", "signal", "signals", "authors", "title", "dateline", "firstpublished",
})  # fmt: skip


def matches(document: Json) -> bool:
    """An object with an id and any property that only an item has."""
    if not isinstance(document, dict):
        return False
    names = {key.lower() for key in document}
    return bool(names & {"uri", "guid"}) and bool(names & _SIGNS)


def read_document(document: Json, digest: str, origin: Origin, limits: Limits) -> Document:  # noqa: ARG001  # one item
    """The one item of a ninjs document.

    Raises:
        Permanent: ``bad_ninjs`` where its id is no text.
    """
    given: dict[str, Json] = {key.lower(): value for key, value in document.items()}
    guid = string(given.get("uri")) or string(given.get("guid"))
    if guid is None and ("uri" in given or "guid" in given) and not file_name(origin):
        raise Permanent("bad_ninjs", "the item's uri is no text")
    item = make_item(
        NAME,
        origin,
        digest,
        guid or file_name(origin) or content_id(digest),
        version=string(given.get("version")),
        type=string(given.get("type")) or "text",
        status=string(given.get("pubstatus")),
        embargo=_embargo(given),
        urgency=string(given.get("urgency")),
        signals=_signals(given),
        headlines=_headlines(given),
        descriptions=_texts(given.get("descriptions")) or _one_of(given, "description", ("text", "html", "xhtml")),
        bodies=_bodies(given),
        bylines=_bylines(given),
        dateline=string(given.get("dateline")),
        located=strings(given.get("located")),
        ed_notes=strings(given.get("ednote")),
        slugline=string(given.get("slugline")),
        agency=_provider(given) or origin.agency,
        language=string(given.get("language")) or origin.language,
        genres=genres(given),
        concepts=concepts(given),
        first_created=string(given.get("firstcreated")),
        version_created=string(given.get("versioncreated")),
        content_created=string(given.get("contentcreated")),
        published=string(given.get("firstpublished")),
        expires=string(given.get("expires")),
        copyright_holder=string(given.get("copyrightholder")),
        copyright_notice=string(given.get("copyrightnotice")),
        usage_terms="\n".join(strings(given.get("usageterms"))),
        alt_ids=alt_ids(given.get("altids")),
        links=links(given),
        ninjs=document if _is_modern(given) else None,
        extra={k: v for k, v in document.items() if k.lower() not in _TAKEN},
    )
    return Document(NAME, (item,))


def _is_modern(given: dict[str, Json]) -> bool:
    """Release 2 and later have lists of headlines and bodies, 1.x one property each."""
    if "ninjs" in str(given.get("standard", "")).lower():
        return True
    return any(isinstance(given.get(name), list) for name in ("headlines", "bodies", "descriptions", "infosources"))


def _embargo(given: dict[str, Json]) -> str | None:
    for name in ("embargoeduntil", "embargoed"):
        value = given.get(name)
        # What is there but is no text is an embargo all the same, of unknown length.
        if value not in (None, "", False):
            return string(value) or str(value)
    return None


def _signals(given: dict[str, Json]) -> tuple[str, ...]:
    coded = [s.get("code") or s.get("name") for s in objects(given.get("signal")) + objects(given.get("signals"))]
    extension = given.get("newswire")
    more = strings(extension.get("signals")) if isinstance(extension, dict) else ()
    return strings(given.get("signal")) + strings(given.get("signals")) + strings(coded) + more


def _headlines(given: dict[str, Json]) -> tuple[Text, ...]:
    found = _texts(given.get("headlines")) or text(string(given.get("headline")), content_type="text/plain")
    # A headline without a role, or the main one, leads whatever the order.
    found = tuple(sorted(found, key=lambda t: t.role not in {None, "main"}))
    title = string(given.get("title"))
    known = {t.value for t in found}
    return found if title in known else found + text(title, "title", "text/plain")


def _texts(value: Json) -> tuple[Text, ...]:
    found: list[Text] = []
    for part in objects(value):
        named = {key.lower(): inner for key, inner in part.items()}
        kind = string(named.get("contenttype"))
        if string(named.get("value")):
            found += text(str(named["value"]), string(named.get("role")), kind)
    return tuple(found)


def _bodies(given: dict[str, Json]) -> tuple[Text, ...]:
    modern = _texts(given.get("bodies"))
    if modern:
        return modern
    markup = next((found for name in ("body_html", "body_xhtml") if (found := string(given.get(name)))), None)
    return text(markup, content_type="text/html") or text(string(given.get("body_text")), content_type="text/plain")


def _one_of(given: dict[str, Json], stem: str, forms: tuple[str, ...]) -> tuple[Text, ...]:
    for form in forms:
        found = string(given.get(f"{stem}_{form}"))
        if found:
            return text(found, content_type="text/plain" if form == "text" else "text/html")
    return ()


def _bylines(given: dict[str, Json]) -> tuple[str, ...]:
    written = strings(given.get("by")) or strings(given.get("byline"))
    return written or strings([person.get("name") for person in objects(given.get("authors"))])


def _provider(given: dict[str, Json]) -> str | None:
    named = string(given.get("source")) or string(given.get("provider"))
    if named:
        return named
    sources = objects(given.get("infosources")) + objects(given.get("infosource"))
    providers = [s for s in sources if "prov" in str(s.get("role", "")).lower()]
    return next((found for s in providers if (found := string(s.get("name")) or string(s.get("literal")))), None)
