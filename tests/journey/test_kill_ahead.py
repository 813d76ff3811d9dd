"""A kill overtakes the backlog of every stage and reaches the sinks while the rest still waits."""

import sqlite3
import threading
import time
from datetime import UTC, datetime

import orjson
import pytest
from kafka_broker import Cluster, require_kafka

from pipeline import topics
from pipeline.app import App
from pipeline.item import RawItem
from pipeline.poll.envelope import raw_record
from pipeline.poll.lanes import LanePublisher
from pipeline.settings import Settings
from pipeline.story import Provenance, Text
from pipeline.supervise import Supervisor

STAGES = ["normalise", "deduplicate", "enrich", "release", "sink-search"]
BEHIND = [topics.RAW, topics.NORMALISED, topics.UNIQUE, topics.ENRICHED, topics.STORIES]
KILLED = "tag:harbour.example,2026:story-7"
WORDS = [
    "the",
    "board",
    "of",
    "the",
    "harbour",
    "met",
    "on",
    "a",
    "grey",
    "morning",
    "and",
    "heard",
    "what",
    "the",
    "ferries",
    "had",
    "cost",
    "the",
    "town",
]


def raw(number, *, version="1", status="usable"):
    body = " ".join(
        WORDS[(number * 7 + n * n) % len(WORDS)] + (str(number + n) if n % 9 == 0 else "") for n in range(300)
    )
    return raw_record(
        RawItem(
            uri=f"tag:harbour.example,2026:story-{number}",
            format="ninjs",
            provenance=Provenance(source="desk", fetched_at=datetime.now(UTC), sha256=f"{number}-{version}"),
            version=version,
            status=status,
            headlines=(Text(f"Harbour board meets for the {number}th time"),),
            bodies=(Text(body, content_type="text/plain"),),
        ),
        0,
    )


def sink_row(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT document FROM stories WHERE uri = ?", (KILLED,)).fetchone()
    except sqlite3.OperationalError:
        return None
    return orjson.loads(row[0]) if row else None


def race(folder, bus, backlog):
    """Seconds from a kill's publication to the search sink, and how many stories were still waiting then."""
    settings = Settings.model_validate(
        {
            "bus": bus,
            "state": {"path": folder / "state"},
            "topics": {"partitions": 2},
            "poll": {"sources": folder / "none.yaml"},
            "sinks": {"search": {"kind": "sqlite", "path": folder / "stories.db"}},
            "instance": "test",
        }
    )
    app = App(settings)
    app.provision()
    publisher = app.bus.publisher()
    for start in range(0, backlog, 1_000):
        publisher.publish(topics.RAW, [raw(n) for n in range(start, min(start + 1_000, backlog))])
    supervisor = Supervisor(app.services(["normalise", "deduplicate", "enrich", "release", "sink"]))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not any(app.bus.reader().read(topics.STORIES)):
            assert time.monotonic() < deadline, supervisor.health()
            time.sleep(0.2)
        began = time.monotonic()
        LanePublisher(publisher, topics.PRIORITY).publish(topics.RAW, [raw(7, version="2", status="canceled")])
        while (found := sink_row(settings.sinks["search"].path)) is None or found.get("pubStatus") != "canceled":
            assert time.monotonic() - began < 60
            time.sleep(0.02)
        took = time.monotonic() - began
        # Behind it, wherever: what a stage has taken has gone on to the next.
        before = list(zip(STAGES, BEHIND, strict=True))
        waiting = sum(sum(app.bus.group_lag(topics.group(stage), [topic]).values()) for stage, topic in before)
    finally:
        supervisor.stop()
        thread.join(40)
        publisher.close()
        app.close()
    return took, waiting


@pytest.mark.timeout(240)
def test_a_kill_overtakes_a_backlog(tmp_path):
    took, waiting = race(tmp_path, {"kind": "sqlite", "path": tmp_path / "log.db"}, 12_000)
    print(f"\nembedded log: a kill took {took:.2f} s past a backlog, {waiting} stories were still waiting")
    assert waiting > 500
    assert took < 5


@pytest.mark.kafka
@pytest.mark.timeout(240)
def test_a_kill_overtakes_a_backlog_on_kafka(tmp_path):
    require_kafka()
    with Cluster(tmp_path / "kafka") as cluster:
        took, waiting = race(tmp_path, {"kind": "kafka", "kafka": {"bootstrap_servers": cluster.servers}}, 6_000)
    print(f"\nKafka: a kill took {took:.2f} s past a backlog, {waiting} stories were still waiting")
    assert waiting > 500
    assert took < 5


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", "kafka"])
def test_a_kill_overtakes_a_backlog_of_fifty_thousand(kind, tmp_path):
    if kind == "sqlite":
        took, waiting = race(tmp_path, {"kind": "sqlite", "path": tmp_path / "log.db"}, 50_000)
    else:
        require_kafka()
        with Cluster(tmp_path / "kafka") as cluster:
            took, waiting = race(tmp_path, {"kind": "kafka", "kafka": {"bootstrap_servers": cluster.servers}}, 50_000)
    print(f"\n{kind}: a kill took {took:.2f} s past a backlog of 50,000, {waiting} stories were still waiting")
    assert waiting > 30_000
    assert took < 5
