"""Of a changed feed only the entries not seen before are parsed: what is remembered of an entry's bytes.

Beside ids and content, the memory keeps a fingerprint of each feed entry as it stood in the document. An entry
is left out of parsing where its bytes were seen before and its story is still remembered with what these bytes
say; one that was edited, or set back to an earlier text, is parsed and judged like any other. Marks are those of
`PollMemory`: half of the fingerprint is the key, and the value is::

    the other half, 8 bytes | id key, 8 | content digest, 8 | content key, 8, where there is one
    the other half, 8 bytes                                   of an entry that could not be read
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

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


class _Remembered(msgspec.Struct, frozen=True):
    """An entry whose bytes were seen before, and the marks that its item made then."""

    mark: Mark
    item: tuple[Mark, ...]


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
    marks = dict(_old_marks(prints, remembered))
    marks.update(known.marks)
    if reading.part_of:
        marks.update(_new_marks(prints, reading))
    overlap = known.known + len(prints) - len(unseen)
    return reading, Known(new=known.new, known=overlap, marks=tuple(marks.items()))


def _remembered(memory: PollMemory, source: str, prints: Sequence[bytes]) -> dict[bytes, _Remembered]:
    """By fingerprint: the entries that need not be parsed again."""
    values = memory.seen(source, [p[:_HALF] for p in prints])
    found = {}
    for fingerprint in prints:
        value = values.get(fingerprint[:_HALF], b"")
        if value[:_HALF] == fingerprint[_HALF:]:
            found[fingerprint] = _Remembered((fingerprint[:_HALF], value), _item_marks(value[_HALF:]))
    keys = {key for one in found.values() for key, _ in one.item[:1]}
    digests = memory.seen(source, sorted(keys)) if keys else {}
    # A text that was set back was seen before, but is not what the story says now.
    return {one: was for one, was in found.items() if all(digests.get(key) == digest for key, digest in was.item[:1])}


def _item_marks(value: bytes) -> tuple[Mark, ...]:
    parts = [value[n : n + _HALF] for n in range(0, len(value), _HALF)]
    if len(parts) < 2:  # noqa: PLR2004  # an entry that could not be read has no key and digest
        return ()
    key, digest, *same = parts
    return ((key, digest), *((one, digest) for one in same))


def _old_marks(prints: Iterable[bytes], remembered: dict[bytes, _Remembered]) -> Iterator[Mark]:
    """Marks are made anew with every poll that meets the entry, so that it is not forgotten while it stands."""
    for fingerprint in prints:
        if one := remembered.get(fingerprint):
            yield one.mark
            yield from one.item


def _new_marks(prints: Sequence[bytes], reading: Reading) -> Iterator[Mark]:
    for item in reading.items:
        yield _mark(prints[item.position], item)
    for refusal in reading.refusals:
        if refusal.code != "too_many_items":
            yield _mark(prints[refusal.position], None)


def _mark(fingerprint: bytes, item: Found | None) -> Mark:
    said = item.key + item.digest + (item.same or b"") if item else b""
    return fingerprint[:_HALF], fingerprint[_HALF:] + said
