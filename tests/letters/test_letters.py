"""Dead letters sent again and given up: counted, byte for byte, each once, on both logs."""

import random
from collections import Counter
from datetime import UTC, datetime

import orjson
import pytest
from kafka_broker import Cluster, require_kafka

from pipeline import topics
from pipeline.bus.kafka import KafkaBus
from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.errors import Fenced
from pipeline.letters import Done, Which, letters, settle
from pipeline.record import Record, Reject
from pipeline.work.deadletter import dead_letter_headers, original_headers

NEEDED = [spec.name for spec in topics.specs(partitions=2, replication=1, retention_hours=1)]


def make(bus):
    bus.apply([TopicSpec(name, 2, compact=name in (topics.LETTERS, topics.LATEST)) for name in NEEDED])
    return bus


@pytest.fixture
def bus(tmp_path):
    made = make(SqliteBus(tmp_path / "log.db"))
    yield made
    made.close()


def bury(bus, count, *, topic=topics.RAW, stage="normalise", attempt=1, value=None, key=None):
    """Put dead letters of `topic` into the log; the originals as (key, value, headers)."""
    publisher = bus.publisher()
    chance = random.Random(count)
    originals, buried = [], []
    for number in range(count):
        name = key or b"urn:%d" % (number % 50)
        body = value or chance.randbytes(80)
        headers = (
            ("ce_id", b"%d" % number),
            *((("newswire.dlq.attempt", b"%d" % (attempt - 1)),) if attempt > 1 else ()),
        )
        record = Record(topic, 0, number, name, body, headers)
        code = "bad_item" if number % 2 else "bad_json"
        told = dead_letter_headers(record, stage, Reject(code, "not what it should be"), datetime.now(UTC), "1")
        originals.append((name, body, original_headers(headers)))
        buried.append((name, body, told))
    for start in range(0, count, 1_000):
        publisher.publish(topic + ".dlq", buried[start : start + 1_000])
    publisher.close()
    return originals


def everything(bus, topic):
    reader = bus.reader()
    try:
        return [
            (r.key, r.value, tuple(h for h in r.headers if h[0] != "newswire.dlq.attempt")) for r in reader.read(topic)
        ]
    finally:
        reader.close()


def test_letters_go_back_byte_for_byte_in_order_and_once(bus):
    originals = bury(bus, 2_000)
    assert settle(bus, Which(), "replay", by="ada") == Done(replayed=2_000)
    again = everything(bus, topics.RAW)
    assert Counter(again) == Counter(originals)
    for key in {k for k, _, _ in originals}:
        assert [r for r in again if r[0] == key] == [r for r in originals if r[0] == key]
    assert settle(bus, Which(), "replay", by="ada") == Done()
    assert len(everything(bus, topics.RAW)) == 2_000
    assert list(letters(bus)) == []
    assert len(list(letters(bus, settled=True))) == 2_000


def test_only_those_that_are_meant(bus):
    bury(bus, 40)
    bury(bus, 10, topic=topics.ENRICHED, stage="release")
    assert settle(bus, Which(code="bad_item", topic=topics.RAW), "replay", by="ada") == Done(replayed=20)
    assert settle(bus, Which(uri="urn:1"), "drop", by="ada") == Done(dropped=1)
    assert settle(bus, Which(stage="release"), "replay", by="ada", limit=4) == Done(replayed=4)
    assert Counter(x.topic for x in letters(bus)) == {topics.RAW: 20, topics.ENRICHED: 5}
    assert {x.code for x in letters(bus, Which(topic=topics.RAW))} == {"bad_json"}
    assert len(everything(bus, topics.ENRICHED)) == 4


def test_what_failed_too_often_stays(bus):
    bury(bus, 3, attempt=5)
    assert settle(bus, Which(), "replay", by="ada") == Done(exhausted=3)
    assert len(list(letters(bus))) == 3
    assert settle(bus, Which(), "replay", by="ada", max_attempts=6) == Done(replayed=3)


def test_documents_that_no_parser_reads_stay(bus):
    bury(bus, 2, stage="poll")
    assert settle(bus, Which(), "replay", by="ada") == Done(unread=2)
    assert settle(bus, Which(stage="poll"), "drop", by="ada") == Done(dropped=2)


def test_a_letter_that_fails_again_counts_its_attempts(bus):
    bury(bus, 1)
    settle(bus, Which(), "replay", by="ada")
    [record] = list(bus.reader().read(topics.RAW))
    assert record.header("newswire.dlq.attempt") == b"1"


@pytest.mark.parametrize(
    ("standing", "replayed"),
    [({"version": "2", "pubStatus": "usable"}, True), ({"version": "3", "pubStatus": "usable"}, False), (None, True)],
)
def test_a_version_goes_to_its_sinks_again_only_where_nothing_newer_stands(bus, standing, replayed):
    if standing is not None:
        bus.publisher().publish(topics.LATEST, [(b"urn:a", orjson.dumps(standing), ())])
    bury(bus, 1, topic=topics.STORIES, stage="sink-x", key=b"urn:a", value=b'{"version":"2"}')
    done = settle(bus, Which(), "replay", by="ada")
    assert done == (Done(replayed=1) if replayed else Done(superseded=1))
    assert len(everything(bus, topics.STORIES)) == replayed


def test_a_killed_story_is_not_sent_again(bus):
    bus.publisher().publish(topics.LATEST, [(b"urn:a", b'{"version":"2","pubStatus":"canceled"}', ())])
    bury(bus, 1, topic=topics.STORIES, stage="sink-x", key=b"urn:a", value=b'{"version":"2","pubStatus":"usable"}')
    assert settle(bus, Which(), "replay", by="ada") == Done(superseded=1)
    assert everything(bus, topics.STORIES) == []


def test_who_did_what_is_on_record(bus):
    bury(bus, 1)
    settle(bus, Which(), "drop", by="ada")
    [record] = list(bus.reader().read(topics.LETTERS))
    told = orjson.loads(record.value)
    assert (told["action"], told["by"]) == ("drop", "ada")


def test_a_second_desk_ends_the_first(bus):
    bury(bus, 1_000)
    with pytest.raises(Fenced):
        settle(bus, Which(), "replay", by="ada", progress=lambda _: settle(bus, Which(), "replay", by="bob"))
    assert len(everything(bus, topics.RAW)) == 1_000
    assert list(letters(bus)) == []


@pytest.mark.kafka
@pytest.mark.timeout(180)
def test_on_kafka_too(tmp_path):
    require_kafka()
    with Cluster(tmp_path) as cluster:
        bus = make(KafkaBus(cluster.servers))
        originals = bury(bus, 1_000)
        assert settle(bus, Which(code="bad_json"), "replay", by="ada") == Done(replayed=500)
        assert settle(bus, Which(), "replay", by="ada") == Done(replayed=500)
        assert settle(bus, Which(), "replay", by="ada") == Done()
        assert Counter(everything(bus, topics.RAW)) == Counter(originals)
        bus.close()


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", "kafka"])
def test_ten_thousand_letters(kind, tmp_path):
    def check(bus):
        originals = bury(bus, 10_000)
        assert settle(bus, Which(), "replay", by="ada") == Done(replayed=10_000)
        assert settle(bus, Which(), "replay", by="ada") == Done()
        assert Counter(everything(bus, topics.RAW)) == Counter(originals)
        bus.close()

    if kind == "sqlite":
        check(make(SqliteBus(tmp_path / "log.db")))
        return
    require_kafka()
    with Cluster(tmp_path) as cluster:
        check(make(KafkaBus(cluster.servers)))
