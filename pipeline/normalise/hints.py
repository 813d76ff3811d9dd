"""What the configuration of a source says of all its items."""

import msgspec


class Hints(msgspec.Struct, frozen=True):
    """Used only where an item itself is silent. `zone` is an IANA time zone for times without one."""

    agency: str | None = None
    language: str | None = None
    zone: str | None = None
