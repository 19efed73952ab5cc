"""Writes workspaces as the Python predecessor leaves them: pandas files and its three JSON files.

usage: make_legacy.py FOLDER [--layout legacy|flat|partitions|oddities] [--interval 1d]

`legacy` puts one file per ticker under data/legacy, `flat` directly into the workspace, `partitions` makes
the nanosecond tree of us:yahoo. `oddities` is a legacy tree in which every ticker has another habit that files
in the field have; the rows that a reader must find are printed as JSON by `rows_of` for the checks.
"""

import argparse
import datetime
import json
import os

import pandas
import pyarrow
import pyarrow.parquet

import support

PREDECESSOR_SCHEMA = pyarrow.schema(
    [("stock", pyarrow.string()), ("date", pyarrow.timestamp("ns"))]
    + [(name, pyarrow.float64()) for name in ("open", "high", "low", "close")]
    + [("volume", pyarrow.int64()), ("sequence", pyarrow.int64())]
)
TICKERS = ["AAPL", "MSFT", *support.AWKWARD_TICKERS]
LAST_DAY = datetime.datetime(2024, 6, 14)


def history(ticker, days=400):
    """Returns the rows that the workspace holds for one ticker, up to LAST_DAY."""
    first = LAST_DAY - datetime.timedelta(days=days * 7 // 5 + 7)
    known = [day for day in support.session_days(first, days + 20) if day <= LAST_DAY]
    return support.bars(ticker, known[-days:], seed=7)


def frame(rows):
    """Returns rows as the frame that the predecessor saves."""
    table = pandas.DataFrame(rows, columns=support.HEADER)
    table["stock"] = table["stock"].astype("string")
    table["date"] = table["date"].astype("datetime64[ns]")
    return table.astype({"volume": "Int64", "sequence": "Int64"})


def save(table, path, **options):
    """Saves a frame with the predecessor's choices, or others."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    choices = {"index": False, "compression": "gzip", "schema": PREDECESSOR_SCHEMA, **options}
    table.to_parquet(path, engine="pyarrow", **choices)


def write_partitions(workspace, ticker, rows, interval):
    """Writes one ticker of the predecessor's partition tree, with its unencoded folder names."""
    months = {}
    for row in rows:
        months.setdefault((row.date.year, row.date.month), []).append(row)
    for (year, month), some in months.items():
        folder = f"data/us/yahoo/stocks_{interval}/ticker={ticker}/year={year:04}/month={month:02}"
        save(frame(some), os.path.join(workspace, folder, "data.parquet"))


def snappy(table, path):
    save(table, path, compression="snappy")


def plain_integers(table, path):
    table["sequence"] = range(len(table))
    save(table.astype({"volume": "int64", "sequence": "int64"}), path)


def unit(name):
    def write(table, path):
        field = pyarrow.field("date", pyarrow.timestamp(name))
        save(table.astype({"date": f"datetime64[{name}]"}), path, schema=PREDECESSOR_SCHEMA.set(1, field))
    return write


def large_strings(table, path):
    save(table, path, schema=PREDECESSOR_SCHEMA.set(0, pyarrow.field("stock", pyarrow.large_string())))


def extra_index_column(table, path):
    table = table.drop(columns="sequence")
    table["index"] = range(len(table))
    save(table, path, schema=None)


def stored_index(table, path):
    save(table.drop(columns="sequence"), path, schema=None, index=True)


def without_sequence(table, path):
    save(table.drop(columns="sequence"), path, schema=None)


def duplicate_keys(table, path):
    older = table.head(5).copy()
    older["close"] = 1.0
    save(pandas.concat([older, table]), path)


def undated_rows(table, path):
    undated = table.head(2).copy()
    undated["date"] = pandas.NaT
    save(pandas.concat([table, undated]), path)


# One ticker per habit; `rows_of` tells what a reader must find.
ODDITIES = {
    "SNAPPY": snappy,
    "PLAININT": plain_integers,
    "MILLIS": unit("ms"),
    "MICROS": unit("us"),
    "SECONDS": unit("s"),
    "LARGESTR": large_strings,
    "EXTRAINDEX": extra_index_column,
    "STOREDINDEX": stored_index,
    "NOSEQUENCE": without_sequence,
    "DUPLICATES": duplicate_keys,
    "UNDATED": undated_rows,
}
NUMBERED = {"PLAININT"}
# Where a row number stands in for the sequence, a reader may keep it or not.
SEQUENCE_IS_OPEN = {"EXTRAINDEX", "STOREDINDEX", "NOSEQUENCE"}


def rows_of(ticker, layout):
    """Returns the rows a reader must find for a ticker of a layout."""
    rows = history(ticker, 60 if layout == "oddities" else 400)
    if ticker in NUMBERED:
        return [row._replace(sequence=at) for at, row in enumerate(rows)]
    return rows


def registry_entry(ticker, layout, interval):
    """Returns what the predecessor's tickers.json says of one ticker."""
    day = LAST_DAY.date().isoformat()
    series = {"status": "active", "last_found_date": day, "last_checked": day, "last_data_date": day}
    if layout == "partitions":
        series["storage"] = {"mode": "partitioned", "venue": "us:yahoo", "market": "us", "source": "yahoo",
                             "dataset": "stocks", "root": "data", "verified_at": "2024-06-15T08:15:00Z"}
    return {"ticker": ticker, "added_date": "2023-03-04", "status": "active", "last_checked": day,
            "a_key_of_its_own": {"kept": True}, "intervals": {interval: series}}


def write_registry(workspace, tickers, layout, interval):
    """Writes the predecessor's JSON files: 4 spaces, escaped, no last newline."""
    files = {
        "tickers.json": {ticker: registry_entry(ticker, layout, interval) for ticker in tickers},
        "intervals.json": [interval],
        "storage_config.json": {"partitioned": layout == "partitions", "markets": {}, "sources": {}},
    }
    for name, content in files.items():
        with open(os.path.join(workspace, name), "w", encoding="utf-8") as out:
            out.write(json.dumps(content, indent=4))


def make(workspace, layout, interval="1d"):
    """Writes a whole workspace and returns its tickers."""
    os.makedirs(workspace)
    tickers = list(ODDITIES) if layout == "oddities" else TICKERS
    flat = "" if layout == "flat" else "data/legacy/"
    for ticker in tickers:
        path = os.path.join(workspace, f"{flat}stocks_{interval}", f"{ticker}.parquet")
        if layout == "partitions":
            write_partitions(workspace, ticker, rows_of(ticker, layout), interval)
        elif layout == "oddities":
            ODDITIES[ticker](frame(history(ticker, 60)), path)
        else:
            # The predecessor's own fetcher leaves the sequence empty.
            save(frame(rows_of(ticker, layout)), path)
    write_registry(workspace, tickers, layout, interval)
    return tickers


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--layout", default="legacy", choices=["legacy", "flat", "partitions", "oddities"])
    parser.add_argument("--interval", default="1d")
    chosen = parser.parse_args()
    print(" ".join(make(chosen.folder, chosen.layout, chosen.interval)))
