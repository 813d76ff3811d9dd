"""Randomised schedules with crashes, on the embedded log: nothing out early, nothing lost, nothing twice."""

import random
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from prometheus_client import CollectorRegistry

from pipeline.bus.log import TopicSpec
from pipeline.bus.sqlite import SqliteBus
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.release import ReleaseStage
from pipeline.story import CANCELED, Newswire, Relation, Story, Text, from_ninjs, to_ninjs
from pipeline.testing import FakeClock
from pipeline.work.worker import Worker

START = datetime(2026, 1, 1, tzinfo=UTC)
TOPICS = [
    "wire.enriched",
    "wire.enriched.priority",
    "wire.control",
    "wire.held",
    "wire.stories",
    "wire.latest",
    "wire.kills",
]
CONSUMED = TOPICS[:3]


class CrashError(BaseException):
    """The process is gone."""


class Crashing:
    """A subscription whose process dies when it is told to: before the commit or just after it."""

    def __init__(self, inner, chance, likely):
        self._inner, self._chance, self._likely = inner, chance, likely

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def generation(self):
        return self._inner.generation

    @property
    def assignment(self):
        return self._inner.assignment

    @contextmanager
    def transaction(self):
        fate = self._chance.random()
        with self._inner.transaction() as transaction:
            yield transaction
            if fate < self._likely:
                raise CrashError
        if fate > 1 - self._likely:
            raise CrashError


class Schedule:
    """Versions of a few stories, a clock that moves on, and workers that die."""

    def __init__(self, path, seed, registry):
        self.chance = random.Random(seed)
        self.clock = FakeClock(START)
        self.bus = SqliteBus(path)
        self.bus.apply([TopicSpec(t, 2, compact=t in ("wire.held", "wire.latest")) for t in TOPICS])
        self.metrics = registry
        self.publisher = self.bus.publisher()
        self.versions = Counter()
        self.killed = {}
        self.crashes = 0
        self.worker = self._start()

    def _start(self):
        stage = ReleaseStage(self.clock, lambda: self.bus.reader().read("wire.held", settled=True))
        subscription = self.bus.subscribe(
            "release", CONSUMED, member="one", max_records=self.chance.choice([1, 3, 50]), urgent=CONSUMED[1:]
        )
        observer = StageObserver(self.metrics, stage.name)
        return Worker(stage, Crashing(subscription, self.chance, 0.15), observer, poll_timeout=0)

    def publish(self):
        uri = f"urn:{self.chance.randrange(4)}"
        if uri in self.killed:
            return
        self.versions[uri] += 1
        killing = self.chance.random() < 0.1
        until = START + timedelta(seconds=self.chance.randrange(100)) if self.chance.random() < 0.6 else None
        story = Story(
            uri=uri,
            version=str(self.versions[uri]),
            pub_status=CANCELED if killing else "usable",
            embargoed_until=until,
            bodies=(Text("copy"),),
            newswire=Newswire(relation=Relation(kind="kill" if killing else "new")),
        )
        if killing:
            self.killed[uri] = self.versions[uri]
        topic = "wire.enriched.priority" if killing else "wire.enriched"
        self.publisher.publish(topic, [(uri.encode(), to_ninjs(story), ())])

    def step(self):
        try:
            self.worker.step(Event())
        except CrashError:
            self.crashes += 1
            self.worker = self._start()

    def released(self):
        return [from_ninjs(r.value or b"") for r in self.bus.reader().read("wire.stories")]

    def run(self, moves):
        for _ in range(moves):
            what = self.chance.random()
            if what < 0.35:
                self.publish()
            elif what < 0.6:
                self.clock.advance(self.chance.uniform(0, 8))
            else:
                self.step()
                early = [
                    s
                    for s in self.released()
                    if s.pub_status != CANCELED and (s.embargoed_until or START) > self.clock()
                ]
                assert not early
        self.clock.advance(1000)
        for _ in range(40):
            self.step()

    def judge(self):
        stories = self.released()
        twice = [key for key, n in Counter((s.uri, s.version) for s in stories).items() if n > 1]
        assert not twice
        for uri, last in self.versions.items():
            numbers = [int(s.version or 0) for s in stories if s.uri == uri]
            # The newest version always comes out in the end, and after it nothing older of a killed story does.
            assert last in numbers
            if uri in self.killed:
                assert numbers[-1] == last
            else:
                assert numbers == sorted(numbers)
        assert all(e.value is None or from_ninjs(e.value).pub_status == CANCELED for e in self._shelf())

    def _shelf(self):
        return {r.key: r for r in self.bus.reader().read("wire.held")}.values()


def run_schedules(folder, seeds):
    registry = WorkMetrics(CollectorRegistry())
    crashes = released = 0
    for seed in seeds:
        schedule = Schedule(folder / f"{seed}.db", seed, registry)
        try:
            schedule.run(40)
            schedule.judge()
            crashes += schedule.crashes
            released += len(schedule.released())
        finally:
            schedule.bus.close()
            for file in folder.glob(f"{seed}.db*"):
                file.unlink()
    print(f"\n{len(seeds)} schedules, {crashes} crashes, {released} releases: 0 early, 0 lost, 0 twice")
    return crashes


def test_embargoes_hold_through_crashes(tmp_path):
    assert run_schedules(tmp_path, range(60)) > 60


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_embargoes_hold_through_crashes_a_thousand_times(tmp_path):
    run_schedules(tmp_path, range(1_000, 2_000))
