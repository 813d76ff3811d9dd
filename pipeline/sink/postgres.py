"""The newest version of every story in a PostgreSQL table, with full-text search.

A batch goes by COPY into a temporary table and from there into the table in one statement, so a story that came
late, came again or was killed meets the same rule whatever else is in its batch.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg
from psycopg import errors, sql

from pipeline.errors import Fatal, Permanent, Transient
from pipeline.sink.interface import Delivery
from pipeline.story import CANCELED, USABLE, WITHHELD

Row = tuple[str, int, str, str | None, str | None, str | None, datetime | None, str, str, str]

_COLUMNS = ("uri", "version", "status", "language", "agency", "source", "created", "headline", "body", "document")
MIGRATIONS = (
    """
    CREATE TABLE {stories} (
        uri text PRIMARY KEY,
        version bigint NOT NULL,
        status text NOT NULL,
        language text,
        agency text,
        source text,
        created timestamptz,
        headline text NOT NULL,
        body text NOT NULL,
        document json NOT NULL,
        written timestamptz NOT NULL DEFAULT now(),
        search tsvector GENERATED ALWAYS AS (
            setweight(to_tsvector('simple', headline), 'A') || to_tsvector('simple', left(body, 200000))
        ) STORED
    );
    CREATE INDEX ON {stories} (created);
    CREATE INDEX ON {stories} (agency, created);
    CREATE INDEX ON {stories} USING gin (search);
    """,
)
"""Each is applied once, in order; what was released is never changed here, only added to. A body is searched in its
first 200,000 characters, since a search vector ends at a megabyte."""


class PostgresSink:
    """See `Sink`. One connection, made again after a failure."""

    def __init__(self, name: str, dsn: str, *, schema: str = "newswire", timeout: float = 30.0) -> None:
        """`timeout` bounds the connecting and each statement, in seconds."""
        self.name = name
        self._dsn = dsn
        self._schema = schema
        self._timeout = timeout
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._stories = sql.Identifier(schema, "stories")
        columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
        newer = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in _COLUMNS[1:]
        )
        self._copy = sql.SQL("COPY incoming ({}) FROM STDIN").format(columns)
        self._upsert = sql.SQL(
            "INSERT INTO {stories} AS stories ({columns}) SELECT {columns} FROM incoming"
            " ON CONFLICT (uri) DO UPDATE SET {newer}, written = now()"
            " WHERE excluded.version > stories.version OR excluded.version = stories.version"
            " AND (excluded.status = 'canceled' OR stories.status <> 'canceled')"
        ).format(stories=self._stories, columns=columns, newer=newer)

    def open(self) -> None:
        """See `Sink.open`; makes the schema and its tables."""
        self.close()
        try:
            self._connection = connection = psycopg.connect(
                self._dsn,
                connect_timeout=max(2, int(self._timeout)),
                application_name="newswire",
                options=f"-c statement_timeout={int(self._timeout * 1000)}",
                autocommit=True,
            )
            self._migrate(connection)
            connection.execute(sql.SQL("CREATE TEMP TABLE incoming (LIKE {} INCLUDING DEFAULTS)").format(self._stories))
            connection.execute("ALTER TABLE incoming DROP COLUMN search, DROP COLUMN written")
        except psycopg.ProgrammingError as error:
            self.close()
            if isinstance(error, errors.InsufficientPrivilege | errors.InvalidCatalogName):
                raise Transient(f"sink {self.name}: {_told(error)}") from error
            raise Fatal(f"sink {self.name}: {_told(error)}") from error
        except (psycopg.Error, OSError) as error:
            self.close()
            raise Transient(f"sink {self.name}: {_told(error)}") from error

    def _migrate(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        schema = sql.Identifier(self._schema)
        with connection.transaction():
            # Several workers start at once; one makes the tables and the others wait.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", ["newswire " + self._schema])
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            applied = sql.Identifier(self._schema, "migrations")
            connection.execute(
                sql.SQL(
                    "CREATE TABLE IF NOT EXISTS {} (number int PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"
                ).format(applied)
            )
            [(count,)] = connection.execute(sql.SQL("SELECT count(*)::int FROM {}").format(applied)).fetchall()
            if not isinstance(count, int) or count > len(MIGRATIONS):
                raise Fatal(f"sink {self.name}: the tables are from a newer release")
            for number, statements in enumerate(MIGRATIONS[count:], start=count):
                connection.execute(sql.SQL(statements).format(stories=self._stories))
                connection.execute(sql.SQL("INSERT INTO {} (number) VALUES (%s)").format(applied), [number])

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """See `Sink.write`. A story that the database can't take is refused alone."""
        if self._connection is None:
            self.open()
        rows = [_row(delivery) for delivery in batch]
        try:
            try:
                self._put(_newest(rows))
            except psycopg.DataError:
                return self._one_by_one(rows)
        except (psycopg.Error, OSError) as error:
            # Refused credentials and a missing table are outages too: somebody mends them, and nothing is lost.
            self.close()
            raise Transient(f"sink {self.name}: {_told(error)}") from error
        return [None] * len(batch)

    def _one_by_one(self, rows: Sequence[Row]) -> list[Permanent | None]:
        verdicts: list[Permanent | None] = []
        for row in rows:
            try:
                self._put([row])
            except psycopg.DataError as error:
                verdicts.append(Permanent("not_storable", _told(error)))
            else:
                verdicts.append(None)
        return verdicts

    def _put(self, rows: Iterable[Row]) -> None:
        assert self._connection is not None  # noqa: S101  # opened by `write`
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("TRUNCATE incoming")
            with cursor.copy(self._copy) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(self._upsert)

    def close(self) -> None:
        """See `Sink.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _newest(rows: Sequence[Row]) -> Iterable[Row]:
    """One row per story: one statement may not touch a row twice. The rule is that of the statement."""
    newest: dict[str, Row] = {}
    for row in rows:
        before = newest.get(row[0])
        undoes_kill = before is not None and before[2] == CANCELED != row[2]
        if before is None or row[1] > before[1] or (row[1] == before[1] and not undoes_kill):
            newest[row[0]] = row
    return newest.values()


def _row(delivery: Delivery) -> Row:
    story = delivery.story
    status = story.pub_status or USABLE
    source = story.newswire.provenance
    return (
        delivery.uri,
        delivery.number,
        status,
        story.language,
        story.newswire.agency,
        source.source if source is not None else None,
        story.version_created or story.first_created,
        _clean(story.headline),
        "" if status in (CANCELED, WITHHELD) else _clean(story.text),
        delivery.value.decode(),
    )


def _clean(text: str) -> str:
    # The one character that PostgreSQL's text can't hold; the document has it escaped.
    return text.replace("\x00", "")


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
