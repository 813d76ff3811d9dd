"""What the console asks for: the page, the state of things, and stories as they come."""

import asyncio
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry

from pipeline import __version__, topics
from pipeline.bus.log import Bus
from pipeline.console.feed import StoryFeed
from pipeline.errors import NewswireError
from pipeline.letters import letters
from pipeline.observe.server import Health
from pipeline.release.shelf import KILLED, standing
from pipeline.story import from_ninjs

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILES = {
    "index.html": "text/html",
    "console.js": "text/javascript",
    "console.css": "text/css",
    "land.json": "application/json",
}
_COOKIE = "newswire"
_SHOWN = 200
_BEAT_S = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Console:
    """The console of one process. `sources` and `search` say what the process knows of them, or nothing."""

    def __init__(
        self,
        bus: Bus,
        registry: CollectorRegistry,
        health: Callable[[], list[Health]],
        *,
        now: Callable[[], datetime],
        groups: Iterable[tuple[str, str, Iterable[str]]],
        sources: Callable[[], list[dict[str, Any]]],
        search: Callable[[str], list[bytes]] | None = None,
        token: str = "",
    ) -> None:
        """`groups` are the readers of the journey: stage, group, topics. A `token`, where set, is asked for."""
        self._bus = bus
        self._registry = registry
        self._health = health
        self._groups = [(stage, group, list(read)) for stage, group, read in groups]
        self._sources = sources
        self._search = search
        self._token = token
        self._feed = StoryFeed(bus, now)
        static = files("pipeline.console") / "static"
        self._static = {name: (static / name).read_bytes() for name in _FILES}
        self._streams: set[asyncio.Task[Any]] = set()

    def attach(self, application: web.Application) -> None:
        """Add the routes; those of health and metrics stay open, the console's own ask for the token."""
        router = application.router
        router.add_get("/", self._guarded(self._file))
        router.add_get("/favicon.ico", _nothing)
        router.add_get("/console/stories", self._guarded(self._stories))
        for name, ask in (
            ("state", self._state),
            ("lag", self._lag),
            ("sources", self._sources_of),
            ("held", self._held),
            ("letters", self._letters),
            ("search", self._found),
        ):
            router.add_get(f"/console/{name}", self._guarded(_as_json(ask)))
        router.add_get("/console/{file}", self._guarded(self._file))
        application.on_shutdown.append(self._close)

    async def _close(self, _application: web.Application) -> None:
        for stream in list(self._streams):
            stream.cancel()
        await asyncio.to_thread(self._feed.close)

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if not self._token:
                return await handler(request)
            given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.cookies.get(_COOKIE, "")
            asked = request.query.get("token", "")
            if hmac.compare_digest(asked.encode(), self._token.encode()):
                # Out of the address bar at once, where it would be seen and remembered.
                answer = web.HTTPSeeOther(request.path)
                answer.set_cookie(_COOKIE, self._token, httponly=True, samesite="Strict")
                return answer
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return web.Response(status=401, text="the console asks for a token: /?token=…", headers=_HEADERS)
            return await handler(request)

        return guard

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("file", "index.html")
        if name not in self._static:
            return web.Response(status=404, text="there is nothing here", headers=_HEADERS)
        return web.Response(body=self._static[name], content_type=_FILES[name], charset="utf-8", headers=_HEADERS)

    async def _stories(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        recent, queue = self._feed.watch()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a handler runs in one
        self._streams.add(task)
        try:
            for story in recent:
                await response.write(_event(story))
            while True:
                try:
                    await response.write(_event(await asyncio.wait_for(queue.get(), _BEAT_S)))
                except TimeoutError:
                    await response.write(b": still here\n\n")
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._streams.discard(task)
            self._feed.leave(queue)
        return response

    def _state(self, _query: str) -> dict[str, Any]:
        services = [{"name": h.name, "ready": h.ready, "age": round(h.age, 1)} for h in self._health()]
        counts: dict[str, dict[str, float]] = {}
        names = {
            "newswire_records_received_total": "received",
            "newswire_records_sent_total": "sent",
            "newswire_records_discarded_total": "discarded",
            "newswire_dead_letters_total": "dead",
            "newswire_held_stories": "held",
        }
        for metric in self._registry.collect():
            for sample in metric.samples:
                if sample.name in names:
                    stage = counts.setdefault(sample.labels.get("stage", "release"), {})
                    stage[names[sample.name]] = stage.get(names[sample.name], 0) + sample.value
        return {"version": __version__, "services": services, "counts": counts}

    def _lag(self, _query: str) -> list[dict[str, Any]]:
        return [
            {"stage": stage, "lag": sum(self._bus.group_lag(group, read).values())}
            for stage, group, read in self._groups
        ]

    def _sources_of(self, _query: str) -> list[dict[str, Any]]:
        return self._sources()

    def _held(self, _query: str) -> list[dict[str, Any]]:
        reader = self._bus.reader()
        try:
            entries = [e for e in standing(reader.read(topics.HELD)).values() if e.reason != KILLED]
        finally:
            reader.close()
        entries.sort(key=lambda e: (e.until is None, e.until))
        return [
            {
                "uri": entry.uri,
                "version": entry.version,
                "reason": entry.reason,
                "until": entry.until.isoformat() if entry.until else None,
                "headline": from_ninjs(entry.record.value or b"").headline,
            }
            for entry in entries[:_SHOWN]
        ]

    def _letters(self, _query: str) -> list[dict[str, Any]]:
        counts = Counter((letter.topic, letter.stage, letter.code) for letter in letters(self._bus))
        return [
            {"topic": topic, "stage": stage, "error": code, "count": count}
            for (topic, stage, code), count in counts.most_common(_SHOWN)
        ]

    def _found(self, query: str) -> list[dict[str, Any]]:
        if self._search is None or not query.strip():
            return []
        # Words of people, not a query language: each is wanted as it stands.
        words = " ".join(f'"{word}"' for word in query.replace('"', " ").split())
        stories = [from_ninjs(document) for document in self._search(words)]
        return [
            {
                "uri": s.uri,
                "version": s.version,
                "headline": s.headline,
                "agency": s.newswire.agency,
                "text": s.text[:300],
            }
            for s in stories
        ]


def _as_json(ask: Callable[[str], object]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = orjson.dumps(await asyncio.to_thread(ask, request.query.get("q", "")))
        except NewswireError as error:
            return web.json_response({"error": str(error)}, status=503, headers=_HEADERS)
        return web.Response(body=body, content_type="application/json", headers=_HEADERS)

    return answer


async def _nothing(_request: web.Request) -> web.Response:
    return web.Response(status=204, headers=_HEADERS)


def _event(story: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(story) + b"\n\n"
