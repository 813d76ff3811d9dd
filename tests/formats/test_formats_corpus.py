"""Real wire files, where they are at hand: every one parses, with the fields it states (checked by eye)."""

from functools import cache
from pathlib import Path

import pytest

from pipeline.formats import parse
from pipeline.item import Origin, RawItem, decode_item, encode_item

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no ../shared/corpus beside this repository")

FORMATS = {
    "anpa-1312": "anpa-1312",
    "ap-media-api": "ap-media-api",
    "iptc-7901": "iptc-7901",
    "newsml-1.2": "newsml-1",
    "newsml-g2": "newsml-g2",
    "ninjs": "ninjs",
    "nitf": "nitf",
}
# file -> (guid, version, status, headline begins, urgency, language, dateline, body begins)
STATED = {
    "newsml-g2/reuters/tag_reuters.com_0000_newsml_L4N1FL0N0_1132689232.xml": ("tag:reuters.com,0000:newsml_L4N1FL0N0", "1132689232", "usable", "PRECIOUS-Gold", "3", "en", None, "<p>(Adds comments"),
    "newsml-g2/reuters/tag_reuters.com_2014_newsml_KBN0FL0NM_version_10.xml": ("tag_reuters.com_2014_newsml_KBN0FL0NM", "10", "usable", "Confident Assad", "4", "en-US", "2014-07-17 00:24:11 GMT+00:00", None),
    "newsml-g2/ap.xml": ("tag:ap.org,2011:5e565888b587889c5c8bd62b6164118c-text", "2", "usable", "Nutrisystem beats", "4", "en", "FORT WASHINGTON, Pa.", "<div>"),
    "newsml-g2/ansa-newsmlg2-text.xml": ("tag:ansa.it,2017-10-11:40e5fb1034e7e2b21942ea09718fc85a", "1", "usable", "Catalan independence", "5", "it", None, "\n<p>"),
    "newsml-g2/ansa_culture.xml": ("tag:ansa.it,2019-07-01:fd66854b6f8fcf6e0f9dd3792d86ae2e", "2", "usable", "TEST FROM", None, "it", "ANSA TEST - ROMA, 01 LUG -", "<p>"),
    "newsml-g2/dpa.xml": ("urn:newsml:dpa.com:20090101:221011-930-4303", "1", "usable", "Eintracht in London", "4", "de", "London (dpa) -", "<section"),
    "newsml-g2/scoop.xml": ("BD-20160112123540", "3", "usable", "Dick Smith receivers", "5", None, None, "<p>By Jonathan"),
    "newsml-g2/snep.xml": ("tag:reuters.com,0000:newsml_TRE7AA2CP", "472094323", "usable", "OUSTPM Link", "4", "en-US", "2013-03-04 11:40:31 GMT+00:00", None),
    "newsml-g2/stt1.xml": ("urn:newsml:stt.fi::102736761", "2", "usable", "Mikko Moilanen", "3", "fi-FI", "Helsinki", "<p>Diplomi"),
    "newsml-g2/iptc/LISTING_1_A_NewsML-G2_News_Item.xml": ("urn:newsml:acmenews.com:20161018:US-FINANCE-FED", "11", "usable", "Fed to halt QE", None, "en-GB", None, None),
    "newsml-1.2/afp.xml": ("urn:newsml:afp.com:20140829T135002Z:TX-PAR-FXW86", "1", "Usable", "Sweden court", "4", "en", "STOCKHOLM, Aug 29, 2014 (AFP) -", "<p>A Chinese-owned"),
    "newsml-1.2/ana1.xml": ("urn:newsml:ana-mpe.gr:20180404:19336333", "1", "Usable", "Wage employment", None, "EN", "4/4/2018", "\n            <P>Wage"),
    "newsml-1.2/businesswire-newsml-20130605006126.xml": ("urn:newsml:businesswire.com:20010714:20130605006126", "1", "Usable", "Cambrios", None, "zh", "加州桑尼維爾", "<p>"),
    "newsml-g2/afp20.xml": ("urn:newsml:afp.com:20240710:240710125902.qpsp2jzk", "1", "Usable", "Décès de Naomi", None, "fr", "Strasbourg, 10 juil 2024 (AFP)", "<p>L'opératrice"),
    "nitf/efe_nitf.xml": ("22751909", None, "usable", "Honduran president", "5", "en-US", None, "<p>Tegucigalpa"),
    "nitf/nitf-ntb.xml": ("faktisk-d9cde75b-256e-4989-b6a3-b8ad27f43a5c_47", "48", None, "Faktisk.no: Nei", "5", "nb-NO", "Oslo", "<p"),
    "nitf/aap-cyber.xml": ("urn:newsml:localhost:2016-04-13T14:52:21.830724:0a686ee3-ec38-4fbf-beeb-aae311aecfdb", None, "usable", "Headline", "3", None, "SYDNEY March 22 AAP -", "<p>body1"),
    "nitf/ap-nitf.xml": ("ap-nitf.xml", None, None, "Can trading pollution", None, None, "NEW YORK", "<div>"),
    "nitf/nitf-fishing.xml": ("iptc.321656141.b", "1", "canceled", "Weather and Tide", "3", None, "Newport News, VA", "<p>The weather"),
    "nitf/pa3.xml": ("4a82e12e-6b39-47eb-8e59-2c616a7e32a4HHH-13-1", None, "embargoed", "UK BREAK-UP", "4", None, None, "<p>The UK"),
    "nitf/pa5.xml": ("17b7b4c3-6e05-4690-b7cb-37b5c99c9a86HHH-5-1", None, "usable", "HARD BREXIT TO COST UK UP TO £66BN", "4", None, None, "<p>Treasury coffers will take a £66"),
    "ninjs/ninjs1.json": ("urn:newsml:localhost:2017-08-24T14:37:19.783611:c044162e-7f40-4d04-b700-49b6a66e652c", "2", "usable", "headline", "3", "fr", None, "<p>The story"),
    "ninjs/ninjs_embargoed.json": ("fd8e441b-a698-4411-9246-7d5de21cced9", "11", "usable", "Trouble is brewing", None, "en", None, "<p>What does"),
    "ninjs/iptc-2.1/dpa_text.json": (None, None, "usable", None, None, "de", None, None),
    "ap-media-api/ap_media_text_item.json": ("5ee9b4b40ea5fe9c9ca60f890fb2e1d9", "0", "usable", "BC-BBN--Top Ten", "4", "en", None, None),
    "anpa-1312/anpa-1.tst": ("W2870-11-13-13-1509GMT", None, None, "For Argentine chemo", "f", None, None, "BUENOS AIRES, Argentina (AP) _"),
    "anpa-1312/ap_anpa-3.tst": ("G7787-08-29-16-1626GMT", None, None, "$210 lobster", "r", None, None, "CHATHAM, Mass. (AP) _"),
    "iptc-7901/IPTC7901.txt": ("eca062-131137GMTNov13", None, None, "Germany Social Democrats", "4", None, None, "   Berlin (dpa) -"),
    "iptc-7901/dpa_four_line.txt": ("eca0003-212322GMTNov18", None, None, "Switzerland joins", "3", None, None, "Geneva (dpa) -"),
}  # fmt: skip


