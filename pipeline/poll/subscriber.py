"""Asks hubs for subscriptions, and takes in what they bring, for the sources of one poller."""

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime

import msgspec
from msgspec.structs import replace

from pipeline.errors import Permanent, Transient
from pipeline.formats import FeedHints
from pipeline.poll.cursor import Cursor
from pipeline.poll.entry import Entry
from pipeline.poll.fetch import Answer, Fetcher, origin_of
from pipeline.poll.intake import Intake, fingerprint_of
from pipeline.poll.interfaces import PollMemory, PollObserver, Publisher, RawRecord
from pipeline.poll.narrowing import goes_on, read_new
from pipeline.poll.reading import DocumentReader, KilledError, Reading
from pipeline.poll.seen import Known
from pipeline.poll.sources import Source
from pipeline.poll.verdict import after_delivery
from pipeline.poll.websub import LEASE, Keys, asked, confirmed, denied, followed

_AT_ONCE = 4


class Delivery(msgspec.Struct, frozen=True):
    """What a hub brought."""

    body: bytes
    """Without its content coding."""
    content_type: str | None = None
    charset: str | None = None


class Plain(msgspec.Struct, frozen=True):
    """What it takes to publish without remembering, for a source that another process holds."""

    reader: DocumentReader
    memory: PollMemory
    publisher: Publisher
    topic: str
    executor: Executor


class Subscriber:
    """Belongs to the poller's event loop."""

    def __init__(
        self,
        keys: Keys,
        fetcher: Fetcher,
        intake: Intake,
        plain: Plain,
        observer: PollObserver,
        clock: Callable[[], datetime],
        sources: Callable[[], Mapping[str, Source]],
        entries: Mapping[str, Entry],
        changed: Callable[[str], None],
    ) -> None:
        """`sources` are all of the list, `entries` those held here; `changed` is told whose cursor is to be saved."""
        self._keys = keys
        self._fetcher = fetcher
        self._intake = intake
        self._plain = plain
        self._observer = observer
        self._clock = clock
        self._sources = sources
        self._entries = entries
        self._changed = changed
        self._queue: asyncio.Queue[Entry] = asyncio.Queue()

    def start(self) -> "list[asyncio.Task[None]]":
        """The tasks that ask hubs, beside the polling; to be cancelled by the caller."""
        return [asyncio.create_task(self._ask()) for _ in range(_AT_ONCE)]

    def read(self, entry: Entry, answer: Answer, hints: FeedHints | None) -> None:
        """Take note of the hub that a feed just read names."""
        entry.websub = followed(entry.websub, answer, hints) if entry.source.websub else None

    def keep(self, entry: Entry) -> None:
        """Have the hub asked where that is due. To be called after each poll."""
        now = self._clock().timestamp()
        if entry.websub is not None and entry.source.websub and entry.websub.renew <= now:
            entry.websub = asked(entry.websub, now)
            self._queue.put_nowait(entry)

    async def _ask(self) -> None:
        while True:
            entry = await self._queue.get()
            source, subscription = entry.source, entry.websub
            if subscription is None or self._entries.get(source.id) is not entry:
                continue
            callback = self._keys.callback(source.id, subscription.topic)
            form = {
                "hub.mode": "subscribe",
                "hub.topic": subscription.topic,
                "hub.callback": callback,
                "hub.lease_seconds": str(LEASE),
                "hub.secret": self._keys.secret(source.id, callback.rsplit("/", 1)[1]),
            }
            answer = await self._fetcher.post(subscription.hub, form, internal=source.internal)
            self._observer.hub(source.id, "asked" if answer.outcome == "ok" else "refused")

    def wanted(self, source: str) -> bool:
        """Whether deliveries for the source are still welcome."""
        found = self._sources().get(source)
        return found is not None and found.kind == "http" and found.websub

    def verify(self, source: str, token: str, mode: str, topic: str, lease: float | None) -> bool:
        """Whether a hub that asks (section 5.3) may go on, or is heard out in its refusal; takes note of both."""
        if not self.wanted(source) or not hmac.compare_digest(self._keys.token(source, topic), token):
            return False
        if mode not in ("subscribe", "denied"):
            # We never unsubscribe: whoever asks for that is not us. Leases end, and a 410 ends them at once.
            return False
        now = self._clock().timestamp()
        entry = self._entries.get(source)
        if entry is not None and entry.websub is not None and entry.websub.topic == topic:
            entry.websub = confirmed(entry.websub, lease, now) if mode == "subscribe" else denied(entry.websub, now)
            self._changed(source)
        self._observer.hub(source, "confirmed" if mode == "subscribe" else "denied")
        return True

    def proven(self, source: str, token: str, signature: str, sent: bytes) -> bool:
        """Whether `signature` shows that what was sent comes from the hub; counted where it does not."""
        if self._keys.proven(source, token, signature, sent):
            return True
        self._observer.delivered(source, "forged" if signature else "unsigned")
        return False

    async def take(self, source: str, delivery: Delivery) -> str:
        """Publish what is new in a delivery that was proven; returns once the log has it.

        Returns:
            A poll outcome or a delivery outcome.

        Raises:
            Transient: the log or the memory can't be reached; the hub should bring it again.
        """
        try:
            outcome = await self._take(source, delivery)
        except Permanent:
            outcome = "unreadable"
        except KilledError:
            outcome = "parser_killed"
        self._observer.delivered(source, outcome)
        return outcome

    async def _take(self, source: str, delivery: Delivery) -> str:
        entry = self._entries.get(source)
        if entry is None:
            return await self._pass_on(self._sources()[source], delivery)
        now = self._clock()

        def after(reading: Reading, known: Known) -> Cursor:
            if entry.websub is not None:
                entry.websub = replace(entry.websub, trusted=True)
            cursor = after_delivery(entry.cursor, len(known.new), now.timestamp())
            if goes_on(reading):
                # The rest is found by the next poll, which has to be a whole one.
                cursor = replace(cursor, etag=None, last_modified=None, body=b"")
            return cursor

        origin = origin_of(entry.source, self._answer(entry.source, delivery), now)
        outcome = await self._intake.take_in(entry, delivery.body, origin, fingerprint_of(delivery.body), after)
        if outcome == "fenced":
            raise Transient("the source is changing hands")
        return outcome

    async def _pass_on(self, source: Source, delivery: Delivery) -> str:
        """Publish for a source held elsewhere. Its holder may find the same again, which deduplication ends."""
        if source.fulltext == "page":
            # Its pages wait in the holder's cursor; the hub may reach the holder next time, and polling does.
            raise Transient("the process that holds the source has to fetch its pages")
        origin = origin_of(source, self._answer(source, delivery), self._clock())
        plain = self._plain

        def work() -> Sequence[RawRecord]:
            _, known = read_new(plain.reader, plain.memory, delivery.body, origin)
            records = [item.record for item in known.new]
            if records:
                plain.publisher.publish(plain.topic, records)
            return records

        records = await asyncio.get_running_loop().run_in_executor(plain.executor, work)
        self._observer.items(source.id, len(records), 0, 0)
        return "passed_on" if records else "unchanged"

    def _answer(self, source: Source, delivery: Delivery) -> Answer:
        """As if it had been polled, so that what is relative in it means the same."""
        entry = self._entries.get(source.id)
        url = (entry.cursor.moved_to if entry else None) or source.url or ""
        return Answer("ok", url=url, content_type=delivery.content_type, charset=delivery.charset)
