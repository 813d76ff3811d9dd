"""Every golden input still gives the JSON beside it."""

import sys
from pathlib import Path

import pytest

from pipeline.errors import Permanent
from pipeline.formats import parse
from pipeline.item import Origin, RawItem, Refusal, decode_item, encode_item

sys.path.insert(0, str(Path(__file__).parent))
from regenerate import GOLDEN, expected, inputs, result


@pytest.mark.parametrize("path", inputs(), ids=lambda path: str(path.relative_to(GOLDEN)))
def test_golden(path: Path):
    assert result(path).decode() == expected(path).read_text()


@pytest.mark.parametrize("path", inputs(), ids=lambda path: str(path.relative_to(GOLDEN)))
def test_items_survive_the_log(path: Path):
    items = parse(path.read_bytes(), Origin(source="s", url=path.name)).items
    assert items
    for item in items:
        assert isinstance(item, Refusal) or decode_item(encode_item(item)) == item


def test_every_golden_format_is_told_by_its_bytes_alone():
    for path in inputs():
        lying = Origin(source="s", url=path.name, content_type="application/octet-stream")
        assert parse(path.read_bytes(), lying) == parse(path.read_bytes(), Origin(source="s", url=path.name))


def test_the_same_text_file_is_the_same_story():
    origin = Origin(source="desk", url="/drop/a/ferry.txt")
    first = parse(b"Head\n\nBody", origin).items[0]
    again = parse(b"Head\n\nBody, corrected", Origin(source="desk", url="/other/ferry.txt")).items[0]
    assert isinstance(first, RawItem)
    assert isinstance(again, RawItem)
    assert first.uri == again.uri == "urn:newswire:desk:ferry.txt"


def test_text_without_a_name_is_known_by_its_content():
    first, again, other = (parse(body, Origin(source="desk")).items[0] for body in (b"A\n\nB", b"A\n\nB", b"A\n\nC"))
    assert first == again
    assert first.uri != other.uri


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b" \r\n\x00", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "unknown_format"),
        (b'{"a": 1}', "unknown_format"),
        (b'{"uri": ', "bad_json"),
        (b"<nitf><body>", "bad_xml"),
        (b"<NewsML/>", "no_items"),
        (b"<rss", "bad_feed"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, code: str):
    with pytest.raises(Permanent) as refused:
        parse(body, Origin(source="s"))
    assert refused.value.code == code
