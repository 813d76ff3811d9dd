"""How every source fares, told from what polling remembers of it: for people, pages and commands."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from pipeline.poll.cursor import NEW, decode_cursor
from pipeline.poll.interfaces import PollMemory
from pipeline.poll.rhythm import expected_since
from pipeline.poll.sources import Source
from pipeline.poll.verdict import state_of

NEVER_POLLED, NOT_POLLED = "new", "-"
ORDER = ("failing", "quiet", "moved", NEVER_POLLED, "ok", NOT_POLLED)
"""The states, those first that want a person. Folders and pushes have none: they are not polled."""


class Health(msgspec.Struct, frozen=True):
    """One source."""

    source: str
    kind: str
    state: str
    """One of `ORDER`."""
    failures: int = 0
    """Failed polls in a row."""
    interval: float | None = None
    """Seconds between polls, as learned."""
    last_item: datetime | None = None
    next_poll: datetime | None = None
    pages: int = 0
    """Entries that wait for their article pages."""
    detail: str = ""
    """What a person should know, in a few words."""


def healths(sources: Sequence[Source], memory: PollMemory, now: datetime) -> list[Health]:
    """The health of every source, those first that want a person. Blocks on the memory.

    Raises:
        Transient: the memory can't be reached.
    """
    cursors = memory.cursors([source.id for source in sources if source.kind == "http"])
    found = [_health(source, cursors.get(source.id), now.timestamp()) for source in sources]
    return sorted(found, key=lambda one: (ORDER.index(one.state), one.source))


def _health(source: Source, saved: bytes | None, now: float) -> Health:
    if source.kind != "http":
        return Health(source.id, source.kind, NOT_POLLED)
    cursor = decode_cursor(saved) if saved is not None else NEW
    if cursor == NEW:
        return Health(source.id, source.kind, NEVER_POLLED)
    state = state_of(cursor, now)
    if state == "quiet":
        missed = expected_since(cursor.rhythm, cursor.last_item, now)
        detail = f"some {missed:.0f} items would have come by its own rhythm"
    elif state == "moved" and cursor.moved_to:
        detail = f"redirects permanently to {cursor.moved_to.partition('?')[0]}"
    else:
        detail = f"{cursor.failures} failed polls in a row" if cursor.failures else ""
    return Health(
        source=source.id,
        kind=source.kind,
        state=state,
        failures=cursor.failures,
        interval=cursor.interval or None,
        last_item=_time(cursor.last_item),
        next_poll=_time(cursor.due),
        pages=len(cursor.pages),
        detail=detail,
    )


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
