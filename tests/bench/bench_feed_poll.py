"""What one new entry in a feed of thirty costs the poller to read, as a share of feedparser on the whole feed.

Measured is the poller's whole reading path: splitting, asking the memory (SQLite), parsing, fingerprints and the
record for the log. Against it stands feedparser alone on the whole document with the same options. Each runs in blocks
of ten, as a poller does the one and never the other; blocks are interleaved, figures are medians of processor time. Exits 1 where the goal is missed, unless `--no-fail`.
"""

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from pipeline.formats.feed import run_feedparser
from pipeline.item import Origin
from pipeline.poll.narrowing import read_new
from pipeline.poll.reading import DocumentReader
from pipeline.state.sources_sqlite import SqlitePollMemory

GOAL = 0.15
ENTRIES = 30
BLOCK = 10
HERE = Origin(source="bench", url="https://wire.example/feed", fetched_at=datetime(2026, 3, 4, tzinfo=UTC))
PARAGRAPH = (
    "<p>The harbour council of <a href='/place/oststrand'>Oststrand</a> met again about the new quay, which "
    "<b>divides</b> the town, and put the vote off until the engineers have measured the silt once more.</p>"
)


def feed(numbers: range, paragraphs: int) -> bytes:
    """An RSS feed of entries with so many paragraphs of HTML."""
    items = "".join(
        f"<item><guid isPermaLink='false'>tag:wire.example,2026:{n}</guid><title>Council puts off vote {n}</title>"
        f"<link>https://wire.example/{n}</link><pubDate>Wed, 04 Mar 2026 05:{n % 60:02}:00 GMT</pubDate>"
        f"<dc:creator>A. Writer</dc:creator><category>Harbours</category>"
        f"<description><![CDATA[{PARAGRAPH * paragraphs}{n}]]></description></item>"
        for n in reversed(numbers)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Wire</title><link>https://wire.example/</link>{items}</channel></rss>"
    ).encode()


def seconds_of(paragraphs: int, rounds: int) -> tuple[float, float]:
    """Median seconds of feedparser on the whole, and of reading one new entry among thirty."""
    whole, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        memory, reader = SqlitePollMemory(Path(folder) / "poll.db"), DocumentReader()
        for block in range(rounds):
            bodies = [
                feed(range(turn, turn + ENTRIES), paragraphs) for turn in range(block * BLOCK, (block + 1) * BLOCK)
            ]
            for body in bodies:
                began = time.process_time()
                parsed = run_feedparser(body, HERE)
                whole.append(time.process_time() - began)
                assert len(parsed["entries"]) == ENTRIES
            del parsed
            for turn, body in enumerate(bodies, block * BLOCK):
                began = time.process_time()
                _, known = read_new(reader, memory, body, HERE)
                ours.append(time.process_time() - began)
                memory.save([(HERE.source, 1, b"", known.marks, turn)], turn)
                assert turn == 0 or (len(known.new), known.known) == (1, ENTRIES - 1)
        reader.close()
        memory.close()
    return statistics.median(whole), statistics.median(ours)


def main() -> int:
    """Measure teasers and full texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--no-fail", action="store_true")
    wanted = parser.parse_args()
    missed = False
    for paragraphs in (1, 3, 15):
        whole, ours = seconds_of(paragraphs, wanted.rounds)
        share = ours / whole
        missed |= share > GOAL
        print(
            f"{ENTRIES} entries of {paragraphs} paragraphs: feedparser {whole * 1e3:.2f} ms, one new entry through "
            f"the poller's reading {ours * 1e3:.2f} ms, share {share:.3f} (goal {GOAL})"
        )
    return 1 if missed and not wanted.no_fail else 0


if __name__ == "__main__":
    sys.exit(main())
