"""What a person at the desk asks: what is held, let it run or drop it, where has this story been."""

import sys
from typing import Literal

import msgspec
import orjson
from rich.console import Console
from rich.table import Table

from pipeline import topics
from pipeline.app import make_bus, topic_specs
from pipeline.options import who
from pipeline.release.control import Command, encode
from pipeline.release.shelf import KILLED, Entry, standing
from pipeline.settings import Settings
from pipeline.story import from_ninjs
from pipeline.trace import trace as steps_of


def list_held(settings: Settings, *, kills: bool, as_json: bool) -> None:
    """Print the shelf: one story a line, the next due first."""
    bus = make_bus(settings)
    reader = bus.reader()
    try:
        entries = standing(reader.read(topics.HELD)).values()
    finally:
        reader.close()
        bus.close()
    shown = sorted((e for e in entries if kills or e.reason != KILLED), key=lambda e: (e.until is None, e.until, e.uri))
    if as_json:
        for entry in shown:
            sys.stdout.buffer.write(orjson.dumps(_described(entry)) + b"\n")
        return
    table = Table("uri", "version", "reason", "until", "source", "headline")
    for entry in shown:
        told = _described(entry)
        table.add_row(
            *(str(told[column] or "") for column in ("uri", "version", "reason", "until", "source", "headline"))
        )
    Console(soft_wrap=True).print(table)


def _described(entry: Entry) -> dict[str, str | int | None]:
    story = from_ninjs(entry.record.value or b"")
    source = story.newswire.provenance
    return {
        "uri": entry.uri,
        "version": entry.version,
        "reason": entry.reason,
        "until": entry.until.isoformat() if entry.until is not None else None,
        "source": source.source if source is not None else None,
        "headline": story.headline,
    }


def ask(
    settings: Settings, action: Literal["release", "drop"], uri: str, *, version: str | None, by: str, why: str
) -> None:
    """Put a wish into the log; the owner of the story's partition sees to it, once."""
    command = Command(action, uri, by or who(), version, why)
    bus = make_bus(settings)
    publisher = bus.publisher()
    try:
        [(partition, offset)] = publisher.publish(topics.CONTROL, [(uri.encode(), encode(command), ())])
    finally:
        publisher.close()
        bus.close()
    sys.stdout.write(f"asked to {action} {uri}: {topics.CONTROL}/{partition}/{offset}\n")


def show_trace(settings: Settings, uri: str, *, as_json: bool) -> bool:
    """Print every step of one story; False where the log knows nothing of it."""
    bus = make_bus(settings)
    try:
        everywhere = [spec.name for spec in topic_specs(settings) if spec.name != topics.LATEST]
        steps = steps_of(bus, everywhere, uri)
    finally:
        bus.close()
    if as_json:
        for step in steps:
            sys.stdout.buffer.write(orjson.dumps(msgspec.to_builtins(step)) + b"\n")
        return bool(steps)
    table = Table("time", "record", "version", "what")
    for step in steps:
        table.add_row(f"{step.time:%Y-%m-%d %H:%M:%S.%f}"[:-3], step.record, step.version, step.what)
    if steps:
        Console(soft_wrap=True).print(table)
    return bool(steps)
