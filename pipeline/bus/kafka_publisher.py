"""Sends outside of any consumption: acknowledged by all replicas, at least once."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from pipeline.bus.kafka_client import close_quietly, require_topics, translated
from pipeline.errors import Transient
from pipeline.record import Headers

_TIMEOUT_S = 30.0


class KafkaPublisher:
    """See `Publisher`. The producer is made at the first use and again after a failure."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        self._common = dict(common)
        self._lock = threading.Lock()
        self._producer: Any = None
        self._known: set[str] = set()

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """See `Publisher.publish`."""
        if topic not in self._known:
            require_topics(self._common, [topic])
            self._known.add(topic)
        try:
            with translated(f"publishing to {topic}"):
                producer = self._open()
                futures = [producer.send(topic, value, key, list(headers)) for key, value, headers in records]
                producer.flush(timeout=_TIMEOUT_S)
                answers = [future.get(timeout=_TIMEOUT_S) for future in futures]
        except Transient:
            self._discard()
            raise
        return [(answer.partition, answer.offset) for answer in answers]

    def _open(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = KafkaProducer(
                    **self._common,
                    acks="all",
                    enable_idempotence=True,
                    allow_auto_create_topics=False,
                    delivery_timeout_ms=int(_TIMEOUT_S * 1000),
                    max_block_ms=10_000,
                    batch_size=1_000_000,
                    max_request_size=8_000_000,
                    linger_ms=5,
                    metrics_enabled=False,
                )
            return self._producer

    def _discard(self) -> None:
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            close_quietly(producer, timeout=0)

    def close(self) -> None:
        """See `Publisher.close`."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            with translated("closing"):
                try:
                    producer.close(timeout=5)
                except kafka_errors.KafkaTimeoutError:
                    close_quietly(producer, timeout=0)
