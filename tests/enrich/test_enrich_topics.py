"""Topics come from the source's codes, from its categories and from the words of the story."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.names import table
from pipeline.enrich.topics import Topics
from pipeline.enrich.topics_codes import known, mapped_code, stated_code, topic
from pipeline.enrich.topics_lexicon import LANGUAGES, scores
from pipeline.story import Story, Subject, Text

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"


def story(text, headline="", language="en", subjects=()):
    return Story(
        uri="urn:a", language=language, headlines=(Text(headline),), bodies=(Text(text),), subjects=tuple(subjects)
    )


def literals(enriched):
    return [subject.literal for subject in enriched.subjects]


TREATY = (
    "Oslo, Jun 3 (NW).- The presidents of two neighbouring states extended their treaty of friendship at a summit, and"
    " their foreign ministers praised bilateral relations. The treaty is twenty years old, diplomats said."
)


def test_a_treaty_is_a_matter_of_international_relations():
    found = Topics().enrich(story(TREATY, "Neighbours extend treaty"))
    assert {"medtop:20000641", "medtop:20000638"} <= set(literals(found)[:3])
    assert literals(found)[-1] == "medtop:11000000"
    first = found.subjects[0]
    assert first.uri == "http://cv.iptc.org/newscodes/mediatopic/20000638"
    assert (first.name, first.creator) == ("international relations", "newswire")
    assert 50 <= first.confidence <= 99


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("es", "El volcán entró en erupción y la lava obligó a evacuar tres aldeas.", "20000159"),
        ("es", "El tenista ganó en Wimbledon su primer torneo de Grand Slam de la temporada.", "20001085"),
        ("de", "Die Landtagswahl am Sonntag entscheidet über die Koalition; die Wähler strömen herbei.", "20000574"),
        ("de", "Die Gewerkschaft ruft zum Streik auf, nachdem der Tarifstreit festgefahren ist.", "20000530"),
        ("fr", "Le séisme de magnitude 6, dont l'épicentre est en mer, a fait des blessés.", "20000153"),
        ("fr", "Le taux d'intérêt de la banque centrale reste inchangé malgré l'inflation.", "20000371"),
        ("pt", "O tribunal condenou o réu por corrupção; o juiz leu a sentença do julgamento.", "20000111"),
        ("pt", "A vacina contra a dengue chega às escolas depois da epidemia.", "20000449"),
    ],
)
def test_topics_are_found_in_every_language_with_a_lexicon(language, text, code):
    assert f"medtop:{code}" in literals(Topics().enrich(story(text, language=language)))[:3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The lamp stood on the table and the cat slept beneath it.",
        "Net 1,204 vs 1,101",
        "He said on Monday that the company was there.",
    ],
)
def test_nothing_is_found_in_doubt(text):
    assert Topics().enrich(story(text)).subjects == ()


def test_a_language_without_a_lexicon_has_no_topics_of_words():
    assert Topics().enrich(story(TREATY, language="fi")).subjects == ()
    assert scores("xx", ["treaty"], ["treaty"]) == {}


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        (Subject(literal="15000000"), "15000000"),
        (Subject(literal="04016007"), "20000174"),
        (Subject(literal="04016999"), "20000170"),
        (Subject(literal="04999999"), "04000000"),
        (Subject(uri="http://cv.iptc.org/newscodes/subjectcode/03005000"), "20000154"),
        (Subject(literal="medtop:20000641"), "20000641"),
        (Subject(uri="http://cv.iptc.org/newscodes/mediatopic/20000641"), "20000641"),
        (Subject(name="Deportes", literal="Deportes"), "15000000"),
        (Subject(name="Fußball"), "20001065"),
        (Subject(name="Wirtschaft"), "04000000"),
        (Subject(name=" Politics ", rel="category"), "11000000"),
        (Subject(name="Politics", rel="event"), None),
        (Subject(literal="99999999"), None),
        (Subject(name="Northern Harbour"), None),
        (Subject(), None),
    ],
)
def test_what_the_source_says_is_mapped(subject, code):
    assert mapped_code(subject) == code


def test_the_sources_own_subjects_stay_first_and_mapped_ones_are_certain():
    stated = (Subject(name="Sports", literal="sports"), Subject(uri="http://cv.iptc.org/newscodes/medtop/20000641"))
    found = Topics().enrich(story(TREATY, subjects=stated))
    assert found.subjects[:2] == stated
    assert (found.subjects[2].literal, found.subjects[2].confidence) == ("medtop:15000000", 100)
    assert "medtop:20000641" not in literals(found)
    assert len(found.subjects) == len(set(literals(found)))


def test_enriching_twice_changes_nothing():
    once = Topics().enrich(story(TREATY, "Neighbours extend treaty"))
    assert Topics().enrich(once) == once


def test_a_stated_topic_is_recognised_in_every_notation():
    assert stated_code(Subject(literal="medtop:20000641")) == "20000641"
    assert stated_code(Subject(literal="medtop:29999999")) is None
    assert stated_code(Subject(literal="15000000")) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_lexicon_names_a_topic_once(language):
    codes = [line.split(" ")[0] for line in table(f"topics_{language}.txt")]
    assert [code for code in codes if not known(code)] == []
    assert len(codes) == len(set(codes))
    assert len({topic(code).top for code in codes}) == 17


@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from([*LANGUAGES, "fi", ""]))
def test_no_text_raises_and_findings_are_the_same_again(text, headline, language):
    one = story(text, headline, language)
    found = Topics().enrich(one)
    assert found == Topics().enrich(one)
    assert len(found.subjects) <= 5
    assert all(1 <= subject.confidence <= 99 for subject in found.subjects)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of the agencies is not beside this checkout")
def test_the_agencies_own_codes_are_met_at_top_level():
    spec = importlib.util.spec_from_file_location("evaluate_topics", ROOT / "scripts" / "evaluate_topics.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    right, every = script.accuracy()["en"]
    assert every >= 18
    assert right / every >= 0.75
