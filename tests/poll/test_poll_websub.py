"""WebSub against a hub on loopback: subscribed, verified, delivered once, proven, and never relied on alone."""

import asyncio
import contextlib
import gzip
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from poll_lab import LIMITS, CountingObserver, ListPublisher, entry, http_source, polling, rss, serving, until
from prometheus_client import CollectorRegistry

from pipeline.formats import FeedHints
from pipeline.observe.server import Server
from pipeline.poll.cursor import Subscription
from pipeline.poll.doorway import Doorway
from pipeline.poll.fetch import Answer, Fetcher
from pipeline.poll.poller import Poller
from pipeline.poll.sources import Interval
from pipeline.poll.websub import LEASE, Keys, asked, confirmed, denied, followed, slowed
from pipeline.state.sources_sqlite import SqlitePollMemory

SECRET = "of the installation, long enough"


class Newsroom:
    """A publisher and its hub on one server: a feed that names the hub, and a hub that keeps to the Recommendation."""

    def __init__(self) -> None:
        self.entries = [entry(1)]
        self.extra = ""
        self.headers: dict[str, str] = {}
        self.status = 202
        self.lease: str | None = "1000"
        self.forms: list[dict[str, str]] = []
        self.verified: list[bool] = []
        self.polls = 0
        self.base = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve the feed and the hub."""
        if request.path == "/hub":
            form = {key: str(value) for key, value in (await request.post()).items()}
            self.forms.append(form)
            if self.status == 202:
                asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._verify(form)))
            return web.Response(status=self.status)
        self.polls += 1
        return web.Response(body=rss(*self.entries, extra=self.extra), headers=self.headers)

    async def _verify(self, form: dict[str, str]) -> None:
        query = {"hub.mode": "subscribe", "hub.topic": form["hub.topic"], "hub.challenge": "c0ffee"}
        if self.lease is not None:
            query["hub.lease_seconds"] = self.lease
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{form['hub.callback']}?{urlencode(query)}") as answer,
        ):
            self.verified.append(answer.status == 200 and await answer.text() == "c0ffee")

    async def bring(self, body: bytes, *, secret: str | None = None, algorithm: str = "sha256", **headers: str) -> int:
        """Deliver to the last subscriber, signed with its secret or another; the status it answers."""
        form = self.forms[-1]
        key = (secret if secret is not None else form["hub.secret"]).encode()
        if key:
            digest = hmac.new(key, body, getattr(hashlib, algorithm)).hexdigest()
            headers["X-Hub-Signature"] = f"{algorithm}={digest}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(form["hub.callback"], data=body, headers=headers) as answer,
        ):
            return answer.status


@contextlib.asynccontextmanager
async def subscribed(
    folder: Path, publisher: ListPublisher, observer: CountingObserver, room: Newsroom, **source: object
) -> AsyncIterator[Poller]:
    """A poller with its HTTP side, beside this newsroom; entered once the hub has verified the subscription."""
    doorway = Doorway(most_bytes=100_000)
    server = Server(CollectorRegistry(), list, extend=doorway.attach)
    server.start()
    memory = SqlitePollMemory(folder / "poll.db")
    try:
        async with serving(room.handle) as room.base:
            room.extra = (
                f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='{room.base}/hub'/>"
                f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='{room.base}/topic'/>"
            )
            poller = Poller(
                [http_source(room.base + "/feed", **source)],
                publisher,
                memory,
                observer=observer,
                limits=LIMITS,
                websub=(Keys(f"http://127.0.0.1:{server.port}", SECRET), doorway),
            )
            async with polling(poller):
                await until(lambda: publisher.records)
                yield poller
    finally:
        memory.close()
        server.stop()


async def test_a_feed_that_names_a_hub_is_subscribed_and_each_story_comes_once(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    async with subscribed(tmp_path, publisher, observer, room):
        await until(lambda: room.verified)
        assert room.verified == [True]
        form = room.forms[0]
        assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", room.base + "/topic")
        assert int(form["hub.lease_seconds"]) == LEASE

        assert await room.bring(rss(entry(2))) == 202
        assert publisher.headlines() == ["Harbour council weighs plan 1", "Harbour council weighs plan 2"]
        # Brought again, and then found by polling too: seen already, and no gap in the polls.
        assert await room.bring(rss(entry(2)), algorithm="sha1") == 202
        polls, room.entries = room.polls, [entry(2), entry(1)]
        await until(lambda: room.polls >= polls + 2)
        assert await room.bring(rss(entry(2, "Harbour council drops plan 2"))) == 202
    assert publisher.headlines()[2:] == ["Harbour council drops plan 2"]
    assert observer.gaps == 0
    assert observer.deliveries == {"published": 2, "unchanged": 1}
    assert observer.hub_words == {"asked": 1, "confirmed": 1}
    assert len(room.forms) == 1


async def test_what_is_not_proven_is_taken_politely_and_ignored(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    async with subscribed(tmp_path, publisher, observer, room) as poller:
        await until(lambda: room.verified)
        assert await room.bring(rss(entry(7)), secret="another") == 202
        assert await room.bring(rss(entry(8)), secret="") == 202
        assert await room.bring(b"x" * 100_001) == 413
        # Not worth unfolding, so nobody notices that it can't be.
        assert await room.bring(b"no gzip", secret="another", **{"Content-Encoding": "gzip"}) == 202
        assert await room.bring(rss(entry(9)), **{"Content-Encoding": "gzip"}) == 415
        callback = room.forms[0]["hub.callback"]
        # Another topic than ours, another token, an end nobody asked for.
        forged = [
            (callback, "subscribe", "http://other.example/topic"),
            (callback[:-1] + ("0" if callback[-1] != "0" else "1"), "subscribe", room.base + "/topic"),
            (callback, "unsubscribe", room.base + "/topic"),
        ]
        async with aiohttp.ClientSession() as session:
            for address, mode, topic in forged:
                query = urlencode({"hub.mode": mode, "hub.topic": topic, "hub.challenge": "x"})
                async with session.get(f"{address}?{query}") as answer:
                    assert answer.status == 404, (mode, topic)
        poller.reload([])
        assert await room.bring(rss(entry(10))) == 410
    assert len(publisher.records) == 1
    assert observer.deliveries == {"forged": 2, "unsigned": 1}


async def test_a_delivery_waits_for_the_log_and_bad_ones_are_dead_lettered(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    async with subscribed(tmp_path, publisher, observer, room):
        await until(lambda: room.verified)
        publisher.failures = 1
        assert await room.bring(rss(entry(2))) == 503
        assert await room.bring(rss(entry(2))) == 202
        assert await room.bring(b"\x00" * 50) == 202
    assert publisher.headlines()[1:] == ["Harbour council weighs plan 2"]
    assert observer.deliveries == {"published": 1, "unreadable": 1}


async def test_a_process_that_does_not_hold_the_source_passes_on_what_is_new(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    async with subscribed(tmp_path, publisher, observer, room) as poller:
        await until(lambda: room.verified)
        # As after another process has taken the source over.
        poller._entries.clear()
        # In a content coding, and signed as sent.
        body = gzip.compress(rss(entry(2), entry(1)))
        assert await room.bring(body, **{"Content-Encoding": "gzip"}) == 202
    assert publisher.headlines()[1:] == ["Harbour council weighs plan 2"]
    assert observer.deliveries == {"passed_on": 1}


async def test_only_the_holder_takes_what_needs_its_article_page(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    async with subscribed(tmp_path, publisher, observer, room, fulltext="page") as poller:
        await until(lambda: room.verified)
        poller._entries.clear()
        before = len(publisher.records)
        assert await room.bring(rss(entry(2), entry(1))) == 503
    assert len(publisher.records) == before


async def test_a_hub_that_refuses_or_is_not_wanted_changes_nothing(tmp_path: Path) -> None:
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    room.status = 500
    async with subscribed(tmp_path, publisher, observer, room):
        await until(lambda: observer.hub_words["refused"] == 1)
        polls, room.entries = room.polls, [entry(2), entry(1)]
        await until(lambda: len(publisher.records) == 2 and room.polls > polls + 1)
    assert len(room.forms) == 1
    publisher, observer, room = ListPublisher(), CountingObserver(), Newsroom()
    (tmp_path / "other").mkdir()
    async with subscribed(tmp_path / "other", publisher, observer, room, websub=False):
        await until(lambda: room.polls >= 2)
    assert room.forms == []


async def test_hubs_are_found_in_headers_first() -> None:
    async def handler(request: web.Request) -> web.Response:
        links = [
            '</hub>; rel="hub"; title="a, b"',
            '<https://hub.example/>; rel=hub, <https://wire.example/feed>; rel="self alternate"',
            '<javascript:alert(1)>; rel="hub"',
            "<<>>;;; rel=",
        ]
        return web.Response(body=rss(entry(1)), headers=[("Link", link) for link in links])

    async with serving(handler) as base:
        fetcher = Fetcher(bounds=LIMITS.bounds)
        answer = await fetcher.fetch(base + "/feed", internal=True)
        await fetcher.close()
    hints = FeedHints(hubs=("https://in.example/document",), self_url="https://in.example/feed")
    assert followed(None, answer, hints) == Subscription(hub=base + "/hub", topic="https://wire.example/feed")


def test_the_hub_that_stands_is_kept_while_the_feed_names_it() -> None:
    answer = Answer("ok", url="https://wire.example/feed")
    before = Subscription(hub="https://b.example/", topic="https://wire.example/feed", until=5.0)
    hints = FeedHints(hubs=("https://a.example/", "https://b.example/"))
    assert followed(before, answer, hints) is before
    assert followed(before, answer, FeedHints()) is None
    assert followed(before, answer, FeedHints(hubs=("ftp://a.example/",))) is None
    moved = followed(before, answer, FeedHints(hubs=("https://b.example/",), self_url="https://wire.example/new"))
    assert moved == Subscription(hub="https://b.example/", topic="https://wire.example/new")


def test_a_silent_hub_is_asked_less_and_less_and_a_lease_renewed_in_time() -> None:
    one = Subscription(hub="h", topic="t")
    waits = []
    for _ in range(6):
        one = asked(one, 1_000.0)
        waits.append(one.renew - 1_000.0)
    assert waits == [3_600, 7_200, 14_400, 28_800, 57_600, 86_400]
    one = confirmed(one, 7_200.0, 2_000.0)
    assert (one.tries, one.renew, one.until) == (0, 5_600.0, 9_200.0)
    assert confirmed(one, 0.0, 0.0).until == 300.0
    assert confirmed(one, 1e9, 0.0).until == 90 * 86_400
    assert confirmed(one, None, 0.0).until == LEASE
    assert denied(one, 3_000.0).until == 0.0


@pytest.mark.parametrize(
    ("subscription", "wait"),
    [
        (None, 10.0),
        (Subscription("h", "t", until=50_000.0), 10.0),
        (Subscription("h", "t", until=50_000.0, trusted=True), 600.0),
        (Subscription("h", "t", until=1_100.0, trusted=True), 100.0),
        (Subscription("h", "t", until=900.0, trusted=True), 10.0),
    ],
)
def test_polling_slows_only_behind_a_hub_that_is_first(subscription: Subscription | None, wait: float) -> None:
    assert slowed(subscription, 10.0, Interval(min=5, max=600), 1_000.0) == wait
