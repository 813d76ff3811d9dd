"""Quotations in every style, and who said them."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.quotes import Quotes
from pipeline.story import Story, Text

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"


def quotes(text, language="en"):
    story = Story(uri="urn:a", language=language, bodies=(Text(text, content_type="text/plain"),))
    return Quotes().enrich(story).newswire.quotes


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "“The harbour will open in spring,” said Minister Helen Marsh."),
        ("en", 'Minister Helen Marsh said: "The harbour will open in spring."'),
        ("en", "``The harbour will open in spring,'' Minister Helen Marsh said."),
        ("de", "„Der Hafen wird im Frühjahr öffnen“, sagte Ministerin Helen Marsh."),
        ("fr", "« Le port ouvrira au printemps », a déclaré Helen Marsh."),
        ("es", "«El puerto abrirá en primavera», dijo la ministra Helen Marsh."),
        ("it", "“Il porto aprirà in primavera”, ha detto Helen Marsh."),
        ("nl", "“De haven gaat open in het voorjaar”, zei minister Helen Marsh."),
        ("sv", "– Hamnen kommer att öppna till våren, säger Helen Marsh."),
    ],
)
def test_each_style_gives_the_words_and_the_speaker(language, text):
    (quote,) = quotes(text, language)
    assert quote.speaker == "Helen Marsh"
    assert len(quote.text.split()) >= 5
    assert quote.text[0].isalpha()


def test_a_paragraph_that_reopens_a_quotation_goes_on_with_it():
    text = "Helen Marsh said: “The harbour opens in spring.\n\n“The bridge comes later.”"
    (quote,) = quotes(text)
    assert quote.text == "The harbour opens in spring.\n\nThe bridge comes later."
    assert quote.speaker == "Helen Marsh"


def test_a_pronoun_stands_for_the_last_person_of_that_sex():
    text = "Minister Helen Marsh met Robert Tull on Monday.\n\n“We agreed on the northern pier,” she said."
    assert quotes(text)[0].speaker == "Helen Marsh"


def test_few_words_that_nobody_uttered_are_marked():
    (quote,) = quotes("Helen Marsh called on the so-called “harbour friends” to leave.")
    assert quote.scare
    assert quote.speaker is None


@given(
    st.text(alphabet=st.characters() | st.sampled_from("Aa .,:\n“”„«»\"'‘’–"), max_size=200),
    st.sampled_from(["en", "fi", "es"]),
)
def test_no_text_raises_and_offsets_are_inside(text, language):
    assert all(0 <= quote.offset < len(text) for quote in quotes(text, language))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of the agencies is not beside this checkout")
def test_the_labelled_stories_that_no_rule_was_adjusted_on_reach_the_goal():
    spec = importlib.util.spec_from_file_location("evaluate_names", ROOT / "scripts" / "evaluate_names.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    _, people, said = script.evaluate(held_out=True)
    assert people.f1 >= 0.80
    assert said.f1 >= 0.80
