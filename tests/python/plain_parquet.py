"""Writes bars as plain Parquet with nanoseconds, the schema of the predecessor, with the standard library alone.

One row group, one uncompressed page for each column, no statistics: as little of the format as readers need.
"""

import os
import struct

import support

BYTE_ARRAY, INT64, DOUBLE = 6, 2, 5
KINDS = [BYTE_ARRAY, INT64, *[DOUBLE] * 4, *[INT64] * 2]
I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def zigzag(number):
    return varint((number << 1) ^ (number >> 63))


def text(value):
    return varint(len(value.encode())) + value.encode()


def listing(kind, items):
    """Returns a Thrift list of at most 14 encoded items."""
    return bytes([len(items) << 4 | kind]) + b"".join(items)


def record(*fields):
    """Returns a Thrift struct in the compact protocol; fields are (number, kind, encoded), in order."""
    out, last = b"", 0
    for number, kind, encoded in fields:
        out += bytes([number - last << 4 | kind]) + encoded
        last = number
    return out + b"\0"


def schema():
    """Returns the elements of the schema: the root and eight optional columns."""
    root = record((4, BINARY, text("schema")), (5, I32, zigzag(len(KINDS))))
    empty = record()
    # TimestampType: not adjusted to UTC (2 is a false in a field's kind), in nanoseconds.
    nanoseconds = record((8, STRUCT, record((1, 2, b""), (2, STRUCT, record((3, STRUCT, empty))))))
    words = [(6, I32, zigzag(0)), (10, STRUCT, record((1, STRUCT, empty)))]
    extras = {"stock": words, "date": [(10, STRUCT, nanoseconds)]}
    return [root] + [
        record((1, I32, zigzag(kind)), (3, I32, zigzag(1)), (4, BINARY, text(name)), *extras.get(name, []))
        for name, kind in zip(support.HEADER, KINDS)
    ]


def encoded(kind, value):
    if kind == BYTE_ARRAY:
        return struct.pack("<I", len(value.encode())) + value.encode()
    return struct.pack("<d" if kind == DOUBLE else "<q", value)


def page(kind, values):
    """Returns one data page with its header."""
    bits = bytearray(-(-len(values) // 8))
    for at, value in enumerate(values):
        bits[at // 8] |= (value is not None) << at % 8
    levels = varint(len(bits) << 1 | 1) + bits
    body = struct.pack("<I", len(levels)) + levels
    body += b"".join(encoded(kind, value) for value in values if value is not None)
    # Encodings: 0 is plain, 3 the run-length hybrid.
    data = record((1, I32, zigzag(len(values))), (2, I32, zigzag(0)), (3, I32, zigzag(3)), (4, I32, zigzag(3)))
    size = zigzag(len(body))
    return record((1, I32, zigzag(0)), (2, I32, size), (3, I32, size), (5, STRUCT, data)) + body


def write(path, rows):
    """Writes the bars of one ticker."""
    dated = [row._replace(date=support.microseconds(row.date) * 1000) for row in rows]
    out, chunks = b"PAR1", []
    for name, kind, values in zip(support.HEADER, KINDS, zip(*dated)):
        content = page(kind, values)
        size = zigzag(len(content))
        facts = record((1, I32, zigzag(kind)), (2, LIST, listing(I32, [zigzag(0), zigzag(3)])),
                       (3, LIST, listing(BINARY, [text(name)])), (4, I32, zigzag(0)), (5, I64, zigzag(len(rows))),
                       (6, I64, size), (7, I64, size), (9, I64, zigzag(len(out))))
        chunks.append(record((2, I64, zigzag(len(out))), (3, STRUCT, facts)))
        out += content
    group = record((1, LIST, listing(STRUCT, chunks)), (2, I64, zigzag(len(out))), (3, I64, zigzag(len(rows))))
    footer = record((1, I32, zigzag(1)), (2, LIST, listing(STRUCT, schema())), (3, I64, zigzag(len(rows))),
                    (4, LIST, listing(STRUCT, [group])))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(out + footer + struct.pack("<I", len(footer)) + b"PAR1")
