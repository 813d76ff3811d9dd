"""Runs of capitalised words, and what each word of them may be.

The tables in ``data/names_*.txt`` were made by hand for this project.
"""

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

TITLE, LEAD, OPEN, BODY, FIRM, WEAK, SURNAME = 1, 2, 4, 8, 16, 32, 64
MAN, WOMAN, ASIAN, INITIAL, SUFFIX, CAPITALS = 128, 256, 512, 1024, 2048, 4096
GIVEN = MAN | WOMAN
"""Flags of a word's kinds, as plain integers because every word is looked up; a word may be several things."""

_LISTS = {"title": TITLE, "lead": LEAD, "open": OPEN, "body": BODY, "firm": FIRM, "weak": WEAK, "surname": SURNAME}


class Word(NamedTuple):
    """One capitalised word of a run; `start` and `end` leave a possessive out."""

    text: str
    start: int
    end: int
    kind: int
    particle: str
    """The small word before it inside the run (``van der``), or an empty string."""
    possessive: bool


Run = list[Word]

_VOWELS = frozenset("AEIOU")
_SUFFIXES = frozenset(("Jr", "Sr", "II", "III", "IV", "VI", "VII", "VIII", "XII", "XIII", "XIV", "XVI"))


def fold(word: str) -> str:
    """The word in lower case without accents."""
    word = word.lower()
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def table(name: str) -> list[str]:
    """The lines of one data file, without comments."""
    text = files("pipeline.enrich").joinpath("data", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _kinds() -> dict[str, int]:
    kinds: dict[str, int] = {}
    lists = [(_LISTS[line.split(":")[0]], line.split(":")[1]) for line in table("names_words.txt")]
    lists += [(MAN, line) for line in table("names_male.txt")]
    lists += [(WOMAN, line) for line in table("names_female.txt")]
    lists += [(ASIAN, line) for line in table("names_asian.txt")]
    for kind, words in lists:
        for word in words.split():
            key = fold(word)
            kinds[key] = kinds.get(key, 0) | kind
    return kinds


KINDS = _kinds()
"""The flags of every word in the tables, by folded word."""

UPPER = "".join(chr(c) for c in range(0x41, 0x530) if chr(c).isupper())
_ABBREVIATED = "Mr|Mrs|Ms|Dr|Sen|Gov|Rep|Gen|Lt|Col|Sgt|Capt|Cpl|Adm|Maj|Prof|Hon|St|Jr|Sr|Sra|Mme|M|Dott|Rev|Messrs"
_WORD = (
    rf"(?:(?:{_ABBREVIATED})\.|[{UPPER}]\.(?:[ -]?[{UPPER}]\.)*(?!\w)"
    rf"|(?:[aeu][lr]-|[Aa][sdnt]-|[dl]['’])?[{UPPER}]\w*(?:[-'’\u2011]\w+)*)"  # both apostrophes
)
_PARTICLE = (
    r"(?:van der|van den|van de|van|von der|von dem|von und zu|von|zu|vom|de la|de las|de los|de|del|della|dela|di|da"
    r"|do|dos|das|du|bin|bint|ibn|ben|ter|ten|af|av)"
)
_RUN = re.compile(rf"(?<![\w]){_WORD}(?:[ \u00a0](?:{_PARTICLE}[ \u00a0])?{_WORD})*")
_PART = re.compile(rf"({_WORD})|([^\s]+)")


@lru_cache(maxsize=4)
def runs(text: str) -> tuple[Run, ...]:
    """Every run of capitalised words in the text, in order; not to be changed, as the next enricher reads them too."""
    return tuple(_words(match.group(), match.start()) for match in _RUN.finditer(text))


def _words(run: str, offset: int) -> Run:
    words: Run = []
    particles: list[str] = []
    for match in _PART.finditer(run):
        word = match.group(1)
        if word is None:
            particles.append(match.group(2))
            continue
        start = match.start() + offset
        possessive = word[-2:] in ("'s", "’s")  # both apostrophes
        bare = word[:-2] if possessive else word
        words.append(Word(bare, start, start + len(bare), _kind(bare), " ".join(particles), possessive))
        particles.clear()
    return words


def _kind(word: str) -> int:
    plain = word.rstrip(".")
    if plain in _SUFFIXES:
        return SUFFIX
    known = KINDS.get(fold(plain), 0)
    if known & TITLE and word[-1] == ".":
        return known
    if word[-1] == "." or (len(word) == 1 and word != "I"):
        return known & OPEN or INITIAL
    if len(word) > 1 and word.isupper():
        return INITIAL if len(word) == 2 and not known and not _VOWELS.intersection(word) else known | CAPITALS  # noqa: PLR2004  # JD, TJ
    return known
