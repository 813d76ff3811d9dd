"""Embargo, update, kill and a person's wish, through the whole pipeline on the real clock, on both logs."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import yaml
from kafka_broker import Cluster, require_kafka

from pipeline import topics
from pipeline.app import App
from pipeline.settings import Settings
from pipeline.supervise import Supervisor


def ninjs(uri, version, **fields):
    document = {
        "uri": uri,
        "standard": {"name": "ninjs", "version": "3.1"},
        "type": "text",
        "version": str(version),
        "pubStatus": "usable",
        "headlines": [{"value": f"Headline of {uri}"}],
        "bodies": [{"contentType": "text/plain", "value": f"The harbour board met about {uri}, version {version}."}],
    }
    return orjson.dumps(document | fields)


class Newsroom:
    """A pipeline fed by a folder."""

    def __init__(self, base, bus):
        self.drop = base / "drop"
        self.drop.mkdir(parents=True)
        sources = base / "feeds.yaml"
        sources.write_text(yaml.safe_dump({"sources": [{"id": "desk", "kind": "folder", "folder": str(self.drop)}]}))
        self.config = base / "newswire.yaml"
        sinks = {
            "files": {"kind": "jsonl", "path": str(base / "out")},
            "search": {"kind": "sqlite", "path": str(base / "stories.db")},
        }
        content = {
            "bus": bus,
            "state": {"path": str(base / "state")},
            "topics": {"partitions": 2},
            "poll": {"sources": str(sources)},
            "sinks": sinks,
            "instance": "test",
        }
        self.config.write_text(yaml.safe_dump(content))
        self.app = App(Settings.model_validate(content))
        self.app.provision()
        self.supervisor = Supervisor(self.app.services([]))
        self.thread = threading.Thread(target=self.supervisor.run)
        self.count = 0

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.supervisor.stop()
        self.thread.join(30)
        self.app.close()

    def deliver(self, document):
        self.count += 1
        part = self.drop / f".{self.count}.part"
        part.write_bytes(document)
        part.rename(self.drop / f"{self.count}.json")

    def stories(self, topic=topics.STORIES):
        reader = self.app.bus.reader()
        try:
            return [(r, orjson.loads(r.value)) for r in reader.read(topic) if r.value]
        finally:
            reader.close()

    def until(self, condition, patience=40):
        deadline = time.monotonic() + patience
        while not (found := condition()):
            assert time.monotonic() < deadline, [
                (topic, [(d.get("uri"), d.get("version")) for _, d in self.stories(topic)])
                for topic in (topics.NORMALISED, topics.HELD, topics.STORIES)
            ]
            time.sleep(0.2)
        return found

    def released(self, uri):
        return [(r, d) for r, d in self.stories() if d["uri"] == uri]

    def command(self, *words):
        command = [sys.executable, "-m", "pipeline.cli", *words, "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def test_the_life_of_stories(kind, tmp_path):
    if kind == "sqlite":
        live(tmp_path, {"kind": "sqlite", "path": str(tmp_path / "log.db")}, kind)
        return
    require_kafka()
    with Cluster(tmp_path / "kafka") as cluster:
        live(tmp_path, {"kind": "kafka", "kafka": {"bootstrap_servers": cluster.servers}}, kind)


def live(folder, bus, kind):
    with Newsroom(folder / "room", bus) as room:
        # The way is open before the clock counts.
        room.deliver(ninjs("urn:first", 1))
        room.until(lambda: room.released("urn:first"))

        runs_at = datetime.now(UTC) + timedelta(seconds=6)
        embargo = {"embargoedUntil": runs_at.isoformat()}
        room.deliver(ninjs("urn:embargoed", 1, **embargo))
        room.deliver(ninjs("urn:embargoed", 2, **embargo))
        room.deliver(ninjs("urn:withheld", 1, pubStatus="withheld"))
        room.deliver(ninjs("urn:killed", 1, embargoedUntil=(runs_at + timedelta(days=1)).isoformat()))
        held = lambda: {d["uri"]: d["version"] for _, d in room.stories(topics.HELD)}  # noqa: E731
        room.until(lambda: held().keys() >= {"urn:embargoed", "urn:withheld", "urn:killed"})
        code, listed = room.command("held", "--json")
        assert code == 0
        assert {orjson.loads(line)["uri"] for line in listed.splitlines()} >= {"urn:withheld", "urn:killed"}

        room.deliver(ninjs("urn:killed", 2, pubStatus="canceled"))
        [(_, notice)] = room.until(lambda: room.released("urn:killed"))
        assert notice["pubStatus"] == "canceled"
        assert not notice.get("bodies")
        assert not notice.get("headlines"), "nobody had the story, so nobody is told what it was"
        assert [d["uri"] for _, d in room.stories(topics.KILLS)] == ["urn:killed"]

        code, _ = room.command("held", "release", "urn:withheld", "--by", "ada", "--why", "checked by phone")
        assert code == 0
        [(_, freed)] = room.until(lambda: room.released("urn:withheld"))
        assert freed["pubStatus"] == "usable"

        released = room.until(lambda: room.released("urn:embargoed"))
        [(record, story)] = released
        late = record.timestamp / 1000 - runs_at.timestamp()
        print(f"\n{kind}: released {late:.3f} s after its embargo")
        assert story["version"] == "2"
        assert 0 <= late <= 1.0

        code, told = room.command("trace", "urn:killed", "--json")
        assert code == 0
        walked = [orjson.loads(line)["topic"] for line in told.splitlines()]
        assert walked[0] == topics.RAW
        assert topics.KILLS in walked
        code, held_now = room.command("held", "--json")
        assert (code, held_now) == (0, "")
        assert room.command("trace", "urn:nobody")[0] == 1
