"""Fifty sources of every fault, polled beside a healthy one: outcome, time, memory, and what got through.

Each fault is served by a real server on loopback (names that do not resolve excepted) to the poller with its real
metrics, memory and child process. A fault passes where every poll ended in an outcome that is right for it, its
metric counted every poll, the healthy source was read all the while, nothing outside was touched, and the
resident memory of the poller and its child stayed within the bound. Exits 1 where one did not.
"""

import argparse
import asyncio
import gzip
import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import brotli
import msgspec
import structlog
import zstandard
from aiohttp import web
from prometheus_client import CollectorRegistry

from pipeline.item import decode_item
from pipeline.observe.poll import PollMetrics
from pipeline.poll.fetch import Bounds
from pipeline.poll.hosts import Manners
from pipeline.poll.poller import Poller, PollLimits
from pipeline.poll.sources import Source
from pipeline.record import Headers
from pipeline.state.sources_sqlite import SqlitePollMemory

GOAL_MB = 250
"""More than at the start, of the poller and its child together; 64 bodies of 2 MB may be under way at once."""
BOUNDS = Bounds(sent=2_000_000, unfolded=4_000_000, connect=1.0, silence=1.0, total=3.0)
NEVER = "http://127.0.0.1:%d/outside"
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(msgspec.Struct, frozen=True):
    """One way to misbehave, and the outcomes that are right for it."""

    name: str
    respond: Respond | None
    right: frozenset[str]
    url: str = ""
    headline: str = ""
    """Of the story that must get through, where one must."""
    polls: int = 1
    """Of each source."""


