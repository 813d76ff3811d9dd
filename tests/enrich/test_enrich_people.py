"""The people of a story, by rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.people import People
from pipeline.story import Person, Story, Text


def people(text, language="en", stated=()):
    story = Story(uri="urn:a", language=language, people=stated, bodies=(Text(text, content_type="text/plain"),))
    return People().enrich(story)


def names(text, language="en"):
    return [person.name for person in people(text, language).people]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "Harbour Minister Odo Fenwick met President Ama Quarshie on Monday in March.",
            ["Odo Fenwick", "Ama Quarshie"],
        ),
        (
            "en",
            "The mayor, Ingrid van der Velde, and J.R. Castellane spoke.",
            ["Ingrid van der Velde", "J.R. Castellane"],
        ),
        (
            "en",
            "Premier Luo Jianmin received Kim Tae-soo and Nguyen Van Binh.",
            ["Luo Jianmin", "Kim Tae-soo", "Nguyen Van Binh"],
        ),
        ("en", "Mr Thackeray's lawyer said nothing.", ["Thackeray"]),
        ("en", "Obrin Takk, 34, and Velda Oss, the spokeswoman, were there.", ["Obrin Takk", "Velda Oss"]),
        ("en", "Robert Penhallow Jr. left.", ["Robert Penhallow Jr."]),
        ("es", "El ministro Andrés Robledo Quiñones viajó el lunes a Lima.", ["Andrés Robledo Quiñones"]),
        (
            "de",
            "Die Ministerin Jutta Hallbauer lobte am Montag den Trainer Obe Stroh.",
            ["Jutta Hallbauer", "Obe Stroh"],
        ),
        ("fr", "Le président Armand de Villebois a reçu Mme Odile Garance.", ["Armand de Villebois", "Odile Garance"]),
        ("pt", "O ministro João da Rocha falou na segunda-feira.", ["João da Rocha"]),
        ("it", "Il sindaco Paolo Bertocchi ha incontrato Giulia Sarni.", ["Paolo Bertocchi", "Giulia Sarni"]),
        ("nl", "Minister Pieter de Wolde sprak met Saskia van Loon.", ["Pieter de Wolde", "Saskia van Loon"]),
    ],
)
def test_people_are_found(language, text, expected):
    assert names(text, language) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Northern Harbour Bank said on Tuesday that Paris and New York were quiet.",
        "Charles Wetherby Inc. and the Helen Marsh Foundation share an office.",
        "Shares of Morgan Stanley fell; U.S. Treasury yields rose.",
        "Santiago and Florence host the Victoria Games in August.",
    ],
)
def test_what_is_no_person_is_left_alone(text):
    assert names(text) == []


def test_a_family_name_alone_is_counted_for_the_full_name():
    text = "Premier Luo Jianmin came. Luo said that Mary Quarshie would follow. Quarshie's aides and Luo agreed."
    assert people(text).newswire.mentions["people"] == {
        "Luo Jianmin": {"count": 3, "first": 8},
        "Mary Quarshie": {"count": 2, "first": text.index("Mary")},
    }


def test_either_family_name_of_two_is_linked():
    found = people("Habló Andrés Robledo Quiñones. Robledo insistió. Robledo Quiñones salió.", "es")
    assert found.newswire.mentions["people"]["Andrés Robledo Quiñones"]["count"] == 3


def test_what_the_source_said_stays_first_and_is_not_said_twice():
    stated = (Person(name="Ama Quarshie", uri="urn:q"),)
    assert (
        people("Ama Quarshie met Odo Fenwick; Odo is her aide. Minister Ama Quarshie left.", stated=stated).people[0]
        == stated[0]
    )
    assert len(people("Ama Quarshie spoke to Helen Marsh.", stated=stated).people) == 2


@given(
    st.text(alphabet=st.characters() | st.sampled_from("AaZz. ,'’-\n“”Éß"), max_size=200),
    st.sampled_from(["en", "de", "es", "hu", "fi"]),
)
def test_no_text_raises_and_offsets_are_true(text, language):
    story = people(text, language)
    assert story == people(text, language)
    for found in story.newswire.mentions.get("people", {}).values():
        assert 0 <= found["first"] < len(text)
