"""A worker process for the fault runs: copies one topic to another; told to misbehave, it does.

python chaos_worker.py SERVERS GROUP SOURCE TARGET MEMBER PAUSE FAULT
"""

import sys
import time
from collections.abc import Sequence
from threading import Event

from kafka import KafkaConsumer, KafkaProducer
from prometheus_client import CollectorRegistry

from pipeline.bus.kafka import KafkaBus
from pipeline.bus.kafka_subscription import KafkaSubscription
from pipeline.errors import Fatal
from pipeline.observe import log
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.record import Emit, Outcome, Record
from pipeline.work.worker import Worker

BATCH = 50


class Copy:
    """Sends on what it gets; `pause` seconds a batch make room for a kill."""

    name = "copy"

    def __init__(self, target: str, pause: float) -> None:
        self._target = target
        self._pause = pause

    def process_batch(self, records: Sequence[Record]) -> list[Sequence[Outcome]]:
        print("batch", flush=True)
        time.sleep(self._pause)
        return [[Emit(self._target, (r.key or b"").decode(), r.value or b"", "copy")] for r in records]


def forget_to_seek_back(_subscription: KafkaSubscription) -> None:
    """The fault: after an abort the position stays where the poll left it."""


def work(servers: str, group: str, source: str, target: str, member: str, pause: float, fault: str) -> None:
    bus = KafkaBus(servers, client_id=member, session_timeout_ms=3_000, transaction_timeout_ms=5_000)
    subscription = bus.subscribe(group, [source], member=member, max_records=BATCH)
    stage = Copy(target, pause)
    worker = Worker(stage, subscription, StageObserver(WorkMetrics(CollectorRegistry()), stage.name))
    if fault in ("abort", "no-seek"):
        if fault == "no-seek":
            KafkaSubscription._go_back = forget_to_seek_back
        abort_now_and_then(subscription)
    worker.run(Event())


def abort_now_and_then(subscription: KafkaSubscription) -> None:
    """Let every fourth commit fail after its records were sent."""
    commit, count = subscription._commit, 0

    def failing(transaction: object) -> None:
        nonlocal count
        count += 1
        if count % 4 == 0:
            subscription._producer.flush()
            raise OSError("a commit that fails on purpose")
        commit(transaction)

    subscription._commit = failing


def commit_before_send(servers: str, group: str, source: str, target: str, pause: float) -> None:
    """The fault: offsets first, outputs after, and no transaction."""
    consumer = KafkaConsumer(
        source,
        bootstrap_servers=servers,
        group_id=group,
        group_instance_id="one",
        session_timeout_ms=3_000,
        heartbeat_interval_ms=700,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=BATCH,
    )
    producer = KafkaProducer(bootstrap_servers=servers)
    while True:
        batch = [record for records in consumer.poll(timeout_ms=200).values() for record in records]
        if batch:
            print("batch", flush=True)
            consumer.commit()
            time.sleep(pause)
            for record in batch:
                producer.send(target, record.value, record.key)
            producer.flush()


if __name__ == "__main__":
    log.configure("warning")
    servers, group, source, target, member, pause, fault = sys.argv[1:]
    try:
        if fault == "commit-first":
            commit_before_send(servers, group, source, target, float(pause))
        else:
            work(servers, group, source, target, member, float(pause), fault)
    except Fatal as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(1)
