"""Bylines split into names and roles, in the languages of the wires."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

from pipeline.story import Byline

_BY = re.compile(
    r"(?:by|por|de|par|von|vom|di|da|door|av|af|od|tekst:|text:|redacción:|от)\s*:?\s+(?P<names>[^\W\d_].{1,140})",
    re.IGNORECASE,
)
_BY_STRICT = re.compile(r"(?:By|BY|Por|POR|Par|PAR|Von|VON|Door|DOOR|Di|DI|Av|Af)\s+(?P<names>[^\W\d_a-z].{1,140})")
_JOINED = re.compile(
    r"\s*(?:,\s*(?:and|y|e|et|und|en|och|og)\s+|\s(?:and|y|e|et|und|en|och|og|и|&)\s|\s*;\s*|\s*/\s*)\s*"
)
_ROLE = re.compile(
    r"(?i)\b(?:writer|writers|correspondent|editor|reporter|staff|press|news|agency|media|journalist|redaktion|redacción|"
    r"korrespondent|corresponsal|correspondant|correspondente|chief|columnist|analyst|photographer|associated|reuters|"
    r"dpa|afp|ap|efe|apa|ats|ansa|team|bureau)\b"
)
_REPORTING = re.compile(
    r"[(\[]?\s*(?:\w[\w' -]{0,30}\b)?(?:reporting|writing|editing|additional reporting|compiled|written|edited|translated|"
    r"reportaje|redacción|reportagem|edição|edición|reportage|bearbeitet|bearbeitung)\s+(?:by|de|por|par|von)\b.{2,500}[)\]]?\.?",
    re.IGNORECASE | re.DOTALL,
)
_STEMS = ("report", "edit", "writ", "compiled", "translated", "redac", "ediç", "bearbeit", "contributed")
_CONTRIBUTED = re.compile(
    r".{2,220}\bcontributed to this (?:report|story|article)(?: from [\w ,.]+)?\.?\s*", re.IGNORECASE
)
_PART = re.compile(
    r"(?P<role>(?:additional\s+)?(?:reporting|writing|editing|translation|compiled|written|edited|translated|reportaje|redacción|reportagem|edição|edición))"
    r"(?P<more>(?:\s+and\s+(?:writing|editing|additional reporting))?)\s+(?:by|de|por|par|von)\s+(?P<names>.+)",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = re.compile(r"\s+(?:in|from|en|em|à|aus)\s+(?P<place>[^\W\d_][\w .'-]{1,40})$")
_LONGEST = 160
_LONGEST_CREDIT = 600
_MOST_WORDS = 14


def read_byline(line: str) -> tuple[Byline, ...]:
    """The authors in a byline as a field gives it, with or without its ``By``; empty where there is none."""
    text = " ".join(line.split()).strip(" =<.,;")
    if not text:
        return ()
    match = _BY.fullmatch(text)
    names = match["names"] if match else text
    found: list[Byline] = []
    for part in _JOINED.split(names):
        found.extend(_one(part))
    return tuple(found)


def is_byline(paragraph: str) -> bool:
    """A short line of its own that begins with ``By`` and a name, and is no sentence."""
    text = paragraph.strip()
    if len(text) > _LONGEST or "\n" in text or len(text.split()) > _MOST_WORDS:
        return False
    bare = text.strip("=<>_* ")
    return bool(_BY_STRICT.fullmatch(bare)) and not bare.endswith((".", "?", "!", ":")) and _is_names(bare)


def _is_names(text: str) -> bool:
    words = [w for w in re.split(r"[\s,/]+", text)[1:] if w]
    large = sum(not w[0].islower() for w in words)
    return bool(words) and large * 3 >= len(words) * 2


def _one(part: str) -> list[Byline]:
    """``Jane Roe, AP Business Writer`` or ``Jane Roe, John Doe``."""
    pieces = [p.strip(" .") for p in part.split(",") if p.strip(" .")]
    found: list[Byline] = []
    for piece in pieces:
        if found and _ROLE.search(piece):
            found[-1] = Byline(name=found[-1].name, role=piece)
        elif piece:
            found.append(Byline(name=piece))
    return found


def read_reporting(paragraph: str) -> tuple[Byline, ...]:
    """The people of ``(Reporting by … in …; Editing by …)``; empty where `paragraph` is no such line."""
    if not is_reporting(paragraph):
        return ()
    text = paragraph.strip()
    found: list[Byline] = []
    for part in re.split(r"(?i)[;.]\s+|,\s+(?=(?:editing|writing|additional)\b)", text.strip("()[]. ")):
        match = _PART.search(part)
        if match is None:
            continue
        role = (match["role"] + match["more"]).strip().lower()
        for name in re.split(r",\s*(?:and\s+)?|\s+and\s+", match["names"].strip(" .)")):
            clean = _PLACE.sub("", name).strip()
            if clean:
                found.append(Byline(name=clean, role=role))
    return tuple(found)


def is_reporting(paragraph: str) -> bool:
    """Whether `paragraph` is a credit of those who reported, wrote and edited, and nothing else."""
    text = paragraph.strip()
    folded = text.casefold()
    if len(text) > _LONGEST_CREDIT or not any(stem in folded for stem in _STEMS):
        return False
    return _REPORTING.fullmatch(text) is not None or _CONTRIBUTED.fullmatch(text) is not None
