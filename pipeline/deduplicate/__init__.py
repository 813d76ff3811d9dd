"""Redelivery, stale version, revision or new: pure decisions over a `StoryIndex`."""

from pipeline.deduplicate.index import StoryIndex
from pipeline.deduplicate.stage import DeduplicateStage

__all__ = ["DeduplicateStage", "StoryIndex"]
