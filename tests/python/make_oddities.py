"""Writes a legacy workspace of the predecessor in which every ticker has another habit that files in the field have.

usage: make_oddities.py FOLDER

Beside the habits of make_legacy.py: codecs, an empty sequence, prices that are null, not-a-number and negative zero,
dates before 1970, months without a bar, several kinds of duplicates, numbers in other types, and symbols that are hard
on paths. `TRADED` is an hourly interval beside the daily one, so that a migration has more than one.
"""

import argparse
import datetime
import math
import os

import pandas
import pyarrow
import pyarrow.parquet

import make_legacy
import support

SYMBOLS = ["AAPL", "BRK.B", "brk.b", "btc-usd", *support.AWKWARD_TICKERS]
TRADED = ["AAPL", "EURUSD=X", "eurusd=x"]
OLDEST_DAY = datetime.datetime(1962, 1, 2)


def days(first, count, skipped_months=()):
    """Returns sessions from a day on, without those of some months."""
    return [day for day in support.session_days(first, count) if (day.year, day.month) not in skipped_months]


def recent(ticker, count=60, **more):
    """Returns bars from March 2024 on."""
    return support.bars(ticker, days(datetime.datetime(2024, 3, 4), count, **more), seed=9)


def codec(name):
    def write(ticker, path):
        make_legacy.save(make_legacy.frame(recent(ticker)), path, compression=name)
    return write


def borrowed(name):
    """Returns the writer of a habit that make_legacy.py knows."""
    def write(ticker, path):
        make_legacy.ODDITIES[name](make_legacy.frame(recent(ticker)), path)
    return write


def plain(ticker, path):
    make_legacy.save(make_legacy.frame(recent(ticker)), path)


def old_dates(ticker, path):
    times = days(OLDEST_DAY, 45) + days(datetime.datetime(1969, 12, 15), 40)
    make_legacy.save(make_legacy.frame(support.bars(ticker, times, seed=9)), path)


def empty_months(ticker, path):
    rows = recent(ticker, 200, skipped_months={(2024, 4), (2024, 7), (2024, 8)})
    make_legacy.save(make_legacy.frame(rows), path)


def as_arrow(rows, **columns):
    """Returns a table whose not-a-numbers stay what they are; pandas would store them as nulls."""
    table = pyarrow.table(dict(zip(support.HEADER, map(list, zip(*rows)))), schema=make_legacy.PREDECESSOR_SCHEMA)
    for name, values in columns.items():
        table = table.set_column(support.HEADER.index(name), name, values)
    return table


