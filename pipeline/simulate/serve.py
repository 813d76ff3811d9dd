"""The simulated wire as servers see it: feeds over loopback HTTP and files in a drop folder."""

import asyncio
import hashlib
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from pipeline.simulate import render
from pipeline.simulate.world import AGENCIES, Agency, Delivery, World

FEED_LENGTH = 60


class SimulatedWire:
    """Publishes a `World` at a steady rate on a thread of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        rate: float = 2.0,
        limit: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str | None = None,
        remember: int | None = None,
    ) -> None:
        """`rate` is in deliveries a second; `limit` ends the world after so many.

        `port` 0 takes a free one; `base` is the address that others reach the feeds at, where it is not the
        one bound; `remember` bounds `truth`, the deliveries made so far.
        """
        self.truth: deque[Delivery] = deque(maxlen=remember)
        self.port = port
        self._host = host
        self._base = base
        self._world = World(seed)
        self._folder = folder
        self._rate = rate
        self._limit = limit
        self._feeds: dict[str, deque[Delivery]] = {a.id: deque(maxlen=FEED_LENGTH) for a in AGENCIES}
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._bound = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulate", daemon=True)

    @property
    def base(self) -> str:
        """The address that the feeds are served at."""
        return self._base or f"http://{self._host}:{self.port}"

    def feed_url(self, agency: Agency) -> str:
        """Where the agency's feed is."""
        return f"{self.base}/{agency.id}.xml"

    def sources(self) -> dict[str, object]:
        """What a list of sources says of this wire."""
        sources: list[dict[str, object]] = []
        for agency in AGENCIES:
            source: dict[str, object] = {"id": agency.id, "agency": agency.name, "language": agency.language}
            if agency.channel == "folder":
                source |= {"kind": "folder", "folder": str(self._folder)}
            else:
                fast = {"min": 2, "max": 10}
                source |= {"kind": "http", "url": self.feed_url(agency), "internal": True, "interval": fast}
            sources.append(source)
        return {"sources": sources}

    def start(self) -> None:
        """Bind, and begin to publish."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self._bound.wait(10)

    def stop(self) -> None:
        """Stop publishing and serving."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        application = web.Application()
        application.router.add_get("/{agency}.xml", self._feed)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self._bound.set()
        publishing = asyncio.create_task(self._publish())
        await self._stopped.wait()
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        await runner.cleanup()

    async def _publish(self) -> None:
        began = self._loop.time()
        count = 0
        while self._limit is None or count < self._limit:
            self.publish(self._world.draw(datetime.now(UTC).replace(microsecond=0)))
            count += 1
            await asyncio.sleep(max(0.0, began + count / self._rate - self._loop.time()))

    def publish(self, delivery: Delivery) -> None:
        """Put one delivery on its agency's channel."""
        self.truth.append(delivery)
        if delivery.agency.channel == "folder":
            self._drop(delivery)
            return
        feed = self._feeds[delivery.agency.id]
        for older in [d for d in feed if d.id == delivery.id]:
            feed.remove(older)
        feed.appendleft(delivery)

    def _drop(self, delivery: Delivery) -> None:
        # Written beside and renamed, as a careful sender does.
        name = f"{delivery.id}.txt"
        partial = self._folder / f".{name}.part"
        partial.write_text(render.text(delivery), encoding="utf-8")
        partial.rename(self._folder / name)

    async def _feed(self, request: web.Request) -> web.Response:
        agency = next((a for a in AGENCIES if a.id == request.match_info["agency"]), None)
        if agency is None or agency.channel == "folder":
            raise web.HTTPNotFound
        deliveries = list(self._feeds[agency.id])
        if agency.channel == "rss":
            body = render.rss(agency, deliveries, self.base)
        else:
            newest = deliveries[0].at if deliveries else datetime(2026, 1, 1, tzinfo=UTC)
            body = render.atom(agency, deliveries, self.base, newest)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=body, headers={"ETag": tag, "Content-Type": "application/xml"})
