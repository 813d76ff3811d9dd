"""Writes the schemas that are generated from the code; with --check says which are stale and exits 1.

python scripts/generate_docs.py [--check]
"""

import io
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipeline import __version__
from pipeline.app import App
from pipeline.contract import asyncapi
from pipeline.poll.interfaces import DELIVERY_OUTCOMES, HUB_WORDS, OUTCOMES, PAGE_OUTCOMES
from pipeline.process import process_files
from pipeline.schema import extension_schema, story_schema
from pipeline.settings import Settings, json_schema

ROOT = Path(__file__).parents[1]


SAMPLE = """Council votes for a second library

Halifax, Mar 4 (EFE).- The council of Halifax voted on Wednesday for a second library on the eastern shore,
after a debate that went on until after midnight.

"It will be built where people asked for it," said Mayor Ada Quill. EFE

Related Articles
"""


def example() -> object:
    """The sample's story, as it leaves `enrich`."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.txt"
        path.write_text(SAMPLE, encoding="utf-8")
        process_files([str(path)], datetime(2026, 3, 4, 12, tzinfo=UTC), out, io.StringIO())
    return json.loads(out.getvalue())


_METRICS_HEAD = """# Metrics

Generated from the code by `make docs`; a test fails where they differ, so that a changed name is seen in review. Every
process serves its own at `/metrics`. With `poll.metrics_per_source` off, `source` is always `all`: three thousand
sources make some thirty thousand series.

| name | kind | labels | meaning |
| --- | --- | --- | --- |
"""
_METRICS_TAIL = """
Beside these stand `process_*` and `python_*` of the Prometheus client.

## Values of labels

Each is one of a closed set; `source`, `stage`, `topic` and `partition` are those of the installation.

| metric | label | values |
| --- | --- | --- |
"""


def metrics() -> str:
    """The page on metrics, from the registry of a process that runs every stage."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        given = {"bus": {"path": base / "log.db"}, "state": {"path": base / "state"}, "instance": "docs"}
        app = App(Settings.model_validate(given))
        rows = []
        for collector in app.registry._collector_to_names:  # noqa: SLF001  # there is no public list
            for family in collector.describe() if hasattr(collector, "describe") else ():
                if family.name.startswith("newswire_"):
                    name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
                    labels = ", ".join(f"`{label}`" for label in getattr(collector, "_labelnames", ()))
                    rows.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
        app.close()
    sets = {
        ("newswire_feed_polls_total", "outcome"): OUTCOMES,
        ("newswire_feed_pages_total", "outcome"): (*PAGE_OUTCOMES, "any outcome of a poll"),
        ("newswire_feed_deliveries_total", "outcome"): (*DELIVERY_OUTCOMES, "any outcome of a poll"),
        ("newswire_feed_hub_words_total", "word"): HUB_WORDS,
        ("newswire_feed_items_total", "fate"): ("published", "seen", "refused"),
        ("newswire_feed_state", "state"): ("ok", "quiet", "failing", "moved"),
    }
    values = [f"| `{name}` | `{label}` | {', '.join(some)} |" for (name, label), some in sets.items()]
    return _METRICS_HEAD + "\n".join(sorted(rows)) + "\n" + _METRICS_TAIL + "\n".join(values) + "\n"


def files() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    schemas: dict[str, object] = {
        "docs/schema/newswire-extension.schema.json": extension_schema(),
        "docs/schema/newswire-story.schema.json": story_schema(),
        "config/newswire.schema.json": json_schema(),
    }
    schemas["docs/asyncapi.json"] = asyncapi(__version__)
    schemas["docs/examples/story.json"] = example()
    written = {ROOT / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}
    return {**written, ROOT / "docs/metrics.md": metrics()}


def main(arguments: list[str]) -> int:
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"stale: {path.relative_to(ROOT)}; run `make docs`")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files()[path], encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
