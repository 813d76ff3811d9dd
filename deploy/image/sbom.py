"""Prints what is installed as a CycloneDX 1.5 bill of materials."""

import json
from importlib.metadata import Distribution, distributions

_LONGEST = 100
"""Characters of a licence field that is a name; others hold the whole text."""


def component(distribution: Distribution) -> dict[str, object]:
    """One installed package."""
    name, version = distribution.metadata["Name"], distribution.version
    licence = distribution.metadata.get("License-Expression") or distribution.metadata.get("License")
    entry: dict[str, object] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
    }
    if licence and len(licence) < _LONGEST:
        entry["licenses"] = [{"license": {"name": licence}}]
    return entry


components = sorted((component(d) for d in distributions()), key=lambda c: str(c["name"]).lower())
print(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}, indent=1))
