"""What a delivery is found to be, and that a replay finds the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deduplicate import DeduplicateStage
from pipeline.deduplicate.decision import fingerprint
from pipeline.record import RAW_HEADER, Record, Reject
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import CANCELED, Newswire, Story, Text, from_ninjs, to_ninjs


@pytest.fixture
def index():
    memory = SqliteStoryIndex(":memory:")
    yield memory
    memory.close()


def story(text="a", version=None, uri="urn:a", status="usable", signals=()):
    return Story(
        uri=uri,
        version=version,
        pub_status=status,
        headlines=(Text(f"About {text}"),),
        bodies=(Text(text, content_type="text/plain"),) if status != CANCELED else (),
        newswire=Newswire(signals=signals),
    )


def record(offset, value):
    raw = f"wire.raw/0/{offset}".encode()
    body = value if isinstance(value, bytes) else to_ninjs(value)
    return Record("wire.normalised", 0, offset, b"k", body, ((RAW_HEADER, raw),))


def kinds(index, *stories, start=0):
    results = DeduplicateStage(index).process_batch([record(start + n, s) for n, s in enumerate(stories)])
    decided = [from_ninjs(outcome.value) for (outcome,) in results]
    return [(s.newswire.relation.kind, s.version) for s in decided]


def test_a_life(index):
    assert kinds(index, story("a"), story("a"), story("b"), story("c", signals=("correction",))) == [
        ("new", "1"),
        ("redelivery", "1"),
        ("update", "2"),
        ("correction", "3"),
    ]


def test_an_old_content_coming_back_is_a_redelivery(index):
    assert kinds(index, story("a"), story("b"), story("a"))[2] == ("redelivery", "2")


def test_the_source_s_own_versions_count_and_a_late_older_one_is_stale(index):
    assert kinds(index, story("a", "3"), story("b", "2"), story("c", "7")) == [
        ("new", "3"),
        ("stale", "2"),
        ("update", "7"),
    ]


def test_what_is_not_passed_on_goes_to_the_duplicates(index):
    results = DeduplicateStage(index).process_batch([record(0, story("a")), record(1, story("a"))])
    assert [outcome.topic for (outcome,) in results] == ["wire.unique", "wire.duplicates"]


@pytest.mark.parametrize(("kill", "late"), [(None, None), ("3", "2"), ("3", "3"), (None, "1"), ("1", None)])
def test_an_original_after_its_kill_is_never_passed_on(index, kill, late):
    assert kinds(index, story("gone", kill, status=CANCELED), story("a", late)) == [
        ("kill", kill or "1"),
        ("stale", late if kill == "3" and late == "2" else kill or "1"),
    ]


def test_a_source_may_number_a_killed_story_higher(index):
    assert kinds(index, story("a", "1"), story("x", "2", status=CANCELED), story("b", "3"))[2] == ("update", "3")


def test_after_a_kill_without_a_number_nothing_runs(index):
    assert kinds(index, story("x", status=CANCELED), story("a", "2"), story("b", "9")) == [
        ("kill", "1"),
        ("stale", "1"),
        ("stale", "1"),
    ]


def test_a_text_that_its_source_sets_back_under_a_higher_number_is_a_revision(index):
    assert kinds(index, story("a", "1"), story("b", "2"), story("a", "3"), story("a", "3"))[2:] == [
        ("update", "3"),
        ("redelivery", "3"),
    ]


def test_a_log_made_anew_does_not_inherit_decisions(index):
    assert kinds(index, story("a"), story("a")) == [("new", "1"), ("redelivery", "1")]
    assert kinds(index, story("z", uri="urn:other"), story("y", uri="urn:third")) == [("new", "1"), ("new", "1")]


def test_a_second_kill_counts(index):
    lives = [story("a", "1"), story("x", "2", status=CANCELED), story("b", "3"), story("x", "4", status=CANCELED)]
    assert kinds(index, *lives)[2:] == [("update", "3"), ("kill", "4")]


@pytest.mark.parametrize(("status", "of"), [("usable", "urn:a"), ("withheld", None)])
def test_a_kill_names_the_story_it_kills_only_if_that_could_run(index, status, of):
    gone = story("gone", status=CANCELED)
    results = DeduplicateStage(index).process_batch([record(0, story("a", status=status)), record(1, gone)])
    relation = from_ninjs(results[1][0].value).newswire.relation
    assert (relation.kind, relation.of) == ("kill", of)


def test_no_story_is_refused_alone(index):
    results = DeduplicateStage(index).process_batch([record(0, b"{"), record(1, story("a"))])
    assert isinstance(results[0][0], Reject)
    assert results[1][0].topic == "wire.unique"


CONTENT = st.builds(
    story,
    st.sampled_from("abcd"),
    st.sampled_from([None, "1", "2", "3"]),
    st.sampled_from(["urn:a", "urn:b"]),
    st.sampled_from(["usable", "usable", CANCELED]),
)


@given(st.lists(CONTENT, max_size=12), st.data())
def test_a_replay_from_anywhere_in_any_batches_decides_the_same(stories, data):
    memory = SqliteStoryIndex(":memory:")
    try:
        stage = DeduplicateStage(memory)
        records = [record(n, s) for n, s in enumerate(stories)]
        first = [stage.process_batch([r])[0] for r in records]
        start = data.draw(st.integers(0, len(records)))
        assert list(stage.process_batch(records[start:])) == first[start:]
    finally:
        memory.close()


@given(st.lists(CONTENT, max_size=12), st.integers(1, 5))
def test_batches_make_no_difference(stories, size):
    one, other = SqliteStoryIndex(":memory:"), SqliteStoryIndex(":memory:")
    try:
        records = [record(n, s) for n, s in enumerate(stories)]
        singly = [DeduplicateStage(one).process_batch([r])[0] for r in records]
        stage = DeduplicateStage(other)
        batched = [o for n in range(0, len(records), size) for o in stage.process_batch(records[n : n + size])]
        assert batched == singly
    finally:
        one.close()
        other.close()


def test_times_and_provenance_are_no_content():
    plain = story("a")
    touched = msgspec.structs.replace(plain, version="9", slugline="x", newswire=Newswire(agency="EFE"))
    assert fingerprint(plain) == fingerprint(touched)
    assert fingerprint(plain) != fingerprint(story("a", status=CANCELED))
    assert fingerprint(plain) != fingerprint(msgspec.structs.replace(plain, ed_note="Corrects spelling"))


def test_what_was_decided_outlives_the_process(tmp_path):
    first = SqliteStoryIndex(tmp_path / "s.db")
    before = DeduplicateStage(first).process_batch([record(0, story("a")), record(1, story("b"))])
    first.close()
    second = SqliteStoryIndex(tmp_path / "s.db")
    assert list(DeduplicateStage(second).process_batch([record(0, story("a")), record(1, story("b"))])) == list(before)
    assert kinds(second, story("b"), start=2) == [("redelivery", "2")]
    second.close()