@cache
def items(name: str) -> tuple[RawItem, ...]:
    path = CORPUS / name
    found = parse(path.read_bytes(), Origin(source="corpus", url=path.name)).items
    assert all(isinstance(item, RawItem) for item in found)
    return tuple(item for item in found if isinstance(item, RawItem))


def files() -> list[str]:
    found = [path for path in CORPUS.glob("*/**/*") if path.is_file() and path.suffix != ".gz"]
    return sorted(str(path.relative_to(CORPUS)) for path in found)


@pytest.mark.parametrize("name", files() or ["none"])
def test_every_file_parses_as_what_it_is(name: str):
    expected = "newsml-1" if name == "newsml-g2/afp20.xml" else FORMATS[name.partition("/")[0]]
    assert items(name)
    for item in items(name):
        assert item.format == expected
        assert item.guid
        assert decode_item(encode_item(item)) == item


@pytest.mark.parametrize("name", sorted(STATED))
def test_fields_as_the_file_states_them(name: str):
    guid, version, status, headline, urgency, language, dateline, body = STATED[name]
    item = items(name)[0]
    assert guid in (None, item.guid)
    assert version in (None, item.version)
    assert item.status == status
    assert item.headlines[0].value.startswith(headline or "")
    assert urgency in (None, item.urgency)
    assert item.language == language
    assert item.dateline == dateline
    if body:
        assert item.bodies[0].value.startswith(body)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("nitf/pa3.xml", "embargo", "20160909T000100+0100"),
        ("ninjs/ninjs_embargoed.json", "embargo", "2022-06-29T02:30:00+00:00"),
        ("newsml-g2/iptc/LISTING_1_A_NewsML-G2_News_Item.xml", "embargo", "2018-10-23T12:00:00Z"),
        ("newsml-g2/scoop.xml", "embargo", None),
        ("newsml-g2/stt1.xml", "signals", ("sig:update", "update:append-major-content")),
        ("newsml-g2/dpa.xml", "located", ("London",)),
        ("newsml-g2/ap.xml", "ed_notes", ("Eds: Adds full-year results.",)),
        ("ap-media-api/ap_media_item.json", "type", "picture"),
        ("ap-media-api/ap_media_item.json", "signals", ("newscontent",)),
        ("ninjs/iptc-3.0/ap_audio.json", "type", "audio"),
        ("ninjs/iptc-3.0/ap_video.json", "type", "video"),
        ("newsml-g2/iptc/LISTING_3_Photo_in_NewsML-G2.xml", "type", "picture"),
        ("iptc-7901/dpa_four_line.txt", "signals", ("REFILE", "1ST LEAD")),
        ("iptc-7901/IPTC7901_odd_charset.txt", "version_created", "2015-10-07T13:41Z"),
        ("anpa-1312/anpa-1.tst", "bylines", ("By PAUL BYRNE and ALMUDENA CALATRAVA, Associated Press",)),
        ("anpa-1312/anpa-2.tst", "slugline", "BC-US--Ethanol-Losing Grassland, 1st Ld-Writethru"),
    ],
)
def test_more_of_what_they_state(name: str, field: str, value: object):
    assert getattr(items(name)[0], field) == value


def test_pictures_sound_and_film_are_items_without_text():
    for name in ("ap_audio", "ap_image", "ap_video"):
        item = items(f"ninjs/iptc-3.0/{name}.json")[0]
        assert not item.bodies
        assert any(link.rel == "rendition" and link.href for link in item.links)


def test_what_is_for_editors_stays_out_of_the_copy():
    for name in ("IPTC7901.txt", "dpa_four_line.txt", "dpa_two_by_line.txt"):
        item = items(f"iptc-7901/{name}")[0]
        assert "not " not in item.bodies[0].value.rpartition("* * * *")[0]
        assert "Editing by" not in item.bodies[0].value
        assert "Editing by" in item.ed_notes[0]
