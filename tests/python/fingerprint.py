"""Recomputes the two digests in the footers of barkeep's files, from docs/format.md alone.

usage: fingerprint.py FILE...

barkeep.rows_sha256: rows in the order of (stock, date), columns in file order; each value is one tag byte
(0 null, 1 value), then text as little-endian u32 length and UTF-8, int64 and times (nanoseconds) as i64 LE,
floats as their IEEE bits LE. barkeep.file_sha256: the whole file with the 64 digits of its own value zeroed.
"""

import hashlib
import struct
import sys

import pyarrow
import pyarrow.parquet

import support

NANOSECONDS_IN = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def encoded(value, kind):
    """Returns the canonical bytes of one value of an arrow type."""
    if value is None:
        return b"\0"
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        text = value.encode()
        return b"\1" + struct.pack("<I", len(text)) + text
    if pyarrow.types.is_floating(kind):
        return b"\1" + struct.pack("<d", value)
    if pyarrow.types.is_boolean(kind):
        return b"\1" + bytes([value])
    return b"\1" + struct.pack("<q", value)


def values(column):
    """Returns a column as Python values, times as nanoseconds."""
    kind = column.type
    if not pyarrow.types.is_timestamp(kind):
        return column.to_pylist()
    scale = NANOSECONDS_IN[kind.unit]
    return [None if v is None else v * scale for v in column.cast(pyarrow.int64()).to_pylist()]


def rows_sha256(table):
    """Returns the digest of the rows of a table."""
    kinds = [field.type for field in table.schema]
    rows = sorted(zip(*(values(table[name]) for name in table.column_names)), key=lambda row: (row[0] or "", row[1]))
    digest = hashlib.sha256()
    for row in rows:
        digest.update(b"".join(encoded(value, kind) for value, kind in zip(row, kinds)))
    return digest.hexdigest()


def faults(path):
    """Returns what disagrees with the footer of one file."""
    fault = support.file_digest_fault(path)
    if fault:
        return [fault]
    with pyarrow.parquet.ParquetFile(path) as file:
        footer = file.metadata.metadata or {}
        table = file.read()
    stored = footer.get(b"barkeep.rows_sha256")
    if stored is None:
        return ["carries no barkeep.rows_sha256"]
    return [] if stored.decode() == rows_sha256(table) else ["does not match its barkeep.rows_sha256"]


if __name__ == "__main__":
    verdicts = support.Verdicts("fingerprints")
    for name in sys.argv[1:]:
        verdicts.check(not (wrong := faults(name)), name, "; ".join(wrong))
    verdicts.finish()
