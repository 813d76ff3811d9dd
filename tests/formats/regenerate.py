"""Write the expected JSON beside every golden input: `python tests/formats/regenerate.py`; then read the diff."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import orjson

from pipeline.errors import Permanent
from pipeline.formats import parse
from pipeline.item import Origin

GOLDEN = Path(__file__).parent / "golden"


def inputs() -> list[Path]:
    return sorted(GOLDEN.glob("*/*.input"))


def result(path: Path) -> bytes:
    """What parsing an input gives, as indented JSON."""
    origin = Origin(source="golden", url=path.name, fetched_at=datetime(2024, 3, 2, 10, 30, tzinfo=UTC))
    try:
        found = msgspec.to_builtins(parse(path.read_bytes(), origin), builtin_types=(datetime,))
    except Permanent as error:
        found = {"permanent": error.code}
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def expected(path: Path) -> Path:
    return path.with_suffix(".json")


if __name__ == "__main__":
    for each in inputs():
        expected(each).write_bytes(result(each))
        print(expected(each).relative_to(GOLDEN))
