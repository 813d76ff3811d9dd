"""Released stories as they come, for whoever watches the console: read once, told to all."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pipeline import topics
from pipeline.bus.log import Bus, Reader
from pipeline.errors import NewswireError, Permanent
from pipeline.record import Record
from pipeline.story import Story, from_ninjs

REMEMBERED = 200
_BEHIND = 500
"""Stories a slow browser may be behind before it misses some."""
_SINCE_S = 3_600


class StoryFeed:
    """Follows `wire.stories` on a thread of its own, from the first watcher on."""

    def __init__(self, bus: Bus, now: Callable[[], datetime]) -> None:
        self._bus = bus
        self._now = now
        self._lock = threading.Lock()
        self._recent: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[dict[str, Any]]]] = set()
        self._thread: threading.Thread | None = None
        self._reader: Reader | None = None
        self._stopped = threading.Event()

    def watch(self) -> tuple[list[dict[str, Any]], "asyncio.Queue[dict[str, Any]]"]:
        """What came lately, oldest first, and a queue of what comes. Call on the event loop."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BEHIND)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="console", daemon=True)
                self._thread.start()
            self._watchers.add((asyncio.get_running_loop(), queue))
            return list(self._recent), queue

    def leave(self, queue: "asyncio.Queue[dict[str, Any]]") -> None:
        """This watcher is gone."""
        with self._lock:
            self._watchers = {watcher for watcher in self._watchers if watcher[1] is not queue}

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._reader is not None:
            self._reader.close()
        if self._thread is not None:
            self._thread.join(5)

    def _follow(self) -> None:
        since = int((self._now().timestamp() - _SINCE_S) * 1000)
        while not self._stopped.is_set():
            self._reader = self._bus.reader()
            try:
                for record in self._reader.read(topics.STORIES, since_ms=since, follow=True, timeout=0.5):
                    self._tell(record)
                    since = record.timestamp + 1
            except NewswireError:
                # The log is away; the console shows what it has and tries again.
                self._stopped.wait(2)

    def _tell(self, record: Record) -> None:
        with suppress(Permanent):
            summary = summarised(record, from_ninjs(record.value or b""))
            with self._lock:
                self._recent.append(summary)
                watchers = list(self._watchers)
            for loop, queue in watchers:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_put, queue, summary)


def _put(queue: "asyncio.Queue[dict[str, Any]]", summary: dict[str, Any]) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(summary)


def summarised(record: Record, story: Story) -> dict[str, Any]:
    """What the page shows of a story; plain text all through."""
    extension = story.newswire
    relation = extension.relation
    return {
        "uri": story.uri,
        "version": story.version,
        "status": story.pub_status or "usable",
        "headline": story.headline,
        "text": story.text[:600],
        "agency": extension.agency or "",
        "language": story.language or "",
        "dateline": " · ".join(extension.dateline.places) if extension.dateline else "",
        "signals": list(extension.signals),
        "topics": [subject.name for subject in story.subjects[:3] if subject.name],
        "kind": relation.kind if relation else "new",
        "of": relation.of if relation else None,
        "similarity": relation.similarity if relation else None,
        "people": [person.name for person in story.people[:6] if person.name],
        "points": [_point(place.geo_json) for place in story.places if place.rel == "dateline" and place.geo_json],
        "at": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(),
    }


def _point(geo: Any) -> list[float] | None:
    match geo:
        case {"coordinates": [int() | float() as east, int() | float() as north, *_]}:
            return [float(east), float(north)]
    return None
