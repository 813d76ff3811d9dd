"""Message types, status, embargoes and times, from fields and from words."""

from datetime import UTC, datetime

import pytest

from pipeline.errors import Fatal
from pipeline.item import Link, RawItem
from pipeline.normalise import Hints, normalise
from pipeline.normalise.signals import SIGNALS, read_codes, read_headline
from pipeline.normalise.times import read_time
from pipeline.story import Provenance, Story, Text

RECEIVED = datetime(2022, 9, 7, 10, tzinfo=UTC)


def story(
    body: str = "Ports stayed shut.", headline: str = "Ports shut", hints: Hints | None = None, **fields: object
) -> Story:
    item = RawItem(
        uri="urn:x:1", format="text", provenance=Provenance(source="x"), headlines=(Text(value=headline),),
        bodies=(Text(value=body, content_type="text/plain"),), **fields,
    )  # fmt: skip
    return normalise(item, received=RECEIVED, hints=hints or Hints())


@pytest.mark.parametrize(
    ("headline", "signals", "sequence", "clean"),
    [
        ("UPDATE 3-Ports shut", ["update"], {"update": 3}, "Ports shut"),
        ("UPDATE 1-CORRECTED-Ports shut", ["update", "correction"], {"update": 1}, "Ports shut"),
        ("RPT-Ports shut", ["repeat"], {}, "Ports shut"),
        ("REFILE-UPDATE 2-Ports shut", ["update", "refile"], {"update": 2}, "Ports shut"),
        ("WRAPUP 4-Ports shut", ["wrapup"], {"wrapup": 4}, "Ports shut"),
        ("STORY WITHDRAWN-Ports shut", ["kill"], {}, "Ports shut"),
        ("WITHDRAWN: Ports shut", ["kill"], {}, "Ports shut"),
        ("FACTBOX-Ports", ["factbox"], {}, "Ports"),
        ("SNAP: Ports shut", ["snap"], {}, "Ports shut"),
        ("BULLETIN: Ports shut", ["bulletin"], {}, "Ports shut"),
        ("URGENT: Ports shut", ["urgent"], {}, "Ports shut"),
        ("FLASH - Ports shut", ["flash"], {}, "Ports shut"),
        ("ALERTE - Les ports fermés", ["flash"], {}, "Les ports fermés"),
        ("URGENTE: Puertos cerrados", ["urgent"], {}, "Puertos cerrados"),
        ("(Actualiza) Puertos cerrados", ["update"], {}, "Puertos cerrados"),
        ("(Corrección) Puertos cerrados", ["correction"], {}, "Puertos cerrados"),
        ("Puertos cerrados (Ampl.)", ["update"], {}, "Puertos cerrados"),
        ("(Eil) Häfen zu", ["urgent"], {}, "Häfen zu"),
        ("(2. Zusammenfassung) Häfen zu", ["wrapup"], {"wrapup": 2}, "Häfen zu"),
        ("(Berichtigung) Häfen zu", ["correction"], {}, "Häfen zu"),
        ("(Wiederholung) Häfen zu", ["repeat"], {}, "Häfen zu"),
        ("RECTIFICATIF - Les ports", ["correction"], {}, "Les ports"),
        ("(Rectificatie) Havens dicht", ["correction"], {}, "Havens dicht"),
        ("CORREÇÃO: Portos", ["correction"], {}, "Portos"),
        ("TAKE 2 OF 4-Ports", ["take"], {"take": 2, "takes": 4}, "Ports"),
        ("TEST - please ignore", ["test"], {}, "please ignore"),
        ("Update on ports expected", [], {}, "Update on ports expected"),
        ("TESTING TIMES FOR PORTS", [], {}, "TESTING TIMES FOR PORTS"),
        ("Corrections officer shot", [], {}, "Corrections officer shot"),
        ("Alert level raised", [], {}, "Alert level raised"),
    ],
)  # fmt: skip
def test_headline_tags(headline: str, signals: list[str], sequence: dict, clean: str) -> None:
    found = story(headline=headline)
    assert (list(found.newswire.signals), found.newswire.sequence, found.headline) == (signals, sequence, clean)
    assert found.newswire.raw_headline == (headline if headline != clean else None)
    assert found.pub_status == ("canceled" if "kill" in signals else "usable")


@pytest.mark.parametrize(
    ("codes", "signals"),
    [
        (("sig:update",), {"update"}),
        (("edStat:C", "prodId:TXT"), {"correction"}),
        (("edStat:N",), set()),
        (("http://cv.iptc.org/newscodes/signal/correction",), {"correction"}),
        (("BULLETIN",), {"bulletin"}),
        (("sig:routing", "pmt:text"), set()),
    ],
)
def test_codes(codes: tuple[str, ...], signals: set[str]) -> None:
    assert read_codes(codes) == signals
    assert signals <= set(SIGNALS)


