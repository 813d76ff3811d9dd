"""Copies, rewrites, conflicts of figures, round-ups, short items and tables: what each is found to be."""

from datetime import UTC, datetime, timedelta

import pytest
from dedup_copy import BRIEF, FERRY, NOON, ORCHARD, TABLE, ferry, record, relations, story

from pipeline.deduplicate import DeduplicateStage
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.story import CANCELED, Newswire, Provenance, Text, from_ninjs


@pytest.fixture
def index():
    memory = SqliteStoryIndex(":memory:")
    yield memory
    memory.close()


def kinds(index, *stories):
    return [relation.kind for relation in relations(index, *stories)]


def test_another_providers_same_text_is_a_copy(index):
    first, copy = relations(index, story("a", FERRY), story("b", f"  {FERRY.upper()} ", "south"))
    assert (first.kind, first.cluster) == ("new", None)
    assert (copy.kind, copy.of, copy.cluster, copy.similarity, copy.containment) == ("copy", "a", "a", 1.0, 1.0)


def test_a_copy_stands_among_the_duplicates_under_the_story_kept(index):
    stage = DeduplicateStage(index)
    _, (copy,) = stage.process_batch([record(0, story("a", FERRY)), record(1, story("b", FERRY, "south"))])
    assert (copy.topic, copy.key) == ("wire.duplicates", "a")
    assert from_ninjs(copy.value).uri == "b"


def test_the_same_providers_text_under_another_uri_is_a_rewrite_and_goes_on(index):
    stage = DeduplicateStage(index)
    changed = ferry(Tuesday="Wednesday")
    _, (rewrite,) = stage.process_batch([record(0, story("a", FERRY)), record(1, story("b", changed))])
    relation = from_ninjs(rewrite.value).newswire.relation
    assert (rewrite.topic, rewrite.key) == ("wire.unique", "b")
    assert (relation.kind, relation.of, relation.cluster) == ("rewrite", "a", "a")
    assert 0.8 <= relation.similarity < 1


def test_the_agency_counts_more_than_the_source_that_brought_it(index):
    by = Newswire(agency="NORDA", provenance=Provenance("web", fetched_at=NOON))
    also = Newswire(agency="NORDA", provenance=Provenance("satellite", fetched_at=NOON))
    assert kinds(index, story("a", FERRY, newswire=by), story("b", FERRY, newswire=also)) == ["new", "rewrite"]


def test_figures_that_conflict_keep_a_text(index):
    other = ferry(**{"41 000": "46 000"})
    relation = relations(index, story("a", FERRY), story("b", other, "south"))[1]
    assert (relation.kind, relation.of) == ("rewrite", "a")
    assert relation.similarity >= 0.8


def test_a_truncated_text_is_a_copy_and_a_longer_one_goes_on(index):
    short = " ".join(FERRY.split()[:60])
    cut = relations(index, story("a", FERRY), story("b", short, "south"))[1]
    assert (cut.kind, cut.containment) == ("copy", 1.0)
    other = SqliteStoryIndex(":memory:")
    whole = relations(other, story("b", short, "south"), story("a", FERRY))[1]
    other.close()
    assert (whole.kind, whole.of, whole.containment) == ("rewrite", "b", 1.0)


def test_a_round_up_is_linked_and_never_suppressed(index):
    lead = " ".join(FERRY.split()[:55])
    rest = " ".join(f"item{n} of the evening is told at some length here" for n in range(60))
    relation = relations(index, story("a", lead), story("b", f"{lead} {rest}", "south"))[1]
    assert (relation.kind, relation.of, relation.cluster, relation.links) == ("new", None, None, ("a",))


def test_a_part_of_a_round_up_goes_on_too(index):
    lead = " ".join(FERRY.split()[:55])
    rest = " ".join(f"item{n} of the evening is told at some length here" for n in range(60))
    relation = relations(index, story("b", f"{lead} {rest}", "south"), story("a", lead))[1]
    assert (relation.kind, relation.links) == ("new", ("b",))


@pytest.mark.parametrize(
    ("text", "other", "kind"),
    [
        (BRIEF, BRIEF, "copy"),
        (BRIEF, f"{BRIEF} Divers are at work.", "rewrite"),
        (TABLE, TABLE, "copy"),
        (TABLE, TABLE.replace("up", "down", 1), "rewrite"),
        (FERRY, ORCHARD, "new"),
    ],
)
def test_short_items_and_tables_are_copies_only_to_the_letter(index, text, other, kind):
    assert kinds(index, story("a", text), story("b", other, "south"))[1] == kind


