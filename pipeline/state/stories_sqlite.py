"""The memory of stories in an SQLite file: claims by raw coordinates, what is known of each uri, and texts."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Mark, Member
from pipeline.errors import Transient

_SCHEMA = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS claim (claim TEXT PRIMARY KEY, decision BLOB, at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS story (
    uri TEXT PRIMARY KEY, known BLOB, member INTEGER, at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS swept (what TEXT PRIMARY KEY, position TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER, seen INTEGER, bands BLOB, text BLOB
);
"""
_CHUNK = 500
"""Placeholders in one statement; SQLite allows 32,766, but plans are made per shape."""
_MARKS = 5000
_FORGET = 2
"""Members forgotten for each one remembered, at most; so the oldest go faster than new ones come."""

_SWEEP = 4
"""Claims and stories looked at for each one remembered, in the order of their keys: an index by age would cost more."""
_SWEEPS = {
    "claim": (
        "SELECT claim, at FROM claim WHERE claim > ? ORDER BY claim LIMIT ?",
        "DELETE FROM claim WHERE claim = ?",
    ),
    "story": ("SELECT uri, at FROM story WHERE uri > ? ORDER BY uri LIMIT ?", "DELETE FROM story WHERE uri = ?"),
}

_pack = msgspec.msgpack.Encoder().encode
_decision = msgspec.msgpack.Decoder(Decision).decode
_known = msgspec.msgpack.Decoder(Known).decode
_text = msgspec.msgpack.Decoder(tuple[str, str, str, int, bool, bytes, bytes, bytes]).decode


