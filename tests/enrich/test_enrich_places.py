"""Places: where a story was filed, and what it speaks of; in doubt none."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.enrich.gazetteer import gazetteer
from pipeline.enrich.places import Places
from pipeline.formats import parse
from pipeline.item import Origin, RawItem
from pipeline.normalise import normalise
from pipeline.story import PLAIN, Dateline, Newswire, Place, Story, Text

PLACES = Places()


def enriched(text="", *, dateline=None, places=()):
    return PLACES.enrich(
        Story(
            uri="urn:x", places=places, bodies=(Text(text, content_type=PLAIN),), newswire=Newswire(dateline=dateline)
        )
    )


def filed(written, agency=None, region=None, text=""):
    dateline = Dateline(written, (written,), {written: region} if region else {}, agency=agency)
    (place,) = [place for place in enriched(text, dateline=dateline).places if place.rel == "dateline"]
    return place


def mentioned(text):
    return [place.name for place in enriched(text).places if place.rel == "mention"]


@pytest.mark.parametrize(
    ("written", "agency", "region", "name", "number"),
    [
        ("Pekín", "EFE", None, "Beijing", 1816670),
        ("MOSKAU", "dpa", None, "Moscow", 524901),
        ("Genf", "dpa", None, "Geneva", 2660646),
        ("Krakau", "dpa", None, "Kraków", 3094802),
        ("Kiew", "APA", None, "Kyiv", 703448),
        ("La Haye", "AFP", None, "The Hague", 2747373),
        ("DEN HAAG", "ANP", None, "The Hague", 2747373),
        ("Москва", "TASS", None, "Moscow", 524901),
        ("北京", "Xinhua", None, "Beijing", 1816670),
        ("San José", "EFE", None, "San José", 3621849),
        ("SAN JOSE", "AP", "Calif.", "San Jose", 5392171),
        ("Valencia", "EFE", None, "Valencia", 2509954),
        ("Valencia", "EFE", "Venezuela", "Valencia", 3625549),
        ("PORTLAND", "AP", "Maine", "Portland", 4975802),
        ("WASHINGTON", "AP", None, "Washington", 4140963),
        ("VANCOUVER", "Reuters", "British Columbia", "Vancouver", 6173331),
        ("UNITED NATIONS", "AP", None, "New York City", 5128581),
        ("VATICAN CITY", "ANSA", None, "Vatican City", 6691831),
        ("Roma", "ANSA", None, "Rome", 3169070),
        ("Zúrich", "EFE", None, "Zürich", 2657896),
        ("KUWAIT", "Reuters", None, "Kuwait City", 285787),
    ],
)
def test_datelines_lead_to_the_right_city(written, agency, region, name, number):
    place = filed(written, agency, region)
    assert (place.name, place.uri) == (name, f"https://sws.geonames.org/{number}/")
    assert place.geo_json["type"] == "Point"


@pytest.mark.parametrize("written", ["ABOARD AIR FORCE ONE", "Cambridge", "Hogwarts", "Springfield"])
def test_what_is_no_place_or_several_keeps_its_words_alone(written):
    assert filed(written, "Reuters") == Place(name=written, rel="dateline")


def test_a_small_place_has_at_least_its_country():
    assert filed("YARDLEY", "AP", "Pa.") == Place(name="YARDLEY", rel="dateline", literal="US")
    assert filed("Lerna", "AFP", "Greece").literal == "GR"


def test_a_country_the_story_names_settles_a_city():
    assert filed("Cambridge", text="The British university said so on Monday.").uri.endswith("/2653941/")
    assert filed("Cambridge", text="The American institute in Massachusetts said so.").uri.endswith("/4931972/")


def test_the_copy_s_places():
    text = (
        "China and Russia signed on Monday. U.S. officials in Geneva and the mayor of Lyon, France, were told in March. "
        "Chinese papers from Shanghai had it first, those of Columbus, Ohio, last."
    )
    assert mentioned(text) == ["China", "Russia", "United States", "Geneva", "Lyon", "France", "Shanghai", "Columbus"]
    counts = enriched(text).newswire.mentions["places"]
    assert counts["China"] == {"count": 2, "first": 0, "id": 1814991, "country": "CN"}


@pytest.mark.parametrize(
    "text",
    [
        "Paris Hilton arrived late.",
        "Jordan Smith scored twice.",
        "In March the vote is due.",
        "Jack London wrote it.",
        "He was reading in the Nice Reading Room of Mobile Police.",
        "The White House declined.",
        "Male unemployment fell.",
        "Sydney Pollack and Florence Nightingale agreed.",
        "New Jersey and New Mexico agreed.",
        "Georgia's governor signed the law.",
        "san francisco in small letters",
    ],
)
def test_what_only_looks_like_a_place_is_none(text):
    assert [name for name in mentioned(text) if name != "United States"] == []


def test_georgia_is_a_country_beside_its_neighbours():
    assert mentioned("Georgia and Armenia agreed.") == ["Georgia", "Armenia"]


def test_what_the_source_said_stays_first():
    own = Place(name="China", uri="own:1")
    story = enriched("China and Japan agreed.", places=(own,))
    assert [(place.name, place.uri) for place in story.places] == [
        ("China", "own:1"), ("Japan", "https://sws.geonames.org/1861060/"),
    ]  # fmt: skip


def test_the_sample_story():
    seed = Path(__file__).parents[2].parent / "shared" / "seed" / "efe-xi-putin.txt"
    if not seed.exists():
        pytest.skip("the sample story is not beside this checkout")
    item = parse(seed.read_bytes(), Origin(source="x", url=seed.name)).items[0]
    assert isinstance(item, RawItem)
    story = PLACES.enrich(normalise(item))
    assert [(place.name, place.rel) for place in story.places] == [
        ("Beijing", "dateline"), ("Moscow", "dateline"), ("China", "mention"), ("Russia", "mention"),
        ("United States", "mention"),
    ]  # fmt: skip
    assert story.places[0].geo_json == {"type": "Point", "coordinates": [116.397, 39.907]}


def test_the_gazetteer_is_loaded_in_time_and_room():
    script = (
        "import time; a = time.process_time(); from pipeline.enrich.places import Places; Places();"
        "rss = next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS'));"
        "print(time.process_time() - a, rss)"
    )
    seconds, kilobytes = map(float, subprocess.check_output([sys.executable, "-c", script], text=True).split())
    assert seconds < 4
    assert kilobytes < 200_000
    assert len(gazetteer().codes) > 240
