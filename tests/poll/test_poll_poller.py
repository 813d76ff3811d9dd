"""The poller against servers on loopback: what arrives, once, and what is remembered."""

import asyncio
from pathlib import Path

from aiohttp import web
from poll_lab import LIMITS, CountingObserver, ListPublisher, entry, http_source, polling, rss, serving, until

from pipeline.poll.poller import Poller
from pipeline.poll.sources import Source
from pipeline.state.sources_sqlite import SqlitePollMemory


def poller(
    sources: list[Source], publisher: ListPublisher, path: Path, observer: CountingObserver | None = None
) -> Poller:
    """A poller with its memory in a file."""
    return Poller(sources, publisher, SqlitePollMemory(path / "poll.db"), observer=observer, limits=LIMITS)


async def test_a_feed_and_a_drop_folder_arrive_in_the_log(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "bulletin.txt").write_text("Ferry resumes after storm\n\nThe ferry to Nordholm sails again.\n")

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=rss(entry(1), entry(2)), content_type="application/rss+xml")

    publisher = ListPublisher()
    async with serving(handler) as base:
        folder = Source.model_validate({"id": "drop", "kind": "folder", "folder": drop})
        async with polling(poller([http_source(base), folder], publisher, tmp_path)):
            await until(lambda: len(publisher.records) == 3)
    assert sorted(publisher.headlines())[:1] == ["Ferry resumes after storm"]
    assert (drop / "done" / "bulletin.txt").exists()
    key, _, headers = next(r for r in publisher.records if b"oststrand" in (r[0] or b""))
    assert key == b"tag:oststrand.example,2026:1"
    assert dict(headers)["ce_source"] == b"urn:newswire:source:oststrand"
    assert dict(headers)["ce_type"] == b"newswire.item.raw"


async def test_only_what_is_new_or_edited_is_published_again_even_after_a_restart(tmp_path: Path) -> None:
    body = rss(entry(1), entry(2))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body)

    publisher, observer = ListPublisher(), CountingObserver()
    async with serving(handler) as base:
        async with polling(poller([http_source(base)], publisher, tmp_path, observer)):
            await until(lambda: len(publisher.records) == 2)
            await until(lambda: observer.outcomes["unchanged"] >= 1)
        body = rss(entry(3), entry(2, title="Harbour council drops plan 2"), entry(1))
        async with polling(poller([http_source(base)], publisher, tmp_path, observer)):
            await until(lambda: len(publisher.records) == 4)
            await until(lambda: observer.outcomes["unchanged"] >= 2)
    assert publisher.headlines()[2:] == ["Harbour council weighs plan 3", "Harbour council drops plan 2"]
    assert observer.gaps == 0


async def test_validators_are_sent_and_a_304_is_enough(tmp_path: Path) -> None:
    asked: list[tuple[str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        headers = {"ETag": '"a"', "Last-Modified": "Wed, 04 Mar 2026 05:00:00 GMT"}
        if request.headers.get("If-None-Match") == '"a"':
            return web.Response(status=304, headers=headers)
        return web.Response(body=rss(entry(1)), headers=headers)

    publisher, observer = ListPublisher(), CountingObserver()
    async with serving(handler) as base, polling(poller([http_source(base)], publisher, tmp_path, observer)):
        await until(lambda: observer.outcomes["not_modified"] >= 1)
    assert asked[:2] == [(None, None), ('"a"', "Wed, 04 Mar 2026 05:00:00 GMT")]
    assert len(publisher.records) == 1


async def test_a_log_that_is_down_costs_time_and_no_story(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=rss(entry(1), entry(2)), headers={"ETag": '"a"'})

    publisher, observer = ListPublisher(failures=2), CountingObserver()
    async with serving(handler) as base, polling(poller([http_source(base)], publisher, tmp_path, observer)):
        await until(lambda: len(publisher.records) == 2)
    assert observer.outcomes["log_down"] == 2


async def test_a_window_without_overlap_is_counted_as_a_possible_gap(tmp_path: Path) -> None:
    bodies = [rss(entry(1), entry(2)), rss(entry(3), entry(4)), rss(entry(3), entry(5))]

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bodies.pop(0) if len(bodies) > 1 else bodies[0])

    publisher, observer = ListPublisher(), CountingObserver()
    async with serving(handler) as base, polling(poller([http_source(base)], publisher, tmp_path, observer)):
        await until(lambda: len(publisher.records) == 5)
    assert observer.gaps == 1


async def test_two_pollers_share_the_sources_and_one_takes_over_when_the_other_leaves(tmp_path: Path) -> None:
    asked: dict[str, set[str]] = {}

    async def handler(request: web.Request) -> web.Response:
        asked.setdefault(request.path, set()).add(request.headers["User-Agent"])
        return web.Response(body=rss(entry(1)))

    limits = LIMITS.__class__(concurrency=4, first_spread=0.0, lease=1.5)
    memory = SqlitePollMemory(tmp_path / "poll.db")
    async with serving(handler) as base:
        sources = [http_source(f"{base}/{n}", f"s{n}") for n in range(6)]
        publisher = ListPublisher()
        first = Poller(sources, publisher, memory, limits=limits, contact="first")
        second = Poller(sources, publisher, memory, limits=limits, contact="second")
        async with polling(first):
            async with polling(second):
                await until(lambda: any("second" in a for agents in asked.values() for a in agents))
            asked.clear()
            await until(lambda: len(asked) == 6)
            assert all("first" in a for agents in asked.values() for a in agents)


async def test_a_reload_drops_old_sources_and_takes_up_new_ones(tmp_path: Path) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=rss(entry(1)))

    async with serving(handler) as base:
        lists = [(http_source(f"{base}/new", "new"),)]
        one = Poller(
            [http_source(f"{base}/old", "old")],
            ListPublisher(),
            SqlitePollMemory(tmp_path / "poll.db"),
            limits=LIMITS.__class__(concurrency=2, first_spread=0.0, lease=1.0),
            watch=lambda: lists.pop() if lists else None,
        )
        async with polling(one):
            await until(lambda: "/new" in asked)
            asked.clear()
            await asyncio.sleep(1.2)
    assert set(asked) == {"/new"}
