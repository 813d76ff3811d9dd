# ruff: noqa: ARG002  # observers are told more than these count
"""What the polling tests share: feeds, servers on loopback, a log in memory and an observer that counts."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

from aiohttp import web

from pipeline.errors import Transient
from pipeline.item import RawItem, decode_item
from pipeline.poll.fetch import Bounds
from pipeline.poll.poller import Poller, PollLimits
from pipeline.poll.sources import Source
from pipeline.record import Headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


class ListPublisher:
    """A log in memory; fails the first `failures` calls."""

    def __init__(self, failures: int = 0) -> None:
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []
        self.letters: list[tuple[bytes | None, bytes | None, Headers]] = []
        self.failures = failures
        self._lock = threading.Lock()

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """Keep the records, or fail."""
        kept = {"wire.raw": self.records, "wire.raw.dlq": self.letters}[topic]
        with self._lock:
            if self.failures:
                self.failures -= 1
                raise Transient("the log is down")
            start = len(kept)
            kept += records
            return [(0, start + n) for n in range(len(records))]

    def items(self) -> list[RawItem]:
        """What was published."""
        return [decode_item(value or b"") for _, value, _ in self.records]

    def headlines(self) -> list[str]:
        """First headline of each item published."""
        return [item.headlines[0].value for item in self.items()]


class CountingObserver:
    """Counts outcomes."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.states: dict[str, str] = {}
        self.dead = Counter[str]()
        self.pages = Counter[str]()
        self.gaps = 0
        self.skews: list[float] = []
        self.totals = Counter[str]()
        self.hub_words = Counter[str]()
        self.deliveries = Counter[str]()

    def polled(self, source: str, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1

    def items(self, source: str, published: int, skipped: int, refused: int) -> None:
        self.totals.update(published=published, skipped=skipped, refused=refused)

    def dead_lettered(self, source: str, code: str) -> None:
        self.dead[code] += 1

    def page(self, source: str, outcome: str) -> None:
        self.pages[outcome] += 1

    def gap(self, source: str) -> None:
        self.gaps += 1

    def state(self, source: str, state: str) -> None:
        self.states[source] = state

    def skew(self, source: str, seconds: float) -> None:
        self.skews.append(seconds)

    def hub(self, source: str, word: str) -> None:
        self.hub_words[word] += 1

    def delivered(self, source: str, outcome: str) -> None:
        self.deliveries[outcome] += 1


def entry(number: int, title: str | None = None, body: str = "", guid: str | None = None) -> str:
    """One RSS item of our own invention."""
    title = title or f"Harbour council weighs plan {number}"
    body = body or f"The council of Oststrand met for the {number}th time about the new quay."
    return (
        f"<item><guid isPermaLink='false'>{guid or f'tag:oststrand.example,2026:{number}'}</guid><title>{title}</title>"
        f"<link>https://oststrand.example/{number}</link><description>{body}</description></item>"
    )


def rss(*entries: str, extra: str = "") -> bytes:
    """A feed of these items."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Oststrand Wire</title>'
        f"<link>https://oststrand.example/</link><description>News</description>{extra}{''.join(entries)}</channel></rss>"
    ).encode()


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers everything with `handler`; its address."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def http_source(url: str, name: str = "oststrand", **more: object) -> Source:
    """An internal source that is polled as often as can be."""
    return Source.model_validate(
        {"id": name, "url": url, "internal": True, "interval": {"min": 1, "max": 2}, "agency": "OSW"} | more
    )


LIMITS = PollLimits(
    concurrency=4, first_spread=0.0, bounds=Bounds(sent=200_000, unfolded=400_000, silence=0.5, connect=1.0, total=2.0)
)


@contextlib.asynccontextmanager
async def polling(poller: Poller) -> AsyncIterator[asyncio.Event]:
    """Run the poller in the background; stop and drain it on leaving."""
    stop = asyncio.Event()
    task = asyncio.create_task(poller.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until the condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
