"""What is held, replaced, freed and killed, one decision at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.record import Drop, Emit, Record, Reject
from pipeline.release.control import Command, encode
from pipeline.release.policy import Policy
from pipeline.release.stage import MARK_KEPT, ReleaseStage
from pipeline.story import CANCELED, Newswire, Provenance, Relation, Story, Text, from_ninjs, to_ninjs
from pipeline.testing import FakeClock

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OWNED = frozenset({("wire.enriched", 0), ("wire.control", 0)})


class Log:
    """A release stage with the shelf it reads, on a clock of our own."""

    def __init__(self, policies=None):
        self.clock = FakeClock(NOW)
        self.held = []
        self.told = []
        self.policies = policies
        self.stage = self.fresh()

    def fresh(self):
        self.stage = ReleaseStage(self.clock, lambda: iter(self.held), policies=self.policies, watcher=self)
        self.stage.restore("1", OWNED)
        return self.stage

    def take(self, story):
        return self.keep(self.stage.process_batch([Record("wire.enriched", 0, 7, b"k", to_ninjs(story))])[0])

    def command(self, **wish):
        record = Record("wire.control", 0, 0, b"k", encode(Command(by="ada", **wish)))
        return self.keep(self.stage.process_batch([record])[0])

    def owed(self):
        return [self.keep(outcomes) for _, outcomes in self.stage.owed()]

    def keep(self, outcomes):
        for o in outcomes:
            if isinstance(o, Emit) and o.topic == "wire.held":
                stamp = int(self.clock().timestamp() * 1000)
                self.held.append(Record("wire.held", 0, len(self.held), o.key.encode(), o.value, timestamp=stamp))
        return outcomes

    def shelf(self, held, next_due):
        self.counts = held, next_due

    def on_time(self, delay):
        self.told.append(("on_time", delay))

    def killed(self, latency):
        self.told.append(("killed", latency))

    def commanded(self, command, outcome):
        self.told.append((command.by, command.action, outcome))


def story(version=1, *, until=None, status="usable", kind="new", text="copy"):
    return Story(
        uri="urn:a",
        version=str(version),
        pub_status=status,
        embargoed_until=until,
        headlines=(Text("a headline"),),
        bodies=(Text(text),),
        newswire=Newswire(relation=Relation(kind=kind), provenance=Provenance(source="efe", fetched_at=NOW)),
    )


def topics(outcomes):
    return [o.topic if isinstance(o, Emit) else o for o in outcomes]


RUN = ["wire.stories", "wire.latest"]
OFF = [*RUN, "wire.held"]


@pytest.mark.parametrize("restarted", [False, True])
def test_an_embargo_ends_on_time_and_once(restarted):
    log = Log()
    assert topics(log.take(story(until=LATER))) == ["wire.held"]
    if restarted:
        log.fresh()
    log.clock.advance(3599.9)
    assert log.owed() == []
    assert log.counts == ({"embargoed": 1, "withheld": 0}, LATER)
    log.clock.advance(0.1)
    [outcomes] = log.owed()
    assert topics(outcomes) == OFF
    assert [o.value for o in outcomes] == [to_ninjs(story(until=LATER))] * 2 + [None]
    assert log.told == [("on_time", 0.0)]
    assert log.owed() == []
    log.fresh()
    log.clock.advance(99)
    assert log.owed() == []


@pytest.mark.parametrize("restarted", [False, True])
def test_an_update_replaces_what_is_held(restarted):
    log = Log()
    log.take(story(1, until=LATER))
    assert topics(log.take(story(2, until=LATER + timedelta(hours=1), kind="update", text="better"))) == ["wire.held"]
    if restarted:
        log.fresh()
    log.clock.advance(3600)
    assert log.owed() == []
    log.clock.advance(3600)
    [outcomes] = log.owed()
    assert {from_ninjs(o.value).version for o in outcomes if o.value} == {"2"}


def test_an_update_that_may_run_takes_the_held_version_off():
    log = Log()
    log.take(story(1, until=LATER))
    assert topics(log.take(story(2, kind="update"))) == OFF
    log.clock.advance(9999)
    assert log.owed() == []


def test_an_older_version_does_not_pass_the_one_held():
    log = Log()
    log.take(story(3, until=LATER))
    assert log.take(story(2, kind="update")) == (Drop("older_than_held"),)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_kill_empties_the_shelf_and_stops_what_is_in_flight(restarted):
    log = Log()
    log.take(story(1, until=LATER))
    kill = log.take(story(3, status=CANCELED, kind="kill"))
    assert topics(kill) == [*RUN, "wire.kills", "wire.held"]
    assert ("killed", 0.0) in log.told
    # Nobody had the story, so nobody is told its headline.
    assert all(b"headline" not in o.value for o in kill)
    if restarted:
        log.fresh()
    log.clock.advance(9999)
    assert log.owed() == []
    assert log.take(story(2, kind="update")) == (Drop("killed"),)
    assert log.take(story(3, kind="update")) == (Drop("killed"),)
    assert topics(log.take(story(4, kind="update"))) == OFF


def test_a_kill_ahead_of_its_original_stops_it():
    log = Log()
    log.take(story(2, status=CANCELED, kind="kill"))
    assert log.take(story(1)) == (Drop("killed"),)


def test_a_mark_is_forgotten_in_the_end():
    log = Log()
    log.take(story(2, status=CANCELED, kind="kill"))
    log.fresh()
    log.clock.advance(MARK_KEPT.total_seconds() - 1)
    assert log.owed() == []
    log.clock.advance(2)
    assert [topics(outcomes) for outcomes in log.owed()] == [["wire.held"]]
    assert log.held[-1].value is None


def test_withholding_what_is_public_tells_readers_and_says_nothing_more():
    log = Log()
    log.take(story(1))
    outcomes = log.take(story(2, status="withheld", kind="update", text="secret"))
    assert topics(outcomes) == ["wire.held", *RUN]
    notice = from_ninjs(outcomes[1].value)
    assert (notice.pub_status, notice.version, notice.headlines, notice.bodies) == ("withheld", "2", (), ())
    assert b"secret" not in outcomes[1].value
    assert b"headline" not in outcomes[1].value


def test_withholding_what_nobody_saw_tells_nobody():
    log = Log()
    assert topics(log.take(story(1, status="withheld"))) == ["wire.held"]
    assert topics(log.take(story(2, status="withheld", kind="update"))) == ["wire.held"]


def test_somebody_may_release_or_drop_what_is_held_and_is_named():
    log = Log()
    log.take(story(1, status="withheld"))
    outcomes = log.command(action="release", uri="urn:a")
    assert topics(outcomes) == OFF
    freed = from_ninjs(outcomes[0].value)
    assert (freed.pub_status, freed.embargoed_until) == ("usable", None)
    assert "released_by_hand" in freed.newswire.flags
    assert log.command(action="release", uri="urn:a") == (Drop("not_held"),)
    log.take(story(2, until=LATER, kind="update"))
    assert log.command(action="drop", uri="urn:a", version="1") == (Drop("not_held"),)
    assert topics(log.command(action="drop", uri="urn:a", version="2")) == ["wire.held"]
    log.clock.advance(9999)
    assert log.owed() == []
    assert log.told == [
        ("ada", "release", "released"),
        ("ada", "release", "not_held"),
        ("ada", "drop", "not_held"),
        ("ada", "drop", "dropped"),
    ]


def test_a_killed_story_is_not_released_by_hand():
    log = Log()
    log.take(story(1, status=CANCELED, kind="kill"))
    assert log.command(action="release", uri="urn:a") == (Drop("not_held"),)


def test_a_command_that_is_none_is_refused():
    log = Log()
    [[outcome]] = log.stage.process_batch([Record("wire.control", 0, 0, b"k", b'{"action": "publish everything"}')])
    assert isinstance(outcome, Reject)


@pytest.mark.parametrize(
    ("policy", "given", "expected"),
    [
        (Policy(embargoed="pass"), story(until=LATER), RUN),
        (Policy(withheld="drop"), story(status="withheld"), [Drop("withheld")]),
        (Policy(), story(status="withheld"), ["wire.held"]),
    ],
)
def test_sources_have_their_own_policy(policy, given, expected):
    assert topics(Log({"efe": policy}).take(given)) == expected
    assert topics(Log({"": policy}).take(given)) == expected
    assert topics(Log({"other": policy}).take(story(until=LATER))) == ["wire.held"]


def test_the_shelf_of_other_partitions_is_left_alone():
    log = Log()
    log.held.append(Record("wire.held", 1, 0, b"urn:b", to_ninjs(story(until=LATER))))
    log.fresh()
    log.clock.advance(9999)
    assert log.owed() == []


def test_what_was_not_committed_is_read_again():
    log = Log()
    log.stage.process_batch([Record("wire.enriched", 0, 7, b"k", to_ninjs(story(until=LATER)))])
    log.stage.forget()
    log.stage.restore("1", OWNED)
    log.clock.advance(9999)
    assert log.owed() == []
