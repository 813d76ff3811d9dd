"""One member of a consumer group whose outputs and offsets commit together."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import MemberToRemove
from kafka.structs import OffsetAndMetadata

from pipeline.bus.kafka_client import COMMITTED_TIMEOUT_MS, close_quietly, describe, require_topics, translated
from pipeline.bus.kafka_mend import forget_old_offsets, mend
from pipeline.bus.kafka_watchdog import Watchdog
from pipeline.errors import Fatal, Fenced, Transient
from pipeline.record import Headers, Record

_SLICE = 0.1
"""Seconds of one poll of the client, so that `wakeup` is noticed soon."""

_BATCH_BYTES = 1_000_000
"""A larger batch than the client's default makes one request of what is sixty by default."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client ships no types
    """Notes that the group moved. Runs on the client's IO thread, so it only sets a flag."""

    def __init__(self) -> None:
        self.lost = False

    def on_partitions_revoked(self, revoked: Any) -> None:
        """A rebalance begins; a batch in hand may still commit under the old generation."""

    def on_partitions_lost(self, lost: Any) -> None:
        """We were put out of the group: what is in hand belongs to somebody else."""
        if lost:
            self.lost = True

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Positions start at the committed offsets."""


class _KafkaTransaction:
    """Sends of one batch. Futures are kept, since only they tell of a record that was refused."""

    def __init__(self, producer: KafkaProducer, require: Callable[[str], None]) -> None:
        self._send = producer.send
        self._require = require
        self._futures: list[Any] = []

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Buffer one record."""
        self._require(topic)
        try:
            self._futures.append(self._send(topic, value, key, list(headers)))
        except kafka_errors.MessageSizeTooLargeError as error:
            raise Fatal(f"{topic}: {describe(error)}") from error

    def check(self) -> None:
        """Raise the error of the first record that failed."""
        for future in self._futures:
            if not future.is_done:
                raise kafka_errors.KafkaTimeoutError("a record was not acknowledged in time")
            if future.exception is not None:
                raise future.exception


