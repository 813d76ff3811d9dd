"""Posting to a receiver that checks, fails, refuses and goes away."""

import asyncio
import base64
import hashlib
import hmac
import threading
from collections import Counter

import pytest
from aiohttp import web
from test_sink_contract import delivery

from pipeline.errors import Permanent, Transient
from pipeline.sink.webhook import WebhookSink
from pipeline.story import CANCELED

SECRET = b"between us"


class Receiver:
    """Keeps what it takes; `answers` are given to the next posts, one each, and then 200."""

    def __init__(self):
        self.taken = []
        self.answers = []
        self.loop = asyncio.new_event_loop()
        self.bound = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.bound.wait(5)

    def _run(self):
        self.loop.run_until_complete(self._open())
        self.loop.run_forever()
        self.loop.run_until_complete(self.runner.cleanup())
        self.loop.close()

    async def _open(self):
        application = web.Application()
        application.router.add_post("/hook", self._take)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/hook"
        self.bound.set()

    async def _take(self, request):
        status = self.answers.pop(0) if self.answers else 200
        body = await request.read()
        if status == 200:
            self.taken.append((dict(request.headers), body))
        return web.Response(
            status=status, text=f"answered {status}", headers={"Location": "/else"} if status == 302 else {}
        )

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sink(receiver):
    made = WebhookSink("hook", receiver.url, secret=SECRET, headers={"X-Desk": "night"})
    yield made
    made.close()


def test_a_post_is_signed_and_says_what_it_is(receiver, sink):
    one = delivery(0, "urn:a", 1)
    assert list(sink.write([one, delivery(1, "urn:b", 2, status=CANCELED)])) == [None, None]
    by_kind = {headers["ce-type"]: (headers, body) for headers, body in receiver.taken}
    headers, body = by_kind["newswire.story.released"]
    assert body == one.value
    assert headers["X-Desk"] == "night"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert "newswire.story.killed" in by_kind


def test_versions_of_a_story_arrive_in_order(receiver, sink):
    batch = [delivery(n, f"urn:{n % 7}", n) for n in range(140)]
    sink.write(batch)
    for story in {d.uri for d in batch}:
        mine = [d.value for d in batch if d.uri == story]
        assert [body for _, body in receiver.taken if body in mine] == mine


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 302])
def test_an_outage_is_waited_out_and_what_got_through_is_not_posted_again(receiver, sink, status):
    batch = [delivery(n, f"urn:{n}", 1) for n in range(20)]
    receiver.answers = [200] * 5 + [status] * 3
    with pytest.raises(Transient, match=str(status)):
        sink.write(batch)
    assert list(sink.write(batch)) == [None] * 20
    assert Counter(body for _, body in receiver.taken) == Counter(d.value for d in batch)


def test_an_older_version_that_fails_holds_back_the_newer_ones_of_its_story(receiver, sink):
    receiver.answers = [503]
    batch = [delivery(0, "urn:a", 1), delivery(1, "urn:a", 2)]
    with pytest.raises(Transient):
        sink.write(batch)
    assert receiver.taken == []
    sink.write(batch)
    assert [body for _, body in receiver.taken] == [d.value for d in batch]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_the_receiver_refuses_is_refused_alone(receiver, sink, status):
    receiver.answers = [status]
    first, second = sink.write([delivery(0, "urn:a", 1)]), sink.write([delivery(1, "urn:b", 1)])
    assert isinstance(first[0], Permanent)
    assert list(second) == [None]


def test_what_a_kill_overtook_is_not_posted_after_it(receiver, sink):
    kill = delivery(0, "urn:a", 3, status=CANCELED)
    sink.write([kill])
    assert (
        list(sink.write([delivery(5, "urn:a", 1), delivery(6, "urn:a", 2), kill, delivery(7, "urn:b", 1)]))
        == [None] * 4
    )
    assert [headers["ce-type"] for headers, _ in receiver.taken] == ["newswire.story.killed", "newswire.story.released"]
    sink.write([delivery(8, "urn:a", 4)])
    assert len(receiver.taken) == 3


def test_nobody_there_is_an_outage():
    sink = WebhookSink("hook", "http://127.0.0.1:9/hook", timeout=2)
    with pytest.raises(Transient):
        sink.write([delivery(0, "urn:a", 1)])
    sink.close()


def test_an_attempt_has_the_same_id_whenever_it_is_made(receiver, sink):
    one = delivery(0, "urn:a", 1)
    sink.write([one])
    again = WebhookSink("hook", receiver.url)
    again.write([one])
    again.close()
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1
    assert len(receiver.taken) == 2
