"""JSON documents: decoded once, then read by whichever JSON format knows them."""

import re
from codecs import BOM_UTF8
from importlib import import_module
from types import ModuleType

import orjson

from pipeline.errors import Permanent
from pipeline.formats.document import Document, Limits, sha256
from pipeline.formats.jsons import check_depth, load
from pipeline.item import Origin, RawItem, Refusal
from pipeline.story import Json

_OPENING = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\]])")
# Each has matches(document) and read_document(document, digest, origin, limits).
_FORMATS = ("json_feed", "ap_media", "ninjs")


def sniff(head: str) -> bool:
    """An object with a key, or a list of objects."""
    return _OPENING.match(head) is not None


def read(body: bytes, origin: Origin, limits: Limits) -> Document:
    """The items of a JSON document, of a list of documents, or of JSON lines.

    Raises:
        Permanent: ``bad_json``, ``too_deep``, ``unknown_format``.
    """
    try:
        document = load(body, origin, limits.depth)
    except Permanent as error:
        lines = [line for line in body.removeprefix(BOM_UTF8).splitlines() if line.strip()]
        if error.code != "bad_json" or not _are_documents(lines):
            raise
        return _many(lines, sha256(body), origin, limits)
    if isinstance(document, list):
        return _many(document, sha256(body), origin, limits)
    return _one(document, sha256(body), origin, limits)


def _are_documents(lines: list[bytes]) -> bool:
    """Whether the first or second line is an object by itself: a bad line must not cost the file its reading."""
    return len(lines) > 1 and any(line.strip().endswith(b"}") and _object(line) for line in lines[:3])


def _object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _many(parts: list[Json], digest: str, origin: Origin, limits: Limits) -> Document:
    items: list[RawItem | Refusal] = []
    name = "json"
    for position, part in enumerate(parts):
        if position >= limits.items:
            items.append(Refusal(position=position, code="too_many_items", why=f"more than {limits.items} items"))
            break
        try:
            document = _one(_line(part, limits.depth) if isinstance(part, bytes) else part, digest, origin, limits)
        except Permanent as error:
            items.append(Refusal(position=position, code=error.code, why=error.why))
            continue
        name = document.format
        items.extend(document.items)
    return Document(name, tuple(items))


def _line(line: bytes, depth: int) -> Json:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Permanent("bad_json", f"not JSON: {error}") from error
    check_depth(value, line, depth)
    return value


def _one(document: Json, digest: str, origin: Origin, limits: Limits) -> Document:
    for name in _FORMATS:
        module: ModuleType = import_module(f"pipeline.formats.{name}")
        if module.matches(document):
            result: Document = module.read_document(document, digest, origin, limits)
            return result
    raise Permanent("unknown_format", "JSON of no format known here")
