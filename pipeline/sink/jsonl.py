"""Stories as lines of JSON: one ninjs document a line, in files that rotate.

A line is written once. Beside the files, `positions.json` holds how far each partition's stories are on
disk and how long the file was then; on opening, whatever a crash left beyond that length is cut off, so a
batch that comes again is written again at the same place.
"""

import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from pipeline.errors import Fatal, Permanent, Transient
from pipeline.sink.interface import Delivery

_STATE = "positions.json"


class _State(msgspec.Struct):
    """What is durable: the number of the open file, its length in bytes, and the last record per partition.

    A record is told by its offset and the newest time of its partition so far: a log that was made anew starts
    at offset 0 again, and only the time tells its records from those already written.
    """

    file: int = 0
    length: int = 0
    positions: dict[str, tuple[int, int]] = {}


class JsonLinesSink:
    """See `Sink`. Every version is a line of its own; the newest of a story is the one with the highest version."""

    def __init__(self, name: str, folder: Path, *, rotate_bytes: int = 128 * 1024 * 1024) -> None:
        self.name = name
        self._folder = folder
        self._rotate_bytes = rotate_bytes
        self._state = _State()
        self._file: BinaryIO | None = None
        self._lock: BinaryIO | None = None

    def open(self) -> None:
        """See `Sink.open`."""
        with _outage(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock_folder()
            state = self._folder / _STATE
            if state.exists():
                self._state = msgspec.convert(orjson.loads(state.read_bytes()), _State)
            self._open_file()

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """See `Sink.write`."""
        positions = dict(self._state.positions)
        lines = []
        for delivery in batch:
            partition = f"{delivery.topic}/{delivery.partition}"
            offset, newest = positions.get(partition, (-1, 0))
            if delivery.offset > offset or delivery.timestamp > newest:
                lines.append(delivery.value + b"\n")
                positions[partition] = (delivery.offset, max(newest, delivery.timestamp))
        if lines:
            with _outage(self._folder):
                self._append(b"".join(lines), positions)
        return [None] * len(batch)

    def _lock_folder(self) -> None:
        # Two writers would cut off each other's lines. The lock goes with the process, however it ends.
        lock = (self._folder / ".lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Fatal(
                f"sink files in {self._folder}: another process writes here; give each its own folder"
            ) from None
        self._lock = lock

    def _append(self, data: bytes, positions: dict[str, tuple[int, int]]) -> None:
        if self._state.length and self._state.length + len(data) > self._rotate_bytes:
            self._state = _State(self._state.file + 1, 0, self._state.positions)
            self._close_file()
        if self._file is None:
            self._open_file()
        assert self._file is not None  # noqa: S101  # opened just now
        try:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._save(_State(self._state.file, self._state.length + len(data), positions))
        except OSError:
            # What reached the disk of this batch is cut off again before the next attempt.
            self._close_file()
            raise

    def _save(self, state: _State) -> None:
        temporary = self._folder / (_STATE + ".new")
        with temporary.open("wb") as file:
            file.write(orjson.dumps(msgspec.to_builtins(state)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / _STATE)
        self._sync_folder()
        self._state = state

    def _open_file(self) -> None:
        path = self._folder / f"stories-{self._state.file:06d}.jsonl"
        fresh = not path.exists()
        file = path.open("ab")
        try:
            file.truncate(self._state.length)
            file.seek(0, os.SEEK_END)
            if fresh:
                self._sync_folder()
        except OSError:
            file.close()
            raise
        self._file = file

    def _sync_folder(self) -> None:
        # A file's name is durable only once its folder is.
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                # A buffer that could not be written is still there on closing; its batch comes again.
                if error.errno not in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT):
                    raise

    def close(self) -> None:
        """See `Sink.close`."""
        self._close_file()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()


class _outage:  # noqa: N801  # used as a statement
    """Turns an error of the file system into `Transient`, with the place and the system's words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise Transient(f"sink files in {self._folder}: {error.strerror or error}") from error
