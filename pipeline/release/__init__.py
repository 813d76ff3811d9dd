"""May a story run, and when."""

from pipeline.release.policy import Policy
from pipeline.release.stage import ReleaseStage

__all__ = ["Policy", "ReleaseStage"]
