"""What the contract of the bus can't reach: the watchdog, and a broker that goes away and comes back."""

import signal
import threading
import time

import pytest
from chaos import Count, Run
from kafka_broker import Cluster, require_kafka

from pipeline.bus.kafka import KafkaBus
from pipeline.bus.kafka_watchdog import Watchdog
from pipeline.bus.log import TopicSpec

pytestmark = pytest.mark.kafka


def test_the_watchdog_ends_what_is_stuck_and_nothing_else():
    stuck = threading.Event()
    dog = Watchdog(0.4, stuck.set)
    dog.arm()
    dog.disarm()
    assert not stuck.wait(1.0)
    dog.arm()
    assert stuck.wait(3.0)
    dog.close()


def test_a_transaction_that_stays_open_is_noticed(kafka_broker):
    stuck = threading.Event()
    bus = KafkaBus(kafka_broker, transaction_timeout_ms=2_000, on_stuck=stuck.set)
    name = f"stuck-{time.time_ns()}"
    bus.apply([TopicSpec(name)])
    publisher = bus.publisher()
    publisher.publish(name, [(b"k", b"v", ())])
    publisher.close()
    member = bus.subscribe(name, [name], member="one")
    try:
        while not member.poll(1.0):
            pass
        # The watchdog ends the process; here that is an exception, since the broker aborts at its own pace.
        with pytest.raises(RuntimeError, match="ended"), member.transaction() as transaction:  # noqa: PT012
            transaction.send(name, b"k", b"late", ())
            assert stuck.wait(10)
            raise RuntimeError("ended")
        reader = bus.reader()
        assert [record.value for record in reader.read(name, settled=True)] == [b"v"]
        reader.close()
    finally:
        member.close()


@pytest.mark.timeout(240)
def test_one_broker_of_three_may_die_without_a_loss(kafka_cluster):
    run = Run(kafka_cluster.servers, "cluster", replication=3)
    run.load(3_000)
    member = run.member(pause=0.1)
    assert member.wait_for_batch()
    time.sleep(1)
    kafka_cluster.kill(0, signal.SIGKILL)
    restarts = run.supervise(member, 150)
    result = run.count()
    kafka_cluster.start(0)
    kafka_cluster.wait(3)
    print(f"\none of three brokers killed, {restarts} restarts of the worker: {result}")
    assert result == Count(found=3_000, lost=0, duplicated=0, out_of_order=0)


@pytest.mark.timeout(240)
def test_a_restart_of_the_only_broker_loses_nothing(tmp_path):
    require_kafka()
    with Cluster(tmp_path) as cluster:
        run = Run(cluster.servers, "restart")
        run.load(2_000)
        member = run.member(pause=0.1)
        assert member.wait_for_batch()
        time.sleep(1)
        cluster.kill(0, signal.SIGKILL)
        time.sleep(2)
        cluster.start(0)
        cluster.wait(1)
        restarts = run.supervise(member, 150)
        result = run.count()
        print(f"\nthe only broker killed and restarted, {restarts} restarts of the worker: {result}")
        assert result == Count(found=2_000, lost=0, duplicated=0, out_of_order=0)


def test_members_that_poll_briefly_settle_all_the_same(kafka_broker):
    bus = KafkaBus(kafka_broker)
    for attempt in range(4):
        name = f"brief-{time.time_ns()}"
        bus.apply([TopicSpec(name, 4)])
        members = [bus.subscribe(name, [name], member=f"m{n}") for n in range(2)]
        try:
            deadline = time.monotonic() + 20
            while not all(len(m.assignment) == 2 for m in members):
                assert time.monotonic() < deadline, f"attempt {attempt}: {[len(m.assignment) for m in members]}"
                for member in members:
                    member.poll(0.05)
        finally:
            for member in members:
                member.close()
