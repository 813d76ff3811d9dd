"""Retrying a batch whose surroundings are unwell: bounded, jittered, and ended early by a stop."""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

import msgspec
import tenacity

from pipeline.errors import Transient

T = TypeVar("T")


class RetryPolicy(msgspec.Struct, frozen=True):
    """Attempts at one batch before it is given back to the log; waits in seconds."""

    attempts: int = 5
    first_wait: float = 0.2
    longest_wait: float = 5.0


DEFAULT_RETRY = RetryPolicy()


def retrying(policy: RetryPolicy, stop: Event, on_retry: Callable[[BaseException], None]) -> tenacity.Retrying:
    """A tenacity controller that retries `Transient` only and re-raises the last one."""

    def noted(state: tenacity.RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            on_retry(error)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(policy.attempts), tenacity.stop_when_event_set(stop)),
        wait=tenacity.wait_random_exponential(multiplier=policy.first_wait, max=policy.longest_wait),
        sleep=tenacity.sleep_using_event(stop),
        before_sleep=noted,
        reraise=True,
    )


def backoff(policy: RetryPolicy, failures: int) -> float:
    """Seconds to leave between batches after `failures` of them in a row were given back."""
    return min(policy.longest_wait, policy.first_wait * 2.0 ** min(failures, 16))
