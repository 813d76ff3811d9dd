"""Takes in one document of a source that this process holds: read, publish, and only then remember."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime

import msgspec
import xxhash

from pipeline.errors import Permanent
from pipeline.item import Origin
from pipeline.poll.cursor import Cursor
from pipeline.poll.dead_letters import DeadLetters, refusal_mark
from pipeline.poll.entry import Entry
from pipeline.poll.interfaces import PollMemory, PollObserver, RawRecord
from pipeline.poll.narrowing import goes_on, read_new
from pipeline.poll.outbox import Outbox
from pipeline.poll.pages import PageDesk
from pipeline.poll.reading import DocumentReader, KilledError, Reading
from pipeline.poll.seen import Known

After = Callable[[Reading, Known], Cursor]
"""The source's cursor once this reading is saved; called with the entry locked."""


def fingerprint_of(body: bytes) -> bytes:
    """Tells bodies apart, 16 bytes."""
    return xxhash.xxh3_128_digest(body)


class Intake:
    """Belongs to one event loop; what blocks runs on `executor`."""

    def __init__(
        self,
        reader: DocumentReader,
        memory: PollMemory,
        outbox: Outbox,
        pages: PageDesk,
        observer: PollObserver,
        clock: Callable[[], datetime],
        executor: Executor,
        holds: Callable[[], bool],
        letters: DeadLetters | None,
    ) -> None:
        """`holds` tells whether this process's leases still stand for sure."""
        self._reader = reader
        self._memory = memory
        self._outbox = outbox
        self._pages = pages
        self._observer = observer
        self._clock = clock
        self._executor = executor
        self._holds = holds
        self._letters = letters

    async def take_in(self, entry: Entry, body: bytes, origin: Origin, fingerprint: bytes, after: After) -> str:
        """Publish what is new in `body`, and save it as seen together with the cursor that `after` makes.

        Returns:
            ``published``, ``unchanged``, or ``fenced`` where another process holds the source or may hold it.

        Raises:
            Permanent: nothing in it can be read; it is dead-lettered.
            KilledError: reading it took more time or memory than it may; likewise.
            Transient: the log or the memory can't be reached, and nothing is saved.
        """
        async with entry.lock:
            return await self._take_in(entry, body, origin, fingerprint, after)

    async def _take_in(self, entry: Entry, body: bytes, origin: Origin, fingerprint: bytes, after: After) -> str:
        loop = asyncio.get_running_loop()
        try:
            reading, known, letters = await loop.run_in_executor(self._executor, self._read, body, origin, fingerprint)
        except (Permanent, KilledError) as error:
            await self._bury(entry, body, origin, fingerprint, error)
            raise
        cursor = after(reading, known)
        if not self._holds():
            # The lease may have run out meanwhile: what was found belongs to whoever holds it now.
            return "fenced"
        in_full = entry.source.fulltext == "page"
        records = self._pages.take(entry, known.new) if in_full else [item.record for item in known.new]
        saved, lost = await self._outbox.deliver(records, entry.save(cursor, known.marks), letters)
        source = entry.source.id
        self._observer.items(
            source, len(records) - lost, len(reading.items) - len(known.new), len(reading.refusals) + lost
        )
        if letters:
            self._observer.dead_lettered(source, reading.refusals[0].code)
        if not saved:
            return "fenced"
        entry.cursor = cursor
        return "published" if known.new else "unchanged"

    def _read(self, body: bytes, origin: Origin, fingerprint: bytes) -> tuple[Reading, Known, tuple[RawRecord, ...]]:
        reading, known = read_new(self._reader, self._memory, body, origin)
        if not reading.refusals or goes_on(reading) or self._letters is None:
            return reading, known, ()
        mark = refusal_mark(fingerprint)
        if self._memory.seen(origin.source, [mark[0]]):
            return reading, known, ()
        letter = self._letters.of_items(body, origin, reading.refusals, self._clock())
        return reading, msgspec.structs.replace(known, marks=(*known.marks, mark)), (letter,)

    async def _bury(
        self, entry: Entry, body: bytes, origin: Origin, fingerprint: bytes, error: Permanent | KilledError
    ) -> None:
        """Dead-letter a document that can't be read, unless it was before."""
        key, mark = refusal_mark(fingerprint)
        if self._letters is None or not self._holds():
            return
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(self._executor, self._memory.seen, origin.source, [key]):
            return
        code, why = (error.code, error.why) if isinstance(error, Permanent) else ("parser_killed", str(error))
        letter = self._letters.of_document(body, origin, code, why, self._clock())
        await self._outbox.deliver((), entry.save(entry.cursor, ((key, mark),)), [letter])
        self._observer.dead_lettered(origin.source, code)
