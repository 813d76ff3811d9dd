"""Writes the schemas that are generated from the code; with --check says which are stale and exits 1.

python scripts/generate_docs.py [--check]
"""

import json
import sys
from pathlib import Path

from pipeline.schema import extension_schema, story_schema
from pipeline.settings import json_schema

ROOT = Path(__file__).parents[1]


def files() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    schemas = {
        "docs/schema/newswire-extension.schema.json": extension_schema(),
        "docs/schema/newswire-story.schema.json": story_schema(),
        "config/newswire.schema.json": json_schema(),
    }
    return {ROOT / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def main(arguments: list[str]) -> int:
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"stale: {path.relative_to(ROOT)}; run `make docs`")
        else:
            path.write_text(files()[path], encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
