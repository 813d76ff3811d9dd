"""Which remembered texts may be near a new one: band keys in memory, in segments that are dropped whole.

Locality-sensitive hashing as in "Mining of Massive Datasets" (Leskovec, Rajaraman, Ullman), chapter 3. All texts
of a batch are looked up together. A segment is a hash table that never grows, so nothing is ever rebuilt, and
forgetting is letting go of one.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.member import GRACE, WINDOW, Mark, Member
from pipeline.deduplicate.shingles import BANDS, Words

SMALLEST, LARGEST = 1 << 14, 1 << 18
"""Texts in a segment: each new one takes twice as many as the one before, from 11 MB to 170 MB where it is full."""
MOST = 2_000_000
"""Texts in memory; where one window holds more, the oldest segment is let go of early."""
_MOST_STEPS = 256
"""Keys followed from one bucket, the latest first, so that a flood of equal texts costs little."""
_MOST_NEAR = 32

Numbers: TypeAlias = NDArray[np.int64]


class Segment:
    """Band keys of up to `room` texts, in order; their places count from 0."""

    def __init__(self, room: int) -> None:
        bits = max((room * BANDS - 1).bit_length(), 4)
        self._shift = np.uint32(32 - bits)
        # Zeros cost memory only once they are written to.
        self._head = np.zeros(1 << bits, np.uint32)
        # A key and the entry that is next in its slot stand together, for the sake of the processor's cache.
        self._cells = np.zeros((room * BANDS, 2), np.uint32)
        self.marks = np.zeros((room, 3), np.int64)
        """Number, event time and time of arrival of each text."""
        self.size = 0
        self.room = room

    def add(self, marks: Numbers, bands: Words) -> None:
        """Take in texts: marks (texts, 3) and bands (texts, `BANDS`). There must be room."""
        start = self.size * BANDS
        self.marks[self.size : self.size + len(marks)] = marks
        self.size += len(marks)
        keys = bands.ravel()
        self._cells[start : start + len(keys), 0] = keys
        given = np.flatnonzero(keys)
        slots = self._slots(keys[given])
        order = np.argsort(slots, kind="stable")
        slots, entries = slots[order], (given[order] + start + 1).astype(np.uint32)
        if not len(slots):
            return
        first = np.concatenate(([True], slots[1:] != slots[:-1]))
        previous = np.concatenate((entries[:1], entries[:-1]))
        self._cells[entries - 1, 1] = np.where(first, self._head[slots], previous)
        last = np.concatenate((first[1:], [True]))
        self._head[slots[last]] = entries[last]

    def find(self, asked: Numbers, keys: Words) -> tuple[Numbers, Numbers]:
        """Rows of a matrix of bands, each with the place of a text that shares a key; once for every key shared.

        Args:
            asked: entries of the flat matrix.
            keys: the keys there; in ascending order they are found fastest.
        """
        return self._walk(asked, keys, self._head[self._slots(keys)])

    def earlier(self) -> tuple[Numbers, Numbers]:
        """The same within the segment: places of texts, each with that of an earlier one."""
        keys, following = self._cells[: self.size * BANDS].T
        given = np.flatnonzero(keys)
        return self._walk(given, keys[given], following[given])

    def _slots(self, keys: Words) -> Words:
        return keys >> self._shift

    def _walk(self, asked: Numbers, keys: Words, at: Words) -> tuple[Numbers, Numbers]:
        rows, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for _ in range(_MOST_STEPS):
            on = np.flatnonzero(at)
            if not len(on):
                break
            asked, keys, at = asked[on], keys[on], at[on]
            cells = self._cells.take(at - 1, axis=0)
            same = np.flatnonzero(cells[:, 0] == keys)
            # Keys are equal by chance more often than the same band's are.
            same = same[(at[same] - 1) % BANDS == asked[same] % BANDS]
            rows.append(asked[same] // BANDS)
            places.append((at[same] - 1).astype(np.int64) // BANDS)
            at = cells[:, 1]
        return np.concatenate(rows), np.concatenate(places)


class Neighbours:
    """The texts of the window. Fed in the order of their numbers, and a function of what it was fed."""

    def __init__(self, smallest: int = SMALLEST, most: int = MOST) -> None:
        self._room = smallest
        self._most = most
        self._segments: list[Segment] = []
        self.last = 0
        """The highest number taken in."""
        self.latest = 0
        """The latest arrival taken in, in seconds since the epoch."""

    @property
    def expired(self) -> int:
        """What arrived before this time, in seconds since the epoch, is needed no more."""
        return self.latest - WINDOW - GRACE

    def add(self, marks: Sequence[Mark]) -> None:
        """Take in texts, in order."""
        if not marks:
            return
        self.last = marks[-1].number
        self.latest = max(self.latest, *(mark.seen for mark in marks))
        found = [m for m in marks if m.bands and (not m.seen or m.seen >= self.expired)]
        table = np.array([(m.number, m.time, m.seen) for m in found], np.int64).reshape(-1, 3)
        bands = np.frombuffer(b"".join(m.bands for m in found), "<u4").astype(np.uint32).reshape(-1, BANDS)
        at = 0
        while at < len(found):
            segment = self._segment()
            until = at + segment.room - segment.size
            segment.add(table[at:until], bands[at:until])
            at = until
        self._segments = [s for s in self._segments if s.size < s.room or s.marks[:, 2].max() >= self.expired]
        while sum(s.size for s in self._segments) > self._most:
            del self._segments[0]

    def _segment(self) -> Segment:
        """The one that has room."""
        if not self._segments or self._segments[-1].size == self._segments[-1].room:
            self._segments.append(Segment(self._room))
            self._room = min(2 * self._room, LARGEST)
        return self._segments[-1]

    def find(self, texts: Sequence[Member], bands: Sequence[Words]) -> list[tuple[list[int], list[int]]]:
        """What each text may be near to: numbers of remembered texts, and rows of earlier ones of `texts`.

        Of either there are at most `_MOST_NEAR`: those that share the most keys, of equals the earliest.
        """
        pairs: list[tuple[list[int], list[int]]] = [([], []) for _ in texts]
        if not texts:
            return pairs
        times = np.array([(text.time, text.seen) for text in texts], np.int64)
        matrix = np.array(bands)
        asked = np.argsort(matrix, axis=None, kind="stable")
        keys = matrix.ravel()[asked]
        asked, keys = asked[keys > 0], keys[keys > 0]
        _spread([known for known, _ in pairs], [_within(s.marks, *s.find(asked, keys), times) for s in self._segments])
        batch = Segment(len(texts))
        batch.add(np.column_stack((np.arange(len(texts)), times)), matrix)
        _spread([fresh for _, fresh in pairs], [_within(batch.marks, *batch.earlier(), times)])
        return pairs


def _within(marks: Numbers, rows: Numbers, places: Numbers, times: Numbers) -> tuple[Numbers, Numbers]:
    """Those pairs that are within the window of each other; places become numbers."""
    here, there = times[rows], marks[places, 1:]
    far = (np.abs(here - there) > WINDOW) & (here > 0) & (there > 0)
    near = ~far.any(axis=1)
    return rows[near], marks[places[near], 0]


def _spread(pairs: Sequence[list[int]], found: Sequence[tuple[Numbers, Numbers]]) -> None:
    """Give each row its numbers, the likeliest first."""
    if not found:
        return
    rows = np.concatenate([rows for rows, _ in found])
    numbers = np.concatenate([numbers for _, numbers in found])
    if not len(rows):
        return
    distinct, shared = np.unique(np.column_stack((rows, numbers)), axis=0, return_counts=True)
    order = np.lexsort((distinct[:, 1], -shared, distinct[:, 0]))
    for row, number in distinct[order].tolist():
        if len(pairs[row]) < _MOST_NEAR:
            pairs[row].append(number)
