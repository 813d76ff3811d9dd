"""The thread that keeps an embedded log's members alive and informed, and cleans up in small steps."""

import contextlib
import sqlite3
import threading
import time

from pipeline.bus import sqlite_group as group
from pipeline.bus.sqlite_clean import Cleaner
from pipeline.bus.sqlite_core import Core
from pipeline.bus.sqlite_subscription import SqliteSubscription
from pipeline.errors import Transient

_TICK = 0.02


class Watch:
    """Runs from the first subscription until `stop`.

    Several times a second it looks whether another process wrote (reading a counter, no table). It renews
    the leases of subscriptions that were polled within `max_poll_interval` seconds, puts out members of
    other processes whose leases ran out, and lets the cleaner take a step when one is due.
    """

    def __init__(
        self, core: Core, *, session_timeout: float, max_poll_interval: float, cleaner: Cleaner, clean_every: float
    ) -> None:
        self._core = core
        self._session_timeout = session_timeout
        self._max_poll_interval = max_poll_interval
        self._cleaner = cleaner
        self._clean_every = clean_every
        self._clean_at = time.monotonic() + clean_every
        self._beat_at = 0.0
        self._version = -1
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._members: list[SqliteSubscription] = []
        self._thread: threading.Thread | None = None

    def add(self, member: SqliteSubscription) -> None:
        """Look after this one too."""
        with self._lock:
            self._members = [m for m in self._members if not (m.closed or m.lost)] + [member]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-watch", daemon=True)
                self._thread.start()

    def members(self) -> list[SqliteSubscription]:
        """Those looked after and still open."""
        with self._lock:
            return [member for member in self._members if not member.closed]

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while not self._stop.wait(_TICK):
                # A passing fault is met again by those who poll and commit, who report it.
                with contextlib.suppress(Transient):
                    connection = connection or self._core.file.connect()
                    self._tick(connection, time.monotonic())
        except BaseException as error:  # noqa: BLE001  # told to every member, whose next poll raises it
            self._core.board.fail(error)
        finally:
            if connection is not None:
                connection.close()

    def _tick(self, connection: sqlite3.Connection, now: float) -> None:
        with self._core.file.reading():
            (version,) = connection.execute("pragma data_version").fetchone()
            if version != self._version:
                self._core.board.look(connection)
                self._version = version
        if now >= self._beat_at:
            self._beat_at = now + self._session_timeout / 5
            self._beat()
        if now >= self._clean_at:
            self._clean_at = now + self._clean_every
            if self._cleaner.step():
                self._clean_at = now

    def _beat(self) -> None:
        with self._core.file.write() as connection:
            now = time.monotonic()
            for member in self.members():
                idle = now - member.polled
                if idle < self._max_poll_interval and not group.renew(connection, member.member, now):
                    member.lose()
            for grp in group.lapsed(connection, now):
                group.rebalance(connection, grp, now)
