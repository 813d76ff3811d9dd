"""One story's way through the log: every record under its uri, in the order of time, and what it says."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import orjson

from pipeline.bus.log import Bus
from pipeline.record import Record
from pipeline.story import Json


class Step(msgspec.Struct, frozen=True):
    """One record of a story; `what` are the few words that say what happened."""

    time: datetime
    topic: str
    record: str
    raw: str
    version: str
    what: str


def trace(bus: Bus, topics: Sequence[str], uri: str) -> list[Step]:
    """Read the topics from their beginnings, as far back as they are kept."""
    reader = bus.reader()
    found: list[tuple[int, int, Record]] = []
    try:
        for order, topic in enumerate(topics):
            found += [(r.timestamp, order, r) for r in _records(reader.read(topic), uri.encode())]
    finally:
        reader.close()
    found.sort(key=lambda place: place[:2])
    return [_step(record) for _, _, record in found]


def _records(records: Iterator[Record], key: bytes) -> Iterator[Record]:
    return (record for record in records if record.key == key)


def _step(record: Record) -> Step:
    said = document_of(record.value)
    return Step(
        time=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        topic=record.topic,
        record=record.coordinates,
        raw=record.raw_coordinates,
        version=str(said.get("version") or ""),
        what=_what(record, said),
    )


def document_of(value: bytes | None) -> dict[str, Json]:
    """The JSON object in a record, or an empty one."""
    try:
        document = orjson.loads(value or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _what(record: Record, said: dict[str, Json]) -> str:
    refused = record.header("__connect.errors.exception.class.name")
    if refused is not None:
        why = record.header("__connect.errors.exception.message") or b""
        return f"refused: {refused.decode()}: {why.decode('utf-8', 'replace')}"
    if record.value is None:
        return "taken off"
    kind = (record.header("ce_type") or b"").decode().removeprefix("newswire.story.").removeprefix("newswire.")
    parts = [kind or _delivery(said), *_relation(said)]
    if said.get("pubStatus") not in (None, "usable"):
        parts.append(str(said["pubStatus"]))
    if "embargoedUntil" in said or "embargoed" in said:
        parts.append(f"embargoed until {said.get('embargoedUntil') or said.get('embargoed')}")
    return ", ".join(parts)


def _delivery(said: dict[str, Json]) -> str:
    if "action" in said:
        return f"{said['action']} asked for by {said.get('by')}"
    source = said.get("provenance")
    return f"delivered by {source.get('source')}" if isinstance(source, dict) else "delivered"


def _relation(said: dict[str, Json]) -> Iterator[str]:
    extension = said.get("newswire")
    relation = extension.get("relation") if isinstance(extension, dict) else None
    if not isinstance(relation, dict):
        return
    evidence = [
        f"{name} {relation[name]}" for name in ("of", "similarity", "containment", "cluster") if name in relation
    ]
    yield " ".join([str(relation.get("kind")), *evidence])
