"""Ready-made fakes for tests of stages, sinks and workers: no patching needed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pipeline.errors import Permanent, Transient
from pipeline.record import Headers, Record
from pipeline.sink.interface import Delivery


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.time += timedelta(seconds=seconds)


class FakeTransaction:
    """Collects what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, Headers]] = []

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Remember one record."""
        self.sent.append((topic, key, value, headers))


class FakeSubscription:
    """A log in memory with one partition: scripted records in, committed sends out.

    `failures` are raised, one a time, when a transaction commits; the batch is then delivered again.
    """

    def __init__(
        self, records: Sequence[Record], *, max_records: int = 500, failures: Sequence[Exception] = ()
    ) -> None:
        self.records = list(records)
        self.committed: list[tuple[str, bytes | None, bytes | None, Headers]] = []
        self.position = 0
        self.polls = 0
        self.closed = False
        self._batch = 0
        self._max = max_records
        self._failures = list(failures)

    def poll(self, timeout: float) -> list[Record]:  # noqa: ARG002  # the script never waits
        """The next batch, or the same again where it was not committed."""
        self.polls += 1
        batch = self.records[self.position : self.position + self._max]
        self._batch = len(batch)
        return batch

    @contextmanager
    def transaction(self) -> Iterator[FakeTransaction]:
        """Commit on leaving, unless a failure is due."""
        transaction = FakeTransaction()
        yield transaction
        if self._failures:
            raise self._failures.pop(0)
        self.committed += transaction.sent
        self.position += self._batch

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def wakeup(self) -> None: ...

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """One partition, always."""
        return frozenset({("input", 0)})

    def lag(self) -> Mapping[tuple[str, int], int]:
        """What is left."""
        return {("input", 0): len(self.records) - self.position}

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class FailingSink:
    """A sink that is down for the first `outages` writes and refuses the uris in `poison`."""

    name = "failing"

    def __init__(self, *, outages: int = 0, poison: frozenset[str] = frozenset()) -> None:
        self.outages = outages
        self.poison = poison
        self.written: list[Delivery] = []

    def open(self) -> None: ...

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """Fail, or keep the batch."""
        if self.outages:
            self.outages -= 1
            raise Transient("the destination is down")
        verdicts = [Permanent("poison", "refused") if d.uri in self.poison else None for d in batch]
        self.written += [d for d, verdict in zip(batch, verdicts, strict=True) if verdict is None]
        return verdicts

    def close(self) -> None: ...


def records(*values: bytes, topic: str = "input", headers: Headers = ()) -> list[Record]:
    """Records with these values, in one partition from offset 0 on; their keys are `key-<offset>`."""
    return [
        Record(topic, 0, offset, f"key-{offset}".encode(), value, headers, 1_700_000_000_000)
        for offset, value in enumerate(values)
    ]
