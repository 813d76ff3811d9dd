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
from pipeline.contract import asyncapi
from pipeline.process import process_files
from pipeline.schema import extension_schema, story_schema
from pipeline.settings import json_schema

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


def files() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    schemas: dict[str, object] = {
        "docs/schema/newswire-extension.schema.json": extension_schema(),
        "docs/schema/newswire-story.schema.json": story_schema(),
        "config/newswire.schema.json": json_schema(),
    }
    schemas["docs/asyncapi.json"] = asyncapi(__version__)
    schemas["docs/examples/story.json"] = example()
    return {ROOT / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


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
