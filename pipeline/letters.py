"""Dead letters, from the desk: which there are, what is wrong with them, sent again or given up.

The letters themselves are never moved or changed. What was done with one stands in `wire.letters`, a compacted
topic keyed by the letter's coordinates, written in the same transaction that sends it again. So a second replay
adds nothing, whatever died in the first, and who did what stays on record.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

import msgspec
import orjson

from pipeline import topics
from pipeline.bus.log import Bus, Subscription
from pipeline.errors import Transient
from pipeline.record import Record
from pipeline.story import CANCELED, version_number
from pipeline.trace import document_of
from pipeline.work.deadletter import ATTEMPT, SUFFIX, attempts, original_headers

GROUP = topics.group("desk")
_MEMBER = "desk"
"""One name for whoever is at the desk: a second one at the same time fences the first."""
_ACQUISITION = "poll"
"""Its letters hold whole documents as they came, which are no records of the topic they are kept beside."""
_CHUNK = 200
_PATIENCE = 60.0
_ATTEMPTS = 5


class Letter(msgspec.Struct, frozen=True):
    """One refused record, and why it was refused."""

    record: Record
    topic: str
    """Where it was refused, and where it goes again."""
    stage: str
    code: str
    why: str
    attempt: int
    failed_at: datetime

    @property
    def uri(self) -> str:
        """The record's key as text."""
        return (self.record.key or b"").decode("utf-8", "replace")

    @property
    def id(self) -> str:
        """Its coordinates, and when the log took it: a log made anew counts from 0 again."""
        return f"{self.record.coordinates}@{self.record.timestamp}"


class Which(msgspec.Struct, frozen=True):
    """Which letters are meant; what is None does not matter."""

    topic: str | None = None
    stage: str | None = None
    code: str | None = None
    uri: str | None = None
    record: str | None = None
    """Coordinates of the letter itself."""
    since: datetime | None = None
    until: datetime | None = None

    def means(self, letter: Letter) -> bool:
        """Whether this letter is meant."""
        pairs = [
            (self.topic, letter.topic),
            (self.stage, letter.stage),
            (self.code, letter.code),
            (self.uri, letter.uri),
            (self.record, letter.record.coordinates),
        ]
        if any(wanted is not None and wanted != has for wanted, has in pairs):
            return False
        return (self.since is None or letter.failed_at >= self.since) and (
            self.until is None or letter.failed_at < self.until
        )


class Done(msgspec.Struct):
    """What was done: letters sent again, given up, and left because something newer stands."""

    replayed: int = 0
    dropped: int = 0
    superseded: int = 0
    exhausted: int = 0
    """Left as they are: they failed too often."""
    unread: int = 0
    """Left as they are: documents that no parser could read. Their senders have to send them again."""


def letters(bus: Bus, which: Which = Which(), *, settled: bool = False) -> Iterator[Letter]:  # noqa: B008  # frozen
    """The letters that nobody has seen to yet, in order per partition; with `settled` all of them."""
    done = frozenset() if settled else frozenset(_ledger(bus))
    reader = bus.reader()
    try:
        for name in _topics(which):
            for record in reader.read(name):
                letter = _letter(record)
                if which.means(letter) and letter.id not in done:
                    yield letter
    finally:
        reader.close()


def settle(
    bus: Bus,
    which: Which,
    action: Literal["replay", "drop"],
    *,
    by: str,
    rate: float | None = None,
    limit: int | None = None,
    max_attempts: int = 5,
    progress: Callable[[int], None] = lambda _count: None,
) -> Done:
    """Send letters again, or give them up. `rate` is in letters a second.

    A released version goes to its sinks again only where nothing newer of its story stands, and no kill.

    Raises:
        Fenced: somebody else is at it.
        Transient: the log can't be reached; what was done so far is done.
    """
    done = Done()
    with_lock = bus.subscribe(GROUP, [topics.LETTERS], member=_MEMBER)
    try:
        _wait_for_ownership(with_lock)
        latest = _Latest(bus)
        pending: Iterable[Letter] = islice(letters(bus, which), limit)
        for chunk in _chunks(pending, _CHUNK):
            began = time.monotonic()
            _persist(
                bus,
                with_lock,
                lambda left: _settle_chunk(with_lock, left, action, by, max_attempts, latest, done),
                chunk,
            )
            progress(len(chunk))
            if rate:
                time.sleep(max(0.0, len(chunk) / rate - (time.monotonic() - began)))
    finally:
        with_lock.close()
    return done


