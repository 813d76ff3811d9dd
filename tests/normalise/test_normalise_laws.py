"""Laws of normalisation: nothing is lost, nothing raises, and doing it twice is doing it once."""

import textwrap
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.item import RawItem
from pipeline.normalise import normalise
from pipeline.story import Provenance, Story, Text

RECEIVED = datetime(2024, 5, 6, 12, tzinfo=UTC)

WORDS = st.sampled_from(
    [
        "the",
        "minister",
        "said",
        "on",
        "Tuesday",
        "that",
        "talks",
        "with",
        "unions",
        "over",
        "pay",
        "would",
        "resume",
        "after",
        "a",
        "strike",
        "closed",
        "ports",
        "in",
        "northern",
        "regions",
        "while",
        "traders",
        "warned",
        "of",
        "shortages",
        "prices",
        "rose",
        "again",
        "Marlow",
        "Ostrava",
        "Kestrel",
        "parliament",
        "voted",
        "budget",
    ]
)
SENTENCE = st.lists(WORDS, min_size=6, max_size=30).map(lambda w: " ".join(w).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join)
OPENING = st.sampled_from(
    [
        "",
        "Ostrava, Jun 3 (EFE).- ",
        "MARLOW, Kent (AP) _ ",
        "PARIS, 21 jan 2019 (AFP) - ",
        "(ANSA) - ROMA, 22 MAR - ",
        "KESTREL, May 3 - ",
    ]
)
CLOSING = st.sampled_from(
    ["", " EFE", "\n\nEnditem", "\n\nRelated Articles\n\nBack to top", "\n\ndpa ab yyzz cd", "\n\nREUTER"]
)
COPY = st.builds(
    lambda opening, paragraphs, closing: opening + "\n\n".join(paragraphs) + closing,
    OPENING,
    st.lists(PARAGRAPH, min_size=1, max_size=6),
    CLOSING,
)


def make(body: str, content_type: str = "text/plain", headline: str = "Talks resume") -> RawItem:
    return RawItem(
        uri="urn:newswire:laws:1",
        format="text",
        provenance=Provenance(source="laws"),
        headlines=(Text(value=headline),),
        bodies=(Text(value=body, content_type=content_type),),
    )


def read(body: str, content_type: str = "text/plain", headline: str = "Talks resume") -> Story:
    return normalise(make(body, content_type, headline), received=RECEIVED)


@given(COPY)
def test_normalising_twice_changes_nothing(body: str) -> None:
    once = read(body)
    assert read(once.text).text == once.text


@settings(max_examples=300)
@given(st.text(max_size=400))
def test_any_text_is_a_story_and_stays_one(body: str) -> None:
    once = read(body)
    twice = read(once.text)
    assert twice.text == once.text


PIECES = st.sampled_from(
    ["By Jane Roe", "(AP)", "(EFE).-", "\n", "\n\n", "\t", "   ", "* ", "- ", "EFE", "LONDON, ", "May 3", " - ", "Related Articles", "UPDATE 1-",
     "EMBARGO ", "12:00", "Friday", "<p>", "</p>", "<br>", "<table><tr><td>", "<ul><li>", "&amp;", "\xad", "Ã©", "©", ";;;", "x" * 45, "word. "]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_awkward_pieces_settle_at_once(body: str) -> None:
    once = read(body)
    assert read(once.text).text == once.text


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_markup_settles_at_once(body: str) -> None:
    once = read(body, "text/html")
    assert read(once.text).text == once.text


@given(COPY, st.integers(48, 100))
def test_line_wrapping_changes_nothing(body: str, width: int) -> None:
    paragraphs = body.split("\n\n")
    wrapped = "\n\n".join(textwrap.fill(p, width, break_long_words=False, break_on_hyphens=False) for p in paragraphs)
    assert read(wrapped).text == read(body).text


@given(
    COPY, st.sampled_from(["  ", " ", "\xa0", " \u200b"]), st.sampled_from(["\n\n", "\n \n", "\r\n\r\n", "\n\n\n\n"])
)
def test_white_space_changes_nothing(body: str, space: str, gap: str) -> None:
    changed = gap.join(p.replace(" ", space) for p in body.split("\n\n"))
    assert read(changed).text == read(body).text


@given(COPY)
def test_every_word_is_kept_somewhere(body: str) -> None:
    story = read(body)
    extension = story.newswire
    kept = [story.text, *(r.text for r in extension.removed), extension.dateline.text if extension.dateline else ""]
    left = " ".join(" ".join(kept).split())
    for paragraph in body.split("\n\n"):
        opening = extension.dateline.text if extension.dateline else ""
        for part in paragraph.removeprefix(opening).split("."):
            assert " ".join(part.split()) in left


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.text(max_size=60)
            for name in (
                "dateline", "version", "status", "embargo", "urgency", "slugline", "credit", "agency", "language", "first_created",
                "version_created", "content_created", "published", "updated", "expires", "copyright_notice",
            )
        },
    ),
    st.text(max_size=80),
)  # fmt: skip
def test_no_field_can_break_it(fields: dict[str, str], headline: str) -> None:
    item = RawItem(
        uri="urn:x:1", format="text", provenance=Provenance(source="laws"), headlines=(Text(value=headline),), **fields
    )
    assert normalise(item, received=RECEIVED).uri == "urn:x:1"
