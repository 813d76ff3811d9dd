"""Bytes of one wire format to raw items; one file per format, found by sniffing."""

from pipeline.formats.dispatch import parse
from pipeline.formats.document import Document, FeedHints, Limits

__all__ = ["Document", "FeedHints", "Limits", "parse"]
