"""What the configuration of a source says of all its items."""

from zoneinfo import ZoneInfo

import msgspec

from pipeline.errors import Fatal


class Hints(msgspec.Struct, frozen=True):
    """Used only where an item itself is silent. `zone` is an IANA time zone for times without one.

    Raises:
        Fatal: where `zone` is none, at construction, so that no story meets it.
    """

    agency: str | None = None
    language: str | None = None
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.zone is None:
            return
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise Fatal(
                f"time zone {self.zone!r} is not in the IANA database: write one such as Europe/Madrid"
            ) from error
