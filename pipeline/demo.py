"""`newswire demo`: a simulated wire and the whole pipeline in one process, with stories arriving on the screen."""

import tempfile
import threading
from pathlib import Path

import yaml
from rich.console import Console
from rich.text import Text

from pipeline import topics
from pipeline.app import App
from pipeline.observe.server import Server
from pipeline.run import run_services
from pipeline.settings import Settings
from pipeline.simulate.serve import SimulatedWire
from pipeline.story import CANCELED, Story, from_ninjs
from pipeline.supervise import Supervisor

_COLOURS = {"new": "green", "update": "cyan", "correction": "yellow", "kill": "red", "copy": "magenta"}


def run_demo(folder: Path | None, *, seed: int, rate: float, port: int, log_level: str) -> int:
    """Run until a signal; everything is kept under `folder`, or nowhere after the end where it is None."""
    with tempfile.TemporaryDirectory(prefix="newswire-demo-") as temporary:
        base = folder or Path(temporary)
        wire = SimulatedWire(base / "drop", seed=seed, rate=rate)
        wire.start()
        try:
            sources = base / "feeds.yaml"
            sources.write_text(yaml.safe_dump(wire.sources()), encoding="utf-8")
            settings = Settings.model_validate(
                {
                    "bus": {"kind": "sqlite", "path": base / "log.db"},
                    "state": {"path": base / "state"},
                    "topics": {"partitions": 2},
                    "poll": {"sources": sources},
                    "sinks": {
                        "files": {"kind": "jsonl", "path": base / "out"},
                        "search": {"kind": "sqlite", "path": base / "stories.db"},
                    },
                    "http": {"port": port},
                    "log": {"level": log_level, "format": "text"},
                }
            )
            return run_services(settings, [], started=lambda *running: _watch(base, *running))
        finally:
            wire.stop()


def _watch(base: Path, app: App, server: Server, _supervisor: Supervisor) -> None:
    console = Console(highlight=False)
    console.print(f"console  http://127.0.0.1:{server.port}/")
    console.print(f"metrics  http://127.0.0.1:{server.port}/metrics")
    console.print(f"output   {base / 'out'}")
    console.print("stop     Ctrl-C\n")
    reader = app.bus.reader()

    def follow() -> None:
        for record in reader.read(topics.STORIES, follow=True):
            if record.value is not None:
                console.print(line(from_ninjs(record.value)), no_wrap=True, overflow="ellipsis")

    threading.Thread(target=follow, name="screen", daemon=True).start()


def line(story: Story) -> Text:
    """One story on one line of a terminal: what it is, who says so, where, and its headline."""
    extension = story.newswire
    kind = extension.relation.kind if extension.relation else "new"
    if story.pub_status == CANCELED:
        kind = "kill"
    places = "/".join(extension.dateline.places) if extension.dateline else ""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{kind:<11}", style=_COLOURS.get(kind, ""))
    text.append(f"{extension.agency or '':<14}", style="bold")
    text.append(f"{story.language or '':<3}", style="dim")
    text.append(f"{places:<16.16} ", style="blue")
    text.append(story.headline)
    return text
