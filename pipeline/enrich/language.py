"""The language a story is written in, as a BCP 47 tag.

py3langid: a naive Bayes classifier over byte n-grams whose model is inside the wheel.
"""

from functools import cache

import msgspec
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipeline.story import Story

MIN_LETTERS = 20
"""Fewer letters than this say too little."""
READ_CHARACTERS = 1_000
SURE = 0.9
"""At or above this probability the text overrules the source's own tag."""
UNDETERMINED = "und"
NEVER_ON_A_WIRE = frozenset({"zxx", "pcm", "vo"})
"""No language at all, Nigerian Pidgin and Volapük: market copy full of figures was taken for them."""


@cache
def _identifier() -> LanguageIdentifier:
    # Half a second to load, and nothing changes it.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([language for language in identifier.labels if language not in NEVER_ON_A_WIRE])
    return identifier


class Language:
    """Checks the source's tag against the text, and finds it where there is none."""

    name = "language"
    version = "1"

    def __init__(self) -> None:
        self._identifier = _identifier()

    def enrich(self, story: Story) -> Story:
        """The story with its language; a tag of the source that the text contradicts is flagged."""
        text = f"{story.headline}\n{story.text}"[:READ_CHARACTERS]
        stated = story.language
        if sum(c.isalpha() for c in text) < MIN_LETTERS:
            return story if stated else msgspec.structs.replace(story, language=UNDETERMINED)
        found, probability = self._identifier.classify(text)
        if stated is None:
            return msgspec.structs.replace(story, language=found)
        if probability < SURE or stated.split("-")[0].lower() == found:
            return story
        flags = (*story.newswire.flags, f"language:source-says-{stated}")
        extension = msgspec.structs.replace(story.newswire, flags=tuple(dict.fromkeys(flags)))
        return msgspec.structs.replace(story, language=found, newswire=extension)
