"""A source as one process polls it: its cursor, its fence, the pages it waits for and what its hub promised."""

import asyncio

import msgspec
from yarl import URL

from pipeline.item import decode_item
from pipeline.poll.cursor import Cursor, encode_cursor
from pipeline.poll.interfaces import Save
from pipeline.poll.sources import Source


class Entry:
    """Belongs to one event loop."""

    __slots__ = ("cursor", "fence", "host", "lock", "pages", "shown", "source", "websub")

    def __init__(self, source: Source, cursor: Cursor, fence: int) -> None:
        self.source = source
        self.cursor = cursor
        self.fence = fence
        self.host = URL(source.url or "").raw_host or ""
        self.lock = asyncio.Lock()
        """Held while a document is taken in: what one saves as seen, the next must know."""
        self.shown = ""
        self.pages = {decode_item(w.item).uri: w for w in cursor.pages}
        self.websub = cursor.websub

    def standing(self, cursor: Cursor | None = None) -> Cursor:
        """The cursor, or the one to come, with what changes between polls: pages that wait, the hub's word."""
        return msgspec.structs.replace(cursor or self.cursor, pages=tuple(self.pages.values()), websub=self.websub)

    def save(self, cursor: Cursor, marks: tuple[tuple[bytes, bytes], ...] = ()) -> Save:
        """What stores this cursor, and what was seen, under this process's fence."""
        return (self.source.id, self.fence, encode_cursor(self.standing(cursor)), marks, cursor.polls)

    @property
    def priority(self) -> int:
        """1 goes first."""
        return self.source.priority
