"""What a person asks of the shelf: let a held story run, or drop it. Asked through the log, so it is done once."""

from typing import Literal

import msgspec
import orjson

from pipeline.errors import Permanent


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wish, and whose it is."""

    action: Literal["release", "drop"]
    uri: str
    by: str
    version: str | None = None
    """Only if this is the version held; None for whichever is."""
    why: str = ""


def encode(command: Command) -> bytes:
    """As the value of a record, whose key is the uri."""
    return orjson.dumps(msgspec.to_builtins(command))


def decode(value: bytes | None) -> Command:
    """The command in a record.

    Raises:
        Permanent: ``bad_command``.
    """
    try:
        return msgspec.convert(orjson.loads(value or b""), Command)
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        raise Permanent("bad_command", str(error)) from error
