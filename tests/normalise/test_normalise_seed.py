"""The first story: a page saved from an agency's web site, furniture and all."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.item import RawItem
from pipeline.normalise import normalise
from pipeline.story import Provenance, Text

SEED = Path(__file__).parents[2].parent / "shared" / "seed" / "efe-xi-putin.txt"
RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def item() -> RawItem:
    if not SEED.exists():
        pytest.skip("the sample story is not beside this checkout")
    headline, _, rest = SEED.read_text(encoding="utf-8").partition("\n")
    return RawItem(
        uri="urn:newswire:seed:1",
        format="text",
        provenance=Provenance(source="seed"),
        headlines=(Text(value=headline),),
        bodies=(Text(value=rest, content_type="text/plain"),),
    )


def test_only_copy_is_left(item: RawItem) -> None:
    story = normalise(item, received=RECEIVED)
    paragraphs = story.text.split("\n\n")
    assert story.headline == "Xi, Putin highlight strong ties, extend friendship treaty"
    assert len(paragraphs) == 10
    assert paragraphs[0].startswith("Chinese President Xi Jinping")
    assert paragraphs[-1].endswith("“internal matters.”")
    assert [(r.rule, r.text) for r in story.newswire.removed] == [
        ("related_links", "Related Articles"),
        ("back_to_top", "Back to top button"),
        ("closing_credit", "EFE"),
    ]


def test_the_weekday_in_the_lead_settles_the_year(item: RawItem) -> None:
    dateline = normalise(item, received=RECEIVED).newswire.dateline
    assert dateline is not None
    assert (dateline.places, dateline.agency) == (("Beijing", "Moscow"), "EFE")
    assert (dateline.date, dateline.date_from) == ("2021-06-28", "weekday")


def test_the_version_time_comes_before_the_weekday(item: RawItem) -> None:
    story = normalise(msgspec.structs.replace(item, version_created="2021-06-28T14:00Z"), received=RECEIVED)
    assert story.newswire.dateline is not None
    assert (story.newswire.dateline.date, story.newswire.dateline.date_from) == ("2021-06-28", "version")
    assert (story.newswire.agency, story.newswire.credit) == ("EFE", "EFE")
