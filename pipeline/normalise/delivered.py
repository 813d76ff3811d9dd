"""Items that came as ninjs already: every property kept, and only what is missing added."""

import copy as copying

import msgspec

from pipeline.errors import Permanent
from pipeline.item import RawItem
from pipeline.story import PLAIN, Json, Newswire, Story, from_document

_CAMEL = (
    "representationType firstCreated versionCreated contentCreated pubStatus copyrightHolder copyrightNotice",
    "usageTerms edNote contentType charCount wordCount contactInfo geoJSON infoSources altIds trustIndicators",
    "rightsInfo plannedCoverage eventDetails langId linkedRights encodedRights sizeInBytes aspectRatio videoCodec",
    "frameRate transportProtocol scanType symbolType digitalSourceType",
)
_RENAMED: dict[str, str] = {name.lower(): name for row in _CAMEL for name in row.split()}
_RENAMED["embargoed"] = "embargoedUntil"
"""Properties that ninjs 2 wrote small and ninjs 3 writes in camel case."""
_REPRESENTATION = {"complete": "full", "incomplete": "partial", "associated": "partial"}


def upgrade(value: Json) -> Json:
    """A ninjs 2 document under the names of ninjs 3; one of ninjs 3 comes back as an equal copy."""
    if isinstance(value, list):
        return [upgrade(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    renamed: dict[str, Json] = {}
    for name, entry in value.items():
        new = str(_RENAMED.get(name, name))
        target = name if new in value and new != name else new
        # What the extension holds is ours or another's, and no business of the standard's.
        renamed[target] = entry if name == "newswire" else upgrade(entry)
    kind = renamed.get("representationType")
    if isinstance(kind, str):
        renamed["representationType"] = _REPRESENTATION.get(kind, kind)
    return renamed


def complete(item: RawItem, derived: Story) -> Story:
    """The delivered document as a story, with what `derived` knows wherever it is silent.

    Raises:
        Permanent: ``bad_ninjs``.
    """
    document = upgrade(copying.deepcopy(item.ninjs))
    if not isinstance(document, dict):
        raise Permanent("bad_ninjs", "a ninjs document is a JSON object")
    document.setdefault("uri", item.uri)
    given = from_document(document)
    fields = {
        name: getattr(derived, name)
        for name in Story.__struct_fields__
        if name not in {"other", "newswire", "bodies", "uri"} and not getattr(given, name)
    }
    if derived.pub_status not in (given.pub_status, "usable"):
        # Held or withdrawn by what the text says: in doubt never published.
        fields["pub_status"] = derived.pub_status
    plain = any(body.content_type in (None, PLAIN) for body in given.bodies)
    bodies = given.bodies if plain else (*(b for b in derived.bodies if b.content_type == PLAIN), *given.bodies)
    return msgspec.structs.replace(
        given, **fields, bodies=bodies, newswire=_extension(given.newswire, derived.newswire)
    )


def _extension(given: Newswire, derived: Newswire) -> Newswire:
    default = Newswire()
    missing = {
        name: getattr(derived, name)
        for name in Newswire.__struct_fields__
        if name != "other" and getattr(given, name) == getattr(default, name)
    }
    return msgspec.structs.replace(given, **missing)
