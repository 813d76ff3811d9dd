"""The log as the rest of the system sees it: topics, subscriptions and transactions.

Two implementations stand behind it, `bus.kafka` and `bus.sqlite`; `tests/bus` holds the one suite of
behaviour that both must show.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from pipeline.record import Headers, Record

TopicPartition = tuple[str, int]


class TopicSpec(msgspec.Struct, frozen=True):
    """How a topic is to be; retention in milliseconds and bytes per partition, None for no limit."""

    name: str
    partitions: int = 1
    replication: int = 1
    compact: bool = False
    retention_ms: int | None = None
    retention_bytes: int | None = None


class TopicChange(msgspec.Struct, frozen=True):
    """One difference between the topics wanted and those that exist; `action` is create, grow, configure or refuse."""

    topic: str
    action: str
    detail: str


class Transaction(Protocol):
    """Outputs of one polled batch. Not thread-safe."""

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Add one record. Keys are bytes, so that a dead letter keeps the one it came with.

        May not block on the network for long; failures surface when the transaction ends.
        """


class Subscription(Protocol):
    """One member of a consumer group. Not thread-safe, except `wakeup` and the properties.

    Call order: `poll`, then at most one `transaction`, then `poll` again. A batch whose transaction did
    not commit is delivered again by the next poll.
    """

    def poll(self, timeout: float) -> list[Record]:
        """Up to the configured number of records, in order per partition; empty after `timeout` seconds.

        Raises:
            Transient: the log can't be reached just now.
            Fatal: it never will be like this (authorisation, a topic that doesn't exist).
        """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commit, on leaving, what was sent together with the offsets of the batch last polled.

        After a poll that brought nothing, what was sent is committed if this member still owns its partitions: for
        outputs that are owed to time.

        An exception inside the block aborts: nothing sent is visible and the batch comes again. So it does
        when the commit itself fails.

        Raises (on leaving):
            Transient: aborted, the batch comes again.
            Fenced: another member owns the work; nothing was committed.
        """

    def pause(self) -> None:
        """Deliver nothing until `resume`, and stay a member of the group meanwhile."""

    def resume(self) -> None:
        """End a `pause`."""

    def wakeup(self) -> None:
        """Make a poll that is waiting return early. Any thread may call this."""

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions this member owns now."""

    @property
    def generation(self) -> str:
        """Names the rebalance that the assignment comes from.

        While it stays the same, nobody else has owned these partitions.
        """

    def lag(self) -> Mapping[TopicPartition, int]:
        """Records not yet consumed, per owned partition. Cheap: from what polling has seen."""

    def close(self) -> None:
        """Leave the group. A batch not committed is delivered to whoever comes next."""


class Publisher(Protocol):
    """Sends outside of any consumption, at least once. Thread-safe."""

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """Send `(key, value, headers)` records and return `(partition, offset)` of each, once all are durable.

        Raises:
            Transient: at least one was not acknowledged; all may be sent again.
        """

    def close(self) -> None: ...


class Reader(Protocol):
    """Reads committed records without a group, for tools."""

    def read(
        self,
        topic: str,
        *,
        start: Mapping[int, int] | None = None,
        since_ms: int | None = None,
        follow: bool = False,
        settled: bool = False,
        timeout: float = 1.0,
    ) -> Iterator[Record]:
        """Records from the given offsets per partition, or from a time on, or from the beginning.

        Ends at the end of the topic as it was on the call, or with `follow` only when closed; while
        following, `timeout` is how long to wait for more before looking whether it was. `settled` waits for
        the transactions that were open on the call, so that nothing committed before it can be missed.

        Raises:
            Transient: the end can't be reached.
        """

    def close(self) -> None: ...


class Bus(Protocol):
    """A connection to one log. Thread-safe; what it hands out is not, unless said."""

    def subscribe(
        self, group: str, topics: Sequence[str], *, member: str, max_records: int = 500, urgent: Sequence[str] = ()
    ) -> Subscription:
        """Join a group. `member` is a name that is stable across restarts of one instance and unique in the group.

        Partitions of one number, of topics with equally many, are given to the same member. Records of the
        `urgent` topics, which are among `topics`, are delivered before all others.
        """

    def publisher(self) -> Publisher: ...

    def reader(self) -> Reader: ...

    def plan(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """What `apply` would do."""

    def apply(self, topics: Sequence[TopicSpec]) -> list[TopicChange]:
        """Create and adjust topics; never deletes, and never shrinks."""

    def group_positions(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """Per partition, the offset that the group takes next, of those still kept, and where the partition ends."""

    def group_lag(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """Records each partition holds beyond what the group has committed."""

    def check(self) -> str:
        """Reach the log and say in a few words what answered.

        Raises:
            Transient: it can't be reached, with the reason.
        """

    def close(self) -> None: ...
