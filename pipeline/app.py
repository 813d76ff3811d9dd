"""The composition root: builds everything from Settings. Nothing else reads them."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, Info, PlatformCollector, ProcessCollector

from pipeline import __version__, topics
from pipeline.bus.log import Bus, TopicSpec
from pipeline.console import Console
from pipeline.deduplicate import DeduplicateStage, StoryIndex
from pipeline.enrich import EnrichStage, default_enrichers, load_enrichers
from pipeline.errors import Fatal
from pipeline.instance import claim
from pipeline.normalise import Hints, NormaliseStage
from pipeline.observe.log import logger
from pipeline.observe.poll import PollMetrics
from pipeline.observe.release import ReleaseWatcher
from pipeline.observe.server import Health
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.poll.dead_letters import DeadLetters
from pipeline.poll.doorway import Doorway
from pipeline.poll.health import healths
from pipeline.poll.lanes import LanePublisher
from pipeline.poll.poller import Poller, PollLimits
from pipeline.poll.push import PushEndpoint
from pipeline.poll.reading import DocumentReader
from pipeline.poll.reload import SourceList
from pipeline.poll.sources import load_sources
from pipeline.poll.websub import Keys
from pipeline.record import BatchStage, Stage
from pipeline.release import Policy, ReleaseStage
from pipeline.settings import (
    STAGES,
    JsonLinesSink,
    PolicySettings,
    PostgresSink,
    Settings,
    SinkSettings,
    SqliteSink,
    WebhookSink,
)
from pipeline.sink.interface import Sink
from pipeline.sink.sqlite import search
from pipeline.state.sources_sqlite import SqlitePollMemory
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.supervise import Service
from pipeline.work.deadletter import SUFFIX, dead_letter_headers
from pipeline.work.retry import RetryPolicy
from pipeline.work.sinking import SinkStage
from pipeline.work.worker import SinkingStage, Worker

if TYPE_CHECKING:
    from pipeline.state.sources_redis import RedisPollMemory


def make_bus(settings: Settings) -> Bus:
    """The log that the settings name."""
    if settings.bus.kind == "kafka":
        from pipeline.bus.kafka import KafkaBus  # noqa: PLC0415  # the embedded log runs without the client

        kafka = settings.bus.kafka
        return KafkaBus(
            kafka.bootstrap_servers,
            client_id=kafka.client_id,
            security=kafka.security(),
            transaction_timeout_ms=int(kafka.transaction_timeout * 1000),
            session_timeout_ms=int(settings.bus.session_timeout * 1000),
        )
    from pipeline.bus.sqlite import SqliteBus  # noqa: PLC0415  # and Kafka runs without the embedded log

    return SqliteBus(_parent_made(settings.bus.path), session_timeout=settings.bus.session_timeout)


def make_index(settings: Settings) -> StoryIndex:
    """The memory of stories."""
    state = settings.state
    keep = int(state.keep_days * 86_400)
    if state.kind == "redis":
        from pipeline.state.stories_redis import RedisStoryIndex  # noqa: PLC0415  # SQLite runs without the client

        return RedisStoryIndex(
            state.url.get_secret_value(), prefix=state.prefix, timeout=state.timeout, keep_seconds=keep
        )
    return SqliteStoryIndex(_parent_made(settings.state.path / "stories.db"), keep_seconds=keep)


def make_poll_memory(settings: Settings) -> "SqlitePollMemory | RedisPollMemory":
    """The memory of polling."""
    state = settings.state
    if state.kind == "redis":
        from pipeline.state.sources_redis import RedisPollMemory  # noqa: PLC0415  # SQLite runs without the client

        return RedisPollMemory(state.url.get_secret_value(), prefix=state.prefix, timeout=state.timeout)
    return SqlitePollMemory(_parent_made(settings.state.path / "sources.db"))


def make_sink(name: str, settings: SinkSettings) -> Sink:
    """A sink by its settings; not opened yet."""
    match settings:
        case JsonLinesSink():
            from pipeline.sink import jsonl  # noqa: PLC0415  # only what is configured is loaded

            return jsonl.JsonLinesSink(name, settings.path, rotate_bytes=settings.rotate_bytes)
        case SqliteSink():
            from pipeline.sink import sqlite  # noqa: PLC0415  # only what is configured is loaded

            return sqlite.SqliteSink(name, settings.path)
        case WebhookSink():
            from pipeline.sink import webhook  # noqa: PLC0415  # only what is configured is loaded

            return webhook.WebhookSink(
                name,
                settings.url,
                secret=settings.secret.get_secret_value().encode() if settings.secret is not None else b"",
                headers=settings.headers,
                concurrency=settings.concurrency,
                timeout=settings.timeout,
            )
        case PostgresSink():
            try:
                from pipeline.sink import postgres  # noqa: PLC0415  # its client is an extra
            except ImportError as error:
                raise Fatal(f"sink {name}: install newswire[postgres] ({error})") from error

            return postgres.PostgresSink(
                name, settings.dsn.get_secret_value(), schema=settings.table_schema, timeout=settings.timeout
            )


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """The topics as the settings want them."""
    wanted = settings.topics
    return topics.specs(
        partitions=wanted.partitions, replication=wanted.replication, retention_hours=wanted.retention_hours
    )


def readers(settings: Settings) -> list[tuple[str, str, Sequence[str]]]:
    """Every stage and sink that reads: its name, its consumer group, and its topics."""
    stages: list[tuple[str, str, Sequence[str]]] = [
        (stage, topics.group(stage), consumed) for stage, consumed in topics.CONSUMED.items()
    ]
    return stages + [
        (f"sink-{name}", topics.group(f"sink-{name}"), sink_topics(sink)) for name, sink in settings.sinks.items()
    ]


def sink_topics(settings: SinkSettings) -> Sequence[str]:
    """What a sink reads: with the kills ahead, unless it keeps a log in the order of the stories."""
    return (topics.STORIES,) if isinstance(settings, JsonLinesSink) else (topics.KILLS, topics.STORIES)


def policies(settings: Settings) -> dict[str, Policy]:
    """The release policies by source; "" is that of all others."""

    def policy(of: PolicySettings) -> Policy:
        return Policy(embargoed=of.embargoed, withheld=of.withheld, notices=of.notices)

    return {"": policy(settings.release)} | {name: policy(own) for name, own in settings.release.sources.items()}


def _parent_made(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fatal(f"{path.parent}: can't make this folder: {error.strerror}") from error
    return path


Close = Callable[[], None]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class PollService:
    """The poller as a service of the supervisor: its event loop on the service's thread."""

    name = "poll"

    def __init__(self, poller: Poller, close: Close) -> None:
        self._poller = poller
        self._close = close

    @property
    def ready(self) -> bool:
        """Whether polling has begun."""
        return self._poller.ready

    @property
    def age(self) -> float:
        """Seconds since the loop last went round."""
        progressed = self._poller.progressed_at
        return time.monotonic() - progressed if progressed else 0.0

    def run(self, stop: threading.Event) -> None:
        """Poll until stopped."""
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._poll(stop))
        finally:
            self._close()

    async def _poll(self, stop: threading.Event) -> None:
        ended = asyncio.Event()

        async def watch() -> None:
            # A thread's event can't be awaited without a thread of its own.
            while not stop.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            ended.set()

        watching = asyncio.create_task(watch())
        try:
            await self._poller.run(ended)
        finally:
            watching.cancel()


