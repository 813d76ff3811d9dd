"""May a story run, and when."""

from pipeline.release.stage import ReleaseStage

__all__ = ["ReleaseStage"]
