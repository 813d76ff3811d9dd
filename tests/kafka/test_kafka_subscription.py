"""What the contract of the bus can't reach: the watchdog, and a broker that goes away and comes back."""

import threading
import time

import pytest

from pipeline.bus.kafka import KafkaBus
from pipeline.bus.kafka_watchdog import Watchdog
from pipeline.bus.log import TopicSpec
from pipeline.errors import Fatal, Transient

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
        with pytest.raises((Transient, Fatal)):  # noqa: PT012, SIM117  # raised on leaving the transaction
            with member.transaction() as transaction:
                transaction.send(name, b"k", b"late", ())
                assert stuck.wait(10)
    finally:
        member.close()


# The client leaves the sockets of connections that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(240)
def test_one_broker_of_three_may_die_without_a_loss(kafka_cluster):
    bus = KafkaBus(kafka_cluster.servers, transaction_timeout_ms=10_000, session_timeout_ms=6_000)
    source, target = f"in-{time.time_ns()}", f"out-{time.time_ns()}"
    bus.apply([TopicSpec(source, 3, 3), TopicSpec(target, 3, 3)])
    publisher = bus.publisher()
    publisher.publish(source, [(b"%d" % (n % 20), b"%d" % n, ()) for n in range(3_000)])
    publisher.close()
    member = bus.subscribe("group", [source], member="one", max_records=100)
    done, aborted, deadline = 0, 0, time.monotonic() + 150
    try:
        while done < 3_000:
            assert time.monotonic() < deadline, f"{done} of 3000 after 150 s"
            if 1_000 <= done < 1_100:
                kafka_cluster.kill(0)
            try:
                batch = member.poll(1.0)
                if batch:
                    with member.transaction() as transaction:
                        for record in batch:
                            transaction.send(target, record.key, record.value, ())
                    done += len(batch)
            except Transient:
                aborted += 1
                time.sleep(0.2)
    finally:
        member.close()
        kafka_cluster.start(0)
        kafka_cluster.wait(3)
    values = [int(record.value) for record in bus.reader().read(target)]
    print(f"\none of three brokers killed: {len(values)} found, {aborted} attempts repeated")
    assert sorted(values) == list(range(3_000))
