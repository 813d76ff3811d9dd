"""What can't be read goes to the dead letters with its bytes, once, by whatever way it came."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from poll_lab import LIMITS, NOW, CountingObserver, ListPublisher, entry, http_source, polling, rss, serving, until

from pipeline.errors import Permanent
from pipeline.poll.dead_letters import CUT, KEPT_BYTES, DeadLetters, publish_letters
from pipeline.poll.folder import FolderWatch
from pipeline.poll.poller import Poller
from pipeline.poll.push import PushEndpoint
from pipeline.poll.reading import DocumentReader
from pipeline.poll.sources import Source
from pipeline.state.sources_sqlite import SqlitePollMemory
from pipeline.work.deadletter import SUFFIX, dead_letter_headers

LETTERS = DeadLetters(dead_letter_headers, "wire.raw", SUFFIX, "9.9")
BAD = b'{"title": "no feed", "items": '
HALF_BAD = b'{"version": "https://jsonfeed.org/version/1.1", "title": "Oststrand", "items": [{"id": "1", "content_text": "Ferry sails."}, 7]}'
EXCEPTION = "__connect.errors.exception.class.name"


async def polled_twice(tmp_path: Path, body: bytes) -> tuple[ListPublisher, CountingObserver]:
    """What comes of a source that gives this at each poll, over two polls and a restart."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    publisher, observer = ListPublisher(), CountingObserver()
    memory = SqlitePollMemory(tmp_path / "poll.db")
    async with serving(handler) as base:
        for turn in (1, 2):
            one = Poller(
                [http_source(base)], publisher, memory, observer=observer, limits=LIMITS, dead_letters=LETTERS,
                clock=lambda: NOW,
            )  # fmt: skip
            async with polling(one):
                await until(lambda most=turn: sum(observer.outcomes.values()) >= most)
    memory.close()
    return publisher, observer


async def test_a_document_that_cannot_be_read_is_dead_lettered_once(tmp_path: Path) -> None:
    publisher, observer = await polled_twice(tmp_path, BAD)
    assert observer.outcomes == {"unreadable": 2}
    assert observer.dead == {"bad_json": 1}
    [(key, value, headers)] = publisher.letters
    assert (key, value) == (b"oststrand", BAD)
    told = dict(headers)
    assert told["__connect.errors.stage"] == b"poll"
    assert told["__connect.errors.topic"] == b"wire.raw"
    assert told[EXCEPTION] == b"bad_json"
    assert told["newswire.dlq.attempt"] == b"1"
    assert told["content-type"] == b"application/json"
    assert publisher.records == []


async def test_a_document_with_a_bad_item_gives_its_others_and_a_letter(tmp_path: Path) -> None:
    publisher, observer = await polled_twice(tmp_path, HALF_BAD)
    assert len(publisher.records) == 1
    assert sum(observer.dead.values()) == 1
    [(_, value, headers)] = publisher.letters
    assert value == HALF_BAD
    assert dict(headers)["__connect.errors.exception.message"].startswith(b"item 1: ")


def test_a_dropped_file_that_cannot_be_read_is_dead_lettered_as_well(tmp_path: Path) -> None:
    source = Source.model_validate({"id": "drop", "kind": "folder", "folder": tmp_path})
    publisher, observer = ListPublisher(), CountingObserver()
    (tmp_path / "bad.json").write_bytes(BAD)
    (tmp_path / "half.json").write_bytes(HALF_BAD)
    watch = FolderWatch(source, publisher, DocumentReader(), settle=0.0, observer=observer, dead_letters=LETTERS)
    assert watch.scan() == 2
    assert [value for _, value, _ in publisher.letters] == [BAD, HALF_BAD]
    assert len(publisher.records) == 1
    assert sum(observer.dead.values()) == 2


async def test_what_is_pushed_and_cannot_be_read_is_dead_lettered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_KEY", "s3cret")
    source = Source.model_validate({"id": "partner", "kind": "push", "credentials": {"bearer": "PARTNER_KEY"}})
    publisher, observer, statuses = ListPublisher(), CountingObserver(), []
    push = PushEndpoint([source], publisher, DocumentReader(), observer=observer, dead_letters=LETTERS)
    application = web.Application()
    push.attach(application)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/ingest/partner"
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer s3cret"}) as session:
        for body in (BAD, BAD, HALF_BAD, rss(entry(1))):
            async with session.post(address, data=body) as response:
                statuses.append(response.status)
    await runner.cleanup()
    assert statuses == [422, 422, 202, 202]
    assert [value for _, value, _ in publisher.letters] == [BAD, HALF_BAD]
    assert len(publisher.records) == 2


class Narrow(ListPublisher):
    """A log with a limit on its records."""

    def publish(self, topic, records):
        if any(len(value) > KEPT_BYTES for _, value, _ in records):
            raise Permanent("too_large_for_log", "too large")
        return super().publish(topic, records)


def test_of_a_letter_too_large_for_the_log_the_beginning_is_kept() -> None:
    publisher = Narrow()
    publish_letters(publisher, "wire.raw.dlq", [(b"a", b"x" * 300_000, ()), (b"b", b"y", ())])
    first, second = publisher.letters
    assert first == (b"a", b"x" * KEPT_BYTES, ((CUT, b"300000"),))
    assert second == (b"b", b"y", ())
