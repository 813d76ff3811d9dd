"""Fetches the article pages behind feed entries, beside the polling and with the same manners.

An entry that waits for its page is kept in its source's cursor, so that a crash loses none. Its first attempt
ends in the full text or in the teaser, marked; what may get better by itself is then tried again, and the full
text published as a new version. Pages of one host wait for each other, and never hold up the feeds.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace
from yarl import URL

from pipeline.errors import NewswireError, Permanent
from pipeline.item import Origin, RawItem, decode_item
from pipeline.poll.agenda import Agenda
from pipeline.poll.article import teaser, with_page
from pipeline.poll.cursor import Waiting
from pipeline.poll.envelope import raw_record
from pipeline.poll.fetch import Answer, Fetcher, origin_of
from pipeline.poll.hosts import Hosts
from pipeline.poll.interfaces import PollObserver, RawRecord
from pipeline.poll.reading import DocumentReader, KilledError
from pipeline.poll.robots import Robots
from pipeline.poll.seen import Found
from pipeline.poll.sources import Source
from pipeline.poll.verdict import classify

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
FINAL = frozenset({"disallowed", "forbidden_address", "unreadable", "parser_killed", "refused", "too_large", "no_text"})
"""Outcomes that no waiting will change."""
_MOST_WAITING = 100
_MOST_KEPT = 512


class Reader(Protocol):
    """A source whose entries wait for their pages."""

    source: Source
    pages: dict[str, Waiting]
    """By the entry's uri."""


class PageLimits(msgspec.Struct, frozen=True):
    """How much at once, and when again. Times in seconds."""

    at_once: int = 8
    retries: tuple[float, ...] = (300.0, 1_800.0, 7_200.0, 28_800.0)
    log_down: float = 5.0


class _Job(msgspec.Struct, frozen=True):
    entry: Reader
    uri: str
    waiting: Waiting

    @property
    def priority(self) -> int:
        return self.entry.source.priority


class _Kept(msgspec.Struct, frozen=True):
    """A page as it was read last, and the validators to ask for it again."""

    item: RawItem
    etag: str | None
    last_modified: str | None


Deliver = Callable[[Reader, Sequence[RawRecord], dict[str, Waiting]], Awaitable[bool]]
"""Publishes records of a source and saves its cursor with the pages that wait then; whether it is still ours."""


