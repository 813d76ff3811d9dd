"""Items that came as ninjs already: every property kept, and only what is missing added."""

import copy as copying

import msgspec

from pipeline.errors import Permanent
from pipeline.item import RawItem
from pipeline.story import PLAIN, Newswire, Story, from_document


def complete(item: RawItem, derived: Story) -> Story:
    """The delivered document as a story, with what `derived` knows wherever it is silent.

    Raises:
        Permanent: ``bad_ninjs``.
    """
    document = copying.deepcopy(item.ninjs)
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
