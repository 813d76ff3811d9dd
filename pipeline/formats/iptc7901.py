"""IPTC 7901 (IPTC, 1979, revision 5): stories as dpa and others send them over lines.

::

    SOH source number SP priority SP category SP words SP routing NL
    keywords NL
    STX headline lines up to "=" NL copy ETX time NL

What follows "not for publication" in dpa's copy is for editors and is kept out of the body.
"""

import re

from pipeline.errors import Permanent
from pipeline.formats.document import Document, Limits, content_id, make_item, text
from pipeline.formats.transmission import read_messages
from pipeline.formats.wire_time import iptc_time
from pipeline.item import Concept, Origin, RawItem

NAME = "iptc-7901"
_SNIFF = re.compile(r"[\x16\x00\x7f\s]*\x01[A-Za-z]{2,4}\d{3,4}\s")
_MESSAGE = re.compile(
    r"\x01([A-Za-z]{2,4})(\d{3,4})[ \t]+([^\r\n]{0,200})[\r\n]+([^\x02\x01]{0,500})\x02"
    r"([^\x03\x01]*)(?:\x03([^\x01]*))?"
)
_HEADER = re.compile(r"(\d)\s+(\w{1,3})\s+(\d+)\s*(.*)$")
_SENDER = re.compile(r"([A-Za-z][\w\-]*)\s+\d+\s*$")
_SIGNAL = re.compile(
    r"(?:\([^)]{1,40}\)|[A-Z0-9][A-Z0-9 .\-]{1,30}|(?:\d\. ?)?(?:Zusammenfassung|Berichtigung|Wiederholung|Meldung))$"
)
_BYLINE = re.compile(r"(?:By|Von|Par|Por)\s", re.IGNORECASE)
_MOST_HEADLINES = 8
_EDITORS = re.compile(
    r"^(?:#\s?(?:dpa[- ])?notebook\b|#\s?(?:dpa-)?notizblock\b|\* \* \* \*\s*$)", re.IGNORECASE | re.MULTILINE
)
_CREDIT = re.compile(r"^(dpa(?:-\w+)?(?: [a-z0-9]{1,6}){1,8})\s*\Z", re.MULTILINE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")


def sniff(head: str) -> bool:
    """SOH, a source of letters and a number."""
    return _SNIFF.match(head) is not None


def read(body: bytes, origin: Origin, limits: Limits) -> Document:
    """Every message of a transmission in order.

    Raises:
        Permanent: ``no_items`` where no message has a text.
    """
    return read_messages(NAME, _MESSAGE, _item, body, origin, limits)


def _item(message: re.Match[str], digest: str, origin: Origin) -> RawItem:
    source, number, rest, keywords, raw, trailer = (part or "" for part in message.groups())
    head = _HEADER.match(rest.strip())
    copy = _CONTROLS.sub("", raw.replace("\r", "")).strip("\n")
    signals, headline, byline, body = _headed(copy)
    body, notes, credit = _split(body)
    if not headline and not body:
        raise Permanent("no_text", "the message is empty")
    stamp = _CONTROLS.sub("", trailer).strip()
    sender = _SENDER.search(rest.strip())
    return make_item(
        NAME,
        origin,
        digest,
        f"{source}{number}-{stamp.replace(' ', '') or content_id(copy)}",
        urgency=head[1] if head else None,
        signals=signals,
        headlines=text(headline, content_type="text/plain"),
        bodies=text(body, content_type="text/plain"),
        bylines=(byline,) if byline else (),
        ed_notes=(notes,) if notes else (),
        slugline=" ".join(keywords.split()).rstrip("/") or None,
        credit=credit,
        agency=(sender[1] if sender else None) or origin.agency,
        version_created=iptc_time(stamp),
        concepts=(Concept(kind="subject", code=head[2], scheme="iptc7901-category"),) if head else (),
        alt_ids={"iptc7901Id": f"{source}{number}"},
        extra={"trailer": stamp} | ({"words": head[3], "routing": head[4].strip()} if head else {}),
    )


def _headed(copy: str) -> tuple[tuple[str, ...], str, str | None, str]:
    """Signals, headline, byline and what follows; the headline's last line ends in ``=``."""
    lines = copy.split("\n")
    end = next((i for i, line in enumerate(lines[:_MOST_HEADLINES]) if line.rstrip().endswith("=")), 0)
    head = [line.strip().rstrip("=").strip() for line in lines[: end + 1]]
    head = [line for line in head if line]
    byline = head.pop() if len(head) > 1 and _BYLINE.match(head[-1]) else None
    signals: list[str] = []
    while len(head) > 1 and _SIGNAL.match(head[0]):
        signals.append(head.pop(0))
    return tuple(signals), " ".join(head), byline, "\n".join(lines[end + 1 :])


def _split(body: str) -> tuple[str, str, str | None]:
    """The copy, what is said to editors after it, and the closing credit line."""
    credit = _CREDIT.search(body.rstrip())
    body = body.rstrip()[: credit.start()] if credit else body
    notes = _EDITORS.search(body)
    if notes is None:
        return body.strip("\n"), "", credit[1] if credit else None
    return body[: notes.start()].strip("\n"), body[notes.start() :].strip(), credit[1] if credit else None
