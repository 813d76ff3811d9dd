"""A deduplicating process for the kill run.

python dedup_worker.py LOG STATE PAUSE
"""

import sys
import time
from threading import Event

from prometheus_client import CollectorRegistry

from pipeline.bus.sqlite import SqliteBus
from pipeline.deduplicate import DeduplicateStage
from pipeline.observe import log
from pipeline.observe.stage import StageObserver, WorkMetrics
from pipeline.state.stories_sqlite import SqliteStoryIndex
from pipeline.work.worker import Worker


class Slow(DeduplicateStage):
    """Leaves room for a kill between what is remembered and what is committed."""

    pause = 0.0

    def process_batch(self, records):
        print("batch", flush=True)
        results = super().process_batch(records)
        time.sleep(self.pause)
        return results


if __name__ == "__main__":
    log.configure("error")
    Slow.pause = float(sys.argv[3])
    bus = SqliteBus(sys.argv[1])
    stage = Slow(SqliteStoryIndex(sys.argv[2]))
    subscription = bus.subscribe("deduplicate", ["wire.normalised"], member="one", max_records=40)
    Worker(stage, subscription, StageObserver(WorkMetrics(CollectorRegistry()), stage.name)).run(Event())
