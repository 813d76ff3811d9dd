"""Batches of the embedded log: how records are packed into rows, appended and read back.

One row holds what one transaction sent to one partition. Packing is not for the disk's sake: the sqlite3
module gives up the interpreter's lock at every row, and where another thread computes and takes it, each
such row costs a switching interval (5 ms). `docs/decisions/0002-embedded-log.md` has the figures.
"""

import json
import sqlite3
from collections.abc import Generator, Mapping

import msgspec

from pipeline.bus.sqlite_file import first_offset, row_id
from pipeline.record import Headers

Entry = tuple[int, bytes | None, bytes | None, Headers]
"""Distance from the batch's first offset, key, value, headers. Compaction leaves gaps in the distances."""

_ROW_BYTES = 8_000_000
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[Entry]).decode
_STATEMENT_ROWS = 64


class Row(msgspec.Struct, frozen=True):
    """One batch as read: `last` is the offset of the last record it was written with."""

    first: int
    last: int
    stamp: int
    size: int
    """Bytes of the packed entries."""
    entries: list[Entry]


class Packed(msgspec.Struct, frozen=True):
    """One batch to be written: its records and how many offsets it takes."""

    count: int
    blob: bytes


class Appended(msgspec.Struct, frozen=True):
    """What an append did: the first offset given per partition, the next one free, the epoch of the topics."""

    first: dict[int, int]
    next: dict[int, int]
    epoch: int


def encode(entries: list[Entry]) -> bytes:
    """Pack entries."""
    return _ENCODE(entries)


def pack(entries: list[Entry]) -> list[Packed]:
    """Pack entries numbered from 0 into as few batches as stay under 8 MB, a single larger record apart."""
    size = sum(len(value) for _, _, value, _ in entries if value)
    if size <= _ROW_BYTES:
        return [Packed(len(entries), _ENCODE(entries))]
    batches: list[Packed] = []
    part: list[Entry] = []
    size = 0
    for _, key, value, headers in entries:
        if part and size + len(value or b"") > _ROW_BYTES:
            batches.append(Packed(len(part), _ENCODE(part)))
            part, size = [], 0
        part.append((len(part), key, value, headers))
        size += len(value or b"")
    batches.append(Packed(len(part), _ENCODE(part)))
    return batches


def append(connection: sqlite3.Connection, outputs: Mapping[int, list[Packed]], now_ms: int) -> Appended:
    """Write batches, by partition id, at the ends of their partitions. Call inside a transaction."""
    ends, epoch = connection.execute(
        "select json_group_array(json_array(id, next, stamp)), (select topics from epoch) from partition"
        " where id in (select value from json_each(?))",
        (json.dumps(list(outputs)),),
    ).fetchone()
    first: dict[int, int] = {}
    following: dict[int, int] = {}
    rows: list[tuple[int, int, int, int, bytes]] = []
    ahead: list[tuple[int, int, int, int]] = []
    for partition, start, stamp in json.loads(ends):
        first[partition] = offset = start
        stamp = max(stamp, now_ms)  # noqa: PLW2901  # time never runs backwards in a partition
        grown = 0
        for batch in outputs[partition]:
            size = len(batch.blob)
            rows.append((row_id(partition, offset), offset + batch.count - 1, stamp, size, batch.blob))
            offset += batch.count
            grown += size
        following[partition] = offset
        ahead.append((partition, offset, stamp, grown))
    for index in range(0, len(rows), _STATEMENT_ROWS):
        _insert(connection, rows[index : index + _STATEMENT_ROWS])
    connection.execute(
        "update partition set next = json_extract(j.value, '$[1]'), stamp = json_extract(j.value, '$[2]'),"
        " bytes = bytes + json_extract(j.value, '$[3]')"
        " from json_each(?) as j where partition.id = json_extract(j.value, '$[0]')",
        (json.dumps(ahead),),
    )
    return Appended(first, following, epoch)


def _insert(connection: sqlite3.Connection, rows: list[tuple[int, int, int, int, bytes]]) -> None:
    marks = ",".join(["(?,?,?,?,?)"] * len(rows))
    statement = f"insert into batch (id, last, stamp, bytes, records) values {marks}"  # noqa: S608  # only marks are put in
    connection.execute(statement, [field for row in rows for field in row])


def rows_from(connection: sqlite3.Connection, partition: int, offset: int) -> Generator[Row, None, None]:
    """Batches that hold `offset` or later ones, in order, each decoded when it is asked for."""
    low = row_id(partition, 0)
    here = row_id(partition, offset)
    cursor = connection.execute(
        "select id, last, stamp, records from batch"
        " where id >= ifnull((select max(id) from batch where id between ? and ?), ?) and id < ? and last >= ?"
        " order by id",
        (low, here, here, row_id(partition + 1, 0), offset),
    )
    try:
        for row, last, stamp, blob in cursor:
            yield Row(first_offset(row), last, stamp, len(blob), _DECODE(blob))
    finally:
        cursor.close()


def earliest(connection: sqlite3.Connection, partition: int) -> int | None:
    """The first offset still kept; None for an empty partition."""
    (row,) = connection.execute(
        "select min(id) from batch where id between ? and ?", (row_id(partition, 0), row_id(partition + 1, 0) - 1)
    ).fetchone()
    return None if row is None else first_offset(row)


def offset_at(connection: sqlite3.Connection, partition: int, since_ms: int, end: int) -> int:
    """The first offset whose record was taken at `since_ms` or later; `end` where there is none.

    Searches by halving, since timestamps never fall along a partition.
    """
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(
            "select id, last, stamp from batch where id <= ? and id >= ? order by id desc limit 1",
            (row_id(partition, middle), row_id(partition, low)),
        ).fetchone()
        if found is None:
            low = middle + 1  # nothing kept from low to middle
        elif found[2] >= since_ms:
            high = first_offset(found[0])
        else:
            low = max(found[1], middle) + 1
    return min(low, end)
