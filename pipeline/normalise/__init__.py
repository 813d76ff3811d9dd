"""Raw item to story: text, dateline, message type, dates. Pure."""

from pipeline.normalise.assemble import normalise
from pipeline.normalise.hints import Hints
from pipeline.normalise.stage import NormaliseStage

__all__ = ["Hints", "NormaliseStage", "normalise"]
