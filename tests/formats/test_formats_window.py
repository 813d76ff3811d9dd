"""A feed without its seen entries parses to the same unseen entries as the whole."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formats.feed import run_feedparser
from pipeline.formats.feed_window import narrow
from pipeline.item import Origin

HERE = Origin(source="s", url="https://f.example/feed")
GOLDEN = Path(__file__).parent / "golden" / "feed"

ATOM = """<?xml version="1.0"?><a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="https://b.example/x/" xml:lang="nl"><a:title>T</a:title>{}</a:feed>"""
RSS = """<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><link>https://l.example/</link>{}<ttl>5</ttl></channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="c"><title>T</title></channel>{}</rdf:RDF>"""
MADE = {
    ATOM: '<a:entry xml:base="e{0}/"><a:id>i{0}</a:id><a:title type="html">&lt;b>{0}&lt;/b></a:title><a:link href="{0}"/></a:entry>',
    RSS: '<item><title>n {0}</title><guid>g{0}</guid><description><![CDATA[<p>a > "b" {0}</item>]]></description><dc:creator>c</dc:creator></item>\n',
    RDF: '<item rdf:about="u{0}"><title>{0}</title><x:y xmlns:x="urn:x">z</x:y></item><!-- <item> -->',
}


def entries(body: bytes) -> list[dict[str, Any]]:
    return [dict.copy(entry) for entry in run_feedparser(body, HERE)["entries"]]


@given(
    st.sampled_from(sorted(MADE)),
    st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=8, unique_by=lambda pair: pair[0]),
)
@settings(deadline=None, max_examples=60)
def test_unseen_entries_parse_the_same(form: str, given_entries: list[tuple[int, bool]]):
    whole = form.format("".join(MADE[form].format(number) for number, _ in given_entries)).encode()
    everything = narrow(whole, ())
    assert everything.body == whole
    assert not everything.whole
    assert everything.unseen == len(everything.fingerprints) == len(given_entries)
    seen = {print_ for print_, (_, was) in zip(everything.fingerprints, given_entries, strict=True) if was}
    left = narrow(whole, seen)
    assert left.fingerprints == everything.fingerprints
    assert left.unseen == len(given_entries) - len(seen)
    wanted = [e for e, (_, was) in zip(entries(whole), given_entries, strict=True) if not was]
    assert entries(left.body) == wanted
    assert left.body == whole or len(left.body) < len(whole)


def test_an_edited_entry_is_unseen():
    old = RSS.format(MADE[RSS].format(1) + MADE[RSS].format(2)).encode()
    new = old.replace(b"n 2", b"n two")
    left = narrow(new, set(narrow(old, ()).fingerprints))
    assert left.unseen == 1
    assert [e["title"] for e in entries(left.body)] == ["n two"]


def test_a_new_base_makes_every_entry_unseen():
    old = ATOM.format(MADE[ATOM].format(1)).encode()
    new = old.replace(b"https://b.example/x/", b"https://b.example/y/")
    assert narrow(new, set(narrow(old, ()).fingerprints)).unseen == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item><title>a & b</title></item></channel></rss>",
        b"<!DOCTYPE rss><rss><channel><item/></channel></rss>",
        b'<?xml version="1.0" encoding="gb2312"?><rss><channel><item/></channel></rss>',
        b"<rss><channel><item><title>outer</title><item><title>inner</title></item></item></channel></rss>",
        b'<rss><channel><item a=">"/></channel></rss>',
        b"<rss><channel><item><p:x xmlns:p='urn:u'/></item><item><q:x xmlns:q='urn:u'/></item></channel></rss>",
        b"\x00",
        b"",
    ],
)
def test_what_cannot_be_split_goes_through_whole(body: bytes):
    left = narrow(body, ())
    assert left.whole
    assert left.body == body


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.input")), ids=lambda path: path.name)
def test_golden_feeds_can_be_narrowed_one_by_one(path: Path):
    body = path.read_bytes()
    prints = narrow(body, ()).fingerprints
    for position, fingerprint in enumerate(prints):
        left = narrow(body, set(prints) - {fingerprint})
        assert entries(left.body) == [entries(body)[position]]


@given(st.binary(max_size=200))
def test_no_input_makes_it_raise(body: bytes):
    narrow(body, ())
    narrow(b"<rss>" + body, ())
