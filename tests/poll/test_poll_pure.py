"""Laws of the pure parts: intervals, backoff, rhythm, churn."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.item import Link, RawItem
from pipeline.poll.fetch import Answer
from pipeline.poll.rhythm import is_quiet, learn
from pipeline.poll.schedule import backoff, is_gap, jittered, next_interval
from pipeline.poll.seen import content_hash, found, sort_out, without_tracking
from pipeline.poll.sources import Interval
from pipeline.poll.verdict import classify
from pipeline.story import Provenance, Text

COUNTS = st.integers(0, 5000)
BOUNDS = st.tuples(st.floats(1, 1e5), st.floats(1, 1e5)).map(lambda b: Interval(min=min(b), max=max(b)))


@given(st.floats(0, 1e6), COUNTS, COUNTS, BOUNDS, st.floats(0, 1e6))
def test_the_interval_stays_within_its_bounds(previous, new, known, bounds, hint) -> None:
    assert bounds.min <= next_interval(previous, new, known, bounds, hint) <= bounds.max


@given(st.integers(1, 5000), BOUNDS, st.floats(0, 1e6))
def test_no_overlap_shortens_whatever_the_publisher_asks_for(new, bounds, hint) -> None:
    assert is_gap(1, new, 0)
    after = next_interval(bounds.max, new, 0, bounds, hint)
    assert after < bounds.max or bounds.min == bounds.max


@given(st.floats(1, 1e5), st.integers(0, 5000), st.integers(1, 5000), COUNTS, BOUNDS)
def test_more_news_never_waits_longer(previous, new, known, more, bounds) -> None:
    assert next_interval(previous, new + more, known, bounds) <= next_interval(previous, new, known, bounds)


@given(st.sampled_from(["temporary", "soft", "hard"]), st.integers(1, 10_000), BOUNDS)
def test_backoff_grows_ends_and_never_gives_up(kind, failures, bounds) -> None:
    wait = backoff(kind, failures, bounds)
    assert 0 < wait <= max(4 * bounds.max, 86_400)
    assert backoff(kind, failures + 1, bounds) >= wait
    assert backoff(kind, failures, bounds, 1e12) <= max(wait, 86_400)


@given(st.floats(0.01, 1e6), st.floats(0, 1))
def test_jitter_is_a_tenth(seconds, chance) -> None:
    assert 0.89 * seconds <= jittered(seconds, chance) <= 1.11 * seconds


def test_a_source_is_quiet_only_against_its_own_rhythm() -> None:
    hour, week = 3600.0, 168 * 3600.0
    rhythm, last = b"", 0.0
    for step in range(3 * 168):
        now = 10 * week + step * hour
        # Two stories an hour by day, none by night.
        if 8 <= step % 24 < 20:
            rhythm, last = learn(rhythm, now, 2, last), now
    evening = 13 * week - 4 * hour
    assert not is_quiet(rhythm, evening, evening + 11 * hour)
    assert is_quiet(rhythm, evening, evening + 20 * hour)


def test_failures_are_told_apart() -> None:
    assert classify(Answer("http", 403), answered=True) == "throttled"
    assert classify(Answer("http", 403), answered=False) == "refused"
    assert classify(Answer("http", 410), answered=True) == "gone"
    assert classify(Answer("http", 500), answered=True) == "http_error"


def story(guid: str, body: str, **more: object) -> RawItem:
    """A raw item of our own invention."""
    return RawItem(
        uri=guid, guid=guid, format="rss20", provenance=Provenance(source="o", sha256="0"),
        headlines=(Text(value="Quay opens"),), bodies=(Text(value=body),), **more,
    )  # fmt: skip


def test_churn_leaves_no_mark_and_an_edit_does() -> None:
    one = story("tag:a", 'The quay <a href="https://o.example/q?id=7&utm_source=rss">opened</a>.<img src="ad1.gif">')
    two = story(
        "tag:a", 'The quay  <a href="https://o.example/q?id=7">opened</a>.<img src="ad2.gif">', published="later"
    )
    assert content_hash(one) == content_hash(two)
    assert content_hash(one) != content_hash(story("tag:a", "The quay did not open."))
    assert content_hash(one) != content_hash(story("tag:a", one.bodies[0].value, status="canceled"))
    assert content_hash(one) != content_hash(
        story("tag:a", one.bodies[0].value, links=(Link(rel="enclosure", href="a"),))
    )
    assert without_tracking("https://o.example/?utm_source=a&fbclid=b") == "https://o.example/"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=20))
def test_what_was_remembered_is_not_new_again(said) -> None:
    items = [found(story(f"tag:{n}", f"words {w}", url=f"https://o.example/{n}"), p) for p, (n, w) in enumerate(said)]
    last = {item.key: item for item in items}
    first = sort_out(items, {})
    assert {i.key for i in first.new} == set(last)
    again = sort_out(list(last.values()), dict(first.marks))
    assert again.new == ()
    assert again.known == len(last)
