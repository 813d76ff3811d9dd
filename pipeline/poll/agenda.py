"""Which source is due next, for many workers on one event loop."""

import asyncio
import heapq
from typing import Generic, Protocol, TypeVar


class _Prioritised(Protocol):
    @property
    def priority(self) -> int: ...


_Entry = TypeVar("_Entry", bound=_Prioritised)


class Agenda(Generic[_Entry]):
    """Entries by due time; of those due, the most urgent first. Times are of the loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._later: list[tuple[float, int, _Entry]] = []
        self._ready: list[tuple[int, float, int, _Entry]] = []
        self._sleepers: list[asyncio.Future[None]] = []
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0
        self._count = 0

    def put(self, entry: _Entry, due: float) -> None:
        """Put an entry down for a time."""
        self._count += 1
        heapq.heappush(self._later, (due, self._count, entry))
        if self._sleepers and (self._timer is None or due < self._rings_at):
            self._arm()

    async def next(self) -> _Entry:
        """The next entry, once it is due."""
        while (entry := self._pop()) is None:
            sleeper = self._loop.create_future()
            self._sleepers.append(sleeper)
            self._arm()
            await sleeper
        # One timer woke one worker; it wakes the next where there is more to do.
        if self._sleepers:
            self._ring() if self._ready else self._arm()
        return entry

    def _pop(self) -> _Entry | None:
        now = self._loop.time()
        while self._later and self._later[0][0] <= now:
            due, count, entry = heapq.heappop(self._later)
            heapq.heappush(self._ready, (entry.priority, due, count, entry))
        return heapq.heappop(self._ready)[3] if self._ready else None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._later:
            self._rings_at = self._later[0][0]
            self._timer = self._loop.call_at(self._rings_at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        while self._sleepers:
            sleeper = self._sleepers.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                return
