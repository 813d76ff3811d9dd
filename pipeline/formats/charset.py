"""From bytes to text, in a fixed order, surviving declarations that lie.

1. A byte order mark. 2. The document's own declaration (XML, HTML). 3. The transport's (HTTP). 4. Detection:
UTF-8 if it is valid, UTF-16 by its zero bytes, a statistical guess where much is not ASCII, else Windows-1252.

A declaration that the bytes contradict is passed over: an 8-bit charset where multi-byte UTF-8 is valid
throughout (real Latin copy practically never is), any charset that the bytes do not decode in, and one in which the
declaration could not have been read, such as UTF-16 named in plain ASCII.
"""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._:\-]{1,40})["']"""
    rb"""|<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([A-Za-z0-9._:\-]{1,40})""",
    re.IGNORECASE,
)
_HEAD = 2048
_GUESSES = [
    "cp1252",
    "cp1251",
    "koi8_r",
    "cp1250",
    "cp1253",
    "cp1254",
    "cp1256",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_kr",
]
# Copy in Latin script has few bytes above ASCII, and Windows-1252 is what agencies then write.
_FOREIGN_SHARE = 0.15
_SAMPLE = 16_384


def decode(body: bytes, transport: str | None = None, declared: str | None = None) -> str:
    """The text of `body`, without its byte order mark; never fails, bad bytes become U+FFFD.

    `declared` overrides looking for a declaration in the bytes themselves.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if body.isascii() and b"\x00" not in body:
        return body.decode("ascii")
    valid_utf8 = _try(body, "utf-8")
    for claimed in (declared or declaration(body), transport):
        codec = _codec(claimed)
        if codec is None or (b"\x00" not in body and _contradicts(codec)):
            continue
        if valid_utf8 is not None and not codec.startswith(("utf", "iso2022")) and b"\x00" not in body:
            return valid_utf8
        found = _try(body, codec)
        if found is not None:
            return found
    if valid_utf8 is not None and not _wide(body):
        return valid_utf8
    return body.decode(_detect(body), "replace")


def declaration(body: bytes) -> str | None:
    """The charset the document declares in its first bytes, as written."""
    found = _DECLARED.search(body[:_HEAD])
    return (found[1] or found[2]).decode("ascii") if found else None


def believable(body: bytes) -> bytes:
    """The document with a declaration that contradicts itself set to UTF-8 or what else it seems to be."""
    found = _DECLARED.search(body[:_HEAD])
    if found is None or b"\x00" in body[:_HEAD]:
        return body
    number = 1 if found[1] else 2
    codec = _codec(found[number].decode("ascii"))
    if codec is None or not _contradicts(codec):
        return body
    actual = b"utf-8" if _try(body, "utf-8") is not None else b"windows-1252"
    return body[: found.start(number)] + actual + body[found.end(number) :]


def _contradicts(codec: str) -> bool:
    """Whether a declaration that was read as ASCII can't have been written in the charset that it names."""
    try:
        return "<?xml".encode(codec) != b"<?xml"
    except UnicodeError:
        return True


def peek(body: bytes, size: int = 4096) -> str:
    """The opening of a document for telling its format: each byte a character, wide encodings decoded."""
    head = body[:size]
    for mark, name in _MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(name, "replace")
    wide = _wide(head)
    return head.decode(wide or "latin-1", "replace")


def _codec(name: str | None) -> str | None:
    if not name:
        return None
    try:
        info = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None
    if not info._is_text_encoding or info.name in _UNSAFE:  # noqa: SLF001  # how codecs itself tells rot13 from a charset
        return None
    # What declares Latin-1 or ASCII is Windows-1252 in practice (WHATWG Encoding Standard).
    return "cp1252" if info.name in ("iso8859-1", "ascii") else info.name


_UNSAFE = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7", "mbcs", "oem"})


def _try(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeError, ValueError):
        # Windows-1252 leaves five bytes undefined; one of them must not cost the whole declaration.
        return body.decode(codec, "replace") if codec == "cp1252" else None


def _wide(body: bytes) -> str | None:
    head = body[:200]
    if len(head) < 4 or head.count(0) * 3 < len(head):  # noqa: PLR2004  # less than a third of zero bytes is no UTF-16 of Latin text
        return None
    return "utf-16-be" if head[0::2].count(0) > head[1::2].count(0) else "utf-16-le"


def _detect(body: bytes) -> str:
    wide = _wide(body)
    if wide:
        return wide
    sample = body[:_SAMPLE]
    if sum(b > 0x7F for b in sample) < _FOREIGN_SHARE * len(sample):  # noqa: PLR2004  # the end of ASCII
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415  # costs 30 ms to load and is rarely needed

    best = from_bytes(sample, cp_isolation=_GUESSES, enable_fallback=False).best()
    return best.encoding if best is not None else "cp1252"
