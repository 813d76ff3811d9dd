"""What polling needs from outside, as small protocols: a log, a memory, and somebody who counts."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.record import Headers

RawRecord = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of one record for the log."""

Save = tuple[str, int, bytes, Sequence[tuple[bytes, bytes]], int]
"""Source, fence, cursor, what was seen as (id, hash) pairs, and the number of the poll that saw it.

Ids have 8 bytes, hashes up to 32.
"""


class Publisher(Protocol):
    """Sends to the log, at least once. Thread-safe; blocks."""

    def publish(self, topic: str, records: Sequence[RawRecord]) -> list[tuple[int, int]]:
        """Return once all are durable.

        Raises:
            Transient: at least one was not acknowledged; all may be sent again.
        """


class PollMemory(Protocol):
    """What outlives the process. Thread-safe; blocks on a disk or the network.

    Raises (all methods):
        Transient: it can't be reached just now, and nothing was changed.
    """

    def cursors(self, sources: Sequence[str]) -> dict[str, bytes]:
        """The cursor of each of the sources that has one."""

    def seen(self, source: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """The hash each of the ids was last seen with, where it was."""

    def save(self, saves: Sequence[Save], now: float) -> frozenset[str]:
        """Store, but for sources that another holds now; these are returned."""

    def share(self, owner: str, sources: Sequence[str], seconds: float, now: float) -> dict[str, int]:
        """Renew and take leases; the fence of each source held."""

    def leave(self, owner: str) -> None:
        """Give up all leases."""


class PollObserver(Protocol):
    """Is told what happens; called on the polling loop (folders: on their thread), so it must not block."""

    def polled(self, source: str, outcome: str, seconds: float) -> None:
        """One poll ended; `outcome` is one of `OUTCOMES`."""

    def items(self, source: str, published: int, skipped: int, refused: int) -> None:
        """What became of the items of one document: `skipped` were seen before."""

    def dead_lettered(self, source: str, code: str) -> None:
        """A document that could not be read, or some items of it, went to the dead letters; `code` says why."""

    def page(self, source: str, outcome: str) -> None:
        """One attempt at an article page ended: ``ok``, a poll outcome, or one of `PAGE_OUTCOMES`."""

    def gap(self, source: str) -> None:
        """A poll met nothing it knew: something may have been missed."""

    def state(self, source: str, state: str) -> None:
        """The source is now ``ok``, ``quiet``, ``failing`` or ``moved``."""

    def skew(self, source: str, seconds: float) -> None:
        """The publisher's clock against ours; positive where it is ahead."""

    def hub(self, source: str, word: str) -> None:
        """The WebSub subscription came to one of `HUB_WORDS`."""

    def delivered(self, source: str, outcome: str) -> None:
        """What a hub brought ended as a poll outcome, or one of `DELIVERY_OUTCOMES`."""


OUTCOMES = (
    "published",
    "unchanged",
    "not_modified",
    "throttled",
    "gone",
    "refused",
    "http_error",
    "network_error",
    "timeout",
    "too_large",
    "bad_encoding",
    "truncated",
    "redirect_loop",
    "forbidden_address",
    "unreadable",
    "parser_killed",
    "fenced",
    "log_down",
)
"""The closed set of poll outcomes."""

PAGE_OUTCOMES = ("ok", "disallowed", "robots_unreachable", "no_text")
"""Outcomes that only pages have: in order, the full text; robots.txt; it can't be asked; no more than the teaser."""


HUB_WORDS = ("asked", "refused", "confirmed", "denied")
"""In order: the hub took our request; it did not; it verified it and granted a lease; it will not have us."""

DELIVERY_OUTCOMES = ("unsigned", "forged", "passed_on")
"""Outcomes that only deliveries have. The last: another process holds the source, so it was published unremembered."""


class Silent:
    """An observer that takes no notice."""

    def polled(self, source: str, outcome: str, seconds: float) -> None: ...

    def items(self, source: str, published: int, skipped: int, refused: int) -> None: ...

    def dead_lettered(self, source: str, code: str) -> None: ...

    def page(self, source: str, outcome: str) -> None: ...

    def gap(self, source: str) -> None: ...

    def state(self, source: str, state: str) -> None: ...

    def skew(self, source: str, seconds: float) -> None: ...

    def hub(self, source: str, word: str) -> None: ...

    def delivered(self, source: str, outcome: str) -> None: ...
