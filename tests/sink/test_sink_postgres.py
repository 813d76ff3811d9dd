"""What only the database shows: migrations, search, outages, a text it can't take."""

import threading
import uuid

import psycopg
import pytest
from test_sink_contract import delivery

from pipeline.errors import Fatal, Transient
from pipeline.sink.postgres import PostgresSink
from pipeline.story import CANCELED


@pytest.fixture
def dsn(postgres):
    return postgres.database(f"test-{uuid.uuid4().hex}")


def rows(dsn, query, *parameters):
    with psycopg.connect(dsn) as connection:
        return connection.execute(query, parameters).fetchall()


def written(dsn, *batches, schema="newswire"):
    sink = PostgresSink("database", dsn, schema=schema)
    try:
        for batch in batches:
            assert list(sink.write(batch)) == [None] * len(batch)
    finally:
        sink.close()


FIND = "SELECT uri FROM newswire.stories WHERE search @@ plainto_tsquery('simple', %s) AND status = 'usable'"


def test_stories_are_found_by_their_words_until_they_are_killed(dsn):
    written(dsn, [delivery(0, "urn:a", 1, body="Zebras escaped."), delivery(1, "urn:b", 1, body="Rain fell.")])
    assert rows(dsn, FIND, "zebras") == [("urn:a",)]
    written(dsn, [delivery(2, "urn:a", 2, status=CANCELED, body="Zebras: kill.")])
    assert rows(dsn, FIND, "zebras") == []
    assert rows(dsn, "SELECT body FROM newswire.stories WHERE uri = 'urn:a'") == [("",)]


def test_the_newest_of_a_story_in_one_batch_wins(dsn):
    batch = [delivery(0, "urn:a", 1), delivery(1, "urn:a", 3), delivery(2, "urn:a", 2), delivery(3, "urn:a", 3)]
    written(dsn, batch)
    assert rows(dsn, "SELECT version FROM newswire.stories") == [(3,)]
    kill, undone = delivery(4, "urn:a", 4, status=CANCELED), delivery(5, "urn:a", 4)
    written(dsn, [kill, undone])
    assert rows(dsn, "SELECT status FROM newswire.stories") == [("canceled",)]


def test_several_workers_may_make_the_tables_at_once(dsn):
    failed = []

    def start():
        try:
            written(dsn, [delivery(0, f"urn:{threading.get_ident()}", 1)])
        except Exception as error:  # noqa: BLE001  # shown below
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert rows(dsn, "SELECT count(*) FROM newswire.migrations") == [(1,)]


def test_tables_of_a_newer_release_are_left_alone(dsn):
    written(dsn, [delivery(0, "urn:a", 1)])
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO newswire.migrations (number) VALUES (99)")
    with pytest.raises(Fatal):
        written(dsn, [delivery(0, "urn:a", 1)])


def test_a_character_that_the_database_has_not_is_left_out_of_what_is_searched(dsn):
    story = delivery(0, "urn:a", 1, body="before\x00after")
    written(dsn, [story])
    assert rows(dsn, "SELECT body, document::text FROM newswire.stories") == [("beforeafter", story.value.decode())]


def test_a_long_text_is_stored_whole(dsn):
    story = delivery(0, "urn:a", 1, body=" ".join(f"word{n}" for n in range(150_000)))
    written(dsn, [story])
    assert rows(dsn, "SELECT length(body) FROM newswire.stories") == [(len(story.story.text),)]


def test_an_outage_is_waited_out(postgres, dsn):
    sink = PostgresSink("database", dsn, timeout=5)
    sink.write([delivery(0, "urn:a", 1)])
    postgres.stop()
    try:
        with pytest.raises(Transient):
            sink.write([delivery(1, "urn:b", 1)])
        with pytest.raises(Transient):
            sink.write([delivery(1, "urn:b", 1)])
    finally:
        postgres.start()
    assert list(sink.write([delivery(1, "urn:b", 1)])) == [None]
    sink.close()
    assert rows(dsn, "SELECT count(*) FROM newswire.stories") == [(2,)]


def test_refused_credentials_and_a_missing_database_are_outages(postgres):
    with pytest.raises(Transient):
        PostgresSink("database", postgres.dsn("nowhere")).open()


def test_a_password_is_never_told(postgres):
    dsn = f"postgresql://somebody:s3cret@127.0.0.1:{postgres.port}/nowhere"
    with pytest.raises(Transient) as caught:
        PostgresSink("database", dsn).open()
    assert "s3cret" not in str(caught.value)
