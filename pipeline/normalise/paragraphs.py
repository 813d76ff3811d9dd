"""Plain text to paragraphs: line wraps of old wires rejoined; lists, tables and short lines kept.

A wrapped line is told by the rule of greedy wrapping: the first word of the next line would not have
fitted on it. What is returned joins to text that this module reads back to the same paragraphs.
"""

import re

_WIDEST_WRAP = 110
_NARROWEST_WRAP = 40
_WRAPPED_SHARE = 0.75
_INDENT = 2

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_SPACES = re.compile(r"[ \t]+")
_INNER_SPACES = re.compile(r" {2,}")
_BULLET = re.compile(r"(?:[-*•·–—▪◦‣+>]|\d{1,3}[.)]|[a-z]\))\s")
_COLUMNS = re.compile(r"\S(?: {3,}|\t|.*;.*;.*;)\s*\S")
_SENTENCE_END = (".", "!", "?", ":", '"', "”", "»", "。", "'", "’", ")")


def split(text: str) -> list[str]:
    """The paragraphs of `text`, none empty; a line feed inside one is a line break that was meant."""
    if "\n" not in text:
        line = _tidy(text)
        return [line] if line else []
    blocks = [lines for block in _BLANK.split(text) if (lines := [x for x in block.split("\n") if x.strip()])]
    width = max((len(x.rstrip()) for lines in blocks if len(lines) > 1 for x in lines if _is_prose(x)), default=0)
    wrapped = _NARROWEST_WRAP <= width <= _WIDEST_WRAP and _is_wrapped(blocks, width)
    found: list[str] = []
    for lines in blocks:
        if len(lines) == 1:
            found.append(_tidy(lines[0]))
        else:
            found.extend(_read_block(lines, width if wrapped else 0))
    return promote(found)


def promote(paragraphs: list[str]) -> list[str]:
    """A text that is one paragraph of several lines has its lines for paragraphs."""
    if len(paragraphs) == 1 and "\n" in paragraphs[0]:
        return [line for line in paragraphs[0].split("\n") if line.strip()]
    return paragraphs


def _is_wrapped(blocks: list[list[str]], width: int) -> bool:
    breaks = full = 0
    for lines in blocks:
        for line, following in zip(lines, lines[1:], strict=False):
            if _is_prose(line) and _is_prose(following) and not _starts_paragraph(following):
                breaks += 1
                full += _is_full(line, following, width) or following[:1].islower()
    return breaks > 0 and full >= _WRAPPED_SHARE * breaks


def _is_full(line: str, following: str, width: int) -> bool:
    return len(line.rstrip()) + 1 + len(following.split(maxsplit=1)[0]) > width


def _is_prose(line: str) -> bool:
    return not _BULLET.match(line.lstrip()) and not _COLUMNS.search(line.strip())


def _starts_paragraph(line: str) -> bool:
    return len(line) - len(line.lstrip(" ")) >= _INDENT or line.startswith("\t")


def _read_block(lines: list[str], width: int) -> list[str]:
    """The paragraphs of a block without blank lines; `width` is 0 where nothing is wrapped."""
    if all(_starts_paragraph(line) for line in lines):
        lines = [line.lstrip() for line in lines]
    parts: list[str] = []
    joined: list[str] = []
    previous = ""
    for line in lines:
        if width and joined and _continues(previous, line, width):
            joined.append(line)
        else:
            if joined:
                parts.append(_tidy(" ".join(joined)))
            joined = [line]
        previous = line
    parts.append(_tidy(" ".join(joined)))
    return _group(parts)


def _continues(previous: str, line: str, width: int) -> bool:
    if _starts_paragraph(line) or not _is_prose(line) or not _is_prose(previous):
        # An item of a list goes on where its next line is indented or small.
        return (
            bool(_BULLET.match(previous.lstrip())) and line.lstrip()[:1].islower() and not _COLUMNS.search(line.strip())
        )
    if _is_full(previous, line, width) or line[:1].islower():
        return True
    return not previous.rstrip().endswith(_SENTENCE_END)


def _group(parts: list[str]) -> list[str]:
    """Short lines and rows that stand together stay one paragraph; longer lines are paragraphs."""
    if max(map(len, parts)) < _NARROWEST_WRAP:
        return ["\n".join(parts)]
    found: list[str] = []
    rows: list[str] = []
    for part in parts:
        if _is_prose(part):
            if rows:
                found.append("\n".join(rows))
                rows = []
            found.append(part)
        else:
            rows.append(part)
    if rows:
        found.append("\n".join(rows))
    return found


def _tidy(line: str) -> str:
    line = line.strip()
    if "\t" in line:
        return "\t".join(_SPACES.sub(" ", cell).strip() for cell in line.split("\t"))
    return _INNER_SPACES.sub(_columns_or_space, line) if "  " in line else line


def _columns_or_space(match: re.Match[str]) -> str:
    # Three spaces or more part the columns of a table that was set by hand; two are a typist's habit.
    return "\t" if len(match.group()) > _INDENT + 2 else " "
