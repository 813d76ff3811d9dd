"""Sample copy and records for the tests of near-duplicates; all of it is invented."""

from datetime import UTC, datetime, timedelta

from pipeline.deduplicate import DeduplicateStage
from pipeline.record import RAW_HEADER, Record
from pipeline.story import PLAIN, Newswire, Provenance, Story, Text, from_ninjs, to_ninjs

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)

FERRY = (
    "The ferry company of the northern islands will double its winter service from October, its board said on "
    "Tuesday, after two years in which passengers were left on the quay whenever the wind rose. Two ships bought "
    "second hand in Turku are to sail from Lerna harbour every morning and return before dark. The mayor of the "
    "smallest island called the decision late but welcome, and asked who would pay for the new pier. The board "
    "expects 41 000 passengers in the first season and a loss of 3 million crowns, which the county has promised "
    "to cover until spring. Fishermen fear that the larger ships will spoil the spawning grounds near the strait."
)
ORCHARD = (
    "Growers in the eastern valley expect the poorest plum harvest for a generation after frost killed most of the "
    "blossom in a single night of April, their association said. Cooperatives have begun to let seasonal workers "
    "go and two canneries at the river will not open this summer. The ministry of agriculture is considering loans "
    "without interest for farms that lost more than half of their crop. Prices in the markets of the capital have "
    "risen by a third within a week, and bakers are turning to imported fruit for the feast of the patron saint."
)
TABLE = " ".join(f"Copper {n} {n * 37 % 991} {n * 53 % 887} {n * 71 % 797} up" for n in range(1, 20))
BRIEF = (
    "The bridge over the Osma at Letnica is closed until further notice after a barge struck a pillar on Monday night."
)


def ferry(**changes: str) -> str:
    """The ferry story with some of its words replaced."""
    text = FERRY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def story(uri, text, provider="north", *, hours=0.0, **fields):
    at = NOON + timedelta(hours=hours)
    made = {
        "pub_status": "usable",
        "version_created": at,
        "headlines": (Text(f"Headline of {uri}"),),
        "bodies": (Text(text, content_type=PLAIN),),
        "newswire": Newswire(
            signals=fields.pop("signals", ()), provenance=Provenance(provider, fetched_at=fields.pop("fetched", at))
        ),
    }
    return Story(uri=uri, **{**made, **fields})


def record(offset, value):
    return Record("wire.normalised", 0, offset, b"k", to_ninjs(value), ((RAW_HEADER, f"wire.raw/0/{offset}".encode()),))


def relations(index, *stories, start=0, size=100):
    """The relation of each story, decided in batches of `size` by a stage that knows only what the index holds."""
    stage = DeduplicateStage(index)
    records = [record(start + n, value) for n, value in enumerate(stories)]
    outcomes = [o for n in range(0, len(records), size) for (o,) in stage.process_batch(records[n : n + size])]
    return [from_ninjs(outcome.value).newswire.relation for outcome in outcomes]
