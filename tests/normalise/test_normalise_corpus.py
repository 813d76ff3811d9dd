"""Real wire files, read where they lie beside the checkout: nothing lost, nothing invented."""

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.formats import parse
from pipeline.item import Origin, RawItem
from pipeline.normalise import markup, normalise
from pipeline.normalise.characters import clean
from pipeline.normalise.paragraphs import split
from pipeline.story import Provenance, Story, Text

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of wire files is not beside this checkout")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_DAY = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\.? ?(\d\d?)[,.]? ?-?$", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def _items() -> list[tuple[str, RawItem]]:
    found: list[tuple[str, RawItem]] = []
    for path in sorted(CORPUS.rglob("*.*")):
        if path.is_file() and "reuters-21578" not in path.parts:
            origin = Origin(source="corpus", url=path.name, fetched_at=RECEIVED)
            document = parse(path.read_bytes(), origin)
            found += [(path.name, item) for item in document.items if isinstance(item, RawItem)]
    return found


def _kept(story: Story) -> Counter[str]:
    extension = story.newswire
    texts = [
        *(body.value for body in story.bodies if body.content_type != "text/html"),
        *(text.value for text in (*story.headlines, *story.descriptions)),
        *(removed.text for removed in extension.removed),
        extension.dateline.text if extension.dateline else "",
        extension.raw_headline or "",
    ]
    return Counter(_WORD.findall(" ".join(texts)))


def _source(item: RawItem) -> Counter[str]:
    """The words of the main body, which a story must keep somewhere."""
    if not item.bodies:
        return Counter()
    main = [body for body in item.bodies if body.role == item.bodies[0].role]
    marked = [body for body in main if "html" in (body.content_type or "") or "xml" in (body.content_type or "")]
    words: list[str] = []
    for body in marked or main:
        value = clean(body.value)
        if body in marked:
            document = markup.read(value)
            words += [*document.paragraphs, *(text for _, text in document.left_out)]
        else:
            words += split(value)
    return Counter(_WORD.findall(" ".join(words)))


def _labelled() -> list[tuple[str, dict[str, object], Story]]:
    """Each item with what a reader found stated in it (`corpus_labels.json`; nothing where it is not listed)."""
    labels = json.loads(Path(__file__).with_name("corpus_labels.json").read_text())
    count, found = Counter[str](), []
    for name, item in _items():
        count[name] += 1
        found.append((name, labels.pop(f"{item.format}/{name}#{count[name]}", {}), normalise(item)))
    assert not labels, "labels of items that are not there"
    return found


def test_datelines_of_the_corpus_are_exact_and_none_is_invented() -> None:
    right, wrong, invented = 0, [], []
    for name, label, story in _labelled():
        dateline = story.newswire.dateline
        found = None
        if dateline is not None:
            found = {
                "text": dateline.text,
                "places": [*dateline.places],
                "date": dateline.date,
                "agency": dateline.agency,
            }
        expected = label.get("dateline")
        right += expected is not None and found == expected
        if expected is None and found is not None:
            invented.append((name, found))
        elif expected != found:
            wrong.append((name, found, expected))
    print(f"datelines of the corpus: {right} exact, {len(wrong)} not, {len(invented)} invented")
    assert not invented
    assert right >= 0.99 * (right + len(wrong)), wrong


def test_message_types_of_the_corpus_are_right() -> None:
    wrong = []
    for name, label, story in _labelled():
        embargo = story.embargoed_until.isoformat() if story.embargoed_until else None
        found = (list(story.newswire.signals), story.pub_status, embargo)
        expected = (label.get("signals", []), label.get("status", "usable"), label.get("embargo"))
        if found != expected:
            wrong.append((name, found, expected))
    assert not wrong


def test_no_word_of_the_corpus_is_lost() -> None:
    items = _items()
    assert len(items) > 100
    for name, item in items:
        if item.ninjs is not None:
            continue  # kept property by property
        missing = _source(item) - _kept(normalise(item))
        assert not missing, (name, missing)


def test_normalising_the_corpus_again_changes_nothing() -> None:
    for name, item in _items():
        if item.ninjs is not None:
            continue
        once = normalise(item)
        again = RawItem(
            uri=item.uri, format="text", provenance=item.provenance, headlines=once.headlines,
            bodies=(Text(value=once.text, content_type="text/plain"),),
        )  # fmt: skip
        assert normalise(again).text == once.text, name


@pytest.mark.parametrize("given", ["in the copy", "as a field", "not at all"])
def test_the_datelines_of_1987(given: str) -> None:
    path = CORPUS / "reuters-21578" / "newid-00001-10000.jsonl.gz"
    with gzip.open(path, "rt") as lines:
        rows = [row for line in lines if (row := json.loads(line))["body"]]
    right = wrong = places = days = dated = 0
    for row in rows:
        stated = " ".join((row["dateline"] or "").split())
        body = f"    {stated} {row['body']}" if given == "in the copy" else row["body"]
        item = RawItem(
            uri=f"urn:x:{row['id']}", format="text", provenance=Provenance(source="x"), version_created=row["date"],
            bodies=(Text(value=body, content_type="text/plain"),), dateline=stated if given == "as a field" else None,
        )  # fmt: skip
        found = normalise(item).newswire.dateline
        expected = stated if given != "not at all" else None
        right += (found.text if found else None) == (expected or None)
        wrong += not expected and found is not None
        if expected and found:
            places += found.places == tuple(place.strip() for place in stated.split(",")[0].split("/"))
            day = _DAY.search(stated)
            dated += day is not None
            days += (
                day is not None and (found.date or "")[5:] == f"{_MONTHS.index(day[1].lower()) + 1:02}-{int(day[2]):02}"
            )
    print(
        f"datelines {given}: {right} of {len(rows)} exact, {places} with the same places,"
        f" {days} of {dated} with the same day; {wrong} invented"
    )
    assert wrong <= 2
    assert right >= 0.99 * len(rows)
    if given != "not at all":
        assert places >= 0.99 * len(rows)
        assert days >= 0.99 * dated > 0.98 * len(rows)
