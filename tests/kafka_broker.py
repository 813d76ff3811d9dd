"""Real Apache Kafka brokers for tests: started on loopback, ended by pid."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

BROKER = Path(__file__).parents[1] / "deploy/kafka/broker"
JARS = BROKER.parent / "target/lib"
START_SECONDS = 60


def missing() -> str | None:
    """Why no broker can be started here, or None."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed; the tests on Apache Kafka need Java 17 and Maven"
    if not any(JARS.glob("kafka_*.jar")):
        return "the broker's jars are not there; run `make kafka-jars`"
    return None


def unavailable() -> str | None:
    """Why tests on Kafka can't run, or None; an existing cluster needs no tools."""
    return None if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") else missing()


def require_kafka() -> None:
    """Skip where there can be no broker; fail where there must be one."""
    reason = unavailable()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must test on real Kafka: {reason}")
    pytest.skip(reason)


def free_port() -> int:
    """A port of loopback that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    # The client leaks the sockets of a bootstrap that failed, so it is asked only once somebody listens.
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Cluster:
    """One or several brokers with storage of their own in one folder."""

    def __init__(self, folder: Path, size: int = 1) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(size)]
        self._controllers = [free_port() for _ in range(size)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def servers(self) -> str:
        """The bootstrap string."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def __enter__(self) -> Self:
        for node in range(len(self.ports)):
            self.start(node)
        self.wait(len(self.ports))
        return self

    def __exit__(self, *_exception: object) -> None:
        for node in list(self._processes):
            self.kill(node, signal.SIGKILL)

    def start(self, node: int) -> None:
        """Start one broker, on the storage it had before."""
        data = self._folder / f"broker-{node}"
        data.mkdir(parents=True, exist_ok=True)
        voters = ",".join(f"{n + 1}@127.0.0.1:{port}" for n, port in enumerate(self._controllers))
        command = [
            str(BROKER),
            *("--port", str(self.ports[node])),
            *("--data", str(data)),
            *("--node", str(node + 1)),
            *("--controller-port", str(self._controllers[node])),
            *("--voters", voters),
        ]
        with (data / "output.log").open("ab") as output:
            self._processes[node] = subprocess.Popen(command, stdout=output, stderr=output)

    def kill(self, node: int, how: signal.Signals = signal.SIGTERM) -> None:
        """End one broker."""
        process = self._processes.pop(node)
        os.kill(process.pid, how)
        process.wait(30)

    def wait(self, brokers: int) -> None:
        """Until so many brokers are known to each other."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for node, process in self._processes.items():
                if process.poll() is not None:
                    output = self._folder / f"broker-{node}" / "output.log"
                    raise RuntimeError(f"the broker ended:\n{output.read_text()[-2000:]}")
            if not all(map(_listens, self.ports)):
                time.sleep(0.2)
                continue
            try:
                admin = KafkaAdminClient(bootstrap_servers=self.servers.split(","), bootstrap_timeout_ms=2_000)
            except (KafkaError, OSError):
                time.sleep(0.2)
                continue
            try:
                if len(admin.describe_cluster()["brokers"]) >= brokers:
                    return
            except KafkaError:
                pass
            finally:
                admin.close()
            time.sleep(0.2)
        raise RuntimeError(f"no broker answered within {START_SECONDS} s")
