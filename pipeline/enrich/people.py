"""Who a story speaks of."""

import msgspec

from pipeline.enrich.persons import people_in
from pipeline.story import Person, Story


class People:
    """Adds the people named in the body to `people`; counts and first offsets go under `newswire.mentions`.

    What the source said about people stays, and stays first.
    """

    name = "people"
    version = "1"

    def enrich(self, story: Story) -> Story:
        """The story with its people."""
        mentions = people_in(story.text, (story.language or "")[:2])
        if not mentions:
            return story
        found: dict[str, dict[str, int]] = {}
        for mention in mentions:
            found.setdefault(mention.name, {"count": 0, "first": mention.start})["count"] += 1
        stated = {person.name for person in story.people}
        people = (*story.people, *(Person(name=name, rel="mention") for name in found if name not in stated))
        extension = msgspec.structs.replace(story.newswire, mentions={**story.newswire.mentions, "people": found})
        return msgspec.structs.replace(story, people=people, newswire=extension)
