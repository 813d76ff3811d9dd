"""Publishes what polls found and then, only then, saves their cursors; many polls share one round trip."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from pipeline.errors import Permanent
from pipeline.poll.interfaces import PollMemory, Publisher, RawRecord, Save

_MOST_RECORDS = 2_000


class Outbox:
    """Belongs to one event loop; publishes and saves on `executor`, one batch at a time."""

    def __init__(
        self, publisher: Publisher, memory: PollMemory, topic: str, executor: Executor, wall: Callable[[], float]
    ) -> None:
        """`wall` tells the epoch seconds that what was seen is dated with."""
        self._publisher = publisher
        self._memory = memory
        self._topic = topic
        self._executor = executor
        self._wall = wall
        self._waiting: list[tuple[Sequence[RawRecord], Save, asyncio.Future[tuple[bool, int]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def deliver(self, records: Sequence[RawRecord], save: Save) -> tuple[bool, int]:
        """Publish, then save.

        Returns:
            Whether the cursor was saved (else another poller holds the source now), and how many of the
            records the log will never take.

        Raises:
            NewswireError: nothing of this was saved, and all of it may come again.
        """
        done: asyncio.Future[tuple[bool, int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, save, done))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await done

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch: list[tuple[Sequence[RawRecord], Save, asyncio.Future[tuple[bool, int]]]] = []
                size = 0
                while self._waiting and (not batch or size + len(self._waiting[0][0]) <= _MOST_RECORDS):
                    batch.append(self._waiting.pop(0))
                    size += len(batch[-1][0])
                try:
                    refused, fenced = await loop.run_in_executor(self._executor, self._carry_out, batch)
                except Exception as error:  # noqa: BLE001  # whoever waits is told, whatever it was
                    for _, _, done in batch:
                        if not done.done():
                            done.set_exception(error)
                    continue
                for (_, save, done), lost in zip(batch, refused, strict=True):
                    if not done.done():
                        done.set_result((save[0] not in fenced, lost))
        finally:
            self._task = None

    def _carry_out(self, batch: Sequence[tuple[Sequence[RawRecord], Save, object]]) -> tuple[list[int], frozenset[str]]:
        try:
            together = [record for records, _, _ in batch for record in records]
            if together:
                self._publisher.publish(self._topic, together)
            refused = [0] * len(batch)
        except Permanent:
            # One of them will never be taken (too large for the log): its neighbours must not suffer.
            refused = [sum(not self._publish_one(record) for record in records) for records, _, _ in batch]
        return refused, self._memory.save([save for _, save, _ in batch], self._wall())

    def _publish_one(self, record: RawRecord) -> bool:
        try:
            self._publisher.publish(self._topic, [record])
        except Permanent:
            return False
        return True

    async def flush(self) -> None:
        """Wait until nothing is on its way."""
        while self._task is not None:
            await asyncio.wait([self._task])
