"""CloudEvents 1.0 headers, Kafka binary mode, for what a stage sends on.

Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2. Ids are made of the raw record's
coordinates, so a record that is processed again gives the same event.
"""

from pipeline.record import RAW_HEADER, Emit, Headers, Record

_FIXED: Headers = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


def event_headers(record: Record, emit: Emit, source: bytes, ordinal: int) -> Headers:
    """Headers of the `ordinal`-th output that a stage made of `record`; `source` is a URI reference."""
    raw = record.raw_coordinates
    event_id = f"{raw}/{emit.topic}" if ordinal == 0 else f"{raw}/{emit.topic}/{ordinal}"
    headers: Headers = (
        *_FIXED,
        ("ce_id", event_id.encode()),
        ("ce_source", source),
        ("ce_type", emit.kind.encode()),
        (RAW_HEADER, raw.encode()),
    )
    if emit.time is not None:
        headers = (*headers, ("ce_time", emit.time.isoformat().replace("+00:00", "Z").encode()))
    trace = record.header("traceparent")
    if trace is not None:
        headers = (*headers, ("traceparent", trace))
    return (*headers, *emit.headers) if emit.headers else headers
