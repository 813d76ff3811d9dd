"""JSON from strangers: decoded in any charset, bounded in depth, one document or one a line."""

import orjson

from pipeline.errors import Permanent
from pipeline.formats.charset import decode
from pipeline.item import Origin
from pipeline.story import Json


def load(body: bytes, origin: Origin, depth: int) -> Json:
    """The document in `body`.

    Raises:
        Permanent: ``bad_json``, or ``too_deep`` where it nests further than `depth`.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _decoded(decode(body, origin.charset))
    check_depth(value, body, depth)
    return value


def _decoded(text: str) -> Json:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Permanent("bad_json", f"not JSON: {error}") from error


def check_depth(value: Json, body: bytes, depth: int) -> None:
    """Pass what nests no deeper than `depth` levels.

    Raises:
        Permanent: ``too_deep``.
    """
    if body.count(b"{") + body.count(b"[") <= depth:
        return
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level for inner in _children(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise Permanent("too_deep", f"JSON nested more than {depth} levels deep")


def _children(value: Json) -> list[Json]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def string(value: Json) -> str | None:
    """A JSON string with something in it, or a number as it prints; None for all else."""
    if isinstance(value, str):
        return value if value.strip() else None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def strings(value: Json) -> tuple[str, ...]:
    """A JSON string or list of strings as a tuple of those with something in them."""
    many = value if isinstance(value, list) else [value]
    return tuple(found for one in many if (found := string(one)))


def objects(value: Json) -> list[dict[str, Json]]:
    """A JSON object or list of objects as a list; what is no object is left out."""
    many = value if isinstance(value, list) else [value]
    return [one for one in many if isinstance(one, dict)]
