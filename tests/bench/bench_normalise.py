"""How long one story takes to normalise: ``pytest -m bench tests/bench/bench_normalise.py -s``.

Goals, on one core: at most 250 µs a story of 2 KB without markup, 400 µs with. Time is that of the
thread, so that neighbours on a shared machine count less.
"""

import gzip
import json
import statistics
import time
import tracemalloc
from html import escape
from pathlib import Path

import pytest

from pipeline.item import RawItem
from pipeline.normalise import normalise
from pipeline.story import Provenance, Text

pytestmark = pytest.mark.bench
SAMPLE = Path(__file__).parents[2].parent / "shared" / "corpus" / "reuters-21578" / "newid-00001-10000.jsonl.gz"
ROUNDS = 5
PARAGRAPH = (
    "Transport officials in Ostrava said on Monday that ships would be let into the northern ports again from midnight, "
    "nine days after dockers walked out over pay, and that rail freight was to follow within the week."
)


def _item(number: int, headline: str, body: str, content_type: str, dateline: str) -> RawItem:
    if content_type == "text/html":
        body = "".join(f"<p>{escape(part)}</p>\n" for part in f"{dateline} {body}".split("\n    "))
    elif dateline:
        body = f"    {dateline} {body}"
    return RawItem(
        uri=f"urn:newswire:bench:{number}",
        format="text",
        provenance=Provenance(source="bench"),
        version_created="1987-03-26T15:01:01Z",
        headlines=(Text(value=headline),),
        bodies=(Text(value=body, content_type=content_type),),
    )


def _sample(content_type: str, *, long: bool) -> list[RawItem]:
    if not SAMPLE.exists():
        body = "\n    ".join([PARAGRAPH] * 9)
        return [_item(n, "Ports reopen", body, content_type, "OSTRAVA, March 26 -") for n in range(300)]
    with gzip.open(SAMPLE, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["body"] and (not long or 1800 < len(row["body"]) < 2200)]
    return [
        _item(n, row["title"] or "", row["body"], content_type, (row["dateline"] or "").strip())
        for n, row in enumerate(rows[:3000])
    ]


def _median(items: list[RawItem]) -> float:
    """Microseconds a story: the median over stories of the best of several rounds."""
    best = [float("inf")] * len(items)
    for _ in range(ROUNDS):
        for n, item in enumerate(items):
            start = time.thread_time_ns()
            normalise(item)
            best[n] = min(best[n], (time.thread_time_ns() - start) / 1000)
    return statistics.median(best)


@pytest.mark.parametrize(("content_type", "goal"), [("text/plain", 250), ("text/html", 400)])
@pytest.mark.parametrize("long", [False, True], ids=["whole sample", "2 KB"])
def test_microseconds_a_story(content_type: str, goal: int, *, long: bool) -> None:
    items = _sample(content_type, long=long)
    found = _median(items)
    size = statistics.median(len(item.bodies[0].value) for item in items)
    print(
        f"\nnormalise {content_type}: {found:.0f} µs a story, median of {len(items)} of {size:.0f} characters (goal {goal})"
    )
    assert found <= goal


def test_memory_stays_flat() -> None:
    items = _sample("text/plain", long=False)[:500]
    for item in items:
        normalise(item)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(6):
        for item in items:
            normalise(item)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"\nnormalise: {grown} bytes kept after {6 * len(items)} stories")
    assert grown < 200_000


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-m", "bench", "-s", "-q"]))
