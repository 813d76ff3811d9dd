"""What stands before the copy: notices, bylines, bullets and, within ten paragraphs, the dateline."""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

import msgspec

from pipeline.normalise import embargo
from pipeline.normalise.bylines import is_byline, read_byline
from pipeline.normalise.dateline import Parsed, read_dateline
from pipeline.normalise.signals import read_headline, read_notice, read_replaces
from pipeline.story import Byline, Removed

_DEEPEST = 10
_NOTICE = 400
_TITLE = 60
_LONGEST_TAG = 40
_LABEL = re.compile(
    r"\W*(?:eds|editors?|editor[’']?s note|note to editors|attention editors|aviso a los (?:suscriptores|editores)|achtung redaktion\w*|"
    r"hinweis(?: an die redaktion\w*)?|note aux rédactions|nota de (?:la )?redacción|let op redacties|advisory)\s*[:_—–-]",
    re.IGNORECASE,
)
_PHOTO = re.compile(
    r"(?:AP|AFP|EPA|Reuters|With AP)\s+(?:Photos?|Video|Graphic|Pictures?)\b.{0,120}|APPhoto.{0,120}", re.DOTALL
)
_BULLET = re.compile(r"[*•·▪◦‣–—-]\s")
_WRITER = re.compile(
    r"(?:the )?(?:associated press|ap|reuters|afp|efe|dpa)?\s*(?:[a-z]+ ){0,3}(?:writers?|correspondents?|editors?|reporters?|press)?",
    re.IGNORECASE,
)


class Opening(msgspec.Struct):
    """What was found at the start; `paragraphs` are what is left, the dateline cut off the one it opened."""

    paragraphs: list[str]
    dateline: Parsed | None = None
    notes: list[str] = []
    bylines: list[Byline] = []
    removed: list[Removed] = []
    signals: set[str] = set()
    embargo: str | None = None


def strip_opening(paragraphs: list[str], headlines: frozenset[str], trusted: str | None) -> Opening:
    """Read the first paragraphs. `headlines` are case-folded; `trusted` is the agency of the source, if known."""
    found = Opening(paragraphs=[])
    kept: list[str] = []
    passed_copy = after_byline = False
    end = min(len(paragraphs), _DEEPEST)
    for index, paragraph in enumerate(paragraphs[:_DEEPEST]):
        parsed = read_dateline(paragraph, trusted=trusted) if not passed_copy or after_byline else None
        rule = None if parsed else _rule(paragraph, headlines, found, after_byline=after_byline)
        if rule is not None and (rule != "headline_repeat" or not passed_copy) and len(paragraphs) > 1:
            _take(found, rule, paragraph)
            after_byline = rule in {"byline", "byline_title", "advisory"}
            continue
        if parsed is not None:
            found.dateline = parsed
            kept += [rest] if (rest := paragraph[parsed.end :].lstrip()) else []
            end = index + 1
            break
        kept.append(paragraph)
        if not _BULLET.match(paragraph):
            passed_copy = True
            after_byline = False
        if passed_copy and not _byline_ahead(paragraphs, index):
            end = index + 1
            break
    found.paragraphs = kept + paragraphs[end:]
    return found


def _byline_ahead(paragraphs: list[str], index: int) -> bool:
    return any(is_byline(paragraph) for paragraph in paragraphs[index + 1 : index + 4])


def _rule(paragraph: str, headlines: frozenset[str], found: Opening, *, after_byline: bool) -> str | None:
    if len(paragraph) > _NOTICE:
        return None
    under_byline = after_byline and bool(found.bylines) and len(paragraph) <= _TITLE
    rule: str | None = None
    if paragraph.casefold() in headlines:
        rule = "headline_repeat"
    elif embargo.is_notice(paragraph):
        rule = "embargo_notice"
    elif is_byline(paragraph):
        rule = "byline"
    elif under_byline and _WRITER.fullmatch(paragraph.strip("=<>^ ")):
        rule = "byline_title"
    elif _is_notice(paragraph):
        rule = "advisory"
    elif _PHOTO.fullmatch(paragraph):
        rule = "photo_note"
    elif _is_tag(paragraph):
        rule = "message_tag"
    return rule


def _is_tag(paragraph: str) -> bool:
    """A message tag alone on its line."""
    if len(paragraph) > _LONGEST_TAG:
        return False
    tag = read_headline(paragraph)
    return bool(tag.signals) and tag.text == paragraph


def _is_notice(paragraph: str) -> bool:
    if _LABEL.match(paragraph):
        return True
    if paragraph.startswith(("(", "[", "+++", "***")) and paragraph.endswith((")", "]", ").", "+++", "***")):
        return bool(read_notice(paragraph.strip("()[]+*. "))) or read_replaces(paragraph) is not None
    return False


def _take(found: Opening, rule: str, paragraph: str) -> None:
    found.removed = [*found.removed, Removed(rule=rule, text=paragraph)]
    if rule == "embargo_notice":
        found.embargo = found.embargo or paragraph
    elif rule == "byline":
        found.bylines = [*found.bylines, *read_byline(paragraph)]
    elif rule == "byline_title":
        last = found.bylines[-1]
        found.bylines = [*found.bylines[:-1], Byline(name=last.name, role=last.role or paragraph.strip("=<>^ "))]
    elif rule == "advisory":
        found.notes = [*found.notes, paragraph]
    elif rule == "message_tag":
        found.signals = found.signals | read_headline(paragraph).signals
