"""Documents pushed to us: ``POST /ingest/{source}``, answered once the log has them.

A sender proves itself with ``Authorization: Bearer TOKEN``, or with an HMAC of the body:
``X-Signature-256: sha256=HEX`` (as GitHub and WebSub 1.0 section 8 write it, ``X-Hub-Signature`` too).

::

    202  the log has it; {"items": n, "refused": [...]}
    401  no or wrong proof; also for sources that don't exist, so that names can't be guessed
    413  larger than allowed         415  unknown content coding
    422  nothing in it can be read   503  the log is down: send it again
"""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from aiohttp import web

from pipeline.errors import Permanent, Transient
from pipeline.formats.document import sha256
from pipeline.item import Origin, Refusal
from pipeline.poll.bodies import BodyRefusedError, read_body, unfold
from pipeline.poll.dead_letters import DeadLetters, publish_letters
from pipeline.poll.fetch import secret
from pipeline.poll.interfaces import PollObserver, Publisher, Silent
from pipeline.poll.reading import DocumentReader, KilledError, Reading
from pipeline.poll.sources import Source

_MOST_BURIED = 1_000
_SIGNATURES = ("X-Signature-256", "X-Hub-Signature-256", "X-Hub-Signature")
_ALGORITHMS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class PushEndpoint:
    """Takes documents for the sources of kind push."""

    def __init__(
        self,
        sources: Iterable[Source],
        publisher: Publisher,
        reader: DocumentReader,
        *,
        raw_topic: str = "wire.raw",
        observer: PollObserver | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_bytes: int = 10_000_000,
        dead_letters: DeadLetters | None = None,
        watch: Callable[[], tuple[Source, ...] | None] = lambda: None,
    ) -> None:
        """`watch` is asked at each push, on a thread, for a changed list.

        `most_bytes` bounds a body as sent and, twice that, without its content coding.
        """
        self._publisher = publisher
        self._reader = reader
        self._topic = raw_topic
        self._observer = observer or Silent()
        self._clock = clock
        self._most = most_bytes
        self._letters = dead_letters
        self._watch = watch
        self._buried: OrderedDict[str, None] = OrderedDict()
        """Fingerprints of documents dead-lettered lately: a sender may try the same again and again."""
        self._executor = ThreadPoolExecutor(4, thread_name_prefix="push")
        self.reload(sources)

    def reload(self, sources: Iterable[Source]) -> None:
        """Take documents for these sources from now on."""
        self._sources = {s.id: s for s in sources if s.kind == "push"}

    def attach(self, application: web.Application) -> None:
        """Add the route to an application."""
        application.router.add_post("/ingest/{source}", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one push."""
        changed = await asyncio.get_running_loop().run_in_executor(self._executor, self._watch)
        if changed is not None:
            self.reload(changed)
        source = self._sources.get(request.match_info["source"])
        try:
            sent = await read_body(request, self._most)
            if source is None or not _proven(source, request, sent):
                return _answer(401, "unauthorized", "a bearer token or a signature is needed")
            body = unfold(sent, request, 2 * self._most)
        except BodyRefusedError as error:
            return _answer(error.status, error.code, error.why)
        loop = asyncio.get_running_loop()
        began = loop.time()
        response, outcome = await loop.run_in_executor(self._executor, self._take_in, source, body, request)
        self._observer.polled(source.id, outcome, loop.time() - began)
        return response

    def _take_in(self, source: Source, body: bytes, request: web.Request) -> tuple[web.Response, str]:
        origin = Origin(
            source=source.id,
            fetched_at=self._clock(),
            content_type=request.content_type,
            charset=request.charset,
            agency=source.agency,
            language=source.language,
        )
        try:
            reading = self._reading(body, origin)
            if reading.items:
                self._publisher.publish(self._topic, [item.record for item in reading.items])
            if reading.refusals:
                self._bury(body, origin, reading.refusals[0].code, reading.refusals)
        except Permanent as error:
            return _answer(422, error.code, error.why), "unreadable"
        except KilledError as error:
            return _answer(422, "parser_killed", str(error)), "parser_killed"
        except Transient:
            return _answer(503, "log_down", "the log does not answer; send it again"), "log_down"
        self._observer.items(source.id, len(reading.items), 0, len(reading.refusals))
        refused = [{"item": r.position, "code": r.code, "why": r.why} for r in reading.refusals]
        if refused and not reading.items:
            return web.json_response({"items": 0, "refused": refused}, status=422), "unreadable"
        return web.json_response({"items": len(reading.items), "refused": refused}, status=202), "published"

    def _reading(self, body: bytes, origin: Origin) -> Reading:
        try:
            return self._reader.read(body, origin)
        except Permanent as error:
            self._bury(body, origin, error.code, error.why)
            raise
        except KilledError as error:
            self._bury(body, origin, "parser_killed", str(error))
            raise

    def _bury(self, body: bytes, origin: Origin, code: str, why: str | Sequence[Refusal]) -> None:
        key = f"{origin.source}/{sha256(body)}"
        if self._letters is None or key in self._buried:
            return
        now = self._clock()
        if isinstance(why, str):
            letter = self._letters.of_document(body, origin, code, why, now)
        else:
            letter = self._letters.of_items(body, origin, why, now)
        publish_letters(self._publisher, self._letters.topic, [letter])
        self._observer.dead_lettered(origin.source, code)
        self._buried[key] = None
        if len(self._buried) > _MOST_BURIED:
            self._buried.popitem(last=False)


def _proven(source: Source, request: web.Request, body: bytes) -> bool:
    credentials = source.credentials
    try:
        if credentials.bearer:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return hmac.compare_digest(given.encode(), secret(credentials.bearer).encode())
        key = secret(credentials.hmac or "").encode()
    except LookupError:
        # The secret is not there to compare with: nobody gets in.
        return False
    given = next((request.headers[name] for name in _SIGNATURES if name in request.headers), "")
    algorithm, _, digest = given.partition("=")
    if algorithm not in _ALGORITHMS or not key:
        return False
    return hmac.compare_digest(
        digest.lower().encode(), hmac.new(key, body, _ALGORITHMS[algorithm]).hexdigest().encode()
    )


def _answer(status: int, code: str, why: str) -> web.Response:
    return web.json_response({"error": code, "why": why}, status=status)
