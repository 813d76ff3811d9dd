"""A state server that dies, goes away, hangs, fills up or forgets; and a poller that is stopped."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import redis
from state_server import Server

from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Member
from pipeline.errors import Fatal, Transient
from pipeline.state.sources_redis import RedisPollMemory
from pipeline.state.sources_sqlite import SqlitePollMemory
from pipeline.state.stories_redis import RedisStoryIndex

NEW, KNOWN = Decision("new", 1), Known(1, ())
HOLDER = Path(__file__).with_name("lease_holder.py")


def member(uri):
    return Member(uri, uri, "prensa", 1000, 1000, 60, True, b"b" * 16, b"band" * 49, b"shingles" * 50, b"")


def calls_of(index, memory):
    """One of each call that reaches the server."""
    return [
        lambda: index.claims(["a"]),
        lambda: index.known(["a"]),
        lambda: index.texts(["a"]),
        lambda: index.since(0),
        lambda: index.members([1]),
        lambda: index.remember({"a": NEW}, {}),
        lambda: memory.cursors(["a"]),
        lambda: memory.seen("a", [b"12345678"]),
        lambda: memory.save([("a", 1, b"", (), 1)], 0),
        lambda: memory.share("a", ["a"], 1, 0),
        lambda: memory.leave("a"),
    ]


@pytest.fixture
def own_server():
    """A server for this test alone, to be killed."""
    server = Server()
    server.start()
    yield server
    server.close()


def test_what_was_acknowledged_outlives_the_server_and_the_rest_is_whole_or_absent(own_server):
    kills, size, stop = 8, 20, threading.Event()
    acknowledged, asked, failed = [], [], []

    def write():
        with closing(RedisStoryIndex(own_server.url)) as index, closing(RedisPollMemory(own_server.url)) as memory:
            while not stop.is_set():
                n = len(asked)
                asked.append(n)
                uris = [f"urn:{n}:{i}" for i in range(size)]
                try:
                    index.remember(dict.fromkeys(uris, NEW), dict.fromkeys(uris, KNOWN), [member(u) for u in uris])
                    memory.save([("feed", 1, b"%d" % n, [(b"%08d" % n, b"hash")], n)], time.time())
                    acknowledged.append(n)
                except Transient:
                    failed.append(n)
                    time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(kills):
        before = len(acknowledged)
        while len(acknowledged) < before + 20:
            time.sleep(0.005)
        own_server.stop()
        own_server.start()
    stop.set()
    writer.join()
    assert len(failed) >= kills
    with closing(RedisStoryIndex(own_server.url)) as index, closing(RedisPollMemory(own_server.url)) as memory:
        numbers = []
        while marks := index.since(numbers[-1] if numbers else 0):
            numbers += [mark.number for mark in marks]
        assert numbers == [*range(1, len(numbers) + 1)]
        there = {n: index.claims([f"urn:{n}:{i}" for i in range(size)]) for n in asked}
        whole = [n for n in asked if len(there[n]) == size]
        assert all(len(found) in (0, size) for found in there.values())
        assert set(acknowledged) <= set(whole)
        texts = index.texts([f"urn:{n}:{i}" for n in whole for i in range(size)])
        assert len(texts) == len(whole) * size == len(numbers)
        assert len(memory.seen("feed", [b"%08d" % n for n in acknowledged])) == len(acknowledged)
        assert int(memory.cursors(["feed"])["feed"]) >= acknowledged[-1]


def test_a_server_that_is_away_is_waited_for(own_server):
    own_server.stop()
    with closing(RedisStoryIndex(own_server.url)) as index, closing(RedisPollMemory(own_server.url)) as memory:
        for call in calls_of(index, memory):
            with pytest.raises(Transient, match="state server"):
                call()
        own_server.start()
        for call in calls_of(index, memory):
            call()


def test_a_server_that_hangs_is_given_up_in_time(own_server):
    with closing(RedisStoryIndex(own_server.url, timeout=0.2)) as index:
        own_server.send(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Transient):
            index.remember({"a": NEW}, {})
        assert time.monotonic() - began < 2
        own_server.send(signal.SIGCONT)
        assert index.remember({"a": Decision("stale", 1)}, {"a": KNOWN})
        # Which of the two came first is the server's to say; whichever it is stays.
        kept = index.claims(["a"])
        index.remember({"a": Decision("update", 9)}, {})
        assert index.claims(["a"]) == kept


def test_a_full_server_keeps_all_or_nothing(own_server):
    with redis.Redis(port=own_server.port) as client, closing(RedisStoryIndex(own_server.url)) as index:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 300_000)
        for n in range(10_000):
            try:
                index.remember({f"{n}": NEW}, {f"{n}": KNOWN}, [member(f"{n}")])
            except Transient:
                break
        else:
            pytest.fail("it never filled up")
        assert index.claims([f"{n}"]) == index.known([f"{n}"]) == {}
        assert len(index.since(0)) == n
        client.config_set("maxmemory", 0)
        assert index.remember({f"{n}": NEW}, {f"{n}": KNOWN}, [member(f"{n}")])
        assert len(index.since(0)) == n + 1


def test_a_server_that_went_back_makes_the_worker_read_anew(state_server):
    with closing(RedisStoryIndex(state_server.url)) as index:
        index.remember({}, {}, [member("a"), member("b")])
        assert len(index.since(0)) == 2
        state_server.empty()
        with pytest.raises(Fatal, match="from member 2 to 0"):
            index.since(2)
        with pytest.raises(Fatal, match="from member 2 to 0"):
            index.remember({"a": NEW}, {}, [member("c")], after=2)
        assert not index.since(0)
        assert index.claims(["a"]) == {}


def test_fences_grow_even_where_the_server_forgot_them(state_server):
    with closing(RedisPollMemory(state_server.url)) as memory:
        old = memory.share("one", ["a"], 30, 0)["a"]
        time.sleep(0.01)
        state_server.empty()
        new = memory.share("other", ["a"], 30, 0)["a"]
        assert new > old
        assert memory.save([("a", old, b"", (), 1)], 0) == {"a"}


def test_the_callers_clock_has_no_say(state_server):
    with closing(RedisPollMemory(state_server.url)) as one, closing(RedisPollMemory(state_server.url)) as other:
        held = one.share("one", ["a"], 30, time.time())
        assert other.share("other", ["a"], 30, time.time() + 10_000_000) == {}
        assert one.share("one", ["a"], 30, 0) == held


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_stopped_poller_is_followed_within_one_lease_and_then_refused(kind, request, tmp_path):
    lease, names = 0.9, ["a", "b", "c"]
    where = request.getfixturevalue("state_server").url if kind == "redis" else str(tmp_path / "sources.db")
    memory = RedisPollMemory(where) if kind == "redis" else SqlitePollMemory(where)
    command = [sys.executable, str(HOLDER), kind, where, str(lease), *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "3\n"
            # It renews: the lease outlives its first period.
            until = time.monotonic() + 1.5 * lease
            while time.monotonic() < until:
                assert memory.share("other", ["a"], lease, time.time()) == {}
                time.sleep(lease / 5)
            memory.leave("other")
            holder.send_signal(signal.SIGSTOP)
            stopped, taken = time.monotonic(), {}
            while len(taken) < 3:
                taken = memory.share("other", names, 30, time.time())
                assert time.monotonic() - stopped < lease + 0.5, "not taken over within one lease period"
                time.sleep(0.02)
            memory.save([(name, fence, b"other", (), 1) for name, fence in taken.items()], time.time())
            holder.stdin.write("save\n")
            holder.stdin.flush()
            holder.send_signal(signal.SIGCONT)
            assert holder.stdout.readline() == "a b c\n"
            assert memory.cursors(names) == dict.fromkeys(names, b"other")
        finally:
            holder.kill()
            memory.close()
