"""Notices that the list of sources has changed; a list with a mistake in it changes nothing."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.poll.sources import Source, SourcesError, load_sources


class SourceList:
    """The list at a path, for `Poller(watch=...)`. Thread-safe."""

    def __init__(self, path: Path, refused: Callable[[Sequence[str]], None] = lambda _mistakes: None) -> None:
        """`refused` is told the mistakes of a list that was not taken over, once for each change."""
        self._path = path
        self._refused = refused
        self._asked = threading.Event()
        self._stamp = self._now()

    def ask(self) -> None:
        """Read the list again at the next look, changed or not. For signal handlers."""
        self._asked.set()

    def __call__(self) -> tuple[Source, ...] | None:
        """The sources, where the list changed since the last look and is without mistakes."""
        stamp = self._now()
        if stamp == self._stamp and not self._asked.is_set():
            return None
        self._asked.clear()
        self._stamp = stamp
        try:
            return load_sources(self._path)
        except SourcesError as error:
            self._refused(error.mistakes)
            return None

    def _now(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
