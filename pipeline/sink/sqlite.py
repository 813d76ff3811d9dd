"""The newest version of every story in an SQLite table, with full-text search."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import Permanent, Transient
from pipeline.sink.interface import Delivery
from pipeline.story import CANCELED

_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS stories (
    id INTEGER PRIMARY KEY,
    uri TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    language TEXT,
    agency TEXT,
    created TEXT,
    headline TEXT NOT NULL,
    body TEXT NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS stories_created ON stories (created);
CREATE VIRTUAL TABLE IF NOT EXISTS stories_text USING fts5 (
    headline, body, content = 'stories', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER IF NOT EXISTS stories_inserted AFTER INSERT ON stories BEGIN
    INSERT INTO stories_text (rowid, headline, body) VALUES (new.id, new.headline, new.body);
END;
CREATE TRIGGER IF NOT EXISTS stories_updated AFTER UPDATE ON stories BEGIN
    INSERT INTO stories_text (stories_text, rowid, headline, body) VALUES ('delete', old.id, old.headline, old.body);
    INSERT INTO stories_text (rowid, headline, body) VALUES (new.id, new.headline, new.body);
END;
"""

_UPSERT = """
INSERT INTO stories (uri, version, status, language, agency, created, headline, body, document)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (uri) DO UPDATE SET
    version = excluded.version, status = excluded.status, language = excluded.language, agency = excluded.agency,
    created = excluded.created, headline = excluded.headline, body = excluded.body, document = excluded.document
WHERE excluded.version > stories.version OR excluded.version = stories.version
    AND (excluded.status = 'canceled' OR stories.status <> 'canceled')
"""


class SqliteSink:
    """See `Sink`."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """See `Sink.open`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise Transient(f"sink {self._path}: {error}") from error

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """See `Sink.write`."""
        if self._connection is None:
            self.open()
        assert self._connection is not None  # noqa: S101  # opened just now
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_UPSERT, [_row(delivery) for delivery in batch])
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            raise Transient(f"sink {self._path}: {error}") from error
        return [None] * len(batch)

    def close(self) -> None:
        """See `Sink.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _row(delivery: Delivery) -> tuple[object, ...]:
    story = delivery.story
    status = story.pub_status or "usable"
    created = story.version_created or story.first_created
    return (
        delivery.uri,
        delivery.number,
        status,
        story.language,
        story.newswire.agency,
        created.isoformat() if created else None,
        story.headline,
        "" if status == CANCELED else story.text,
        delivery.value,
    )


def search(path: Path, query: str, *, limit: int = 20) -> list[bytes]:
    """The documents that match an FTS5 query best, best first; words alone must all occur.

    Raises:
        Permanent: the query can't be read, or there is no such file.
    """
    if not path.exists():
        raise Permanent("no_index", f"{path}: no such file; has a sqlite sink run?")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT s.document FROM stories_text t JOIN stories s ON s.id = t.rowid"
            " WHERE stories_text MATCH ? AND s.status NOT IN ('canceled', 'withheld')"
            " ORDER BY bm25(stories_text, 4.0, 1.0) LIMIT ?",
            (query, limit),
        ).fetchall()
    except sqlite3.DatabaseError as error:
        raise Permanent("bad_query", f"{query!r}: {error}") from error
    finally:
        connection.close()
    return [row[0] for row in rows]
