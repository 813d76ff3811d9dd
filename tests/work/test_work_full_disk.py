"""A destination with no room left: nothing is lost, nothing is committed past it, and it ends when room is made."""

import subprocess
import sys

SCRIPT = """
import resource, signal, sys
from pathlib import Path
from threading import Event
from prometheus_client import CollectorRegistry
from pipeline.observe import log
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.sink.jsonl import JsonLinesSink
from pipeline.testing import FakeSubscription, records
from pipeline.work.retry import RetryPolicy
from pipeline.work.sinking import SinkStage
from pipeline.work.worker import Worker

log.configure("error")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
values = [b'{"uri":"urn:%d","version":"1","headlines":[{"value":"%s"}]}' % (n, b"x" * 200) for n in range(300)]
subscription = FakeSubscription(records(*values), max_records=50)
stage = SinkStage(JsonLinesSink("files", Path(sys.argv[1])))
retry = RetryPolicy(attempts=2, first_wait=0.001, longest_wait=0.002)
worker = Worker(stage, subscription, StageObserver(WorkMetrics(CollectorRegistry()), stage.name), retry=retry)
stop = Event()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
for _ in range(12):
    worker.step(stop)
print(subscription.position)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
while worker.step(stop):
    pass
print(subscription.position)
print(Path(sys.argv[1], "stories-000000.jsonl").read_bytes() == b"".join(v + b"\\n" for v in values))
"""


def test_a_full_disk_is_waited_out(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "out")], capture_output=True, text=True, check=True, timeout=60
    )
    during, after, complete = done.stdout.split()
    assert 0 < int(during) < 300, "it wrote until the disk was full, and no further"
    assert int(after) == 300
    assert complete == "True"
    assert "File too large" in done.stderr
    assert "batch given back" in done.stderr
