"""Stories a second into each sink, PostgreSQL against a bare COPY of the same rows into the same indexed table."""

import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres_server import Postgres, binaries  # found through the path just set

from pipeline.sink.interface import Delivery, Sink
from pipeline.sink.jsonl import JsonLinesSink
from pipeline.sink.postgres import _COLUMNS, PostgresSink, _row
from pipeline.sink.sqlite import SqliteSink
from pipeline.story import PLAIN, Story, Text, to_ninjs

STORIES, BATCH, ROUNDS = 10_000, 500, 5
GOAL_SQLITE, GOAL_COPY = 5_000, 0.5
WORDS = [
    f"{a}{b}"
    for a in ("har", "bo", "min", "sta", "vel", "cor", "tu")
    for b in ("bour", "ard", "ister", "tion", "vet", "rect")
]


def stories(seed: int) -> list[Delivery]:
    """Distinct stories of some 2 KB."""
    chance = random.Random(seed)
    made = []
    for number in range(STORIES):
        body = " ".join(chance.choices(WORDS, k=260))
        story = Story(
            uri=f"urn:bench:{seed}:{number}",
            version="1",
            pub_status="usable",
            language="en",
            headlines=(Text(" ".join(chance.choices(WORDS, k=8))),),
            bodies=(Text(body, content_type=PLAIN),),
        )
        made.append(Delivery(story.uri, "1", to_ninjs(story), story, "wire.stories", 0, number))
    return made


def fill(sink: Sink, batch: list[Delivery]) -> float:
    """Stories a second."""
    sink.open()
    began = time.perf_counter()
    for start in range(0, len(batch), BATCH):
        sink.write(batch[start : start + BATCH])
    rate = len(batch) / (time.perf_counter() - began)
    sink.close()
    return rate


def copy(dsn: str, batch: list[Delivery]) -> float:
    """Stories a second of a loop that only copies."""
    rows = [_row(delivery) for delivery in batch]
    with psycopg.connect(dsn, autocommit=True) as connection:
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            with connection.cursor().copy(f"COPY newswire.stories ({', '.join(_COLUMNS)}) FROM STDIN") as into:
                for row in rows[start : start + BATCH]:
                    into.write_row(row)
        return len(rows) / (time.perf_counter() - began)


def main() -> int:
    """Print medians of interleaved rounds; 1 where a goal is missed."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        makers: dict[str, Callable[[int], Sink]] = {
            "jsonl": lambda n: JsonLinesSink("files", Path(folder) / f"lines-{n}"),
            "sqlite": lambda n: SqliteSink("table", Path(folder) / f"{n}.db"),
        }
        batches = [stories(n) for n in range(ROUNDS)]
        for name, make in makers.items():
            rate = statistics.median(fill(make(n), batch) for n, batch in enumerate(batches))
            print(f"{name}: {rate:,.0f} stories/s")
            missed |= name == "sqlite" and rate < GOAL_SQLITE
        programs = binaries()
        if programs is None:
            print("PostgreSQL is not installed: not measured")
            return int(missed)
        server = Postgres(programs)
        server.start()
        try:
            ratios = []
            for batch in batches:
                ours, bare = server.database(uuid.uuid4().hex), server.database(uuid.uuid4().hex)
                PostgresSink("x", bare).open()
                sink_rate, copy_rate = fill(PostgresSink("database", ours), batch), copy(bare, batch)
                print(f"postgres: {sink_rate:,.0f} stories/s, bare COPY {copy_rate:,.0f}")
                ratios.append(sink_rate / copy_rate)
        finally:
            server.close()
    ratio = statistics.median(ratios)
    print(f"postgres against bare COPY: {ratio:.2f} (goal {GOAL_COPY})")
    return int(missed or ratio < GOAL_COPY)


if __name__ == "__main__":
    sys.exit(main())
