"""Checks that pandas, pyarrow, DuckDB, polars and Spark read a workspace's files bit for bit.

usage: check_readers.py WORKSPACE [--source FOLDER] [--barkeep BINARY] [--no-spark]

For every stocks_<interval> tree: the whole tree with Hive partitioning, and single files of the tickers that
are easily misread. What they must find comes from FOLDER/<interval>/<TICKER>.csv, read by Python's csv module,
or else from `show --format csv`. Types must be string, timestamp without zone, double and bigint everywhere.
"""

import argparse
import csv
import datetime
import os

import pyarrow
import pyarrow.parquet

import fingerprint
import readers
import support

TYPES = ["string", "timestamp", "double", "double", "double", "double", "bigint", "bigint"]


def rows_in_csv(path, ticker):
    """Returns the rows of one source file."""
    with open(path, encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    return [
        support.Row(
            ticker, datetime.datetime.fromisoformat(line["Date"]),
            *(float(line[name]) if line[name] else None for name in ("Open", "High", "Low", "Close")),
            int(line["Volume"]) if line["Volume"] else None, None,
        )
        for line in found
    ]


def expected(interval, tree, options):
    """Returns ticker -> rows of a tree, from the source files or from `show`."""
    if options.source:
        folder = os.path.join(options.source, interval)
        names = [name.removesuffix(".csv") for name in sorted(os.listdir(folder))]
        return {name: rows_in_csv(os.path.join(folder, f"{name}.csv"), name) for name in names}
    market, source = os.path.relpath(tree, os.path.join(options.workspace, "data")).split(os.sep)[:2]
    venue = support.VENUE if market == "legacy" else f"{market}:{source}"
    barkeep = support.Barkeep(options.barkeep, options.workspace)
    return {ticker: barkeep.show(ticker, interval, venue=venue) for ticker in tickers_in(tree)}


def tickers_in(tree):
    """Returns the tickers of a tree by its physical column."""
    stocks = set()
    for path in support.parquet_files(tree):
        stocks.update(pyarrow.parquet.ParquetFile(path).read(columns=["stock"])["stock"].to_pylist())
    return sorted(stocks)


def single_files(tree):
    """Returns one file of each awkward ticker, found by its rows and not by its path."""
    chosen = {}
    for path in support.parquet_files(tree):
        stock = pyarrow.parquet.ParquetFile(path).read(columns=["stock"])["stock"][0].as_py()
        if stock in support.AWKWARD_TICKERS:
            chosen.setdefault(stock, path)
    return chosen


def compare(verdicts, name, read, path, is_tree, wanted):
    """Checks one reader on one tree or file."""
    what = f"{name} on {'tree' if is_tree else 'file'} {path}"
    try:
        rows, types = read(path, is_tree)
    except Exception as error:  # noqa: BLE001 - whatever an engine throws is a verdict on the file
        verdicts.check(False, what, repr(error))
        return
    verdicts.check(types == TYPES, f"{what}: types", types)
    verdicts.same_rows(rows, wanted, what)


def check_tree(verdicts, interval, tree, engines, options):
    """Checks every reader on one tree and its awkward files."""
    by_ticker = expected(interval, tree, options)
    everything = sorted((row for rows in by_ticker.values() for row in rows), key=lambda row: (row.stock, row.date))
    verdicts.check(everything, f"{tree} has rows to expect")
    files = single_files(tree)
    for name, read in engines.items():
        compare(verdicts, name, read, tree, True, everything)
        for stock, path in files.items():
            dates = pyarrow.parquet.ParquetFile(path).read(columns=["date"])["date"].cast(pyarrow.timestamp("us"))
            first, last = min(dates.to_pylist()), max(dates.to_pylist())
            wanted = [row for row in by_ticker[stock] if first <= row.date <= last]
            compare(verdicts, name, read, path, False, wanted)
    print(f"  {interval}: {len(everything)} rows, {len(files)} single files, {', '.join(engines)}")


def has_nanoseconds(tree):
    """Tells whether the tree is one of the predecessor's, which Spark cannot read."""
    schema = pyarrow.parquet.read_schema(support.parquet_files(tree)[0])
    return schema.field("date").type == pyarrow.timestamp("ns")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("--source")
    parser.add_argument("--barkeep")
    parser.add_argument("--no-spark", action="store_true")
    options = parser.parse_args()
    if not options.source and not options.barkeep:
        parser.error("give --source or --barkeep: the rows to expect must come from somewhere")
    verdicts = support.Verdicts("readers")
    trees = support.stored_trees(options.workspace)
    verdicts.check(trees, f"{options.workspace} holds trees")
    spark = None if options.no_spark else readers.WithSpark()
    for interval, tree in trees:
        engines = dict(readers.PLAIN)
        if spark and has_nanoseconds(tree):
            print(f"  {interval}: without Spark, which reads no nanoseconds")
        elif spark:
            engines["spark"] = spark
        check_tree(verdicts, interval, tree, engines, options)
    for path in support.parquet_files(os.path.join(options.workspace, "data")):
        wrong = fingerprint.faults(path)
        verdicts.check(not wrong, f"{path} in docs/format.md's terms", "; ".join(wrong))
    if spark:
        spark.close()
    verdicts.finish()


if __name__ == "__main__":
    main()
