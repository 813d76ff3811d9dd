"""The page at `/`: for people who would rather look than read metrics."""

from pipeline.console.routes import Console

__all__ = ["Console"]
