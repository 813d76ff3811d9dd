"""Mends what short polls and pauses break in the consumer of kafka-python 3.0.12.

The client lets work run on in the background while a short poll gives up, and the next poll takes it up again.
Four times it loses the thread; each was seen with a real broker:

- A join that finished in between is thrown away and a new one sent, which makes the whole group join anew.
  Members whose polls are short against a rebalance go on like that without end.
- A join begun because the topics' metadata changed is forgotten in between, since the leader's own work on it
  settles the reason. The member then owns partitions that it never fetches and sends no heartbeats.
- Committed offsets asked for in between are kept until somebody asks for the same partitions again, however
  much has been committed by then. The member goes back to where it stood long ago.
- Records of a paused partition are put aside, and taken up again only where no other records are in hand, even
  if those in hand have been read to their end. Such a partition is neither delivered nor fetched any more.

All of it reaches into the client, for want of another way. A client that is made differently is left alone, and
the suites of the bus and the fault runs show whether its members still settle.
"""

from typing import Any


def mend(consumer: Any) -> None:
    """Mend the membership of a consumer that has not polled yet."""
    coordinator: Any = getattr(consumer, "_coordinator", None)
    if hasattr(coordinator, "_do_join_and_sync_async") and hasattr(coordinator, "_on_join_complete_async"):
        _keep_finished_joins(coordinator)
    fetcher: Any = getattr(consumer, "_fetcher", None)
    if hasattr(fetcher, "fetched_records") and hasattr(fetcher, "_next_partition_records"):
        _take_up_what_was_paused(fetcher)
    if hasattr(coordinator, "need_rejoin") and hasattr(coordinator, "rejoining"):
        _end_what_was_begun(coordinator)


def forget_old_offsets(consumer: Any) -> None:
    """Call after each commit, and whenever positions are set by hand: what was asked before is out of date."""
    asked = getattr(getattr(consumer, "_coordinator", None), "_offset_fetch_futures", None)
    if asked:
        asked.clear()


def _keep_finished_joins(coordinator: Any) -> None:
    """Let a new join of the same generation end at once with what the last one found."""
    join, complete = coordinator._do_join_and_sync_async, coordinator._on_join_complete_async  # noqa: SLF001
    finished: list[tuple[Any, Any]] = []

    async def join_unless_finished() -> Any:
        if finished:
            generation, assignment = finished.pop()
            # Heartbeats rest until a join is taken up, so nobody can have asked for another one meanwhile.
            if generation == coordinator._generation:  # noqa: SLF001  # as above
                return assignment
        assignment = await join()
        finished[:] = [(coordinator._generation, assignment)]  # noqa: SLF001  # as above
        return assignment

    async def taken_up(*arguments: Any) -> Any:
        finished.clear()
        # What the group had committed before this generation says nothing about it.
        getattr(coordinator, "_offset_fetch_futures", {}).clear()
        return await complete(*arguments)

    coordinator._do_join_and_sync_async = join_unless_finished  # noqa: SLF001  # as above
    coordinator._on_join_complete_async = taken_up  # noqa: SLF001  # as above


def _end_what_was_begun(coordinator: Any) -> None:
    """A join that has begun is needed until it is complete."""
    needed = coordinator.need_rejoin

    def need_rejoin() -> bool:
        return bool(coordinator.rejoining or needed())

    coordinator.need_rejoin = need_rejoin


def _take_up_what_was_paused(fetcher: Any) -> None:
    """Let go of records that were read to their end, so that others can take their place."""
    take = fetcher.fetched_records

    def fetched_records(*arguments: Any, **options: Any) -> Any:
        if not fetcher._next_partition_records:  # noqa: SLF001  # as above
            fetcher._next_partition_records = None  # noqa: SLF001  # as above
        return take(*arguments, **options)

    fetcher.fetched_records = fetched_records