class Held:
    """A log in memory."""

    def __init__(self) -> None:
        self.headlines: dict[str, list[str]] = {}

    def publish(
        self, _topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """Keep the headlines by source."""
        for _, value, headers in records:
            if any(name == "newswire-error-code" for name, _ in headers) or not value:
                continue
            try:
                item = decode_item(value)
            except Exception:  # noqa: BLE001, S112  # a dead letter
                continue
            self.headlines.setdefault(item.provenance.source, []).append(item.headlines[0].value)
        return [(0, 0)] * len(records)


def item(number: str, title: str = "Harbour council weighs plan", date: str = "") -> str:
    """One RSS item of our own invention."""
    link = f"<link>https://oststrand.example/{title.replace(' ', '-')}</link>"
    return (
        f"<item><guid isPermaLink='false'>tag:oststrand.example,2026:{number}</guid><title>{title}</title>{link}{date}"
        f"<description>The council of Oststrand met about the new quay, plan {number}.</description></item>"
    )


def rss(items: str, head: str = '<?xml version="1.0" encoding="utf-8"?>') -> str:
    """A feed of these items."""
    return f'{head}<rss version="2.0"><channel><title>Oststrand Wire</title>{items}</channel></rss>'


def always(body: bytes, **headers: str) -> Respond:
    """The same answer to everybody."""

    async def respond(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return respond


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    await response.write(rss(item("1")).encode()[:150])
    assert request.transport is not None
    request.transport.close()
    return response


async def stall(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(10)
    return web.Response()


async def stall_midway(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"<rss>")
    await asyncio.sleep(10)
    return response


async def trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(60):
        await response.write(b" ")
        await asyncio.sleep(0.2)
    return response


async def around(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": str(request.url)})


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1_600):
        await response.write(b"x" * 65_536)
    return response


async def declared(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000000"})
    await response.prepare(request)
    await response.write(b"x" * 65_536)
    return response


_polled: dict[str, int] = {}


async def other_guids(request: web.Request) -> web.StreamResponse:
    _polled[request.path] = count = _polled.get(request.path, 0) + 1
    return web.Response(text=rss(item(f"{count}", "Ferry line drops night sailings")).replace(f"plan {count}", "plan"))


def skewed(seconds: float) -> Respond:
    async def respond(_request: web.Request) -> web.StreamResponse:
        when = time.time() + seconds
        body = rss(item("1", "Old bridge closes", f"<pubDate>{formatdate(when)}</pubDate>"))
        return web.Response(text=body, headers={"Date": formatdate(when, usegmt=True)})

    return respond


def status(code: int) -> Respond:
    async def respond(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers={"Retry-After": "1"})

    return respond


def doctype(inner: str, name: str = "rss", use: str = "&x;") -> bytes:
    """A feed behind a document type."""
    return f"<!DOCTYPE {name} [{inner}]>".encode() + rss(item("1", f"Bridge {use} closes"), "").encode()


def faults(port: int) -> list[Fault]:
    """All of them; `port` is the server's, for addresses that nobody may ask for."""
    zeros = bytes(100_000_000)
    laughs = '<!ENTITY a "haha">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    title = "Nürnberg – Bürgermeister tritt zurück"
    latin = rss(item("1", title.replace("–", "-")), '<?xml version="1.0" encoding="%s"?>')
    seen = {"published", "unchanged"}

    def fault(name: str, respond: Respond | None, right: set[str], **more: str | int) -> Fault:
        return Fault(name, respond, frozenset(right), **more)  # type: ignore[arg-type]

    return [
        fault("body cut short", cut, {"truncated"}),
        fault("gzip cut short", always(gzip.compress(rss(item("1") * 50).encode())[:-20], Content_Encoding="gzip"), {"truncated"}),
        fault("stalled before the headers", stall, {"timeout"}),
        fault("stalled in the body", stall_midway, {"timeout"}),
        fault("one byte at a time", trickle, {"timeout"}),
        fault("name that does not resolve", None, {"network_error", "timeout"}, url="http://no-such-name.invalid/f"),
        fault("nobody listens", None, {"network_error"}, url="http://127.0.0.1:9/f"),
        fault("TLS that is none", None, {"network_error"}, url=f"https://127.0.0.1:{port}/f"),
        fault("redirected in a circle", around, {"redirect_loop"}),
        fault("gzip bomb, 100 MB", always(gzip.compress(zeros, 6), Content_Encoding="gzip"), {"too_large"}),
        fault("brotli bomb, 100 MB", always(brotli.compress(zeros, quality=3), Content_Encoding="br"), {"too_large"}),
        fault("zstd bomb, 100 MB", always(zstandard.compress(zeros), Content_Encoding="zstd"), {"too_large"}),
        fault("100 MB without an end", endless, {"too_large"}),
        fault("100 MB declared", declared, {"too_large"}),
        fault("coding that lies", always(b"plain after all", Content_Encoding="gzip"), {"bad_encoding"}),
        fault("billion laughs", always(doctype(laughs, use="&m;")), {"unreadable", *seen}),
        fault("quadratic blow-up", always(doctype(f'<!ENTITY x "{"x" * 50_000}">', use="&x;" * 50_000)), {"unreadable", *seen}),
        fault("external entity, file", always(doctype('<!ENTITY x SYSTEM "file:///etc/passwd">')), {"unreadable", *seen}),
        fault("external entity, http", always(doctype(f'<!ENTITY x SYSTEM "{NEVER % port}">')), {"unreadable", *seen}),
        fault("external document type", always(f'<!DOCTYPE rss SYSTEM "{NEVER % port}">'.encode() + rss(item("1"), "").encode()), {"unreadable", *seen}),
        fault("Latin-1 called UTF-8", always((latin % "utf-8").encode("latin-1")), seen, headline=title.replace("–", "-")),
        fault("UTF-8 called Latin-1", always((latin % "iso-8859-1").replace(" - ", " – ").encode(), Content_Type="text/xml; charset=iso-8859-1"), seen),
        fault("UTF-8 called UTF-16", always((latin % "utf-16").encode()), seen, headline=title.replace("–", "-")),
        fault("UTF-16 called UTF-8", always((latin % "utf-8").encode("utf-16")), seen, headline=title.replace("–", "-")),
        fault("null bytes", always(b"\x00" * 50_000), {"unreadable"}),
        fault("null bytes in a feed", always(rss(item("1", "Old\x00 bridge")).encode()), {"unreadable", *seen}),
        fault("1 MB of < in CDATA", always(rss(item("1").replace("new quay", "<![CDATA[" + "<" * 1_000_000 + "]]>")).encode()), {"unreadable", "parser_killed"}),
        fault("50,000 levels of JSON", always(b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * 50_000), {"unreadable"}),
        fault("50,000 levels of XML", always(b"<nitf>" + b"<p>" * 50_000), {"unreadable"}),
        fault("a clock ten years ahead", skewed(3.2e8), seen, headline="Old bridge closes"),
        fault("a clock ten years behind", skewed(-3.2e8), seen, headline="Old bridge closes"),
        fault("other guids at every poll", other_guids, seen, headline="Ferry line drops night sailings", polls=4),
        fault("500 at every poll", status(500), {"http_error"}),
        fault("429 at every poll", status(429), {"throttled"}),
        fault("404 at every poll", status(404), {"gone"}),
    ]  # fmt: skip


class Server:
    """Every fault under its own path, a healthy feed under /good, and a place nobody may come to."""

    def __init__(self) -> None:
        self.outside = 0
        self.good = 0
        self.faults: list[Fault] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        first = request.path.split("/")[1]
        if first == "outside":
            self.outside += 1
        if first == "good":
            self.good += 1
            return web.Response(text=rss(item(f"good-{self.good}", f"Good {self.good}") + item("good", "Good")))
        respond = self.faults[int(first)].respond if first.isdigit() else None
        return await respond(request) if respond else web.Response(status=404)


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[int]:
    """Its port on loopback."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def resident(pid: int) -> int:
    """Bytes of a process and of its children."""
    total, page = 0, resource.getpagesize()
    tree = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        tree += [int(child) for child in (task / "children").read_text().split()]
    for one in tree:
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * page
        except OSError:
            continue
    return total


class Tried(msgspec.Struct):
    """What became of one fault."""

    outcomes: dict[str, int]
    seconds: float
    grown_mb: float
    wrong: list[str]


async def attempt(fault: Fault, number: int, port: int, server: Server, times: int) -> Tried:
    """Poll `times` sources with this fault, and one without."""
    registry, held = CollectorRegistry(), Held()
    url = fault.url or f"http://127.0.0.1:{port}/{number}"
    interval = {"min": 1, "max": 1}
    sources = [
        Source.model_validate({"id": f"bad-{n}", "url": f"{url}/{n}", "internal": True, "interval": interval})
        for n in range(times)
    ]
    sources.append(
        Source.model_validate({"id": "good", "url": f"http://127.0.0.1:{port}/good", "internal": True, "interval": interval, "priority": 1})
    )  # fmt: skip
    limits = PollLimits(first_spread=0.0, bounds=BOUNDS, internal_manners=Manners(at_once=64, spacing=0.0))
    with tempfile.TemporaryDirectory() as folder:
        memory = SqlitePollMemory(Path(folder) / "poll.db")
        poller = Poller(sources, held, memory, observer=PollMetrics(registry), limits=limits)
        stop, began, base = asyncio.Event(), time.monotonic(), resident(os.getpid())
        task, most = asyncio.create_task(poller.run(stop)), 0
        outcomes: dict[str, dict[str, int]] = {}
        while time.monotonic() - began < 120:
            most = max(most, resident(os.getpid()))
            outcomes = polls(registry)
            good = sum(outcomes.get("good", {}).values())
            done = [sum(outcomes.get(s.id, {}).values()) >= fault.polls for s in sources[:-1]]
            if all(done) and good >= 2:
                break
            await asyncio.sleep(0.02)
        stop.set()
        await task
        memory.close()
    wrong = [f"{s.id}: too few polls" for s, ended in zip(sources, done, strict=False) if not ended]
    counted: dict[str, int] = {}
    for source, ends in outcomes.items():
        for outcome, count in ends.items():
            if source != "good":
                counted[outcome] = counted.get(outcome, 0) + count
    wrong += [f"outcome {outcome}" for outcome in counted if outcome not in fault.right]
    wrong += ["the healthy source starved"] if outcomes.get("good", {}).get("published", 0) < 2 else []
    wrong += ["somebody came to where nobody may"] if server.outside else []
    if fault.headline:
        wrong += [f"{s.id}: {got}" for s in sources[:-1] if (got := held.headlines.get(s.id)) != [fault.headline]]
    wrong += ["a secret got out"] if any("root:" in h for hs in held.headlines.values() for h in hs) else []
    grown = (most - base) / 1e6
    wrong += [f"{grown:.0f} MB"] if grown > GOAL_MB else []
    return Tried(counted, time.monotonic() - began, grown, wrong)


def polls(registry: CollectorRegistry) -> dict[str, dict[str, int]]:
    """The poll counter, by source and outcome."""
    found: dict[str, dict[str, int]] = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name == "newswire_feed_polls_total":
                found.setdefault(sample.labels["source"], {})[sample.labels["outcome"]] = int(sample.value)
    return found


async def main(times: int, only: str) -> int:
    """Try every fault and print a line on each."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    server, failed = Server(), 0
    async with serving(server) as port:
        server.faults = faults(port)
        print(f"{'fault':32} {'polls':>6}  {'seconds':>7}  {'MB more':>7}  outcomes")
        for number, fault in enumerate(server.faults):
            if only not in fault.name:
                continue
            tried = await attempt(fault, number, port, server, times)
            ends = ", ".join(f"{outcome} {count}" for outcome, count in sorted(tried.outcomes.items()))
            print(
                f"{fault.name:32} {sum(tried.outcomes.values()):6}  {tried.seconds:7.1f}  {tried.grown_mb:7.0f}  {ends}"
            )
            for line in tried.wrong[:3]:
                print(f"    WRONG: {line}")
            failed += bool(tried.wrong)
    print(f"{failed} of {len(server.faults)} faults ended otherwise than they should")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.times, arguments.only)))
