"""What every sink must show: durable on return, idempotent, never older over newer, kills applied."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson
import psycopg
import pytest

from pipeline.sink.interface import Delivery, Sink
from pipeline.sink.jsonl import JsonLinesSink
from pipeline.sink.postgres import PostgresSink
from pipeline.sink.sqlite import SqliteSink, search
from pipeline.story import CANCELED, PLAIN, USABLE, Story, Text, to_ninjs


def delivery(offset: int, uri: str, version: int, *, status: str = USABLE, body: str = "Rain fell.") -> Delivery:
    story = Story(
        uri=uri,
        version=str(version),
        pub_status=status,
        headlines=(Text(f"Headline {version}"),),
        bodies=(Text(body, content_type=PLAIN),),
    )
    return Delivery(
        uri=uri,
        version=str(version),
        value=to_ninjs(story),
        story=story,
        topic="wire.stories",
        partition=0,
        offset=offset,
    )


def json_lines(folder: Path) -> Sink:
    return JsonLinesSink("files", folder, rotate_bytes=64 * 1024)


def sqlite(folder: Path) -> Sink:
    return SqliteSink("table", folder / "stories.db")


def newest_in_lines(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    numbers: dict[str, int] = {}
    for path in sorted(folder.glob("stories-*.jsonl")):
        for line in path.read_bytes().splitlines():
            document = orjson.loads(line)
            if int(document["version"]) >= numbers.get(document["uri"], -1):
                found[document["uri"]], numbers[document["uri"]] = line, int(document["version"])
    return found


def newest_in_table(folder: Path) -> dict[str, bytes]:
    connection = sqlite3.connect(folder / "stories.db")
    try:
        return dict(connection.execute("SELECT uri, document FROM stories").fetchall())
    finally:
        connection.close()


def postgres_sink(folder: Path) -> Sink:
    return PostgresSink("database", (folder / "dsn").read_text())


def newest_in_postgres(folder: Path) -> dict[str, bytes]:
    with psycopg.connect((folder / "dsn").read_text()) as connection:
        rows = connection.execute("SELECT uri, document::text FROM newswire.stories").fetchall()
    return {uri: document.encode() for uri, document in rows}


SINKS = {
    "jsonl": (json_lines, newest_in_lines),
    "sqlite": (sqlite, newest_in_table),
    "postgres": (postgres_sink, newest_in_postgres),
}


@pytest.fixture(params=sorted(SINKS))
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        (tmp_path / "dsn").write_text(server.database(f"test-{uuid.uuid4().hex}"))
    return str(request.param)


def write(kind: str, folder: Path, *batches: list[Delivery]) -> dict[str, bytes]:
    make: Callable[[Path], Sink] = SINKS[kind][0]
    for batch in batches:
        sink = make(folder)
        sink.open()
        try:
            assert list(sink.write(batch)) == [None] * len(batch)
        finally:
            sink.close()
    return SINKS[kind][1](folder)


def test_the_document_is_kept_byte_for_byte(kind: str, tmp_path: Path) -> None:
    one = delivery(0, "urn:x:1", 1, body="Straße, 東京")
    assert write(kind, tmp_path, [one]) == {"urn:x:1": one.value}


def test_a_batch_that_comes_again_changes_nothing(kind: str, tmp_path: Path) -> None:
    batch = [delivery(n, f"urn:x:{n}", 1) for n in range(20)]
    once = write(kind, tmp_path, batch)
    assert write(kind, tmp_path, batch, batch[5:]) == once
    lines = sum(len(path.read_bytes().splitlines()) for path in tmp_path.glob("stories-*.jsonl"))
    assert lines == (20 if kind == "jsonl" else 0)


def test_a_late_older_version_never_replaces_a_newer_one(kind: str, tmp_path: Path) -> None:
    newer, older = delivery(0, "urn:x:1", 2), delivery(1, "urn:x:1", 1)
    assert write(kind, tmp_path, [newer], [older]) == {"urn:x:1": newer.value}


def test_a_kill_replaces_the_story_and_a_late_version_does_not_undo_it(kind: str, tmp_path: Path) -> None:
    story = delivery(0, "urn:x:1", 1, body="Zebras escaped.")
    kill = delivery(1, "urn:x:1", 2, status=CANCELED, body="Kill it.")
    late = delivery(2, "urn:x:1", 1, body="Zebras escaped again.")
    assert write(kind, tmp_path, [story, kill], [late]) == {"urn:x:1": kill.value}


def test_a_killed_story_is_not_found_by_search(tmp_path: Path) -> None:
    story = delivery(0, "urn:x:1", 1, body="Zebras escaped.")
    write("sqlite", tmp_path, [story])
    assert search(tmp_path / "stories.db", "zebras") == [story.value]
    write("sqlite", tmp_path, [delivery(1, "urn:x:1", 2, status=CANCELED, body="Zebras: kill.")])
    assert search(tmp_path / "stories.db", "zebras") == []


def test_a_log_made_anew_begins_at_offset_0_and_its_stories_are_written(tmp_path: Path) -> None:
    def at(time: int, d: Delivery) -> Delivery:
        return msgspec.structs.replace(d, timestamp=time)

    before = [at(100, delivery(0, "urn:a", 1)), at(90, delivery(1, "urn:b", 1))]
    anew = [at(101, delivery(0, "urn:c", 1)), at(101, delivery(1, "urn:d", 1))]
    for batch in (before, before, before[1:], anew, anew):
        sink = json_lines(tmp_path)
        sink.open()
        sink.write(batch)
        sink.close()
    lines = (tmp_path / "stories-000000.jsonl").read_bytes().splitlines()
    assert lines == [d.value for d in (*before, *anew)]


def test_a_torn_last_line_is_cut_off_on_opening(tmp_path: Path) -> None:
    one, two = delivery(0, "urn:x:1", 1), delivery(1, "urn:x:2", 1)
    write("jsonl", tmp_path, [one])
    with (tmp_path / "stories-000000.jsonl").open("ab") as file:
        file.write(two.value[:30])
    write("jsonl", tmp_path, [two])
    assert (tmp_path / "stories-000000.jsonl").read_bytes() == one.value + b"\n" + two.value + b"\n"


TOTAL, KILLS = 4000, 8


def feed() -> list[Delivery]:
    return [delivery(n, f"urn:x:{n % 1500}", n // 1500) for n in range(TOTAL)]


def test_killed_again_and_again_the_destination_equals_the_topic(kind: str, tmp_path: Path) -> None:
    """Each process starts at the beginning again, as if its offsets had never been committed."""
    expected = {one.uri: one.value for one in feed()}
    chance = random.Random(7)
    for _ in range(KILLS):
        child = subprocess.Popen([sys.executable, __file__, kind, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
    subprocess.run([sys.executable, __file__, kind, str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    assert SINKS[kind][1](tmp_path) == expected
    if kind == "jsonl":
        lines = [line for path in sorted(tmp_path.glob("stories-*.jsonl")) for line in path.read_bytes().splitlines()]
        assert lines == [one.value for one in feed()]


if __name__ == "__main__":
    target = SINKS[sys.argv[1]][0](Path(sys.argv[2]))
    target.open()
    print("open", flush=True)
    stories = feed()
    for start in range(0, TOTAL, 50):
        target.write(stories[start : start + 50])
    target.close()
