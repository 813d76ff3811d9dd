"""A real Valkey or Redis server on loopback, for the tests that need one."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import redis


def program() -> str | None:
    """The server's program, where one is installed."""
    return shutil.which("valkey-server") or shutil.which("redis-server")


def require_redis() -> str:
    """The server's program, or a visible skip."""
    found = program()
    if found is None:
        pytest.skip("neither Valkey nor Redis is installed")
    return found


class Server:
    """One server with a data folder of its own; it may be killed and started again."""

    def __init__(self, *options: str) -> None:
        self._program = require_redis()
        self._home = tempfile.mkdtemp(prefix="state-", dir="/tmp")
        self._options = options or ("--appendonly", "yes", "--appendfsync", "always")
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._home, "--save", ""]
        self._process = subprocess.Popen(
            [*command, *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._home
        )
        deadline = time.monotonic() + 20
        with redis.Redis(port=self.port, socket_timeout=1) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert time.monotonic() < deadline, "the state server did not start"
                    time.sleep(0.02)

    def send(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server, by default without a chance to save anything."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def empty(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
