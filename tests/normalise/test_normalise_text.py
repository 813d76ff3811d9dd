"""Text: markup, wraps, characters, furniture in many tongues, and what must not be taken for it."""

import pytest

from pipeline.item import Concept, RawItem, encode_item
from pipeline.normalise import Hints, NormaliseStage, normalise
from pipeline.normalise.characters import clean
from pipeline.normalise.furniture import match_rule
from pipeline.normalise.markup import sanitise
from pipeline.normalise.paragraphs import split
from pipeline.record import RAW_HEADER, Emit, Record
from pipeline.story import Provenance, Story, Text, from_ninjs


def read(body: str, content_type: str = "text/plain", **fields: object) -> Story:
    item = RawItem(
        uri="urn:x:1", format="text", provenance=Provenance(source="x"), bodies=(Text(value=body, content_type=content_type),), **fields
    )  # fmt: skip
    return normalise(item)


FURNITURE = [
    ("related_links", "Related Articles"), ("related_links", "Noticias relacionadas"), ("related_links", "Leia também"),
    ("related_links", "À lire aussi"), ("related_links", "Mehr zum Thema"), ("related_links", "Leggi anche"), ("related_links", "Lees ook:"),
    ("related_links", "Läs också"), ("related_links", "Læs også"), ("related_links", "Lue myös"), ("related_links", "Zobacz także"),
    ("related_links", "Читайте также:"), ("related_links", "相关阅读"), ("related_links", "関連記事"), ("related_links", "관련기사"),
    ("back_to_top", "Back to top button"), ("back_to_top", "Volver arriba"), ("back_to_top", "Nach oben"), ("back_to_top", "Retour en haut"),
    ("back_to_top", "Наверх"), ("back_to_top", "返回顶部"), ("share", "Share on Facebook"), ("share", "Compartir"), ("share", "Partager"),
    ("share", "Condividi"), ("share", "Поделиться"), ("share", "Follow us on Twitter"), ("share", "Síguenos en Facebook"),
    ("subscribe", "Subscribe to our newsletter"), ("subscribe", "Suscríbete a nuestro boletín diario"),
    ("subscribe", "Abonnez-vous à notre newsletter"), ("subscribe", "Abonnieren Sie unseren Newsletter"),
    ("subscribe", "Schrijf je in voor onze nieuwsbrief"), ("subscribe", "Iscriviti alla nostra newsletter"),
    ("appeared_first", "The post Ports reopen appeared first on Kestrel Daily."),
    ("appeared_first", "La entrada Puertos se publicó primero en Diario Kestrel."),
    ("appeared_first", "Der Beitrag Häfen erschien zuerst auf Kestrel Zeitung."),
    ("appeared_first", "L’article Ports est apparu en premier sur Le Kestrel."),
    ("appeared_first", "L'articolo Porti proviene da Il Kestrel."), ("appeared_first", "Het bericht Havens verscheen eerst op Kestrel."),
    ("cookies", "We use cookies to improve your visit."), ("cookies", "Diese Website verwendet Cookies, um zu messen."),
    ("cookies", "Ce site utilise des cookies."), ("cookies", "Deze website gebruikt cookies."),
    ("image_credit", "Photo: Jane Roe/Kestrel"), ("image_credit", "Foto: Juana Roe"), ("image_credit", "Bild: J. Roe"),
    ("image_credit", "Фото: Ян Роу"), ("image_credit", "© Jane Roe / Kestrel Pictures"), ("read_more", "Read more"),
    ("read_more", "Seguir leyendo"), ("read_more", "Lire la suite"), ("read_more", "Weiterlesen"), ("read_more", "Leggi tutto"),
    ("read_more", "Lees verder"), ("read_more", "Читать далее"), ("read_more", "Lesen Sie auch: Häfen öffnen wieder"),
    ("read_more", "Read more: Ports reopen"), ("read_more", "Continue reading →"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), FURNITURE, ids=[text for _, text in FURNITURE])
def test_furniture_goes_and_is_told(rule: str, text: str) -> None:
    story = read(f"Ports stayed shut on Monday.\n\nDockers voted for a tenth day.\n\n{text}")
    assert story.text == "Ports stayed shut on Monday.\n\nDockers voted for a tenth day."
    assert [(r.rule, r.text) for r in story.newswire.removed] == [(rule, text)]