@pytest.mark.parametrize(
    ("slugline", "signals", "sequence"),
    [
        ("BC-US--Ports, 1st Ld-Writethru", ("writethru",), {"writethru": 1}),
        ("BC-US--Ports, 2nd Ld", ("lead",), {"lead": 2}),
        ("BC-US--APNewsAlert", ("alert",), {}),
        ("PORTS/STRIKE (UPDATE 2, PIX)", ("update",), {"update": 2}),
    ],
)
def test_sluglines(slugline: str, signals: tuple[str, ...], sequence: dict) -> None:
    found = story(slugline=slugline).newswire
    assert (found.signals, found.sequence) == (signals, sequence)


@pytest.mark.parametrize(
    ("note", "headline"),
    [
        ('Replaces "Ports to open", adds quotes', "Ports to open"),
        ("(vervangt eerder bericht)", None),
        ("Sustituye a «Puertos abiertos»", "Puertos abiertos"),
        ("Remplace la dépêche précédente", None),
        ('Ersetzt "Häfen offen"', "Häfen offen"),
        ('Substitui "Portos abertos"', "Portos abertos"),
    ],
)
def test_what_was_replaced(note: str, headline: str | None) -> None:
    found = story(ed_notes=(note,)).newswire
    assert found.replaces is not None
    assert found.replaces.headline == headline
    assert "replaces" in found.signals


def test_a_link_may_say_what_was_replaced() -> None:
    found = story(links=(Link(rel="replaces", uri="urn:x:0"),)).newswire
    assert found.replaces is not None
    assert found.replaces.uri == "urn:x:0"


@pytest.mark.parametrize(
    "notice",
    [
        "EDITORS: KILL story headlined Ports shut",
        "The story is withdrawn",
        "Queda anulada la noticia sobre los puertos",
        "La dépêche sur les ports est annulée",
        "Die Meldung über die Häfen wird zurückgezogen",
        "Het bericht over de havens is ingetrokken",
        "A notícia sobre os portos foi anulada",
    ],
)
def test_kills_in_words(notice: str) -> None:
    found = story(ed_notes=(notice,))
    assert found.pub_status == "canceled"
    assert "kill" in found.newswire.signals


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("usable", "usable"),
        ("stat:canceled", "canceled"),
        ("stat:withheld", "withheld"),
        ("Usable", "usable"),
        ("wibble", "withheld"),
    ],
)
def test_status(status: str, expected: str) -> None:
    assert story(status=status).pub_status == expected


@pytest.mark.parametrize(
    ("notice", "until"),
    [
        ("EMBARGOED TO 0001 Friday September 9", "2022-09-08T23:01"),
        ("Embargoed until 00:01 BST, 9 September 2022", "2022-09-08T23:01"),
        ("NOT FOR RELEASE BEFORE 6 p.m. EDT, Sept. 9, 2022", "2022-09-09T22:00"),
        ("SPERRFRIST: 9. September 2022, 12.00 Uhr MESZ", "2022-09-09T10:00"),
        ("EMBARGADO hasta las 10:00 CEST del 9 de septiembre de 2022", "2022-09-09T08:00"),
        ("SOUS EMBARGO jusqu'au 9 septembre 2022 à 18h00 GMT", "2022-09-09T18:00"),
        ("Onder embargo tot 9 september 2022 06.00 uur CEST", "2022-09-09T04:00"),
        ("Embargado até 9 de setembro de 2022, 09h00 BRT", "2022-09-09T12:00"),
        ("EMBARGO: 12noon GMT, Friday", "2022-09-09T12:00"),
    ],
)
def test_embargo_in_words(notice: str, until: str) -> None:
    found = story(
        f"{notice}\n\nPorts stayed shut.", hints=Hints(zone="Europe/London"), version_created="2022-09-07T09:00:00Z"
    )
    assert found.embargoed_until is not None
    assert found.embargoed_until.isoformat()[:16] == until
    assert found.pub_status == "usable"
    assert found.newswire.embargo_text == notice
    assert found.text == "Ports stayed shut."


@pytest.mark.parametrize(
    "notice", ["EMBARGOED until the minister has spoken", "SPERRFRIST: Redebeginn", "Not for release before delivery"]
)
def test_an_unreadable_embargo_withholds(notice: str) -> None:
    found = story(f"{notice}\n\nPorts stayed shut.")
    assert (found.pub_status, found.embargoed_until) == ("withheld", None)
    assert found.newswire.flags == ("embargo_unreadable",)
    assert story(embargo="soon").pub_status == "withheld"


