"""Near-duplicates found, against brute force: ``python scripts/evaluate_duplicates.py FILE.jsonl.gz``.

The file holds one story a line: ``{"id", "title", "body"}``. Truth is exact: every pair of bodies of 20 words or
more that shares a word 5-shingle is compared by its sets of words, without hashes. Every other story is given
another provider. The same is measured on versions made from the stories: truncated, and with another headline.
"""

import argparse
import gzip
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from pathlib import Path
from typing import NamedTuple

from pipeline.deduplicate import DeduplicateStage
from pipeline.deduplicate.shingles import WORDS, words
from pipeline.record import RAW_HEADER, Emit, Record
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import PLAIN, Newswire, Provenance, Story, Text, from_ninjs, to_ninjs

BATCH = 500
SAME, LARGELY, LONG, ROUND_UP, SHORTEST = 0.8, 0.5, 50, 0.15, 20
START = datetime(2024, 3, 1, tzinfo=UTC)
COMMON = 60
"""A shingle in more bodies than this is looked at only through the rarer ones; both figures below need many shared."""


class Item(NamedTuple):
    uri: str
    headline: str
    body: str
    provider: str


class Pair(NamedTuple):
    one: str
    other: str
    jaccard: float
    containment: float
    shortest: int
    ratio: float


def read(path: Path) -> list[Item]:
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if len(row["body"].split()) >= SHORTEST]
    return [Item(f"urn:x:{r['id']}", r["title"], r["body"], "ab"[n % 2]) for n, r in enumerate(rows)]


def truth(items: Sequence[Item]) -> list[Pair]:
    """Every pair at a Jaccard index of 0.5 or a containment of 0.8."""
    tokens = {item.uri: words(item.body) for item in items}
    sets = {uri: set(zip(*(own[n:] for n in range(WORDS)), strict=False)) for uri, own in tokens.items()}
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for uri, own in sets.items():
        for shingle in own:
            places[shingle].append(uri)
    shared = Counter(pair for uris in places.values() if len(uris) <= COMMON for pair in combinations(uris, 2))
    pairs = []
    for one, other in shared:
        common = len(sets[one] & sets[other])
        jaccard = common / len(sets[one] | sets[other])
        containment = common / min(len(sets[one]), len(sets[other]))
        if jaccard >= LARGELY or containment >= SAME:
            sizes = len(tokens[one]), len(tokens[other])
            pairs.append(Pair(one, other, jaccard, containment, min(sizes), min(sizes) / max(sizes)))
    return pairs


def records(items: Iterable[Item]) -> list[Record]:
    made = []
    for n, item in enumerate(items):
        at = START + timedelta(seconds=10 * n)
        story = Story(
            uri=item.uri,
            pub_status="usable",
            version_created=at,
            headlines=(Text(item.headline),),
            bodies=(Text(item.body, content_type=PLAIN),),
            newswire=Newswire(provenance=Provenance(item.provider, fetched_at=at)),
        )
        headers = ((RAW_HEADER, f"wire.raw/0/{n}".encode()),)
        made.append(Record("wire.normalised", 0, n, item.uri.encode(), to_ninjs(story), headers))
    return made


def decide(items: Sequence[Item]) -> dict[str, Story]:
    """Each story as the stage passed it on."""
    index = SqliteStoryIndex(":memory:")
    stage = DeduplicateStage(index)
    waiting = iter(records(items))
    decided = {}
    started = time.thread_time()
    while batch := list(islice(waiting, BATCH)):
        for (outcome,) in stage.process_batch(batch):
            if isinstance(outcome, Emit) and outcome.value is not None:
                story = from_ninjs(outcome.value)
                decided[story.uri] = story
    index.close()
    print(f"  {len(items)} stories, {len(items) / (time.thread_time() - started):,.0f} a second")
    return decided


def report(name: str, items: Sequence[Item]) -> None:
    print(name)
    pairs = truth(items)
    decided = decide(items)
    relations = {uri: story.newswire.relation for uri, story in decided.items()}
    cluster = {uri: (r.cluster if r and r.cluster else uri) for uri, r in relations.items()}
    near: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        if pair.jaccard >= SAME or pair.containment >= SAME:
            near[pair.one].add(pair.other)
            near[pair.other].add(pair.one)
    _share("pairs at 0.8", [p for p in pairs if p.jaccard >= SAME], cluster, 0.99)
    _share(
        "pairs at 0.5, both 50 words", [p for p in pairs if p.jaccard >= LARGELY and p.shortest >= LONG], cluster, 0.97
    )
    contained = [p for p in pairs if p.jaccard < LARGELY]
    _share("containment 0.8, Jaccard under 0.5", contained, cluster, 0.90)
    _share("  no round-ups", [p for p in contained if p.ratio >= ROUND_UP], cluster, 0.90)
    copies = [uri for uri, r in relations.items() if r and r.kind == "copy"]
    true = [uri for uri in copies if relations[uri].of in near[uri]]
    print(f"  copies {len(copies)}, with that one at 0.8: {len(true) / max(len(copies), 1):.4f} (goal 0.99)")
    print(f"  kinds {dict(Counter(r.kind for r in relations.values() if r))}")
    sizes = Counter(Counter(cluster.values()).values())
    print(f"  clusters by size {dict(sorted(sizes.items()))}")


def _share(name: str, pairs: Sequence[Pair], cluster: Mapping[str, str], goal: float) -> None:
    together = sum(cluster[p.one] == cluster[p.other] for p in pairs)
    print(f"  {name}: {together} of {len(pairs)} in one cluster: {together / max(len(pairs), 1):.4f} (goal {goal})")


def truncated(items: Sequence[Item]) -> list[Item]:
    """The first half of every fifth story of 100 words or more, by the other provider, some hours later."""
    chosen = [i for i in items[::5] if len(i.body.split()) >= 2 * LONG]
    return [Item(f"{i.uri}:cut", i.headline, _half(i.body), _other(i.provider)) for i in chosen]


def renamed(items: Sequence[Item]) -> list[Item]:
    """Every fifth story with another headline and the other provider."""
    return [Item(f"{i.uri}:new", f"More on {i.headline.lower()}", i.body, _other(i.provider)) for i in items[1::5]]


def _half(body: str) -> str:
    own = body.split()
    return " ".join(own[: len(own) // 2])


def _other(provider: str) -> str:
    return "b" if provider == "a" else "a"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    items = read(parser.parse_args().file)
    report("as they came", items)
    report("with truncated versions", [*items, *truncated(items)])
    report("with versions under another headline", [*items, *renamed(items)])


if __name__ == "__main__":
    main()