class KafkaSubscription:
    """See `Subscription`. One transaction per polled batch, never open across a poll."""

    def __init__(
        self,
        common: Mapping[str, Any],
        group: str,
        topics: Sequence[str],
        *,
        member: str,
        max_records: int,
        urgent: Sequence[str] = (),
        transaction_timeout_ms: int,
        session_timeout_ms: int,
        on_stuck: Callable[[], None],
    ) -> None:
        self._common = dict(common)
        self._group = group
        self._transactional_id = f"{group}-{member}"
        self._transaction_timeout_ms = transaction_timeout_ms
        self._urgent = frozenset(urgent)
        self._listener = _Listener()
        self._woken = threading.Event()
        self._paused = False
        self._closed = False
        self._known: set[str] = set()
        self._batch: list[Record] = []
        self._metadata: Any = None
        self._producer: Any = None
        self._rewind = False
        self._losses = 0
        self._assignment: frozenset[tuple[str, int]] = frozenset()
        with translated(f"subscribing to {', '.join(topics)}"):
            self._consumer = KafkaConsumer(
                **self._common,
                group_id=group,
                # A static member (KIP-345): one that restarts gets its partitions back at once, and one that
                # was replaced under its name is fenced by the group as well as by the transactional id.
                group_instance_id=member,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                max_poll_records=max_records,
                session_timeout_ms=session_timeout_ms,
                heartbeat_interval_ms=max(300, session_timeout_ms // 4),
                fetch_max_bytes=16 * 1024 * 1024,
                max_partition_fetch_bytes=2 * 1024 * 1024,
                fetch_max_wait_ms=100,
                # A leader that does not know a topic yet assigns none of its partitions; it joins again when
                # the metadata shows them, and five minutes, the default, is long at the start of a system.
                metadata_max_age_ms=5_000,
                metrics_enabled=False,
            )
            mend(self._consumer)
            for topic in topics:
                self._consumer.partitions_for_topic(topic)
            self._consumer.subscribe(list(topics), listener=self._listener)
        self._watchdog = Watchdog(2 * transaction_timeout_ms / 1000, on_stuck)

    def poll(self, timeout: float) -> list[Record]:
        """See `Subscription.poll`."""
        with translated("polling"):
            if self._producer is None:
                # Before going back: the new epoch ends what was left open, and only then is it settled what the
                # group has committed.
                self._producer = self._make_producer()
            self._go_back()
            deadline = time.monotonic() + timeout
            self._listener.lost = False
            while True:
                wait = min(_SLICE, max(0.0, deadline - time.monotonic()))
                fetched = self._fetch(math.ceil(wait * 1000))
                if self._paused:
                    self._hold(fetched)
                    fetched = {}
                if fetched or self._woken.is_set() or time.monotonic() >= deadline:
                    break
            self._woken.clear()
            # Taken now and not at the commit: a batch must commit under the generation it was polled in.
            self._metadata = self._consumer.group_metadata()
            self._assignment = frozenset((p.topic, p.partition) for p in self._consumer.assignment())
        self._losses += self._listener.lost
        self._batch = [_record(raw) for records in fetched.values() for raw in records]
        self._rewind = bool(self._batch)
        # Put out of the group while polling: what came may belong to somebody else by now, so it is read again.
        return [] if self._listener.lost else self._batch

    def _fetch(self, timeout_ms: int) -> Mapping[Any, Sequence[Any]]:
        """Poll the client; what is urgent alone where there is any, however much of the rest waits in its buffers."""
        if self._urgent and not self._paused:
            rest = {p for p in self._consumer.assignment() if p.topic not in self._urgent}
            self._consumer.pause(*rest)
            try:
                fetched: Mapping[Any, Sequence[Any]] = self._consumer.poll(timeout_ms=0)
            finally:
                self._consumer.resume(*(rest & self._consumer.assignment()))
            if fetched:
                return fetched
        return self._consumer.poll(timeout_ms=timeout_ms)  # type: ignore[no-any-return]  # the client ships no types

    @contextmanager
    def transaction(self) -> Iterator[_KafkaTransaction]:
        """See `Subscription.transaction`."""
        if not self._assignment or self._listener.lost:
            raise Transient("a transaction needs partitions of one's own")
        self._watchdog.arm()
        try:
            with self._translated():
                self._producer.begin_transaction()
            transaction = _KafkaTransaction(self._producer, self._require)
            try:
                yield transaction
                with self._translated():
                    self._commit(transaction)
            except BaseException:
                self._abort()
                raise
        finally:
            self._watchdog.disarm()
        forget_old_offsets(self._consumer)
        self._rewind = False
        self._batch = []

    def _require(self, topic: str) -> None:
        if topic not in self._known:
            require_topics(self._common, [topic])
            self._known.add(topic)

    def _commit(self, transaction: _KafkaTransaction) -> None:
        self._producer.flush(timeout=self._transaction_timeout_ms / 1000)
        transaction.check()
        if self._listener.lost:
            raise kafka_errors.UnknownMemberIdError("put out of the group while working on the batch")
        self._producer.send_offsets_to_transaction(self._next_offsets(), self._metadata)
        self._producer.commit_transaction()

    def _next_offsets(self) -> dict[TopicPartition, OffsetAndMetadata]:
        following = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in self._batch}
        if not following:
            # Without a batch nothing moves, but it is by its offsets that the group tells who owns the partitions.
            for partition in sorted(self._consumer.assignment()):
                following[partition] = self._consumer.position(partition, timeout_ms=COMMITTED_TIMEOUT_MS)
        return {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in following.items()}

    def _abort(self) -> None:
        if self._producer is None:
            return
        try:
            self._producer.abort_transaction()
        except (kafka_errors.KafkaError, OSError):
            # What became of the transaction is unclear; a new producer's epoch settles it.
            self._discard_producer()

    def _discard_producer(self) -> None:
        producer, self._producer = self._producer, None
        close_quietly(producer, timeout=0)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated("transaction"):
                yield
        except Fenced:
            self._discard_producer()
            raise
        except Transient as error:
            if isinstance(error.__cause__, kafka_errors.KafkaTimeoutError):
                self._discard_producer()
            raise

    def _make_producer(self) -> Any:
        producer = KafkaProducer(
            **{**self._common, "request_timeout_ms": self._transaction_timeout_ms // 2},
            transactional_id=self._transactional_id,
            transaction_timeout_ms=self._transaction_timeout_ms,
            delivery_timeout_ms=self._transaction_timeout_ms,
            max_block_ms=self._transaction_timeout_ms,
            allow_auto_create_topics=False,
            batch_size=_BATCH_BYTES,
            max_request_size=8 * _BATCH_BYTES,
            linger_ms=20,
            # The broker ends a transaction after it has answered; the next one is refused until then, and at the
            # default pause of 100 ms every batch would wait twice.
            retry_backoff_ms=10,
            metrics_enabled=False,
        )
        try:
            producer.init_transactions()
        except BaseException:
            close_quietly(producer, timeout=0)
            raise
        return producer

    def _go_back(self) -> None:
        """Stand where the group has committed, if the batch last polled did not."""
        if not self._rewind:
            return
        forget_old_offsets(self._consumer)
        first = {TopicPartition(r.topic, r.partition): r.offset for r in reversed(self._batch)}
        for partition in self._consumer.assignment() & first.keys():
            committed = self._consumer.committed(partition, timeout_ms=COMMITTED_TIMEOUT_MS)
            self._consumer.seek(partition, first[partition] if committed is None else committed)
        self._rewind = False
        self._batch = []

    def _hold(self, fetched: Mapping[Any, Sequence[Any]]) -> None:
        # A rebalance may bring partitions that were not paused yet.
        for partition, records in fetched.items():
            self._consumer.seek(partition, records[0].offset)
        self._consumer.pause(*self._consumer.assignment())

    def pause(self) -> None:
        """See `Subscription.pause`."""
        self._paused = True
        with translated("pausing"):
            self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """See `Subscription.resume`."""
        self._paused = False
        with translated("resuming"):
            self._consumer.resume(*self._consumer.paused())

    def wakeup(self) -> None:
        """See `Subscription.wakeup`."""
        self._woken.set()

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """See `Subscription.assignment`; as of the last poll."""
        return self._assignment

    @property
    def generation(self) -> str:
        """See `Subscription.generation`; as of the last poll."""
        own = self._metadata
        return f"{own.generation_id}/{own.member_id}/{self._losses}" if own is not None else ""

    def lag(self) -> Mapping[tuple[str, int], int]:
        """See `Subscription.lag`; from the high watermarks that came with the last fetches."""
        lags = {}
        for topic, number in self._assignment:
            partition = TopicPartition(topic, number)
            with suppress(kafka_errors.KafkaError, AssertionError):
                last = self._consumer.highwater(partition)
                if last is not None:
                    lags[topic, number] = max(0, last - self._consumer.position(partition, timeout_ms=0))
        return lags

    def close(self) -> None:
        """See `Subscription.close`."""
        if self._closed:
            return
        self._closed = True
        self._watchdog.close()
        if self._producer is not None:
            close_quietly(self._producer, timeout=5)
        self._leave()
        close_quietly(self._consumer, autocommit=False, timeout_ms=5_000)
        self._assignment = frozenset()

    def _leave(self) -> None:
        """Give the partitions back now: closing alone leaves a static member in the group until it times out."""
        with suppress(kafka_errors.KafkaError, OSError):
            own = self._consumer.group_metadata()
            if not own.member_id:
                return
            admin = KafkaAdminClient(**self._common)
            try:
                # With both ids the group refuses this for a name that another member has taken over.
                admin.remove_group_members(self._group, [MemberToRemove(own.member_id, own.group_instance_id)])
            finally:
                close_quietly(admin)


def _record(raw: Any) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), max(0, raw.timestamp))
