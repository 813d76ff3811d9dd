"""Servers that misbehave: each fault ends in a clear outcome, within its limits, and loses nothing."""

import asyncio
import gzip
import signal
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import brotli
import pytest
import zstandard
from aiohttp import web
from poll_lab import LIMITS, CountingObserver, ListPublisher, entry, http_source, polling, rss, serving, until
from yarl import URL

from pipeline.poll.fetch import Answer, Fetcher
from pipeline.poll.guard import ForbiddenAddressError, PublicResolver, check_url, is_public
from pipeline.poll.inflate import TooLargeError, inflate
from pipeline.poll.poller import Poller
from pipeline.state.sources_sqlite import SqlitePollMemory

TIMES = 50
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def fetched(handler: Respond, times: int = 1, path: str = "/") -> set[str]:
    """The outcomes of fetching from the handler so many times."""
    async with serving(handler) as base:
        fetcher = Fetcher(bounds=LIMITS.bounds)
        try:
            answers: list[Answer] = await asyncio.gather(
                *(fetcher.fetch(base + path, internal=True) for _ in range(times))
            )
        finally:
            await fetcher.close()
    return {a.outcome for a in answers}


async def test_a_body_cut_short_is_truncated(capsys) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(rss(entry(1))[:100])
        request.transport.close()
        return response

    assert await fetched(handler, TIMES) == {"truncated"}


async def test_a_gzip_body_cut_short_is_truncated() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(rss(entry(1)))[:-20], headers={"Content-Encoding": "gzip"})

    assert await fetched(handler, TIMES) == {"truncated"}


async def test_a_stalled_server_times_out() -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    assert await fetched(handler, TIMES) == {"timeout"}


async def test_a_redirect_loop_ends() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/again"})

    assert await fetched(handler, TIMES) == {"redirect_loop"}


async def test_an_endless_body_is_cut_off() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1600):
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    assert await fetched(handler, 1) == {"too_large"}
    assert sent < 50_000_000


async def test_a_declared_100_mb_are_not_even_begun() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000000"})
        await response.prepare(request)
        return response

    assert await fetched(handler, TIMES) == {"too_large"}


@pytest.mark.parametrize(
    ("coding", "fold"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
    ],
)
async def test_bombs_are_refused_in_every_coding(coding, fold) -> None:
    small, bomb = fold(b"a story"), fold(bytes(30_000_000))
    assert inflate(small, coding, 100) == b"a story"
    with pytest.raises(TooLargeError):
        inflate(bomb, coding, 400_000)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": coding})

    assert await fetched(handler, 5) == {"too_large"}


async def test_a_coding_that_lies_is_told() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"plain after all", headers={"Content-Encoding": "gzip"})

    assert await fetched(handler, TIMES) == {"bad_encoding"}


