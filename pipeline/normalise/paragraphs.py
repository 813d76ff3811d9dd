"""Plain text to paragraphs: line wraps of old wires rejoined; lists, tables and short lines kept.

A wrapped line is told by the rule of greedy wrapping: the first word of the next line would not have
fitted on it. What is returned joins to text that this module reads back to the same paragraphs.
"""

import re
from itertools import pairwise

from pipeline.normalise.agencies import CLOSERS

_WIDEST_WRAP = 110
_NARROWEST_WRAP = 40
_WRAPPED_SHARE = 0.75
_SMALL_SHARE = 0.4
_INDENT = "  "
_COLUMN_GAP = 3
"""Spaces that part the columns of a table set by hand; fewer are a typist's habit."""
_CELL_MARKS = 3

_SPACES = re.compile(r"[ \t]+")
_GAP = re.compile(r" {2,}")
_LONGEST_CLOSER = max(map(len, CLOSERS)) + 3
_BULLET = re.compile(r"(?:[-*•·–—▪◦‣+>]|\d{1,3}[.)]|[a-z]\))\s")
_SENTENCE_END = (".", "!", "?", ":", '"', "”", "»", "。", "'", "’", ")")


_PROSE, _ITEM, _ROW = 0, 1, 2
_Line = tuple[str, bool, int]
"""A line without space at its ends, whether it was indented, and what it is: prose, item of a list, row of a table.

Plain tuples and loops without calls: a wire of 1987 has forty lines a story, and this file reads every one.
"""


def split(text: str) -> list[str]:
    """The paragraphs of `text`, none empty; a line feed inside one is a line break that was meant."""
    return promote(split_part(text))


def split_part(text: str) -> list[str]:
    """The same for a part of a text, which may be one paragraph of several lines."""
    if "\n" not in text:
        line = _tidy(text.strip())
        return [line] if line else []
    blocks = _blocks(text)
    width = _width(blocks)
    found: list[str] = []
    for lines in blocks:
        if len(lines) == 1:
            found.append(_tidy(lines[0][0]))
        else:
            found.extend(_read_block(lines, width))
    return found


def promote(paragraphs: list[str]) -> list[str]:
    """A text that is one paragraph of several lines has its lines for paragraphs."""
    if len(paragraphs) == 1 and "\n" in paragraphs[0]:
        return [line for line in paragraphs[0].split("\n") if line.strip()]
    return paragraphs


def _blocks(text: str) -> list[list[_Line]]:
    """Runs of lines between blank ones."""
    found: list[list[_Line]] = []
    block: list[_Line] = []
    longest_closer, tabs, cells = _LONGEST_CLOSER, "\t" in text, text.count(";") >= _CELL_MARKS
    for raw in text.split("\n"):
        line = raw.strip()
        if not line:
            if block:
                found.append(block)
                block = []
            continue
        size = len(line)
        if size <= longest_closer and block and line.casefold().strip(".") in CLOSERS:
            found.append(block)
            block = []
        if "   " in line or (tabs and "\t" in line) or (cells and line.count(";") >= _CELL_MARKS):
            kind = _ROW
        elif not line[0].isalpha() and _BULLET.match(line):
            kind = _ITEM
        else:
            kind = _PROSE
        block.append((line, size != len(raw) and (raw[0] == "\t" or raw.startswith(_INDENT)), kind))
    if block:
        found.append(block)
    return found


def _width(blocks: list[list[_Line]]) -> int:
    """The column at which the text was wrapped; 0 where it was not."""
    lengths = [len(line[0]) for lines in blocks if len(lines) > 1 for line in lines if not line[2]]
    width = max(lengths, default=0)
    if not _NARROWEST_WRAP <= width <= _WIDEST_WRAP:
        return 0
    breaks = full = small = 0
    for lines in blocks:
        for (text, _, kind), (following, indented, next_kind) in pairwise(lines):
            if kind or next_kind or indented:
                continue
            breaks += 1
            if following[0].islower():
                small += 1
                continue
            space = following.find(" ")
            full += len(text) + 1 + (space if space > 0 else len(following)) > width
    if not breaks:
        return 0
    # Some wires break well before the margin; there, lines that go on in small letters tell.
    return width if small + full >= _WRAPPED_SHARE * breaks or small >= _SMALL_SHARE * breaks else 0


def _read_block(lines: list[_Line], width: int) -> list[str]:
    """The paragraphs of a block without blank lines; `width` is 0 where nothing is wrapped."""
    flat = all(line[1] for line in lines)
    parts: list[tuple[str, int]] = []
    before, _, last = lines[0]
    joined, first = [before], last
    for text, indented, kind in lines[1:]:
        small = text[0].islower()
        if not width or kind or last == _ROW or (indented and not flat and not last):
            goes_on = False
        elif small or last:
            # An item of a list goes on only where its next line is small.
            goes_on = small
        else:
            space = text.find(" ")
            word = space if space > 0 else len(text)
            goes_on = len(before) + 1 + word > width or not before.endswith(_SENTENCE_END)
        if goes_on:
            joined.append(text)
        else:
            parts.append((_tidy(" ".join(joined)), first))
            joined, first = [text], kind
        before, last = text, kind
    parts.append((_tidy(" ".join(joined)), first))
    return _group(parts)


def _group(parts: list[tuple[str, int]]) -> list[str]:
    """Short lines and rows that stand together stay one paragraph; longer lines are paragraphs."""
    if max(len(text) for text, _ in parts) < _NARROWEST_WRAP:
        return ["\n".join(text for text, _ in parts)]
    found: list[str] = []
    rows: list[str] = []
    for text, kind in parts:
        if kind:
            rows.append(text)
            continue
        if rows:
            found.append("\n".join(rows))
            rows = []
        found.append(text)
    if rows:
        found.append("\n".join(rows))
    return found


def _tidy(line: str) -> str:
    if "\t" in line:
        return "\t".join(_SPACES.sub(" ", cell).strip() for cell in line.split("\t"))
    return _GAP.sub(_gap, line) if "  " in line else line


def _gap(match: re.Match[str]) -> str:
    return "\t" if len(match.group()) >= _COLUMN_GAP else " "