def test_weather_is_a_copy_only_to_the_letter(index):
    warmer = ferry(wind="temperature")
    weather = story("b", warmer, "south", headlines=(Text("Weather at sea"),))
    assert kinds(index, story("a", FERRY), weather) == ["new", "rewrite"]


def test_a_flash_says_something_else_under_another_headline(index):
    note = "More soon."
    stories = [story("a", note, headlines=(Text("Minister resigns"),)), story("b", note, "south")]
    same = story("c", note, "west", headlines=(Text("MINISTER RESIGNS"),))
    assert kinds(index, *stories, same) == ["new", "new", "copy"]


@pytest.mark.parametrize(
    "of",
    [
        {"pub_status": "withheld"},
        {"embargoed_until": NOON + timedelta(hours=9)},
        {"signals": ("advisory",)},
        {"signals": ("test",)},
    ],
)
def test_what_readers_do_not_have_suppresses_nothing(index, of):
    assert kinds(index, story("a", FERRY, **of), story("b", FERRY, "south")) == ["new", "rewrite"]


def test_a_correction_under_a_new_uri_is_never_a_copy(index):
    late = story("b", FERRY, "south", signals=("correction",))
    assert kinds(index, story("a", FERRY), late) == ["new", "rewrite"]


def test_after_a_kill_its_copies_go_on(index):
    kill = story("a", "", pub_status=CANCELED)
    stories = [story("a", FERRY), story("b", FERRY, "south"), kill, story("c", FERRY, "west")]
    assert kinds(index, *stories) == ["new", "copy", "kill", "rewrite"]


def test_a_kill_is_never_a_copy(index):
    kill = story("b", FERRY, "south", pub_status=CANCELED)
    assert kinds(index, story("a", FERRY), kill) == ["new", "kill"]


def test_a_copy_whose_next_version_says_something_else_goes_on(index):
    other = f"{ORCHARD} {FERRY}"
    stories = [story("a", FERRY), story("b", FERRY, "south"), story("b", ferry(wind="storm"), "south")]
    first, copy, still, on = relations(index, *stories, story("b", ORCHARD, "south"))
    assert [first.kind, copy.kind, still.kind, on.kind] == ["new", "copy", "copy", "update"]
    assert relations(index, story("c", other, "west"), start=9)[0].kind == "rewrite"


def test_a_revision_says_what_it_changes(index):
    changed = story("a", ferry(Tuesday="Wednesday"), ed_note="Corrects the day")
    relation = relations(index, story("a", FERRY), changed)[1]
    assert relation.kind == "update"
    assert relation.changes["fields"] == ["bodies", "edNote"]
    assert 0 < relation.changes["text"] < 0.1


@pytest.mark.parametrize(("hours", "kind"), [(71, "copy"), (73, "new")])
def test_the_window_is_72_hours_of_event_time(index, hours, kind):
    fetched = NOON + timedelta(hours=80)
    late = story("b", FERRY, "south", hours=hours, fetched=fetched)
    assert kinds(index, story("a", FERRY, fetched=fetched), late)[1] == kind


def test_a_source_whose_clock_is_ahead_stays_in_the_window(index):
    ahead = story("b", FERRY, "south", version_created=datetime(2051, 1, 1, tzinfo=UTC))
    assert kinds(index, story("a", FERRY), ahead) == ["new", "copy"]


def test_the_earliest_is_preferred_whenever_it_comes(index):
    relation = relations(index, story("b", FERRY, "south", hours=2), story("a", FERRY, hours=1))[1]
    assert (relation.kind, relation.of, relation.cluster, relation.preferred) == ("copy", "b", "b", "a")


def test_likeness_is_not_handed_on_by_chains(index):
    """Each text has about 0.6 in common with the one before it, and next to nothing with the one before that."""
    names = [f"w{n}x" for n in range(500)]
    chain = [story(f"urn:{n}", " ".join(names[40 * n : 40 * n + 160]).replace("1", "i"), "north") for n in range(6)]
    found = relations(index, *chain)
    assert [relation.kind for relation in found] == ["new"] + ["rewrite"] * 5
    clusters = {relation.cluster or value.uri for relation, value in zip(found, chain, strict=True)}
    assert len(clusters) >= 3


def test_texts_outlive_the_process(tmp_path):
    first = SqliteStoryIndex(tmp_path / "s.db")
    assert kinds(first, story("a", FERRY), story("b", ORCHARD)) == ["new", "new"]
    first.close()
    second = SqliteStoryIndex(tmp_path / "s.db")
    stage = DeduplicateStage(second)
    (outcome,) = stage.process_batch([record(7, story("c", FERRY.replace("Tuesday", "Monday"), "south"))])[0]
    relation = from_ninjs(outcome.value).newswire.relation
    assert (relation.kind, relation.of) == ("copy", "a")
    second.close()