async def test_a_name_that_does_not_resolve_is_a_network_error() -> None:
    fetcher = Fetcher(bounds=LIMITS.bounds)
    try:
        assert (await fetcher.fetch("http://nowhere.invalid/")).outcome in {"network_error", "timeout"}
    finally:
        await fetcher.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_addresses_of_private_networks_are_not_public(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(ForbiddenAddressError):
        check_url(URL.build(scheme="http", host=address), internal=False)


def test_other_schemes_are_refused_even_inside() -> None:
    with pytest.raises(ForbiddenAddressError):
        check_url(URL("ftp://wire.example/feed"), internal=True)
    assert is_public("93.184.215.14")


class Rebinding(PublicResolver):
    """A name server that gives a public address first and loopback ever after."""

    def __init__(self) -> None:
        self.answers = ["93.184.215.14"]

    async def resolve(self, host, port=0, family=0):  # noqa: ARG002  # it speaks IPv4 only
        address = self.answers.pop() if self.answers else "127.0.0.1"
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None: ...


async def test_a_source_that_rebinds_to_loopback_is_refused() -> None:
    rebinding = Rebinding()
    rebinding.answers.clear()
    fetcher = Fetcher(bounds=LIMITS.bounds, resolver=rebinding)
    try:
        answer = await fetcher.fetch("http://wire.example/feed")
    finally:
        await fetcher.close()
    assert answer.outcome == "forbidden_address"


async def test_loopback_is_refused_unless_internal() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as base:
        fetcher = Fetcher(bounds=LIMITS.bounds)
        try:
            port = URL(base).port
            for address in (base, f"http://localhost:{port}/", f"http://2130706433:{port}/", f"http://[::1]:{port}/"):
                assert (await fetcher.fetch(address)).outcome == "forbidden_address", address
            assert (await fetcher.fetch(base, internal=True)).outcome == "ok"
        finally:
            await fetcher.close()


async def test_retry_after_and_a_permanent_redirect_are_understood() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/busy":
            return web.Response(status=429, headers={"Retry-After": "120"})
        if request.path == "/old":
            return web.Response(status=301, headers={"Location": "/new"})
        return web.Response(body=b"here")

    async with serving(handler) as base:
        fetcher = Fetcher(bounds=LIMITS.bounds, contact="desk@oststrand.example")
        try:
            busy = await fetcher.fetch(base + "/busy", internal=True)
            moved = await fetcher.fetch(base + "/old", internal=True)
        finally:
            await fetcher.close()
    assert (busy.outcome, busy.status, busy.retry_after) == ("http", 429, 120.0)
    assert (moved.outcome, moved.moved_to) == ("ok", base + "/new")


async def test_a_server_that_changes_every_guid_publishes_each_story_once(tmp_path: Path) -> None:
    polls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal polls
        polls += 1
        return web.Response(body=rss(*(entry(n, guid=f"urn:x:{polls}-{n}") for n in range(3))))

    publisher, observer = ListPublisher(), CountingObserver()
    memory = SqlitePollMemory(tmp_path / "poll.db")
    async with (
        serving(handler) as base,
        polling(Poller([http_source(base)], publisher, memory, observer=observer, limits=LIMITS)),
    ):
        await until(lambda: observer.outcomes["unchanged"] >= 2)
    memory.close()
    assert len(publisher.records) == 3
    assert observer.gaps == 0


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss version="2.0"><channel><title>&b;</title></channel></rss>',
        b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss version="2.0"><channel><title>&x;</title></channel></rss>',
        b"\x00" * 5000,
        b"\xff\xfe<rss>" + b"\x00\xd8" * 300,
    ],
)
async def test_hostile_documents_end_in_an_outcome_and_the_poller_goes_on(tmp_path: Path, body: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=rss(entry(1)) if request.path == "/good" else body)

    publisher, observer = ListPublisher(), CountingObserver()
    memory = SqlitePollMemory(tmp_path / "poll.db")
    async with serving(handler) as base:
        sources = [http_source(base + "/bad", "bad"), http_source(base + "/good", "good")]
        async with polling(Poller(sources, publisher, memory, observer=observer, limits=LIMITS)):
            await until(lambda: sum(observer.outcomes.values()) >= 2 and publisher.records)
    memory.close()
    assert b"root" not in b"".join(value or b"" for _, value, _ in publisher.records)
    assert set(observer.outcomes) <= {"published", "unchanged", "unreadable"}


KILLED = textwrap.dedent("""
    import asyncio, os, signal, sys
    from pathlib import Path
    from pipeline.poll.poller import Poller, PollLimits
    from pipeline.poll.sources import Source
    from pipeline.state.sources_sqlite import SqlitePollMemory

    class FilePublisher:
        def publish(self, topic, records):
            with open(sys.argv[2], "ab") as out:
                for key, value, headers in records:
                    out.write(key + b"\\n")
                out.flush()
            if sys.argv[4] == "after-publish":
                os.kill(os.getpid(), signal.SIGKILL)
            return [(0, 0)] * len(records)

    class DyingMemory(SqlitePollMemory):
        def seen(self, source, ids):
            if sys.argv[4] == "after-fetch":
                os.kill(os.getpid(), signal.SIGKILL)
            return super().seen(source, ids)

        def save(self, saves, now):
            fenced = super().save(saves, now)
            if any(s[3] for s in saves):
                os.kill(os.getpid(), signal.SIGKILL)
            return fenced

    source = Source.model_validate({"id": "o", "url": sys.argv[1], "internal": True})
    poller = Poller([source], FilePublisher(), DyingMemory(Path(sys.argv[3])), limits=PollLimits(first_spread=0.0, lease=2.0))
    asyncio.run(poller.run(asyncio.Event()))
""")


async def test_killed_between_fetch_and_cursor_nothing_is_lost(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=rss(entry(1), entry(2), entry(3)), headers={"ETag": '"a"'})

    out = tmp_path / "published"
    async with serving(handler) as base:
        for moment in ("after-fetch", "after-publish", "after-save"):
            command = [sys.executable, "-c", KILLED, base, str(out), str(tmp_path / "poll.db"), moment]
            process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
            assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL, moment
            await asyncio.sleep(2.1)
    keys = out.read_bytes().split() if out.exists() else []
    # Each story once for the process that died after publishing, and once for the one that saved.
    assert sorted(set(keys)) == [b"tag:oststrand.example,2026:%d" % n for n in (1, 2, 3)]
    assert len(keys) == 6
