"""The bodies of an item as clean paragraphs: text and markup, line wraps, furniture, opening and closing."""

import re

import msgspec

from pipeline.item import RawItem
from pipeline.normalise import markup
from pipeline.normalise.bylines import read_byline
from pipeline.normalise.characters import clean
from pipeline.normalise.closing import Closing, strip_closing
from pipeline.normalise.dateline import Parsed
from pipeline.normalise.furniture import strip_furniture
from pipeline.normalise.opening import strip_opening
from pipeline.normalise.paragraphs import promote, split, split_part
from pipeline.story import HTML, PLAIN, Byline, Removed, Text

_MARKUP = re.compile(r"html|xml|nitf", re.IGNORECASE)
_TAG = re.compile(r"<(?:p|br|div|ul|ol|h[1-6]|a|b|i|strong|em|span|table|img|blockquote)\b[^<>]*/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{2,5}|#x[0-9a-f]{2,5}|[a-z]{2,8});", re.IGNORECASE)
_MOST_ROUNDS = 6


class Copy(msgspec.Struct):
    """The copy of a story and everything that was found round it."""

    paragraphs: list[str]
    html: str | None = None
    others: tuple[Text, ...] = ()
    """Bodies of other roles, cleaned."""
    removed: list[Removed] = []
    dateline: Parsed | None = None
    notes: list[str] = []
    bylines: list[Byline] = []
    signals: set[str] = set()
    embargo: str | None = None
    credit: str | None = None
    closing_agency: str | None = None

    @property
    def text(self) -> str:
        """Paragraphs parted by a blank line."""
        return "\n\n".join(self.paragraphs)


def read_body(item: RawItem, headlines: frozenset[str], trusted: str | None) -> Copy:
    """The copy of `item`; `headlines` are its headlines, case-folded, to know a repeated one by."""
    main, others = _by_role(item.bodies)
    paragraphs: list[str] = []
    removed: list[Removed] = []
    html: list[str] = []
    for body in main:
        value = clean(body.value)
        if _is_markup(body, value):
            document = markup.read(value)
            for block in document.paragraphs:
                # Copy that came as one element with line feeds of its own has paragraphs all the same.
                # Entities are characters only now.
                paragraphs += split_part(clean(block))
            removed += [Removed(rule=rule, text=text) for rule, text in document.left_out]
            html.append(markup.sanitise(value))
        else:
            paragraphs += split_part(value) if len(main) > 1 else split(value)
    copy = Copy(paragraphs=promote(paragraphs), removed=removed)
    copy.html = "\n".join(part for part in html if part) or None
    copy.others = tuple(_other(body) for body in others)
    _strip(copy, headlines, trusted)
    return copy


def _strip(copy: Copy, headlines: frozenset[str], trusted: str | None) -> None:
    """Take everything off that is not copy, until there is nothing more to take."""
    known: set[str] = set()
    ended: list[str] = []
    for _ in range(_MOST_ROUNDS):
        before = copy.paragraphs
        kept, furniture = strip_furniture(before, known)
        opening = strip_opening(kept, headlines, trusted)
        # A closing is read from behind the first paragraph only: one found whole stays whole.
        rest = opening.paragraphs[1:]
        closing = Closing(opening.paragraphs, []) if rest and rest == ended else strip_closing(opening.paragraphs)
        ended = [] if closing.removed else rest
        copy.paragraphs = promote(closing.paragraphs)
        copy.removed = [*copy.removed, *opening.removed, *furniture, *closing.removed]
        copy.notes = copy.notes + opening.notes
        copy.bylines = [*copy.bylines, *opening.bylines, *closing.bylines]
        copy.signals = copy.signals | opening.signals
        copy.embargo = copy.embargo or opening.embargo
        copy.credit = copy.credit or closing.credit
        copy.closing_agency = copy.closing_agency or closing.agency
        if opening.dateline is not None:
            if copy.dateline is None:
                copy.dateline = opening.dateline
                copy.bylines = [*copy.bylines, *read_byline(opening.dateline.byline or "")]
            else:
                copy.removed = [*copy.removed, Removed(rule="second_dateline", text=opening.dateline.text)]
        if copy.paragraphs == before:
            break


def _by_role(bodies: tuple[Text, ...]) -> tuple[list[Text], list[Text]]:
    """The parts of the main body, and the bodies that have another role."""
    if not bodies:
        return [], []
    first = bodies[0].role
    main = [body for body in bodies if body.role == first]
    marked = [body for body in main if _MARKUP.search(body.content_type or "")]
    plain = [body for body in main if (body.content_type or PLAIN) == PLAIN]
    others = [body for body in bodies if body.role != first]
    # The same copy in two renditions: markup tells more, and the plain one would double it.
    if marked and plain and len(marked) + len(plain) == len(main):
        return marked, others
    return main, others


def _is_markup(body: Text, value: str) -> bool:
    if _MARKUP.search(body.content_type or ""):
        return True
    return body.content_type is None and "<" in value and _TAG.search(value) is not None


def _other(body: Text) -> Text:
    value = clean(body.value)
    if _is_markup(body, value):
        return Text(value=markup.sanitise(value), role=body.role, content_type=HTML)
    text = "\n\n".join(split(value))
    return Text(value=text, role=body.role, content_type=PLAIN)


def plain_text(text: Text) -> str:
    """A headline or description on one line, without markup."""
    value = clean(text.value)
    if (
        (text.content_type and _MARKUP.search(text.content_type))
        or ("<" in value and _TAG.search(value))
        or ("&" in value and _ENTITY.search(value))
    ):
        value = " ".join(markup.read(value).paragraphs)
    return " ".join(value.split())


def field_bylines(lines: tuple[str, ...]) -> list[Byline]:
    """The authors that the item's own fields name."""
    return [author for line in lines for author in read_byline(clean(line))]