def save_arrow(table, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pyarrow.parquet.write_table(table, path, compression="gzip")


def odd_prices(ticker, path):
    rows = recent(ticker, 40)
    rows[3] = rows[3]._replace(open=math.nan, low=None)
    rows[4] = rows[4]._replace(open=-0.0, high=0.0, low=-0.0)
    rows[5] = rows[5]._replace(open=None, high=None, low=None, close=None, volume=None)
    rows[30] = rows[30]._replace(open=math.nan, high=math.nan, low=math.nan, close=math.nan)
    rows[31] = rows[31]._replace(close=math.inf, open=5e-324, volume=2**53 + 1)
    save_arrow(as_arrow(rows), path)


def float_counts(ticker, path):
    rows = recent(ticker, 40)
    volume = [None if at % 7 == 0 else row.volume + (0.5 if at % 5 == 0 else 0.0) for at, row in enumerate(rows)]
    save_arrow(as_arrow(rows, volume=pyarrow.array(volume, pyarrow.float64()),
                        sequence=pyarrow.array(map(float, range(40)), pyarrow.float64())), path)


def whole_prices(ticker, path):
    rows = [row._replace(**{name: float(round(row[at])) for at, name in enumerate(support.HEADER) if 2 <= at <= 5})
            for row in recent(ticker, 40)]
    whole = {name: pyarrow.array([int(row[at]) for row in rows], pyarrow.int64())
             for at, name in enumerate(support.HEADER) if 2 <= at <= 5}
    save_arrow(as_arrow(rows, **whole), path)


def narrow_floats(ticker, path):
    rows = recent(ticker, 40)
    close = pyarrow.array([row.close for row in rows], pyarrow.float64()).cast(pyarrow.float32())
    save_arrow(as_arrow(rows, close=close), path)


def null_sequence(ticker, path):
    save_arrow(as_arrow(recent(ticker, 40), sequence=pyarrow.nulls(40, pyarrow.null())), path)


def numbered(ticker, path):
    rows = [row._replace(sequence=at * 3) for at, row in enumerate(recent(ticker))]
    make_legacy.save(make_legacy.frame(rows), path)


def out_of_order(ticker, path):
    make_legacy.save(make_legacy.frame(recent(ticker)[::-1]), path)


def with_rows(*changes):
    """Returns a writer of bars with some of them again, changed: (position, replaced values)."""
    def write(ticker, path):
        rows = recent(ticker)
        rows += [rows[at]._replace(**values) for at, values in changes]
        make_legacy.save(make_legacy.frame(rows), path)
    return write


def sequenced_duplicates(ticker, path):
    rows = [row._replace(sequence=at + 10) for at, row in enumerate(recent(ticker))]
    # The later one has the lower number and loses; a missing number beats any.
    rows += [rows[5]._replace(close=1.5, sequence=2), rows[6]._replace(close=1.5, sequence=99), rows[7]._replace(close=1.5, sequence=None)]
    make_legacy.save(make_legacy.frame(rows), path)


def undated(ticker, path):
    table = make_legacy.frame(recent(ticker))
    lost = table.head(3).copy()
    lost["date"] = pandas.NaT
    make_legacy.save(pandas.concat([lost.head(1), table, lost.tail(2)]), path)


HABITS = {
    "GZIP": codec("gzip"), "SNAPPY": codec("snappy"), "ZSTD": codec("zstd"), "UNCOMPRESSED": codec(None),
    "SECONDS": borrowed("SECONDS"), "MILLIS": borrowed("MILLIS"), "MICROS": borrowed("MICROS"),
    "PLAININT": borrowed("PLAININT"), "LARGESTR": borrowed("LARGESTR"), "EXTRAINDEX": borrowed("EXTRAINDEX"),
    "STOREDINDEX": borrowed("STOREDINDEX"), "NOSEQUENCE": borrowed("NOSEQUENCE"), "NULLSEQUENCE": null_sequence,
    "NUMBERED": numbered, "ODDPRICES": odd_prices, "FLOATCOUNTS": float_counts, "WHOLEPRICES": whole_prices,
    "FLOAT32": narrow_floats, "OLD": old_dates, "EMPTYMONTHS": empty_months, "REVERSED": out_of_order,
}
# Files with rows that have no place in partitions; they need --duplicates newest.
LOSING = {
    "SAMETWICE": with_rows((4, {}), (20, {})),
    "CONTRADICTED": with_rows((4, {"close": 1.0}), (4, {"close": 2.0}), (59, {"volume": None})),
    "HOLLOWTWICE": with_rows((8, {"open": None, "high": None, "low": None, "close": None})),
    "SEQUENCED": sequenced_duplicates,
    "UNDATED": undated,
}


def hours(count):
    """Returns hourly sessions of seven bars."""
    sessions = days(datetime.datetime(2024, 1, 22), count)
    return [day + datetime.timedelta(hours=9 + at, minutes=30) for day in sessions for at in range(7)]


def make(workspace):
    """Writes the workspace and returns interval -> tickers."""
    os.makedirs(workspace)
    writers = {**{symbol: plain for symbol in SYMBOLS}, **HABITS, **LOSING}
    folder = os.path.join(workspace, "data", "legacy")
    for ticker, write in writers.items():
        write(ticker, os.path.join(folder, "stocks_1d", f"{ticker}.parquet"))
    for ticker in TRADED:
        table = make_legacy.frame(support.bars(ticker, hours(30), seed=9))
        make_legacy.save(table, os.path.join(folder, "stocks_1h", f"{ticker}.parquet"))
    make_legacy.write_registry(workspace, list(writers), "legacy", "1d")
    return {"1d": sorted(writers), "1h": sorted(TRADED)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    print(make(parser.parse_args().folder))