class PageDesk:
    """All article pages of one process. Belongs to one event loop."""

    def __init__(
        self,
        fetcher: Fetcher,
        hosts: Callable[[Source], Hosts],
        deliver: Deliver,
        observer: PollObserver,
        clock: Callable[[], datetime],
        executor: Executor,
        limits: PageLimits,
    ) -> None:
        """`hosts` are the manners that hold for a source; they are shared with the polling of feeds."""
        self._loop = asyncio.get_running_loop()
        self._agenda: Agenda[_Job] = Agenda(self._loop)
        self._fetcher = fetcher
        self._hosts = hosts
        self._deliver = deliver
        self._observer = observer
        self._clock = clock
        self._executor = executor
        self._limits = limits
        self._robots = Robots()
        # Pages have a child process of their own: a slow one must not keep a feed waiting.
        self._reader = DocumentReader()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def start(self) -> list["asyncio.Task[None]"]:
        """The workers."""
        return [asyncio.create_task(self._work()) for _ in range(self._limits.at_once)]

    def close(self) -> None:
        """End the child that reads pages. Blocks."""
        self._reader.close()

    def take(self, entry: Reader, items: Sequence[Found]) -> list[RawRecord]:
        """Let new items wait for their pages; those without one are given back, to be published now."""
        records: list[RawRecord] = []
        for found in items:
            item = decode_item(found.record[1])
            if not _host(item.url):
                records.append(raw_record(teaser(item, "no_address"), found.position))
            elif item.uri not in entry.pages and len(entry.pages) >= _MOST_WAITING:
                records.append(raw_record(teaser(item, "too_many"), found.position))
            else:
                entry.pages[item.uri] = Waiting(item=found.record[1], position=found.position)
                self._put(entry, item.uri)
        return records

    def resume(self, entry: Reader) -> None:
        """Take up what waits since before a restart."""
        for uri in entry.pages:
            self._put(entry, uri)

    def _put(self, entry: Reader, uri: str, wait: float = 0.0) -> None:
        waiting = entry.pages[uri]
        due = max(wait, waiting.due - self._clock().timestamp(), 0.0)
        self._agenda.put(_Job(entry, uri, waiting), self._loop.time() + due)

    async def _work(self) -> None:
        while True:
            job = await self._agenda.next()
            if job.entry.pages.get(job.uri) is not job.waiting:
                # An edited entry has taken its place, or the source is another's now.
                continue
            item = decode_item(job.waiting.item)
            hosts, host = self._hosts(job.entry.source), _host(item.url)
            if wait := hosts.enter(host, self._loop.time()):
                self._put(job.entry, job.uri, wait)
                continue
            try:
                outcome, found = await self._fetch(job.entry.source, item, hosts, host)
            finally:
                hosts.leave(host)
            self._observer.page(job.entry.source.id, outcome)
            await self._settle(job, item, outcome, found)

    async def _settle(self, job: _Job, item: RawItem, outcome: str, found: RawItem | None) -> None:
        """Publish what there is to publish, and remember what is left to do."""
        entry, before = job.entry, job.waiting
        if entry.pages.get(job.uri) is not before:
            return
        records: list[RawRecord] = []
        if found is not None:
            records.append(raw_record(found, before.position))
        elif before.tries == 0:
            records.append(raw_record(teaser(item, outcome), before.position))
        left = {uri: waiting for uri, waiting in entry.pages.items() if uri != job.uri}
        if found is None and outcome not in FINAL and before.tries < len(self._limits.retries):
            due = self._clock().timestamp() + self._limits.retries[before.tries]
            left[job.uri] = replace(before, tries=before.tries + 1, due=due)
        try:
            ours = await self._deliver(entry, records, left)
        except NewswireError:
            # Nothing was published or saved, so it waits as before.
            if entry.pages.get(job.uri) is before:
                self._put(entry, job.uri, self._limits.log_down)
            return
        if not ours:
            entry.pages.clear()
        elif entry.pages.get(job.uri) is before:
            # Only now: a cursor saved meanwhile had to name it still.
            del entry.pages[job.uri]
            if again := left.get(job.uri):
                entry.pages[job.uri] = again
                self._put(entry, job.uri)

    async def _fetch(self, source: Source, item: RawItem, hosts: Hosts, host: str) -> tuple[str, RawItem | None]:
        """The outcome, and the full item where it is ``ok``."""
        address = item.url or ""

        async def ask(where: str, etag: str | None, last_modified: str | None) -> Answer:
            # Credentials are for the feed's own host.
            home = URL(where).origin() == URL(source.url or where).origin()
            return await self._fetcher.fetch(
                where,
                internal=source.internal,
                etag=etag,
                last_modified=last_modified,
                credentials=source.credentials if home else None,
                proxy=source.proxy,
                accept=ACCEPT,
            )

        allowed, delay = await self._robots.allows(address, ask)
        if delay:
            hosts.hold(host, self._loop.time() + delay)
        if not allowed:
            return _forbidden(allowed), None
        kept = self._kept.get(address)
        answer = await ask(address, kept.etag if kept else None, kept.last_modified if kept else None)
        if answer.outcome == "not_modified" and kept is not None:
            full = with_page(item, kept.item)
            return ("ok", full) if full else ("no_text", None)
        if answer.outcome != "ok":
            outcome = classify(answer, answered=False)
            if answer.retry_after and outcome == "throttled":
                hosts.hold(host, self._loop.time() + min(answer.retry_after, source.interval.max))
            return outcome, None
        if URL(answer.url).origin() != URL(address).origin():
            # It redirected to a host that has rules of its own.
            allowed, _ = await self._robots.allows(answer.url, ask)
            if not allowed:
                return _forbidden(allowed), None
        return await self._read(source, item, answer)

    async def _read(self, source: Source, item: RawItem, answer: Answer) -> tuple[str, RawItem | None]:
        origin = origin_of(source, answer, self._clock())
        try:
            page = await self._loop.run_in_executor(self._executor, self._article, answer.body, origin)
        except Permanent:
            return "unreadable", None
        except KilledError:
            return "parser_killed", None
        if answer.etag or answer.last_modified:
            self._kept[item.url or ""] = _Kept(page, answer.etag, answer.last_modified)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        full = with_page(item, page)
        return ("ok", full) if full else ("no_text", None)

    def _article(self, body: bytes, origin: Origin) -> RawItem:
        reading = self._reader.read(body, origin)
        if reading.format != "page" or not reading.items:
            raise Permanent("no_article", f"the page is a document of format {reading.format}")
        return decode_item(reading.items[0].record[1])


def _host(address: str | None) -> str:
    """The host of a web address, or nothing."""
    try:
        url = URL(address or "")
    except ValueError:
        return ""
    return url.raw_host or "" if url.scheme in ("http", "https") else ""


def _forbidden(allowed: bool | None) -> str:  # noqa: FBT001  # the answer of robots.txt
    return "robots_unreachable" if allowed is None else "disallowed"
