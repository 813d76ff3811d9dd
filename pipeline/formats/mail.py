"""RFC 822 mail (RFC 5322 with MIME): the subject is the headline, the text parts are the body."""

import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.formats.document import Document, Limits, content_id, file_name, make_item, sha256, text
from pipeline.item import Link, Origin
from pipeline.story import Json, Text

NAME = "mail"
_FIELD = re.compile(r"([!-9;-~]{1,60}):[ \t]")
_KNOWN = frozenset({
    "from", "to", "date", "subject", "message-id", "received", "return-path", "mime-version", "content-type", "sender",
    "reply-to", "delivered-to", "cc", "list-id", "x-mailer", "content-transfer-encoding", "dkim-signature",
})  # fmt: skip
_ENOUGH = 3
_LONGEST_HEADER = 5_000
_MOST_PARTS = 100
_EXTRA = ("To", "Cc", "Reply-To", "List-Id", "Organization", "Keywords", "X-Priority", "Importance", "Sender")


def sniff(head: str) -> bool:
    """A block of header fields at the very start, at least three of them mail's own, or an mbox line."""
    lines = head.lstrip("\r\n")[:8192].replace("\r", "").split("\n")
    if lines and lines[0].startswith("From "):
        lines = lines[1:]
    names: set[str] = set()
    for line in lines:
        if not line:
            break
        if line[0] in " \t":
            continue
        field = _FIELD.match(line) or re.match(r"([!-9;-~]{1,60}):$", line)
        if field is None:
            return False
        names.add(field[1].lower())
    return len(names & _KNOWN) >= min(_ENOUGH, max(2, len(names))) and bool(names & {"from", "subject", "date"})


def read(body: bytes, origin: Origin, limits: Limits) -> Document:  # noqa: ARG001  # one item
    """The one item a message is.

    Raises:
        Permanent: ``too_deep`` where its parts nest or number beyond reason, ``bad_mail``, ``no_text``.
    """
    if body.lower().count(b"boundary=") > _MOST_PARTS:
        raise Permanent("too_deep", f"more than {_MOST_PARTS} multiparts")
    try:
        message = BytesParser(policy=compat32).parsebytes(body.lstrip(b"\r\n"))
        parts = list(message.walk())
    except (MessageError, ValueError, LookupError, RecursionError, TypeError, AttributeError) as error:
        raise Permanent("bad_mail", f"not readable as mail: {type(error).__name__}") from error
    subject = _header(message, "Subject")
    bodies = _bodies(message)
    if not subject and not bodies:
        raise Permanent("no_text", "the mail has neither subject nor text")
    name, address = parseaddr(_header(message, "From") or "")
    guid = (_header(message, "Message-ID") or "").strip("<> \t")
    item = make_item(
        NAME,
        origin,
        sha256(body),
        guid or file_name(origin) or content_id(subject, *(b.value for b in bodies)),
        headlines=text(subject, content_type="text/plain"),
        bodies=bodies,
        credit=name or address,
        agency=origin.agency or _header(message, "Organization"),
        language=_header(message, "Content-Language") or origin.language,
        published=_header(message, "Date"),
        links=_links(message, parts),
        alt_ids={"messageId": guid} if guid else {},
        extra={key: found for key in _EXTRA if (found := _header(message, key))}
        | ({"from": address} if address else {}),
    )
    return Document(NAME, (item,))


def _extra(message: Message, address: str) -> dict[str, Json]:
    named = {key: _header(message, key) for key in _EXTRA} | {"from": address}
    return {key: value for key, value in named.items() if value}


def _header(message: Message, name: str) -> str | None:
    raw = message.get(name)
    if raw is None:
        return None
    line = str(raw)[:_LONGEST_HEADER]
    try:
        found = str(make_header(decode_header(line)))
    except (MessageError, UnicodeError, LookupError, ValueError):
        found = line
    # Raw eight-bit headers come as surrogates; what they were is a matter of charset detection.
    found = decode(found.encode("utf-8", "surrogateescape")) if not found.isascii() else found
    return " ".join(found.split()) or None


def _bodies(message: Message) -> tuple[Text, ...]:
    if message.get_content_maintype() != "multipart":
        return _text_part(message)
    parts = message.get_payload()
    inner = [_bodies(part) for part in parts if isinstance(part, Message)] if isinstance(parts, list) else []
    if message.get_content_subtype() == "alternative":
        plain = [found for found in inner if found and found[0].content_type == "text/plain"]
        return next(iter(plain), next((found for found in inner if found), ()))
    return tuple(body for found in inner for body in found)


def _text_part(part: Message) -> tuple[Text, ...]:
    if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
        return ()
    kind = "text/html" if part.get_content_subtype() == "html" else "text/plain"
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ()
    charset = part.get_content_charset()
    return text(decode(payload, charset, charset).replace("\r\n", "\n"), content_type=kind)


def _links(message: Message, parts: list[Message]) -> tuple[Link, ...]:
    related = (message.get("In-Reply-To") or "", message.get("References") or "")
    ids = dict.fromkeys(re.findall(r"<([^<>\s]{1,250})>", " ".join(str(line)[:_LONGEST_HEADER] for line in related)))
    files = [
        Link(rel="attachment", title=_clean(part.get_filename()), content_type=part.get_content_type())
        for part in parts
        if part.get_content_maintype() not in {"text", "multipart"} or part.get_content_disposition() == "attachment"
    ]
    return (*(Link(rel="related", uri=_clean(one)) for one in ids), *files)


def _clean(value: str | None) -> str | None:
    return None if value is None else value.encode("utf-8", "replace").decode()
