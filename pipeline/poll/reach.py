"""Can each source be reached? For `newswire check`, so once, and without remembering anything."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.poll.fetch import Bounds, Fetcher
from pipeline.poll.sources import Source

AT_ONCE = 16


def reach(sources: Sequence[Source], *, contact: str, seconds: float = 15.0) -> list[tuple[str, bool, str]]:
    """`(source, reached, what answered)` of every source in order; blocks until all have answered or given up."""
    return asyncio.run(_reach(sources, contact, seconds))


async def _reach(sources: Sequence[Source], contact: str, seconds: float) -> list[tuple[str, bool, str]]:
    fetcher = Fetcher(contact=contact, bounds=Bounds(total=seconds))
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(source: Source) -> tuple[str, bool, str]:
        if source.kind == "folder":
            return _folder(source)
        if source.kind == "push":
            return source.id, True, "waits for what is pushed"
        async with gate:
            answer = await fetcher.fetch(
                source.url or "", internal=source.internal, credentials=source.credentials, proxy=source.proxy
            )
        if answer.outcome == "ok":
            return source.id, True, f"{len(answer.body)} bytes of {answer.content_type or 'unknown type'}"
        return source.id, False, answer.why or (f"HTTP {answer.status}" if answer.status else answer.outcome)

    try:
        return list(await asyncio.gather(*(one(source) for source in sources)))
    finally:
        await fetcher.close()


def _folder(source: Source) -> tuple[str, bool, str]:
    folder = Path(source.folder or "")
    good = folder.is_dir() and os.access(folder, os.R_OK | os.W_OK)
    return source.id, good, f"{folder}: " + ("a folder we may write" if good else "no folder that we may write")
