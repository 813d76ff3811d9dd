"""A consumer in a process of its own, for tests that kill, stop or starve it. Not a test itself.

sqlite_member.py copy LOG GROUP MEMBER SOURCE TARGET    copies until killed
sqlite_member.py hold LOG GROUP MEMBER SOURCE TARGET    takes one batch, says `polled`, commits it after a line of input
sqlite_member.py fill LOG TOPIC LIMIT                   publishes until files may grow no more, then goes on
"""

import random
import resource
import sys
import time

from pipeline.bus.sqlite import SqliteBus
from pipeline.errors import Fatal, Transient

SESSION_TIMEOUT = 1.5


def copy(log: str, group: str, member: str, source: str, target: str) -> None:
    subscription = SqliteBus(log, session_timeout=SESSION_TIMEOUT).subscribe(
        group, [source], member=member, max_records=40
    )
    while True:
        batch = subscription.poll(0.2)
        if not batch:
            continue
        with subscription.transaction() as transaction:
            for record in batch:
                transaction.send(target, record.key, record.value, ())
            time.sleep(random.uniform(0, 0.03))


def hold(log: str, group: str, member: str, source: str, target: str) -> None:
    subscription = SqliteBus(log, session_timeout=SESSION_TIMEOUT).subscribe(group, [source], member=member)
    while not (batch := subscription.poll(1.0)):
        pass
    try:
        with subscription.transaction() as transaction:
            for record in batch:
                transaction.send(target, record.key, record.value, ())
            print("polled", flush=True)
            sys.stdin.readline()
        print("committed", flush=True)
    except (Transient, Fatal) as error:
        print(type(error).__name__, flush=True)


def fill(log: str, topic: str, limit: str) -> None:
    bus = SqliteBus(log)
    publisher = bus.publisher()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), hard))
    number = 0
    refused = 0
    while number < 200:
        try:
            publisher.publish(topic, [(b"k", b"%d:" % number + bytes(50_000), ())])
        except Transient as error:
            print(error, flush=True)
            refused += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        else:
            number += 1
    print("refused", refused, flush=True)
    bus.close()


if __name__ == "__main__":
    {"copy": copy, "hold": hold, "fill": fill}[sys.argv[1]](*sys.argv[2:])
