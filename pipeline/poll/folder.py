"""A drop folder: files are claimed, read, published, and moved to ``done/`` or ``failed/``.

Several watchers, also of several machines on one share, may watch the same folder: a file is claimed by
renaming it into ``.claimed/WATCHER/``, which only one can do. What a watcher left there when it died goes
back to the folder. A crash after publishing and before the move publishes the file again, which is
recognised downstream.
"""

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import Permanent, Transient
from pipeline.item import Origin, Refusal
from pipeline.poll.dead_letters import DeadLetters, publish_letters
from pipeline.poll.interfaces import PollObserver, Publisher, Silent
from pipeline.poll.reading import DocumentReader, KilledError, Reading
from pipeline.poll.sources import Source

PARTIAL = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
_ABANDONED_SECONDS = 300.0


class FolderWatch:
    """Watches one source's folder; used by one thread at a time."""

    def __init__(
        self,
        source: Source,
        publisher: Publisher,
        reader: DocumentReader,
        *,
        raw_topic: str = "wire.raw",
        observer: PollObserver | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        settle: float = 1.0,
        most_bytes: int = 20_000_000,
        dead_letters: DeadLetters | None = None,
    ) -> None:
        """`settle`: seconds that a file must have stayed as it is before it counts as whole.

        A file that can't be read goes to `dead_letters` too; one larger than `most_bytes` only to ``failed/``.
        """
        if source.folder is None:
            raise ValueError("the source has no folder")
        self._source = source
        self._folder = source.folder
        self._publisher = publisher
        self._reader = reader
        self._topic = raw_topic
        self._observer = observer or Silent()
        self._clock = clock
        self._settle = settle
        self._most_bytes = most_bytes
        self._letters = dead_letters
        self._claims = self._folder / ".claimed" / f"{socket.gethostname()}@{os.getpid()}@{secrets.token_hex(4)}"
        self._sizes: dict[str, tuple[int, int]] = {}

    def scan(self) -> int:
        """Take in every file that is whole; the number of files dealt with.

        Raises:
            Transient: the folder or the log can't be reached just now; files not published stay.
        """
        try:
            self._prepare()
            count = 0
            for path in self._whole():
                count += self._take(path)
            return count
        except OSError as error:
            raise Transient(f"{self._folder}: {error.strerror or error}") from error

    def close(self) -> None:
        """Give back what was claimed and not dealt with."""
        with contextlib.suppress(OSError):
            self._give_back(self._claims)

    def _prepare(self) -> None:
        for name in ("done", "failed"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._claims.mkdir(parents=True, exist_ok=True)
        # A sign of life for the other watchers.
        os.utime(self._claims)
        for other in self._claims.parent.iterdir():
            if other != self._claims and _abandoned(other):
                self._give_back(other)

    def _give_back(self, claims: Path) -> None:
        for path in list(claims.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                path.rename(_free_name(self._folder, path.name))
        with contextlib.suppress(OSError):
            claims.rmdir()

    def _whole(self) -> Iterator[Path]:
        """Files that nobody is writing to: unchanged since the last scan, or for longer than `settle`."""
        now, sizes = time.time(), {}
        with os.scandir(self._folder) as entries:
            found = sorted((e for e in entries if _is_candidate(e)), key=lambda e: e.name)
        for entry in found:
            try:
                stat = entry.stat()
            except FileNotFoundError:
                continue
            sizes[entry.name] = (stat.st_size, stat.st_mtime_ns)
            # A time in the future comes from another machine's clock, and says nothing.
            age = now - stat.st_mtime
            if age >= self._settle or (age < -self._settle and self._sizes.get(entry.name) == sizes[entry.name]):
                yield Path(entry.path)
        self._sizes = sizes

    def _take(self, path: Path) -> int:
        claimed = self._claims / path.name
        try:
            before = path.stat()
            path.rename(claimed)
        except FileNotFoundError:
            # Another watcher was faster.
            return 0
        began = time.monotonic()
        try:
            outcome = self._deal_with(claimed, path, (before.st_size, before.st_mtime_ns))
        except Transient:
            claimed.rename(_free_name(self._folder, path.name))
            raise
        self._observer.polled(self._source.id, outcome, time.monotonic() - began)
        return 1

    def _deal_with(self, claimed: Path, path: Path, as_seen: tuple[int, int]) -> str:
        if as_seen[0] > self._most_bytes:
            return self._fail(claimed, "too_large", f"{as_seen[0]} bytes, more than {self._most_bytes} allowed")
        body = claimed.read_bytes()
        origin = Origin(
            source=self._source.id,
            url=path.name,
            fetched_at=self._clock(),
            agency=self._source.agency,
            language=self._source.language,
        )
        try:
            reading: Reading | Refusal = self._reader.read(body, origin)
        except Permanent as error:
            reading = Refusal(position=0, code=error.code, why=error.why)
        except KilledError as error:
            reading = Refusal(position=0, code="parser_killed", why=str(error))
        stat = claimed.stat()
        if (stat.st_size, stat.st_mtime_ns) != as_seen:
            # Its writer was only resting: it goes back until it is whole.
            claimed.rename(_free_name(self._folder, path.name))
            return "truncated"
        try:
            self._bury(body, origin, reading)
            if isinstance(reading, Refusal):
                return self._fail(claimed, reading.code, reading.why)
            return self._publish(claimed, reading)
        except Permanent as error:
            # The log will never take it (too large, for one): the next file must not wait behind it.
            return self._fail(claimed, error.code, error.why)

    def _bury(self, body: bytes, origin: Origin, reading: Reading | Refusal) -> None:
        refusals = (reading,) if isinstance(reading, Refusal) else reading.refusals
        if self._letters is None or not refusals:
            return
        first, now = refusals[0], self._clock()
        if isinstance(reading, Refusal):
            letter = self._letters.of_document(body, origin, first.code, first.why, now)
        else:
            letter = self._letters.of_items(body, origin, refusals, now)
        publish_letters(self._publisher, self._letters.topic, [letter])
        self._observer.dead_lettered(self._source.id, first.code)

    def _publish(self, claimed: Path, reading: Reading) -> str:
        if reading.items:
            self._publisher.publish(self._topic, [item.record for item in reading.items])
        self._observer.items(self._source.id, len(reading.items), 0, len(reading.refusals))
        if not reading.items and reading.refusals:
            return self._fail(claimed, reading.refusals[0].code, reading.refusals[0].why)
        target = _free_name(self._folder / "done", claimed.name)
        if reading.refusals:
            refused = [{"item": r.position, "code": r.code, "why": r.why} for r in reading.refusals]
            _write(target.with_name(target.name + ".refused.json"), {"refused": refused})
        claimed.rename(target)
        return "published"

    def _fail(self, claimed: Path, code: str, why: str) -> str:
        target = _free_name(self._folder / "failed", claimed.name)
        reason = {"file": claimed.name, "code": code, "why": why, "at": self._clock().isoformat()}
        _write(target.with_name(target.name + ".reason.json"), reason)
        claimed.rename(target)
        return {"too_large": "too_large", "parser_killed": "parser_killed"}.get(code, "unreadable")


def _is_candidate(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    return not name.startswith(".") and not name.lower().endswith(PARTIAL) and entry.is_file(follow_symlinks=False)


def _abandoned(claims: Path) -> bool:
    host, _, rest = claims.name.partition("@")
    pid = rest.partition("@")[0]
    if host == socket.gethostname() and pid.isdigit():
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
    try:
        return time.time() - claims.stat().st_mtime > _ABANDONED_SECONDS
    except FileNotFoundError:
        return False


def _free_name(folder: Path, name: str) -> Path:
    target = folder / name
    if not target.exists():
        return target
    stem, dot, suffix = name.partition(".")
    return folder / f"{stem}-{secrets.token_hex(4)}{dot}{suffix}"


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
