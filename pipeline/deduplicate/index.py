"""What deduplicate must remember, as it sees it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.deduplicate.decision import Decision, Known
from pipeline.deduplicate.member import Mark, Member


class StoryIndex(Protocol):
    """The memory of stories. A claim belongs to one raw record and is never changed; see `claim_of`.

    Members are numbered from 1 in the order in which they were remembered, by whichever worker. Used by one
    thread at a time; several processes may share what is behind it, each owning the stories of its own
    partitions. Every method raises `Transient` where the store can't be reached or is full.
    """

    def claims(self, claims: Sequence[str]) -> Mapping[str, Decision]:
        """The decisions made before under these claims."""

    def known(self, uris: Sequence[str]) -> Mapping[str, Known]:
        """What is remembered of these stories; unknown ones are missing."""

    def texts(self, uris: Sequence[str]) -> Mapping[str, Member]:
        """The member that was remembered last of each of these stories, where there is one still."""

    def since(self, number: int) -> Sequence[Mark]:
        """Members numbered higher than `number`, in order: the next few thousand; empty where there is none.

        Once a number was seen, no lower one that was not seen appears later.
        """

    def members(self, numbers: Sequence[int]) -> Mapping[int, Member]:
        """These members; those forgotten are missing."""

    def remember(
        self,
        claims: Mapping[str, Decision],
        stories: Mapping[str, Known],
        members: Sequence[Member] = (),
        *,
        after: int | None = None,
        expired: int = 0,
    ) -> bool:
        """Keep all of it, together or not at all; durable on return. Members are numbered in the order given.

        Args:
            claims: by claim; one that is there already stays as it is.
            stories: by uri; replaces what was known.
            members: texts to compare later ones with.
            after: the highest number seen. Where another worker remembered a member since, nothing is kept
                and the answer is False: read on with `since`, and decide again. None skips the check.
            expired: members fetched before this time (seconds since the epoch) may be forgotten, the oldest
                first, a few at a time.
        """

    def close(self) -> None: ...
