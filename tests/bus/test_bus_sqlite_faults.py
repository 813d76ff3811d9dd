"""The embedded log under faults: processes killed and stopped, a disk that is full, a file that is held or foreign."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bus_lab import in_order_per_key, numbered, values

from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.bus.sqlite_file import LogFile
from pipeline.errors import Fatal, Fenced, Transient

MEMBER = Path(__file__).with_name("sqlite_member.py")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[SqliteBus]:
    bus = SqliteBus(tmp_path / "log.db", session_timeout=1.5)
    bus.apply([TopicSpec("source", partitions=4), TopicSpec("target", partitions=2)])
    yield bus
    bus.close()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts members in processes of their own."""
    started: list[subprocess.Popen[str]] = []

    def go(*arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, str(MEMBER), *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield go
    for process in started:
        process.kill()
        process.communicate()


def test_killed_members_lose_and_double_nothing(bus: SqliteBus, start: Start) -> None:
    publisher = bus.publisher()
    for begin in range(0, 20_000, 2_000):
        publisher.publish("source", numbered(2_000, keys=300, start=begin))
    chance = random.Random(20)
    members = {name: start("copy", bus.path, "group", name, "source", "target") for name in ("one", "two")}
    kills_in_work = 0
    for _ in range(20):
        name = chance.choice(["one", "two"])
        before = _lag(bus)
        _until(lambda: _lag(bus) < before)  # noqa: B023  # called at once
        time.sleep(chance.uniform(0, 0.2))
        members[name].kill()
        members[name].wait()
        kills_in_work += _lag(bus) > 0
        members[name] = start("copy", bus.path, "group", name, "source", "target")
    assert kills_in_work == 20
    _until(lambda: _lag(bus) == 0)
    copied = list(bus.reader().read("target"))
    assert sorted(int(r.value or b"") for r in copied) == list(range(20_000))
    assert in_order_per_key(copied)


@pytest.mark.parametrize("taken_over", [True, False])
def test_a_member_stopped_for_too_long_commits_nothing(bus: SqliteBus, start: Start, *, taken_over: bool) -> None:
    bus.publisher().publish("source", numbered(100))
    zombie = start("hold", bus.path, "group", "zombie", "source", "target")
    assert zombie.stdout is not None
    assert zombie.stdout.readline() == "polled\n"
    zombie.send_signal(signal.SIGSTOP)
    time.sleep(1.6)
    done: list[bytes | None] = []
    if taken_over:
        heir = bus.subscribe("group", ["source"], member="heir")
        while len(done) < 100:
            batch = heir.poll(0.2)
            with heir.transaction() as transaction:
                for record in batch:
                    transaction.send("target", record.key, record.value, ())
            done += values(batch)
    zombie.send_signal(signal.SIGCONT)
    answer, _ = zombie.communicate("go on\n", timeout=20)
    assert answer == "Fenced\n"
    assert sorted(values(bus.reader().read("target"))) == sorted(done)
    assert _lag(bus) == 100 - len(done)


def test_a_member_that_does_not_poll_gives_its_partitions_up(bus: SqliteBus) -> None:
    bus.publisher().publish("source", numbered(100))
    hasty = SqliteBus(bus.path, session_timeout=0.4, max_poll_interval=0.3)
    idle = hasty.subscribe("group", ["source"], member="idle")
    assert idle.poll(5)
    heir = bus.subscribe("group", ["source"], member="heir")
    _until(lambda: heir.poll(0.1) != [] and len(heir.assignment) == 4)
    with pytest.raises(Fenced), idle.transaction() as transaction:
        transaction.send("target", b"k", b"too late", ())
    with pytest.raises(Fenced):
        idle.poll(0.1)
    assert list(bus.reader().read("target")) == []
    hasty.close()


def test_a_full_disk_is_transient_and_loses_nothing(bus: SqliteBus, start: Start) -> None:
    answer, _ = start("fill", bus.path, "source", 3_000_000).communicate(timeout=60)
    *reasons, count = answer.splitlines()
    assert count == "refused 1"
    assert "make room" in reasons[0]
    assert str(bus.path) in reasons[0]
    stored = [int((r.value or b"").split(b":")[0]) for r in bus.reader().read("source")]
    assert stored == list(range(200))


def test_a_batch_that_could_not_commit_comes_again(bus: SqliteBus) -> None:
    bus.publisher().publish("source", numbered(5, keys=1))
    impatient = SqliteBus(bus.path, busy_timeout=0.05)
    member = impatient.subscribe("group", ["source"], member="one")
    batch = member.poll(5)
    other = sqlite3.connect(bus.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Transient, match="locked"), member.transaction() as transaction:
        transaction.send("target", b"k", b"v", ())
    with pytest.raises(Transient, match="locked"):
        impatient.publisher().publish("source", numbered(1))
    other.execute("rollback")
    other.close()
    assert list(bus.reader().read("target")) == []
    assert member.poll(5) == batch
    impatient.close()


def test_a_folder_that_cannot_be_made_is_transient(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Transient, match=r"log\.db"):
        SqliteBus(tmp_path / "file" / "log.db").check()


def test_a_foreign_file_is_fatal_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Fatal, match="not a database"):
        SqliteBus(text).check()
    assert text.read_bytes() == b"this is no database at all" * 100
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("create table theirs (id)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(Fatal, match="some other program"):
        SqliteBus(other).check()
    assert other.read_bytes() == before


def test_a_file_of_a_newer_program_is_fatal(bus: SqliteBus) -> None:
    connection = sqlite3.connect(bus.path)
    connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(Fatal, match="newer"):
        SqliteBus(bus.path).check()


def test_the_file_is_made_as_decided(bus: SqliteBus) -> None:
    connection = LogFile(bus.path, busy_timeout=1).connect()
    settings = [
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_size", "journal_mode", "synchronous")
    ]
    connection.close()
    assert settings == [16_384, "wal", 2]


def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    code = "import sys; from pipeline.bus.sqlite import SqliteBus; print(SqliteBus(sys.argv[1]).check())"
    path = tmp_path / "log.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    assert {process.communicate(timeout=60)[0] for process in processes} == {
        f"embedded log {path}: 0 topics, 0.0 MB of records\n"
    }


def _lag(bus: SqliteBus) -> int:
    return sum(bus.group_lag("group", ["source"]).values())


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.02)
