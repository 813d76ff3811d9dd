"""One, two and four deduplicators on Apache Kafka with one shared memory keep the same stories, in any order of arrival."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from kafka_broker import Cluster, require_kafka

from pipeline import topics
from pipeline.app import App
from pipeline.record import RAW_HEADER, Headers
from pipeline.settings import Settings
from pipeline.story import Newswire, Provenance, Story, Text, from_ninjs, to_ninjs

sys.path.insert(0, str(Path(__file__).parents[1] / "state"))
from state_server import Server, require_redis

WORDS = ("harbour", "bridge", "minister", "council", "ferry", "storm", "budget", "vote", "school", "railway", "tunnel")
START = datetime(2026, 1, 1, tzinfo=UTC)
FAMILIES = 60
Made = tuple[bytes, bytes, Headers]


def name_of(workers: int, shuffle: int) -> str:
    """Of a run, in letters: figures that differ would keep texts apart."""
    return f"{'abcde'[workers]}{'abcdefghijklmnopqrstuvwxyz'[shuffle]}x"


def told(run: str, shuffle: int) -> list[Made]:
    """Copies of one text by several agencies, and versions of one story with redeliveries, all in a random order.

    What `run` names is told in the same order for each, in words of its own, so that one memory can take all.
    """
    chance = random.Random(shuffle)
    made: list[tuple[str, str, str, str]] = []
    for family in range(FAMILIES):
        words = [chance.choice(WORDS) + chance.choice("abcdefgh") + run for _ in range(120)]
        for copy in range(chance.randint(1, 4)):
            text = words.copy()
            text[chance.randrange(len(text))] = f"altered{'abcd'[copy]}{run}"
            made.append((f"urn:{run}:copies-{family}:{copy}", "1", "ABCD"[copy], " ".join(text)))
        words = [chance.choice(WORDS) + chance.choice("ijklmnop") + run for _ in range(120)]
        for version in range(1, chance.randint(1, 4) + 1):
            text = [*words, *(f"added{n}{run}" for n in "abcd"[:version])]
            made += [(f"urn:{run}:versions-{family}", str(version), "E", " ".join(text))] * chance.randint(1, 2)
    chance.shuffle(made)
    return [_record(run, number, *one) for number, one in enumerate(made)]


def _record(run: str, number: int, uri: str, version: str, agency: str, body: str) -> Made:
    at = START + timedelta(seconds=number)
    story = Story(
        uri=uri,
        version=version,
        pub_status="usable",
        language="en",
        version_created=START + timedelta(hours=int(version)),
        headlines=(Text(f"Headline {uri}"),),
        bodies=(Text(body, content_type="text/plain"),),
        newswire=Newswire(agency=agency, provenance=Provenance(source=agency, fetched_at=at)),
    )
    return uri.encode(), to_ninjs(story), ((RAW_HEADER, f"{run}/0/{number}".encode()),)


class Kept:
    """What came out on the topics of kept stories, by run."""

    def __init__(self, app: App) -> None:
        self.versions: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.copies: dict[str, Counter[str]] = defaultdict(Counter)
        reader = app.bus.reader()
        for record in reader.read(topics.UNIQUE):
            story = from_ninjs(record.value)
            _, run, name, *_ = story.uri.split(":")
            if name.startswith("versions"):
                self.versions[run][name, story.version or ""] += 1
            else:
                self.copies[run][name] += 1
        reader.close()


def wait(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def work(config: Path, app: App, workers: int, shuffles: int) -> None:
    """Have so many processes decide on every shuffle."""
    command = [str(Path(sys.executable).with_name("newswire")), "run", "deduplicate", "-c", str(config)]
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(workers)]
    consumed = topics.CONSUMED["deduplicate"]
    group = topics.group("deduplicate")
    publisher = app.bus.publisher()
    try:
        # The first one shows that they work, and gives the others time to take their share.
        publisher.publish(topics.NORMALISED, told(name_of(workers, 25), 25))
        wait(lambda: sum(app.bus.group_lag(group, consumed).values()) == 0)
        time.sleep(5)
        for shuffle in range(shuffles):
            publisher.publish(topics.NORMALISED, told(name_of(workers, shuffle), shuffle))
            wait(lambda: sum(app.bus.group_lag(group, consumed).values()) == 0)
        assert all(process.poll() is None for process in processes)
    finally:
        publisher.close()
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(60)


def compare(folder: Path, shuffles: int, crowds: tuple[int, ...]) -> None:
    require_kafka()
    require_redis()
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(folder / "kafka"))
        server = Server("--appendonly", "no")
        server.start()
        stack.callback(server.stop)
        (folder / "feeds.yaml").write_text("sources: []\n")
        given = {
            "bus": {"kind": "kafka", "kafka": {"bootstrap_servers": cluster.servers}},
            "state": {"kind": "redis", "url": server.url, "path": str(folder / "state")},
            "topics": {"partitions": 6},
            "poll": {"sources": str(folder / "feeds.yaml")},
            "work": {"batch": 25},
            "http": {"port": 0},
        }
        config = folder / "newswire.yaml"
        config.write_text(yaml.safe_dump(given))
        app = App(Settings.model_validate(given))
        stack.callback(app.close)
        app.provision()
        for workers in crowds:
            work(config, app, workers, shuffles)
        kept = Kept(app)
    same = {f"copies-{n}": 1 for n in range(FAMILIES)}
    other = 0
    for shuffle in range(shuffles):
        alone = name_of(crowds[0], shuffle)
        assert kept.copies[alone] == same, shuffle
        for workers in crowds[1:]:
            run = name_of(workers, shuffle)
            assert kept.versions[run] == kept.versions[alone], (workers, shuffle)
            # One of each text; which of them is decided by who was first.
            other += len(set(kept.copies[run].items()) ^ set(same.items()))
    told_each = len(told("x", 0))
    print(f"\n{shuffles} shuffles of some {told_each} deliveries by {crowds} workers: {other} texts kept otherwise")
    assert other == 0


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_two_and_four_workers_keep_what_one_keeps_over_twenty_shuffles(tmp_path: Path) -> None:
    compare(tmp_path, 20, (1, 2, 4))


@pytest.mark.kafka
@pytest.mark.timeout(280)
def test_two_workers_keep_what_one_keeps(tmp_path: Path) -> None:
    compare(tmp_path, 2, (1, 2))
