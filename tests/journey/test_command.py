"""The command as a newcomer and as a supervisor meet it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import orjson
import pytest

SEED = Path(__file__).parents[3] / "shared/seed/efe-xi-putin.txt"
STORY = """Council votes for a second library

Halifax, Mar 4 (EFE).- The council voted on Wednesday for a second library on the eastern shore.

It is to open in two years. EFE

Back to top button
"""


def newswire(*arguments, cwd=None, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        capture_output=True,
        cwd=cwd,
        input=stdin,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def test_process_prints_a_line_per_item_and_says_what_is_a_redelivery(tmp_path):
    (tmp_path / "a.txt").write_text(STORY)
    done = newswire("process", "a.txt", "a.txt", "--received", "2026-03-05T00:00:00Z", cwd=tmp_path)
    first, second = map(orjson.loads, done.stdout.splitlines())
    assert done.returncode == 0
    assert done.stderr == b""
    assert first["headlines"][0]["value"] == "Council votes for a second library"
    assert first["newswire"]["dateline"]["places"] == ["Halifax"]
    assert first["newswire"]["agency"] == "EFE"
    assert first["newswire"]["provenance"]["fetchedAt"] == "2026-03-05T00:00:00Z"
    assert "Back to top" not in first["bodies"][0]["value"]
    assert [d["newswire"]["relation"]["kind"] for d in (first, second)] == ["new", "redelivery"]


def test_process_reads_standard_input(tmp_path):
    done = newswire("process", "-", cwd=tmp_path, stdin=STORY.encode())
    assert orjson.loads(done.stdout)["language"] == "en"


def test_process_refuses_what_it_cannot_read_and_goes_on(tmp_path):
    (tmp_path / "good.txt").write_text(STORY)
    (tmp_path / "bad.json").write_bytes(b'{"uri": ')
    done = newswire("process", "absent.txt", "bad.json", "good.txt", cwd=tmp_path)
    refusals = [orjson.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert [r["file"] for r in refusals] == ["absent.txt", "bad.json"]
    assert refusals[0]["why"] == "No such file or directory"
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(not SEED.exists(), reason="the sample story is not here")
def test_the_sample_story():
    done = newswire("process", str(SEED), "--received", "2026-11-23T00:00:00Z")
    [document] = map(orjson.loads, done.stdout.splitlines())
    body = document["bodies"][0]["value"]
    assert document["headlines"][0]["value"] == SEED.read_text().splitlines()[0]
    assert len(body.split("\n\n")) == 10
    assert body.startswith("Chinese President Xi Jinping")
    assert body.endswith("“internal matters.”")
    for furniture in ("Related Articles", "Back to top button"):
        assert furniture not in body
    dateline = document["newswire"]["dateline"]
    assert dateline["places"] == ["Beijing", "Moscow"]
    assert (dateline["date"], dateline["dateFrom"], dateline["agency"]) == ("2021-06-28", "weekday", "EFE")
    assert document["newswire"]["agency"] == "EFE"
    assert document["language"] == "en"


def test_a_configuration_with_mistakes_is_usage_and_all_are_told(tmp_path):
    (tmp_path / "c.yaml").write_text("bus: {knd: kafka}\nhttp: {port: abc}\n")
    done = newswire("check", "--config", "c.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "newswire: bus.knd: unknown key; did you mean 'kind'?",
        "newswire: http.port: Input should be a valid integer, unable to parse string as an integer (given: 'abc')",
    ]


@pytest.mark.parametrize("arguments", [["run", "--config", "absent.yaml"], ["run", "--nonsense"], ["nonsense"]])
def test_wrong_usage_exits_with_two(tmp_path, arguments):
    done = newswire(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr
    assert b"Traceback" not in done.stderr


def test_an_unreachable_broker_is_one_clear_error(tmp_path):
    (tmp_path / "feeds.yaml").write_text("sources: []\n")
    reach = {
        "NEWSWIRE_BUS__KIND": "kafka",
        "NEWSWIRE_BUS__KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "NEWSWIRE_POLL__SOURCES": "feeds.yaml",
    }
    for command in (["check"], ["run", "normalise"], ["topics", "plan"]):
        done = newswire(*command, cwd=tmp_path, NEWSWIRE_HTTP__PORT="0", **reach)
        assert done.returncode == 1, command
        assert b"127.0.0.1:1" in done.stderr
        assert b"Traceback" not in done.stderr


def test_check_reaches_everything_and_names_what_it_cannot(tmp_path):
    (tmp_path / "drop").mkdir()
    (tmp_path / "feeds.yaml").write_text(
        "sources:\n- {id: good, kind: folder, folder: drop}\n- {id: absent, kind: folder, folder: nowhere}\n"
        "- {id: down, kind: http, url: 'http://127.0.0.1:1/feed', internal: true}\n"
    )
    environment = {"NEWSWIRE_POLL__SOURCES": "feeds.yaml"}
    done = newswire("check", cwd=tmp_path, **environment)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 1
    for good in ("configuration: valid", "sources: ok: 3 in", "source good: ok", "log: ok", "sink files: ok"):
        assert good in out
    assert "source absent: FAILED: nowhere" in err
    assert "source down: FAILED" in err
    assert newswire("check", "--offline", cwd=tmp_path, **environment).returncode == 0


def test_an_unknown_stage_is_told_with_the_known_ones(tmp_path):
    done = newswire("run", "normalize", cwd=tmp_path, NEWSWIRE_HTTP__PORT="0")
    assert done.returncode != 0
    assert b"normalise, deduplicate" in done.stderr


def test_help_and_version_and_completion():
    assert newswire("--version").stdout.startswith(b"newswire ")
    text = newswire("--help").stdout.decode()
    for command in ("run", "process", "check", "topics", "tail", "lag", "demo"):
        assert command in text
    assert newswire("--show-completion", "bash").stdout


def test_run_serves_and_drains_on_sigterm_and_lag_and_tail_see_its_work(tmp_path):
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop/a.txt").write_text(STORY)
    (tmp_path / "feeds.yaml").write_text("sources: [{id: a, kind: folder, folder: drop}]\n")
    environment = {**os.environ, "NEWSWIRE_HTTP__PORT": "0", "NEWSWIRE_POLL__SOURCES": "feeds.yaml"}
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "run"], cwd=tmp_path, env=environment, stderr=log
        ) as process,
    ):
        try:
            out = tmp_path / "data/out/stories-000000.jsonl"
            wait_for(lambda: out.exists() and out.read_bytes().endswith(b"\n"))
            started = next(e for e in events(tmp_path / "log") if e["event"] == "started")
            base = f"http://127.0.0.1:{started['port']}"
            wait_for(lambda: status(f"{base}/ready") == 200)
            assert status(f"{base}/live") == 200
            metrics = fetch(f"{base}/metrics")
            assert 'newswire_records_sent_total{stage="normalise",topic="wire.normalised"} 1.0' in metrics
            tail = newswire("tail", "wire.stories", "--no-follow", cwd=tmp_path, **environment)
            assert tail.stdout == out.read_bytes()
            wait_for(lambda: newswire("search", "second library", cwd=tmp_path, **environment).stdout == tail.stdout)
            assert newswire("search", "absent", cwd=tmp_path, **environment).stdout == b""
            wait_for(lambda: total_lag(newswire("lag", cwd=tmp_path, **environment).stdout) == 0)
            (tmp_path / "feeds.yaml").write_text("sources: [{id: A, kind: folder, folder: drop}]\n")
            wait_for(lambda: len(refusals(tmp_path / "log")) == 1)
            process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(refusals(tmp_path / "log")) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(25) == 0
        finally:
            process.kill()
    assert events(tmp_path / "log")[-1]["event"] == "stopped"


def refusals(log):
    return [event for event in events(log) if "list of sources was refused" in event["event"]]


def total_lag(table):
    rows = [line.split("│") for line in table.decode().splitlines() if line.startswith("│")]
    assert len({row[1].strip() for row in rows}) == 6, "six readers"
    assert len(rows) == 11 * 6, "of six partitions of each of their topics"
    return sum(int(row[4]) for row in rows)


def events(log):
    return [orjson.loads(line) for line in log.read_bytes().splitlines()]


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own process
        return response.read().decode()


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own process
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