def test_a_dated_field_is_believed() -> None:
    found = story(embargo="2022-09-09T06:00:00+02:00", ed_notes=("Embargoed until delivery",))
    assert found.embargoed_until == datetime(2022, 9, 9, 4, tzinfo=UTC)
    assert found.pub_status == "usable"


@pytest.mark.parametrize(
    "copy",
    ["The arms embargo on Kestrel was extended.", "Embargo is lifted, ministers said.", "An oil embargo would hurt."],
)
def test_copy_may_speak_of_embargoes(copy: str) -> None:
    found = story(copy)
    assert (found.pub_status, found.text, found.newswire.signals) == ("usable", copy, ())


@pytest.mark.parametrize(
    ("written", "zone", "utc", "offset"),
    [
        ("2021-06-28T14:00Z", None, "2021-06-28T14:00", "+00:00"),
        ("2021-06-28T14:00:05.123+02:00", None, "2021-06-28T12:00", "+02:00"),
        ("20210628T140000+0200", None, "2021-06-28T12:00", "+02:00"),
        ("20210628T140000Z", None, "2021-06-28T14:00", "+00:00"),
        ("2021-06-28 14:00:00 GMT+02:00", None, "2021-06-28T12:00", "+02:00"),
        ("Mon, 28 Jun 2021 14:00:00 BST", None, "2021-06-28T13:00", "+01:00"),
        ("Mon, 28 Jun 2021 14:00:00 CEST", None, "2021-06-28T12:00", "+02:00"),
        ("28 Juni 2021 14:00 MESZ", None, "2021-06-28T12:00", "+02:00"),
        ("28 Jun 21 14:00 GMT", None, "2021-06-28T14:00", "+00:00"),
        ("28-JUN-1987 14:00:01.79", None, "1987-06-28T14:00", "+00:00"),
        ("June 28, 2021 2:00 PM EDT", None, "2021-06-28T18:00", "-04:00"),
        ("2021-06-28T14:00:00", "Europe/Berlin", "2021-06-28T12:00", "+02:00"),
        ("2021-06-28", None, "2021-06-28T00:00", "+00:00"),
        ("2021-06-28T24:00Z", None, "2021-06-29T00:00", "+00:00"),
    ],
)
def test_times(written: str, zone: str | None, utc: str, offset: str) -> None:
    moment = read_time(written, zone)
    assert moment is not None
    assert (moment.at.isoformat()[:16], moment.offset) == (utc, offset)


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2021-13-01", "2021-06-31T00:00Z", "99/99/9999", "T", "0000-00-00T00:00:00Z"]
)
def test_no_times(written: str) -> None:
    assert read_time(written) is None


def test_times_are_kept_apart_and_flagged() -> None:
    found = story(
        first_created="2022-09-06T10:00:00+02:00",
        version_created="2031-01-01T00:00:00Z",
        updated="2022-09-06T12:00:00",
        published="who knows",
    )
    times = found.newswire.times
    assert times is not None
    assert found.first_created == datetime(2022, 9, 6, 8, tzinfo=UTC)
    assert found.version_created == datetime(2022, 9, 6, 12, tzinfo=UTC)
    assert times.offsets == {"firstCreated": "+02:00"}
    assert times.flags == {"versionCreated": "future", "updated": "zone_assumed", "published": "unreadable"}


def test_an_agencys_zone_is_used_where_none_is_written() -> None:
    assert story(agency="EFE", version_created="2021-06-28T14:00:00").version_created == datetime(
        2021, 6, 28, 12, tzinfo=UTC
    )


def test_ap_items_that_are_no_content_are_withheld() -> None:
    item = RawItem(uri="urn:x:1", format="ap-media-api", provenance=Provenance(source="x"), signals=("test",))
    assert normalise(item).pub_status == "withheld"
    item = RawItem(uri="urn:x:1", format="ap-media-api", provenance=Provenance(source="x"), signals=("newscontent",))
    assert normalise(item).pub_status == "usable"


def test_urgency() -> None:
    assert story(urgency="4").urgency == 4
    assert story(urgency="0").urgency is None
    assert story(headline="FLASH - Ports shut").urgency == 1
    assert read_headline("Ports").sequence == {}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc"])
def test_a_zone_that_is_none_stops_the_start(zone: str) -> None:
    with pytest.raises(Fatal, match="IANA"):
        Hints(zone=zone)
