"""The HTTP side of a running process: /live, /ready, /metrics and /version, and whatever a caller adds."""

import asyncio
import threading
from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from pipeline import __version__
from pipeline.errors import Fatal


class Health(msgspec.Struct, frozen=True):
    """The state of one service: `age` is seconds since its loop last went round."""

    name: str
    ready: bool
    age: float


class Server:
    """Serves on a thread of its own, so that a busy stage can't make the process look dead."""

    def __init__(
        self,
        registry: CollectorRegistry,
        health: Callable[[], list[Health]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        stalled_after: float = 60.0,
        extend: Callable[[web.Application], None] | None = None,
    ) -> None:
        """`port` 0 takes a free one; `extend` may add routes of its own to the application."""
        self._registry = registry
        self._health = health
        self._host, self.port = host, port
        self._stalled_after = stalled_after
        self._extend = extend
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._runner: web.AppRunner | None = None

    def start(self) -> None:
        """Bind and serve.

        Raises:
            Fatal: the address can't be bound.
        """
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except OSError as error:
            self.stop()
            raise Fatal(f"http: can't listen on {self._host}:{self.port}: {error.strerror}") from error

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        application = web.Application()
        application.router.add_get("/live", self._live)
        application.router.add_get("/ready", self._ready)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/version", self._version)
        if self._extend is not None:
            self._extend(application)
        # What is sent to us is unfolded where its size is bounded, and a signature is over the bytes as sent.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=2, auto_decompress=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port)
        await site.start()
        address = self._runner.addresses[0]
        self.port = address[1]

    async def _live(self, _request: web.Request) -> web.Response:
        stalled = {h.name: round(h.age, 1) for h in self._health() if h.age > self._stalled_after}
        return _verdict(not stalled, {"stalled": stalled})

    async def _ready(self, _request: web.Request) -> web.Response:
        states = self._health()
        waiting = [h.name for h in states if not h.ready]
        return _verdict(bool(states) and not waiting, {"not_ready": waiting})

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"name": "newswire", "version": __version__})


def _verdict(good: bool, detail: Mapping[str, object]) -> web.Response:  # noqa: FBT001  # the verdict itself
    return web.json_response({"ok": good, **detail}, status=200 if good else 503)
