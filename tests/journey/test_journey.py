"""Stories from a feed and a drop folder, through every stage, into the log and the sinks."""

import http.server
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import yaml

from pipeline import topics
from pipeline.app import App, readers
from pipeline.settings import Settings
from pipeline.sink.sqlite import search
from pipeline.story import from_ninjs
from pipeline.supervise import Supervisor

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Harbour Wire</title><link>http://harbour.example/</link><language>en</language>
<item><guid isPermaLink="false">tag:harbour.example,2026:bridge-1</guid><title>Old bridge closes for repairs</title>
<pubDate>Wed, 04 Mar 2026 10:30:00 GMT</pubDate>
<description>&lt;p&gt;OSLO, Mar 4 (Reuters) - The old harbour bridge closed on Wednesday for repairs that are to last a season,
the port authority said.&lt;/p&gt;&lt;p&gt;Lorries are sent round by the northern tunnel.&lt;/p&gt;</description></item>
<item><guid isPermaLink="false">tag:harbour.example,2026:ferry-1</guid><title>Ferry line drops night sailings</title>
<pubDate>Wed, 04 Mar 2026 11:00:00 GMT</pubDate>
<description>&lt;p&gt;The ferry line to the islands will drop its night sailings in April.&lt;/p&gt;</description></item>
</channel></rss>
"""

FILE = """Council votes for a second library

Halifax, Mar 4 (EFE).- The council voted on Wednesday for a second library on the eastern shore, after a debate
that went on until after midnight.

"It will be built where people asked for it," said the mayor. EFE

Related Articles
"""


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        self.wfile.write(FEED.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def feed_url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
    server.shutdown()
    server.server_close()
    thread.join(5)


class Outcome:
    """What a run left behind."""

    def __init__(self, base: Path, values: list[bytes], settings: Settings) -> None:
        self.values = values
        self.lines = b"".join(p.read_bytes() for p in sorted((base / "out").glob("*.jsonl"))).splitlines()
        self.database = settings.sinks["search"].path


def travel(base: Path, feed_url: str, bus: dict) -> Outcome:
    """Run every stage until the three stories are in the sinks; the feed first, then the folder."""
    drop = base / "drop"
    drop.mkdir(parents=True)
    sources = base / "feeds.yaml"
    feed = {"id": "harbour", "kind": "http", "url": feed_url, "internal": True, "interval": {"min": 1, "max": 2}}
    folder = {"id": "shore", "kind": "folder", "folder": str(drop)}
    sources.write_text(yaml.safe_dump({"sources": [feed, folder]}))
    settings = Settings.model_validate(
        {
            "bus": bus,
            "state": {"path": base / "state"},
            "topics": {"partitions": 1},
            "poll": {"sources": sources},
            "sinks": {
                "files": {"kind": "jsonl", "path": base / "out"},
                "search": {"kind": "sqlite", "path": base / "stories.db"},
            },
            "instance": "test",
        }
    )
    app = App(settings, now=lambda: NOON)
    app.provision()
    supervisor = Supervisor(app.services([]))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_for(lambda: lines(base) == 2)
        (drop / "library.txt").write_text(FILE)
        wait_for(lambda: lines(base) == 3)
        wait_for(lambda: rows(settings) == 3)
    except AssertionError as error:
        lags = {stage: sum(app.bus.group_lag(group, read).values()) for stage, group, read in readers(settings)}
        raise AssertionError(f"{error}; lag {lags}, services {supervisor.health()}") from error
    finally:
        supervisor.stop()
        thread.join(30)
    assert not thread.is_alive()
    reader = app.bus.reader()
    values = [record.value for record in reader.read(topics.STORIES)]
    latest = [record.value for record in reader.read(topics.LATEST)]
    reader.close()
    app.close()
    assert latest == values
    return Outcome(base, values, settings)


def lines(base: Path) -> int:
    return sum(p.read_bytes().count(b"\n") for p in (base / "out").glob("*.jsonl"))


def rows(settings: Settings) -> int:
    path = settings.sinks["search"].path
    if not path.exists():
        return 0
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM stories").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def test_a_feed_and_a_folder_arrive_on_the_embedded_log(tmp_path, feed_url):
    outcome = travel(tmp_path / "run", feed_url, {"kind": "sqlite", "path": tmp_path / "run/log.db"})
    stories = {s.headline: s for s in map(from_ninjs, outcome.values)}
    assert set(stories) == {
        "Old bridge closes for repairs",
        "Ferry line drops night sailings",
        "Council votes for a second library",
    }
    bridge = stories["Old bridge closes for repairs"]
    assert bridge.uri == "tag:harbour.example,2026:bridge-1"
    assert bridge.newswire.agency == "Reuters"
    assert bridge.newswire.dateline.places == ("OSLO",)
    assert bridge.newswire.relation.kind == "new"
    assert bridge.newswire.provenance.source == "harbour"
    library = stories["Council votes for a second library"]
    assert library.newswire.dateline.date == "2026-03-04"
    assert library.text.startswith("The council voted")
    assert "Related" not in library.text
    assert library.language == "en"
    assert outcome.lines == outcome.values
    assert [from_ninjs(d).uri for d in search(outcome.database, "bridge repairs")] == [bridge.uri]


@pytest.mark.kafka
def test_both_logs_give_the_same_bytes(tmp_path, feed_url, kafka_broker):
    base = tmp_path / "run"
    embedded = travel(base, feed_url, {"kind": "sqlite", "path": base / "log.db"})
    base.rename(tmp_path / "embedded")
    kafka = {"kind": "kafka", "kafka": {"bootstrap_servers": kafka_broker}}
    distributed = travel(base, feed_url, kafka)
    assert len(embedded.values) == 3
    assert distributed.values == embedded.values
    assert distributed.lines == embedded.lines == embedded.values


def test_running_it_again_on_the_same_state_adds_nothing(tmp_path, feed_url):
    base = tmp_path / "run"
    travel(base, feed_url, {"kind": "sqlite", "path": base / "log.db"})
    before = lines(base)
    document = orjson.loads(next((base / "out").glob("*.jsonl")).read_bytes().splitlines()[0])
    assert document["version"] == "1"
    settings = Settings.model_validate(
        {
            "bus": {"path": base / "log.db"},
            "state": {"path": base / "state"},
            "topics": {"partitions": 1},
            "poll": {"sources": base / "feeds.yaml"},
            "sinks": {"files": {"kind": "jsonl", "path": base / "out"}},
            "instance": "test",
        }
    )
    (base / "drop/library-again.txt").write_text(FILE)
    app = App(settings, now=lambda: NOON)
    supervisor = Supervisor(app.services([]))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_for(lambda: lines(base) == before + 1)
        time.sleep(1)
    finally:
        supervisor.stop()
        thread.join(30)
        app.close()
    assert lines(base) == before + 1, "the feed's stories were seen before; only the file of another name is new"
