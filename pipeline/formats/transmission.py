"""What the two line protocols of the 1970s share: messages framed by control characters in one stream."""

import re
from collections.abc import Callable

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.formats.document import Document, Limits, read_each, sha256
from pipeline.item import Origin, RawItem

ReadMessage = Callable[["re.Match[str]", str, Origin], RawItem]
"""Makes an item of one message, given the digest of the whole transmission."""


def read_messages(
    name: str, message: "re.Pattern[str]", read: ReadMessage, body: bytes, origin: Origin, limits: Limits
) -> Document:
    """Every message of a transmission in order.

    Raises:
        Permanent: ``no_items`` where no message has a text.
    """
    found = list(message.finditer(decode(body, origin.charset)))
    if not found:
        raise Permanent("no_items", "no message with a text between STX and ETX")
    digest = sha256(body)
    return Document(name, read_each(found, lambda one: read(one, digest, origin), limits))
