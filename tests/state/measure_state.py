"""Size and speed of what is remembered on a server: ``python tests/state/measure_state.py [STORIES]``.

Real bodies where the collection is there, words drawn at random of the same length elsewhere. The server runs on
loopback and syncs every write, so that the disk is in the figures.
"""

import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis
from state_server import Server

from pipeline.deduplicate import DeduplicateStage
from pipeline.deduplicate.decision import Decision
from pipeline.record import RAW_HEADER, Record
from pipeline.state.sources_redis import RedisPollMemory
from pipeline.state.stories_redis import RedisStoryIndex
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import PLAIN, Newswire, Provenance, Story, Text, to_ninjs

SAMPLE = Path(__file__).parents[2].parent / "shared" / "corpus" / "reuters-21578"
START = datetime(2024, 3, 1, tzinfo=UTC)
BATCH = 500
RNG = random.Random(7)
KINDS = {b"dc": "claims", b"ds": "stories", b"dt": "texts", b"dm": "marks", b"dn": "counter"}


def bodies(wanted: int) -> list[str]:
    found: list[str] = []
    for path in sorted(SAMPLE.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            found += [body for line in lines if len((body := json.loads(line)["body"] or "").split()) >= 20]
    names = [f"word{n}" for n in range(20_000)]
    found += [" ".join(RNG.choices(names, k=RNG.randint(30, 240))) for _ in range(wanted - len(found))]
    return found[:wanted]


def record(n: int, body: str) -> Record:
    at = START + timedelta(seconds=n)
    story = Story(
        uri=f"urn:newsml:example.com:20240301:{n}",
        pub_status="usable",
        version_created=at,
        headlines=(Text(f"Story {n}"),),
        bodies=(Text(body, content_type=PLAIN),),
        newswire=Newswire(provenance=Provenance("ab"[n % 2], fetched_at=at)),
    )
    headers = ((RAW_HEADER, b"wire.raw/3/%d" % n),)
    return Record("wire.normalised", 0, n, story.uri.encode(), to_ninjs(story), headers)


def pace(stage: DeduplicateStage, records: list[Record]) -> None:
    clock, own = time.perf_counter(), time.thread_time()
    for at in range(0, len(records), BATCH):
        stage.process_batch(records[at : at + BATCH])
    own, clock = time.thread_time() - own, time.perf_counter() - clock
    print(f"  {len(records) / clock:,.0f} stories a second by the clock, {len(records) / own:,.0f} of its own time")


def timed(what: str, call: Callable[[int], object], times: Iterable[int] = range(40)) -> None:
    took = []
    for n in times:
        began = time.perf_counter()
        call(n)
        took.append(time.perf_counter() - began)
    took.sort()
    print(f"  {what}: median {took[len(took) // 2] * 1000:.2f} ms, slowest {took[-1] * 1000:.2f} ms")


def sizes(client: "redis.Redis", stories: int, before: int) -> None:
    used = client.info("memory")["used_memory"] - before
    print(f"  {client.dbsize():,} keys, {used / stories:,.0f} bytes of memory a story")
    total: dict[str, int] = {}
    for key in client.scan_iter(count=5000):
        kind = KINDS[key[3:5]]
        total[kind] = total.get(kind, 0) + client.memory_usage(key, samples=0)
    print("  of these, by MEMORY USAGE: " + ", ".join(f"{kind} {size / stories:,.0f}" for kind, size in total.items()))
    print(f"  append-only file: {client.info('persistence')['aof_current_size'] / stories:,.0f} bytes a story")


def main(stories: int) -> None:
    records = [record(n, body) for n, body in enumerate(bodies(stories))]
    server = Server()
    server.start()
    client = redis.Redis(port=server.port)
    try:
        before = client.info("memory")["used_memory"]
        print(f"{stories:,} stories through deduplicate, {BATCH} a batch, on the server:")
        with closing(RedisStoryIndex(server.url)) as index:
            pace(DeduplicateStage(index), records)
            print("and in an SQLite file:")
            with tempfile.TemporaryDirectory() as folder, closing(SqliteStoryIndex(Path(folder) / "s.db")) as file:
                pace(DeduplicateStage(file), records)
            print("size:")
            sizes(client, stories, before)
            print(f"one call with {BATCH} of each:")
            uris = [f"urn:newsml:example.com:20240301:{n}" for n in range(stories)]
            timed("known", lambda _: index.known(RNG.sample(uris, BATCH)))
            timed("texts", lambda _: index.texts(RNG.sample(uris, BATCH)))
            timed("members", lambda _: index.members(RNG.sample(range(stories // 2), BATCH)))
            texts = list(index.texts(uris[:BATCH]).values())
            known = index.known(uris[:BATCH])
            new = Decision("new", 1)
            timed(
                "remember",
                lambda n: index.remember({f"{n} {uri} {'0' * 32}": new for uri in uris[:BATCH]}, known, texts),
            )
            timed("claims", lambda n: index.claims([f"{n} {uri} {'0' * 32}" for uri in uris[:BATCH]]))
            timed("since, 5,000 marks", lambda n: index.since(n * 100))
        with closing(RedisPollMemory(server.url)) as memory:
            names = [f"source-{n}" for n in range(10_000)]
            print("polling:")
            timed("save of 64 cursors of 300 bytes with 3 marks each", lambda n: memory.save(
                [(name, 1, bytes(300), [(RNG.randbytes(8), RNG.randbytes(8)) for _ in range(3)], n) for name in names[:64]], 0
            ))  # fmt: skip
            timed("seen, 60 ids", lambda n: memory.seen(names[n], [RNG.randbytes(8) for _ in range(60)]))
            timed("share of 10,000 leases, taken", lambda _: memory.share("one", names, 30, 0), range(1))
            timed("share of 10,000 leases, renewed", lambda _: memory.share("one", names, 30, 0))
    finally:
        client.close()
        server.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
