"""What a sink is: a destination outside the log that takes released stories, idempotently."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from pipeline.errors import Permanent
from pipeline.story import Story, version_number


class Delivery(msgspec.Struct, frozen=True):
    """One released version of one story on its way into a destination."""

    uri: str
    version: str | None
    value: bytes
    """The ninjs document as it stands in the log."""
    story: Story
    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    """Milliseconds since the epoch at which the log took the record."""

    @property
    def number(self) -> int:
        """The version as a number that orders the versions of a story; 0 where it is none."""
        return version_number(self.version)


class Sink(Protocol):
    """One destination. Used by one thread at a time.

    Idempotent by uri and version: a batch that comes again, whole or in part, changes nothing, and a late
    older version never replaces a newer one. Of two deliveries of one version the later one counts, except
    that a kill is never undone by a version that is not higher. A destination that keeps one document per
    story replaces it by the kill's notice, whose body is empty; one that keeps a log appends the notice.
    Versions are whole numbers: deduplicate numbers what its source does not.
    """

    name: str

    def open(self) -> None:
        """Reach the destination and make what is missing there. Called once, before `write`.

        Raises:
            Transient: it can't be reached now.
            Fatal: it never will be like this.
        """

    def write(self, batch: Sequence[Delivery]) -> Sequence[Permanent | None]:
        """Make a batch durable; one verdict per delivery, None for those taken.

        Raises:
            Transient: the destination is unwell (refused credentials and a full disk are that too);
                nothing is lost, since the batch will come again.
        """

    def close(self) -> None:
        """Let go of the destination. What `write` took is durable already."""
