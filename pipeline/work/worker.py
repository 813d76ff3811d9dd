"""The worker: polls a batch, lets a stage decide on it, and commits outputs and offsets as one transaction.

It knows nothing of stories. What a stage returns or raises decides the fate of each record::

    Emit       sent on                      counted as sent
    Written    durable at a destination     counted as sent (sinks)
    Drop       not passed on, by design     counted as discarded, with its reason
    Reject     at fault                     sent to <topic>.dlq in the same transaction
    Transient  the batch is tried again, then given back to the log, which delivers it again
    Fatal      ends the process
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Protocol, TypeAlias, cast

import msgspec

from pipeline import __version__
from pipeline.bus.log import Subscription, Transaction
from pipeline.errors import Fatal, Permanent, Transient
from pipeline.observe.stage import StageObserver
from pipeline.record import BatchStage, Drop, Emit, KeepingStage, Outcome, Record, Reject, Stage
from pipeline.work.deadletter import dead_letter_headers, dead_letter_topic
from pipeline.work.events import event_headers
from pipeline.work.retry import DEFAULT_RETRY, RetryPolicy, backoff, retrying


class Written(msgspec.Struct, frozen=True):
    """The record is durable at a destination outside the log."""

    destination: str


Result: TypeAlias = Outcome | Written
Decide: TypeAlias = Callable[[Sequence[Record]], Sequence[Sequence[Result]]]


class SinkingStage(Protocol):
    """A `BatchStage` that writes to a destination of its own, so that `Written` is an outcome too."""

    name: str

    def process_batch(self, records: Sequence[Record]) -> Sequence[Sequence[Result]]: ...


class Worker:
    """Runs one stage on one subscription. `run` belongs to one thread; `ready` may be read from any."""

    def __init__(
        self,
        stage: Stage | BatchStage | KeepingStage | SinkingStage,
        subscription: Subscription,
        observer: StageObserver,
        *,
        retry: RetryPolicy = DEFAULT_RETRY,
        poll_timeout: float = 0.5,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = stage.name
        self._decide = _batched(stage)
        self._keeping = cast("KeepingStage", stage) if hasattr(stage, "restore") else None
        self._subscription = subscription
        self._observer = observer
        self._retry = retry
        self._poll_timeout = poll_timeout
        self._now = now
        self._source = f"urn:newswire:stage:{stage.name}".encode()
        self._failures = 0
        self._draining = False

    @property
    def ready(self) -> bool:
        """Whether this member owns partitions and is not draining."""
        return not self._draining and bool(self._subscription.assignment)

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; the batch in hand is finished or given back, then the group is left.

        Raises:
            Fatal: this process must not go on.
        """
        try:
            while not stop.is_set():
                self.step(stop)
        finally:
            self._draining = True
            self._subscription.close()

    def step(self, stop: Event) -> int:
        """Take one batch through; the number of records committed."""
        try:
            records = self._subscription.poll(self._poll_timeout)
            self._observer.progressed(self._subscription.lag())
            if self._keeping is not None:
                self._keeping.restore(self._subscription.generation, self._subscription.assignment)
            elif not records:
                return 0
            self._handle(records, stop)
        except Transient as error:
            if self._keeping is not None:
                self._keeping.forget()
            # Nothing was committed, so the log delivers the same batch again.
            self._failures += 1
            self._observer.batch_failed(error, self._failures)
            stop.wait(backoff(self._retry, self._failures))
            return 0
        self._failures = 0
        return len(records)

    def _handle(self, records: list[Record], stop: Event) -> None:
        began = time.perf_counter()
        pairs: list[tuple[Record, Sequence[Result]]] = []
        if records:
            decide = retrying(self._retry, stop, self._observer.retried)
            results = decide(self._decide, records)
            if len(results) != len(records):
                raise Fatal(f"stage {self.name} gave {len(results)} results for {len(records)} records")
            pairs += zip(records, results, strict=True)
        if self._keeping is not None:
            pairs += self._keeping.owed()
        if not pairs:
            return
        decided = time.perf_counter()
        with self._subscription.transaction() as transaction:
            tally = self._send(transaction, pairs)
        self._observer.committed(records, tally, decided - began, time.perf_counter() - decided)

    def _send(
        self, transaction: Transaction, pairs: Sequence[tuple[Record, Sequence[Result]]]
    ) -> Counter[tuple[str, str]]:
        tally: Counter[tuple[str, str]] = Counter()
        for record, outcomes in pairs:
            if not outcomes:
                raise Fatal(f"stage {self.name} lost {record.coordinates}: it gave no outcome")
            for ordinal, outcome in enumerate(outcomes):
                match outcome:
                    case Emit():
                        headers = event_headers(record, outcome, self._source, ordinal)
                        transaction.send(outcome.topic, outcome.key.encode(), outcome.value, headers)
                        tally["sent", outcome.topic] += 1
                    case Written():
                        tally["sent", outcome.destination] += 1
                    case Drop():
                        tally["discarded", outcome.reason] += 1
                    case Reject():
                        self._bury(transaction, record, outcome)
                        tally["dead_lettered", outcome.code] += 1
        return tally

    def _bury(self, transaction: Transaction, record: Record, reject: Reject) -> None:
        headers = dead_letter_headers(record, self.name, reject, self._now(), __version__)
        transaction.send(dead_letter_topic(record.topic), record.key, record.value, headers)
        self._observer.dead_lettered(record, reject)


def _batched(stage: Stage | BatchStage | KeepingStage | SinkingStage) -> Decide:
    process_batch = getattr(stage, "process_batch", None)
    if process_batch is not None:
        return process_batch  # type: ignore[no-any-return]  # told apart by its one method
    process = stage.process  # type: ignore[union-attr]  # the other of the two protocols

    def one_by_one(records: Sequence[Record]) -> Sequence[Sequence[Result]]:
        return [_judge(process, record) for record in records]

    return one_by_one


def _judge(process: Callable[[Record], Sequence[Outcome]], record: Record) -> Sequence[Outcome]:
    try:
        return process(record)
    except Permanent as error:
        return (Reject(error.code, error.why),)
    except (Transient, Fatal, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # a fault of ours on one input must not stop the wire for all others
        return (Reject("unexpected", f"{type(error).__name__}: {error}"),)
