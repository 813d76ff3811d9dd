"""Documents to records, in a process that can be killed where the document is large.

Hostile input may make a parser hang or swell, and a thread can't be stopped. So anything above a small
bound is read by a child process with a limit on its time and memory; below it the guards of
`formats` keep the worst to a second per megabyte, which is then milliseconds.
"""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from pipeline.errors import Permanent
from pipeline.formats import Document, FeedHints, parse
from pipeline.item import Origin, Refusal
from pipeline.poll.seen import Found, found

IN_PROCESS_BYTES = 16_384
_LENGTH = struct.Struct("!Q")
_MOST = 1 << 31


class Reading(msgspec.Struct, frozen=True):
    """One document as polling needs it."""

    format: str
    items: tuple[Found, ...]
    refusals: tuple[Refusal, ...] = ()
    hints: FeedHints | None = None
    part_of: bool = False
    """Positions are those in the whole document that the `Part` told of."""


class Part(msgspec.Struct, frozen=True):
    """What is read is a feed without some of its entries: the whole's fingerprint, and where those left stood."""

    sha256: str
    positions: tuple[int, ...]


class _Reply(msgspec.Struct, frozen=True):
    reading: Reading | None = None
    code: str = ""
    why: str = ""


class _Request(msgspec.Struct, frozen=True):
    body: bytes
    origin: Origin
    part: Part | None = None


_encode = msgspec.msgpack.Encoder().encode
_reply = msgspec.msgpack.Decoder(_Reply).decode
_request = msgspec.msgpack.Decoder(_Request).decode


class KilledError(Exception):
    """The child took too long or died, and was replaced."""


def read_here(body: bytes, origin: Origin, part: Part | None = None) -> Reading:
    """Read a document in this process; of a `part`, items say where they stood in the whole.

    Raises:
        Permanent: nothing in it can be read.
    """
    document = parse(body, origin)
    if part is not None and _accounts_for(document, len(part.positions)):
        return _sorted(document, part.positions, part.sha256)
    return _sorted(document, range(len(document.items)), None)


def _accounts_for(document: Document, entries: int) -> bool:
    """Whether the parser found the very entries that the document was split into."""
    last = document.items[-1] if document.items else None
    if isinstance(last, Refusal) and last.code == "too_many_items":
        return document.format == "feed" and len(document.items) <= entries
    return document.format == "feed" and len(document.items) == entries


def _sorted(document: Document, positions: Sequence[int], whole: str | None) -> Reading:
    items, refusals = [], []
    for position, item in zip(positions, document.items, strict=False):
        if isinstance(item, Refusal):
            refusals.append(replace(item, position=position))
        elif whole is None:
            items.append(found(item, position))
        else:
            items.append(found(replace(item, provenance=replace(item.provenance, sha256=whole)), position))
    return Reading(document.format, tuple(items), tuple(refusals), document.feed, part_of=whole is not None)


class DocumentReader:
    """Reads documents, large ones in a child process. Thread-safe; blocks."""

    def __init__(self, *, seconds: float = 10.0, seconds_per_mb: float = 1.0, memory_mb: int = 1024) -> None:
        """A document may take `seconds` and `seconds_per_mb` of its size; the child may use `memory_mb`."""
        self._seconds = seconds
        self._per_mb = seconds_per_mb
        self._memory_mb = memory_mb
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._lock = threading.Lock()

    def read(self, body: bytes, origin: Origin, part: Part | None = None) -> Reading:
        """Read a document, or the `part` of a feed.

        Raises:
            Permanent: nothing in it can be read.
            KilledError: reading it took more time or memory than it may.
        """
        if len(body) <= IN_PROCESS_BYTES:
            return read_here(body, origin, part)
        with self._lock:
            reply = self._ask(_encode(_Request(body, origin, part)), self._seconds + self._per_mb * len(body) / 1e6)
        if reply.reading is None:
            raise Permanent(reply.code, reply.why)
        return reply.reading

    def _ask(self, request: bytes, seconds: float) -> _Reply:
        line = self._connected()
        line.settimeout(seconds)
        try:
            send(line, request)
            answer = receive(line)
        except OSError as error:
            self.close()
            raise KilledError(f"reading took more than {seconds:.0f} s or the memory allowed") from error
        return _reply(answer)

    def _connected(self) -> socket.socket:
        if self._line is not None and self._child is not None and self._child.poll() is None:
            return self._line
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "pipeline.poll.reading_child", str(self._memory_mb)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        self._line = ours
        return ours

    def close(self) -> None:
        """End the child."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


def serve(line: socket.socket) -> None:
    """The child's side: answer requests until the other end is gone."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            send(line, _encode(_answer(receive(line))))


def _answer(data: bytes) -> _Reply:
    request = _request(data)
    try:
        return _Reply(read_here(request.body, request.origin, request.part))
    except Permanent as error:
        return _Reply(code=error.code, why=error.why)
    except MemoryError:
        return _Reply(code="too_much_memory", why="reading it takes more memory than allowed")


def send(line: socket.socket, data: bytes) -> None:
    """One message, its length first."""
    line.sendall(_LENGTH.pack(len(data)))
    line.sendall(data)


def receive(line: socket.socket) -> bytes:
    """The next message.

    Raises:
        OSError: the other end is gone or too slow.
    """
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    if length > _MOST:
        raise OSError("not a message")
    return _exactly(line, length)


def _exactly(line: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, filled = memoryview(data), 0
    while filled < size:
        count = line.recv_into(view[filled:])
        if count == 0:
            raise ConnectionResetError
        filled += count
    return bytes(data)
