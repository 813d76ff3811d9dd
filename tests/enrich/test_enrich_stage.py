"""Enrichers add what they find, and one that fails stops nothing."""

import pytest

from pipeline.enrich import EnrichStage, default_enrichers, load_enrichers
from pipeline.enrich.language import Language
from pipeline.enrich.reading import ReadingTime
from pipeline.errors import Permanent
from pipeline.record import Record
from pipeline.story import Story, Text, from_ninjs, to_ninjs

COPY = {
    "en": "The council voted on Wednesday for a second library on the eastern shore after a long debate.",
    "es": "El consejo votó el miércoles a favor de una segunda biblioteca en la orilla este tras un largo debate.",
    "de": "Der Rat stimmte am Mittwoch nach langer Aussprache für eine zweite Bücherei am östlichen Ufer.",
    "fr": "Le conseil a voté mercredi, après un long débat, pour une deuxième bibliothèque sur la rive est.",
    "pt": "O conselho votou na quarta-feira a favor de uma segunda biblioteca na margem leste após longo debate.",
    "it": "Il consiglio ha votato mercoledì, dopo un lungo dibattito, per una seconda biblioteca sulla riva est.",
    "nl": "De raad stemde woensdag na een lang debat voor een tweede bibliotheek op de oostelijke oever.",
    "ru": "Совет проголосовал в среду после долгих споров за вторую библиотеку на восточном берегу.",
    "zh": "市议会周三经过长时间辩论后投票决定在东岸建造第二座图书馆，预计两年后开放。",
}


class Broken:
    name, version = "broken", "1"

    def enrich(self, _story):
        raise KeyError("a fault of its own")


def story(text, language=None):
    return Story(uri="urn:a", version="1", language=language, bodies=(Text(text, content_type="text/plain"),))


@pytest.mark.parametrize("language", COPY)
def test_the_language_is_found(language):
    assert Language().enrich(story(COPY[language])).language == language


def test_too_little_text_is_undetermined_but_a_stated_language_stays():
    assert Language().enrich(story("Oslo 3-2")).language == "und"
    assert Language().enrich(story("Oslo 3-2", "nb")).language == "nb"


def test_a_wrong_tag_is_overruled_and_flagged_and_a_region_is_kept():
    found = Language().enrich(story(COPY["de"], "en"))
    assert found.language == "de"
    assert found.newswire.flags == ("language:source-says-en",)
    assert Language().enrich(story(COPY["en"], "en-GB")).language == "en-GB"


def test_figures_are_not_taken_for_a_rare_language():
    table = "Shr 21 cts vs 19 cts\nNet 1,204,000 vs 1,101,000\nRevs 9.1 mln vs 8.4 mln\nNOTE: year ended Dec 31"
    assert Language().enrich(story(table)).language not in ("pcm", "zxx", "vo")


def test_reading_time_counts_words_or_characters():
    assert ReadingTime().enrich(story("word " * 238)).newswire.reading_time == 60
    assert ReadingTime().enrich(story("字" * 250, "zh")).newswire.reading_time == 30
    assert ReadingTime().enrich(Story(uri="urn:a")).newswire.reading_time is None


def test_one_that_fails_is_named_and_the_story_goes_on():
    told = []
    stage = EnrichStage(
        [Broken(), *default_enrichers()], clock=iter(range(100)).__next__, timing=lambda *a: told.append(a)
    )
    [outcome] = stage.process(Record("wire.unique", 0, 0, b"k", to_ninjs(story(COPY["en"]))))
    enriched = from_ninjs(outcome.value)
    assert outcome.topic == "wire.enriched"
    assert enriched.language == "en"
    assert enriched.newswire.enrichment == {"partial": True, "failed": ["broken"]}
    assert set(enriched.newswire.enrichers) == {
        "language",
        "people",
        "organisations",
        "places",
        "quotes",
        "topics",
        "keywords",
        "reading",
    }
    assert told == [
        ("broken", 1, False),
        ("language", 1, True),
        ("people", 1, True),
        ("organisations", 1, True),
        ("places", 1, True),
        ("quotes", 1, True),
        ("topics", 1, True),
        ("keywords", 1, True),
        ("reading", 1, True),
    ]


def test_enrichers_are_chosen_by_name():
    assert [e.name for e in load_enrichers(["reading", "language"])] == ["reading", "language"]
    with pytest.raises(Permanent, match="keywords, language, organisations, people, places, quotes, reading, topics"):
        load_enrichers(["no such"])
