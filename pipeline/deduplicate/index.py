"""What deduplicate must remember, as it sees it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.deduplicate.decision import Decision, Known


class StoryIndex(Protocol):
    """The memory of stories. A claim belongs to one raw record and is never changed; see `claim_of`.

    Used by one thread at a time; several processes may share what is behind it, each owning the stories of
    its own partitions.
    """

    def claims(self, claims: Sequence[str]) -> Mapping[str, Decision]:
        """The decisions made before under these claims."""

    def known(self, uris: Sequence[str]) -> Mapping[str, Known]:
        """What is remembered of these stories; unknown ones are missing."""

    def remember(self, claims: Mapping[str, Decision], stories: Mapping[str, Known]) -> None:
        """Keep both, together or not at all; durable on return.

        Raises:
            Transient: the store can't be reached or is full.
        """

    def close(self) -> None: ...
