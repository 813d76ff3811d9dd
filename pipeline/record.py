"""A record of the log, what a stage may make of it, and the shape of a stage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

Headers: TypeAlias = tuple[tuple[str, bytes], ...]

RAW_HEADER = "newswire.raw"
"""Header with the coordinates of the raw record a story came from: ``topic/partition/offset``."""


class Record(msgspec.Struct, frozen=True):
    """One record as read from the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = 0
    """Milliseconds since the epoch at which the log took the record."""

    def header(self, name: str) -> bytes | None:
        """The value of the first header called `name`, or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def coordinates(self) -> str:
        """Where this record is: ``topic/partition/offset``."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def raw_coordinates(self) -> str:
        """Coordinates of the raw record behind this one; its own where no stage came before."""
        carried = self.header(RAW_HEADER)
        return carried.decode() if carried is not None else self.coordinates


class Emit(msgspec.Struct, frozen=True):
    """Send this on.

    `kind` becomes the CloudEvents type, `time` its time (a time of the story, never of the clock).
    """

    topic: str
    key: str
    value: bytes | None
    """None takes the key out of a compacted topic."""
    kind: str
    time: datetime | None = None
    headers: Headers = ()


class Drop(msgspec.Struct, frozen=True):
    """Not passed on, by design. `reason` is from a closed set and becomes a metric label."""

    reason: str


class Reject(msgspec.Struct, frozen=True):
    """Not passed on, by fault of the input: goes to the dead letters. `code` becomes a metric label."""

    code: str
    why: str


Outcome: TypeAlias = Emit | Drop | Reject


class Stage(Protocol):
    """Turns one record into outcomes; used by one worker thread at a time.

    `process` returns at least one outcome for every record (an empty result would be an input that
    vanished, which the worker treats as Fatal). It may raise `Permanent` (same as returning one
    `Reject`) and `Transient` (the batch is tried again).
    """

    name: str

    def process(self, record: Record) -> Sequence[Outcome]: ...


class BatchStage(Protocol):
    """Turns a polled batch into outcomes, for stages that pay per round trip.

    `process_batch` returns one non-empty sequence of outcomes per record, in the order given, and
    must decide the same again when the batch, or part of it, is replayed. It may raise `Transient`
    (the whole batch is tried again) but not `Permanent`: one bad record is a `Reject` of its own.
    """

    name: str

    def process_batch(self, records: Sequence[Record]) -> Sequence[Sequence[Outcome]]: ...


class KeepingStage(BatchStage, Protocol):
    """A `BatchStage` with state of its own in the log, and outputs that are owed to time.

    The worker calls `restore` after each poll, then `process_batch` if there is a batch, then `owed`; all that
    comes out is committed in one transaction. Where that fails it calls `forget`, and what the stage
    remembers must then come from the log again.
    """

    def restore(self, generation: str, assignment: frozenset[tuple[str, int]]) -> None:
        """Know what the partitions owned since `generation` hold.

        Raises:
            Transient: it can't be read just now.
        """

    def owed(self) -> Sequence[tuple[Record, Sequence[Outcome]]]:
        """Outcomes that are due now, each with the record they come from."""

    def forget(self) -> None:
        """Nothing that was decided since the last `restore` is certain."""
