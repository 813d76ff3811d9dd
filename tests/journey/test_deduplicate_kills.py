"""A deduplicating process killed again and again decides as one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.record import RAW_HEADER
from pipeline.story import CANCELED, Newswire, Provenance, Story, Text, from_ninjs, to_ninjs

SCRIPT = Path(__file__).with_name("dedup_worker.py")
WORDS = "harbour bridge minister council ferry storm budget vote school railway tunnel strike court island grain market".split()  # noqa: SIM905
START = datetime(2026, 1, 1, tzinfo=UTC)


def deliveries(count, seed=1):
    """New stories, copies by others, rewrites, updates, redeliveries and kills."""
    chance = random.Random(seed)
    told = []
    made = []
    for number in range(count):
        at = START + timedelta(seconds=number)
        what = chance.random()
        if not told or what < 0.45:
            body = " ".join(
                chance.choice(WORDS) + chance.choice("abcdefghijklmnop") + chance.choice("abcdefghijklmnop")
                for _ in range(150)
            )
            told.append(
                {"uri": f"urn:{number}", "agency": chance.choice("ABCD"), "body": body, "version": 1, "killed": False}
            )
            subject = told[-1]
        else:
            subject = chance.choice(told[-60:])
        status, uri, agency, body, version = (
            "usable",
            subject["uri"],
            subject["agency"],
            subject["body"],
            subject["version"],
        )
        if what >= 0.45 and what < 0.65:
            uri, agency, version = f"urn:copy-{number}", chance.choice("EFGH"), 1
            words = body.split()
            words[chance.randrange(len(words))] = "altered"
            body = " ".join(words)
        elif what >= 0.65 and what < 0.8 and not subject["killed"]:
            subject["version"] = version = version + 1
            subject["body"] = body = body + f" More was said at hour {number}."
        elif 0.88 <= what < 0.95 and version > 1:
            version, body = version - 1, body + " A late word."
        elif what >= 0.95:
            subject["version"] = version = version + 1
            subject["killed"], status = True, CANCELED
        story = Story(
            uri=uri,
            version=str(version),
            pub_status=status,
            language="en",
            version_created=at,
            headlines=(Text(f"Headline {uri}"),),
            bodies=(Text(body, content_type="text/plain"),),
            newswire=Newswire(agency=agency, provenance=Provenance(source=agency, fetched_at=at)),
        )
        made.append((uri.encode(), to_ninjs(story), ((RAW_HEADER, f"wire.raw/0/{number}".encode()),)))
    return made


class Run:
    """A log with deliveries in it, and the decisions that come out."""

    def __init__(self, folder, records):
        folder.mkdir()
        self.log, self.state = folder / "log.db", folder / "state.db"
        self.bus = SqliteBus(self.log)
        names = ["wire.normalised", "wire.unique", "wire.duplicates", "wire.enriched.priority"]
        self.bus.apply([TopicSpec(name) for name in names])
        publisher = self.bus.publisher()
        publisher.publish("wire.normalised", records)
        publisher.close()

    def start(self, pause):
        command = [sys.executable, str(SCRIPT), str(self.log), str(self.state), str(pause)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def left(self):
        return sum(self.bus.group_lag("deduplicate", ["wire.normalised"]).values())

    def drain(self):
        process = self.start(0.0)
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        deadline = time.monotonic() + 120
        try:
            while self.left():
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
            reader.join(10)
            process.stdout.close()

    def kill(self, chance, pause):
        """Start it and kill it at a random moment; whether it had a batch in hand."""
        process = self.start(pause)
        busy = process.stdout.readline() == "batch\n"
        time.sleep(chance.uniform(0, 3 * pause))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        return busy

    def decisions(self):
        """By raw record: topic, kind, version, and what it relates to."""
        found = {}
        doubled = Counter()
        for topic in ("wire.unique", "wire.duplicates", "wire.enriched.priority"):
            for record in self.bus.reader().read(topic):
                story = from_ninjs(record.value)
                relation = story.newswire.relation
                doubled[record.raw_coordinates] += 1
                found[record.raw_coordinates] = (topic, relation.kind, story.version, relation.of, relation.cluster)
        assert not [place for place, count in doubled.items() if count > 1]
        return found


def compare(folder, count, kills, pause=0.15):
    records = deliveries(count)
    calm = Run(folder / "calm", records)
    calm.drain()
    expected = calm.decisions()
    assert len(expected) == count
    wild = Run(folder / "wild", records)
    chance = random.Random(3)
    busy = sum(wild.kill(chance, pause) for _ in range(kills))
    before = wild.left()
    wild.drain()
    assert wild.decisions() == expected
    kinds = Counter(kind for _, kind, *_ in expected.values())
    print(
        f"\n{count} deliveries, {kills} kills, {busy} with a batch in hand, {before} left after them: all decisions equal; {dict(kinds)}"
    )
    calm.bus.close()
    wild.bus.close()
    assert kinds.keys() >= {"new", "copy", "update", "redelivery", "kill", "stale"}
    return busy


@pytest.mark.timeout(200)
def test_a_killed_deduplicator_decides_as_one_left_alone(tmp_path):
    assert compare(tmp_path, 900, 6) >= 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_deduplicator_killed_thirty_times_decides_as_one_left_alone(tmp_path):
    assert compare(tmp_path, 6_000, 30) >= 28
