"""Keeps the result of a group join that finished while nobody was polling.

kafka-python 3.0.12 lets a join run on while a short poll gives up, and the next poll waits for it again. But one
that finished in between is thrown away and a new join is sent, which makes the whole group join anew: members
whose polls are short against a rebalance can go on like that without end, and take in nothing meanwhile.
"""

from typing import Any


def keep_finished_joins(consumer: Any) -> None:
    """Let a new join of the same generation end at once with what the last one found.

    Reaches into the client, for want of another way; a client that is made differently is left alone, and
    the suite of the bus shows whether its members still settle.
    """
    coordinator: Any = getattr(consumer, "_coordinator", None)
    join = getattr(coordinator, "_do_join_and_sync_async", None)
    complete = getattr(coordinator, "_on_join_complete_async", None)
    if join is None or complete is None:
        return
    finished: list[tuple[Any, Any]] = []

    async def join_unless_finished() -> Any:
        if finished:
            generation, assignment = finished.pop()
            # Heartbeats rest until a join is taken up, so nobody can have asked for another one meanwhile.
            if generation == coordinator._generation:  # noqa: SLF001  # see above
                return assignment
        assignment = await join()
        finished[:] = [(coordinator._generation, assignment)]  # noqa: SLF001  # see above
        return assignment

    async def taken_up(*arguments: Any) -> Any:
        finished.clear()
        return await complete(*arguments)

    coordinator._do_join_and_sync_async = join_unless_finished  # noqa: SLF001  # see above
    coordinator._on_join_complete_async = taken_up  # noqa: SLF001  # see above
