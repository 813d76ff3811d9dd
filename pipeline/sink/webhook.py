"""Every released version, posted to an address: signed, in order per story, at least once.

The signature is that of Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`); the event's
attributes are CloudEvents 1.0 headers. What comes again has the same id, so that a receiver can tell.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

import aiohttp

from pipeline.errors import Permanent, Transient
from pipeline.sink.interface import Delivery
from pipeline.story import CANCELED, WITHHELD

_REFUSED = frozenset({400, 409, 410, 411, 413, 414, 415, 422, 431})
"""The receiver will never take this one. Every other failure is an outage: refused credentials, a wrong address,
too many requests. Somebody mends those, and nothing is lost."""
_MOST_DELIVERED = 10_000


class WebhookSink:
    """See `Sink`. Stories go out side by side, the versions of one story after each other."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        secret: bytes = b"",
        headers: dict[str, str] | None = None,
        concurrency: int = 8,
        timeout: float = 10.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`secret` signs, where there is one; `timeout` is in seconds for each post; `now` in epoch seconds."""
        self.name = name
        self._url = url
        self._secret = secret
        self._headers = dict(headers or {})
        self._concurrency = concurrency
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._now = now
        self._runner: asyncio.Runner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._delivered: dict[str, Permanent | None] = {}
        """What became of deliveries lately: a batch that comes again is not posted whole."""
        self._killed: dict[str, int] = {}
        """Versions of the kills posted: they come ahead, and what they overtook is not posted after them."""

    def open(self) -> None:
        """See `Sink.open`; nothing is sent."""
        self.close()
        self._runner = asyncio.Runner()
        self._session = self._runner.run(self._connect())

    async def _connect(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._concurrency)
        return aiohttp.ClientSession(connector=connector, timeout=self._timeout, headers={"User-Agent": "newswire"})

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """See `Sink.write`."""
        if self._runner is None:
            self.open()
        assert self._runner is not None  # noqa: S101  # opened just now
        stories: dict[str, list[Delivery]] = {}
        for delivery in batch:
            stories.setdefault(delivery.uri, []).append(delivery)
        failures = self._runner.run(self._post_all(list(stories.values())))
        if failures:
            raise Transient(
                f"sink {self.name}: {len(failures)} of {len(stories)} stories did not get through: {failures[0]}"
            )
        verdicts = [self._delivered[_id(delivery)] for delivery in batch]
        for memory in (self._delivered, self._killed):
            while len(memory) > _MOST_DELIVERED:
                memory.pop(next(iter(memory)))
        return verdicts

    def _overtaken(self, delivery: Delivery) -> bool:
        killed = self._killed.get(delivery.uri)
        return killed is not None and delivery.story.pub_status != CANCELED and delivery.number <= killed

    async def _post_all(self, stories: Sequence[Sequence[Delivery]]) -> list[Transient]:
        gate = asyncio.Semaphore(self._concurrency)

        async def one_story(versions: Sequence[Delivery]) -> None:
            async with gate:
                for delivery in versions:
                    if self._overtaken(delivery):
                        self._delivered[_id(delivery)] = None
                    elif _id(delivery) not in self._delivered:
                        self._delivered[_id(delivery)] = await self._post(delivery)
                        if delivery.story.pub_status == CANCELED:
                            self._killed[delivery.uri] = delivery.number

        ended = await asyncio.gather(*(one_story(versions) for versions in stories), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, Transient):
                raise error
        return [error for error in ended if isinstance(error, Transient)]

    async def _post(self, delivery: Delivery) -> Permanent | None:
        assert self._session is not None  # noqa: S101  # opened by `write`
        try:
            async with self._session.post(
                self._url, data=delivery.value, headers=self._signed(delivery), allow_redirects=False
            ) as answer:
                status, said = answer.status, (await answer.content.read(300)).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Transient(f"{type(error).__name__}: {error}") from error
        if 200 <= status < 300:  # noqa: PLR2004  # success, RFC 9110
            return None
        told = f"{status}: {' '.join(said.split())}"
        if status in _REFUSED:
            return Permanent("refused_by_receiver", told)
        raise Transient(told)

    def _signed(self, delivery: Delivery) -> dict[str, str]:
        event, stamp = _id(delivery), str(int(self._now()))
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": event,
            "ce-source": "urn:newswire:sink",
            "ce-type": _kind(delivery),
            "webhook-id": event,
            "webhook-timestamp": stamp,
        }
        if delivery.story.newswire.replay:
            headers["newswire-replay"] = "true"
        if self._secret:
            signed = hmac.new(self._secret, f"{event}.{stamp}.".encode() + delivery.value, hashlib.sha256).digest()
            headers["webhook-signature"] = "v1," + base64.b64encode(signed).decode()
        return headers

    def close(self) -> None:
        """See `Sink.close`."""
        runner, session = self._runner, self._session
        self._runner = self._session = None
        if runner is not None:
            if session is not None:
                runner.run(session.close())
            runner.close()


def _id(delivery: Delivery) -> str:
    """The same for every attempt at one version of one story, on whichever topic it came."""
    digest = hashlib.sha256(delivery.value).hexdigest()[:16]
    return f"{hashlib.sha256(delivery.uri.encode()).hexdigest()[:24]}-{delivery.number}-{digest}"


def _kind(delivery: Delivery) -> str:
    return {CANCELED: "newswire.story.killed", WITHHELD: "newswire.story.recalled"}.get(
        delivery.story.pub_status or "", "newswire.story.released"
    )
