"""The HTTP side and the logs of a process."""

import io
import json
import logging
import socket
import urllib.error
import urllib.request

import pytest
import structlog
from prometheus_client import CollectorRegistry, Counter

from pipeline import __version__
from pipeline.errors import Fatal
from pipeline.observe import log
from pipeline.observe.server import Health, Server


@pytest.fixture
def served():
    states = [Health(name="one", ready=True, age=0.0)]
    registry = CollectorRegistry()
    Counter("newswire_things_total", "Things.", registry=registry).inc(3)
    server = Server(registry, lambda: states, stalled_after=5)
    server.start()
    yield server, states
    server.stop()


def get(server, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_healthy(served):
    server, _ = served
    assert get(server, "/live")[0] == 200
    assert get(server, "/ready")[0] == 200
    assert json.loads(get(server, "/version")[1])["version"] == __version__
    assert "newswire_things_total 3.0" in get(server, "/metrics")[1]


def test_a_stalled_loop_is_not_live_and_is_named(served):
    server, states = served
    states.append(Health(name="two", ready=True, age=6.0))
    status, body = get(server, "/live")
    assert status == 503
    assert json.loads(body)["stalled"] == {"two": 6.0}
    assert get(server, "/ready")[0] == 200


def test_no_assignment_is_live_but_not_ready(served):
    server, states = served
    states[0] = Health(name="one", ready=False, age=0.0)
    assert get(server, "/live")[0] == 200
    assert get(server, "/ready")[0] == 503


def test_a_taken_port_is_told_plainly():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Fatal, match=f"can't listen on 127.0.0.1:{port}"):
            Server(CollectorRegistry(), list, port=port).start()


@pytest.fixture
def logged():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    log.configure("info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


def test_logs_are_one_json_object_a_line_and_hide_secrets(logged):
    log.logger("x").info("hello", uri="urn:a", sasl_password="hunter2", api_token="t")
    log.logger("x").debug("not shown")
    logging.getLogger("kafka.conn").warning("from a library\nin two lines")
    first, second = logged()
    assert first["event"] == "hello"
    assert first["uri"] == "urn:a"
    assert first["sasl_password"] == first["api_token"] == "***"
    assert second["event"] == "from a library\nin two lines"
    assert second["level"] == "warning"
