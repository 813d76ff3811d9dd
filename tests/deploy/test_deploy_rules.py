"""The alerts: each fires in its scenario and none in a quiet hour; by promtool, and by a real Prometheus."""

import json
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline import topics
from pipeline.app import App
from pipeline.observe.poll import PollMetrics
from pipeline.observe.release import ReleaseWatcher
from pipeline.observe.server import Server
from pipeline.observe.stage import WorkMetrics
from pipeline.settings import Settings
from pipeline.supervise import Supervisor

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules" / "newswire.yaml"
GROUPS = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def promtool(*arguments):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


@needs_promtool
def test_the_rules_are_rules():
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("scenario", [0, 1])
def test_alerts_fire_when_they_should_and_never_in_a_quiet_hour(scenario, tmp_path):
    given = yaml.safe_load(Path(__file__).with_name("rules_test.yaml").read_text(encoding="utf-8"))
    given["rule_files"] = [str(RULES)]
    test = given["tests"][scenario]
    quiet = test["alert_rule_test"] == ["ALL_QUIET"]
    if quiet:
        test["alert_rule_test"] = [
            {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []}
            for name in ALERTS
            for minute in (5, 20, 40, 60)
        ]
        given["tests"] = [test]
        (tmp_path / "test.yaml").write_text(yaml.safe_dump(given))
        done = promtool("test", "rules", str(tmp_path / "test.yaml"))
        assert done.returncode == 0, done.stdout + done.stderr
        return
    # Told not to expect an alert, promtool says that it came: so each must fail here, one after the other.
    silent = []
    for name in ALERTS:
        test["alert_rule_test"] = [{"eval_time": "57m", "alertname": name, "exp_alerts": []}]
        (tmp_path / "test.yaml").write_text(yaml.safe_dump({**given, "tests": [test]}))
        done = promtool("test", "rules", str(tmp_path / "test.yaml"))
        told = done.stdout + done.stderr
        # It must fail for this reason and no other.
        if done.returncode == 0 or f"alertname: {name}" not in told or "got:" not in told:
            silent.append(name)
    assert silent == []


def test_every_alert_says_what_to_do_and_has_a_page():
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        page = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
        assert page.startswith(f"# {name}\n")
        assert "## Do this" in page
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}
    assert pages == set(ALERTS)


def test_rules_speak_of_metrics_that_exist():
    registry = CollectorRegistry()
    WorkMetrics(registry)
    ReleaseWatcher(registry)
    PollMetrics(registry)
    known = {"up", "process_resident_memory_bytes", "process_start_time_seconds"}
    for metric in registry.collect():
        known |= {metric.name, f"{metric.name}_total", f"{metric.name}_bucket", f"{metric.name}_count"}
    recorded = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}
    for group in GROUPS:
        for rule in group["rules"]:
            named = set(re.findall(r"\b(?:newswire|process)[a-z0-9_:]+\b", re.sub(r'"[^"]*"', "", rule["expr"])))
            assert named <= known | recorded, rule


def shortened(text):
    """The rules with seconds for minutes, so that a test need not wait for a quarter of an hour."""
    text = re.sub(r"\[\d+[mh]\]", "[8s]", text)
    return re.sub(r"for: \d+[ms]", "for: 1s", text)


@pytest.mark.timeout(150)
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is not installed")
def test_a_real_prometheus_sees_a_real_pipeline_break_and_mend(tmp_path):
    settings = Settings.model_validate(
        {
            "bus": {"kind": "sqlite", "path": tmp_path / "log.db"},
            "state": {"path": tmp_path / "state"},
            "topics": {"partitions": 1},
            "poll": {"sources": tmp_path / "none.yaml"},
            "sinks": {"search": {"kind": "sqlite", "path": tmp_path / "stories.db"}},
            "instance": "test",
        }
    )
    app = App(settings)
    app.provision()
    supervisor = Supervisor(app.services(["normalise", "release", "sink"]))
    server = Server(app.registry, supervisor.health)
    server.start()
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    (tmp_path / "rules.yaml").write_text(shortened(RULES.read_text(encoding="utf-8")))
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(tmp_path / "rules.yaml")],
        "scrape_configs": [{"job_name": "newswire", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    with (tmp_path / "output").open("wb") as output:
        command = [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        ]
        prometheus = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=output, stderr=output
        )
    base = f"http://127.0.0.1:{port}/api/v1"
    try:
        until(lambda: value(base, "sum(up)") == 1, 30)
        until(lambda: firing(base) == set(), 30)
        publisher = app.bus.publisher()
        publisher.publish(topics.RAW, [(b"k", b"no item", ())])
        until(lambda: (value(base, "sum(newswire_dead_letters_total)") or 0) >= 1, 30)
        for _ in range(40):
            publisher.publish(topics.RAW, [(b"k", b"no item", ())])
            time.sleep(0.05)
        until(lambda: "NewswireDeadLetters" in firing(base), 30)
        until(lambda: "NewswireDeadLetters" not in firing(base), 40)
        publisher.close()
        board = json.loads((ROOT / "deploy/grafana/dashboards/overview.json").read_text(encoding="utf-8"))
        queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
        empty = [
            query for query in queries if not ask(base, "query?" + urllib.parse.urlencode({"query": query}))["result"]
        ]
        # No source is polled here, and nothing was killed, embargoed or discarded: these have nothing to show.
        assert all(re.search("feed|kill|embargo|discarded", query) for query in empty), empty
        assert len(empty) <= 5
        server.stop()
        until(lambda: "NewswireDown" in firing(base), 30)
    finally:
        prometheus.terminate()
        prometheus.wait(20)
        supervisor.stop()
        thread.join(30)
        app.close()


def free_port():
    import socket  # noqa: PLC0415  # only here

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(base, path):
    with urllib.request.urlopen(f"{base}/{path}", timeout=5) as response:  # noqa: S310  # loopback
        return json.load(response)["data"]


def value(base, query):
    found = ask(base, "query?" + urllib.parse.urlencode({"query": query}))["result"]
    return float(found[0]["value"][1]) if found else None


def firing(base):
    return {alert["labels"]["alertname"] for alert in ask(base, "alerts")["alerts"] if alert["state"] == "firing"}


def until(condition, patience):
    deadline = time.monotonic() + patience
    while True:
        try:
            if condition():
                return
        except OSError:
            pass  # not up yet
        assert time.monotonic() < deadline
        time.sleep(0.3)
