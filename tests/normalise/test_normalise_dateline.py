"""The dateline grammar, one line per agency and form; the copy is ours, the forms are the wires'."""

from datetime import UTC, date, datetime

import pytest

from pipeline.item import RawItem
from pipeline.normalise import normalise
from pipeline.normalise.agencies import AGENCIES, lookup
from pipeline.normalise.dateline import read_dateline
from pipeline.normalise.dates import Day, settle, trailing_day
from pipeline.normalise.origin import read_field
from pipeline.story import Provenance, Text

# text before the copy, places, (year, month, day), agency
FORMS = [
    ("Ostrava/Brno, Jun 28 (EFE).-", "Ostrava Brno", (None, 6, 28), "EFE"),
    ("Lugo, 21 ene (EFE).-", "Lugo", (None, 1, 21), "EFE"),
    ("Curitiba, 12 jul (EFE).-", "Curitiba", (None, 7, 12), "EFE"),
    ("Lugo, 3 de mayo de 2021 (EFE).-", "Lugo", (2021, 5, 3), "EFE"),
    ("SALEM, Mass. (AP) _", "SALEM", None, "AP"),
    ("SALEM (AP) —", "SALEM", None, "AP"),
    ("ABOARD AIR FORCE TWO (AP) —", "ABOARD AIR FORCE TWO", None, "AP"),
    ("(AP) —", "", None, "AP"),
    ("QUITO, Jan 21 (Reuters) -", "QUITO", (None, 1, 21), "Reuters"),
    ("Jan 30 (Reuters) -", "", (None, 1, 30), "Reuters"),
    ("UNION, New Jersey/DOVER (Reuters) -", "UNION DOVER", None, "Reuters"),
    ("TULSA, March 26 -", "TULSA", (None, 3, 26), None),
    ("MT. VERNON, Ill., Feb 27 -", "MT._VERNON", (None, 2, 27), None),
    ("OSLO, Monday (Reuters) -", "OSLO", "weekday", "Reuters"),
    ("MALMO, Aug 29, 2014 (AFP) -", "MALMO", (2014, 8, 29), "AFP"),
    ("Lyon, 21 jan 2019 (AFP) -", "Lyon", (2019, 1, 21), "AFP"),
    ("Nancy, 10 juil 2024 (AFP)", "Nancy", (2024, 7, 10), "AFP"),
    ("Brest, 1er juin (AFP) -", "Brest", (None, 6, 1), "AFP"),
    ("WUHAN, March 31 (Xinhua) --", "WUHAN", (None, 3, 31), "Xinhua"),
    ("WUHAN, Jan. 1(Xinhua) --", "WUHAN", (None, 1, 1), "Xinhua"),
    ("新华社武汉3月15日电", "武汉", (None, 3, 15), "Xinhua"),
    ("新华社武汉3月15日电（记者张三）", "武汉", (None, 3, 15), "Xinhua"),
    ("中新社武汉3月15日电", "武汉", (None, 3, 15), "CNS"),
    ("Kassel (dpa) -", "Kassel", None, "dpa"),
    ("Kassel/Marburg (dpa) -", "Kassel Marburg", None, "dpa"),
    ("Kassel (dpa/tmn) -", "Kassel", None, "dpa"),
    ("(ANSA) - LECCE, 22 MAR -", "LECCE", (None, 3, 22), "ANSA"),
    ("(ANSA) - OSTUNI (BRINDISI), 6 LUG -", "OSTUNI", (None, 7, 6), "ANSA"),
    ("OMSK, January 21. /TASS/.", "OMSK", (None, 1, 21), "TASS"),
    ("ОМСК, 3 мая. /ТАСС/.", "ОМСК", (None, 5, 3), "TASS"),
    ("OMSK. April 2 (Interfax) -", "OMSK", (None, 4, 2), "Interfax"),
    ("Омск. 3 мая. INTERFAX.RU -", "Омск", (None, 5, 3), "Interfax"),
    ("ОМСК, 3 мая - РИА Новости.", "ОМСК", (None, 5, 3), "RIA Novosti"),
    ("NARA, Japan, Dec. 9 Kyodo -", "NARA", (None, 12, 9), "Kyodo"),
    ("NARA (Kyodo) --", "NARA", None, "Kyodo"),
    ("【奈良共同】", "奈良", None, "Kyodo"),
    ("DAEGU, Nov. 24 (Yonhap) --", "DAEGU", (None, 11, 24), "Yonhap"),
    ("(대구=연합뉴스)", "대구", None, "Yonhap"),
    ("KUALA TERENGGANU, Sept 29 (Bernama) --", "KUALA_TERENGGANU", (None, 9, 29), "Bernama"),
    ("SORIA, 9 Sep. (EUROPA PRESS) -", "SORIA", (None, 9, 9), "Europa Press"),
    ("Lyon (ats afp)", "Lyon", None, "ATS"),
    ("Bern, 3. Mai 2021 (sda)", "Bern", (2021, 5, 3), "SDA"),
    ("Graz (APA/dpa) -", "Graz", None, "APA"),
    ("DELFT (ANP) -", "DELFT", None, "ANP"),
    ("NAMUR 28/03 (BELGA) =", "NAMUR", (None, 3, 28), "Belga"),
    ("HOBART March 22 AAP -", "HOBART", (None, 3, 22), "AAP"),
    ("Nagpur, Dec 9 (PTI)", "Nagpur", (None, 12, 9), "PTI"),
    ("Homs [Syria], June 9 (ANI):", "Homs", (None, 6, 9), "ANI"),
    ("Nov. 28 (UPI) --", "", (None, 11, 28), "UPI"),
    ("TYRE, Lebanon, Sept. 20 (UPI) --", "TYRE", (None, 9, 20), "UPI"),
    ("Lund (TT) –", "Lund", None, "TT"),
    ("BERGEN (NTB):", "BERGEN", None, "NTB"),
    ("Odense /ritzau/ -", "Odense", None, "Ritzau"),
    ("TURKU (STT)--", "TURKU", None, "STT"),
    ("Brno 3. května (ČTK) -", "Brno", (None, 5, 3), "CTK"),
    ("Gdynia, 3.05.2021 (PAP) -", "Gdynia", (2021, 5, 3), "PAP"),
    ("Braga, 12 jul 2021 (Lusa) –", "Braga", (2021, 7, 12), "Lusa"),
    ("IZMIR (AA) -", "IZMIR", None, "Anadolu"),
    ("WACO, Texas, Feb. 1, 2017 /PRNewswire-AsiaNet/ --", "WACO", (2017, 2, 1), "PR Newswire"),
    ("WACO, Texas--(BUSINESS WIRE)--", "WACO", None, "Business Wire"),
    ("REGINA, June  09, 2020  (GLOBE NEWSWIRE) --", "REGINA", (2020, 6, 9), "GlobeNewswire"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "places", "day", "agency"), FORMS, ids=[form[0] for form in FORMS])