class WorkService:
    """A worker as a service of the supervisor."""

    def __init__(self, worker: Worker, observer: StageObserver, close: Close) -> None:
        """`close` lets go of what the stage holds, once the worker is done."""
        self.name = worker.name
        self._worker = worker
        self._observer = observer
        self._close = close

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned."""
        return self._worker.ready

    @property
    def age(self) -> float:
        """Seconds since the loop last went round."""
        return time.monotonic() - self._observer.progressed_at

    def run(self, stop: threading.Event) -> None:
        """Work until stopped."""
        try:
            self._worker.run(stop)
        finally:
            self._close()


class App:
    """One process: its log, its metrics and the services it was asked to run."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.now = now
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Info("newswire_build", "The running release.", registry=self.registry).info({"version": __version__})
        self.work_metrics = WorkMetrics(self.registry)
        self._release_watcher = ReleaseWatcher(self.registry)
        self.bus = make_bus(settings)
        self._poll_metrics = PollMetrics(self.registry, per_source=settings.poll.metrics_per_source)
        self._polling = False
        self._doorway = Doorway()
        self._lists: list[SourceList] = []
        self.instance, self._give_back = (
            (settings.instance, _nothing) if settings.instance else claim(settings.state.path / "instances")
        )

    def reload_sources(self) -> None:
        """Have the list of sources read again, changed or not. May be called from a signal handler."""
        for one in self._lists:
            one.ask()

    def _source_list(self, refused: Callable[[Sequence[str]], None]) -> SourceList:
        self._lists.append(SourceList(self.settings.poll.sources, refused))
        return self._lists[-1]

    def provision(self) -> None:
        """Create the topics that are missing; the embedded log needs no operator for that."""
        self.bus.apply(topic_specs(self.settings))

    def services(self, stages: Sequence[str]) -> list[Callable[[], Service]]:
        """Factories of the services of the given stages; `sink` stands for every sink, `sink-NAME` for one."""
        factories: list[Callable[[], Service]] = []
        for stage in stages or STAGES:
            if stage == "poll":
                self._polling = True
                factories.append(self._poll_service)
            elif stage == "sink":
                factories += [self._sink_factory(name) for name in self.settings.sinks]
            elif stage.startswith("sink-") and stage.removeprefix("sink-") in self.settings.sinks:
                factories.append(self._sink_factory(stage.removeprefix("sink-")))
            elif stage in topics.CONSUMED:
                factories.append(self._stage_factory(stage))
            else:
                known = ", ".join((*STAGES, *(f"sink-{name}" for name in self.settings.sinks)))
                raise Fatal(f"there is no stage {stage!r}; the stages are: {known}")
        return factories

    def extend(self, application: web.Application, health: Callable[[], list[Health]]) -> None:
        """Add to the process's HTTP side the console, and where stories are pushed, if they are."""
        token = self.settings.http.token
        # It shows what is under embargo, so beyond this machine it asks for a token or is not there.
        if (token is not None and token.get_secret_value()) or self.settings.http.host in _LOOPBACK:
            self._console(health).attach(application)
        if not self._polling:
            return
        publisher, reader = self.bus.publisher(), DocumentReader()
        sources = load_sources(self.settings.poll.sources)
        lanes = LanePublisher(publisher, topics.PRIORITY)
        PushEndpoint(
            sources,
            lanes,
            reader,
            raw_topic=topics.RAW,
            clock=self.now,
            observer=self._poll_metrics,
            dead_letters=_dead_letters(),
            watch=self._source_list(lambda _mistakes: None),
        ).attach(application)
        if self._websub() is not None:
            self._doorway.attach(application)

        async def let_go(_application: web.Application) -> None:
            await asyncio.to_thread(publisher.close)
            await asyncio.to_thread(reader.close)

        application.on_cleanup.append(let_go)

    def _console(self, health: Callable[[], list[Health]]) -> Console:
        tables = [sink.path for sink in self.settings.sinks.values() if isinstance(sink, SqliteSink)]
        token = self.settings.http.token
        return Console(
            self.bus,
            self.registry,
            health,
            now=self.now,
            groups=readers(self.settings),
            sources=self._source_healths,
            search=(lambda query: search(tables[0], query)) if tables else None,
            token=token.get_secret_value() if token is not None else "",
        )

    def _source_healths(self) -> list[dict[str, object]]:
        if not self.settings.poll.sources.exists():
            return []
        memory = make_poll_memory(self.settings)
        try:
            found = healths(load_sources(self.settings.poll.sources), memory, self.now())
        finally:
            memory.close()
        return [msgspec.to_builtins(one) for one in found]

    def _list_refused(self, mistakes: Sequence[str]) -> None:
        logger("poll").error("the changed list of sources was refused; the old one stays", mistakes=list(mistakes))

    def close(self) -> None:
        """Close the log and give back the process's name."""
        self.bus.close()
        self._give_back()

    def _poll_service(self) -> Service:
        poll = self.settings.poll
        sources = self._source_list(self._list_refused)
        publisher = self.bus.publisher()
        memory = make_poll_memory(self.settings)

        def close() -> None:
            publisher.close()
            memory.close()

        poller = Poller(
            load_sources(poll.sources),
            LanePublisher(publisher, topics.PRIORITY),
            memory,
            raw_topic=topics.RAW,
            clock=self.now,
            observer=self._poll_metrics,
            limits=PollLimits(concurrency=poll.concurrency),
            contact=poll.contact,
            watch=sources,
            dead_letters=_dead_letters(),
            websub=self._websub(),
        )
        return PollService(poller, close)

    def _websub(self) -> tuple[Keys, Doorway] | None:
        poll = self.settings.poll
        if not poll.websub_callback or poll.websub_secret is None:
            return None
        return Keys(poll.websub_callback, poll.websub_secret.get_secret_value()), self._doorway

    def _stage_factory(self, name: str) -> Callable[[], Service]:
        def make() -> Service:
            stage, close = self._stage(name)
            return self._work_service(stage, topics.CONSUMED[name], close)

        return make

    def _sink_factory(self, name: str) -> Callable[[], Service]:
        def make() -> Service:
            sink = make_sink(name, self.settings.sinks[name])
            return self._work_service(SinkStage(sink), sink_topics(self.settings.sinks[name]), sink.close)

        return make

    def _stage(self, name: str) -> tuple[Stage | BatchStage, Close]:
        match name:
            case "normalise":
                return NormaliseStage(hints=self._hints()), _nothing
            case "deduplicate":
                index = make_index(self.settings)
                return DeduplicateStage(index), index.close
            case "enrich":
                names = self.settings.enrich.enrichers
                enrichers = load_enrichers(names) if names else default_enrichers()
                return EnrichStage(enrichers, clock=time.perf_counter), _nothing
            case "release":
                reader = self.bus.reader()
                stage = ReleaseStage(
                    self.now,
                    lambda: reader.read(topics.HELD, settled=True),
                    policies=policies(self.settings),
                    watcher=self._release_watcher,
                )
                return stage, reader.close
        raise Fatal(f"there is no stage {name!r}")

    def _hints(self) -> dict[str, Hints]:
        if not self.settings.poll.sources.exists():
            return {}
        sources = load_sources(self.settings.poll.sources)
        return {s.id: Hints(agency=s.agency, language=s.language, zone=s.timezone) for s in sources}

    def _work_service(self, stage: Stage | BatchStage | SinkingStage, consumed: Sequence[str], close: Close) -> Service:
        work = self.settings.work
        observer = StageObserver(self.work_metrics, stage.name)
        try:
            subscription = self.bus.subscribe(
                topics.group(stage.name),
                consumed,
                member=self.instance,
                max_records=work.batch,
                urgent=[topic for topic in consumed if topic in topics.URGENT],
            )
        except BaseException:
            close()
            raise
        worker = Worker(stage, subscription, observer, retry=RetryPolicy(attempts=work.attempts))
        return WorkService(worker, observer, close)


def _dead_letters() -> DeadLetters:
    return DeadLetters(dead_letter_headers, topics.RAW, SUFFIX, __version__)


def _nothing() -> None:
    """For a stage that holds nothing."""
