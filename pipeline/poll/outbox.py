"""Publishes what polls found and then, only then, saves their cursors; many polls share one round trip."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import msgspec

from pipeline.errors import Permanent
from pipeline.poll.dead_letters import publish_letters
from pipeline.poll.interfaces import PollMemory, Publisher, RawRecord, Save

_MOST_RECORDS = 2_000


class _Parcel(msgspec.Struct, frozen=True):
    records: Sequence[RawRecord]
    save: Save
    letters: Sequence[RawRecord]
    done: "asyncio.Future[tuple[bool, int]]"


class Outbox:
    """Belongs to one event loop; publishes and saves on `executor`, one batch at a time."""

    def __init__(
        self,
        publisher: Publisher,
        memory: PollMemory,
        topic: str,
        executor: Executor,
        wall: Callable[[], float],
        dead_topic: str = "",
    ) -> None:
        """`wall` tells the epoch seconds that what was seen is dated with; `dead_topic` takes letters."""
        self._publisher = publisher
        self._memory = memory
        self._topic = topic
        self._executor = executor
        self._wall = wall
        self._dead_topic = dead_topic
        self._waiting: list[_Parcel] = []
        self._task: asyncio.Task[None] | None = None

    async def deliver(
        self, records: Sequence[RawRecord], save: Save, letters: Sequence[RawRecord] = ()
    ) -> tuple[bool, int]:
        """Publish, dead letters too, then save.

        Returns:
            Whether the cursor was saved (else another poller holds the source now), and how many of the
            records the log will never take.

        Raises:
            NewswireError: nothing of this was saved, and all of it may come again.
        """
        done: asyncio.Future[tuple[bool, int]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Parcel(records, save, letters, done))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await done

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch: list[_Parcel] = []
                size = 0
                while self._waiting and (not batch or size + len(self._waiting[0].records) <= _MOST_RECORDS):
                    batch.append(self._waiting.pop(0))
                    size += len(batch[-1].records)
                try:
                    refused, fenced = await loop.run_in_executor(self._executor, self._carry_out, batch)
                except Exception as error:  # noqa: BLE001  # whoever waits is told, whatever it was
                    for parcel in batch:
                        if not parcel.done.done():
                            parcel.done.set_exception(error)
                    continue
                for parcel, lost in zip(batch, refused, strict=True):
                    if not parcel.done.done():
                        parcel.done.set_result((parcel.save[0] not in fenced, lost))
        finally:
            self._task = None

    def _carry_out(self, batch: Sequence[_Parcel]) -> tuple[list[int], frozenset[str]]:
        publish_letters(self._publisher, self._dead_topic, [letter for parcel in batch for letter in parcel.letters])
        try:
            together = [record for parcel in batch for record in parcel.records]
            if together:
                self._publisher.publish(self._topic, together)
            refused = [0] * len(batch)
        except Permanent:
            # One of them will never be taken (too large for the log): its neighbours must not suffer.
            refused = [sum(not self._publish_one(record) for record in parcel.records) for parcel in batch]
        return refused, self._memory.save([parcel.save for parcel in batch], self._wall())

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
