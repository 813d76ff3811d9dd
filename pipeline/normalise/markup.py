"""HTML to paragraphs, and the same HTML made safe.

Headings and quotations are paragraphs of their own, the items of a list lines of one paragraph, the rows
of a table lines with tabs between the cells.
"""
# ruff: noqa: E501  # a rule of the tables is one line, whatever its length

import re

import msgspec
import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipeline.normalise.paragraphs import split


class Document(msgspec.Struct, frozen=True):
    """The paragraphs of a document, what was left out of them and why, and the links found."""

    paragraphs: list[str]
    left_out: list[tuple[str, str]]
    """Pairs of rule and text."""


_SILENT = frozenset(
    {"script", "style", "template", "noscript", "head", "iframe", "object", "svg", "math", "-comment", "link", "meta"}
)
_FURNITURE = {
    "nav": "element_nav",
    "footer": "element_footer",
    "form": "element_form",
    "button": "element_button",
    "select": "element_form",
    "figcaption": "image_caption",
    "caption": "",
}
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "aside",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hl1",
        "hl2",
        "blockquote",
        "pre",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "figure",
        "hr",
        "table",
        "body",
        "html",
        "address",
        "details",
        "summary",
        "fieldset",
        "block",
        "media",
        "note",
        "bq",
        "body.content",
        "body.head",
        "body.end",
    ]
)
_QUOTES = frozenset({"blockquote", "bq"})
_LISTS = frozenset({"ul", "ol"})
_CELLS = ("td", "th")
_LINE = re.compile(r"[ \t\r\n\f]+")
_CUSTOM = re.compile(r"<(/?)(body\.\w+)")
# Lines at the margin after indented ones, or a blank line between words: laid out for a printer, not by a
# program that indents markup.
_SET_BY_HAND = re.compile(r"\n(?:[ \t]{2,}\S[^\n]*\n\S|[ \t]*\n)")
_DEEPEST = 200

TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "q", "cite", "ul", "ol", "li", "dl", "dt", "dd",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "a", "b", "strong", "i", "em", "u", "s", "sub", "sup",
    "small", "span", "div", "pre", "code", "abbr", "time", "figure", "figcaption", "img",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "*": {"lang", "dir"},
}
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer",
    clean_content_tags={
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
        "form",
        "nav",
        "button",
    },
)


def sanitise(html: str) -> str:
    """`html` with nothing left that could run, load or deceive: an allow-list of tags and attributes."""
    return _CLEANER.clean(html).strip()


def read(html: str) -> Document:
    """The copy in `html`. Total: the parser takes any text."""
    tree = LexborHTMLParser(_CUSTOM.sub(r"<\1div", html) if "body." in html else html)
    reader = _Reader()
    if tree.body is not None:
        reader.walk(tree.body, 0)
    reader.end_block()
    return Document(paragraphs=reader.paragraphs, left_out=reader.left_out)


def _spaced(text: str) -> str:
    """`text` on one line; beyond ASCII the spaces that do not break, which no source means by accident, stay."""
    return " ".join(text.split()) if text.isascii() else _LINE.sub(" ", text).strip()


class _Reader:
    """Collects lines while it walks the tree; a block ends the paragraph that is being collected."""

    def __init__(self) -> None:
        self.paragraphs: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._lines: list[str] = []

    def end_line(self) -> None:
        if not self._words:
            return
        line = _spaced("".join(self._words))
        self._words.clear()
        if line:
            self._lines.append(line)

    def end_block(self) -> None:
        self.end_line()
        if self._lines:
            self.paragraphs.append("\n".join(self._lines))
            self._lines = []

    def walk(self, node: LexborNode, depth: int) -> None:
        child = node.child
        while child is not None:
            self._visit(child, depth)
            child = child.next

    def _visit(self, node: LexborNode, depth: int) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
        elif tag in _SILENT:
            return
        elif tag == "pre":
            self._preformatted(node.text())
        elif tag == "br":
            self.end_line()
        elif depth >= _DEEPEST:
            self._words.append(node.text(separator=" "))
        elif tag in _FURNITURE:
            self._leave_out(node, _FURNITURE[tag], depth)
        elif tag in _LISTS:
            self._list(node, depth, ordered=tag == "ol")
        elif tag == "table":
            self._table(node)
        elif tag in _BLOCKS:
            self.end_block()
            self.walk(node, depth + 1)
            self.end_block()
        else:
            self.walk(node, depth + 1)

    def _text(self, text: str) -> None:
        if "\n" in text and _SET_BY_HAND.search(text.strip()):
            self._preformatted(text)
        else:
            self._words.append(text)

    def _preformatted(self, text: str) -> None:
        """Wire text put into an element as it was: its lines and indents part the paragraphs."""
        self.end_block()
        self.paragraphs.extend(split(text))

    def _leave_out(self, node: LexborNode, rule: str, depth: int) -> None:
        text = _LINE.sub(" ", node.text(separator=" ")).strip()
        if rule and text:
            self.left_out.append((rule, text))
        elif not rule:
            self.end_block()
            self.walk(node, depth + 1)
            self.end_block()

    def _list(self, node: LexborNode, depth: int, *, ordered: bool) -> None:
        self.end_block()
        number = 0
        child = node.child
        while child is not None:
            if child.tag == "li":
                number += 1
                self.end_line()
                self._words.append(f"{number}. " if ordered else "• ")
                self._item(child, depth + 1)
                self.end_line()
            else:
                self._visit(child, depth + 1)
            child = child.next
        self.end_block()

    def _item(self, node: LexborNode, depth: int) -> None:
        """The text of an item on one line, lists inside it on lines of their own."""
        child = node.child
        while child is not None:
            if child.tag in _LISTS and depth < _DEEPEST:
                self.end_line()
                inner = _Reader()
                inner._list(child, depth + 1, ordered=child.tag == "ol")  # the same class
                inner.end_block()
                self._lines.extend(line for block in inner.paragraphs for line in block.split("\n"))
                self.left_out.extend(inner.left_out)
            elif child.tag in {"-text", "br"}:
                self._words.append(child.text_content or " ")
            elif child.tag not in _SILENT:
                if child.tag in _BLOCKS:
                    self._words.append(" ")
                if depth < _DEEPEST:
                    self._item(child, depth + 1)
                else:
                    self._words.append(child.text(separator=" "))
            child = child.next

    def _table(self, node: LexborNode) -> None:
        self.end_block()
        caption = node.css_first("caption")
        if caption is not None:
            self._words.append(caption.text(separator=" "))
            self.end_block()
        for row in node.css("tr"):
            cells = [_LINE.sub(" ", cell.text(separator=" ")).strip() for cell in row.iter() if cell.tag in _CELLS]
            if any(cells):
                self._lines.append("\t".join(cells))
        self.end_block()
