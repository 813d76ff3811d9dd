"""Article pages behind teasers: fetched once a version, politely, and never at the cost of the feeds."""

import asyncio
from collections import Counter
from pathlib import Path

from aiohttp import web
from msgspec.structs import replace
from poll_lab import LIMITS, CountingObserver, ListPublisher, entry, http_source, polling, rss, serving, until

from pipeline.poll.pages import PageLimits
from pipeline.poll.poller import Poller
from pipeline.state.sources_sqlite import SqlitePollMemory

QUICK = replace(LIMITS, pages=PageLimits(at_once=4, retries=(0.5, 0.5), log_down=0.1))
LONG = "The council of Oststrand voted on Tuesday to build the new quay after nine years of argument. "


def page(number: int, agency: str = "OSW") -> bytes:
    """An article page of our own invention."""
    stated = (
        f'{{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "Quay {number}", '
        f'"datePublished": "2026-03-04T05:00:00Z", "author": {{"@type": "Person", "name": "Ada Strand"}}, '
        f'"publisher": {{"@type": "Organization", "name": "{agency}"}}}}'
    )
    paragraphs = "".join(f"<p>{LONG}Part {n} of story {number}.</p>" for n in range(6))
    return (
        f'<!doctype html><html><head><title>Quay {number}</title><script type="application/ld+json">{stated}</script>'
        f"</head><body><nav>Home</nav><article><h1>Quay {number}</h1>{paragraphs}</article></body></html>"
    ).encode()


class Site:
    """A feed with teasers at ``/feed`` and its articles; `broken` says what is answered instead of an article."""

    def __init__(self, count: int = 2) -> None:
        self.base = ""
        self.titles = {n: f"Quay {n}" for n in range(count)}
        self.robots = "User-agent: *\nAllow: /\n"
        self.broken: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.slow = 0.0
        self.asked = Counter[str]()
        self.conditional = 0
        self.accepted: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        self.asked[path] += 1
        if path == "/robots.txt":
            return web.Response(text=self.robots) if self.robots else web.Response(status=404)
        if path == "/feed":
            body = rss(*(entry(n, title) for n, title in self.titles.items()))
            return web.Response(body=body.replace(b"https://oststrand.example/", f"{self.base}/".encode()))
        if path == "/other":
            return web.Response(body=rss(entry(100 + self.asked[path])))
        return await self.article(request, path)

    async def article(self, request: web.Request, path: str) -> web.Response:
        self.accepted.add(request.headers["Accept"])
        await asyncio.sleep(self.slow)
        if path in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[path]})
        if path in self.broken:
            return web.Response(status=self.broken[path])
        if request.headers.get("If-None-Match") == '"p"':
            self.conditional += 1
            return web.Response(status=304, headers={"ETag": '"p"'})
        return web.Response(body=page(int(path[1:])), content_type="text/html", headers={"ETag": '"p"'})


class Desk:
    """A poller of the site's feed with its memory in a file."""

    def __init__(self, path: Path) -> None:
        self.publisher, self.observer = ListPublisher(), CountingObserver()
        self.memory = SqlitePollMemory(path / "poll.db")

    def poller(self, site: Site, *others: str) -> Poller:
        sources = [http_source(f"{site.base}/feed", fulltext="page", agency=None)]
        sources += [http_source(site.base + other, other.strip("/")) for other in others]
        return Poller(sources, self.publisher, self.memory, observer=self.observer, limits=QUICK)

    def marks(self) -> list[tuple[str, str]]:
        """Headline and mark of what was published."""
        return [(i.headlines[0].value, str(i.extra.get("fulltext"))) for i in self.publisher.items()]


async def test_the_full_text_is_published_in_place_of_the_teaser(tmp_path: Path) -> None:
    site, desk = Site(), Desk(tmp_path)
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 2)
        await until(lambda: site.asked["/feed"] >= 3)
    assert sorted(desk.marks()) == [("Quay 0", "page"), ("Quay 1", "page")]
    item = next(i for i in desk.publisher.items() if i.headlines[0].value == "Quay 0")
    assert item.uri == "tag:oststrand.example,2026:0"
    assert item.format == "rss20"
    assert "Part 5 of story 0." in item.bodies[0].value
    assert item.bylines == ("Ada Strand",)
    assert item.agency == "OSW"
    assert item.published == "2026-03-04T05:00:00Z"
    assert "0th time" in item.descriptions[0].value
    # Each page once, and robots.txt once for all of them.
    assert {path: site.asked[path] for path in ("/0", "/1", "/robots.txt")} == {"/0": 1, "/1": 1, "/robots.txt": 1}
    assert all(accepted.startswith("text/html") for accepted in site.accepted)
    desk.memory.close()


async def test_an_edited_entry_asks_for_its_page_again_conditionally(tmp_path: Path) -> None:
    site, desk = Site(1), Desk(tmp_path)
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 1)
        site.titles[0] = "Quay 0 to be built"
        await until(lambda: len(desk.publisher.records) == 2)
    assert desk.marks() == [("Quay 0", "page"), ("Quay 0 to be built", "page")]
    assert "Part 5 of story 0." in desk.publisher.items()[1].bodies[0].value
    assert site.conditional == 1
    desk.memory.close()