def test_every_form(text: str, places: str, day: object, agency: str | None) -> None:
    copy = "Ministers met again." if text[-1].isascii() or text[-1] in "—–" else "部长会议再次举行。"
    parsed = read_dateline(f"{text} {copy}")
    assert parsed is not None
    assert parsed.text == text
    assert f"{text} {copy}"[parsed.end :] == copy
    assert parsed.places == tuple(name.replace("_", " ") for name in _names(places))
    assert parsed.agency == agency
    if day == "weekday":
        assert parsed.day == Day(weekday=0)
    elif day is None:
        assert parsed.day is None
    else:
        assert parsed.day is not None
        assert (parsed.day.year, parsed.day.month, parsed.day.day) == day


def _names(places: str) -> list[str]:
    if places == "ABOARD AIR FORCE TWO":
        return [places]
    return places.split()


@pytest.mark.parametrize(
    "copy",
    [
        "Members of the Armed Forces of the Philippines (AFP) - some of them retired - met.",
        "Northern Justice Movement (PTI) Chairman Arlo Venn said.",
        "The Associated Press (AP) said it would appeal.",
        "On March 26 - the day of the vote - nobody came.",
        "Sales rose to March 26 - a record.",
        "(Kestrel) - a river town - flooded.",
        "Prices: 12.50 - 13.00 (AP)",
        "UP NEXT",
        "Share prices fell (Reuters) in early trade.",
        "",
        "-",
    ],
)
def test_copy_is_no_dateline(copy: str) -> None:
    assert read_dateline(copy) is None


def test_state_or_country_goes_with_its_place() -> None:
    parsed = read_dateline("UNION, New Jersey/DOVER (Reuters) - Floods came.")
    assert parsed is not None
    assert parsed.regions == {"UNION": "New Jersey"}