@pytest.mark.parametrize(
    "copy",
    [
        "The post office in Ostrava reopened on Monday.",
        "Share prices fell.",
        (
            "We use cookies in the recipe, said the baker, and butter in the other one, which the judges of the county fair have liked for "
            "twenty years running, and nobody at the fair has ever asked for the recipe to be changed in any way at all since then."
        ),
        "Photo finishes decided three races.",
        "Subscribe or perish, the publisher told investors.",
        "This site is closed.",
        "Read the room, the mayor said.",
        "Top of the table are Kestrel Rovers.",
    ],
)
def test_copy_is_no_furniture(copy: str) -> None:
    assert match_rule(copy) is None
    assert read(f"Ports stayed shut.\n\n{copy}").text.endswith(copy)


def test_a_subhead_with_copy_under_it_stays() -> None:
    body = "Ports stayed shut.\n\nRecommended\n\nThe panel recommended closing two berths."
    assert read(body).text == body


def test_links_under_a_heading_go_with_it() -> None:
    story = read("Ports stayed shut.\n\nRelated links\n\nKestrel counts the cost\n\nMarlow waits")
    assert story.text == "Ports stayed shut."
    assert [r.rule for r in story.newswire.removed] == ["related_links", "related_link_item", "related_link_item"]


def test_markup_keeps_its_shape() -> None:
    story = read(
        "<h2>Ports</h2><p>Shut <b>again</b> &amp; again.</p><blockquote>No&nbsp;ships.</blockquote><ul><li>One<ul><li>Inner</li></ul></li><li>Two</li></ul>"
        "<ol><li>First</li></ol><table><caption>Ships</caption><tr><th>Port</th><td>9</td></tr></table><p>Line<br>break</p><nav>Menu</nav>",
        "text/html",
    )
    assert story.text == (
        "Ports\n\nShut again & again.\n\nNo ships.\n\n• One\n• Inner\n• Two\n\n1. First\n\nShips\n\nPort\t9\n\nLine\nbreak"
    )
    assert [(r.rule, r.text) for r in story.newswire.removed] == [("element_nav", "Menu")]
    assert [body.content_type for body in story.bodies] == ["text/plain", "text/html"]


