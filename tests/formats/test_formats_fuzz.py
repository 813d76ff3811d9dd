"""No input makes a parser raise anything but Permanent: each parser by itself, without the dispatch's guard."""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.formats import Limits, parse
from pipeline.formats.charset import peek
from pipeline.formats.feed import run_feedparser
from pipeline.item import Origin, RawItem, decode_item, encode_item

sys.path.insert(0, str(Path(__file__).parent))
from regenerate import inputs

PARSERS = ("anpa", "iptc7901", "xml_family", "page", "feed", "json_family", "mail", "plain")
SAMPLES = [path.read_bytes() for path in inputs()]
HERE = Origin(source="s", url="https://f.example/x", charset="utf-8")
SNIPPETS = [b"<", b">", b"&", b"&#0;", b"]]>", b"<![CDATA[", b"\x00", b"\xff", b"\x01", b"\x02", b"\x03", b'"', b"=", b"\n", b"<!DOCTYPE x [", b"{", b"]", b"\xed\xa0\x80", b"nan", b"1e999", b"=?utf-8?b?/w==?=", b"charset=idna"]  # fmt: skip


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """A golden sample, cut, spliced and spoilt."""
    body = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 3)):
            case 0:
                body[at:at] = draw(st.sampled_from(SNIPPETS))
            case 1:
                del body[at : at + draw(st.integers(1, 200))]
            case 2:
                other = draw(st.sampled_from(SAMPLES))
                begin = draw(st.integers(0, len(other)))
                body[at:at] = other[begin : begin + draw(st.integers(1, 300))]
            case _:
                body[at : at + 1] = draw(st.binary(min_size=1, max_size=3))
    return bytes(body)


def read(name: str, body: bytes) -> None:
    module = import_module(f"pipeline.formats.{name}")
    module.sniff(peek(body))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = module.read(body, HERE, Limits())
    except Permanent:
        return
    for item in document.items:
        if isinstance(item, RawItem):
            assert decode_item(encode_item(item)) == item


@pytest.mark.parametrize("name", PARSERS)
@given(body=st.one_of(bent(), st.binary(max_size=400)))
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@example(body=b"<rss><channel><item><a10:x")
@example(body=b'{"uri": 1e999, "headline": "x"}')
def test_raises_nothing_but_permanent(name: str, body: bytes):
    read(name, body)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "value", "code", "uri", "rel", "type", "coordinates", "item", "href", "role"]), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip
PROPERTIES = ["uri", "guid", "version", "type", "headline", "headlines", "bodies", "body_html", "by", "byline", "subject", "people", "places", "place", "urgency", "embargoed", "embargoedUntil", "altids", "renditions", "associations", "located", "ednote", "usageterms", "infoSources", "signals", "genre", "newswire", "items", "title", "content_html", "authors", "tags", "attachments", "hubs", "standard", "expires"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(PROPERTIES), JSON), st.integers(0, 3))
@settings(deadline=None, max_examples=200)
def test_json_of_the_wrong_types(given_item: dict[str, object], shape: int):
    bodies = [
        {"uri": "u", "headline": "h", **given_item},
        {"api_version": "1.1", "data": {"item": given_item}},
        {"api_version": "1.1", "data": {"items": [{"item": given_item}, given_item]}},
        {"version": "https://jsonfeed.org/version/1.1", **given_item, "items": [given_item]},
    ]
    read("json_family", orjson.dumps(bodies[shape]))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_the_way_in_raises_nothing_but_permanent(body: bytes):
    try:
        code = parse(body, HERE).format
    except Permanent as error:
        code = error.code
    assert code != "parser_fault"


def test_feedparser_is_kept_to_the_letter():
    body = (Path(__file__).parent / "golden" / "feed" / "rss20.input").read_bytes()
    entries = run_feedparser(body, HERE)["entries"]
    items = parse(body, HERE).items
    for entry, item in zip(entries, items, strict=True):
        assert isinstance(item, RawItem)
        assert item.headlines[0].value == entry["title"]
        assert item.published == dict.get(entry, "published")
        assert [c.code for c in item.concepts if c.kind == "subject"] == [t["term"] for t in entry.get("tags", [])]
