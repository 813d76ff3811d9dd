"""What goes out validates against ninjs 3.1 and our extension's schema, and the schemas are fresh."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from pipeline.process import process_files

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs/schema"
CORPUS = ROOT.parent / "shared/corpus"
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def validator():
    loaded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))]
    resources = [(schema["$id"].rstrip("#"), Resource.from_contents(schema)) for schema in loaded]
    # ninjs refers to the GeoJSON schema, which its publisher serves; any object will do here.
    geojson = Resource(contents={"type": "object", "required": ["type"]}, specification=DRAFT202012)
    registry = Registry().with_resources([*resources, ("https://geojson.org/schema/GeoJSON.json", geojson)])
    story = next(schema for schema in loaded if schema["$id"].endswith("story"))
    return Draft202012Validator(story, registry=registry, format_checker=FormatChecker())


def processed(path):
    out, refused = io.BytesIO(), io.StringIO()
    process_files([str(path)], RECEIVED, out, refused)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def mistakes(validator, document):
    return [
        f"{document['uri']}: {'/'.join(map(str, e.path))}: {e.message[:200]}" for e in validator.iter_errors(document)
    ]


SAMPLES = sorted((ROOT / "tests/formats/golden").rglob("*.input"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_our_samples_of_every_format_come_out_valid(validator, path):
    found = [m for document in processed(path) for m in mistakes(validator, document)]
    assert found == []


def test_there_are_samples():
    assert len(SAMPLES) >= 10


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real wire files is not here")
def test_real_files_come_out_valid(validator):
    documents = [
        d for path in sorted(CORPUS.rglob("*")) if path.is_file() and path.suffix != ".gz" for d in processed(path)
    ]
    found = [m for document in documents for m in mistakes(validator, document)]
    assert found == []
    assert len(documents) > 100


def test_the_schema_refuses_what_is_wrong(validator):
    assert mistakes(validator, {"uri": "urn:a", "newswire": {}}) == []
    assert mistakes(validator, {"uri": "urn:a"})
    assert mistakes(validator, {"uri": "urn:a", "newswire": {"signals": "update"}})
    assert mistakes(validator, {"uri": "urn:a", "newswire": {}, "unknown": 1})
    assert mistakes(validator, {"uri": "urn:a", "newswire": {"relation": {"of": "urn:b"}}})


def test_the_generated_files_are_fresh():
    done = subprocess.run(
        [sys.executable, "scripts/generate_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0
