"""The health of sources, as it is told to people."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from poll_lab import NOW, http_source
from typer.testing import CliRunner

from pipeline.cli import cli
from pipeline.poll.cursor import Cursor, Waiting, encode_cursor
from pipeline.poll.health import healths
from pipeline.poll.rhythm import learn
from pipeline.poll.sources import Source, parse_sources
from pipeline.state.sources_sqlite import SqlitePollMemory


def hourly(weeks: int) -> tuple[bytes, datetime]:
    """The rhythm of a source with two items an hour for so many weeks, and when the last came."""
    rhythm, at, last = b"", NOW, 0.0
    for _ in range(weeks * 168):
        rhythm = learn(rhythm, at.timestamp(), 2, last)
        last = at.timestamp()
        at += timedelta(hours=1)
    return rhythm, datetime.fromtimestamp(last, UTC)


def test_sources_that_want_a_person_come_first(tmp_path: Path) -> None:
    rhythm, last = hourly(3)
    known = {
        "works": Cursor(polls=9, answered=True, interval=90, rhythm=rhythm, last_item=last.timestamp(), due=1e9),
        "down": Cursor(failures=5, polls=2),
        "away": Cursor(polls=1, moved_to="https://new.example/feed", pages=(Waiting(item=b"{}", position=0),)),
    }
    memory = SqlitePollMemory(tmp_path / "poll.db")
    memory.save([(name, 1, encode_cursor(cursor), (), 1) for name, cursor in known.items()], NOW.timestamp())
    sources = [http_source("https://o.example/", name) for name in (*known, "unseen")]
    sources.append(Source.model_validate({"id": "drop", "kind": "folder", "folder": tmp_path}))
    soon = healths(sources, memory, last + timedelta(hours=2))
    assert [(one.source, one.state) for one in soon] == [
        ("down", "failing"), ("away", "moved"), ("unseen", "new"), ("works", "ok"), ("drop", "-"),
    ]  # fmt: skip
    assert soon[0].detail == "5 failed polls in a row"
    assert soon[1].pages == 1
    assert soon[3].last_item == last
    assert soon[3].interval == 90
    late = {one.source: one for one in healths(sources, memory, last + timedelta(hours=9))}
    assert late["works"].state == "quiet"
    assert late["works"].detail.startswith("some 1")
    memory.close()


def test_the_command_shows_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "feeds.yaml").write_text(
        "sources:\n  - {id: harbour, url: 'https://harbour.example/feed'}\n  - {id: drop, kind: folder, folder: in}\n"
    )
    shown = CliRunner().invoke(cli, ["feeds", "--json"])
    assert shown.exit_code == 0, shown.output
    told = [json.loads(line) for line in shown.output.splitlines()]
    assert [(one["source"], one["state"]) for one in told] == [("harbour", "new"), ("drop", "-")]
    only = CliRunner().invoke(cli, ["feeds", "--state", "new"])
    assert "harbour" in only.output
    assert "drop" not in only.output


def test_lists_of_feeds_go_out_and_come_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "feeds.yaml").write_text(
        "sources:\n  - {id: harbour, url: 'https://harbour.example/feed', tags: [ports]}\n  - {id: d, kind: folder, folder: in}\n"
    )
    out = CliRunner().invoke(cli, ["feeds", "export"])
    assert out.exit_code == 0, out.output
    (tmp_path / "list.opml").write_text(out.output)
    back = CliRunner().invoke(cli, ["feeds", "import", "list.opml"])
    assert back.exit_code == 0, back.output
    (source,) = parse_sources(back.output, "imported")
    assert (source.id, source.url, source.tags) == ("harbour", "https://harbour.example/feed", ("ports",))
    (tmp_path / "list.opml").write_text("no list")
    assert CliRunner().invoke(cli, ["feeds", "import", "list.opml"]).exit_code != 0
