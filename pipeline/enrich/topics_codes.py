"""IPTC's table of Media Topics, and the topic that a source's own code or category word means.

The table is made by ``scripts/build_topics.py``; the words of ``data/topics_categories.txt`` are ours.
"""

import re
from functools import cache
from typing import NamedTuple

from pipeline.enrich.names import table
from pipeline.story import Subject

CONCEPT_URI = "http://cv.iptc.org/newscodes/mediatopic/"

_CODE = re.compile(
    r"(?:https?://cv\.iptc\.org/newscodes/(?:medtop|mediatopic|subjectcode)/|https?://tt\.se/spec/subref/1\.0/"
    r"|medtop:|subj:|sttsubj:)?(\d{8})"
)
_MEDIA_TOPIC = re.compile(r"(?:https?://cv\.iptc\.org/newscodes/(?:medtop|mediatopic)/|medtop:)(\d{8})")
_NO_TOPICS = frozenset(("event", "object"))


class Topic(NamedTuple):
    """One Media Topic; `code` has eight digits, `parent` is empty for a top term, `top` is the highest ancestor."""

    code: str
    name: str
    parent: str
    top: str


class _Tables(NamedTuple):
    topics: dict[str, Topic]
    by_subject_code: dict[str, str]
    by_word: dict[str, str]


@cache
def _tables() -> _Tables:
    rows = [line.split("\t") for line in table("topics_codes.tsv")]
    parents = {row[0]: row[1].strip("-") for row in rows}
    topics: dict[str, Topic] = {}
    subject_codes: dict[str, str] = {}
    words: dict[str, str] = {}
    for code, _parent, subject_code, name, others in rows:
        top = code
        while parents[top]:
            top = parents[top]
        topics[code] = Topic(code, name, parents[code], top)
        subject_codes.setdefault(subject_code, code)
        if others != "-":
            for word in (name, *others.split("|")):
                words.setdefault(word.lower(), code)
    for line in table("topics_categories.txt"):
        code, _, aliases = line.partition(" ")
        words.update((alias.strip(), code) for alias in aliases.split(", "))
    return _Tables(topics, subject_codes, words)


def topic(code: str) -> Topic:
    """The topic of this code, which must be in the table."""
    return _tables().topics[code]


def known(code: str) -> bool:
    """Whether there is such a topic."""
    return code in _tables().topics


def stated_code(subject: Subject) -> str | None:
    """The code of a subject that already is a Media Topic."""
    for value in (subject.uri, subject.literal):
        if value and (match := _MEDIA_TOPIC.fullmatch(value)) and known(match.group(1)):
            return match.group(1)
    return None


def mapped_code(subject: Subject) -> str | None:
    """The code of the topic that a subject means: by its subject code, which may be coarser, or by its name."""
    if subject.rel in _NO_TOPICS:
        return None
    tables = _tables()
    for value in (subject.uri, subject.literal):
        match = _CODE.fullmatch(value) if value else None
        if match:
            code = match.group(1)
            # A subject code has two digits for the subject, three for the matter and three for the detail.
            for candidate in (code, f"{code[:5]}000", f"{code[:2]}000000"):
                found = tables.by_subject_code.get(candidate) or (candidate if candidate in tables.topics else None)
                if found:
                    return found
    for word in (subject.name, subject.literal):
        if word and (code := tables.by_word.get(word.strip().lower())):
            return code
    return None
