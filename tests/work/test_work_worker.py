"""What becomes of a record, by what its stage returns or raises."""

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.errors import Fatal, Fenced, Permanent, Transient
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.record import RAW_HEADER, Drop, Emit, Record, Reject
from pipeline.testing import FailingSink, FakeSubscription, records
from pipeline.work.deadletter import attempts, original_headers
from pipeline.work.retry import RetryPolicy
from pipeline.work.sinking import SinkStage
from pipeline.work.worker import Worker

FAST = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.002)


class ByValue:
    """Does what the record's value says."""

    name = "byvalue"

    def process(self, record: Record) -> Sequence:
        match record.value:
            case b"emit":
                return [Emit("out", "k", b"v", "test", datetime(2026, 1, 1, tzinfo=UTC))]
            case b"two":
                return [Emit("out", "k", b"1", "test"), Emit("out", "k", b"2", "test")]
            case b"drop":
                return [Drop("why")]
            case b"reject":
                return [Reject("bad", "no good")]
            case b"permanent":
                raise Permanent("worse", "very bad")
            case b"bug":
                return [{}["missing"]]
            case b"fatal":
                raise Fatal("stop")
            case _:
                return []


def worker(subscription, stage, registry=None, retry=FAST):
    registry = registry or CollectorRegistry()
    return Worker(stage, subscription, StageObserver(WorkMetrics(registry), stage.name), retry=retry)


def test_each_outcome_has_its_fate_and_neighbours_are_unaffected():
    registry = CollectorRegistry()
    subscription = FakeSubscription(records(b"emit", b"reject", b"drop", b"permanent", b"bug", b"two"))
    assert worker(subscription, ByValue(), registry).step(Event()) == 6
    assert [(topic, value) for topic, _, value, _ in subscription.committed] == [
        ("out", b"v"),
        ("input.dlq", b"reject"),
        ("input.dlq", b"permanent"),
        ("input.dlq", b"bug"),
        ("out", b"1"),
        ("out", b"2"),
    ]
    count = registry.get_sample_value
    assert count("newswire_records_received_total", {"stage": "byvalue", "topic": "input"}) == 6
    assert count("newswire_records_sent_total", {"stage": "byvalue", "topic": "out"}) == 3
    assert count("newswire_records_discarded_total", {"stage": "byvalue", "reason": "why"}) == 1
    assert count("newswire_dead_letters_total", {"stage": "byvalue", "error_type": "unexpected"}) == 1


def test_a_dead_letter_keeps_key_value_and_headers_and_says_why():
    original = (("a", b"\xff\x00"), ("a", b"again"), ("ce_id", b"1"))
    subscription = FakeSubscription(records(b"reject", headers=original))
    worker(subscription, ByValue()).step(Event())
    [(topic, key, value, headers)] = subscription.committed
    assert (topic, key, value) == ("input.dlq", b"key-0", b"reject")
    assert original_headers(headers) == original
    added = dict(headers)
    assert added["__connect.errors.topic"] == b"input"
    assert added["__connect.errors.offset"] == b"0"
    assert added["__connect.errors.stage"] == b"byvalue"
    assert added["__connect.errors.exception.class.name"] == b"bad"
    assert attempts(headers) == 1


def test_a_dead_letter_refused_again_counts_its_attempts_and_keeps_its_first_time():
    subscription = FakeSubscription(records(b"reject"))
    worker(subscription, ByValue()).step(Event())
    [(_, _, _, first)] = subscription.committed
    again = FakeSubscription([Record("input", 0, 9, b"k", b"reject", first, 0)])
    worker(again, ByValue()).step(Event())
    [(_, _, _, second)] = again.committed
    assert attempts(second) == 2
    assert dict(second)["newswire.dlq.first_failed_at"] == dict(first)["newswire.dlq.first_failed_at"]
    assert len(second) == len(first)