def test_markup_is_made_safe() -> None:
    unsafe = '<p onclick="x()">Hi<script>x()</script><a href="javascript:x()">a</a><a href="https://e.org/">b</a><img src="data:x"></p>'
    safe = sanitise(unsafe)
    assert "script" not in safe
    assert "onclick" not in safe
    assert "data:" not in safe
    assert 'href="https://e.org/"' in safe


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("One line only", ["One line only"]),
        ("   Ports stayed shut on Monday while dockers\nvoted again.\n   Ships waited off the northern coast for\nberths.",
         ["Ports stayed shut on Monday while dockers voted again.", "Ships waited off the northern coast for berths."]),
        ("First long paragraph of the page, " * 5 + "\n" + "second long paragraph of the page, " * 5,
         [("First long paragraph of the page, " * 5).strip(), ("second long paragraph of the page, " * 5).strip()]),
        ("Intro.\n\nMarlow    14\nKestrel    9", ["Intro.", "Marlow\t14\nKestrel\t9"]),
        ("Ports stayed shut on Monday and dockers of\nthe north voted to stay out for a tenth\nday in a row\n Reuter",
         ["Ports stayed shut on Monday and dockers of the north voted to stay out for a tenth day in a row", "Reuter"]),
        ("CLEVELAND, Feb 26 - Standing Water Co and the Northern\nQuay Trust said they plan to form a venture to manage the ports\nand ships of both.",
         ["CLEVELAND, Feb 26 - Standing Water Co and the Northern Quay Trust said they plan to form a venture to manage the ports and ships of both."]),
        ("Intro.\n\n- one\n- two", ["Intro.", "- one\n- two"]),
        ("Intro.\n\n12 Quay Road\nOstrava", ["Intro.", "12 Quay Road\nOstrava"]),
        ("a;b;c;d\ne;f;g;h", ["a;b;c;d", "e;f;g;h"]),
        ("", []),
        ("\n \n", []),
    ],
)  # fmt: skip
def test_lines_to_paragraphs(text: str, paragraphs: list[str]) -> None:
    assert split(text) == paragraphs


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("Ha\xadfen", "Hafen"), ("a\u200bb", "ab"), ("e\u0301", "é"), ("â€œquotedâ€\x9d", "“quoted”"), ("CafÃ©", "Café"), ("“kept”", "“kept”"),
        ("bell\x07", "bell"), ("CAFÉ»", "CAFÉ»"), ("a\r\nb\rc", "a\nb\nc"), ("ÐŸÐ¾Ñ€Ñ‚", "Порт"), ("naïve Â", "naïve Â"),
    ],
)  # fmt: skip
def test_characters(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


@pytest.mark.parametrize(
    ("ending", "agency", "rule"),
    [
        ("They left. EFE", "EFE", "closing_credit"), ("They left.\n\nEnditem", "Xinhua", "closing_credit"), ("They left.\n\n==Kyodo", "Kyodo", "closing_credit"),
        ("They left.\n\ndpa ra yyzz s5", "dpa", "closing_credit"), ("They left. (ANSA).", "ANSA", "closing_credit"), ("They left.\n\nAAP RTV ar", "AAP", "closing_credit"),
        ("They left.\n\n Reuter", "Reuters", "closing_credit"), ("They left.\n\nhh/ph/ts/hd", None, "desk_code"), ("They left.\n\nends", "PA", "closing_credit"),
        ("They left.\n\n/ritzau/", "Ritzau", "closing_credit"), ("They left. /ТАСС/", "TASS", "closing_credit"), ("They left.\n\n(END)", None, "desk_code"),
        ("They left.\n\n(Reporting by Jane Roe; Editing by Ann Poe)", None, "reporting_credit"),
    ],
)  # fmt: skip
def test_endings(ending: str, agency: str | None, rule: str) -> None:
    story = read(f"Ports stayed shut.\n\n{ending}")
    assert story.text == "Ports stayed shut.\n\nThey left."
    assert story.newswire.agency == agency
    assert [r.rule for r in story.newswire.removed] == [rule]


@pytest.mark.parametrize(
    "copy", ["They told AP.", "He works for Reuters", "The union joined EFE.", "Nobody left the end"]
)
def test_an_agency_in_the_last_words_is_copy(copy: str) -> None:
    assert read(f"Ports stayed shut.\n\n{copy}").text == f"Ports stayed shut.\n\n{copy}"


def test_the_order_of_agencies() -> None:
    copy = "BERGEN (NTB) - Ports shut.\n\nThey left. EFE"
    assert read(copy, credit="AP", agency="dpa").newswire.agency == "NTB"
    assert read("Ports shut.\n\nThey left. EFE", credit="AP", agency="dpa").newswire.agency == "AP"
    assert read("Ports shut.\n\nThey left. EFE", agency="dpa").newswire.agency == "EFE"
    assert read("Ports shut.", agency="dpa").newswire.agency == "dpa"
    item = RawItem(uri="urn:x:1", format="text", provenance=Provenance(source="x"))
    assert normalise(item, hints=Hints(agency="Lusa", language="pt-br")).newswire.agency == "Lusa"
    assert normalise(item, hints=Hints(agency="Lusa", language="pt-br")).language == "pt-BR"


def test_concepts_find_their_lists() -> None:
    story = read(
        "Ports shut.",
        concepts=(
            Concept(kind="person", name="Arlo Venn", code="p:1"),
            Concept(kind="organisation", name="Dockers", uri="urn:o:1"),
            Concept(kind="place", name="Ostrava", geo=(49.8, 18.3)),
            Concept(kind="subject", name="strike", uri="not a uri", confidence=300),
            Concept(kind="genre", name="Analysis"),
        ),
    )
    assert (story.people[0].name, story.people[0].uri, story.people[0].literal) == ("Arlo Venn", None, "p:1")
    assert story.organisations[0].uri == "urn:o:1"
    assert story.places[0].geo_json == {"type": "Point", "coordinates": [18.3, 49.8]}
    assert (story.subjects[0].uri, story.subjects[0].literal, story.subjects[0].confidence) == (None, "not a uri", None)
    assert story.genres[0].name == "Analysis"


def test_the_stage_keeps_the_raw_coordinates() -> None:
    item = RawItem(uri="urn:x:1", format="text", provenance=Provenance(source="x"), version_created="2021-06-28T14:00Z")
    record = Record(
        topic="wire.raw",
        partition=2,
        offset=7,
        key=b"urn:x:1",
        value=encode_item(item),
        headers=((RAW_HEADER, b"wire.raw/2/5"),),
    )
    (outcome,) = NormaliseStage().process(record)
    assert isinstance(outcome, Emit)
    assert (outcome.topic, outcome.key, outcome.kind) == ("wire.normalised", "urn:x:1", "newswire.story.normalised")
    assert outcome.time is not None
    provenance = from_ninjs(outcome.value).newswire.provenance
    assert provenance is not None
    assert provenance.raw == "wire.raw/2/5"
