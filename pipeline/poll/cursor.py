"""Where polling stands with one source: what is saved between polls, and its codec."""

import msgspec


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry that waits for its article page."""

    item: bytes
    """As it would enter the log."""
    position: int
    """In its document."""
    tries: int = 0
    due: float = 0.0


class Subscription(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands with the WebSub hub that a feed names. Times are in epoch seconds."""

    hub: str
    topic: str
    """The address that the hub knows the feed by."""
    asked: float = 0.0
    tries: int = 0
    """Requests since the hub last confirmed."""
    renew: float = 0.0
    """When to ask again; 0 is at once."""
    until: float = 0.0
    """End of the lease that the hub confirmed; 0 where it did not."""
    trusted: bool = False
    """Whether the hub has brought something since a poll last found what it had not brought."""


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Saved only after the log has acknowledged all that the poll found. Times are in epoch seconds."""

    etag: str | None = None
    last_modified: str | None = None
    body: bytes = b""
    """Fingerprint of the last body that was read to its end."""
    interval: float = 0.0
    polls: int = 0
    """Bodies read so far that were not known."""
    failures: int = 0
    """Failed polls in a row."""
    answered: bool = False
    """Whether the source has ever answered well: a 403 after that is throttling."""
    due: float = 0.0
    last_item: float = 0.0
    """When something new was last found."""
    moved_to: str | None = None
    """Where permanent redirects have led."""
    rhythm: bytes = b""
    """What `rhythm` has learned."""
    pages: tuple[Waiting, ...] = ()
    """Entries not published yet, or only as a teaser, since their pages are still to be fetched."""
    websub: Subscription | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Cursor)
NEW = Cursor()


def encode_cursor(cursor: Cursor) -> bytes:
    """The cursor as bytes."""
    return _encoder.encode(cursor)


def decode_cursor(data: bytes) -> Cursor:
    """The cursor in the bytes; a new one where an older or newer release wrote something else.

    Starting anew costs one whole poll, which loses nothing and is recognised item by item.
    """
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError:
        return NEW
