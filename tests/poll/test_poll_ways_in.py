"""Source lists, drop folders, pushes, OPML and the memory."""

import hashlib
import hmac
import json
import os
import threading
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from poll_lab import CountingObserver, ListPublisher, entry, rss

from pipeline.errors import Permanent, Transient
from pipeline.item import Origin
from pipeline.poll.folder import FolderWatch
from pipeline.poll.opml import export_opml, import_opml, to_yaml
from pipeline.poll.push import PushEndpoint
from pipeline.poll.reading import IN_PROCESS_BYTES, DocumentReader, KilledError
from pipeline.poll.reload import SourceList
from pipeline.poll.sources import Source, SourcesError, load_sources, parse_sources
from pipeline.state.sources_sqlite import SqlitePollMemory

REPOSITORY = Path(__file__).parents[2]


def test_the_list_that_ships_is_valid() -> None:
    assert len(load_sources(REPOSITORY / "config" / "feeds.yaml")) > 20


def test_every_mistake_is_named_at_once_with_the_nearest_key() -> None:
    text = """
sources:
  - {id: a, url: "https://a.example/", agancy: X}
  - {id: b, url: "https://b.example/", interval: {mni: 5}}
  - {id: c}
  - {id: d, url: "https://user:hunter2@d.example/"}
  - {id: e, url: "https://e.example/", interval: {min: 100, max: 10}}
  - {id: ok, url: "https://f.example/"}
  - {id: ok, url: "https://g.example/"}
"""
    with pytest.raises(SourcesError) as caught:
        parse_sources(text, "feeds.yaml")
    said = "\n".join(caught.value.mistakes)
    assert len(caught.value.mistakes) == 6
    for words in (
        "'agancy'; did you mean 'agency'?",
        "'min'?",
        "needs url",
        "greater than max",
        "'ok' is used 2 times",
    ):
        assert words in said
    assert "hunter2" not in said


def test_a_changed_list_is_taken_over_and_a_bad_one_refused_whole(tmp_path: Path) -> None:
    path, refused = tmp_path / "feeds.yaml", list[str]()
    path.write_text("sources: []\n")
    changed = SourceList(path, refused.extend)
    assert changed() is None
    path.write_text("sources: [{id: a, url: 'https://a.example/'}, {id: b}]\n")
    assert changed() is None
    assert len(refused) == 1
    path.write_text("sources: [{id: a, url: 'https://a.example/'}]\n")
    assert [s.id for s in changed() or ()] == ["a"]
    changed.ask()
    assert changed() is not None


def folder_watch(folder: Path, publisher: ListPublisher, **more: object) -> FolderWatch:
    """A watch that counts files whole once they are a tenth of a second old."""
    source = Source.model_validate({"id": "drop", "kind": "folder", "folder": folder})
    return FolderWatch(source, publisher, DocumentReader(), settle=0.1, **more)


def drop(folder: Path, name: str, body: bytes) -> None:
    """A file that was written a while ago."""
    (folder / name).write_bytes(body)
    os.utime(folder / name, (time.time() - 60, time.time() - 60))


def test_files_go_to_done_or_to_failed_with_a_reason(tmp_path: Path) -> None:
    publisher = ListPublisher()
    drop(tmp_path, "a.xml", rss(entry(1), entry(2)))
    drop(tmp_path, "b.xml", b"")
    drop(tmp_path, "c.xml.part", rss(entry(3)))
    (tmp_path / "fresh.xml").write_bytes(rss(entry(4)))
    os.utime(tmp_path / "fresh.xml")
    assert folder_watch(tmp_path, publisher).scan() == 2
    assert len(publisher.records) == 2
    assert (tmp_path / "done" / "a.xml").exists()
    assert json.loads((tmp_path / "failed" / "b.xml.reason.json").read_text())["code"] == "empty"
    assert (tmp_path / "c.xml.part").exists()
    assert (tmp_path / "fresh.xml").exists()


def test_a_file_stays_until_the_log_has_it(tmp_path: Path) -> None:
    publisher = ListPublisher(failures=1)
    drop(tmp_path, "a.xml", rss(entry(1)))
    watch = folder_watch(tmp_path, publisher)
    with pytest.raises(Transient):
        watch.scan()
    assert (tmp_path / "a.xml").exists()
    watch.scan()
    assert len(publisher.records) == 1


class Refusing(ListPublisher):
    """A log that takes nothing, ever."""

    def publish(self, topic, records):  # noqa: ARG002  # it takes none of them
        raise Permanent("too_large_for_log", "the record is too large")


def test_a_file_that_the_log_refuses_goes_to_failed(tmp_path: Path) -> None:
    drop(tmp_path, "a.xml", rss(entry(1)))
    assert folder_watch(tmp_path, Refusing()).scan() == 1
    assert json.loads((tmp_path / "failed" / "a.xml.reason.json").read_text())["code"] == "too_large_for_log"


