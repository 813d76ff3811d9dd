"""Ends a process whose transaction never ends: the client's commit and abort wait without a timeout."""

import os
import sys
import threading
import time
from collections.abc import Callable

STUCK_EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""


def end_process() -> None:
    """Exit at once; the broker aborts the transaction and the supervisor starts another process."""
    sys.stderr.write('{"level":"critical","event":"a transaction is stuck in the client; ending the process"}\n')
    sys.stderr.flush()
    os._exit(STUCK_EXIT_CODE)


class Watchdog:
    """Calls `on_stuck` once when more than `limit` seconds pass between `arm` and `disarm`."""

    def __init__(self, limit: float, on_stuck: Callable[[], None]) -> None:
        self._limit = limit
        self._on_stuck = on_stuck
        self._deadline: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="kafka-watchdog", daemon=True)
        self._thread.start()

    def arm(self) -> None:
        """A transaction opens."""
        self._deadline = time.monotonic() + self._limit

    def disarm(self) -> None:
        """It ended, whichever way."""
        self._deadline = None

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._closed.wait(min(0.5, self._limit / 4)):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self._deadline = None
                self._on_stuck()
