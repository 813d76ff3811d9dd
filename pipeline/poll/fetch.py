"""One document over HTTP: conditional, bounded in size and time, and only from where it may come."""

import asyncio
import base64
import contextlib
import itertools
import os
import re
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from pipeline import __version__
from pipeline.item import Origin
from pipeline.poll.guard import ForbiddenAddressError, PublicResolver, check_url
from pipeline.poll.inflate import ACCEPTED, BadEncodingError, CutShortError, TooLargeError, inflate
from pipeline.poll.sources import Credentials, Source

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_SAME_METHOD = frozenset({307, 308})
_OK, _NOT_MODIFIED = 200, 304
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_CONTROLS = dict.fromkeys((*range(32), 127))


class Bounds(msgspec.Struct, frozen=True):
    """Limits of one fetch. Sizes in bytes, times in seconds."""

    sent: int = 10_000_000
    """Of the body as sent."""
    unfolded: int = 20_000_000
    """Of the body without its content coding."""
    redirects: int = 5
    connect: float = 10.0
    silence: float = 15.0
    """Between two pieces of an answer."""
    total: float = 60.0


class Answer(msgspec.Struct, frozen=True):
    """What came back. `outcome` is ``ok``, ``not_modified``, ``http`` (see `status`) or a poll outcome of failure."""

    outcome: str
    status: int = 0
    body: bytes = b""
    url: str = ""
    moved_to: str | None = None
    """Where it is now, if every redirect on the way was permanent."""
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    charset: str | None = None
    max_age: float | None = None
    retry_after: float | None = None
    """As the header says: seconds, or made of its date."""
    date: float | None = None
    """The server's clock, epoch seconds."""
    links: tuple[tuple[str, str], ...] = ()
    """Relation and address of each Link header (RFC 8288), as far as WebSub uses them."""
    why: str = ""


def origin_of(source: Source, answer: Answer, fetched_at: datetime) -> Origin:
    """Where a document that was fetched comes from."""
    return Origin(
        source=source.id,
        url=answer.url,
        fetched_at=fetched_at,
        content_type=answer.content_type,
        charset=answer.charset,
        agency=source.agency,
        language=source.language,
    )


class Fetcher:
    """Two sessions, one of which reaches public addresses only. Belongs to one event loop."""

    def __init__(
        self,
        *,
        contact: str = "",
        bounds: Bounds | None = None,
        resolver: AbstractResolver | None = None,
        connections: int = 256,
    ) -> None:
        """`resolver` finds the addresses of names; it is checked all the same."""
        self._bounds = bounds or Bounds()
        agent = f"newswire/{__version__}" + (f" (+{contact.translate(_CONTROLS)})" if contact else "")
        self._headers = {"User-Agent": agent, "Accept-Encoding": ACCEPTED}
        self._timeout = aiohttp.ClientTimeout(
            total=self._bounds.total, sock_connect=self._bounds.connect, sock_read=self._bounds.silence
        )
        self._public = self._session(PublicResolver(resolver), connections)
        self._internal = self._session(resolver, connections)

    def _session(self, resolver: AbstractResolver | None, connections: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=connections, ttl_dns_cache=60),
            timeout=self._timeout,
            headers=self._headers,
            auto_decompress=False,
            # Feeds need no cookies, and a jar would let one source follow us to another.
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=16_384,
            max_field_size=16_384,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._public.close()
        await self._internal.close()

    async def fetch(
        self,
        address: str,
        *,
        internal: bool = False,
        etag: str | None = None,
        last_modified: str | None = None,
        credentials: Credentials | None = None,
        proxy: str | None = None,
        accept: str = _ACCEPT,
    ) -> Answer:
        """Fetch `address`, conditionally where validators are given. Never raises on what a server does."""
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        try:
            return await self._follow(URL(address), headers, credentials, proxy, internal=internal)
        except Exception as error:  # noqa: BLE001  # sorted into the closed set by _failure, which raises what it does not know
            return _failure(error)

    async def post(self, address: str, form: dict[str, str], *, internal: bool = False) -> Answer:
        """Send a form; `outcome` is ``ok`` for any status of the 2xx kind. Never raises on what a server does."""
        session = self._internal if internal else self._public
        url = URL(address)
        try:
            for _ in range(self._bounds.redirects + 1):
                check_url(url, internal=internal)
                async with session.post(url, data=form, allow_redirects=False) as response:
                    target = response.headers.get("Location")
                    response.close()
                    if response.status not in _SAME_METHOD or not target:
                        taken = response.status // 100 == 2  # noqa: PLR2004  # RFC 9110 section 15.3
                        return Answer("ok" if taken else "http", response.status)
                    url = url.join(URL(target))
        except Exception as error:  # noqa: BLE001  # as in fetch
            return _failure(error)
        return Answer("redirect_loop")

    async def _follow(
        self, url: URL, headers: dict[str, str], credentials: Credentials | None, proxy: str | None, *, internal: bool
    ) -> Answer:
        session = self._internal if internal else self._public
        home, permanent, moved = url.origin(), True, None
        for _ in range(self._bounds.redirects + 1):
            check_url(url, internal=internal)
            sent = headers
            # Credentials are for the host they were given for, never for where it redirects to.
            if credentials is not None and url.origin() == home:
                sent = headers | authorization(credentials)
            async with session.get(url, headers=sent, allow_redirects=False, proxy=proxy) as response:
                status = response.status
                if status not in _REDIRECTS:
                    return await self._read(response, moved)
                target = response.headers.get("Location")
                if not target:
                    return Answer("http", status, why="a redirect to nowhere")
                permanent = permanent and status in _PERMANENT
                url = url.join(URL(target))
                moved = str(url) if permanent else None
        return Answer("redirect_loop", why=f"more than {self._bounds.redirects} redirects")

    async def _read(self, response: aiohttp.ClientResponse, moved: str | None) -> Answer:
        headers = response.headers
        answer = Answer(
            "not_modified",
            response.status,
            url=str(response.url),
            moved_to=moved,
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            max_age=_max_age(headers.get("Cache-Control", "")),
            date=http_date(headers.get("Date")),
            links=_links(headers.getall("Link", ()), response.url),
        )
        if response.status == _NOT_MODIFIED:
            return answer
        replace = msgspec.structs.replace
        if response.status != _OK:
            wait = _retry_after(headers.get("Retry-After"), answer.date)
            # The body is of no use, and reading it would be the server's choice of how long.
            response.close()
            return replace(answer, outcome="http", retry_after=wait, why=f"HTTP {response.status}")
        sent = await self._body(response)
        body = inflate(sent, headers.get("Content-Encoding", ""), self._bounds.unfolded)
        return replace(answer, outcome="ok", body=body, content_type=response.content_type, charset=response.charset)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._bounds.sent
        if (response.content_length or 0) > limit:
            response.close()
            raise TooLargeError
        body = await response.content.read(65_536)
        if response.content.at_eof():
            return body
        pieces = bytearray(body)
        async for piece in response.content.iter_any():
            pieces += piece
            if len(pieces) > limit:
                response.close()
                raise TooLargeError
        return bytes(pieces)


