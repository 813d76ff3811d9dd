"""What the simulated agencies put on the wire: feeds, and text files for a drop folder."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from pipeline.simulate.world import CORRECTION, KILL, Agency, Delivery

MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
FURNITURE = {
    "en": ("Related Articles", "Back to top button"),
    "es": ("Noticias relacionadas", "Volver arriba"),
    "de": ("Mehr zum Thema", "Nach oben"),
    "fr": ("Lire aussi", "Retour en haut"),
}


def dateline(delivery: Delivery) -> str:
    """The opening words, in the manner of the delivery's language."""
    at, agency = delivery.at, delivery.agency
    match agency.language:
        case "en":
            return f"{delivery.city.upper()}, {MONTHS['en'][at.month - 1]} {at.day} ({agency.name}) - "
        case "es":
            return f"{delivery.city}, {at.day} {MONTHS['es'][at.month - 1]} ({agency.name}).- "
        case _:
            return f"{delivery.city} ({agency.name}) - "


def headline(delivery: Delivery) -> str:
    """The headline with the tag that says what kind of version it is."""
    if delivery.kind == KILL:
        return f"STORY WITHDRAWN: {delivery.headline}"
    if delivery.kind == CORRECTION:
        return f"CORRECTED-{delivery.headline}"
    return f"UPDATE {delivery.version - 1}-{delivery.headline}" if delivery.version > 1 else delivery.headline


def paragraphs(delivery: Delivery) -> list[str]:
    """The body as it stands on the wire: dateline, copy, closing credit."""
    if not delivery.paragraphs:
        return []
    first, *rest = delivery.paragraphs
    copy = [dateline(delivery) + first, *rest]
    if delivery.note:
        copy.insert(0, f"({delivery.note})")
    if delivery.embargo is not None:
        copy.insert(0, f"EMBARGOED UNTIL {delivery.embargo:%Y-%m-%d %H:%M:%S} UTC")
    copy[-1] = f"{copy[-1]} {delivery.agency.name}"
    return copy


def markup(delivery: Delivery) -> str:
    """The body as HTML, with page furniture after it."""
    body = "".join(f"<p>{escape(p)}</p>" for p in paragraphs(delivery))
    furniture = "".join(f"<div>{escape(f)}</div>" for f in FURNITURE[delivery.agency.language])
    return body + furniture


def text(delivery: Delivery) -> str:
    """A file for the drop folder: the headline, then paragraphs parted by blank lines."""
    return "\n\n".join([headline(delivery), *paragraphs(delivery), *FURNITURE[delivery.agency.language]]) + "\n"


def rss(agency: Agency, deliveries: Sequence[Delivery], base: str) -> bytes:
    """An RSS 2.0 feed, newest first."""
    items = "".join(
        f"<item><guid isPermaLink='false'>tag:{agency.id}.example,2026:{d.id}</guid>"
        f"<title>{escape(headline(d))}</title>"
        f"<link>{base}/{agency.id}/{d.id}</link><pubDate>{format_datetime(d.at)}</pubDate>"
        f"<description>{escape(markup(d))}</description></item>"
        for d in deliveries
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{agency.name}</title>"
        f"<link>{base}</link><language>{agency.language}</language><description>A wire that does not exist"
        f"</description>{items}</channel></rss>"
    ).encode()


def atom(agency: Agency, deliveries: Sequence[Delivery], base: str, updated: datetime) -> bytes:
    """An Atom feed, newest first."""
    entries = "".join(
        f"<entry><id>tag:{agency.id}.example,2026:{d.id}</id><title>{escape(headline(d))}</title>"
        f"<link href='{base}/{agency.id}/{d.id}'/><updated>{d.at.isoformat()}</updated>"
        f"<content type='html'>{escape(markup(d))}</content></entry>"
        for d in deliveries
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom' "
        f"xml:lang='{agency.language}'><title>{agency.name}</title><id>{base}/{agency.id}</id>"
        f"<updated>{updated.isoformat()}</updated>{entries}</feed>"
    ).encode()
