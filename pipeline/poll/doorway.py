"""Where hubs call: ``/websub/{source}/{token}``, on the process's HTTP side, for the poller on its own loop.

::

    GET   200  with the challenge: yes, we asked for that        404  we did not
    POST  202  taken, or a delivery without a proof, which is ignored as section 8 of WebSub has it
          410  not wanted any more      413  too large      415  unknown content coding
          503  no poller, or no log, just now: bring it again
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiohttp import web

from pipeline.errors import Transient
from pipeline.poll.bodies import BodyRefusedError, read_body, unfold
from pipeline.poll.subscriber import Delivery, Subscriber

_LONGEST_WAIT = 60.0
T = TypeVar("T")


class Doorway:
    """Thread-safe: the poller opens and closes it, the HTTP side calls through it."""

    def __init__(self, most_bytes: int = 10_000_000) -> None:
        """`most_bytes` bounds a body as sent and, twice that, without its content coding."""
        self._most = most_bytes
        self._lock = threading.Lock()
        self._open: tuple[asyncio.AbstractEventLoop, Subscriber] | None = None

    def open(self, subscriber: Subscriber) -> None:
        """Let calls through to this subscriber, on the running loop."""
        with self._lock:
            self._open = (asyncio.get_running_loop(), subscriber)

    def close(self) -> None:
        """Send callers away until it is opened again."""
        with self._lock:
            self._open = None

    def attach(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_get("/websub/{source}/{token}", self._verify)
        application.router.add_post("/websub/{source}/{token}", self._take)

    async def _through(self, call: Callable[[Subscriber], Coroutine[Any, Any, T]]) -> T:
        with self._lock:
            if self._open is None:
                raise Transient("no poller runs just now")
            loop, subscriber = self._open
            future = asyncio.run_coroutine_threadsafe(call(subscriber), loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), _LONGEST_WAIT)
        except TimeoutError as error:
            raise Transient("the poller did not answer in time") from error

    async def _verify(self, request: web.Request) -> web.Response:
        query = request.query
        source, token = request.match_info["source"], request.match_info["token"]
        mode, topic, challenge = (query.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
        lease = query.get("hub.lease_seconds", "")

        async def call(subscriber: Subscriber) -> bool:
            return subscriber.verify(
                source, token, mode, topic, float(lease[:9]) if lease.isascii() and lease.isdigit() else None
            )

        try:
            agreed = await self._through(call)
        except Transient:
            return web.Response(status=503)
        if not agreed:
            return web.Response(status=404)
        # As plain text that no browser takes for anything else: the challenge is whatever the caller wrote.
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def _take(self, request: web.Request) -> web.Response:
        source, token = request.match_info["source"], request.match_info["token"]
        signature = request.headers.get("X-Hub-Signature-256") or request.headers.get("X-Hub-Signature") or ""

        async def wanted(subscriber: Subscriber) -> bool:
            return subscriber.wanted(source)

        async def proven(subscriber: Subscriber) -> bool:
            return subscriber.proven(source, token, signature, sent)

        try:
            if not await self._through(wanted):
                return web.Response(status=410)
            sent = await read_body(request, self._most)
            if not await self._through(proven):
                return web.Response(status=202)
            # Only what is proven is worth unfolding.
            delivery = Delivery(unfold(sent, request, 2 * self._most), request.content_type, request.charset)
            outcome = await self._through(lambda subscriber: subscriber.take(source, delivery))
        except BodyRefusedError as error:
            return web.Response(status=error.status)
        except Transient:
            return web.Response(status=503, headers={"Retry-After": "60"})
        return web.json_response({"outcome": outcome}, status=202)
