"""What the rows of a legacy file are: once by docs/format.md, once by the rules of the predecessor.

`rows` follows docs/format.md alone (types of other programs, and merging); its fingerprint is what each layout must
have. `predecessor_frame` is what the Python predecessor makes of a file when it reads it: other code, other rules,
and where both speak the same rows must result.
"""

import datetime
import math

import pandas
import pyarrow
import pyarrow.parquet

import fingerprint
import support

BARS = pyarrow.schema(
    [("stock", pyarrow.string()), ("date", pyarrow.timestamp("us"))]
    + [(name, pyarrow.float64()) for name in ("open", "high", "low", "close")]
    + [("volume", pyarrow.int64()), ("sequence", pyarrow.int64())]
)
PRICES = slice(2, 6)
# What the predecessor falls back to when a file has no sequence, in the order in which a column counts here.
STAND_INS = ("index", "__index_level_0__")


def whole(value):
    """Returns an integer of a file as such; not-a-number is null, halves go to the even side."""
    return None if value is None or value != value else round(value)


def sequence_of(table):
    """Returns the sequence, or the integers that stand in for it, or nulls."""
    for name in ("sequence", *STAND_INS):
        if name in table.column_names and (name == "sequence" or pyarrow.types.is_integer(table[name].type)):
            return table[name].to_pylist()
    return [None] * table.num_rows


def dates_of(column):
    """Returns times as datetimes without a zone."""
    micros = column.cast(pyarrow.timestamp("us")).cast(pyarrow.int64()).to_pylist()
    return [None if count is None else support.from_microseconds(count) for count in micros]


def raw_rows(path):
    """Returns the rows of one file in its order, undated ones too."""
    with pyarrow.parquet.ParquetFile(path) as file:
        table = file.read()
    prices = [[None if v is None else float(v) for v in table[name].to_pylist()] for name in support.HEADER[PRICES]]
    counts = [map(whole, table["volume"].to_pylist()), map(whole, sequence_of(table))]
    return [support.Row(*cells) for cells in zip(table["stock"].to_pylist(), dates_of(table["date"]), *prices, *counts)]


def is_hollow(row):
    """Tells whether a bar has no price at all."""
    return all(price is None or math.isnan(price) or price == 0 for price in row[PRICES])


def newer_wins(stored, newer):
    """Tells which of two bars of one key stays, by the rules of docs/format.md, Merging."""
    if is_hollow(stored) != is_hollow(newer):
        return is_hollow(stored)
    rank = [math.inf if row.sequence is None else row.sequence for row in (stored, newer)]
    return rank[1] >= rank[0]


def rows(paths):
    """Returns the rows of one ticker from its files, one for each date, in order of date."""
    merged = {}
    for row in (row for path in paths for row in raw_rows(path) if row.date is not None):
        if row.date not in merged or newer_wins(merged[row.date], row):
            merged[row.date] = row
    return [merged[date] for date in sorted(merged)]


def fingerprint_of(found):
    """Returns the digest of rows."""
    columns = list(zip(*found)) or [()] * len(BARS)
    return fingerprint.rows_sha256(pyarrow.table(list(map(list, columns)), schema=BARS))


def recovered(frame):
    """Returns a frame with the predecessor's stand-in for a missing sequence."""
    if "sequence" in frame:
        return frame
    if pandas.api.types.is_integer_dtype(frame.index):
        return frame.assign(sequence=frame.index)
    return frame.rename(columns={"index": "sequence"})


def normalised(frame):
    """Returns the eight columns in the predecessor's types."""
    frame = frame.reindex(columns=support.HEADER)
    frame["stock"] = frame["stock"].astype("string")
    frame["date"] = pandas.to_datetime(frame["date"], errors="coerce").astype("datetime64[us]")
    for name in support.HEADER[PRICES]:
        frame[name] = pandas.to_numeric(frame[name], errors="coerce").astype("float64")
    for name in ("volume", "sequence"):
        # Whole numbers past 2**53 must not pass through a float.
        numbers = pandas.to_numeric(frame[name], errors="coerce")
        frame[name] = (numbers.round() if pandas.api.types.is_float_dtype(numbers) else numbers).astype("Int64")
    return frame


def predecessor_frame(paths):
    """Returns what the predecessor holds after it read the files: the last of each key, by sequence."""
    frames = [recovered(pandas.read_parquet(path, partitioning=None, dtype_backend="numpy_nullable")) for path in paths]
    frame = normalised(pandas.concat(frames, ignore_index=True)).dropna(subset=["date"])
    frame = frame.sort_values(["stock", "date", "sequence"], kind="stable", na_position="last")
    kept = frame.drop_duplicates(["stock", "date"], keep="last")
    return kept.sort_values(["stock", "date"], kind="stable").reset_index(drop=True)


def is_in_month(row, year, month):
    """Tells whether a bar belongs to a month."""
    return (row.date.year, row.date.month) == (year, month)


def month_of(path):
    """Returns the year and the month that a partition's path names."""
    year, month = (int(part.split("=")[1]) for part in path.split("/")[-3:-1])
    return datetime.date(year, month, 1).timetuple()[:2]
