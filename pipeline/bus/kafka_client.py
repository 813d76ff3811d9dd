"""What the parts of the Kafka adapter share: the client's errors in our terms."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient, errors

from pipeline.errors import Fatal, Fenced, Transient

COMMITTED_TIMEOUT_MS = 15_000
"""How long to wait for the offsets of a group: while a transaction is undecided the broker does not tell them."""

FENCED = (
    errors.ProducerFencedError,
    errors.InvalidProducerEpochError,
    errors.InvalidProducerIdMappingError,
    errors.FencedInstanceIdError,
    errors.UnknownMemberIdError,
    errors.FencedMemberEpochError,
    errors.TransactionCoordinatorFencedError,
)
"""Somebody else owns the transactional id or the place in the group."""

FATAL = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.UnsupportedVersionError,
    errors.InvalidTopicError,
    errors.KafkaConfigurationError,
    errors.InvalidTransactionTimeoutError,
    errors.InvalidGroupIdError,
    errors.IllegalStateError,
)
"""No later attempt will go better."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise the client's errors as `Fenced`, `Fatal` or `Transient`, with what was being done."""
    try:
        yield
    except FENCED as error:
        raise Fenced(f"{doing}: {describe(error)}") from error
    except errors.CommitFailedError as error:
        # The client gives the group's verdict on the metadata only in words. An old generation means a
        # rebalance that we are still part of; anything else that somebody took our place.
        kind = Transient if errors.IllegalGenerationError.__name__ in str(error) else Fenced
        raise kind(f"{doing}: {describe(error)}") from error
    except FATAL as error:
        raise Fatal(f"{doing}: {describe(error)}") from error
    except (errors.KafkaError, OSError) as error:
        raise Transient(f"{doing}: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """The error's name and text on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def close_quietly(client: Any, **options: Any) -> None:
    """Close a client whose state no longer matters."""
    with suppress(errors.KafkaError, OSError, AssertionError):
        client.close(**options)


def require_topics(common: Mapping[str, Any], topics: Iterable[str]) -> None:
    """Raise Fatal where a topic doesn't exist.

    The client itself waits for a missing topic as for one whose leader is away, and then calls it a timeout.
    """
    with translated("looking for topics"):
        admin = KafkaAdminClient(**common)
        try:
            known = set(admin.list_topics())
        finally:
            close_quietly(admin)
    absent = sorted(set(topics) - known)
    if absent:
        raise Fatal(f"no such topic: {', '.join(absent)}; run `newswire topics apply`")
