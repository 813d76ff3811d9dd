"""What hosts allow robots to fetch: robots.txt by RFC 9309, fetched with our own fetcher and kept for a day."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.robotparser import RobotFileParser

from yarl import URL

from pipeline.poll.fetch import Answer

AGENT = "newswire"
Ask = Callable[[str, str | None, str | None], Awaitable[Answer]]
"""Fetches an address, given the validators of the answer before: ETag and Last-Modified."""

_MOST_BYTES = 512_000
"""RFC 9309 section 2.5 wants at least 500 KiB read."""
_MOST_HOSTS = 2_000
_DAY, _HOUR, _UNREACHABLE_SECONDS = 86_400.0, 3_600.0, 600.0
_SERVER_FAULT = 500
_LONGEST_DELAY = 60.0


class _Rules:
    """What one host said last. `rules` is None where it could not be asked, and nothing is allowed for now."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.rules: RobotFileParser | None = None
        self.until = 0.0
        self.etag: str | None = None
        self.last_modified: str | None = None


class Robots:
    """Belongs to one event loop, whose clock it goes by."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Rules] = OrderedDict()

    async def allows(self, address: str, ask: Ask) -> tuple[bool | None, float]:
        """Whether the address may be fetched (None: the host can't be asked just now), and the delay it wants.

        `ask` is used where the rules are not known or more than a day old. The delay is in seconds.
        """
        url = URL(address)
        origin = str(url.origin())
        known = self._hosts.setdefault(origin, _Rules())
        self._hosts.move_to_end(origin)
        if len(self._hosts) > _MOST_HOSTS:
            self._hosts.popitem(last=False)
        async with known.lock:
            if asyncio.get_running_loop().time() >= known.until:
                await _refresh(known, await ask(f"{origin}/robots.txt", known.etag, known.last_modified))
        if known.rules is None:
            return None, 0.0
        delay = known.rules.crawl_delay(AGENT)
        return known.rules.can_fetch(AGENT, str(url)), min(float(delay or 0), _LONGEST_DELAY)


async def _refresh(known: _Rules, answer: Answer) -> None:
    loop = asyncio.get_running_loop()
    seconds = min(max(answer.max_age or _DAY, _HOUR), _DAY)
    if answer.outcome == "not_modified" and known.rules is not None:
        known.until = loop.time() + seconds
        return
    if answer.outcome == "ok":
        text = answer.body[:_MOST_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
        known.rules = await loop.run_in_executor(None, _parsed, text)
    elif answer.outcome == "http" and answer.status < _SERVER_FAULT and answer.status != 429:  # noqa: PLR2004  # throttled
        # RFC 9309 section 2.3.1.3: what is not there forbids nothing.
        known.rules = _parsed("")
    else:
        known.rules, seconds = None, _UNREACHABLE_SECONDS
    known.etag, known.last_modified = answer.etag, answer.last_modified
    known.until = loop.time() + seconds


def _parsed(text: str) -> RobotFileParser:
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    return rules
