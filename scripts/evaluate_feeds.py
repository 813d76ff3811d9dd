"""Reads every feed under some folders whole, and again with one entry left at a time: is the entry the same?

    python scripts/evaluate_feeds.py FOLDER...

The tests of feedparser's source distribution are the best such folder there is. Entries that expat can't tell apart
go through whole, which is counted and no mistake. Exits 1 where an entry differs or a parser faults.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from pipeline.errors import Permanent
from pipeline.formats import parse
from pipeline.formats.feed import run_feedparser
from pipeline.formats.feed_window import split
from pipeline.item import Origin

HERE = Origin(source="s", url="https://wire.example/feed")
SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json", ".cdf"})


def entries(body: bytes) -> list[dict[str, Any]]:
    """What feedparser makes of a document, with the options of this project."""
    return [dict.copy(entry) for entry in run_feedparser(body, HERE)["entries"]]


def judge(body: bytes, tally: Counter[str]) -> list[str]:
    """What is wrong with one document."""
    wrong = []
    try:
        found = parse(body, HERE)
        tally[found.format] += 1
        tally["items"] += len(found.items)
    except Permanent as error:
        tally[error.code] += 1
        if error.code == "parser_fault":
            wrong.append(error.why)
    try:
        whole = entries(body)
    except Permanent:
        return wrong
    parts = split(body)
    if parts is None or not whole:
        tally["read whole: without entries" if not whole else "read whole: can't be split"] += 1
        return wrong
    if len(parts.spans) != len(whole):
        tally["read whole: other entries than feedparser's"] += 1
        return wrong
    tally["split"] += 1
    for number, entry in enumerate(whole):
        tally["entries"] += 1
        if entries(parts.only({number})) != [entry]:
            wrong.append(f"entry {number} differs")
    return wrong


def main() -> int:
    """Judge all documents and print what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    paths = [p for folder in parser.parse_args().folders for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES]
    warnings.simplefilter("ignore")
    tally, bad, slowest = Counter[str](), 0, (0.0, "")
    for path in paths:
        body, began = path.read_bytes(), time.process_time()
        wrong = judge(body, tally)
        slowest = max(slowest, (time.process_time() - began, path.name))
        bad += bool(wrong)
        for line in wrong[:1]:
            print(f"{path}: {line}")
    print(f"{len(paths)} documents, {bad} wrong; slowest {slowest[1]} {slowest[0]:.2f} s")
    for name, count in tally.most_common():
        print(f"{count:7} {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
