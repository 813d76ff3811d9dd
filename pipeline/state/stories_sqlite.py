"""The memory of stories in an SQLite file: claims by raw coordinates, and what is known of each uri."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from pipeline.deduplicate.decision import Decision, Known
from pipeline.errors import Transient

_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS claims (
    claim TEXT PRIMARY KEY, kind TEXT, version INTEGER, of_uri TEXT, final INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stories (
    uri TEXT PRIMARY KEY, version INTEGER, killed INTEGER, final INTEGER, contents BLOB
) WITHOUT ROWID;
"""
_CHUNK = 500
"""Placeholders in one statement; SQLite allows 32,766, but plans are made per shape."""


class SqliteStoryIndex:
    """See `StoryIndex`. Several processes may share one file."""

    def __init__(self, path: Path | str) -> None:
        """`path` ``:memory:`` forgets everything at the end."""
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise Transient(f"state {path}: {error}") from error

    def claims(self, claims: Sequence[str]) -> Mapping[str, Decision]:
        """See `StoryIndex.claims`."""
        rows = self._rows("SELECT claim, kind, version, of_uri, final FROM claims WHERE claim IN", claims)
        return {claim: Decision(kind, version, of, bool(final)) for claim, kind, version, of, final in rows}

    def known(self, uris: Sequence[str]) -> Mapping[str, Known]:
        """See `StoryIndex.known`."""
        rows = self._rows("SELECT uri, version, killed, final, contents FROM stories WHERE uri IN", uris)
        return {
            uri: Known(version, tuple(orjson.loads(contents)), bool(killed), bool(final))
            for uri, version, killed, final, contents in rows
        }

    def remember(self, claims: Mapping[str, Decision], stories: Mapping[str, Known]) -> None:
        """See `StoryIndex.remember`."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?)",
                    [(claim, d.kind, d.version, d.of, d.final) for claim, d in claims.items()],
                )
                self._connection.executemany(
                    "INSERT OR REPLACE INTO stories VALUES (?, ?, ?, ?, ?)",
                    [(uri, k.version, k.killed, k.final, orjson.dumps(k.contents)) for uri, k in stories.items()],
                )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Transient(f"state {self._path}: {error}") from error

    def _rows(self, statement: str, keys: Iterable[str]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        wanted = iter(dict.fromkeys(keys))
        try:
            while chunk := list(islice(wanted, _CHUNK)):
                marks = ",".join("?" * len(chunk))
                rows += self._connection.execute(f"{statement} ({marks})", chunk).fetchall()
        except sqlite3.Error as error:
            raise Transient(f"state {self._path}: {error}") from error
        return rows

    def close(self) -> None:
        """See `StoryIndex.close`."""
        self._connection.close()
