"""Manners towards hosts: how many requests at once, and how long between two."""

import msgspec


class Manners(msgspec.Struct, frozen=True):
    """Towards one host; its sources share it."""

    at_once: int = 2
    spacing: float = 1.0
    """Seconds between the starts of two requests."""


class Hosts:
    """Who may be asked now. Belongs to one event loop; times are of its clock."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._running: dict[str, int] = {}
        self._next: dict[str, float] = {}

    def enter(self, host: str, now: float) -> float:
        """Take a place and return 0; or take none and return the seconds after which to try again."""
        running = self._running.get(host, 0)
        if running >= self._manners.at_once:
            return max(self._manners.spacing, 0.05)
        wait = self._next.get(host, 0.0) - now
        if wait > 0:
            return wait
        self._running[host] = running + 1
        if self._manners.spacing > 0:
            self._next[host] = now + self._manners.spacing
        return 0.0

    def leave(self, host: str) -> None:
        """Give the place back."""
        left = self._running[host] - 1
        if left:
            self._running[host] = left
        else:
            del self._running[host]

    def hold(self, host: str, until: float) -> None:
        """Ask nothing of the host before `until`: it said that it was asked too much."""
        self._next[host] = max(self._next.get(host, 0.0), until)
