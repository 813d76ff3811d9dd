"""What every memory of stories promises, on SQLite and on a server."""

import sqlite3
import threading
from contextlib import closing

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Mark, Member
from pipeline.state.stories_sqlite import SqliteStoryIndex

NEW = Decision("new", 1)


def member(uri, *, seen=1000, cluster="urn:first"):
    return Member(uri, cluster, "prensa", seen - 5, seen, 60, True, b"b" * 16, b"band" * 48, b"\0\xff\r\n" * 9, b"figs")


def test_what_is_remembered_is_there_for_another_process(open_index):
    one, other = open_index(), open_index()
    rich = Decision(
        "copy", 3, "urn:b", similarity=0.75, containment=1.0, cluster="urn:c", preferred="urn:d", links=("x", "y"),
        changes={"bodies": {"words": 3}, "fields": ["bodies"]},
    )  # fmt: skip
    known = Known(3, ("f" * 32, "0" * 32), killed=True, final=True, cluster="urn:c", copy="urn:b", fields={"by": "ab"})
    claims, stories = {"wire.raw/0/1 ñ": rich, "wire.raw/0/2": NEW}, {"urn:a": known, "urn:é": Known(1, ())}
    assert one.remember(claims, stories)
    assert other.claims([*claims, "wire.raw/0/3"]) == claims
    assert other.known([*stories, "urn:none"]) == stories
    assert other.texts(["urn:a"]) == {}


def test_the_first_claim_stays_and_the_newest_story_counts(open_index):
    index = open_index()
    index.remember({"c": NEW}, {"urn:a": Known(1, ("x",))})
    assert index.remember({"c": Decision("redelivery", 1), "d": NEW}, {"urn:a": Known(2, ("x", "y"))})
    assert index.claims(["c", "d"]) == {"c": NEW, "d": NEW}
    assert index.known(["urn:a"]) == {"urn:a": Known(2, ("x", "y"))}


def test_nothing_asked_is_nothing_found(open_index):
    index = open_index()
    assert (index.claims([]), index.known([]), index.texts([]), index.members([])) == ({}, {}, {}, {})
    assert index.remember({}, {})
    assert not index.since(0)


def test_the_same_asked_twice_is_found_once(open_index):
    index = open_index()
    index.remember({"c": NEW}, {"urn:a": Known(1, ())}, [member("urn:a")])
    assert index.claims(["c", "c"]) == {"c": NEW}
    assert index.members([1, 1]) == index.members([1]) == {1: member("urn:a")}


def test_members_are_numbered_in_the_order_given(open_index):
    one, other = open_index(), open_index()
    one.remember({}, {"urn:a": Known(1, ()), "urn:b": Known(1, ())}, [member("urn:a"), member("urn:b", seen=2000)])
    other.remember({}, {"urn:c": Known(1, ())}, [member("urn:c")])
    marks = other.since(0)
    assert marks[0] == Mark(1, 995, 1000, b"band" * 48)
    assert [(mark.number, mark.seen) for mark in marks] == [(1, 1000), (2, 2000), (3, 1000)]
    assert [mark.number for mark in one.since(2)] == [3]
    assert not one.since(3)
    assert one.members([3, 1, 9]) == {1: member("urn:a"), 3: member("urn:c")}


def test_a_story_has_the_text_that_was_remembered_last(open_index):
    index = open_index()
    index.remember({}, {"urn:a": Known(1, ())}, [member("urn:a")])
    index.remember({}, {"urn:a": Known(2, ()), "urn:b": Known(1, ())}, [member("urn:b")])
    assert index.texts(["urn:a", "urn:b", "urn:c"]) == {"urn:a": member("urn:a"), "urn:b": member("urn:b")}
    later = [member("urn:a", seen=3000), member("urn:a", seen=4000)]
    index.remember({}, {"urn:a": Known(3, ())}, later)
    assert index.texts(["urn:a"]) == {"urn:a": later[1]}
    assert index.known(["urn:a"]) == {"urn:a": Known(3, ())}


def test_nothing_is_kept_where_another_was_faster(open_index):
    one, other = open_index(), open_index()
    assert one.remember({"a": NEW}, {"urn:a": Known(1, ())}, [member("urn:a")], after=0)
    assert not other.remember({"b": NEW}, {"urn:b": Known(1, ())}, [member("urn:b")], after=0)
    assert (other.claims(["b"]), other.known(["urn:b"])) == ({}, {})
    assert [mark.number for mark in other.since(0)] == [1]
    assert other.remember({"b": NEW}, {"urn:b": Known(1, ())}, [member("urn:b")], after=1)
    assert [mark.number for mark in one.since(1)] == [2]


