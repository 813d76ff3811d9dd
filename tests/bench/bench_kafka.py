"""The worker with an identity stage against a bare kafka-python loop, on a real broker.

Both consume, produce and commit offsets in transactions of the same batch size, with the same settings of
the client, 2 KB values and the headers that every record of ours carries. Rounds are interleaved.

    python tests/bench/bench_kafka.py [--no-fail]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

sys.path.insert(0, str(Path(__file__).parents[1]))

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata
from kafka_broker import Cluster, missing
from prometheus_client import CollectorRegistry

from pipeline.bus.kafka import KafkaBus
from pipeline.bus.log import TopicSpec
from pipeline.observe import log
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.record import Emit, Outcome, Record
from pipeline.work.events import event_headers
from pipeline.work.worker import Worker

RECORDS = 15_000
BATCH = 500
ROUNDS = 5
GOAL = 0.85
PARTITIONS = 2


class Identity:
    """Sends on what it gets."""

    name = "identity"

    def __init__(self, target: str) -> None:
        self._target = target

    def process(self, record: Record) -> Sequence[Outcome]:
        return (Emit(self._target, (record.key or b"").decode(), record.value or b"", "newswire.story.unique"),)


def bare(servers: str, source: str, target: str, name: str) -> float:
    consumer = KafkaConsumer(
        bootstrap_servers=servers,
        group_id=name,
        group_instance_id="one",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=BATCH,
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=2 * 1024 * 1024,
        fetch_max_wait_ms=100,
        metrics_enabled=False,
    )
    consumer.subscribe([source])
    producer = KafkaProducer(
        bootstrap_servers=servers,
        transactional_id=name,
        batch_size=1_000_000,
        max_request_size=8_000_000,
        linger_ms=20,
        retry_backoff_ms=10,
        metrics_enabled=False,
    )
    producer.init_transactions()
    done, began = 0, 0.0
    while done < RECORDS:
        polled = consumer.poll(timeout_ms=1_000)
        if not polled:
            continue
        began = began or time.perf_counter()
        producer.begin_transaction()
        futures = []
        for records in polled.values():
            futures += [producer.send(target, r.value, r.key, list(r.headers)) for r in records]
        producer.flush()
        for future in futures:
            if future.exception is not None:
                raise future.exception
        offsets = {
            TopicPartition(p.topic, p.partition): OffsetAndMetadata(records[-1].offset + 1, "", -1)
            for p, records in polled.items()
        }
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        producer.commit_transaction()
        done += len(futures)
    seconds = time.perf_counter() - began
    producer.close()
    consumer.close()
    return done / seconds


def worker(servers: str, source: str, target: str, name: str) -> float:
    subscription = KafkaBus(servers).subscribe(name, [source], member="one", max_records=BATCH)
    stage = Identity(target)
    one = Worker(stage, subscription, StageObserver(WorkMetrics(CollectorRegistry()), stage.name))
    stop = Event()
    done, began = 0, 0.0
    while done < RECORDS:
        before = time.perf_counter()
        taken = one.step(stop)
        if taken and not began:
            began = before
        done += taken
    seconds = time.perf_counter() - began
    subscription.close()
    return done / seconds


def load(bus: KafkaBus, source: str, target: str) -> None:
    publisher = bus.publisher()
    value = b'{"uri":"urn:newswire:bench:1","headlines":[{"value":"' + b"x" * 1_944 + b'"}]}'
    for start in range(0, RECORDS, 1_000):
        records = []
        for number in range(start, start + 1_000):
            record = Record(source, 0, number, None, value)
            headers = event_headers(record, Emit(target, "", b"", "newswire.story.unique"), b"urn:newswire:stage:b", 0)
            records.append((b"urn:newswire:bench:%d" % (number % 500), value, headers))
        publisher.publish(source, records)
    publisher.close()


def main(arguments: Sequence[str]) -> int:
    log.configure("warning")
    reason = missing()
    if reason is not None:
        print(f"bench_kafka: SKIPPED: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="newswire-bench-") as folder, Cluster(Path(folder)) as cluster:
        bus = KafkaBus(cluster.servers)
        bus.apply([TopicSpec("in", PARTITIONS), TopicSpec("out", PARTITIONS)])
        load(bus, "in", "out")
        contenders: dict[str, Callable[[str, str, str, str], float]] = {"bare": bare, "worker": worker}
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(-1, ROUNDS):
            order = list(contenders) if number % 2 else list(reversed(contenders))
            for name in order:
                rate = contenders[name](cluster.servers, "in", "out", f"{name}-{number}")
                if number >= 0:
                    rates[name].append(rate)
                    print(f"round {number} {name:>7}: {rate:8,.0f} records/s", flush=True)
    ratio = statistics.median(rates["worker"]) / statistics.median(rates["bare"])
    for name, values in rates.items():
        print(f"{name:>7}: median {statistics.median(values):8,.0f} records/s")
    print(f"ratio: {ratio:.2f} (goal {GOAL})")
    return 1 if ratio < GOAL and "--no-fail" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