def test_several_watchers_take_each_file_once(tmp_path: Path) -> None:
    publisher = ListPublisher()
    for number in range(50):
        drop(tmp_path, f"{number}.xml", rss(entry(number)))
    watches = [folder_watch(tmp_path, publisher) for _ in range(4)]
    threads = [threading.Thread(target=w.scan) for w in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(publisher.records) == 50
    assert len(list((tmp_path / "done").iterdir())) == 50


def test_what_a_dead_watcher_had_claimed_comes_back(tmp_path: Path) -> None:
    claims = tmp_path / ".claimed" / f"{os.uname().nodename}@999999999@dead"
    claims.mkdir(parents=True)
    drop(claims, "a.xml", rss(entry(1)))
    publisher = ListPublisher()
    assert folder_watch(tmp_path, publisher).scan() == 1
    assert len(publisher.records) == 1


async def push(source: dict[str, object], body: bytes, headers: dict[str, str], publisher: ListPublisher) -> int:
    """Push once; the status."""
    observer = CountingObserver()
    one = Source.model_validate({"id": "partner", "kind": "push"} | source)
    application = web.Application()
    PushEndpoint([one], publisher, DocumentReader(), observer=observer, most_bytes=100_000).attach(application)
    runner = web.AppRunner(application, access_log=None, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/ingest/partner"
        async with aiohttp.ClientSession() as session, session.post(address, data=body, headers=headers) as response:
            return response.status
    finally:
        await runner.cleanup()


async def test_a_push_needs_proof_and_is_acknowledged_after_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_KEY", "s3cret")
    bearer, signed = {"credentials": {"bearer": "PARTNER_KEY"}}, {"credentials": {"hmac": "PARTNER_KEY"}}
    body = rss(entry(1), entry(2))
    publisher = ListPublisher()
    assert await push(bearer, body, {"Authorization": "Bearer wrong"}, publisher) == 401
    assert await push(signed, body, {"X-Signature-256": "sha256=00"}, publisher) == 401
    assert publisher.records == []
    assert await push(bearer, body, {"Authorization": "Bearer s3cret"}, publisher) == 202
    signature = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert await push(signed, body, {"X-Signature-256": f"sha256={signature}"}, publisher) == 202
    assert len(publisher.records) == 4
    proof = {"Authorization": "Bearer s3cret"}
    assert await push(bearer, b"x" * 200_000, proof, publisher) == 413
    assert await push(bearer, b"  ", proof, publisher) == 422
    assert await push(bearer, body, proof, ListPublisher(failures=1)) == 503


def test_opml_comes_in_and_goes_out_again() -> None:
    body = (
        b'<opml version="2.0"><head/><body><outline text="Ports"><outline text="Oststrand Wire" '
        b'xmlUrl="https://o.example/feed"/><outline text="Oststrand Wire" xmlUrl="https://o.example/2"/></outline></body></opml>'
    )
    entries = import_opml(body)
    assert [e["id"] for e in entries] == ["oststrand-wire", "oststrand-wire-2"]
    sources = parse_sources(to_yaml(entries), "import")
    assert sources[0].tags == ("ports",)
    assert [e["url"] for e in import_opml(export_opml(sources))] == ["https://o.example/feed", "https://o.example/2"]


def test_a_large_document_is_read_by_a_child_that_can_be_replaced() -> None:
    reader = DocumentReader()
    body = rss(*(entry(n, body="The quay is long. " * 20) for n in range(60)))
    assert len(body) > IN_PROCESS_BYTES
    try:
        origin = Origin(source="o")
        assert len(reader.read(body, origin).items) == 60
        assert reader._child is not None
        reader._child.kill()
        reader._child.wait()
        assert len(reader.read(body, origin).items) == 60
    finally:
        reader.close()


def test_a_child_that_takes_too_long_is_killed_and_replaced() -> None:
    body = rss(*(entry(n, body="The quay is long. " * 20) for n in range(60)))
    reader = DocumentReader(seconds=0.001, seconds_per_mb=0)
    with pytest.raises(KilledError):
        reader.read(body, Origin(source="o"))
    assert reader._child is None


def test_leases_are_shared_fenced_and_taken_over(tmp_path: Path) -> None:
    one, two = SqlitePollMemory(tmp_path / "poll.db"), SqlitePollMemory(tmp_path / "poll.db")
    names = [f"s{n}" for n in range(10)]
    first = one.share("one", names, 30, now=1000)
    assert len(first) == 10
    assert two.share("two", names, 30, now=1001) == {}
    kept = one.share("one", names, 30, now=1002)
    taken = two.share("two", names, 30, now=1003)
    assert (len(kept), len(taken)) == (5, 5)
    assert not kept.keys() & taken.keys()
    name = next(iter(taken))
    assert one.save([(name, first[name], b"zombie", (), 1)], 1003) == {name}
    assert two.save([(name, taken[name], b"mine", [(b"id", b"hash")], 1)], 1003) == frozenset()
    assert one.cursors(names) == {name: b"mine"}
    assert one.seen(name, [b"id", b"other"]) == {b"id": b"hash"}
    assert len(two.share("two", names, 30, now=1040)) == 10
    one.close()
    two.close()
