"""What a story is about, as IPTC Media Topics."""

import msgspec

from pipeline.enrich.topics_codes import CONCEPT_URI, mapped_code, stated_code, topic
from pipeline.enrich.topics_lexicon import scores
from pipeline.enrich.topics_words import opening_tokens
from pipeline.story import Story, Subject

CREATOR = "newswire"
"""The creator of the subjects that are not the source's own."""
MOST = 5
"""No more topics than this are added to what the source stated and its codes mean."""
LEAST_SCORE = 5.0
"""A top term whose topics together score less is in doubt; so is a topic of its own below `LEAST_OWN`."""
LEAST_OWN = 3.0
LEAST_SHARE = 0.25
"""A topic that scores less than this share of the best one is left out."""
HALF_SURE = 10.0
"""The score at which confidence is 50, where no other top term competes."""


class Topics:
    """Adds topics to `subjects`: those that the source's codes mean, then those that the words speak of.

    What the source stated stays, and stays first. A topic of ours has an IPTC concept uri, its code as a qcode in
    `literal` and its confidence: 100 where the source's own code or category means it.
    """

    name = "topics"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its topics."""
        stated = {code for subject in story.subjects if (code := stated_code(subject))}
        meant = dict.fromkeys(code for subject in story.subjects if (code := mapped_code(subject)))
        mapped = [_subject(code, 100) for code in meant if code not in stated]
        taken = stated | meant.keys()
        room = max(0, MOST - len(taken))
        found = [_subject(code, confidence) for code, confidence in topics_of(story) if code not in taken][:room]
        if not mapped and not found:
            return story
        return msgspec.structs.replace(story, subjects=(*story.subjects, *mapped, *found))


def topics_of(story: Story) -> list[tuple[str, int]]:
    """The codes that the words of a story speak of, best first, with confidence from 1 to 99; the source has no say.

    The top term above the best topic comes last.
    """
    language = (story.language or "")[:2]
    found = scores(language, opening_tokens(story.headline)[1], opening_tokens(story.text)[1])
    tops: dict[str, float] = {}
    for code, score in found.items():
        top = topic(code).top
        tops[top] = tops.get(top, 0.0) + score
    if not tops:
        return []
    whole = sum(tops.values())
    best_top = min(tops, key=lambda code: (-tops[code], code))
    if tops[best_top] < LEAST_SCORE:
        return []
    # A topic gains from its neighbours: "goal" among words of football is no goal of a government.
    ranked = sorted((-score * tops[topic(code).top] / whole, code) for code, score in found.items())
    own = [(code, -score) for score, code in ranked if topic(code).parent and found[code] >= LEAST_OWN]
    own = [(code, score) for code, score in own if score >= LEAST_SHARE * own[0][1]]
    chosen = [(code, _confidence(score)) for code, score in own[: MOST - 1]]
    leading = topic(chosen[0][0]).top if chosen else best_top
    return [*chosen, (leading, _confidence(tops[leading] * tops[leading] / whole))]


def _confidence(score: float) -> int:
    return max(1, min(99, round(100 * score / (score + HALF_SURE))))


def _subject(code: str, confidence: int) -> Subject:
    return Subject(
        name=topic(code).name,
        uri=f"{CONCEPT_URI}{code}",
        literal=f"medtop:{code}",
        creator=CREATOR,
        confidence=confidence,
    )
