"""How often the topic found in the words of a story agrees with the codes its agency gave it, at top level.

Read are the files of ``../shared/corpus`` whose source states IPTC codes and that have a body; the codes are hidden
from the enricher. A story is right where the leading top term is among the top terms of the agency's codes; one
without an answer is wrong. The stories of the collection of 1987 are a check of plausibility: its categories are read
as the top terms of `REUTERS`.
"""

import gzip
import io
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.enrich.language import Language
from pipeline.enrich.topics import CREATOR as OURS
from pipeline.enrich.topics import topics_of
from pipeline.enrich.topics_codes import mapped_code, stated_code, topic
from pipeline.errors import NewswireError
from pipeline.process import process_files
from pipeline.story import Story, Text, from_ninjs

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
FORMATS = ("newsml-1.2", "newsml-g2", "ninjs", "nitf", "ap-media-api", "anpa-1312", "iptc-7901")
LEAST_TEXT = 200
"""Shorter bodies, in characters, are placeholders of test files."""
RECEIVED = datetime(2020, 1, 1, tzinfo=UTC)
CODED = ("http://cv.iptc.org/", "medtop:", "subj:", "http://tt.se/spec/subref/", "sttsubj:")
REUTERS = {
    "earn": "20000178", "acq": "20000204", "money-fx": "20000391", "crude": "20001243", "grain": "20000210",
    "trade": "20000373", "interest": "20000371", "ship": "20000337", "money-supply": "20000379", "gold": "20000386",
    "cpi": "20000370", "jobs": "20000533", "gnp": "20000359", "bop": "20000375",
}  # fmt: skip


def _truth(story: Story) -> frozenset[str]:
    """The top terms that the source's codes, not its words, say."""
    codes = []
    for subject in story.subjects:
        if subject.creator == OURS:  # the stories come out of the whole pipeline, enriched
            continue
        values = (subject.uri or "", subject.literal or "")
        if any(value.startswith(CODED) or (value.isdigit() and len(value) == 8) for value in values):  # noqa: PLR2004  # an IPTC code
            codes.append(stated_code(subject) or mapped_code(subject))
    return frozenset(topic(code).top for code in codes if code)


def coded_stories() -> list[tuple[str, Story, frozenset[str]]]:
    """File, story without its subjects, and top terms stated; each headline once."""
    found: dict[str, tuple[str, Story, frozenset[str]]] = {}
    for path in sorted(path for name in FORMATS for path in (CORPUS / name).rglob("*") if path.is_file()):
        out = io.BytesIO()
        try:
            process_files([str(path)], RECEIVED, out, io.StringIO())
        except NewswireError:
            continue
        for line in out.getvalue().splitlines():
            story = from_ninjs(line)
            truth = _truth(story)
            if truth and len(story.text) >= LEAST_TEXT:
                bare = Language().enrich(msgspec.structs.replace(story, subjects=()))
                found.setdefault(story.headline, (str(path.relative_to(CORPUS)), bare, truth))
    return list(found.values())


def accuracy(*, show: bool = False) -> dict[str, tuple[int, int]]:
    """Stories right and stories in all, by language."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for file, story, truth in coded_stories():
        language = (story.language or "")[:2]
        topics = topics_of(story)
        good = bool(topics) and topics[-1][0] in truth
        right[language] += good
        every[language] += 1
        if show:
            names = [f"{topic(code).name} {confidence}" for code, confidence in topics]
            print("   " if good else "BAD", language, file, story.headline[:60], sorted(truth), names)
    return {language: (right[language], every[language]) for language in sorted(every)}


def reuters() -> dict[str, tuple[int, int, int]]:
    """By category of the stories of 1987 with one only: right at top level, right to the topic, and in all."""
    counts: dict[str, list[int]] = {category: [0, 0, 0] for category in REUTERS}
    for path in sorted((CORPUS / "reuters-21578").glob("*.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                document = json.loads(line)
                if not document.get("body") or [*document["topics"]] not in [[category] for category in REUTERS]:
                    continue
                [category] = document["topics"]
                story = Story(
                    uri="urn:r", language="en", headlines=(Text(document["title"]),), bodies=(Text(document["body"]),)
                )
                topics = topics_of(story)
                counts[category][0] += bool(topics) and topics[-1][0] == topic(REUTERS[category]).top
                counts[category][1] += any(code == REUTERS[category] for code, _ in topics)
                counts[category][2] += 1
    return {category: (top, own, every) for category, (top, own, every) in counts.items()}


def main() -> None:
    """Print both; ``--show`` lists every coded story."""
    for language, (right, every) in accuracy(show="--show" in sys.argv).items():
        print(f"{language}: {right} of {every} right at top level, {right / every:.2f}")
    for category, (top, own, every) in reuters().items():
        print(
            f"1987, {category}: {every} stories, top level {top / every:.2f}, topic among those found {own / every:.2f}"
        )


if __name__ == "__main__":
    main()
