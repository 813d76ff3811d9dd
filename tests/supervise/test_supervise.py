"""Starting, failing and draining the services of a process."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from pipeline.errors import Fatal, Fenced, Transient
from pipeline.supervise import Supervisor


class Scripted:
    """A service that raises what it is told to, or runs until it is stopped."""

    ready = True
    age = 0.0

    def __init__(self, name="one", error=None):
        self.name = name
        self.error = error
        self.stopped = False

    def run(self, stop):
        if self.error is not None:
            stop.wait(0.2)
            raise self.error
        stop.wait(20)
        self.stopped = stop.is_set()


def test_a_clean_stop_drains_all_and_returns_zero():
    services = [Scripted("a"), Scripted("b")]
    supervisor = Supervisor([lambda s=s: s for s in services])
    threading.Timer(0.2, supervisor.stop).start()
    assert supervisor.run() == 0
    assert all(s.stopped for s in services)


def test_a_fatal_error_stops_the_others_and_returns_one():
    other = Scripted("b")
    supervisor = Supervisor([lambda: Scripted("a", Fatal("no")), lambda: other])
    assert supervisor.run() == 1
    assert other.stopped


def test_fenced_is_fatal_where_a_supervisor_outside_restarts():
    assert Supervisor([lambda: Scripted(error=Fenced("taken over"))]).run() == 1


def test_fenced_joins_again_where_nobody_else_would():
    made = []

    def make():
        made.append(1)
        return Scripted(error=Fenced("taken over") if len(made) == 1 else None)

    supervisor = Supervisor([make], remake_fenced=True)
    threading.Timer(2.0, supervisor.stop).start()
    assert supervisor.run() == 0
    assert len(made) == 2


def test_what_is_not_there_yet_is_waited_for_a_little_and_no_longer():
    tried = []

    def make(fails):
        tried.append(1)
        if len(tried) <= fails:
            raise Transient("not there yet")
        return Scripted(error=Fatal("reached"))

    assert Supervisor([lambda: make(2)]).run() == 1
    assert len(tried) == 3
    tried.clear()
    assert Supervisor([lambda: make(99)]).run() == 1
    assert len(tried) == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_nobody_named_stops_the_process_too():
    assert Supervisor([lambda: Scripted(error=KeyError("bug"))]).run() == 1


def test_draining_is_not_ready():
    supervisor = Supervisor([Scripted])
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    deadline = time.monotonic() + 5
    while not supervisor.health() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [h.ready for h in supervisor.health()] == [True]
    supervisor.stop()
    assert [h.ready for h in supervisor.health()] == [False]
    thread.join(5)


SCRIPT = """
import sys, time
from pipeline.supervise import Supervisor
class Slow:
    name, ready, age = "slow", True, 0.0
    def run(self, stop):
        print("running", flush=True)
        stop.wait()
        time.sleep(float(sys.argv[1]))
supervisor = Supervisor([Slow])
supervisor.install_signals()
sys.exit(supervisor.run())
"""


def test_a_second_signal_exits_at_once():
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "60"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None, "the first signal drains"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 128 + signal.SIGTERM


def test_sigterm_lets_the_work_in_hand_finish():
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "0.5"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
