"""Speed of a worker on the embedded log against a bare loop that copies the same records in plain SQL.

Both take batches of the same size through the same number of transactions, in files with the same page size
and durability. The bare loop has one row per record, one thread and no key, group, lease or header logic.
Rounds are interleaved; the figures are medians. Exits 1 where the ratio misses the goal, unless `--no-fail`.
"""

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.bus.sqlite_file import PAGE_SIZE
from pipeline.observe.log import configure
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.record import Emit, Headers, Record
from pipeline.work.worker import Worker

GOAL = 0.7
HEADERS: Headers = (
    ("ce_specversion", b"1.0"),
    ("content-type", b"application/json"),
    ("ce_id", b"wire.raw/0/123456/wire.normalised"),
    ("ce_source", b"urn:newswire:stage:normalise"),
    ("ce_type", b"newswire.story.normalised"),
    ("newswire.raw", b"wire.raw/0/123456"),
)


class Identity:
    """Sends every record on as it is."""

    name = "identity"

    def process(self, record: Record) -> tuple[Emit, ...]:
        """One record in, the same out."""
        return (Emit("output", (record.key or b"").decode(), record.value or b"", "newswire.story.copied"),)


def worker_loop(folder: Path, values: list[bytes], batch: int, partitions: int) -> float:
    """Records a second through the worker."""
    bus = SqliteBus(folder / "log.db")
    bus.apply([TopicSpec("input", partitions=partitions), TopicSpec("output", partitions=partitions)])
    publisher = bus.publisher()
    for start in range(0, len(values), batch):
        part = values[start : start + batch]
        publisher.publish("input", [(b"story-%d" % (start + n), value, HEADERS) for n, value in enumerate(part)])
    worker = Worker(
        Identity(),
        bus.subscribe("bench", ["input"], member="one", max_records=batch),
        StageObserver(WorkMetrics(CollectorRegistry()), "identity"),
    )
    stop = threading.Event()
    done = 0
    began = time.perf_counter()
    while done < len(values):
        done += worker.step(stop)
    took = time.perf_counter() - began
    bus.close()
    return len(values) / took


def bare_loop(folder: Path, values: list[bytes], batch: int) -> float:
    """Records a second through plain SQL."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute(f"pragma page_size = {PAGE_SIZE}")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma cache_size = -16000")
    for table in ("input", "output"):
        connection.execute(f"create table {table} (id integer primary key, key blob, headers blob, value blob)")
    connection.execute("create table position (name text primary key, next integer)")
    connection.execute("insert into position values ('bench', 0)")
    headers = repr(HEADERS).encode()
    for start in range(0, len(values), batch):
        connection.execute("begin immediate")
        connection.executemany(
            "insert into input values (?, ?, ?, ?)",
            [
                (start + n, b"story-%d" % (start + n), headers, value)
                for n, value in enumerate(values[start : start + batch])
            ],
        )
        connection.execute("commit")
    began = time.perf_counter()
    for start in range(0, len(values), batch):
        rows = connection.execute(
            "select id, key, headers, value from input where id >= ? order by id limit ?", (start, batch)
        ).fetchall()
        connection.execute("begin immediate")
        connection.executemany("insert into output values (?, ?, ?, ?)", rows)
        connection.execute("update position set next = ? where name = 'bench'", (start + len(rows),))
        connection.execute("commit")
    took = time.perf_counter() - began
    connection.close()
    return len(values) / took


def _compute() -> None:
    number = 0
    while True:
        number += 1


def main() -> int:
    """Measure and print; the exit code says whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=15_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--partitions", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; the system's temporary folder if absent")
    parser.add_argument("--no-fail", action="store_true", help="report only")
    parser.add_argument("--busy", action="store_true", help="one thread of the process computes meanwhile; no goal")
    options = parser.parse_args()
    if options.busy:
        options.records, options.no_fail = min(options.records, 4 * options.batch), True
        threading.Thread(target=_compute, daemon=True).start()
    configure("warning")
    values = [os.urandom(3072) for _ in range(options.records)]
    worker, bare = [], []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            worker.append(worker_loop(Path(name), values, options.batch, options.partitions))
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            bare.append(bare_loop(Path(name), values, options.batch))
        print(f"round {number + 1}: worker {worker[-1]:8.0f}/s   bare SQL {bare[-1]:8.0f}/s")
    ratio = statistics.median(worker) / statistics.median(bare)
    verdict = "met" if ratio >= GOAL else "MISSED"
    print(
        f"medians: worker {statistics.median(worker):.0f}/s, bare SQL {statistics.median(bare):.0f}/s,"
        f" ratio {ratio:.2f} (goal {GOAL}: {verdict})"
    )
    return 0 if ratio >= GOAL or options.no_fail else 1


if __name__ == "__main__":
    sys.exit(main())
