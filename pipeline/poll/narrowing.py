"""Of a changed feed only the entries not seen before are parsed: what is remembered of an entry's bytes.

Beside ids and content, the memory keeps a fingerprint of each feed entry as it stood in the document. An entry
is left out of parsing where its bytes were seen before and its story is still remembered with what these bytes
say; one that was edited, or set back to an earlier text, is parsed and judged like any other. Marks are those of
`PollMemory`: half of the fingerprint is the key, and the value is::

    the other half, 8 bytes | id key, 8 | content digest, 8 | content key, 8, where there is one
    the other half, 8 bytes                                   of an entry that could not be read
"""

from collections.abc import Iterator, Sequence

from pipeline.formats.document import sha256
from pipeline.formats.feed_window import split
from pipeline.item import Origin
from pipeline.poll.interfaces import PollMemory
from pipeline.poll.reading import DocumentReader, Part, Reading
from pipeline.poll.seen import Found, Known, keys_of, sort_out

Mark = tuple[bytes, bytes]

MOST_BYTES = 4_000_000
"""Larger documents go whole to the process that can be killed."""
_HALF = 8
_KEY, _DIGEST, _SAME = slice(8, 16), slice(16, 24), slice(24, 32)


def read_new(reader: DocumentReader, memory: PollMemory, body: bytes, origin: Origin) -> tuple[Reading, Known]:
    """Read what is new in a document, and sort it out. Blocks.

    Raises:
        Permanent: nothing in it can be read.
        KilledError: reading it took more time or memory than it may.
        Transient: the memory can't be reached.
    """
    whole = split(body) if len(body) <= MOST_BYTES else None
    if whole is None or not whole.spans:
        reading = reader.read(body, origin)
        return reading, sort_out(reading.items, memory.seen(origin.source, keys_of(reading.items)))
    prints = whole.fingerprints
    remembered = _remembered(memory, origin.source, prints)
    unseen = [number for number, fingerprint in enumerate(prints) if fingerprint not in remembered]
    left = whole.only(frozenset(unseen)) if remembered else body
    reading = reader.read(left, origin, Part(sha256(body), tuple(unseen)))
    known = sort_out(reading.items, memory.seen(origin.source, keys_of(reading.items)))
    marks = dict(_old_marks(remembered))
    marks.update(known.marks)
    if reading.part_of:
        marks.update(_new_marks(prints, reading))
    overlap = known.known + len(prints) - len(unseen)
    return reading, Known(new=known.new, known=overlap, marks=tuple(marks.items()))


def goes_on(reading: Reading) -> bool:
    """Whether the next poll of the same feed reads on where this one met its limit: nothing of it is lost."""
    return reading.part_of and any(refusal.code == "too_many_items" for refusal in reading.refusals)


def _remembered(memory: PollMemory, source: str, prints: Sequence[bytes]) -> dict[bytes, bytes]:
    """By fingerprint, the marks' values of entries that need not be parsed again."""
    values = memory.seen(source, [p[:_HALF] for p in prints])
    found = {p: v for p in prints if (v := values.get(p[:_HALF])) is not None and v[:_HALF] == p[_HALF:]}
    digests = memory.seen(source, [v[_KEY] for v in found.values() if len(v) > _HALF])
    # A text that was set back was seen before, but is not what the story says now.
    return {p: v for p, v in found.items() if len(v) == _HALF or digests.get(v[_KEY]) == v[_DIGEST]}


def _old_marks(remembered: dict[bytes, bytes]) -> Iterator[Mark]:
    """Marks are made anew with every poll that meets the entry, so that it is not forgotten while it stands."""
    for fingerprint, value in remembered.items():
        yield fingerprint[:_HALF], value
        if len(value) > _HALF:
            yield value[_KEY], value[_DIGEST]
        if same := value[_SAME]:
            yield same, value[_DIGEST]


def _new_marks(prints: Sequence[bytes], reading: Reading) -> Iterator[Mark]:
    for item in reading.items:
        yield _mark(prints[item.position], item)
    for refusal in reading.refusals:
        if refusal.code != "too_many_items":
            yield _mark(prints[refusal.position], None)


def _mark(fingerprint: bytes, item: Found | None) -> Mark:
    said = item.key + item.digest + (item.same or b"") if item else b""
    return fingerprint[:_HALF], fingerprint[_HALF:] + said
