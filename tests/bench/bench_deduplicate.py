"""Stories a second through deduplicate: ``pytest -m bench tests/bench/bench_deduplicate.py -s``.

Goals, on one core with the durable index: 4,000 stories a second; 0.35 of bare in-memory LSH in the same run; with
a million texts remembered 0.8 of the pace with ten thousand; 3 KB of disk a story. Time is that of the thread, so
that neighbours on a shared machine count less. NEWSWIRE_BENCH_TEXTS sets how many texts are remembered in the end.
"""

import gzip
import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from rensa import RMinHash, RMinHashLSH

from pipeline.deduplicate import DeduplicateStage
from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Member
from pipeline.deduplicate.shingles import BANDS, words
from pipeline.record import RAW_HEADER, Record
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import PLAIN, Newswire, Provenance, Story, Text, to_ninjs

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
SAMPLE = Path(__file__).parents[2].parent / "shared" / "corpus" / "reuters-21578" / "newid-00001-10000.jsonl.gz"
TEXTS = int(os.environ.get("NEWSWIRE_BENCH_TEXTS", "100000"))
BATCH = 500
STORIES = 8000
START = datetime(2024, 3, 1, tzinfo=UTC)
RNG = random.Random(7)


def _bodies() -> list[str]:
    """Bodies of wire stories, or of their length and with their share of copies, where the collection is not there."""
    if SAMPLE.exists():
        with gzip.open(SAMPLE, "rt") as lines:
            bodies = [json.loads(line)["body"] for line in lines]
        return [body for body in bodies if len(body.split()) >= 20][:STORIES]
    names = [f"word{n}" for n in range(20_000)]
    fresh = [" ".join(RNG.choices(names, k=RNG.randint(30, 240))) for _ in range(STORIES)]
    return [RNG.choice(fresh[:n]) if n % 20 == 19 else body for n, body in enumerate(fresh)]


def _records(bodies: list[str], mark: str) -> list[Record]:
    made = []
    for n, body in enumerate(bodies):
        at = START + timedelta(seconds=n)
        story = Story(
            uri=f"urn:bench:{mark}:{n}",
            pub_status="usable",
            version_created=at,
            headlines=(Text(f"Story {n}"),),
            bodies=(Text(body, content_type=PLAIN),),
            newswire=Newswire(provenance=Provenance("ab"[n % 2], fetched_at=at)),
        )
        headers = ((RAW_HEADER, f"wire.raw/{mark}/{n}".encode()),)
        made.append(Record("wire.normalised", 0, n, story.uri.encode(), to_ninjs(story), headers))
    return made


def _pace(stage: DeduplicateStage, records: list[Record]) -> float:
    """Stories a second of the thread's own time; that of the clock is printed beside it."""
    clock, own = time.perf_counter(), time.thread_time()
    for at in range(0, len(records), BATCH):
        stage.process_batch(records[at : at + BATCH])
    own, clock = time.thread_time() - own, time.perf_counter() - clock
    print(f"\n  {len(records) / own:,.0f} stories a second of its own time, {len(records) / clock:,.0f} by the clock")
    return len(records) / own


def _bare(bodies: list[str]) -> float:
    lsh = RMinHashLSH(0.5, 128, 32)
    own = time.thread_time()
    for n, body in enumerate(bodies):
        tokens = words(body)
        sketch = RMinHash(128, 42)
        sketch.update([" ".join(tokens[at : at + 5]) for at in range(len(tokens) - 4)])
        lsh.query(sketch)
        lsh.insert(n, sketch)
    return len(bodies) / (time.thread_time() - own)


def _filled(index: SqliteStoryIndex, stop: int) -> None:
    """Texts of nobody, of the usual size, in the window."""
    rng = np.random.default_rng(7)
    at = int(START.timestamp())
    for first in range(0, stop, 5000):
        many = min(5000, stop - first)
        bands = rng.integers(1, 1 << 32, (many, BANDS), np.uint32)
        shingles = rng.integers(0, 1 << 32, (many, 130), np.uint32)
        uris = [f"urn:filled:{n}" for n in range(first, first + many)]
        index.remember(
            {f"wire.raw/9/{uri} 0123456789abcdef0123456789abcdef {uri}": Decision("new", 1) for uri in uris},
            {uri: Known(1, ("0123456789abcdef0123456789abcdef",), fields={"bodies": "01234567"}) for uri in uris},
            [
                Member(uri, uri, "c", at, at, 130, True, bytes(16), b.tobytes(), s.tobytes(), bytes(40))
                for uri, b, s in zip(uris, bands, shingles, strict=True)
            ],
        )


def test_pace_with_the_durable_index(tmp_path):
    bodies = _bodies()
    rounds = []
    for n in range(3):
        index = SqliteStoryIndex(tmp_path / f"{n}.db")
        pace = _pace(DeduplicateStage(index), _records(bodies, "a"))
        index.close()
        rounds.append((pace, _bare(bodies)))
    pace, bare = (sorted(figures)[1] for figures in zip(*rounds, strict=True))
    size = sum(path.stat().st_size for path in tmp_path.glob("0.db*")) / len(bodies)
    print(f"  {pace:,.0f} a second, bare LSH {bare:,.0f}: {pace / bare:.2f}; {size:,.0f} bytes of disk a story")
    assert pace >= 4000
    assert pace / bare >= 0.35
    assert size <= 3072


def _paces_with(path: Path, texts: int, bodies: list[str]) -> float:
    """The pace of stories that the index does not know yet, after so many texts."""
    index = SqliteStoryIndex(path)
    _filled(index, texts)
    stage = DeduplicateStage(index)
    started = time.perf_counter()
    stage.process_batch(_records(bodies[:BATCH], "a"))
    print(f"\n  {texts:,} texts were read at the start in {time.perf_counter() - started:.1f} s", end="")
    pace = _pace(stage, _records(bodies[BATCH:], "b"))
    index.close()
    return pace


def test_the_last_story_costs_no_more_than_the_first(tmp_path):
    bodies = _bodies()
    first = [_paces_with(tmp_path / f"few{n}.db", 10_000, bodies) for n in range(2)]
    last = _paces_with(tmp_path / "many.db", TEXTS, bodies)
    first.append(_paces_with(tmp_path / "few.db", 10_000, bodies))
    print(f"  with {TEXTS:,} texts {last / sorted(first)[1]:.2f} of the pace with 10,000")
    assert last / sorted(first)[1] >= 0.8


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-m", "bench", "-s", "-q"]))
