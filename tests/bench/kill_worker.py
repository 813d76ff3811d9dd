"""A poller for `bench_kills.py`: on the embedded log, and killing itself where it is told to."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline import topics
from pipeline.bus.sqlite import SqliteBus
from pipeline.poll.interfaces import Save
from pipeline.poll.lanes import LanePublisher
from pipeline.poll.poller import Poller, PollLimits
from pipeline.poll.sources import Source
from pipeline.record import Headers
from pipeline.state.sources_sqlite import SqlitePollMemory

URL, FOLDER, MOMENT = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
LEASE = 0.5


def die(moment: str) -> None:
    """End as by SIGKILL where this is the moment."""
    if moment == MOMENT:
        os.kill(os.getpid(), signal.SIGKILL)


class Log:
    """The embedded log."""

    def __init__(self) -> None:
        self._publisher = LanePublisher(SqliteBus(FOLDER / "log.db").publisher(), topics.PRIORITY)

    def publish(
        self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> list[tuple[int, int]]:
        """Publish, and perhaps die before or after."""
        die("fetched")
        done = self._publisher.publish(topic, records)
        die("published")
        return done


class Memory(SqlitePollMemory):
    """The memory in SQLite."""

    def save(self, saves: Sequence[Save], now: float) -> frozenset[str]:
        """Save, and perhaps die after."""
        fenced = super().save(saves, now)
        if any(marks for _, _, _, marks, _ in saves):
            die("saved")
        return fenced


source = Source.model_validate({"id": "wire", "url": URL, "internal": True, "interval": {"min": 1, "max": 1}})
poller = Poller([source], Log(), Memory(FOLDER / "poll.db"), limits=PollLimits(first_spread=0.0, lease=LEASE))
asyncio.run(poller.run(asyncio.Event()))
