"""Clean characters: NFC, no controls, no soft hyphens, mojibake mended only where it shows."""

import re
import unicodedata

from ftfy import fix_encoding

_CONTROLS = dict.fromkeys((*range(9), *range(14, 32), *range(127, 133), *range(134, 160)))
_INVISIBLE = dict.fromkeys(
    (0xAD, 0x200B, 0x2060, 0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_SPACES = dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_BREAKS = dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n")
_TABLE = {**_CONTROLS, **_INVISIBLE, **_SPACES, **_BREAKS}
_SURROGATES = re.compile("[\ud800-\udfff]")
_ASCII_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n")
# A lead byte of UTF-8 read as Latin-1 or Windows-1252, with what a continuation byte becomes after it.
_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_MOST_LAYERS = 3
"""Text may have been misread more than once."""
_MOJIBAKE = re.compile(
    "[ÃÂÅÄ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[\x80-\xbf€][\x80-\xbf™œ¦“”˜šž]|[ÐÑ][\x80-\xbf°±²³´µ¶·¸¹º»¼½¾¿][ÐÑ]"
)


def clean(text: str) -> str:
    """`text` with line ends as LF, in NFC, without what cannot be printed; curly quotes stay as they are."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        data = text.encode()
        # Nearly all copy has no control characters, and bytes tell that five times as fast as a pattern.
        return text.translate(_TABLE) if len(data.translate(None, _ASCII_CONTROLS)) < len(data) else text
    # What looks like a control or a soft hyphen may be half of a letter, so mending comes before they go,
    # and again after, when they no longer stand between two halves.
    text = _mend(_mend(text).translate(_TABLE))
    return unicodedata.normalize("NFC", _SURROGATES.sub("�", text).translate(_TABLE))


def _mend(text: str) -> str:
    """Each run of letters beyond ASCII is judged by itself, so that its neighbours never change the verdict."""
    for _ in range(_MOST_LAYERS):
        if _MOJIBAKE.search(text) is None:
            break
        mended = _RUN.sub(lambda run: fix_encoding(run.group()), text)
        if mended == text:
            break
        text = mended
    return text


def one_line(text: str) -> str:
    """`text` cleaned, on one line, with single spaces."""
    return " ".join(clean(text).split())
