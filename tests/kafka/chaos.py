"""The harness of the fault runs on Kafka: load, kill at random moments, and count what came out."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, TopicPartition

from pipeline.bus.kafka import KafkaBus
from pipeline.bus.log import TopicSpec
from pipeline.errors import Transient

SCRIPT = Path(__file__).with_name("chaos_worker.py")
KEYS = 200
PADDING = b"x" * 2_000


class Count(msgspec.Struct):
    """What a reader found; all but `found` should be 0."""

    found: int
    lost: int
    duplicated: int
    out_of_order: int

    @property
    def clean(self) -> bool:
        return self.lost == self.duplicated == self.out_of_order == 0


class Member:
    """One worker process, and whether it has a batch in hand."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.lines: list[str] = []
        self._batch = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())
            if self.lines[-1] == "batch":
                self._batch.set()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process has exited by itself."""
        return self._process.poll() is not None

    def wait_for_batch(self, seconds: float = 30) -> bool:
        """Until it has taken a batch since the last call, or it has none to take."""
        came = self._batch.wait(seconds)
        self._batch.clear()
        return came

    def kill(self) -> None:
        self._process.kill()
        self.finish()

    def finish(self, seconds: float = 30) -> int:
        code = self._process.wait(seconds)
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code


class Run:
    """One fault run with topics and a group of its own."""

    def __init__(self, servers: str, name: str, partitions: int = 4, replication: int = 1) -> None:
        self.servers = servers
        self.bus = KafkaBus(servers, client_id="chaos")
        stamp = f"{name}-{time.time_ns()}"
        self.source, self.target, self.group = f"{stamp}-in", f"{stamp}-out", f"{stamp}-group"
        self.bus.apply([TopicSpec(t, partitions, replication) for t in (self.source, self.target)])
        self.sent = 0

    def load(self, count: int) -> None:
        publisher = self.bus.publisher()
        sequence: Counter[int] = Counter()
        for start in range(0, count, 1_000):
            records = []
            for number in range(start, min(start + 1_000, count)):
                key = number % KEYS
                records.append((b"story-%d" % key, b"%d " % sequence[key] + PADDING, ()))
                sequence[key] += 1
            publisher.publish(self.source, records)
        publisher.close()
        self.sent = count

    def member(self, name: str = "one", pause: float = 0.0, fault: str = "none") -> Member:
        return Member(self.servers, self.group, self.source, self.target, name, str(pause), fault)

    def kill_repeatedly(self, kills: int, *, pause: float, fault: str = "none", seed: int = 1) -> int:
        """SIGKILL a member at random moments of its work; how often it had a batch in hand."""
        chance = random.Random(seed)
        busy = 0
        for _ in range(kills):
            member = self.member(pause=pause, fault=fault)
            try:
                busy += member.wait_for_batch()
                time.sleep(chance.uniform(0.0, 0.8))
            finally:
                member.kill()
        return busy

    def drain(self, fault: str = "none", patience: float = 15) -> None:
        """Let a member take what is left, until nothing is, or nothing moves any more."""
        member = self.member(fault=fault)
        moved, before = time.monotonic(), -1
        try:
            while (left := self.left()) > 0 and time.monotonic() - moved < patience:
                if left != before:
                    moved, before = time.monotonic(), left
                time.sleep(0.3)
        finally:
            member.kill()

    def supervise(self, member: Member, seconds: float) -> int:
        """Start the member anew whenever it ends, until nothing is left; how often that was."""
        restarts, deadline = 0, time.monotonic() + seconds
        try:
            while not self._nothing_left():
                assert time.monotonic() < deadline, "the rest was never taken"
                if member.ended:
                    member.finish()
                    member = self.member()
                    restarts += 1
                time.sleep(0.5)
        finally:
            member.kill()
        return restarts

    def _nothing_left(self) -> bool:
        try:
            return self.left() == 0
        except Transient:
            # A broker that is away can't be asked.
            return False

    def left(self) -> int:
        """Stories not yet taken."""
        return sum(self.bus.group_lag(self.group, [self.source]).values())

    def count(self, isolation: str = "read_committed") -> Count:
        """Read the target from its beginning to its end."""
        seen: Counter[tuple[bytes, int]] = Counter()
        newest: dict[bytes, int] = {}
        disorder = 0
        for key, number in self._read(isolation):
            seen[key, number] += 1
            if seen[key, number] == 1:
                disorder += number < newest.get(key, -1)
                newest[key] = number
        return Count(
            found=len(seen),
            lost=self.sent - len(seen),
            duplicated=sum(n - 1 for n in seen.values()),
            out_of_order=disorder,
        )

    def _read(self, isolation: str) -> list[tuple[bytes, int]]:
        # The bare client, so that the harness does not trust the reader it helps to prove.
        consumer = KafkaConsumer(bootstrap_servers=self.servers, isolation_level=isolation, enable_auto_commit=False)
        partitions = [TopicPartition(self.target, p) for p in consumer.partitions_for_topic(self.target)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found = []
        deadline = time.monotonic() + 60
        while any(consumer.position(p) < ends[p] for p in partitions):
            assert time.monotonic() < deadline, "the end of the topic was not reached"
            for records in consumer.poll(timeout_ms=300).values():
                found += [(r.key, int(r.value.split(b" ", 1)[0])) for r in records]
        consumer.close()
        return found
