"""Documents made to hurt: each ends quickly, with items or one clear code, and touches nothing outside."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import Permanent
from pipeline.formats import Limits, parse
from pipeline.item import Origin, RawItem, Refusal

HERE = Origin(source="s", url="https://h.example/f")
RSS = b'<rss version="2.0"><channel><item><title>a</title><author>%s</author><description>%s</description></item></channel></rss>'
LAUGHS = (
    b'<!DOCTYPE nitf [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><nitf><body><body.content><p>&m;</p></body.content></body></nitf>"
)
N = 200_000
DEFAULT = Limits()


def outcome(body: bytes, limits: Limits = DEFAULT) -> str:
    try:
        return parse(body, HERE, limits).format
    except Permanent as error:
        return error.code


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        LAUGHS.replace(b"nitf", b"rss"),
        b'<!DOCTYPE nitf [<!ENTITY a "'
        + b"x" * N
        + b'">]><nitf><body><body.content><p>'
        + b"&a;" * 50_000
        + b"</p></body.content></body></nitf>",
        RSS % (b"a", b"<![CDATA[" + b"<" * N + b"]]>"),
        RSS % (b"a", b"<" * N),
        RSS % (b"a", b"<!--" * N),
        RSS % (b"a" * N, b"d"),
        RSS % (b"a", b"<x " + b" ".join(b'a%d="1"' % n for n in range(20_000)) + b"/>"),
        RSS
        % (
            b"a",
            b"</description>" + b"".join(b"<category>%d</category>" % n for n in range(20_000)) + b"<description>",
        ),
        RSS % (b"a", b"<div>" * N),
        b"<nitf>" + b"<p>" * N,
        b'{"uri":"u","headline":' + b"[" * N,
        b'{"uri":"u","x":' * 5_000,
        b"[" * N + b"]" * N,
        b"\x01A1234\x1f" * 20_000,
        b"\x01abc1234 " * 20_000,
        b"\x01abc1234 1 i 3\n\x02" + b"(x)\n" * N,
        b"From: a\nSubject: b\nDate: c\nContent-Type: multipart/mixed; boundary=x\n\n"
        + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 10_000,
        b"From: a\nDate: c\nSubject: " + b"=?utf-8?q?" * N,
        b"<html><body>" + b"<div>" * N,
        b"<html><script type=application/ld+json>" + b"{" * N,
        b"<!--" * N,
        b"<?" * N,
        b"x\x00" * N,
        b"\xff\xfe" + b"<\x00" * N,
    ],
    ids=range(25),
)
def test_takes_less_than_a_second_per_megabyte(body: bytes):
    start = time.process_time()
    outcome(body)
    assert time.process_time() - start < 1 + len(body) / 1_000_000


def test_entities_are_not_expanded(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("TOPSECRET")
    body = f'<!DOCTYPE nitf [<!ENTITY s SYSTEM "file://{secret}">]><nitf><body><body.content><p>x&s;y</p></body.content></body></nitf>'
    item = parse(body.encode(), HERE).items[0]
    assert isinstance(item, RawItem)
    assert "TOPSECRET" not in item.bodies[0].value


def test_json_is_bounded_in_depth():
    deep = b'{"uri":"u","headline":"h","x":' + b"[" * 100 + b"]" * 100 + b"}"
    assert outcome(deep) == "too_deep"
    assert outcome(deep, Limits(depth=200)) == "ninjs"


def test_items_are_bounded_in_number():
    feed = b'<rss version="2.0"><channel>' + b"<item><title>x</title></item>" * 50 + b"</channel></rss>"
    items = parse(feed, HERE, Limits(feed_entries=10)).items
    assert len(items) == 11
    assert isinstance(items[-1], Refusal)
    assert items[-1].code == "too_many_items"


def test_lines_are_bounded_in_number():
    lines = b'{"uri":"u","headline":"h"}\n' * 30
    items = parse(lines, HERE, Limits(items=20)).items
    assert len(items) == 21
    assert isinstance(items[-1], Refusal)


def test_a_malformed_feed_of_too_many_entries_is_refused():
    assert outcome(b"<rss><channel>&" + b"<item></item>" * 11, Limits(feed_entries=10)) == "too_many_items"


def test_bodies_are_bounded_in_size():
    assert outcome(b"Head\n" + b"x" * 100, Limits(body_bytes=50)) == "too_large"


def test_one_bad_item_costs_only_itself():
    lines = b'{"uri":"a","headline":"one"}\n{"uri":"b","headline":\n{"uri":"c","headline":"three"}'
    first, second, third = parse(lines, HERE).items
    assert isinstance(first, RawItem)
    assert isinstance(second, Refusal)
    assert second.position == 1
    assert isinstance(third, RawItem)


def test_other_formats_load_no_feedparser_and_nothing_of_the_shell():
    code = (
        "import sys; from pipeline.formats import parse; from pipeline.item import Origin; "
        "parse(b'<nitf><head><title>t</title></head></nitf>', Origin(source='s')); "
        "loaded = {m.partition('.')[0] for m in sys.modules}; "
        "print(sorted(loaded & {'feedparser', 'trafilatura', 'kafka', 'sqlite3', 'aiohttp', 'prometheus_client'}))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_a_dense_but_honest_feed_is_read():
    cells = b"<tr><td>12</td><td>7</td></tr>" * 3_000
    table = b'<div xmlns="http://www.w3.org/1999/xhtml"><table>' + cells + b"</table></div>"
    feed = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>i</id><title>Table</title><content type="xhtml">'
        + table
        + b"</content></entry></feed>"
    )
    (item,) = parse(feed, HERE).items
    assert isinstance(item, RawItem)
    assert item.bodies[0].value.count("<td>") == 6_000
