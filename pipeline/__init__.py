"""newswire: streaming ingestion for wire-service feeds."""

__version__ = "0.1.0"