async def test_a_failed_page_gives_the_teaser_marked_and_later_the_text(tmp_path: Path) -> None:
    site, desk = Site(1), Desk(tmp_path)
    site.broken["/0"] = 500
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 1)
        site.broken.clear()
        await until(lambda: len(desk.publisher.records) == 2)
    assert desk.marks() == [("Quay 0", "teaser"), ("Quay 0", "page")]
    first, second = desk.publisher.items()
    assert first.extra["fulltextWhy"] == "http_error"
    assert first.uri == second.uri
    assert desk.observer.pages == {"http_error": 1, "ok": 1}
    desk.memory.close()


async def test_a_page_that_stays_away_is_given_up_after_the_last_try(tmp_path: Path) -> None:
    site, desk = Site(1), Desk(tmp_path)
    site.broken["/0"] = 404
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: desk.observer.pages["gone"] == 3)
        await asyncio.sleep(0.8)
    assert desk.marks() == [("Quay 0", "teaser")]
    assert site.asked["/0"] == 3
    desk.memory.close()


async def test_what_robots_txt_forbids_is_not_fetched(tmp_path: Path) -> None:
    site, desk = Site(2), Desk(tmp_path)
    site.robots = "User-agent: newswire\nDisallow: /1\n"
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 2)
    assert sorted(desk.marks()) == [("Quay 0", "page"), ("Quay 1", "teaser")]
    assert site.asked["/1"] == 0
    assert desk.observer.pages == {"ok": 1, "disallowed": 1}
    desk.memory.close()


async def test_no_robots_txt_forbids_nothing(tmp_path: Path) -> None:
    site, desk = Site(1), Desk(tmp_path)
    site.robots = ""
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 1)
    assert desk.marks() == [("Quay 0", "page")]
    desk.memory.close()


async def test_slow_pages_hold_up_no_feed(tmp_path: Path) -> None:
    site, desk = Site(30), Desk(tmp_path)
    site.slow = 1.0
    async with serving(site.answer) as site.base, polling(desk.poller(site, "/other")):
        await until(lambda: desk.publisher.records)
        await until(lambda: min(site.asked["/feed"], site.asked["/other"]) >= 3)
        waiting = 30 - desk.observer.pages["ok"]
    assert waiting > 0
    desk.memory.close()


async def test_entries_that_wait_for_their_pages_survive_a_restart(tmp_path: Path) -> None:
    site, desk = Site(3), Desk(tmp_path)
    site.slow = 1.2
    async with serving(site.answer) as site.base:
        async with polling(desk.poller(site)):
            await until(lambda: site.asked["/0"])
            await until(lambda: desk.observer.outcomes["published"])
        assert desk.publisher.records == []
        site.titles.clear()
        site.slow = 0.0
        async with polling(desk.poller(site)):
            await until(lambda: len(desk.publisher.records) == 3)
    assert {mark for _, mark in desk.marks()} == {"page"}
    desk.memory.close()


async def test_a_log_that_is_down_loses_no_page(tmp_path: Path) -> None:
    site, desk = Site(1), Desk(tmp_path)
    desk.publisher.failures = 1
    async with serving(site.answer) as site.base, polling(desk.poller(site)):
        await until(lambda: len(desk.publisher.records) == 1)
    assert desk.marks() == [("Quay 0", "page")]
    desk.memory.close()


async def test_a_redirect_leads_to_the_other_hosts_rules(tmp_path: Path) -> None:
    site, other, desk = Site(2), Site(2), Desk(tmp_path)
    other.robots = "User-agent: *\nDisallow: /1\n"
    async with serving(site.answer) as site.base, serving(other.answer) as other.base:
        site.moved = {f"/{n}": f"{other.base}/{n}" for n in range(2)}
        async with polling(desk.poller(site)):
            await until(lambda: len(desk.publisher.records) == 2)
    assert sorted(desk.marks()) == [("Quay 0", "page"), ("Quay 1", "teaser")]
    desk.memory.close()


async def test_links_that_lead_nowhere_end_in_the_teaser(tmp_path: Path) -> None:
    bad = ["http://[::1/", "ftp://oststrand.example/1", "http:///", "https://oststrand.example:99999/", "mailto:desk"]

    async def handler(request: web.Request) -> web.Response:
        body = rss(*(entry(n).replace(f"https://oststrand.example/{n}", one) for n, one in enumerate(bad)))
        return web.Response(body=body) if request.path == "/feed" else web.Response(status=404)

    desk = Desk(tmp_path)
    async with serving(handler) as base:
        source = http_source(f"{base}/feed", fulltext="page")
        async with polling(Poller([source], desk.publisher, desk.memory, observer=desk.observer, limits=QUICK)):
            await until(lambda: len(desk.publisher.records) == len(bad))
    assert {mark for _, mark in desk.marks()} == {"teaser"}
    desk.memory.close()
