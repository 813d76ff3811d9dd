"""What polling remembers of its sources, in SQLite: cursors, what was seen, and who polls what.

Several processes of one machine may share the file. Cursors are opaque bytes: what is in them is the
poller's business. Ids and hashes of what was seen are 8-byte fingerprints.
"""

import math
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import Fatal, Transient

Save = tuple[str, int, bytes, Sequence[tuple[bytes, bytes]], int]
"""Source, fence, cursor, what was seen as (id, hash) pairs, and the number of the poll that saw it."""

KEEP_SECONDS = 14 * 86_400
KEEP_POLLS = 200
_CHUNK = 500
_SCHEMA = """
create table if not exists cursors (source text primary key, cursor blob not null) without rowid;
create table if not exists seen (
    source text not null, id blob not null, hash blob not null, poll integer not null, at integer not null,
    primary key (source, id)
) without rowid;
create table if not exists pollers (owner text primary key, until real not null) without rowid;
create table if not exists leases (
    source text primary key, owner text not null, fence integer not null, until real not null
) without rowid;
create index if not exists leases_owner on leases (owner);
"""


class SqlitePollMemory:
    """Thread-safe: one connection behind a lock; every call is short and may block on the disk."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, or make it.

        Raises:
            Fatal: it can't be opened.
        """
        try:
            if isinstance(path, Path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            for pragma in ("journal_mode = wal", "synchronous = full", "cache_size = -8000"):
                self._db.execute(f"pragma {pragma}")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise Fatal(f"{path}: can't open the memory of polling: {error}") from error
        self._lock = threading.Lock()

    def cursors(self, sources: Sequence[str]) -> dict[str, bytes]:
        """The cursor of each of the sources that has one."""
        with self._reading() as db:
            return dict(_by_chunks(db, "select source, cursor from cursors where source in ({})", (), sources))

    def seen(self, source: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """The hash each of the ids was last seen with, where it was."""
        with self._reading() as db:
            return dict(_by_chunks(db, "select id, hash from seen where source = ? and id in ({})", (source,), ids))

    def save(self, saves: Sequence[Save], now: float) -> frozenset[str]:
        """Store cursors and what was seen, all or nothing, but for sources whose lease another holds now.

        Returns:
            The sources that were refused: another poller has taken them over.

        Raises:
            Transient: nothing was stored.
        """
        refused: set[str] = set()
        with self._writing() as db:
            for source, fence, cursor, seen, poll in saves:
                row = db.execute("select fence from leases where source = ?", (source,)).fetchone()
                if row is not None and row[0] != fence:
                    refused.add(source)
                    continue
                db.execute("insert or replace into cursors values (?, ?)", (source, cursor))
                if seen:
                    _remember(db, source, seen, poll, int(now))
        return frozenset(refused)

    def share(self, owner: str, sources: Sequence[str], seconds: float, now: float) -> dict[str, int]:
        """Renew this owner's leases for `seconds` from `now`, and take its fair share of what is free.

        A lease whose time has run out is free. The share is the sources divided by the pollers alive;
        what an owner holds beyond it is given up, so that a newcomer finds work within one renewal.

        Returns:
            The fence of each source that the owner holds after the call; a fence grows with each new holder.

        Raises:
            Transient: nothing was changed.
        """
        with self._writing() as db:
            db.execute("delete from pollers where until < ?", (now,))
            db.execute("insert or replace into pollers values (?, ?)", (owner, now + seconds))
            alive = db.execute("select count(*) from pollers").fetchone()[0]
            fair = math.ceil(len(sources) / alive)
            known = {row[0]: row[1:] for row in db.execute("select source, owner, fence, until from leases")}
            mine = [s for s in sources if s in known and known[s][0] == owner and known[s][2] >= now]
            free = (s for s in sources if s not in known or known[s][2] < now)
            kept, given_up = mine[:fair], mine[fair:]
            taken = [s for s, _ in zip(free, range(fair - len(kept)), strict=False)]
            held = {s: known[s][1] for s in kept} | {s: known[s][1] + 1 if s in known else 1 for s in taken}
            db.executemany("update leases set until = 0 where source = ?", [(s,) for s in given_up])
            db.executemany(
                "insert or replace into leases values (?, ?, ?, ?)",
                [(source, owner, fence, now + seconds) for source, fence in held.items()],
            )
        return held

    def leave(self, owner: str) -> None:
        """Give up all that the owner holds, at once."""
        with self._writing() as db:
            db.execute("update leases set until = 0 where owner = ?", (owner,))
            db.execute("delete from pollers where owner = ?", (owner,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise Transient(f"the memory of polling can't be read: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("begin immediate")
                yield self._db
                self._db.execute("commit")
            except sqlite3.Error as error:
                raise Transient(f"the memory of polling can't be written: {error}") from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("rollback")


def _by_chunks(
    db: sqlite3.Connection, query: str, fixed: tuple[str, ...], values: Sequence[str] | Sequence[bytes]
) -> Iterator[tuple[Any, bytes]]:
    # SQLite bounds the number of parameters of one statement.
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        yield from db.execute(query.format(",".join("?" * len(chunk))), (*fixed, *chunk))


def _remember(db: sqlite3.Connection, source: str, seen: Sequence[tuple[bytes, bytes]], poll: int, now: int) -> None:
    db.executemany(
        "insert or replace into seen values (?, ?, ?, ?, ?)", [(source, key, digest, poll, now) for key, digest in seen]
    )
    # Forgotten only when long gone by both measures: a busy feed turns over fast, an idle one seldom changes.
    db.execute(
        "delete from seen where source = ? and poll < ? and at < ?", (source, poll - KEEP_POLLS, now - KEEP_SECONDS)
    )
