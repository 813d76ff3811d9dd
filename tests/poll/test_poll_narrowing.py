"""Of a changed feed only what was not seen before is parsed, and nothing that was edited is missed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from poll_lab import NOW, entry, rss

from pipeline.item import Origin, decode_item
from pipeline.poll.narrowing import read_new
from pipeline.poll.reading import IN_PROCESS_BYTES, DocumentReader, Reading
from pipeline.poll.seen import Known
from pipeline.state.sources_sqlite import SqlitePollMemory

HERE = Origin(source="oststrand", url="https://oststrand.example/feed", fetched_at=NOW)


class Desk:
    """Reads one source's documents one after the other, and remembers as the poller does."""

    def __init__(self, path: Path) -> None:
        self.memory = SqlitePollMemory(path / "poll.db")
        self.reader = DocumentReader()
        self.polls = 0

    def read(self, body: bytes) -> tuple[Reading, Known]:
        reading, known = read_new(self.reader, self.memory, body, HERE)
        self.polls += 1
        self.memory.save([("oststrand", 1, b"", known.marks, self.polls)], NOW.timestamp())
        return reading, known

    def headlines(self, body: bytes) -> list[str]:
        """Of what is to be published."""
        return [decode_item(item.record[1]).headlines[0].value for item in self.read(body)[1].new]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.reader.close()
    one.memory.close()


def test_only_new_entries_are_parsed(desk: Desk) -> None:
    reading, known = desk.read(rss(*(entry(n) for n in range(1, 31))))
    assert (len(reading.items), len(known.new), known.known) == (30, 30, 0)
    reading, known = desk.read(rss(*(entry(n) for n in range(31, 1, -1))))
    assert len(reading.items) == 1
    assert (len(known.new), known.known) == (1, 29)
    reading, known = desk.read(rss(*(entry(n) for n in range(31, 1, -1)), extra="<ttl>9</ttl>"))
    assert (len(reading.items), len(known.new), known.known) == (0, 0, 30)
    assert reading.hints is not None
    assert reading.hints.ttl == 540


def test_items_of_a_narrowed_feed_are_those_of_the_whole(desk: Desk, tmp_path: Path) -> None:
    desk.read(rss(entry(1), entry(3)))
    changed = rss(entry(1), entry(2), entry(3), entry(4))
    _, narrowed = desk.read(changed)
    other = tmp_path / "other"
    other.mkdir()
    whole = {item.position: item for item in Desk(other).read(changed)[1].new}
    assert [item.position for item in narrowed.new] == [1, 3]
    assert [whole[item.position] for item in narrowed.new] == list(narrowed.new)


def test_an_edited_entry_is_published_again_and_so_is_one_set_back(desk: Desk) -> None:
    first, second = rss(entry(1, "Quay opens"), entry(2)), rss(entry(1, "Quay stays shut"), entry(2))
    assert len(desk.headlines(first)) == 2
    assert desk.headlines(second) == ["Quay stays shut"]
    assert desk.headlines(first) == ["Quay opens"]
    assert desk.headlines(second) == ["Quay stays shut"]
    assert desk.headlines(second) == []


def test_churn_alone_is_parsed_once_and_not_published(desk: Desk) -> None:
    desk.read(rss(entry(1), entry(2)))
    churned = rss(entry(1), entry(2).replace("/2<", "/2?utm_source=rss<"))
    reading, known = desk.read(churned)
    assert (len(reading.items), len(known.new), known.known) == (1, 0, 2)
    assert desk.read(churned.replace(b"News<", b"The news<"))[0].items == ()


def test_what_is_not_well_formed_goes_through_whole_every_time(desk: Desk) -> None:
    broken = rss(entry(1), entry(2)).replace(b"Oststrand Wire", b"Oststrand & Wire")
    assert len(desk.read(broken)[0].items) == 2
    reading, known = desk.read(broken)
    assert (len(reading.items), len(known.new), known.known) == (2, 0, 2)


def test_a_large_feed_is_narrowed_before_the_child_is_asked(desk: Desk) -> None:
    long = "<p>The quay is long.</p>" * 100
    old = [entry(n, body=f"<![CDATA[{long}{n}]]>") for n in range(30)]
    assert len(rss(*old)) > IN_PROCESS_BYTES
    assert len(desk.read(rss(*old))[1].new) == 30
    reading, known = desk.read(rss(entry(99), *old))
    assert [item.position for item in reading.items] == [0]
    assert known.known == 30


def test_an_entry_that_stands_for_long_is_remembered_while_it_stands(desk: Desk) -> None:
    desk.read(rss(entry(1), entry(2)))
    for number in range(3, 6):
        desk.polls += 300
        _, known = desk.read(rss(entry(1), entry(number)))
        desk.memory.save([("oststrand", 1, b"", [(b"x" * 8, b"y" * 8)], desk.polls)], NOW.timestamp() + 30 * 86_400)
        assert len(known.new) == 1
    # The bytes of entry 2 were forgotten with the entry; those of entry 1 were not.
    assert len(desk.read(rss(entry(1), entry(2)))[0].items) == 1


def test_too_many_entries_are_read_a_window_at_a_time(desk: Desk) -> None:
    body = rss(*(entry(n) for n in range(2_500)))
    reading, known = desk.read(body)
    assert [r.code for r in reading.refusals] == ["too_many_items"]
    assert len(known.new) == 2_000
    _, known = desk.read(body)
    assert (len(known.new), known.known) == (500, 2_000)
