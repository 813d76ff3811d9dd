"""Polls thousands of sources on one event loop: fetch, read, publish, and only then remember."""

import asyncio
import contextlib
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
from aiohttp.abc import AbstractResolver

from pipeline.errors import NewswireError, Permanent, Transient
from pipeline.poll.agenda import Agenda
from pipeline.poll.cursor import NEW, Cursor, Waiting, decode_cursor, encode_cursor
from pipeline.poll.dead_letters import DeadLetters
from pipeline.poll.doorway import Doorway
from pipeline.poll.entry import Entry
from pipeline.poll.fetch import Answer, Bounds, Fetcher, origin_of
from pipeline.poll.folders import FolderKeeper
from pipeline.poll.hosts import Hosts, Manners
from pipeline.poll.intake import Intake, fingerprint_of
from pipeline.poll.interfaces import PollMemory, PollObserver, Publisher, RawRecord, Silent
from pipeline.poll.narrowing import goes_on
from pipeline.poll.outbox import Outbox
from pipeline.poll.pages import PageDesk, PageLimits
from pipeline.poll.pages import Reader as PageReader
from pipeline.poll.reading import DocumentReader, KilledError, Reading
from pipeline.poll.schedule import is_gap, jittered
from pipeline.poll.seen import Known
from pipeline.poll.sources import Source
from pipeline.poll.subscriber import Plain, Subscriber
from pipeline.poll.verdict import after_failure, after_reading, after_unchanged, classify, skew, state_of
from pipeline.poll.websub import Keys, slowed

_FLUSH_SECONDS = 10.0


class PollLimits(msgspec.Struct, frozen=True):
    """How much at once. Times in seconds."""

    concurrency: int = 64
    """Requests under way."""
    manners: Manners = Manners()
    internal_manners: Manners = Manners(at_once=8, spacing=0.0)
    """Towards hosts of sources marked internal."""
    bounds: Bounds = Bounds()
    lease: float = 30.0
    first_spread: float = 5.0
    """Polls that are due at the start are spread over this time."""
    folder_interval: float = 0.5
    pages: PageLimits = PageLimits()


