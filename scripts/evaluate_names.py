"""How well people and the speakers of quotations are found, against hand labels of stories in ``../shared/corpus``.

Every second story of the labels was used to adjust the rules; the others were not, and their figures are the ones to
quote. Precision, recall and F1 count a name as right where it is the whole name, and a quotation where its first five
words and its speaker are. The first `READ` characters of a story's body are read, as they were for labelling.
"""

import gzip
import io
import json
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.enrich.people import People
from pipeline.enrich.quotes import Quotes
from pipeline.process import process_files
from pipeline.story import Newswire, Story, Text, from_ninjs

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
LABELS = ROOT / "tests" / "enrich" / "labels_people.json"
READ = 3_000
RECEIVED = datetime(2020, 1, 1, tzinfo=UTC)


class Score(NamedTuple):
    """Counts of what was right, found, and there to be found."""

    right: int
    found: int
    there: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.there) if self.found + self.there else 1.0

    def __str__(self) -> str:
        precision, recall = self.right / max(1, self.found), self.right / max(1, self.there)
        return f"F1 {self.f1:.3f}  precision {precision:.3f}  recall {recall:.3f}  of {self.there}"


def _opening(text: str) -> str:
    words = [re.sub(r"\W", "", word) for word in text.lower().split()]
    return " ".join([word for word in words if word][:5])


@cache
def _reuters(path: Path) -> dict[int, str]:
    """The bodies of the collection of 1987 by number, with their hard line ends taken out."""
    bodies: dict[int, str] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            paragraphs = re.split(r"\n {3,}", document.get("body") or "")
            bodies[int(document["id"])] = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return bodies


def _read(file: str, ordinal: int) -> Story:
    path = CORPUS / file
    if path.suffix == ".gz":
        return Story(uri="urn:r", language="en", bodies=(Text(_reuters(path)[ordinal][:READ]),))
    out = io.BytesIO()
    process_files([str(path)], RECEIVED, out, sys.stderr)
    story = from_ninjs(out.getvalue().splitlines()[ordinal])
    return msgspec.structs.replace(story, people=(), newswire=Newswire(), bodies=(Text(story.text[:READ]),))


def _matched(found: list[Any], there: list[Any]) -> Score:
    return Score((Counter(found) & Counter(there)).total(), len(found), len(there))


def evaluate(*, held_out: bool, show: bool = False) -> tuple[int, Score, Score]:
    """The number of stories, and the scores of people and of quotations with a speaker, of one half of the labels."""
    people, quotes = [0, 0, 0], [0, 0, 0]
    labels = json.loads(LABELS.read_text("utf-8"))[int(held_out) :: 2]
    for label in labels:
        story = Quotes().enrich(People().enrich(_read(label["file"], label["ordinal"])))
        named = [person.name for person in story.people]
        said = [(_opening(q.text), q.speaker) for q in story.newswire.quotes if q.speaker]
        wanted = [(_opening(opening), speaker) for opening, speaker in label["quotes"] if speaker]
        for sums, score in ((people, _matched(named, label["people"])), (quotes, _matched(said, wanted))):
            sums[:] = [a + b for a, b in zip(sums, score, strict=True)]
        if show:
            for kind, got, want in (("people", named, label["people"]), ("quotes", said, wanted)):
                wrong, missed = Counter(got) - Counter(want), Counter(want) - Counter(got)
                if wrong or missed:
                    print(label["file"], label["ordinal"], kind, "wrong:", list(wrong), "missed:", list(missed))
    return len(labels), Score(*people), Score(*quotes)


def main() -> None:
    """Print both halves; ``--show`` names what went wrong in the half that was used to adjust the rules."""
    for held_out in (False, True):
        stories, people, quotes = evaluate(held_out=held_out, show="--show" in sys.argv and not held_out)
        half = "held out" if held_out else "adjusted on"
        print(f"{half}, {stories} stories\n  people  {people}\n  quotes  {quotes}")


if __name__ == "__main__":
    main()
