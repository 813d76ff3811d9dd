"""The times of an item, told apart, in UTC, judged against each other and against the fetch."""

from datetime import datetime

import msgspec

from pipeline.item import RawItem
from pipeline.normalise.times import EARLIEST, judge, read_time
from pipeline.story import Times

_FIELDS = ("first_created", "version_created", "content_created", "published", "updated", "expires")
_CAMEL = {"first_created": "firstCreated", "version_created": "versionCreated", "content_created": "contentCreated"}


class Clock(msgspec.Struct, frozen=True):
    """The moments that could be read, by field name, and what is worth knowing about how they were written."""

    at: dict[str, datetime]
    offsets: dict[str, str]
    flags: dict[str, str]

    @property
    def version(self) -> datetime | None:
        """The story's own time: of this version, else the nearest thing the source states."""
        for name in ("version_created", "updated", "published", "content_created", "first_created"):
            found = self.at.get(name)
            if found is not None and self.flags.get(_CAMEL.get(name, name)) not in {"future", "absurd"}:
                return found
        return None

    @property
    def times(self) -> Times | None:
        """The part that ninjs has no property for, or None."""
        found = Times(
            published=self.at.get("published"), updated=self.at.get("updated"), offsets=self.offsets, flags=self.flags
        )
        return None if found == Times() else found


def read_clock(item: RawItem, received: datetime | None, zone: str | None) -> Clock:
    """Every time of `item`. An unreadable one is flagged ``unreadable``, an absurd one is left out and flagged."""
    at: dict[str, datetime] = {}
    offsets: dict[str, str] = {}
    flags: dict[str, str] = {}
    for field in _FIELDS:
        written: str | None = getattr(item, field)
        if not written or not written.strip():
            continue
        name = _CAMEL.get(field, field)
        moment = read_time(written, zone)
        if moment is None:
            flags[name] = "unreadable"
            continue
        flag = judge(moment, None if field == "expires" else received)
        if flag is not None:
            flags[name] = flag
        if moment.at >= EARLIEST:
            at[field] = moment.at
        if moment.zoned and moment.offset != "+00:00":
            offsets[name] = moment.offset
    return Clock(at=at, offsets=offsets, flags=flags)
