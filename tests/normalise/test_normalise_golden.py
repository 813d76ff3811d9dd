"""Golden pairs: an item beside the story it becomes.

``python tests/normalise/test_normalise_golden.py`` writes the stories anew; read the diff before keeping it.
"""

import json
import sys
from pathlib import Path

import jsonschema
import orjson
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from pipeline.item import RawItem, decode_item
from pipeline.normalise import normalise
from pipeline.normalise.delivered import upgrade
from pipeline.story import from_ninjs, to_ninjs

GOLDEN = Path(__file__).parent / "golden"
ITEMS = sorted(GOLDEN.glob("*.item.json"))
SCHEMA = Path(__file__).parents[2] / "docs/schema/ninjs-3.1.schema.json"


def read(path: Path) -> RawItem:
    return decode_item(path.read_bytes())


def render(item: RawItem) -> str:
    return json.dumps(orjson.loads(to_ninjs(normalise(item))), ensure_ascii=False, indent=2) + "\n"


def expected(path: Path) -> Path:
    return path.with_name(path.name.replace(".item.", ".story."))


@pytest.mark.parametrize("path", ITEMS, ids=lambda p: p.name.split(".")[0])
def test_item_becomes_story(path: Path) -> None:
    assert render(read(path)) == expected(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ITEMS, ids=lambda p: p.name.split(".")[0])
def test_the_story_is_valid_ninjs(path: Path) -> None:
    schema = orjson.loads(SCHEMA.read_bytes())
    registry = Registry().with_resource(
        "https://geojson.org/schema/GeoJSON.json", Resource.from_contents({"type": "object"}, default_specification=DRAFT202012)
    )  # fmt: skip
    document = orjson.loads(to_ninjs(normalise(read(path))))
    document.pop("newswire")
    document.pop("pubstatus_note", None)
    jsonschema.Draft202012Validator(schema, registry=registry, format_checker=jsonschema.FormatChecker()).validate(
        document
    )


def test_ninjs_2_gets_the_names_of_ninjs_3() -> None:
    old = {
        "pubstatus": "usable",
        "renditions": [{"contenttype": "text/plain"}],
        "representationtype": "complete",
        "x": 1,
    }
    assert upgrade(old) == {
        "pubStatus": "usable",
        "renditions": [{"contentType": "text/plain"}],
        "representationType": "full",
        "x": 1,
    }
    assert upgrade(upgrade(old)) == upgrade(old)


def test_a_delivered_document_keeps_every_property() -> None:
    item = read(GOLDEN / "ninjs_delivered.item.json")
    document = orjson.loads(to_ninjs(normalise(item)))
    assert {name: document[name] for name in item.ninjs} == item.ninjs
    again = to_ninjs(from_ninjs(orjson.dumps(document)))
    assert orjson.loads(again) == document


if __name__ == "__main__":
    for source in ITEMS:
        expected(source).write_text(render(read(source)), encoding="utf-8")
        sys.stdout.write(f"{expected(source).name}\n")