class Poller:
    """All HTTP sources and drop folders of one process."""

    def __init__(
        self,
        sources: Iterable[Source],
        publisher: Publisher,
        memory: PollMemory,
        *,
        raw_topic: str = "wire.raw",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        observer: PollObserver | None = None,
        limits: PollLimits | None = None,
        contact: str = "",
        reader: DocumentReader | None = None,
        resolver: AbstractResolver | None = None,
        watch: Callable[[], tuple[Source, ...] | None] | None = None,
        dead_letters: DeadLetters | None = None,
        websub: "tuple[Keys, Doorway] | None" = None,
    ) -> None:
        """Poll `sources` until `reload` names others.

        `contact` goes into the User-Agent. `watch` is asked every few seconds, on a thread, for a changed
        list; None means that it did not change. Without `dead_letters`, what can't be read is only counted.
        With `websub`, hubs that feeds name are asked to bring what is new through the doorway.
        """
        self._sources = {s.id: s for s in sources}
        self._publisher = publisher
        self._memory = memory
        self._topic = raw_topic
        self._clock = clock
        self._observer = observer or Silent()
        self._limits = limits or PollLimits()
        self._contact = contact
        self._reader = reader or DocumentReader()
        self._resolver = resolver
        self._watch = watch
        self._letters = dead_letters
        self._websub = websub
        self._owner = f"{socket.gethostname()}@{os.getpid()}@{secrets.token_hex(4)}"
        self._entries: dict[str, Entry] = {}
        self._dirty: set[str] = set()
        self._held_until = 0.0
        self.progressed_at = 0.0
        """When the loop last went round, by its own clock (`time.monotonic`)."""
        self.ready = False
        """Whether leases were taken and polling has begun."""

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; then finish what is under way and save it."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._executor = ThreadPoolExecutor(6, thread_name_prefix="poll")
        self._agenda: Agenda[Entry] = Agenda(loop)
        dead_topic = self._letters.topic if self._letters else ""
        self._outbox = Outbox(self._publisher, self._memory, self._topic, self._executor, self._wall, dead_topic)
        self._polite = Hosts(self._limits.manners)
        self._internal = Hosts(self._limits.internal_manners)
        self._fetcher = Fetcher(
            contact=self._contact,
            bounds=self._limits.bounds,
            resolver=self._resolver,
            connections=self._limits.concurrency,
        )
        self._pages = PageDesk(
            self._fetcher,
            self._hosts_of,
            self._deliver_page,
            self._observer,
            self._clock,
            self._executor,
            self._limits.pages,
        )
        self._intake = Intake(
            self._reader,
            self._memory,
            self._outbox,
            self._pages,
            self._observer,
            self._clock,
            self._executor,
            lambda: self._loop.time() < self._held_until,
            self._letters,
        )
        self._subscriber = self._make_subscriber()
        folders = FolderKeeper(
            self._publisher,
            self._reader,
            self._topic,
            self._observer,
            self._clock,
            self._limits.folder_interval,
            self._letters,
        )
        folders.update(self._sources.values())
        self._stopping = asyncio.Event()
        workers = [asyncio.create_task(self._work()) for _ in range(self._limits.concurrency)] + self._pages.start()
        if self._websub is not None and self._subscriber is not None:
            workers += self._subscriber.start()
            self._websub[1].open(self._subscriber)
        chores = [
            asyncio.create_task(self._keep_leases()),
            asyncio.create_task(self._keep_saving()),
            asyncio.create_task(self._keep_list(folders)),
            asyncio.create_task(folders.run(self._stopping)),
        ]
        ended = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([ended, *workers, *chores], return_when=asyncio.FIRST_COMPLETED)
            self.ready = False
            for task in (*workers, *chores[:3]):
                if task.done():
                    # Nothing ends by itself but by a fault that must be known.
                    task.result()
        finally:
            ended.cancel()
            await self._shut_down(workers, chores)

    async def _shut_down(self, workers: Sequence["asyncio.Task[None]"], chores: Sequence["asyncio.Task[None]"]) -> None:
        if self._websub is not None:
            self._websub[1].close()
        # Folders finish the scan under way instead, or a file would stay claimed.
        self._stopping.set()
        for task in (*workers, *chores[:3]):
            task.cancel()
        await asyncio.wait([*workers, *chores])
        await self._outbox.flush()
        await self._fetcher.close()
        with contextlib.suppress(Transient):
            await self._save_dirty()
            await self._loop.run_in_executor(self._executor, self._memory.leave, self._owner)
        await asyncio.get_running_loop().run_in_executor(self._executor, self._reader.close)
        await self._loop.run_in_executor(self._executor, self._pages.close)
        self._executor.shutdown()

    def _make_subscriber(self) -> Subscriber | None:
        if self._websub is None:
            return None
        return Subscriber(
            self._websub[0],
            self._fetcher,
            self._intake,
            Plain(self._reader, self._memory, self._publisher, self._topic, self._executor),
            self._observer,
            self._clock,
            lambda: self._sources,
            self._entries,
            self._dirty_add,
        )

    def reload(self, sources: Iterable[Source]) -> None:
        """Poll these from now on. To be called on the loop."""
        self._sources = {s.id: s for s in sources}
        for name in [n for n, e in self._entries.items() if self._sources.get(n) != e.source]:
            entry = self._entries.pop(name)
            fresh = self._sources.get(name)
            if fresh is not None and fresh.kind == "http":
                self._add(Entry(fresh, entry.standing() if fresh.url == entry.source.url else NEW, entry.fence), 0.0)

    def _wall(self) -> float:
        return self._clock().timestamp()

    async def _keep_leases(self) -> None:
        first = True
        while True:
            began = self._loop.time()
            names = [s.id for s in self._sources.values() if s.kind == "http"]
            try:
                held = await self._loop.run_in_executor(
                    self._executor, self._memory.share, self._owner, names, self._limits.lease, self._wall()
                )
                await self._hold(held, spread=first)
                self._held_until = began + self._limits.lease
                first, self.ready = False, True
            except Transient:
                # The leases run out by themselves; until then the work goes on.
                pass
            self.progressed_at = self._loop.time()
            await asyncio.sleep(self._limits.lease / 3)

    async def _hold(self, held: dict[str, int], *, spread: bool) -> None:
        for name in [n for n, e in self._entries.items() if held.get(n) != e.fence]:
            del self._entries[name]
            self._dirty.discard(name)
        new = [n for n in held if n not in self._entries and n in self._sources]
        if not new:
            return
        cursors = await self._loop.run_in_executor(self._executor, self._memory.cursors, new)
        wall = self._wall()
        for name in new:
            cursor = decode_cursor(cursors[name]) if name in cursors else NEW
            wait = max(0.0, min(cursor.due - wall, self._sources[name].interval.max))
            if wait == 0 and spread:
                wait = random.random() * min(self._limits.first_spread, len(new) / 50)
            self._add(Entry(self._sources[name], cursor, held[name]), wait)

    def _add(self, entry: Entry, wait: float) -> None:
        self._entries[entry.source.id] = entry
        self._agenda.put(entry, self._loop.time() + wait)
        self._pages.resume(entry)

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            with contextlib.suppress(Transient):
                await self._save_dirty()

    async def _save_dirty(self) -> None:
        """Save cursors in which only times and counts changed: losing these would cost a poll, never a story."""
        names, self._dirty = self._dirty, set()
        saves = [e.save(e.cursor) for n in names if (e := self._entries.get(n)) is not None]
        if saves:
            try:
                await self._loop.run_in_executor(self._executor, self._memory.save, saves, self._wall())
            except Transient:
                self._dirty |= names
                raise

    async def _keep_list(self, folders: FolderKeeper) -> None:
        while True:
            await asyncio.sleep(2)
            self.progressed_at = self._loop.time()
            if self._watch is not None:
                changed = await self._loop.run_in_executor(self._executor, self._watch)
                if changed is not None:
                    self.reload(changed)
                    folders.update(self._sources.values())

    async def _work(self) -> None:
        while True:
            entry = await self._agenda.next()
            if self._entries.get(entry.source.id) is not entry:
                continue
            hosts = self._hosts_of(entry.source)
            wait = hosts.enter(entry.host, self._loop.time())
            if wait:
                self._agenda.put(entry, self._loop.time() + wait)
                continue
            began = self._loop.time()
            try:
                outcome, wait = await self._poll(entry, hosts)
            finally:
                hosts.leave(entry.host)
            self.progressed_at = now = self._loop.time()
            self._observer.polled(entry.source.id, outcome, now - began)
            self._plan(entry, outcome, wait)

    def _hosts_of(self, source: Source) -> Hosts:
        return self._internal if source.internal else self._polite

    async def _deliver_page(self, reader: PageReader, records: Sequence[RawRecord], pages: dict[str, Waiting]) -> bool:
        entry = self._entries.get(reader.source.id)
        if entry is None or entry is not reader:
            return False
        if self._loop.time() >= self._held_until:
            raise Transient("the lease may have run out meanwhile")
        cursor = msgspec.structs.replace(entry.standing(), pages=tuple(pages.values()))
        save = (entry.source.id, entry.fence, encode_cursor(cursor), (), cursor.polls)
        saved, lost = await self._outbox.deliver(records, save)
        if records:
            self._observer.items(entry.source.id, len(records) - lost, 0, lost)
        if not saved and self._entries.get(reader.source.id) is entry:
            del self._entries[reader.source.id]
        return saved

    def _dirty_add(self, source: str) -> None:
        self._dirty.add(source)

    def _plan(self, entry: Entry, outcome: str, wait: float) -> None:
        wall = self._wall()
        if outcome in ("published", "unchanged", "not_modified"):
            wait = slowed(entry.websub, wait, entry.source.interval, wall)
        wait = jittered(wait, random.random())
        if self._subscriber is not None:
            self._subscriber.keep(entry)
        entry.cursor = msgspec.structs.replace(entry.cursor, due=wall + wait)
        name = entry.source.id
        if self._entries.get(name) is entry:
            self._dirty.add(name)
            self._agenda.put(entry, self._loop.time() + wait)
        shown = state_of(entry.cursor, wall)
        if shown != entry.shown:
            entry.shown = shown
            self._observer.state(name, shown)

    async def _poll(self, entry: Entry, hosts: Hosts) -> tuple[str, float]:
        source, cursor = entry.source, entry.cursor
        answer = await self._fetcher.fetch(
            cursor.moved_to or source.url or "",
            internal=source.internal,
            etag=cursor.etag,
            last_modified=cursor.last_modified,
            credentials=source.credentials,
            proxy=source.proxy,
        )
        ahead = skew(answer.date, self._wall())
        if ahead is not None:
            self._observer.skew(source.id, ahead)
        if answer.outcome == "not_modified":
            entry.cursor, wait = after_unchanged(entry.cursor, answer, source.interval)
            return "not_modified", wait
        if answer.outcome != "ok":
            outcome = classify(answer, answered=entry.cursor.answered)
            if outcome == "throttled" and answer.retry_after:
                hosts.hold(entry.host, self._loop.time() + min(answer.retry_after, source.interval.max))
            return self._failed(entry, outcome, answer.retry_after)
        fingerprint = fingerprint_of(answer.body)
        if fingerprint == entry.cursor.body:
            entry.cursor, wait = after_unchanged(entry.cursor, answer, source.interval)
            return "unchanged", wait
        origin = origin_of(source, answer, self._clock())
        wait = 0.0

        def after(reading: Reading, known: Known) -> Cursor:
            nonlocal wait
            cursor, wait = self._after(entry, answer, b"" if goes_on(reading) else fingerprint, reading, known)
            return cursor

        try:
            outcome = await self._intake.take_in(entry, answer.body, origin, fingerprint, after)
        except KilledError:
            return self._failed(entry, "parser_killed")
        except NewswireError as error:
            return self._failed(entry, "unreadable" if isinstance(error, Permanent) else "log_down")
        if outcome == "fenced" and self._loop.time() < self._held_until:
            self._entries.pop(source.id, None)
        return outcome, wait

    def _after(
        self, entry: Entry, answer: Answer, fingerprint: bytes, reading: Reading, known: Known
    ) -> tuple[Cursor, float]:
        """What a poll that was read leads to; without a `fingerprint`, the next has to be a whole one."""
        counts = (len(known.new), known.known)
        if is_gap(entry.cursor.polls, *counts):
            self._observer.gap(entry.source.id)
        if not fingerprint:
            answer = msgspec.structs.replace(answer, etag=None, last_modified=None)
        if self._subscriber is not None:
            self._subscriber.read(entry, answer, reading.hints)
            if known.new and entry.websub is not None:
                entry.websub = msgspec.structs.replace(entry.websub, trusted=False)
        return after_reading(
            entry.cursor, answer, fingerprint, counts, reading.hints, entry.source.interval, self._wall()
        )

    def _failed(self, entry: Entry, outcome: str, retry_after: float | None = None) -> tuple[str, float]:
        entry.cursor, wait = after_failure(entry.cursor, outcome, entry.source.interval, retry_after)
        if entry.cursor.failures > 3 and entry.cursor.moved_to:  # noqa: PLR2004  # the new address may have died since
            entry.cursor = msgspec.structs.replace(entry.cursor, moved_to=None)
        return outcome, wait
