"""Which network addresses a source may lead to: names are judged by what they resolve to, at each connection."""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddressError(OSError):
    """The address is private, loopback, link-local or otherwise not on the public internet."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, seen through IPv4 inside IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def check_url(url: URL, *, internal: bool) -> None:
    """Refuse what the resolver never sees: other schemes, addresses written as numbers, odd ports of none.

    Raises:
        ForbiddenAddressError: with the reason, which names no credentials.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise ForbiddenAddressError(f"only http and https are allowed, not {url.scheme or 'nothing'!r}")
    if internal:
        return
    try:
        ipaddress.ip_address(url.host.partition("%")[0])
    except ValueError:
        return
    if not is_public(url.host):
        raise ForbiddenAddressError(f"{url.host} is not a public address")


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only.

    The connection is made to the very addresses checked here, so a name that resolves to something else a
    moment later (rebinding) gains nothing. One private address among public ones spoils the name.
    """

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of the name.

        Raises:
            ForbiddenAddressError: one of them is not public.
        """
        found = await self._inner.resolve(host, port, family)
        for one in found:
            if not is_public(one["host"]):
                raise ForbiddenAddressError(f"{host} resolves to {one['host']}, which is not public")
        return found

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._inner.close()