def test_every_agency_has_its_own_names() -> None:
    seen: dict[str, str] = {}
    for agency in AGENCIES:
        for alias in {a.casefold() for a in agency.aliases}:
            assert seen.setdefault(alias, agency.name) == agency.name
    assert lookup("dpa/AFP") is lookup("dpa")
    assert lookup("Nobody's Press") is None


AT = datetime(2021, 6, 28, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "version", "received", "lead", "expected"),
    [
        (Day(month=6, day=28), AT, None, "", ("2021-06-28", "version")),
        (Day(month=6, day=30), AT, None, "", ("2021-06-30", "version")),
        (Day(month=7, day=15), AT, None, "", ("2020-07-15", "version")),
        (Day(month=12, day=31), datetime(2022, 1, 1, 0, 30, tzinfo=UTC), None, "", ("2021-12-31", "version")),
        (Day(month=1, day=1), datetime(2021, 12, 31, 15, tzinfo=UTC), None, "", ("2022-01-01", "version")),
        (Day(month=2, day=29), datetime(2023, 3, 1, tzinfo=UTC), None, "", ("2020-02-29", "version")),
        (Day(month=6, day=28, year=2014), AT, None, "on Friday", ("2014-06-28", "stated")),
        (Day(month=2, day=30, year=2014), AT, None, "", (None, None)),
        (Day(month=6, day=28), None, datetime(2026, 11, 23, tzinfo=UTC), "said on Monday that", ("2021-06-28", "weekday")),
        (Day(month=6, day=28), None, datetime(2026, 11, 23, tzinfo=UTC), "dijo el lunes que", ("2021-06-28", "weekday")),
        (Day(month=6, day=28), None, datetime(2026, 11, 23, tzinfo=UTC), "会议星期一举行", ("2021-06-28", "weekday")),
        (Day(month=6, day=28), None, datetime(2026, 11, 23, tzinfo=UTC), "no day named", ("2026-06-28", "received")),
        (Day(weekday=0), AT, None, "", ("2021-06-28", "version")),
        (Day(month=6, day=28), None, None, "on Monday", (None, None)),
    ],
)  # fmt: skip
def test_the_year(day: Day, version: datetime | None, received: datetime | None, lead: str, expected: tuple) -> None:
    found, how = settle(day, version=version, received=received, lead=lead)
    assert (found.isoformat() if found else None, how) == expected


def test_dates_at_the_end_of_text() -> None:
    assert trailing_day("Graz, 3. Jänner") == ("Graz, ", Day(month=1, day=3))
    assert trailing_day("Graz, 45 Mai") is None
    assert trailing_day("Graz") is None


def _story(body: str, **fields: object):
    item = RawItem(
        uri="urn:x:1", format="text", provenance=Provenance(source="x"), bodies=(Text(value=body, content_type="text/plain"),), **fields
    )  # fmt: skip
    return normalise(item, received=AT)


def test_a_structured_field_stands_in_and_disagreement_is_kept() -> None:
    alone = _story("Floods came.", dateline="NAMUR, Belgium").newswire.dateline
    assert alone is not None
    assert (alone.places, alone.regions, alone.structured) == (("NAMUR",), {"NAMUR": "Belgium"}, None)
    both = _story("DINANT (AP) _ Floods came.", dateline="NAMUR (AP) -").newswire.dateline
    assert both is not None
    assert (both.places, both.structured) == (("DINANT",), "NAMUR (AP) -")


def test_a_field_that_holds_a_timestamp_is_no_dateline() -> None:
    story = _story("Floods came.", dateline="2014-07-16 13:00:03 GMT+00:00")
    assert story.newswire.dateline is None
    assert story.newswire.flags == ("dateline_unread",)
    assert story.newswire.extra["dateline"] == "2014-07-16 13:00:03 GMT+00:00"
    assert read_field("4/4/2018") is None


def test_looks_past_notices_bullets_and_bylines() -> None:
    story = _story(
        "(Adds quotes)\n\n* Ports stay shut\n\n* Talks go on\n\nBy Jane Roe and John Doe\n\nBERGEN, May 3 (Reuters) - Ports stayed shut."
    )
    assert story.text == "* Ports stay shut\n\n* Talks go on\n\nPorts stayed shut."
    assert story.newswire.dateline is not None
    assert story.newswire.dateline.date == date(2021, 5, 3).isoformat()
    assert [b.name for b in story.newswire.bylines] == ["Jane Roe", "John Doe"]
    assert story.newswire.signals == ("update",)
    assert story.ed_note == "(Adds quotes)"
