"""What could not be read does not vanish: its bytes go to the dead letters of the raw topic, with the reason."""

from collections.abc import Callable, Sequence
from datetime import datetime

import xxhash

from pipeline.errors import Permanent
from pipeline.formats.document import sha256
from pipeline.item import Origin, Refusal
from pipeline.poll.interfaces import Publisher, RawRecord
from pipeline.record import Headers, Record, Reject

STAGE = "poll"
KIND = b"newswire.document"
CUT = "newswire.dlq.cut"
"""Header with the size of a document of which the log takes only the first `KEPT_BYTES`."""
KEPT_BYTES = 256_000
_MOST_NAMED = 20

MakeHeaders = Callable[[Record, str, Reject, datetime, str], Headers]
"""Headers of a dead letter from the record, the stage, the reason, the time and the running release."""


class DeadLetters:
    """Makes dead letters of documents. Thread-safe: it holds nothing that changes."""

    def __init__(self, headers: MakeHeaders, raw_topic: str, suffix: str, version: str) -> None:
        """`raw_topic` with `suffix` takes the letters."""
        self._headers = headers
        self._raw_topic = raw_topic
        self._version = version
        self.topic = raw_topic + suffix

    def of_items(self, body: bytes, origin: Origin, refusals: Sequence[Refusal], now: datetime) -> RawRecord:
        """The letter of a document some of whose items could not be read; the first one's code stands for all."""
        said = [f"item {r.position}: {r.code}: {r.why}" for r in refusals[:_MOST_NAMED]]
        more = len(refusals) - len(said)
        why = "; ".join([*said, *([f"and {more} more"] if more else [])])
        return self.of_document(body, origin, refusals[0].code, why, now)

    def of_document(self, body: bytes, origin: Origin, code: str, why: str, now: datetime) -> RawRecord:
        """The letter of a document that could not be read at all."""
        headers = (
            ("ce_specversion", b"1.0"),
            ("content-type", (origin.content_type or "application/octet-stream").encode()),
            ("ce_id", f"{origin.source}/{sha256(body)}".encode()),
            ("ce_source", f"urn:newswire:source:{origin.source}".encode()),
            ("ce_type", KIND),
        )
        # There is no place in the log that it came from.
        record = Record(self._raw_topic, -1, -1, origin.source.encode(), body, headers)
        return record.key, body, self._headers(record, STAGE, Reject(code, why), now, self._version)


def publish_letters(publisher: Publisher, topic: str, letters: Sequence[RawRecord]) -> None:
    """Publish letters; of one too large for the log, what it takes. Blocks.

    Raises:
        Transient: some were not acknowledged.
        Permanent: the log takes not even the beginning of one.
    """
    for letter in letters:
        try:
            publisher.publish(topic, [letter])
        except Permanent:
            key, value, headers = letter
            whole = value or b""
            cut = (CUT, str(len(whole)).encode())
            publisher.publish(topic, [(key, whole[:KEPT_BYTES], (*headers, cut))])


def refusal_mark(fingerprint: bytes) -> tuple[bytes, bytes]:
    """Under what the memory keeps that this very document was dead-lettered; `fingerprint` is of its bytes."""
    return xxhash.xxh3_64_digest(b"refused\0" + fingerprint), b"refused\0"
