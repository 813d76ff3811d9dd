"""What may run, and what is held or kept from readers."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.record import Drop, Record, Reject
from pipeline.release import ReleaseStage
from pipeline.story import CANCELED, Newswire, Relation, Story, Text, from_ninjs, to_ninjs
from pipeline.testing import FakeClock

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def released(story):
    stage = ReleaseStage(FakeClock(NOW), lambda: ())
    return stage.process_batch([Record("wire.enriched", 0, 0, b"k", to_ninjs(story))])[0]


def test_a_usable_story_goes_to_the_log_and_to_the_latest_as_it_is():
    story = Story(uri="urn:a", version="1", pub_status="usable", bodies=(Text("copy"),))
    outcomes = released(story)
    assert [o.topic for o in outcomes] == ["wire.stories", "wire.latest"]
    assert {o.value for o in outcomes} == {to_ninjs(story)}


@pytest.mark.parametrize(
    "story",
    [
        Story(uri="urn:a", pub_status="withheld"),
        Story(uri="urn:a", pub_status="something else"),
        Story(uri="urn:a", pub_status="usable", embargoed_until=NOW + timedelta(seconds=1)),
    ],
)
def test_what_may_not_run_is_held_and_kept_byte_for_byte(story):
    [outcome] = released(story)
    assert outcome.topic == "wire.held"
    assert outcome.value == to_ninjs(story)


def test_an_embargo_that_is_over_holds_nothing():
    assert len(released(Story(uri="urn:a", pub_status="usable", embargoed_until=NOW))) == 2


@pytest.mark.parametrize("signal", ["advisory", "test"])
def test_what_is_no_news_is_dropped_with_its_reason(signal):
    assert released(Story(uri="urn:a", newswire=Newswire(signals=(signal,)))) == (Drop("not_news"),)


def test_a_kill_has_no_copy():
    kill = Story(
        uri="urn:a",
        pub_status=CANCELED,
        headlines=(Text("KILLED"),),
        bodies=(Text("copy"),),
        newswire=Newswire(
            relation=Relation(kind="kill", of="urn:a"),
            signals=("kill", "advisory"),
            agency="EFE",
            extra={"teaser": "copy"},
            mentions={"copy": 1},
        ),
        other={"renditions": [{"name": "copy"}]},
    )
    outcomes = released(kill)
    assert [o.topic for o in outcomes] == ["wire.stories", "wire.latest", "wire.kills", "wire.held"]
    assert len({o.value for o in outcomes}) == 1
    first = outcomes[0]
    assert from_ninjs(first.value).bodies == ()
    assert from_ninjs(first.value).headline == "KILLED"
    assert from_ninjs(first.value).newswire.agency == "EFE"
    assert b"copy" not in first.value


def test_a_tombstone_is_no_story():
    [[outcome]] = ReleaseStage(FakeClock(NOW), lambda: ()).process_batch([Record("wire.enriched", 0, 0, b"k", None)])
    assert isinstance(outcome, Reject)


@pytest.mark.parametrize(
    ("of", "until"),
    [
        ("urn:a", NOW + timedelta(days=1)),
        (None, None),
    ],
)
def test_a_kill_of_what_readers_may_not_have_had_runs_and_says_nothing(of, until):
    kill = Story(
        uri="urn:a",
        version="2",
        pub_status=CANCELED,
        embargoed_until=until,
        headlines=(Text("secret"),),
        ed_note="secret",
        slugline="secret",
        newswire=Newswire(relation=Relation(kind="kill", of=of), raw_headline="secret"),
    )
    outcomes = released(kill)
    assert [o.topic for o in outcomes] == ["wire.stories", "wire.latest", "wire.kills", "wire.held"]
    assert all(b"secret" not in o.value for o in outcomes)
    assert from_ninjs(outcomes[0].value).pub_status == CANCELED
