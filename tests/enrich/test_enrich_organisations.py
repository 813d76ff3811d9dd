"""Organisations: known bodies by all their names, and names that say what they are."""

import pytest

from pipeline.enrich.organisations import Organisations
from pipeline.story import PLAIN, Newswire, Organisation, Story, Text


def enriched(text, **fields):
    story = Story(uri="urn:x", bodies=(Text(text, content_type=PLAIN),), newswire=Newswire(), **fields)
    return Organisations().enrich(story)


def named(text):
    return [organisation.name for organisation in enriched(text).organisations]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The U.N. and the ONU are one; so are la OTAN and NATO.", ["United Nations", "NATO"]),
        ("Die Vereinten Nationen und die EZB tagten.", ["United Nations", "European Central Bank"]),
        ("The Securities and Exchange Commission sued Exel Corp.", ["Securities and Exchange Commission", "Exel Corp"]),
        ("The Bank of England left its rate alone.", ["Bank of England"]),
        ("She leads the Ministry of Foreign Affairs in Lerna.", ["Ministry of Foreign Affairs"]),
        ("El Ministerio de Hacienda y el Banco de Osma callan.", ["Ministerio de Hacienda", "Banco de Osma"]),
        ("A report in the Lerna Gazette, and one in Global Times.", ["Lerna Gazette", "Global Times"]),
        ("Shares of General Motors Corp fell.", ["General Motors"]),
        ("Mergal Holdings plc and Osma Stahl AG signed.", ["Mergal Holdings plc", "Osma Stahl AG"]),
        ("The Coastal Survey Office (CSO) met. The CSO will meet again.", ["Coastal Survey Office"]),
        ("The ministry, the bank and the party said nothing.", []),
        ("Who is it? IT is us. The US said so.", []),
        ("The Soviet Union fell.", []),
        ("President Ada Quill met Minister Jon Bek in Osma.", []),
    ],
)
def test_bodies_are_found_under_their_names(text, names):
    assert named(text) == names


def test_mentions_are_counted_and_abbreviations_count():
    story = enriched("The Coastal Survey Office (CSO) met. The CSO will meet again.")
    assert story.newswire.mentions["organisations"] == {"Coastal Survey Office": {"count": 3, "first": 4}}


def test_what_the_source_said_stays_first():
    own = Organisation(name="NATO", uri="own:1")
    found = enriched("NATO and Interpol agreed.", organisations=(own,)).organisations
    assert [(one.name, one.uri) for one in found] == [("NATO", "own:1"), ("Interpol", None)]
