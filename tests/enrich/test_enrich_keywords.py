"""Keywords are names mentioned often and phrases that come again."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.keywords import Keywords
from pipeline.enrich.keywords_phrases import phrases, stop_words
from pipeline.enrich.people import People
from pipeline.story import Newswire, Story, Text

TEXT = (
    "The harbour bridge closes on Monday, Mayor Helen Marsh said. Repairs to the harbour bridge take a year, and the"
    " ferry will run all night. Marsh said that the ferry is free. Odo Fenwick wrote the report on the ferry."
)


def story(text, headline="", language="en", **newswire):
    return Story(
        uri="urn:a",
        language=language,
        headlines=(Text(headline),),
        bodies=(Text(text),),
        newswire=Newswire(**newswire),
    )


def test_names_and_phrases_that_come_again_are_keywords():
    found = Keywords().enrich(People().enrich(story(TEXT, "Harbour bridge to close")))
    assert found.newswire.keywords == ("Harbour bridge", "Helen Marsh", "ferry")


def test_a_name_in_the_headline_is_a_keyword_even_where_the_family_name_comes_first():
    text = "Luo Jianmin opened the session with a short address, and everyone else listened."
    assert "Luo Jianmin" in Keywords().enrich(People().enrich(story(text, "Luo opens session"))).newswire.keywords


def test_a_phrase_does_not_reach_over_a_full_stop():
    words = ("red", ".", "fish", "red", ".", "fish")
    assert phrases("en", words, words, frozenset()) == []
    words = ("red", "fish", ".", "red", "fish")
    assert [phrase for phrase, _ in phrases("en", words, words, frozenset())] == ["red fish"]


def test_what_the_source_gave_stays_first():
    found = Keywords().enrich(story(TEXT, keywords=("bridges", "harbour bridge")))
    assert found.newswire.keywords == ("bridges", "harbour bridge", "ferry")


def test_a_language_without_stop_words_has_names_only():
    mentions = {"people": {"Aino Laine": {"count": 3, "first": 0}}, "places": {"Turku": {"count": 1, "first": 9}}}
    found = Keywords().enrich(story("lautta lautta lautta", language="fi", mentions=mentions))
    assert found.newswire.keywords == ("Aino Laine",)


def test_findings_of_another_shape_are_left_alone():
    mentions = {"people": ["Aino Laine"], "organisations": {"Satama Oy": 3}, "places": {"": {"count": 5}}}
    one = story("", mentions=mentions)
    assert Keywords().enrich(one) == one


def test_there_are_stop_words_for_every_language_with_topics():
    assert all(len(stop_words(language)) > 150 for language in ("en", "es", "de", "fr", "pt"))
    assert stop_words("xx") == frozenset()


@given(
    st.text(alphabet=st.sampled_from("ab c.\nÉßİ-A'") | st.characters(), max_size=300),
    st.text(max_size=40),
    st.sampled_from(["en", "de", "fi", ""]),
)
def test_no_text_raises_and_findings_are_the_same_again(text, headline, language):
    one = story(text, headline, language)
    found = Keywords().enrich(one)
    assert found == Keywords().enrich(one)
    assert len(found.newswire.keywords) <= 10
    assert all(keyword.strip() for keyword in found.newswire.keywords)
