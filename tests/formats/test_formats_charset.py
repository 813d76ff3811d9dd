"""Character sets: the documented order, and declarations that lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import parse
from pipeline.formats.charset import decode
from pipeline.item import Origin, RawItem

COPY = "Größe – Café “quoted” für alle"


@pytest.mark.parametrize(
    ("body", "transport"),
    [
        (COPY.encode("utf-8-sig"), "iso-8859-1"),
        (COPY.encode("utf-16"), None),
        (COPY.encode("utf-16-le"), None),
        (COPY.encode("utf-16-be"), None),
        (COPY.encode(), None),
        (COPY.encode(), "iso-8859-1"),
        (COPY.encode("cp1252"), "windows-1252"),
        (COPY.encode("cp1252"), "utf-8"),
        (COPY.encode("cp1252"), None),
        (COPY.encode("cp1252"), "no-such-charset"),
        (COPY.encode("cp1252"), "rot13"),
    ],
)
def test_order_and_lies(body: bytes, transport: str | None):
    assert decode(body, transport) == COPY


def test_the_documents_own_word_counts_for_more_than_the_transports():
    body = '<?xml version="1.0" encoding="koi8-r"?><a>Москва</a>'.encode("koi8-r")
    assert "Москва" in decode(body, "windows-1252")


@pytest.mark.parametrize("charset", ["cp1251", "koi8_r", "gb18030"])
def test_undeclared_foreign_text_is_guessed(charset: str):
    words = {
        "cp1251": "Сегодня в Москве прошла встреча министров иностранных дел стран региона.",
        "koi8_r": "Сегодня в Москве прошла встреча министров иностранных дел стран региона.",
        "gb18030": "今天上午在北京举行了外交部长会议，讨论了地区局势和经济合作问题。",
    }
    assert decode((words[charset] * 4).encode(charset)) == words[charset] * 4


def xml(declared: str, actual: str) -> str:
    body = f'<?xml version="1.0" encoding="{declared}"?><nitf><body><body.content><p>£66 für alle</p></body.content></body></nitf>'
    item = parse(body.encode(actual), Origin(source="s")).items[0]
    assert isinstance(item, RawItem)
    return item.bodies[0].value


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("utf-8", "latin-1"),
        ("iso-8859-1", "utf-8"),
        ("utf-16", "utf-8"),
        ("iso-8859-1", "latin-1"),
        ("nonsense", "utf-8"),
    ],
)
def test_xml_survives_a_declaration_that_lies(declared: str, actual: str):
    assert xml(declared, actual) == "<p>£66 für alle</p>"


@pytest.mark.parametrize("declared", ["utf-16", "utf-16le", "UTF-16BE", "utf-32", "ebcdic-cp-us"])
@pytest.mark.parametrize(("title", "actual"), [("Old bridge", "ascii"), ("Brücke", "utf-8"), ("Brücke", "latin-1")])
def test_a_feed_survives_a_declaration_that_contradicts_itself(declared: str, title: str, actual: str):
    body = (
        f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><title>t</title>'
        f"<item><title>{title}</title><guid>1</guid></item></channel></rss>"
    )
    item = parse(body.encode(actual), Origin(source="s")).items[0]
    assert isinstance(item, RawItem)
    assert item.headlines[0].value == title


def test_xml_survives_null_bytes_control_characters_and_html_entities():
    body = b"<nitf><body><body.content><p>a\x00b\x0bc&nbsp;d&#1;e&amp;f</p></body.content></body></nitf>"
    item = parse(body, Origin(source="s")).items[0]
    assert isinstance(item, RawItem)
    assert item.bodies[0].value == "<p>abc\xa0de&amp;f</p>"


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "utf-8", "utf-16", "ascii", "gbk", "utf-7", "idna", "hex", "\x00", "x" * 99]),
)
def test_decoding_never_fails(body: bytes, transport: str | None):
    decode(body, transport).encode()


@given(st.text(max_size=200).filter(lambda s: "\x00" not in s and not s.startswith("\ufeff")))
def test_utf8_is_kept_to_the_letter(copy: str):
    body = copy.encode()
    if not body.startswith((b"\xff", b"\xfe")) and b"charset" not in body and b"encoding" not in body:
        assert decode(body) == copy
