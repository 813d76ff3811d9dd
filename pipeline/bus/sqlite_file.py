"""The file behind the embedded log: its schema, its connections, and what its errors mean."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import Fatal, NewswireError, Transient

OFFSET_BITS = 44
"""A batch's row id is ``partition id << OFFSET_BITS | offset of its first record``."""

PAGE_SIZE = 16_384
_VERSION = 1
_APPLICATION = int.from_bytes(b"nwlg", "big")
_SCHEMA = """
create table topic (
    id integer primary key, name text not null unique, compact integer not null,
    retention_ms integer, retention_bytes integer);
create table partition (
    id integer primary key, topic integer not null references topic, number integer not null,
    next integer not null default 0,        -- offset the next record gets
    stamp integer not null default 0,       -- newest timestamp given, so that time never runs backwards
    bytes integer not null default 0,       -- of all batches kept
    cleaned integer not null default 0,     -- records below this offset have been compacted
    clean_bytes integer not null default 0, -- of all batches below `cleaned`
    unique (topic, number));
create table batch (
    id integer primary key, last integer not null, stamp integer not null, bytes integer not null,
    records blob not null);
create table grp (
    id integer primary key, name text not null unique, generation integer not null default 0);
create table member (
    id integer primary key autoincrement, grp integer not null references grp, name text not null,
    beat real not null, timeout real not null, topics text not null, unique (grp, name));
create table cursor (
    grp integer not null, partition integer not null, committed integer not null default 0,
    owner integer, target integer, primary key (grp, partition)) without rowid;
create table epoch (topics integer not null);
insert into epoch values (0);
"""

_PASSING = {
    sqlite3.SQLITE_BUSY: "another process holds the lock",
    sqlite3.SQLITE_LOCKED: "another connection holds the lock",
    sqlite3.SQLITE_FULL: "the disk is full or a size limit is reached; make room",
    sqlite3.SQLITE_IOERR: "the disk refused; make room or see the system's log",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; see that its folder exists and is writable",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_PROTOCOL: "too many processes start at once",
}


def row_id(partition: int, offset: int) -> int:
    """Where a batch that begins at `offset` is kept; also the bounds of a partition's range."""
    return partition << OFFSET_BITS | offset


def first_offset(row: int) -> int:
    """The offset of the first record of the batch with this row id."""
    return row & ((1 << OFFSET_BITS) - 1)


def meaning(error: sqlite3.Error, path: Path) -> NewswireError:
    """What an error of SQLite is to us: Transient where the same may work later, Fatal otherwise."""
    code = getattr(error, "sqlite_errorcode", None)
    advice = _PASSING.get(code & 0xFF) if code is not None else None
    if advice is not None:
        return Transient(f"the log {path}: {error} ({advice})")
    return Fatal(f"the log {path}: {error}")


class LogFile:
    """One SQLite file; thread-safe.

    All writes of a process go through one connection, one after the other: threads queue at a lock, which
    is fair and costs nothing, and only processes compete for SQLite's own. Its cache stays warm as well.
    """

    def __init__(self, path: Path, *, busy_timeout: float) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._made = False
        self._closed = False

    def connect(self) -> sqlite3.Connection:
        """A connection of the caller's own, for reading.

        Raises:
            Transient: the file can't be opened just now.
            Fatal: it is no log, or one of a newer program.
        """
        with self._lock:
            if self._closed:
                raise Fatal(f"the log {self.path} was closed")
            try:
                if not self._made:
                    self._make()
                return self._open()
            except (sqlite3.Error, OSError) as error:
                raise self._explain(error) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One SQL transaction: committed on leaving, rolled back on any exception. Blocks while others write.

        Raises:
            Transient: nothing was written; the same may work later.
            Fatal: it never will.
        """
        with self._lock:
            if self._writer is None:
                self._writer = self.connect()
            connection = self._writer
            try:
                connection.execute("begin immediate")
                yield connection
                connection.execute("commit")
            except sqlite3.Error as error:
                self._forget()
                raise meaning(error, self.path) from error
            except BaseException:
                self._roll_back(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn errors of SQLite inside into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise meaning(error, self.path) from error

    def close(self) -> None:
        """Close the writing connection; connections handed out are their holders' to close."""
        with self._lock:
            self._closed = True
            self._forget()

    def _explain(self, error: sqlite3.Error | OSError) -> NewswireError:
        if isinstance(error, OSError):
            return Transient(f"the log {self.path} can't be opened: {error}")
        return meaning(error, self.path)

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("rollback")
        except sqlite3.Error:
            self._forget()

    def _forget(self) -> None:
        # After a failed write SQLite may or may not have rolled back; closing settles it either way.
        if self._writer is not None:
            with contextlib.suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            # FULL: a commit is on the disk before anybody sees it; see docs/decisions/0002-embedded-log.md.
            connection.execute("pragma synchronous = full")
            connection.execute("pragma cache_size = -16000")
            connection.execute("pragma journal_size_limit = 67108864")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._open()
        try:
            _recognise(connection, self.path)
            connection.execute(f"pragma page_size = {PAGE_SIZE}")
            self._use_wal(connection)
            connection.execute("begin immediate")
            if not _recognise(connection, self.path):
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"pragma user_version = {_VERSION}")
                connection.execute(f"pragma application_id = {_APPLICATION}")
            connection.execute("commit")
        finally:
            connection.close()
        self._made = True

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # Switching to WAL doesn't wait for a lock by itself, and several processes may start at once.
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("pragma journal_mode = wal")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def _recognise(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is a log already; False for an empty one. Changes nothing.

    Raises:
        Fatal: it is something else.
    """
    (version,) = connection.execute("pragma user_version").fetchone()
    (application,) = connection.execute("pragma application_id").fetchone()
    if application == _APPLICATION:
        if version > _VERSION:
            raise Fatal(f"the log {path} was written by a newer version of this program")
        return True
    if version or application or connection.execute("select count(*) from sqlite_master").fetchone() != (0,):
        raise Fatal(f"{path} is a database of some other program, not a log")
    return False
