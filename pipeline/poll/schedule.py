"""When a source is asked next: pure functions of what the last poll found."""

import math

from pipeline.poll.sources import Interval

WANTED_NEW = 0.25
"""Share of a feed's window that should be new at each poll."""
FAILING_AFTER = 5
"""Failures in a row after which a source is shown as failing."""
MAX_RETRY_AFTER = 86_400.0


def next_interval(previous: float, new: int, known: int, bounds: Interval, hint: float = 0.0) -> float:
    """Seconds to the next poll, from how far the window just read overlaps the one before.

    A feed is a window on a stream, and what leaves it between two polls is lost. `known` entries had been
    seen before, `new` had not. The next poll should find a quarter of the window new: then the rate may
    rise fourfold before anything is missed, and three quarters are read again, which is the price. So the
    interval is scaled by the share wanted over the share found, between a half and one and a half, since
    one poll is a small sample. Without any overlap something may have been missed already and nobody knows
    how much, so the interval halves. Nothing new lengthens it by half. `hint` is what the publisher asks
    for (Cache-Control, ttl, sy:); it is honoured as a lower bound, but never beyond the configured maximum
    nor when the window had no overlap: missing stories is worse than asking early.
    """
    total = new + known
    start = previous or bounds.min
    if new and not known:
        return _within(start / 2, bounds)
    factor = 1.5 if new == 0 or total == 0 else min(1.5, max(0.5, WANTED_NEW * total / new))
    return _within(max(start * factor, hint), bounds)


def _within(seconds: float, bounds: Interval) -> float:
    return min(bounds.max, max(bounds.min, seconds))


def backoff(kind: str, failures: int, bounds: Interval, retry_after: float | None = None) -> float:
    """Seconds to the next try after `failures` failed polls in a row, the first being 1.

    `kind`: ``temporary`` (network, 5xx, timeouts) starts at the shortest interval and doubles up to the
    longest; ``soft`` (throttled, unreadable) starts at twice that and may wait up to four times the
    longest; ``hard`` (404, 410, forbidden) starts at the longest and doubles up to a day. None gives up.
    What the server asks for in Retry-After is honoured up to a day.
    """
    first, last = {
        "temporary": (bounds.min, bounds.max),
        "soft": (2 * bounds.min, 4 * bounds.max),
        "hard": (bounds.max, max(bounds.max, 86_400.0)),
    }[kind]
    wait = min(last, first * 2.0 ** min(max(failures, 1) - 1, 30))
    if retry_after is not None and math.isfinite(retry_after) and retry_after > 0:
        wait = max(wait, min(retry_after, MAX_RETRY_AFTER))
    return wait


def jittered(seconds: float, chance: float) -> float:
    """The wait made up to a tenth longer or shorter; `chance` is from 0 to 1. Keeps pollers out of step."""
    return seconds * (0.9 + 0.2 * chance)


def is_gap(polls: int, new: int, known: int) -> bool:
    """Whether this body may hide a gap: the source was read before, and nothing in it is known."""
    return polls > 0 and new > 0 and known == 0
