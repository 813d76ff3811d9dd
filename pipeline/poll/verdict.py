"""What an answer means for its source: pure decisions from the cursor before to the cursor after."""

import msgspec

from pipeline.formats import FeedHints
from pipeline.poll.cursor import Cursor
from pipeline.poll.fetch import Answer
from pipeline.poll.rhythm import is_quiet, learn
from pipeline.poll.schedule import FAILING_AFTER, backoff, next_interval
from pipeline.poll.sources import Interval

_FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY, _UNAVAILABLE = 403, 404, 410, 429, 503
_SERVER_FAULT = 500
MAX_SKEW = 86_400.0

_SEVERITY = {
    "throttled": "soft",
    "unreadable": "soft",
    "parser_killed": "soft",
    "too_large": "soft",
    "bad_encoding": "soft",
    "gone": "hard",
    "refused": "hard",
    "forbidden_address": "hard",
    "redirect_loop": "hard",
}
"""How long to stay away after each outcome; what is not named is temporary."""


def classify(answer: Answer, *, answered: bool) -> str:
    """The poll outcome that a failed answer is; `answered` is whether the source ever answered well."""
    if answer.outcome != "http":
        return answer.outcome
    if answer.status in (_TOO_MANY, _UNAVAILABLE) or (answer.status == _FORBIDDEN and answered):
        return "throttled"
    if answer.status in (_NOT_FOUND, _GONE):
        return "gone"
    if answer.status >= _SERVER_FAULT or answer.status < 400:  # noqa: PLR2004  # the classes of RFC 9110 section 15
        return "http_error"
    return "refused"


def after_failure(
    cursor: Cursor, outcome: str, bounds: Interval, retry_after: float | None = None
) -> tuple[Cursor, float]:
    """The cursor after a failed poll, and the seconds until the next."""
    failures = cursor.failures + 1
    wait = backoff(_SEVERITY.get(outcome, "temporary"), failures, bounds, retry_after)
    return msgspec.structs.replace(cursor, failures=failures), wait


def after_unchanged(cursor: Cursor, answer: Answer, bounds: Interval) -> tuple[Cursor, float]:
    """The cursor after an answer without anything new, and the seconds until the next poll."""
    interval = next_interval(cursor.interval, 0, 1, bounds, answer.max_age or 0.0)
    return (
        msgspec.structs.replace(
            cursor,
            failures=0,
            answered=True,
            interval=interval,
            etag=answer.etag or cursor.etag,
            last_modified=answer.last_modified or cursor.last_modified,
            moved_to=answer.moved_to or cursor.moved_to,
        ),
        interval,
    )


def after_reading(
    cursor: Cursor,
    answer: Answer,
    fingerprint: bytes,
    counts: tuple[int, int],
    hints: FeedHints | None,
    bounds: Interval,
    now: float,
) -> tuple[Cursor, float]:
    """The cursor after a body with (`new`, `known`) items, and the seconds until the next poll."""
    new, known = counts
    wish = max(answer.max_age or 0.0, (hints.ttl or 0) if hints else 0, (hints.sy_interval or 0) if hints else 0)
    interval = next_interval(cursor.interval, new, known, bounds, wish)
    rhythm = learn(cursor.rhythm, now, new, cursor.last_item) if new else cursor.rhythm
    return (
        msgspec.structs.replace(
            cursor,
            etag=answer.etag,
            last_modified=answer.last_modified,
            body=fingerprint,
            interval=interval,
            polls=cursor.polls + 1,
            failures=0,
            answered=True,
            last_item=now if new else cursor.last_item,
            moved_to=answer.moved_to or cursor.moved_to,
            rhythm=rhythm,
        ),
        interval,
    )


def after_delivery(cursor: Cursor, new: int, now: float) -> Cursor:
    """The cursor after the feed's hub brought `new` items.

    The window that polls see is another one, so neither their count nor their interval moves.
    """
    if not new:
        return cursor
    rhythm = learn(cursor.rhythm, now, new, cursor.last_item)
    return msgspec.structs.replace(cursor, last_item=now, rhythm=rhythm)


def state_of(cursor: Cursor, now: float) -> str:
    """How the source is shown: ``failing``, ``quiet``, ``moved`` or ``ok``."""
    if cursor.failures >= FAILING_AFTER:
        return "failing"
    if is_quiet(cursor.rhythm, cursor.last_item, now):
        return "quiet"
    return "moved" if cursor.moved_to else "ok"


def skew(date: float | None, now: float) -> float | None:
    """Seconds the server's clock is ahead of ours, bounded to a day either way; None where it tells no time."""
    return None if date is None else max(-MAX_SKEW, min(MAX_SKEW, date - now))
