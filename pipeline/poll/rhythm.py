"""A source's own rhythm by hour of the week, and whether its present silence is against it.

Stored as 169 unsigned 16-bit numbers: items counted in each of the 168 hours (UTC, from Thursday 0 h, as the
epoch began), and the weeks they stand for. Each new week takes a quarter off both, so habits may change.
"""

from array import array

HOUR = 3600
_HOURS = 168
_MOST = 65_535
_WEEK_UNIT = 64
QUIET_EXPECTED = 8.0
"""Items that should have come: were they independent, silence would be a chance of e^-8, three in ten thousand."""


def learn(rhythm: bytes, now: float, items: int, last: float) -> bytes:
    """The rhythm after `items` came at `now`; `last` is when it was last called, 0 for never. Epoch seconds."""
    counts = _load(rhythm)
    if last and int(now // (_HOURS * HOUR)) != int(last // (_HOURS * HOUR)):
        for hour in range(_HOURS + 1):
            counts[hour] = counts[hour] * 3 // 4
        counts[_HOURS] = min(_MOST, counts[_HOURS] + _WEEK_UNIT)
    hour = int(now // HOUR) % _HOURS
    counts[hour] = min(_MOST, counts[hour] + items)
    return counts.tobytes()


def expected_since(rhythm: bytes, last_item: float, now: float) -> float:
    """Items that the rhythm would have brought since `last_item`; 0 until a week was learned from."""
    counts = _load(rhythm)
    weeks = counts[_HOURS] / _WEEK_UNIT
    if weeks < 1 or last_item <= 0 or now <= last_item:
        return 0.0
    total, at = 0.0, last_item
    for _ in range(_HOURS):
        until = min(now, (at // HOUR + 1) * HOUR)
        total += counts[int(at // HOUR) % _HOURS] * (until - at) / HOUR
        at = until
        if at >= now:
            break
    return total / weeks


def is_quiet(rhythm: bytes, last_item: float, now: float) -> bool:
    """Whether the source has been silent for longer than its own rhythm explains."""
    return expected_since(rhythm, last_item, now) >= QUIET_EXPECTED


def _load(rhythm: bytes) -> "array[int]":
    counts = array("H")
    if len(rhythm) == 2 * (_HOURS + 1):
        counts.frombytes(rhythm)
    else:
        counts.frombytes(bytes(2 * (_HOURS + 1)))
    return counts