def _persist(
    bus: Bus, subscription: Subscription, work: Callable[[Sequence[Letter]], None], chunk: Sequence[Letter]
) -> None:
    """Try again after a rebalance or a moment without the broker, with what is not settled yet."""
    left = chunk
    for attempt in range(_ATTEMPTS):
        try:
            work(left)
        except Transient:
            if attempt == _ATTEMPTS - 1:
                raise
            _wait_for_ownership(subscription)
            done = frozenset(_ledger(bus))
            left = [letter for letter in chunk if letter.id not in done]
        else:
            return


def _settle_chunk(
    subscription: Subscription,
    chunk: Sequence[Letter],
    action: Literal["replay", "drop"],
    by: str,
    max_attempts: int,
    latest: "_Latest",
    done: Done,
) -> None:
    now = datetime.now(UTC).isoformat()
    tally = Done()
    subscription.poll(0.05)  # keeps this member in its group; what it reads of the ledger is known already
    with subscription.transaction() as transaction:
        for letter in chunk:
            what: str = action
            if action == "replay" and letter.stage == _ACQUISITION:
                tally.unread += 1
                continue
            if action == "replay" and letter.attempt >= max_attempts:
                tally.exhausted += 1
                continue
            if action == "replay" and latest.supersedes(letter):
                what = "superseded"
                tally.superseded += 1
            elif action == "replay":
                headers = (*original_headers(letter.record.headers), (ATTEMPT, str(letter.attempt).encode()))
                transaction.send(letter.topic, letter.record.key, letter.record.value, headers)
                tally.replayed += 1
            else:
                tally.dropped += 1
            told = orjson.dumps({"action": what, "by": by, "at": now})
            transaction.send(topics.LETTERS, letter.id.encode(), told, ())
    for name in msgspec.structs.asdict(tally):
        setattr(done, name, getattr(done, name) + getattr(tally, name))


class _Latest:
    """What stands of each story, read once it is asked for."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: Mapping[str, tuple[int, str]] | None = None

    def supersedes(self, letter: Letter) -> bool:
        """Whether readers have something newer than this, or the kill of it. Stages decide that for themselves."""
        if letter.topic not in (topics.STORIES, topics.KILLS):
            return False
        if self._known is None:
            self._known = dict(self._read())
        standing = self._known.get(letter.uri)
        if standing is None:
            return False
        version, status = standing
        own = version_number(document_of(letter.record.value).get("version"))
        return version > own or (status == CANCELED and letter.topic != topics.KILLS and version >= own)

    def _read(self) -> Iterator[tuple[str, tuple[int, str]]]:
        reader = self._bus.reader()
        try:
            for record in reader.read(topics.LATEST):
                document = document_of(record.value)
                key = (record.key or b"").decode("utf-8", "replace")
                yield key, (version_number(document.get("version")), str(document.get("pubStatus")))
        finally:
            reader.close()


def _letter(record: Record) -> Letter:
    def header(name: str) -> str:
        return (record.header(name) or b"").decode("utf-8", "replace")

    return Letter(
        record=record,
        topic=header("__connect.errors.topic") or record.topic.removesuffix(SUFFIX),
        stage=header("__connect.errors.stage"),
        code=header("__connect.errors.exception.class.name"),
        why=header("__connect.errors.exception.message"),
        attempt=attempts(record.headers),
        failed_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


def _topics(which: Which) -> list[str]:
    read = [t for consumed in topics.CONSUMED.values() for t in consumed] + [topics.STORIES, topics.KILLS]
    return [topic + SUFFIX for topic in read if which.topic in (None, topic)]


def _ledger(bus: Bus) -> Iterator[str]:
    reader = bus.reader()
    try:
        for record in reader.read(topics.LETTERS, settled=True):
            yield (record.key or b"").decode()
    finally:
        reader.close()


def _wait_for_ownership(subscription: Subscription) -> None:
    deadline = time.monotonic() + _PATIENCE
    subscription.poll(0.2)
    while not subscription.assignment:
        if time.monotonic() > deadline:
            raise Transient("the log gave this desk no partitions; is another one at work?")
        subscription.poll(0.2)


def _chunks(items: Iterable[Letter], size: int) -> Iterator[list[Letter]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