def test_events_carry_the_raw_coordinates_and_are_the_same_on_replay():
    first, second = FakeSubscription(records(b"two")), FakeSubscription(records(b"two"))
    worker(first, ByValue()).step(Event())
    worker(second, ByValue()).step(Event())
    assert first.committed == second.committed
    ids = [dict(h)["ce_id"] for *_, h in first.committed]
    assert len(set(ids)) == 2
    assert {dict(h)[RAW_HEADER] for *_, h in first.committed} == {b"input/0/0"}


def test_raw_coordinates_and_trace_travel_on():
    headers = ((RAW_HEADER, b"wire.raw/3/44"), ("traceparent", b"00-1-2-01"))
    subscription = FakeSubscription(records(b"emit", headers=headers))
    worker(subscription, ByValue()).step(Event())
    sent = dict(subscription.committed[0][3])
    assert sent[RAW_HEADER] == b"wire.raw/3/44"
    assert sent["traceparent"] == b"00-1-2-01"
    assert sent["ce_time"] == b"2026-01-01T00:00:00Z"


def test_an_aborted_commit_is_done_again_and_counted_once():
    registry = CollectorRegistry()
    subscription = FakeSubscription(records(b"emit"), failures=[Transient("broker")])
    one = worker(subscription, ByValue(), registry)
    assert one.step(Event()) == 0
    assert subscription.committed == []
    assert one.step(Event()) == 1
    assert len(subscription.committed) == 1
    assert registry.get_sample_value("newswire_records_received_total", {"stage": "byvalue", "topic": "input"}) == 1


def test_a_batch_stage_that_is_down_is_retried_then_given_back():
    subscription = FakeSubscription(records(STORY))
    sink = FailingSink(outages=4)
    one = worker(subscription, SinkStage(sink))
    assert one.step(Event()) == 0, "three attempts, then given back"
    assert subscription.position == 0
    assert one.step(Event()) == 1
    assert len(sink.written) == 1


STORY = b'{"uri":"urn:a","version":"1"}'


def test_a_sink_gets_what_can_be_read_and_the_rest_is_dead_lettered():
    subscription = FakeSubscription(records(STORY, b"not json", b'{"uri":"urn:bad"}', b'{"uri":"urn:b"}'))
    sink = FailingSink(poison=frozenset({"urn:bad"}))
    worker(subscription, SinkStage(sink)).step(Event())
    assert [d.uri for d in sink.written] == ["urn:a", "urn:b"]
    assert [value for *_, value, _ in subscription.committed] == [b"not json", b'{"uri":"urn:bad"}']


@pytest.mark.parametrize("value", [b"fatal", b"no outcome"])
def test_a_fatal_error_or_a_lost_record_ends_the_worker_and_commits_nothing(value):
    subscription = FakeSubscription(records(b"emit", value))
    with pytest.raises(Fatal):
        worker(subscription, ByValue()).run(Event())
    assert subscription.committed == []
    assert subscription.closed


def test_fenced_ends_the_worker():
    subscription = FakeSubscription(records(b"emit"), failures=[Fenced("taken over")])
    with pytest.raises(Fenced):
        worker(subscription, ByValue()).run(Event())


def test_a_stop_ends_the_waiting_between_retries():
    stop = Event()
    stop.set()
    subscription = FakeSubscription(records(STORY))
    slow = RetryPolicy(attempts=50, first_wait=30, longest_wait=30)
    worker(subscription, SinkStage(FailingSink(outages=99)), retry=slow).step(stop)
    assert subscription.position == 0


@given(st.lists(st.sampled_from([b"emit", b"drop", b"reject", b"permanent", b"bug"]), max_size=40))
def test_received_is_sent_and_discarded_and_dead_lettered(values):
    registry = CollectorRegistry()
    subscription = FakeSubscription(records(*values), max_records=7)
    one = worker(subscription, ByValue(), registry)
    while one.step(Event()):
        pass
    total = {
        name: sum(s.value for m in registry.collect() for s in m.samples if s.name == f"newswire_{name}_total")
        for name in ("records_received", "records_sent", "records_discarded", "dead_letters")
    }
    assert total["records_received"] == len(values)
    assert len(values) == total["records_sent"] + total["records_discarded"] + total["dead_letters"]
