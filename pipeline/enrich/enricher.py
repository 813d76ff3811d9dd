"""What an enricher is."""

from typing import Protocol

from pipeline.story import Story


class Enricher(Protocol):
    """Adds one kind of finding to a story. Pure: no I/O, no clock; the same story gives the same findings.

    `name` and `version` are kept in ``newswire.enrichers``, so that a consumer can tell what made a finding.
    An enricher that raises is skipped, and the story goes on without its finding.
    """

    name: str
    version: str

    def enrich(self, story: Story) -> Story: ...
