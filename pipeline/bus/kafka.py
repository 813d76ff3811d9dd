"""The distributed log: Apache Kafka through kafka-python, with transactions.

Sources: KIP-98 (transactions), KIP-447 (fencing by group metadata), KIP-360 (epoch bumps).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from pipeline.bus.kafka_client import COMMITTED_TIMEOUT_MS, close_quietly, require_topics, translated
from pipeline.bus.kafka_publisher import KafkaPublisher
from pipeline.bus.kafka_reader import KafkaReader
from pipeline.bus.kafka_subscription import KafkaSubscription
from pipeline.bus.kafka_topics import apply_changes, differences
from pipeline.bus.kafka_watchdog import end_process
from pipeline.bus.log import TopicChange, TopicSpec

__all__ = ["KafkaBus"]


class KafkaBus:
    """One cluster. Thread-safe; what it hands out is not, except publishers."""

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        client_id: str = "newswire",
        security: Mapping[str, Any] | None = None,
        transaction_timeout_ms: int = 10_000,
        session_timeout_ms: int = 10_000,
        on_stuck: Callable[[], None] = end_process,
    ) -> None:
        """`on_stuck` is called, on a thread of its own, where a transaction stays open for more than twice its timeout.

        `security` are options of kafka-python (``security_protocol``, ``sasl_mechanism`` ...).
        """
        self._common: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in bootstrap_servers.split(",")],
            "client_id": client_id,
            "bootstrap_timeout_ms": 10_000,
            "request_timeout_ms": 10_000,
            **(security or {}),
        }
        self._servers = bootstrap_servers
        self._transaction_timeout_ms = transaction_timeout_ms
        self._session_timeout_ms = session_timeout_ms
        self._on_stuck = on_stuck

    def subscribe(
        self, group: str, topics: Sequence[str], *, member: str, max_records: int = 500, urgent: Sequence[str] = ()
    ) -> KafkaSubscription:
        """See `Bus.subscribe`; the transactional id is made of the group and the member's name."""
        require_topics(self._common, topics)
        return KafkaSubscription(
            self._common,
            group,
            topics,
            member=member,
            max_records=max_records,
            urgent=urgent,
            transaction_timeout_ms=self._transaction_timeout_ms,
            session_timeout_ms=self._session_timeout_ms,
            on_stuck=self._on_stuck,
        )

    def publisher(self) -> KafkaPublisher:
        """See `Bus.publisher`."""
        return KafkaPublisher(self._common)

    def reader(self) -> KafkaReader:
        """See `Bus.reader`."""
        return KafkaReader(self._common)

    def plan(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """See `Bus.plan`."""
        with translated("topics"), self._admin() as admin:
            return differences(admin, topics)

    def apply(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """See `Bus.apply`."""
        with translated("topics"), self._admin() as admin:
            changes = differences(admin, topics)
            apply_changes(admin, topics, changes)
            return changes

    def group_lag(self, group: str, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        """See `Bus.group_lag`."""
        return {place: end - begin for place, (begin, end) in self.group_positions(group, topics).items()}

    def group_positions(self, group: str, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, int]]:
        """See `Bus.group_positions`."""
        require_topics(self._common, topics)
        with translated("lag"):
            consumer = KafkaConsumer(
                **self._common, group_id=group, enable_auto_commit=False, isolation_level="read_committed"
            )
            try:
                partitions = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
                first, last = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
                positions = {}
                for partition in partitions:
                    committed = consumer.committed(partition, timeout_ms=COMMITTED_TIMEOUT_MS)
                    begin = max(committed or 0, first[partition])
                    positions[partition.topic, partition.partition] = (min(begin, last[partition]), last[partition])
                return positions
            finally:
                close_quietly(consumer)

    def check(self) -> str:
        """See `Bus.check`."""
        with translated(f"kafka at {self._servers}"), self._admin() as admin:
            nodes = admin.describe_cluster()["brokers"]
            return f"kafka at {self._servers}, {len(nodes)} broker(s)"

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _admin(self) -> Any:
        return KafkaAdminClient(**self._common)
