"""A raw item as the record that enters the log."""

from pipeline.item import RawItem, encode_item
from pipeline.normalise.kind import goes_first
from pipeline.record import Headers

KIND = b"newswire.item.raw"
LANE_HEADER = "newswire.lane"
PRIORITY_LANE = (LANE_HEADER, b"priority")
"""Marks what is published on the lane of kills."""


def raw_record(item: RawItem, position: int) -> tuple[bytes, bytes, Headers]:
    """Key, value and CloudEvents headers of an item that stood at `position` of its document.

    The id is made of source, document and position, so that a document read again gives the same events.
    """
    provenance = item.provenance
    event_id = f"{provenance.source}/{provenance.sha256}/{position}"
    headers = [
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
        ("ce_id", event_id.encode()),
        ("ce_source", f"urn:newswire:source:{provenance.source}".encode()),
        ("ce_type", KIND),
    ]
    if provenance.fetched_at is not None:
        headers.append(("ce_time", provenance.fetched_at.isoformat().replace("+00:00", "Z").encode()))
    if goes_first(item):
        headers.append(PRIORITY_LANE)
    return item.uri.encode(), encode_item(item), tuple(headers)
