"""Dead letters: what is kept of a record that a stage refused, and how to read it again.

Key, value and headers stay byte for byte as received; the reason is added in headers with the names
that Kafka Connect uses (KIP-298), so that existing tools understand them, and in `newswire.dlq.*`.
"""

from datetime import datetime

from pipeline.record import Headers, Record, Reject

SUFFIX = ".dlq"
_CONNECT = "__connect.errors."
_OURS = "newswire.dlq."
ATTEMPT = _OURS + "attempt"
MAX_WHY = 2_000
"""Characters kept of a message: a parser's error may quote the whole input."""


def dead_letter_topic(topic: str) -> str:
    """The topic that takes the dead letters of `topic`; a dead letter refused again stays where it is."""
    return topic if topic.endswith(SUFFIX) else topic + SUFFIX


def original_headers(headers: Headers) -> Headers:
    """The headers as they were before the record was dead-lettered."""
    return tuple(h for h in headers if not h[0].startswith((_CONNECT, _OURS)))


def attempts(headers: Headers) -> int:
    """How often the record has been dead-lettered before."""
    for name, value in headers:
        if name == ATTEMPT and value.isdigit():
            return int(value)
    return 0


def dead_letter_headers(record: Record, stage: str, reject: Reject, now: datetime, version: str) -> Headers:
    """The record's own headers, and why, where and when it failed."""
    carried = dict(record.headers)
    first = carried.get(_OURS + "first_failed_at", now.isoformat().encode())
    added = {
        _CONNECT + "topic": record.topic.encode(),
        _CONNECT + "partition": str(record.partition).encode(),
        _CONNECT + "offset": str(record.offset).encode(),
        _CONNECT + "stage": stage.encode(),
        _CONNECT + "exception.class.name": reject.code.encode(),
        _CONNECT + "exception.message": reject.why[:MAX_WHY].encode("utf-8", "replace"),
        ATTEMPT: str(attempts(record.headers) + 1).encode(),
        _OURS + "first_failed_at": first,
        _OURS + "retriable": b"false",
        _OURS + "version": version.encode(),
    }
    return (*original_headers(record.headers), *added.items())
