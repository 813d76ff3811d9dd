"""What a story is about: enrichers behind one Protocol, and the stage that runs them."""

from pipeline.enrich.enricher import Enricher
from pipeline.enrich.stage import EnrichStage, default_enrichers, load_enrichers

__all__ = ["EnrichStage", "Enricher", "default_enrichers", "load_enrichers"]
