"""`newswire process`: files through parse, normalise, deduplicate and enrich, in one process and without a log."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TextIO

import orjson

from pipeline import topics
from pipeline.deduplicate import DeduplicateStage
from pipeline.enrich import EnrichStage, default_enrichers
from pipeline.errors import Permanent
from pipeline.formats import parse
from pipeline.item import Origin, Refusal, encode_item
from pipeline.normalise import NormaliseStage
from pipeline.record import RAW_HEADER, Drop, Emit, Outcome, Record, Reject
from pipeline.state.stories_sqlite import SqliteStoryIndex

SOURCE = "process"


def process_files(names: Sequence[str], received: datetime | None, out: BinaryIO, complaints: TextIO) -> int:
    """Write a ninjs line to `out` for every item of every file, in order, and refusals to `complaints`.

    Returns:
        The exit code: 1 if anything was refused, else 0.
    """
    journey = _Journey()
    refused = 0
    for name in names:
        for result in _one_file(journey, name, received):
            if isinstance(result, bytes):
                out.write(result + b"\n")
            else:
                refused += 1
                complaints.write(orjson.dumps({"file": name, **result}).decode() + "\n")
    out.flush()
    return 1 if refused else 0


class _Journey:
    """The stages as they stand between the topics, called one after the other."""

    def __init__(self) -> None:
        deduplicate = DeduplicateStage(SqliteStoryIndex(":memory:"))
        enrich = EnrichStage(default_enrichers(), clock=time.perf_counter)
        self._steps: list[Callable[[Record], Sequence[Outcome]]] = [
            NormaliseStage().process,
            lambda record: deduplicate.process_batch([record])[0],
            enrich.process,
        ]
        self._count = 0

    def take(self, value: bytes, uri: str) -> Emit | Reject:
        """Bring one raw item to its end; a duplicate is enriched too, and says in its relation what it is."""
        record = Record(topics.RAW, 0, self._count, uri.encode(), value)
        headers = ((RAW_HEADER, record.coordinates.encode()),)
        self._count += 1
        outcome: Outcome = Reject("dropped", "no stage passed it on")
        for step in self._steps:
            try:
                (outcome,) = step(record)
            except Permanent as error:
                return Reject(error.code, error.why)
            if not isinstance(outcome, Emit):
                break
            record = Record(outcome.topic, 0, record.offset, outcome.key.encode(), outcome.value, headers)
        return Reject("dropped", outcome.reason) if isinstance(outcome, Drop) else outcome


def _one_file(journey: _Journey, name: str, received: datetime | None) -> Iterator[bytes | dict[str, str | int]]:
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        yield {"code": "unreadable", "why": error.strerror or str(error)}
        return
    fetched = received or datetime.now(UTC)
    if fetched.tzinfo is None:
        fetched = fetched.replace(tzinfo=UTC)
    origin = Origin(source=SOURCE, url=None if name == "-" else Path(name).name, fetched_at=fetched)
    try:
        document = parse(body, origin)
    except Permanent as error:
        yield {"code": error.code, "why": error.why}
        return
    for position, item in enumerate(document.items):
        if isinstance(item, Refusal):
            yield {"item": item.position, "code": item.code, "why": item.why}
            continue
        outcome = journey.take(encode_item(item), item.uri)
        if isinstance(outcome, Reject):
            yield {"item": position, "code": outcome.code, "why": outcome.why}
        else:
            yield outcome.value or b""