def authorization(credentials: Credentials) -> dict[str, str]:
    """The header that the credentials make, if any.

    Raises:
        LookupError: a secret that they name isn't there.
    """
    if credentials.bearer:
        return {"Authorization": f"Bearer {secret(credentials.bearer)}"}
    if credentials.user:
        pair = f"{secret(credentials.user)}:{secret(credentials.password) if credentials.password else ''}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def secret(reference: str) -> str:
    """The secret behind ``file:PATH`` or the name of an environment variable.

    Raises:
        LookupError: there is none; the message holds the reference only.
    """
    if reference.startswith("file:"):
        try:
            return Path(reference.removeprefix("file:")).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise LookupError(f"the secret in {reference} can't be read: {error.strerror}") from error
    value = os.environ.get(reference)
    if value is None:
        raise LookupError(f"the environment variable {reference} is not set")
    return value


def http_date(value: str | None) -> float | None:
    """Epoch seconds of an HTTP date (RFC 9110 section 5.6.7), or None where it is none."""
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def _retry_after(value: str | None, date: float | None) -> float | None:
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value.strip()[:9])
    until = http_date(value)
    # Against the server's own clock, which may well be wrong.
    return max(0.0, until - date) if until is not None and date is not None else None


_LINK = re.compile(r'<([^<>"]{1,2000})>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]{0,200}"|[^",;\s]{1,200})){1,8})')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]+))', re.IGNORECASE)
_MOST_LINKS = 20


def _links(headers: Sequence[str], base: URL) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for match in itertools.islice(_LINK.finditer(", ".join(headers)[:8_192]), _MOST_LINKS):
        rel = _REL.search(match[2])
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            if name in ("hub", "self"):
                with contextlib.suppress(ValueError):
                    found.append((name, str(base.join(URL(match[1])))))
    return tuple(found)


def _max_age(value: str) -> float | None:
    for part in value.split(","):
        name, _, number = part.strip().partition("=")
        if name.lower() == "max-age" and number.strip('"').isdigit():
            return float(number.strip('"')[:9])
    return None


def _failure(error: Exception) -> Answer:
    """The outcome of what went wrong; the text names the kind only, since addresses may carry secrets."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ForbiddenAddressError):
            return Answer("forbidden_address", why=str(cause))
        cause = cause.__cause__ or cause.__context__
    for kinds, outcome in _FAILURES:
        if isinstance(error, kinds):
            return Answer(outcome, why=type(error).__name__)
    raise error


_FAILURES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TooLargeError,), "too_large"),
    ((BadEncodingError,), "bad_encoding"),
    ((CutShortError, aiohttp.ClientPayloadError), "truncated"),
    ((asyncio.TimeoutError,), "timeout"),
    ((LookupError,), "refused"),
    ((aiohttp.InvalidURL, ValueError), "forbidden_address"),
    ((aiohttp.ClientError, ssl.SSLError, OSError), "network_error"),
)
