"""How long a story takes to read."""

import msgspec

from pipeline.story import Story

WORDS_PER_MINUTE = 238
"""Silent reading of prose in English: Brysbaert, 2019, Journal of Memory and Language 109."""
CHARACTERS_PER_MINUTE = 500
"""For scripts written without spaces."""


class ReadingTime:
    """Sets `newswire.readingTime`, in seconds."""

    name = "reading"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its reading time; one without a body has none."""
        text = story.text
        if not text:
            return story
        spaceless = (story.language or "")[:2] in ("zh", "ja", "th")
        minutes = len(text) / CHARACTERS_PER_MINUTE if spaceless else len(text.split()) / WORDS_PER_MINUTE
        extension = msgspec.structs.replace(story.newswire, reading_time=max(1, round(minutes * 60)))
        return msgspec.structs.replace(story, newswire=extension)
