"""Starts the services of a process, watches them and drains them.

A service runs on a thread of its own. The first fatal error stops all; SIGTERM or SIGINT drains all
within the time given; a second signal exits at once.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.errors import Fatal, Fenced, Transient
from pipeline.observe.log import logger
from pipeline.observe.server import Health

DRAIN_SECONDS = 25.0
_MAX_RESTARTS = 5
_MAX_STARTS = 3


class Service(Protocol):
    """One long-running part. `run` returns soon after `stop` is set."""

    name: str

    @property
    def ready(self) -> bool: ...

    @property
    def age(self) -> float:
        """Seconds since the loop last went round."""

    def run(self, stop: threading.Event) -> None: ...


class Supervisor:
    """Runs services made by factories, so that one that was fenced can be made anew."""

    def __init__(self, factories: Sequence[Callable[[], Service]], *, remake_fenced: bool = False) -> None:
        """`remake_fenced`: join again in place instead of exiting, for a process that nobody restarts."""
        self._factories = factories
        self._remake_fenced = remake_fenced
        self._services: dict[int, Service] = {}
        self._stop = threading.Event()
        self._failed: list[str] = []
        self._log = logger("supervise")

    def health(self) -> list[Health]:
        """The state of every service."""
        draining = self._stop.is_set()
        return [Health(name=s.name, ready=s.ready and not draining, age=s.age) for s in list(self._services.values())]

    def stop(self) -> None:
        """Ask all services to finish what they have in hand and return."""
        self._stop.set()

    def install_signals(self) -> None:
        """Drain on the first SIGTERM or SIGINT, exit at once on the second. Main thread only."""

        def handle(number: int, _frame: object) -> None:
            if self._stop.is_set():
                os._exit(128 + number)
            self._log.info("draining", signal=signal.Signals(number).name)
            self._stop.set()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def run(self) -> int:
        """Run until told to stop or until a service fails; 0 after a clean drain, 1 otherwise."""
        threads = [
            threading.Thread(target=self._keep, args=(index,), name=f"service-{index}", daemon=True)
            for index in range(len(self._factories))
        ]
        for thread in threads:
            thread.start()
        # Short waits, since a signal handler only runs when the main thread wakes.
        while not self._stop.wait(0.2) and any(t.is_alive() for t in threads):
            pass
        self._stop.set()
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [self._name(i) for i, thread in enumerate(threads) if thread.is_alive()]
        if late:
            self._log.error("did not drain in time", services=late, seconds=DRAIN_SECONDS)
            self._failed += late
        return 1 if self._failed else 0

    def _name(self, index: int) -> str:
        return self._services[index].name if index in self._services else f"service-{index}"

    def _keep(self, index: int) -> None:
        restarts = starts = 0
        while not self._stop.is_set():
            try:
                service = self._services[index] = self._factories[index]()
                service.run(self._stop)
                return
            except Fenced as error:
                restarts += 1
                if not self._remake_fenced or restarts > _MAX_RESTARTS:
                    self._fail(index, error)
                    return
                self._log.warning("fenced, joining again", service=self._name(index), error=str(error))
                self._stop.wait(min(restarts, 5))
            except Transient as error:
                # Only from the start of a service: what it needs isn't there, or isn't there yet.
                starts += 1
                if starts >= _MAX_STARTS:
                    self._fail(index, error)
                    return
                self._log.warning("could not start, trying again", service=self._name(index), error=str(error))
                self._stop.wait(starts)
            except Fatal as error:
                self._fail(index, error)
                return
            except BaseException as error:  # a service that died must never go unnoticed
                self._fail(index, error, unexpected=True)
                raise

    def _fail(self, index: int, error: BaseException, *, unexpected: bool = False) -> None:
        name = self._name(index)
        self._failed.append(name)
        self._log.error(
            "service failed", service=name, error=str(error), kind=type(error).__name__, exc_info=unexpected
        )
        self._stop.set()
