"""What is particular to a server: what is forgotten when, how it must be set up, and who chooses it."""

from contextlib import closing

import pytest
import redis
from state_server import Server

from pipeline.app import make_index, make_poll_memory
from pipeline.check import checks
from pipeline.deduplicate import DeduplicateStage
from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Member
from pipeline.errors import Fatal, Transient
from pipeline.record import RAW_HEADER, Record
from pipeline.settings import load
from pipeline.state.server_redis import check, connect
from pipeline.state.sources_redis import RedisPollMemory
from pipeline.state.stories_redis import RedisStoryIndex
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import PLAIN, Newswire, Provenance, Story, Text, to_ninjs


def settings_for(url):
    return load([], {"NEWSWIRE_STATE__KIND": "redis", "NEWSWIRE_STATE__URL": url})


def test_what_is_remembered_of_stories_expires(state_server):
    member = Member("urn:a", "urn:a", "prensa", 1, 1, 60, True, b"", b"band" * 49, b"", b"")
    with closing(RedisStoryIndex(state_server.url, keep_seconds=1000)) as index:
        index.remember({"c": Decision("new", 1)}, {"urn:a": Known(1, ())}, [member])
    with redis.Redis(port=state_server.port) as client:
        lasting = {key: client.ttl(key) for key in client.scan_iter()}
    assert lasting.pop(b"nw:dn") == -1
    assert len(lasting) == 4
    assert all(900 < seconds <= 1000 for seconds in lasting.values())


def test_what_was_seen_is_forgotten_only_when_long_gone_by_polls_and_by_time(state_server):
    def ids(poll):
        return [b"%04d%04d" % (poll, n) for n in range(30)]

    def polled(memory, polls):
        for poll in polls:
            memory.save([("feed", 1, b"", [(key, b"h") for key in ids(poll)], poll)], 0)

    with closing(RedisPollMemory(state_server.url)) as memory:
        polled(memory, range(300))
        assert len(memory.seen("feed", ids(0))) == 30
    # The second is that of the server, so nothing has been here for less than none.
    with closing(RedisPollMemory(state_server.url, keep_seconds=-1)) as memory:
        polled(memory, range(300, 600))
        # Few are looked at in one save, so some of those that went last are still there.
        assert memory.seen("feed", [key for poll in range(150) for key in ids(poll)]) == {}
        assert len(memory.seen("feed", [key for poll in range(400, 600) for key in ids(poll)])) == 200 * 30


def test_prefixes_keep_installations_apart(state_server):
    with (
        closing(RedisStoryIndex(state_server.url, prefix="one:")) as one,
        closing(RedisStoryIndex(state_server.url, prefix="other:")) as other,
    ):
        one.remember({"c": Decision("new", 1)}, {})
        assert other.claims(["c"]) == {}


def test_a_server_that_syncs_every_write_is_accepted(state_server):
    with closing(connect(state_server.url, 5)) as client:
        assert check(client).startswith(("redis ", "valkey "))


def test_every_setting_that_loses_stories_is_named():
    server = Server("--maxmemory-policy", "allkeys-lru", "--appendfsync", "everysec")
    server.start()
    try:
        with closing(connect(server.url, 5)) as client, pytest.raises(Fatal) as raised:
            check(client)
    finally:
        server.close()
    for setting in ("appendonly", "appendfsync", "maxmemory-policy"):
        assert f"{setting} must be" in str(raised.value)


@pytest.mark.parametrize("url", ["redis://:hunter2/x@h", "hunter2", "http://:hunter2@h", "redis://u:p@h:hunter2"])
def test_an_address_that_cannot_be_read_is_not_quoted(url):
    with pytest.raises(Fatal) as raised:
        connect(url, 1)
    assert "hunter2" not in str(raised.value)


def test_a_password_that_is_refused_is_not_shown(state_server):
    url = f"redis://somebody:hunter2@127.0.0.1:{state_server.port}"
    with closing(connect(url, 5)) as client, pytest.raises(Transient) as raised:
        check(client)
    assert "hunter2" not in str(raised.value)


def test_the_settings_choose_the_server(state_server):
    settings = settings_for(state_server.url)
    with closing(make_index(settings)) as index, closing(make_poll_memory(settings)) as memory:
        assert isinstance(index, RedisStoryIndex)
        assert isinstance(memory, RedisPollMemory)
        memory.save([("a", 1, b"cursor", (), 1)], 0)
        assert memory.cursors(["a"]) == {"a": b"cursor"}


def test_the_check_of_the_configuration_looks_at_the_server(state_server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/feeds.yaml").write_text("sources: []\n")
    found = {what: (good, detail) for what, good, detail in checks(settings_for(state_server.url), offline=False)}
    assert found["state"][0] is True, found
    away = {what: good for what, good, _ in checks(settings_for("redis://127.0.0.1:1"), offline=False)}
    assert away["state"] is False


def test_deduplicate_decides_the_same_on_both(state_server):
    text = (
        "The ferry to Halifax was late again on Tuesday because of fog, the harbour master said, and {} people waited "
    )
    bodies = [text.format(n) + " ".join(f"pier{n}x{i}" for i in range(80)) for n in range(12)]
    stories = [(f"urn:{provider}:{n}", provider, body) for provider in "ab" for n, body in enumerate(bodies)]
    stories += [(f"urn:a:{n}", "a", bodies[n] + " More soon.") for n in range(4)] + stories[:5]
    records = [
        Record(
            "wire.normalised", 0, n, uri.encode(),
            to_ninjs(Story(
                uri=uri, pub_status="usable", headlines=(Text("Ferry late"),), bodies=(Text(body, content_type=PLAIN),),
                newswire=Newswire(provenance=Provenance(provider)),
            )),
            ((RAW_HEADER, b"wire.raw/0/%d" % n),),
        )
        for n, (uri, provider, body) in enumerate(stories)
    ]  # fmt: skip
    decided = []
    with closing(SqliteStoryIndex(":memory:")) as one, closing(RedisStoryIndex(state_server.url)) as other:
        for index in (one, other):
            batches = [records[at : at + 7] for at in range(0, len(records), 7)]
            first = [outcome for batch in batches for outcome in DeduplicateStage(index).process_batch(batch)]
            # A worker that takes over, with nothing in its memory, decides each again as it was.
            assert DeduplicateStage(index).process_batch(records) == first
            decided.append(first)
    assert decided[0] == decided[1]
    topics = [outcome.topic for (outcome,) in decided[0]]
    assert topics.count("wire.duplicates") == 12 + 5
