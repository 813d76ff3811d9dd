"""What is quoted word for word, and who said it."""

import re
from typing import NamedTuple

import msgspec

from pipeline.enrich.names import fold
from pipeline.enrich.persons import READ_CHARACTERS, people_in
from pipeline.enrich.speakers import VERBS, Attribution, Speakers
from pipeline.story import Quote, Story

MOST_SCARE_WORDS = 3
"""A quotation of no more words than this that nobody is said to have uttered is a scare quote."""
LONGEST = 5_000
"""A quotation is not carried over to another paragraph beyond this many characters."""

_OPEN = re.compile(
    r"(?:(?<=[\s(\[—–:/\x01-])|^)(?:“|”|«|»|\"|``|‘|‚|'|‹)(?=[ \u00a0]?[\w(\[¿¡.…$£€])|[“„「『«]", re.MULTILINE
)
_CLOSE = {
    mark: re.compile(pattern)
    for mark, pattern in {
        "“": '[”"]',
        "”": r"”(?!\w)",
        "„": r"[“”\"]",
        "«": "»",
        "»": r"«|»(?!\w)",
        '"': r"(?<!\s)[\"”](?!\w)",
        "``": "''|\"",
        "‘": r"(?<!\s)’(?!\w)",
        "‚": r"[‘’](?!\w)",
        "'": r"(?<!\s)'(?!\w)",
        "‹": "›",
        "「": "」",
        "『": "』",
    }.items()
}
_APOSTROPHES = frozenset("'‘”»‚")
_MARKS = "“”„«»\"`'‘’‚‹›「」『』 \u00a0"
_REOPENS = re.compile(r"\s*[“„«»\"‘”]")
_REOPENED = re.compile(rf"\s*\n\s*[{_MARKS}]*")
_DASH = re.compile(r"[–—-] ?(?=[\w¿¡])")
_DASHED = frozenset(("fi", "sv", "no", "nb", "nn", "da", "fr", "es", "pt", "it", "pl", "ru"))
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")
_PAUSE = re.compile(r"[,!?.] ")
_UTTERANCE_END = re.compile(r"[.,!?…]$")


class Quoted(NamedTuple):
    """One quotation, from its opening mark to after its closing mark, and the words between."""

    start: int
    end: int
    text: str


def quoted(text: str, language: str) -> list[Quoted]:
    """Every quotation in the text, in order; one that goes on in the next paragraph is one."""
    found: list[Quoted] = []
    started: int | None = None
    last = 0
    for paragraph in _PARAGRAPH.finditer(text):
        at, end = paragraph.span()
        if started is not None:
            again = _REOPENS.match(text, at, end) if at - started < LONGEST else None
            closing = _CLOSE[text[again.end() - 1]].search(text, again.end(), end) if again else None
            if again and not closing:
                last = end
                continue
            found.append(_between(text, started, closing.end() if closing else last))
            started, at = None, closing.end() if closing else at
        dashed = _dashed(text, at, end, language)
        if dashed:
            found.append(dashed)
            at = dashed.end
        while opened := _OPEN.search(text, at, end):
            mark = opened.group()
            closing = _CLOSE[mark].search(text, opened.end(), end)
            if closing:
                found.append(_between(text, opened.start(), closing.end()))
                at = closing.end()
            elif mark in _APOSTROPHES:
                at = opened.end()
            else:
                started = opened.start()
                break
        last = end
    if started is not None:
        found.append(_between(text, started, last))
    return found


def _between(text: str, start: int, end: int) -> Quoted:
    return Quoted(start, end, _REOPENED.sub("\n\n", text[start:end].strip(_MARKS)))


def _dashed(text: str, start: int, end: int, language: str) -> Quoted | None:
    """A paragraph that a dash opens, up to the words that say who speaks."""
    opened = _DASH.match(text, start, end) if language in _DASHED else None
    if opened is None:
        return None
    for pause in _PAUSE.finditer(text, opened.end(), end):
        if any(fold(word) in VERBS for word in _WORD.findall(text[pause.end() : pause.end() + 60])[:4]):
            close = pause.start() + (text[pause.start()] != ",")
            return Quoted(start, close, text[opened.end() : close])
    return None


class Quotes:
    """Sets `newswire.quotes`: scare quotes are marked, and the others name their speaker where the text does."""

    name = "quotes"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its quotations."""
        text, language = story.text[:READ_CHARACTERS], (story.language or "")[:2]
        found = quoted(text, language)
        if not found:
            return story
        speakers = Speakers(
            text, language, [(quote.start, quote.end) for quote in found], people_in(story.text, language)
        )
        quotes = tuple(_quote(quote, speakers.of(i)) for i, quote in enumerate(found) if quote.text)
        extension = msgspec.structs.replace(story.newswire, quotes=quotes)
        return msgspec.structs.replace(story, newswire=extension)


def _quote(quote: Quoted, said: Attribution) -> Quote:
    words = _WORD.findall(quote.text)
    uttered = said.adjacent and _UTTERANCE_END.search(quote.text)
    title = len(words) < 8 and all(word[0].isupper() or len(word) < 5 for word in words)  # noqa: PLR2004
    if (len(words) <= MOST_SCARE_WORDS or (title and not said.adjacent)) and not uttered:
        return Quote(text=quote.text, scare=True, offset=quote.start)
    return Quote(text=quote.text, speaker=said.speaker, speaker_text=said.words, offset=quote.start)
