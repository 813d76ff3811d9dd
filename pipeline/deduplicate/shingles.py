"""The words of a body as sets of hashes: what near-duplicates are found by and compared with.

Word 5-shingles of the NFKC-casefolded body and their MinHash signatures; A. Broder, "On the resemblance and
containment of documents" (1997). Hashes depend on the words alone, not on the process.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray
from rensa import RMinHash

WORDS = 5
"""Words in a shingle."""
LEAD = 50
"""Words at the beginning of a body that have bands of their own, so that a truncated copy is found."""
BODY_BANDS, BODY_ROWS = 32, 4
LEAD_BANDS, LEAD_ROWS = 16, 3
BANDS = BODY_BANDS + LEAD_BANDS + 1
"""Band keys of a text; the last one stands for the whole body."""
BRIEF = 20
"""A body of fewer words says too little to be compared without its headline."""

_SEED = 42
_MOST_KNOWN_WORDS = 1 << 19
_TOKEN = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD], np.uint64
)
"""Odd multipliers, as in splitmix64 and xxHash: one for each place of a shingle or a band."""
_HALF = np.uint64(32)

Words: TypeAlias = NDArray[np.uint32]
Longs: TypeAlias = NDArray[np.uint64]


class Sketch(msgspec.Struct, frozen=True):
    """What is kept of a body: see the fields of the same names in `Member`."""

    tokens: int
    body: bytes
    bands: Words
    """`BANDS` keys, 0 where there is none."""
    shingles: Words
    figures: Words


class _Hashes(dict[str, int]):
    """Hash of each word, computed once; the lowest bit tells a word with a digit in it."""

    def __missing__(self, word: str) -> int:
        if len(self) > _MOST_KNOWN_WORDS:
            self.clear()
        value = xxhash.xxh64_intdigest(word.encode("utf-8", "surrogatepass")) & ~1 | bool(_DIGIT.search(word))
        self[word] = value
        return value


class Sketcher:
    """Makes sketches; remembers the hashes of words it saw, which changes nothing but its speed."""

    def __init__(self) -> None:
        self._hashes = _Hashes()

    def sketch(self, texts: Sequence[tuple[str, str]]) -> list[Sketch]:
        """One sketch of each body; its headline counts only where the body has fewer than `BRIEF` words."""
        if not texts:
            return []
        tokens = [words(body) for body, _ in texts]
        digests = [
            _digest(own if len(own) >= BRIEF else [*own, "", *words(headline)])
            for own, (_, headline) in zip(tokens, texts, strict=True)
        ]
        counts = np.array([len(own) for own in tokens])
        hash_of = self._hashes.__getitem__
        flat = np.array([hash_of(word) for own in tokens for word in own], np.uint64)
        starts = np.concatenate(([0], np.cumsum(counts)))
        owner = np.repeat(np.arange(len(texts)), counts)
        shingles, ends, lead, lead_ends = _shingled(flat, counts, starts, owner)
        digit = (flat & np.uint64(1)).astype(bool)
        figures, figure_ends = _sets(owner[digit], (flat[digit] >> _HALF).astype(np.uint32), len(texts))
        bands = np.zeros((len(texts), BANDS), np.uint32)
        spread = shingles * _ODD[0]
        bands[:, :BODY_BANDS] = _bands(spread, ends, BODY_BANDS, BODY_ROWS, 0)
        bands[:, BODY_BANDS:-1] = _bands(lead, lead_ends, LEAD_BANDS, LEAD_ROWS, BODY_BANDS)
        bands[counts < WORDS] = 0
        bands[:, -1] = [_key(digest) if own else 0 for own, digest in zip(tokens, digests, strict=True)]
        narrow = shingles.astype(np.uint32)
        return [
            Sketch(
                int(counts[n]),
                digests[n],
                bands[n],
                narrow[ends[n] : ends[n + 1]],
                figures[figure_ends[n] : figure_ends[n + 1]],
            )
            for n in range(len(texts))
        ]


def words(text: str) -> list[str]:
    """The NFKC-casefolded words of a text."""
    return _TOKEN.findall((text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold())


def overlap(one: Words, other: Words) -> int:
    """How many elements two sorted sets share."""
    if len(one) > len(other):
        one, other = other, one
    if not len(one):
        return 0
    at = np.searchsorted(other, one)
    at[at == len(other)] = 0
    return int(np.count_nonzero(other[at] == one))


def _digest(tokens: Sequence[str]) -> bytes:
    return xxhash.xxh128_digest("\x1f".join(tokens).encode("utf-8", "surrogatepass"))


def _key(digest: bytes) -> int:
    return int.from_bytes(digest[:4], "little") | 1


def _shingled(
    flat: Longs, counts: NDArray[np.int64], starts: NDArray[np.int64], owner: NDArray[np.int64]
) -> tuple[Longs, NDArray[np.int64], Longs, NDArray[np.int64]]:
    """Shingles of all bodies, sorted and without repetition, and those of their leads; each with where they part."""
    many = len(counts)
    length = max(len(flat) - WORDS + 1, 0)
    mixed = np.zeros(length, np.uint64)
    for place in range(WORDS):
        mixed += (flat[place : place + length] ^ (flat[place : place + length] >> _HALF)) * _ODD[place]
        mixed ^= mixed >> np.uint64(29)
    mixed = (mixed * _ODD[1]) >> _HALF
    within = owner[:length] == owner[WORDS - 1 :] if length else np.zeros(0, bool)
    position = np.arange(length) - starts[owner[:length]]
    shingles, ends = _sets(owner[:length][within], mixed[within].astype(np.uint32), many)
    leading = within & (position <= LEAD - WORDS)
    sizes = np.bincount(owner[:length][leading], minlength=many)
    return shingles.astype(np.uint64), ends, mixed[leading] * _ODD[0], np.concatenate(([0], np.cumsum(sizes)))


def _sets(owner: NDArray[np.int64], values: Words, many: int) -> tuple[Words, NDArray[np.int64]]:
    """The values of each owner, sorted and without repetition, one after the other, and where they part."""
    together = np.sort((owner.astype(np.uint64) << _HALF) | values)
    if len(together):
        together = together[np.concatenate(([True], together[1:] != together[:-1]))]
    sizes = np.bincount((together >> _HALF).astype(np.int64), minlength=many)
    return together.astype(np.uint32), np.concatenate(([0], np.cumsum(sizes)))


def _bands(hashes: Longs, ends: NDArray[np.int64], bands: int, rows: int, first: int) -> Words:
    """Band keys of each text: (texts, bands), never 0. `first` keeps the keys of different indexes apart."""
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, ends.astype(np.uint64), bands * rows, _SEED)
    signatures = np.array(matrix.to_rows(), np.uint64).reshape(-1, bands, rows)
    mixed = np.zeros(signatures.shape[:2], np.uint64) + np.arange(first, first + bands, dtype=np.uint64) * _ODD[4]
    for row in range(rows):
        mixed += (signatures[:, :, row] + np.uint64(row + 1)) * _ODD[row]
        mixed ^= mixed >> np.uint64(29)
    keys: Words = ((mixed * _ODD[1]) >> _HALF).astype(np.uint32)
    return keys | np.uint32(1)
