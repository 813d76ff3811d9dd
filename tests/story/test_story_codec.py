"""Decoding and encoding again gives an equal story, an equal document and the same bytes."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.item import RawItem, decode_item, encode_item
from pipeline.story import Provenance, Story, Text, from_ninjs, to_ninjs

# JSON text holds no lone surrogates; orjson refuses integers beyond 64 bits.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants naive bounds
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
UNMODELLED = st.dictionaries(TEXT.map(lambda name: "x-" + name), JSON, max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    document: dict[str, object] = {"uri": draw(TEXT), **draw(UNMODELLED)}
    optional = {
        "version": TEXT,
        "headlines": st.lists(st.fixed_dictionaries({"value": TEXT}, optional={"role": TEXT}), min_size=1, max_size=3),
        "versionCreated": TIMES.map(lambda time: time.isoformat().replace("+00:00", "Z")),
        "urgency": st.integers(1, 9),
        "newswire": st.fixed_dictionaries({"agency": TEXT}, optional={"x-newer": JSON, "extra": st.just({"a": 1})}),
    }
    document.update(draw(st.fixed_dictionaries({}, optional=optional)))
    return document


@given(documents())
def test_a_document_survives_decoding_and_encoding(document: dict[str, object]) -> None:
    assert orjson.loads(to_ninjs(from_ninjs(orjson.dumps(document)))) == document


@given(documents())
def test_a_story_survives_encoding_and_decoding(document: dict[str, object]) -> None:
    story = from_ninjs(orjson.dumps(document))
    encoded = to_ninjs(story)
    assert from_ninjs(encoded) == story
    assert to_ninjs(from_ninjs(encoded)) == encoded


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_permanent(value: bytes) -> None:
    for decode in (from_ninjs, decode_item):
        try:
            decode(value)
        except Permanent as error:
            assert error.code in {"bad_json", "bad_ninjs", "bad_item"}  # noqa: PT017  # most bytes raise, some may not


@given(
    st.builds(
        RawItem,
        uri=TEXT,
        format=TEXT,
        provenance=st.builds(Provenance, source=TEXT, fetched_at=st.none() | TIMES),
        guid=st.none() | TEXT,
        signals=st.lists(TEXT, max_size=3).map(tuple),
        headlines=st.lists(st.builds(Text, value=TEXT), max_size=3).map(tuple),
        ninjs=JSON,
        extra=st.dictionaries(TEXT, JSON, max_size=3),
    )
)
def test_an_item_survives_encoding_and_decoding(item: RawItem) -> None:
    assert decode_item(encode_item(item)) == item


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"uri": 1}', b'{"uri": "u", "urgency": "high"}'])
def test_what_is_no_story_is_refused(value: bytes) -> None:
    with pytest.raises(Permanent):
        from_ninjs(value)


def test_a_story_of_nothing_but_a_uri() -> None:
    assert to_ninjs(Story(uri="urn:x:1")).startswith(b'{"uri":"urn:x:1"')
