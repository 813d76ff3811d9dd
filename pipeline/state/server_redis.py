"""The way to a Valkey or Redis server: one client for all that is remembered, and what its errors mean."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.errors import Fatal, Transient

OLDEST = (6, 2)
"""The first version of Redis whose commands and scripts are all that is used; every Valkey has them."""

Client: TypeAlias = Any
"""`redis.Redis`; its types answer for the asynchronous client too, and so for nothing."""


def connect(url: str, timeout: float) -> Client:
    """A client, thread-safe, that connects when it is first used.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``, with user, password and number of the database.
        timeout: seconds, for connecting and for each answer.

    Raises:
        Fatal: the address can't be read. It may hold a password, so the error doesn't quote it.
    """
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # Whether a lost call was carried out is not known here, and not every call may be made twice.
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError):
        raise Fatal("state.url: not an address of the form redis://user:password@host:port/number") from None


@contextmanager
def answering() -> Iterator[None]:
    """Calls on the server; whatever it fails with may pass: being away, loading, full, or no longer the primary."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Transient(f"state server: {error}") from error


def check(client: Client) -> str:
    """Which server answers.

    Raises:
        Transient: none does.
        Fatal: it is set up in a way that loses what it was given; every setting that does is named.
    """
    with answering():
        info: Mapping[str, Any] = client.info()
    wrong = [*_unsafe(info), *_unsynced(client)]
    name = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get("valkey_version") or info.get("redis_version"))
    if wrong:
        raise Fatal(f"state server ({name} {version}): {'; '.join(wrong)}")
    return f"{name} {version}"


def _unsafe(info: Mapping[str, Any]) -> Iterator[str]:
    version = tuple(int(part) for part in str(info.get("redis_version", "0")).split(".")[:2])
    if version < OLDEST:
        yield f"at least Redis {OLDEST[0]}.{OLDEST[1]} is needed"
    if info.get("role") not in ("master", "primary"):
        yield "it is a replica, and takes no writes"
    if info.get("cluster_enabled"):
        yield "it is a part of a cluster; scripts here span slots"
    if not info.get("aof_enabled"):
        yield "appendonly must be yes"
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        yield "maxmemory-policy must be noeviction"


def _unsynced(client: Client) -> Iterator[str]:
    try:
        found = client.config_get("appendfsync")
    except redis.ResponseError:
        # Servers that others run often refuse this, and then only their owners know.
        return
    except (redis.RedisError, OSError) as error:
        raise Transient(f"state server: {error}") from error
    if found.get("appendfsync", "always") != "always":
        yield "appendfsync must be always"
