# ruff: noqa: ARG002, ASYNC110, ASYNC240  # protocols pass more than is counted; waiting by looking is fine here
"""Speed and memory of the poller against a bare aiohttp loop, over 10,000 sources on loopback.

Both ask the same server, on the same kind of loop (uvloop), with the same number of requests under way and the
same validators. Half of the sources answer 304, half 200 with the body they had before, and in `--changed` of
all polls with a story more. The bare loop fetches and counts; it keeps no state, schedule, lease or memory.
Rounds are interleaved, figures are medians. Exits 1 where a goal is missed, unless `--no-fail`.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import uvloop

from pipeline.poll.hosts import Manners
from pipeline.poll.interfaces import Silent
from pipeline.poll.poller import Poller, PollLimits
from pipeline.poll.sources import Source
from pipeline.record import Headers
from pipeline.state.sources_sqlite import SqlitePollMemory

GOAL, GOAL_MB = 0.6, 250
AT_ONCE = 64


class Canned(asyncio.Protocol):
    """A server that costs next to nothing: canned answers by path, 304 to whoever names the tag."""

    changed = 0.0
    counter = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head))  # type: ignore[attr-defined]  # TCP transports write

    def _answer(self, head: bytes) -> bytes:
        number = int(head[5 : head.index(b" ", 5)])
        extra = next(self.counter) if self.changed and random.random() < self.changed else 0
        if number % 2 and not extra and b"If-None-Match" in head:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "tag"\r\n\r\n'
        body = feed(number, extra)
        tag = b'ETag: "tag"\r\n' if number % 2 else b""
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n%bContent-Length: %d\r\n\r\n%b" % (
            tag,
            len(body),
            body,
        )


FILLER = b"The council of Oststrand met again about the new quay. " * 40


def feed(number: int, extra: int) -> bytes:
    """A feed of some 2.5 KB with one story, or with another one on top."""
    item = b"<item><guid>tag:oststrand.example,2026:%d/%d</guid><title>Quay plan %d</title><description>%b</description></item>"
    items = [item % (number, extra, extra, b"More of the same.")] if extra else []
    items.append(item % (number, 0, number, FILLER))
    return b'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire %d</title>%b</channel></rss>' % (
        number,
        b"".join(items),
    )


def serve(pipe: Connection, changed: float) -> None:
    """The server's process."""

    async def main() -> None:
        Canned.changed = changed
        server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0, backlog=512)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(main())


class Counter(Silent):
    """Counts polls."""

    def __init__(self) -> None:
        self.polls = 0
        self.failed = 0

    def polled(self, source: str, outcome: str, seconds: float) -> None:
        self.polls += 1
        self.failed += outcome not in ("published", "unchanged", "not_modified")


class Nowhere:
    """A log that acknowledges everything at once."""

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        return [(0, n) for n in range(len(records))]


async def bare(base: str, count: int, seconds: float) -> float:
    """Polls a second of a bare loop."""
    done = 0
    numbers = itertools.cycle(range(count))
    deadline = time.perf_counter() + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def work() -> None:
            nonlocal done
            while time.perf_counter() < deadline:
                number = next(numbers)
                headers = {"If-None-Match": '"tag"'} if number % 2 else {}
                async with session.get(f"{base}/{number}", headers=headers) as response:
                    await response.read()
                done += 1

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - began)


async def polled(
    sources: list[Source], memory: SqlitePollMemory, seconds: float, *, first: bool
) -> tuple[float, float]:
    """Polls a second of the poller, and its memory in MB; the first time, only warm the memory up."""
    counter = Counter()
    limits = PollLimits(concurrency=AT_ONCE, first_spread=0.0, internal_manners=Manners(at_once=AT_ONCE, spacing=0.0))
    poller = Poller(sources, Nowhere(), memory, observer=counter, limits=limits)
    stop = asyncio.Event()
    task = asyncio.create_task(poller.run(stop))
    while counter.polls < (len(sources) if first else 1000) and not task.done():
        await asyncio.sleep(0.1)
    before, began = counter.polls, time.perf_counter()
    await asyncio.sleep(0 if first else seconds)
    rate = (counter.polls - before) / (time.perf_counter() - began)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    stop.set()
    await task
    if counter.failed:
        sys.exit(f"{counter.failed} polls failed: the figures mean nothing")
    return rate, resident


def main() -> int:
    """Measure and print; the exit code says whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round and side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--changed", type=float, default=0.002, help="share of polls that find a new story")
    parser.add_argument("--no-fail", action="store_true", help="report only")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options.changed), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{ours.recv()}"
    sources = [
        Source.model_validate({"id": f"s{n}", "url": f"{base}/{n}", "internal": True, "interval": {"min": 1, "max": 1}})
        for n in range(options.sources)
    ]
    mine, other, resident = [], [], 0.0
    with tempfile.TemporaryDirectory() as name:
        memory = SqlitePollMemory(Path(name) / "poll.db")
        uvloop.run(polled(sources, memory, 0, first=True))
        for number in range(options.rounds):
            rate, size = uvloop.run(polled(sources, memory, options.seconds, first=False))
            mine.append(rate)
            resident = max(resident, size)
            other.append(uvloop.run(bare(base, options.sources, options.seconds)))
            print(f"round {number + 1}: poller {mine[-1]:7.0f}/s   bare loop {other[-1]:7.0f}/s   {size:.0f} MB")
        memory.close()
    server.terminate()
    ratio = statistics.median(mine) / statistics.median(other)
    print(
        f"{options.sources} sources, medians: poller {statistics.median(mine):.0f}/s, bare {statistics.median(other):.0f}/s,"
        f" ratio {ratio:.2f} (goal {GOAL}: {'met' if ratio >= GOAL else 'MISSED'});"
        f" resident {resident:.0f} MB (goal {GOAL_MB}: {'met' if resident <= GOAL_MB else 'MISSED'})"
    )
    return 0 if options.no_fail or (ratio >= GOAL and resident <= GOAL_MB) else 1


if __name__ == "__main__":
    sys.exit(main())
