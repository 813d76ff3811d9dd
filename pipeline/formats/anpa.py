"""ANPA 1312 (Newspaper Association of America, 1989): stories as AP sends them to typesetters.

::

    SYN SYN SOH service number US selector NL
    priority SP category control SP keyword SP date SP words NL
    STX copy ETX agency-service-date SP time NL FF EOT

Lines of the copy that begin with ``^`` are set flush left: slug, headline, notes and bylines; ``<`` and ``=``
end them. Paragraphs begin with a tab.
"""

import re

from pipeline.errors import Permanent
from pipeline.formats.document import Document, Limits, content_id, make_item, text
from pipeline.formats.transmission import read_messages
from pipeline.formats.wire_time import anpa_time
from pipeline.item import Concept, Origin, RawItem

NAME = "anpa-1312"
_SNIFF = re.compile(r"[\x16\x00\s]*\x01[A-Za-z]\d{3,4}\x1f")
_MESSAGE = re.compile(
    r"\x01([A-Za-z])(\d{3,4})\x1f([^\r\n]{0,200})[\r\n]+([^\x02]{0,500})\x02([^\x03\x01]*)(?:\x03([^\x01]*))?"
)
_HEADER = re.compile(r"(\w)\s(\w)[\x00-\x1f]*\s*(.*?)\s+(\d{1,2}-\d{1,2})(?:\s+(\d+))?\s*$")
_COUNT = re.compile(r",\s?\d{2,5}\s*$")
_CODE = re.compile(r"^\^?\*\d+<\s?")
_NOTE = re.compile(r"\(?(?:Eds?:|EDITORS?\b|AP (?:Photo|Video|Graphic|Audio)|With AP)", re.IGNORECASE)
_BYLINE = re.compile(r"By\s", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")
_TRAILER = re.compile(r"([A-Z]{2,5})-\w{1,5}-([^<\r\n]{0,40})")


def sniff(head: str) -> bool:
    """SOH, a letter, a number and US."""
    return _SNIFF.match(head) is not None


def read(body: bytes, origin: Origin, limits: Limits) -> Document:
    """Every message of a transmission in order.

    Raises:
        Permanent: ``no_items`` where no message has a text.
    """
    return read_messages(NAME, _MESSAGE, _item, body, origin, limits)


def _item(message: re.Match[str], digest: str, origin: Origin) -> RawItem:
    service, number, selector, header, copy, trailer = (part or "" for part in message.groups())
    head = _HEADER.match(_CONTROLS.sub(" ", header).strip())
    end = _TRAILER.search(trailer)
    stamp = _CONTROLS.sub("", end[2]).strip() if end else ""
    lines = _Copy(copy)
    if not lines.body and not lines.slug:
        raise Permanent("no_text", "the message is empty")
    return make_item(
        NAME,
        origin,
        digest,
        "-".join(
            filter(None, (f"{service}{number}", stamp.replace(" ", "-") or (head[4] if head else content_id(copy))))
        ),
        urgency=head[1] if head else None,
        headlines=text(lines.headline or lines.slug, content_type="text/plain"),
        descriptions=text("\n".join(lines.summary), content_type="text/plain"),
        bodies=text("\n\n".join(lines.body), content_type="text/plain"),
        bylines=tuple(lines.bylines),
        ed_notes=tuple(lines.notes),
        slugline=lines.slug,
        agency=(end[1] if end else None) or origin.agency,
        version_created=anpa_time(stamp),
        concepts=(Concept(kind="subject", code=head[2], scheme="anpa-category"),) if head else (),
        alt_ids={"anpaNumber": f"{service}{number}"},
        extra={"selector": selector, "trailer": stamp}
        | ({"keyword": head[3], "date": head[4], "words": head[5] or ""} if head else {}),
    )


class _Copy:
    """The lines of a message's copy, told apart."""

    def __init__(self, copy: str) -> None:
        self.slug: str | None = None
        self.headline: str | None = None
        self.bylines: list[str] = []
        self.notes: list[str] = []
        self.summary: list[str] = []
        self.body: list[str] = []
        has_paragraphs = "\t" in copy.rstrip()
        for raw in copy.replace("\r", "").split("\n"):
            self._take(raw, has_paragraphs=has_paragraphs)

    def _take(self, raw: str, *, has_paragraphs: bool) -> None:
        line = _CODE.sub("", raw.strip())
        flush = line.startswith("^")
        words = _CONTROLS.sub("", line.removeprefix("^")).strip(" \t")
        ends_name = words.endswith("=")
        words = words.rstrip("<=").strip()
        if not words:
            return
        if self.slug is None:
            self.slug = _COUNT.sub("", words).rstrip(",")
        elif self.body or raw.startswith("\t") or not flush:
            self.body.append(words)
        elif _NOTE.match(words):
            self.notes.append(words)
        elif _BYLINE.match(words):
            self.bylines.append(words)
        elif ends_name and self.bylines and not words.isupper() and "," not in self.bylines[-1]:
            self.bylines[-1] += f", {words}"
        elif self.headline is None:
            self.headline = words
        elif has_paragraphs:
            self.summary.append(words)
        else:
            self.body.append(words)
