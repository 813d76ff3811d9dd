"""What a worker tells of its stage: counts, times and log lines, wrapped round the stage from outside."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Metric

from pipeline.observe.log import logger
from pipeline.record import Record, Reject

BATCH_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class WorkMetrics:
    """The metric families of all workers of a process; children are made once per stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Metric:
            return Metric(name, text, ["stage", *labels], registry=registry)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(name, text, ["stage"], registry=registry, buckets=BATCH_BUCKETS)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, ["stage", *labels], registry=registry)

        self.received = counter("newswire_records_received_total", "Records taken in and committed.", "topic")
        self.settled = counter("newswire_records_settled_total", "Records that reached an end, whichever.")
        self.sent = counter("newswire_records_sent_total", "Records sent on, by where to.", "topic")
        self.discarded = counter("newswire_records_discarded_total", "Records not passed on, by design.", "reason")
        self.dead = counter("newswire_dead_letters_total", "Records refused and dead-lettered.", "error_type")
        self.retries = counter("newswire_retries_total", "Attempts repeated after a transient error.", "error_type")
        self.aborted = counter("newswire_batches_aborted_total", "Batches given back to the log.", "error_type")
        self.process = histogram("newswire_process_duration_seconds", "Deciding on one batch.")
        self.transaction = histogram("newswire_transaction_duration_seconds", "Sending and committing one batch.")
        self.batch = Histogram(
            "newswire_batch_records",
            "Records in a batch.",
            ["stage"],
            registry=registry,
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
        )
        self.lag = gauge("newswire_consumer_lag_records", "Records not yet consumed.", "topic", "partition")
        self.progress = gauge("newswire_last_progress_timestamp_seconds", "When the loop last went round.")
        self.age = gauge("newswire_consumer_lag_seconds", "Age of the oldest record in the batch last committed.")


class StageObserver:
    """The observer of one worker. Not thread-safe; `progressed_at` may be read from any thread."""

    def __init__(self, metrics: WorkMetrics, stage: str) -> None:
        self._metrics = metrics
        self._stage = stage
        self._log = logger("work").bind(stage=stage)
        self._children: dict[tuple[str, str], Metric] = {}
        self._lag_gauges: dict[tuple[str, int], Gauge] = {}
        self._process = metrics.process.labels(stage)
        self._transaction = metrics.transaction.labels(stage)
        self._batch = metrics.batch.labels(stage)
        self._progress = metrics.progress.labels(stage)
        self._settled = metrics.settled.labels(stage)
        self._age = metrics.age.labels(stage)
        self.progressed_at = time.monotonic()

    def progressed(self, lag: Mapping[tuple[str, int], int]) -> None:
        """The loop went round; `lag` is in records per owned partition."""
        self.progressed_at = time.monotonic()
        self._progress.set_to_current_time()
        for gone in self._lag_gauges.keys() - lag.keys():
            del self._lag_gauges[gone]
            self._metrics.lag.remove(self._stage, gone[0], str(gone[1]))
        for partition, behind in lag.items():
            gauge = self._lag_gauges.get(partition)
            if gauge is None:
                gauge = self._metrics.lag.labels(self._stage, partition[0], str(partition[1]))
                self._lag_gauges[partition] = gauge
            gauge.set(behind)

    def committed(
        self, records: Sequence[Record], tally: Counter[tuple[str, str]], deciding: float, sending: float
    ) -> None:
        """A batch was committed; `tally` counts its results by kind and label, times are in seconds."""
        for topic, count in Counter(record.topic for record in records).items():
            self._child("received", topic).inc(count)
        self._settled.inc(len(records))
        for (kind, label), count in tally.items():
            self._child(kind, label).inc(count)
        self._process.observe(deciding)
        self._transaction.observe(sending)
        self._batch.observe(len(records))
        oldest = min((r.timestamp for r in records if r.timestamp), default=0)
        if oldest:
            self._age.set(max(0.0, time.time() - oldest / 1000))
        self._log.debug("committed", records=len(records), seconds=round(deciding + sending, 4))

    def retried(self, error: BaseException) -> None:
        """An attempt failed and will be repeated."""
        self._metrics.retries.labels(self._stage, type(error).__name__).inc()
        self._log.warning("retrying", error=str(error))

    def batch_failed(self, error: BaseException, failures: int) -> None:
        """A batch was given back to the log, the `failures`-th in a row."""
        self._metrics.aborted.labels(self._stage, type(error).__name__).inc()
        self._log.error("batch given back", error=str(error), failures=failures)

    def dead_lettered(self, record: Record, reject: Reject) -> None:
        """One record goes to the dead letters if its batch commits."""
        self._log.warning(
            "dead letter",
            code=reject.code,
            why=reject.why[:500],
            uri=(record.key or b"").decode("utf-8", "replace"),
            record=record.coordinates,
            raw=record.raw_coordinates,
        )

    def _child(self, kind: str, label: str) -> Metric:
        # labels() costs 2 µs: keep what it gave.
        child = self._children.get((kind, label))
        if child is None:
            family = {
                "received": self._metrics.received,
                "sent": self._metrics.sent,
                "discarded": self._metrics.discarded,
                "dead_lettered": self._metrics.dead,
            }[kind]
            child = self._children[kind, label] = family.labels(self._stage, label)
        return child
