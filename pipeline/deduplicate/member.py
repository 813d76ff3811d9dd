"""A text that is remembered, so that later ones can be compared with it."""

import msgspec

WINDOW = 72 * 3600
"""Seconds: texts further apart than this, in event time or in arrival, are never compared."""

GRACE = 24 * 3600
"""Seconds by which arrival times may go back before a text that has left the window is missed."""


class Member(msgspec.Struct, frozen=True):
    """One version of one story, as a member of its cluster.

    Arrays are packed unsigned integers of 32 bits, little-endian.
    """

    uri: str
    cluster: str
    """The uri of the first member."""
    provider: str
    """The agency, else the source."""
    time: int
    """Event time: the version's, in seconds since the epoch, never later than `seen`; 0 is unknown."""
    seen: int
    """When it was fetched, in seconds since the epoch; 0 is unknown."""
    tokens: int
    """Words in the body."""
    suppresses: bool
    """Was passed on and may run, so that a copy of it need not."""
    body: bytes
    """16 bytes: equal where all words of the body are."""
    bands: bytes
    """Array of band keys, 0 where there is none; empty where the text is not to be found by its bands."""
    shingles: bytes
    """Sorted array without repetition: the hashes of its word 5-shingles."""
    figures: bytes
    """Sorted array without repetition: the hashes of its words with digits."""


class Mark(msgspec.Struct, frozen=True):
    """What finding a `Member` needs; `number` names it."""

    number: int
    time: int
    seen: int
    bands: bytes
