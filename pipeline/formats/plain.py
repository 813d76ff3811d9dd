"""Plain text: the first line with anything on it is the headline, the rest the body."""

import re

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, sha256, text
from pipeline.item import Origin

NAME = "text"
_MARKUP = re.compile(r"[\s\ufeff\u00ef\u00bb\u00bf]*<[?!A-Za-z]")
_CONTROLS = frozenset(map(chr, (*range(7), 0x0B, *range(0x0E, 0x1A), *range(0x1C, 0x20))))


def sniff(head: str) -> bool:
    """Nearly no control characters and no markup: what no other format claims and a person could read."""
    if not head.strip() or _MARKUP.match(head):
        return False
    return sum(c in _CONTROLS for c in head) * 100 <= len(head)


def read(body: bytes, origin: Origin, limits: Limits) -> Document:  # noqa: ARG001  # one item, no nesting
    """One item, known by the name or address it came under, so that delivering the file again is the same story.

    Raises:
        Permanent: ``no_text``.
    """
    copy = decode(body, origin.charset).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    headline, _, rest = copy.strip("\n \t\ufeff").partition("\n")
    if not headline.strip():
        raise Permanent("no_text", "the document holds no text")
    item = make_item(
        NAME,
        origin,
        sha256(body),
        file_name(origin) or content_id(copy),
        headlines=text(headline.strip(), content_type="text/plain"),
        bodies=text(rest.strip("\n"), content_type="text/plain"),
        url=origin.url if origin.url and "://" in origin.url else None,
    )
    return Document(NAME, (item,))
