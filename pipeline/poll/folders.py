"""All drop folders of one process, each on a task of its own."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pipeline.errors import Transient
from pipeline.poll.dead_letters import DeadLetters
from pipeline.poll.folder import FolderWatch
from pipeline.poll.interfaces import PollObserver, Publisher
from pipeline.poll.reading import DocumentReader
from pipeline.poll.schedule import FAILING_AFTER
from pipeline.poll.sources import Source


class FolderKeeper:
    """Scans each folder every `interval` seconds, one scan of a folder at a time."""

    def __init__(
        self,
        publisher: Publisher,
        reader: DocumentReader,
        raw_topic: str,
        observer: PollObserver,
        clock: Callable[[], datetime],
        interval: float,
        dead_letters: DeadLetters | None = None,
    ) -> None:
        """The arguments are those of `FolderWatch`."""
        self._publisher = publisher
        self._reader = reader
        self._topic = raw_topic
        self._observer = observer
        self._clock = clock
        self._interval = interval
        self._letters = dead_letters
        self._wanted: dict[str, Source] = {}
        self._tasks: dict[str, tuple[Source, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()

    def update(self, sources: Iterable[Source]) -> None:
        """Watch the folders among these sources, from now on."""
        self._wanted = {s.id: s for s in sources if s.kind == "folder"}
        self._changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set; then finish the scans under way."""
        stopped = asyncio.create_task(stop.wait())
        with ThreadPoolExecutor(4, thread_name_prefix="folder") as executor:
            while not stop.is_set():
                self._changed.clear()
                for name, (source, task) in list(self._tasks.items()):
                    if self._wanted.get(name) != source:
                        task.cancel()
                        del self._tasks[name]
                for name in self._wanted.keys() - self._tasks.keys():
                    source = self._wanted[name]
                    self._tasks[name] = (source, asyncio.create_task(self._keep(source, executor, stop)))
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait([stopped, changed], return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            await asyncio.gather(*(task for _, task in self._tasks.values()), return_exceptions=True)

    async def _keep(self, source: Source, executor: ThreadPoolExecutor, stop: asyncio.Event) -> None:
        watch = FolderWatch(
            source,
            self._publisher,
            self._reader,
            raw_topic=self._topic,
            observer=self._observer,
            clock=self._clock,
            dead_letters=self._letters,
        )
        loop, failures = asyncio.get_running_loop(), 0
        while not stop.is_set():
            try:
                await loop.run_in_executor(executor, watch.scan)
                failures = 0
            except Transient:
                failures += 1
            if failures in (0, FAILING_AFTER):
                self._observer.state(source.id, "failing" if failures else "ok")
            await asyncio.sleep(self._interval * min(1 + failures, 20))
        await loop.run_in_executor(executor, watch.close)