class SqliteStoryIndex:
    """See `StoryIndex`. Several processes may share one file."""

    def __init__(
        self, path: Path | str, *, keep_seconds: int = 30 * 86_400, clock: Callable[[], float] = time.time
    ) -> None:
        """`path` ``:memory:`` forgets everything at the end.

        Decisions, and what is known of a story since its last version, are forgotten when they are `keep_seconds`
        old and the sweep comes by: a third as many again are kept at most.
        """
        self._path = path
        self._keep_seconds = keep_seconds
        self._clock = clock
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._connection.executescript(_SCHEMA)
            self._add_ages()
        except sqlite3.Error as error:
            raise Transient(f"state {path}: {error}") from error

    def _add_ages(self) -> None:
        """Files from before ages were kept: what is there is as old as this start."""
        for table in _SWEEPS:
            columns = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            if "at" not in columns:
                now = int(self._clock())
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN at INTEGER NOT NULL DEFAULT {now}")

    def claims(self, claims: Sequence[str]) -> Mapping[str, Decision]:
        """See `StoryIndex.claims`."""
        rows = self._rows("SELECT claim, decision FROM claim WHERE claim IN", claims)
        return {claim: _decision(packed) for claim, packed in rows}

    def known(self, uris: Sequence[str]) -> Mapping[str, Known]:
        """See `StoryIndex.known`."""
        return {uri: _known(packed) for uri, packed in self._rows("SELECT uri, known FROM story WHERE uri IN", uris)}

    def texts(self, uris: Sequence[str]) -> Mapping[str, Member]:
        """See `StoryIndex.texts`."""
        rows = self._rows(
            "SELECT time, seen, bands, text FROM story JOIN member ON member.number = story.member WHERE uri IN", uris
        )
        return {member.uri: member for member in (_member(*row) for row in rows)}

    def since(self, number: int) -> Sequence[Mark]:
        """See `StoryIndex.since`."""
        statement = "SELECT number, time, seen, bands FROM member WHERE number > ? ORDER BY number LIMIT ?"
        try:
            return [Mark(*row) for row in self._connection.execute(statement, (number, _MARKS))]
        except sqlite3.Error as error:
            raise self._unwell(error) from error

    def members(self, numbers: Sequence[int]) -> Mapping[int, Member]:
        """See `StoryIndex.members`."""
        rows = self._rows("SELECT number, time, seen, bands, text FROM member WHERE number IN", numbers)
        return {number: _member(*row) for number, *row in rows}

    def remember(
        self,
        claims: Mapping[str, Decision],
        stories: Mapping[str, Known],
        members: Sequence[Member] = (),
        *,
        after: int | None = None,
        expired: int = 0,
    ) -> bool:
        """See `StoryIndex.remember`."""
        run = self._connection.execute
        try:
            run("BEGIN IMMEDIATE")
            try:
                kept = self._keep(claims, stories, members, after, expired)
            except BaseException:
                run("ROLLBACK")
                raise
            run("COMMIT")
        except sqlite3.Error as error:
            raise self._unwell(error) from error
        return kept

    def _keep(
        self,
        claims: Mapping[str, Decision],
        stories: Mapping[str, Known],
        members: Sequence[Member],
        after: int | None,
        expired: int,
    ) -> bool:
        run, many = self._connection.execute, self._connection.executemany
        newest = run("SELECT seq FROM sqlite_sequence WHERE name = 'member'").fetchone()
        last: int = newest[0] if newest else 0
        if after is not None and last > after:
            return False
        now = int(self._clock())
        many("INSERT OR IGNORE INTO claim VALUES (?, ?, ?)", [(claim, _pack(d), now) for claim, d in claims.items()])
        many(
            "INSERT INTO story (uri, known, at) VALUES (?, ?, ?)"
            " ON CONFLICT (uri) DO UPDATE SET known = excluded.known, at = excluded.at",
            [(uri, _pack(known), now) for uri, known in stories.items()],
        )
        many(
            "INSERT INTO member VALUES (?, ?, ?, ?, ?)",
            [(n, m.time, m.seen, m.bands, _packed(m)) for n, m in enumerate(members, last + 1)],
        )
        numbers = {m.uri: n for n, m in enumerate(members, last + 1)}
        many("UPDATE story SET member = ? WHERE uri = ?", [(n, uri) for uri, n in numbers.items()])
        oldest = run("SELECT number, seen FROM member ORDER BY number LIMIT ?", (_FORGET * len(members),))
        past = [number for number, seen in oldest if seen < expired]
        many("DELETE FROM member WHERE number = ?", [(number,) for number in past])
        for table in _SWEEPS:
            self._sweep(table, _SWEEP * len(claims), now - self._keep_seconds)
        return True

    def _sweep(self, table: str, count: int, before: int) -> None:
        """Go on through a table from where the last sweep stopped, forgetting what is older than `before`."""
        run = self._connection.execute
        look, forget = _SWEEPS[table]
        found = run("SELECT position FROM swept WHERE what = ?", (table,)).fetchone()
        rows = run(look, (found[0] if found else "", count)).fetchall()
        self._connection.executemany(forget, [(key,) for key, at in rows if at < before])
        run("INSERT OR REPLACE INTO swept VALUES (?, ?)", (table, rows[-1][0] if len(rows) == count > 0 else ""))

    def _rows(self, statement: str, keys: Iterable[str | int]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        wanted = iter(dict.fromkeys(keys))
        try:
            while chunk := list(islice(wanted, _CHUNK)):
                marks = ",".join("?" * len(chunk))
                rows += self._connection.execute(f"{statement} ({marks})", chunk).fetchall()
        except sqlite3.Error as error:
            raise self._unwell(error) from error
        return rows

    def _unwell(self, error: sqlite3.Error) -> Transient:
        return Transient(f"state {self._path}: {error}")

    def close(self) -> None:
        """See `StoryIndex.close`."""
        self._connection.close()


def _packed(m: Member) -> bytes:
    return _pack((m.uri, m.cluster, m.provider, m.tokens, m.suppresses, m.body, m.shingles, m.figures))


def _member(time: int, seen: int, bands: bytes, text: bytes) -> Member:
    uri, cluster, provider, tokens, suppresses, body, shingles, figures = _text(text)
    return Member(uri, cluster, provider, time, seen, tokens, suppresses, body, bands, shingles, figures)
