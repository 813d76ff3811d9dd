"""The body of a request that somebody sends us, within its bounds."""

from aiohttp import web

from pipeline.poll.inflate import BadEncodingError, CutShortError, TooLargeError, inflate


class BodyRefusedError(Exception):
    """The body can't be taken; `status` is 413 or 415, `code` and `why` say the same in words."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.why = why


async def read_body(request: web.Request, most: int) -> bytes:
    """The body as sent, of at most `most` bytes, and read no further.

    Raises:
        BodyRefusedError: it is larger.
    """
    body = bytearray()
    if (request.content_length or 0) <= most:
        async for piece in request.content.iter_chunked(65_536):
            body += piece
            if len(body) > most:
                break
        else:
            return bytes(body)
    raise BodyRefusedError(413, "too_large", f"a body may have {most} bytes")


def unfold(body: bytes, request: web.Request, most: int) -> bytes:
    """The body without its content coding, of at most `most` bytes.

    Raises:
        BodyRefusedError: it is larger, or the coding can't be undone.
    """
    try:
        return inflate(body, request.headers.get("Content-Encoding", ""), most)
    except TooLargeError as error:
        raise BodyRefusedError(413, "too_large", f"a body may have {most} bytes when unfolded") from error
    except (BadEncodingError, CutShortError) as error:
        raise BodyRefusedError(415, "bad_encoding", "the content coding can't be undone") from error
