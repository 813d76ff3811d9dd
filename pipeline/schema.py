"""JSON Schemas of what goes out: our extension, generated from the values, and the whole story on ninjs 3.1."""

from typing import Any

import msgspec

from pipeline.story import Newswire

NINJS = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENSION_ID = "urn:newswire:schema:extension"
STORY_ID = "urn:newswire:schema:story"


def extension_schema() -> dict[str, Any]:
    """The schema of the `newswire` property.

    Further properties are allowed: a newer release may add some, and a consumer must let them pass.
    """
    (reference,), components = msgspec.json.schema_components([Newswire], ref_template="#/$defs/{name}")
    for component in components.values():
        # Defaults are never written, and `other` is where a decoder keeps what it does not know.
        for name in ("other",):
            component.get("properties", {}).pop(name, None)
        for described in component.get("properties", {}).values():
            described.pop("default", None)
    return {
        "$schema": DIALECT,
        "$id": EXTENSION_ID,
        "title": "The newswire extension",
        **reference,
        "$defs": components,
    }


def story_schema() -> dict[str, Any]:
    """The schema of a story on the wire: ninjs 3.1 and nothing beside it but the extension."""
    return {
        "$schema": DIALECT,
        "$id": STORY_ID,
        "title": "A story of newswire",
        "$ref": f"{NINJS}#/$defs/ninjsType",
        "required": ["uri", "newswire"],
        "properties": {"newswire": {"$ref": EXTENSION_ID}},
        "unevaluatedProperties": False,
    }