def test_the_oldest_are_forgotten_first_and_few_at_a_time(open_index):
    index = open_index()
    for n in range(6):
        index.remember({}, {f"urn:{n}": Known(1, ())}, [member(f"urn:{n}", seen=1000 + n)])
    index.remember({}, {"urn:x": Known(1, ())}, [member("urn:x", seen=9000)], expired=1005)
    assert [mark.number for mark in index.since(0)] == [3, 4, 5, 6, 7]
    assert index.members([1, 3]) == {3: member("urn:2", seen=1002)}
    assert index.texts(["urn:1", "urn:2"]) == {"urn:2": member("urn:2", seen=1002)}
    assert index.known(["urn:1"]) == {"urn:1": Known(1, ())}
    index.remember({}, {"urn:y": Known(1, ())}, [member("urn:y", seen=9000)] * 9, expired=1005)
    assert [mark.number for mark in index.since(0)] == [*range(6, 17)]


def test_many_are_read_a_few_thousand_at_a_time(open_index):
    index = open_index()
    wanted = 5001
    stories = {f"urn:{n}": Known(1, ()) for n in range(wanted)}
    index.remember(dict.fromkeys(stories, NEW), stories, [member(uri) for uri in stories])
    read = []
    while marks := index.since(read[-1] if read else 0):
        read += [mark.number for mark in marks]
    assert read == [*range(1, wanted + 1)]
    assert len(index.claims(list(stories))) == len(index.known(list(stories))) == len(index.texts(list(stories)))
    assert len(index.members(read)) == wanted


def test_workers_at_once_never_keep_what_was_decided_on_old_knowledge(open_index):
    rounds, workers = 30, 4
    indexes = [open_index() for _ in range(workers)]
    refused = [0] * workers

    def work(mine):
        last = 0
        for n in range(rounds):
            uri = f"urn:{mine}:{n}"
            while True:
                while marks := indexes[mine].since(last):
                    last = marks[-1].number
                if indexes[mine].remember({uri: NEW}, {uri: Known(1, ())}, [member(uri, seen=last + 1)], after=last):
                    break
                refused[mine] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Each wrote down which number it expected to be given; that is the one it was given.
    marks = indexes[0].since(0)
    assert [mark.number for mark in marks] == [mark.seen for mark in marks] == [*range(1, rounds * workers + 1)]


_word = st.text(max_size=8)
_decisions = st.builds(
    Decision, kind=_word, version=st.integers(0, 2**40), of=st.none() | _word, final=st.booleans(),
    similarity=st.none() | st.floats(0, 1), links=st.lists(_word).map(tuple),
    changes=st.dictionaries(_word, st.integers(0, 9) | _word),
)  # fmt: skip
_knowns = st.builds(
    Known, version=st.integers(0, 2**40), contents=st.lists(_word).map(tuple), killed=st.booleans(),
    cluster=st.none() | _word, fields=st.dictionaries(_word, _word), runs=st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_word, _decisions, max_size=4), st.dictionaries(_word, _knowns, max_size=4), st.data())
def test_whatever_is_remembered_comes_back_as_it_was(open_index, claims, stories, data):
    index = open_index()
    before = index.claims(list(claims))
    index.remember(claims, stories)
    assert index.claims(list(claims)) == {**claims, **before}
    assert index.known(list(stories)) == stories
    assert index.claims(data.draw(st.lists(_word.map(lambda w: w + "?"), max_size=3))) == {}


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_run_remembers_no_other_run_sees(open_index, turn):
    index = open_index()
    assert index.claims(["once"]) == {}
    index.remember({"once": NEW}, {})


def test_a_file_forgets_what_is_older_than_it_shall_keep(tmp_path):
    now = [1_000_000.0]
    with closing(SqliteStoryIndex(tmp_path / "s.db", keep_seconds=100, clock=lambda: now[0])) as index:
        for number in range(300):
            index.remember({f"old/{number}": NEW}, {f"urn:old-{number}": Known(1, ())})
        now[0] += 60
        index.remember({"again": NEW}, {"urn:old-7": Known(2, ())})
        now[0] += 60
        assert len(index.claims([f"old/{number}" for number in range(300)])) == 300
        # A third as many new ones and the sweep has been round, wherever it began.
        for number in range(110):
            index.remember({f"new/{number}": NEW}, {f"urn:new-{number}": Known(1, ())})
    with closing(SqliteStoryIndex(tmp_path / "s.db")) as index:
        assert index.claims([f"old/{number}" for number in range(300)]) == {}
        assert index.known([f"urn:old-{number}" for number in range(300)]) == {"urn:old-7": Known(2, ())}
        assert len(index.claims([f"new/{number}" for number in range(110)])) == 110
        assert "again" in index.claims(["again"])


def test_a_file_from_before_ages_is_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s.db")) as old:
        old.executescript(
            "CREATE TABLE claim (claim TEXT PRIMARY KEY, decision BLOB) WITHOUT ROWID;"
            "CREATE TABLE story (uri TEXT PRIMARY KEY, known BLOB, member INTEGER) WITHOUT ROWID;"
        )
        old.execute("INSERT INTO claim VALUES ('c', ?)", (msgspec.msgpack.encode(NEW),))
        old.commit()
    with closing(SqliteStoryIndex(tmp_path / "s.db", keep_seconds=100)) as index:
        assert index.remember({"d": NEW}, {})
        assert index.claims(["c", "d"]) == {"c": NEW, "d": NEW}
