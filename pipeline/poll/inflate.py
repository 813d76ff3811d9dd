"""Content codings undone piece by piece, so that a small body can't unfold into a huge one."""

import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

_PIECE = 65_536


class TooLargeError(Exception):
    """The body is larger than allowed, as sent or unfolded."""


class BadEncodingError(Exception):
    """The body is not in the coding that it was declared to be in, or in one we never asked for."""


class CutShortError(Exception):
    """The body ended before its coding did."""


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding (RFC 9110 section 8.4.1); several codings are refused.

    Raises:
        TooLargeError: more than `limit` bytes come out; no more than that and a piece was ever held.
        BadEncodingError: it can't be undone.
        CutShortError: it ends too early.
    """
    undo = _CODINGS.get(coding.strip().lower())
    if undo is None:
        raise BadEncodingError(f"content coding {coding[:40]!r} is not known")
    return undo(body, limit)


def _identity(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLargeError
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return _zlib(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    try:
        return _zlib(body, limit, zlib.MAX_WBITS)
    except BadEncodingError:
        # RFC 9110 means the zlib format; some servers send the bare stream all the same.
        return _zlib(body, limit, -zlib.MAX_WBITS)


def _zlib(body: bytes, limit: int, window: int) -> bytes:
    engine = zlib.decompressobj(window)
    try:
        out = engine.decompress(body, limit + 1)
        # A gzip file may have several members.
        while engine.eof and engine.unused_data.startswith(b"\x1f\x8b") and len(out) <= limit:
            rest = engine.unused_data
            engine = zlib.decompressobj(window)
            out += engine.decompress(rest, limit + 1 - len(out))
    except zlib.error as error:
        raise BadEncodingError(str(error)) from error
    if len(out) > limit:
        raise TooLargeError
    if not engine.eof:
        raise CutShortError
    return out


def _brotli(body: bytes, limit: int) -> bytes:
    engine = brotli.Decompressor()
    try:
        out: bytes = engine.process(body, output_buffer_limit=limit + 1)
        while not engine.is_finished() and len(out) <= limit:
            more = engine.process(b"", output_buffer_limit=limit + 1 - len(out))
            if not more:
                break
            out += more
    except brotli.error as error:
        raise BadEncodingError(str(error)) from error
    if len(out) > limit:
        raise TooLargeError
    if not engine.is_finished():
        raise CutShortError
    return out


def _zstd(body: bytes, limit: int) -> bytes:
    # RFC 8878 section 3.1.1.1.2 recommends to refuse windows above 8 MB.
    engine = zstandard.ZstdDecompressor(max_window_size=1 << 23)
    out = bytearray()
    try:
        with engine.stream_reader(body, read_across_frames=True) as reader:
            while len(out) <= limit and (piece := reader.read(min(_PIECE, limit + 1 - len(out)))):
                out += piece
    except zstandard.ZstdError as error:
        raise BadEncodingError(str(error)) from error
    if len(out) > limit:
        raise TooLargeError
    return bytes(out)


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
ACCEPTED = "gzip, deflate, br, zstd"
