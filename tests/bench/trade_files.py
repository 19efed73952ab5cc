"""Measures what a reader pays for raw trades as one file a day, and as one sorted file a month.

usage: trade_files.py TRADES_PARQUET [--days N] [--scratch FOLDER]

TRADES_PARQUET is a day that barkeep stored, such as `feed.py BARKEEP --days 1 --scratch FOLDER` leaves one. Copies of it stand for
the days, and a month is that day 21 times, moved on by days. Prints one JSON document: milliseconds of the processor, the best of
two, by question and reader. Needs polars and DuckDB.
"""

import argparse
import datetime
import json
import os
import resource
import shutil
import tempfile

import duckdb
import polars as pl

SESSIONS = 21


def processor():
    """Returns the processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def milliseconds(question):
    """Returns what a question costs once its files are in memory."""
    question()
    costs = []
    for _ in range(2):
        before = processor()
        question()
        costs.append(processor() - before)
    return round(min(costs) * 1000)


def make(day, days, folder):
    """Makes the files, and returns those of days and those of months."""
    by_day = [os.path.join(folder, f"day-{number:03}.parquet") for number in range(days)]
    by_month = [os.path.join(folder, f"month-{number:02}.parquet") for number in range(round(days / SESSIONS))]
    for path in by_day:
        shutil.copyfile(day, path)
    trades = pl.read_parquet(day)
    moved = [trades.with_columns(pl.col("trade_time") + pl.duration(days=number)) for number in range(SESSIONS)]
    pl.concat(moved).sort("isin", "trade_time").write_parquet(by_month[0], compression="zstd", row_group_size=65_536)
    for path in by_month[1:]:
        shutil.copyfile(by_month[0], path)
    return by_day, by_month


def by_duckdb(files, where):
    """Asks DuckDB for mean and count."""
    text = f"select avg(price), count(*) from read_parquet({files!r}) {where}"
    return milliseconds(lambda: duckdb.connect().execute(text).fetchone())


def by_polars(files, where):
    """Asks polars for mean and count."""
    frame = pl.scan_parquet(files)
    frame = frame if where is None else frame.filter(where)
    return milliseconds(lambda: frame.select(pl.col("price").mean(), pl.len()).collect())


def main():
    """Measures every question over both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trades")
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--scratch")
    options = parser.parse_args()
    trades = pl.read_parquet(options.trades, columns=["isin", "trade_time"])
    known = trades["isin"].value_counts(sort=True)["isin"]
    next_day = datetime.datetime.combine(trades["trade_time"].min().date(), datetime.time()) + datetime.timedelta(days=1)
    questions = {name: (f"where isin = '{isin}'", pl.col("isin") == isin)
                 for name, isin in (("busy", known[0]), ("quiet", known[len(known) // 2]))}
    measured = {}
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        by_day, by_month = make(options.trades, options.days, folder)
        for name, (sql, expression) in [*questions.items(), ("everything", ("", None))]:
            measured[name] = {form: {"duckdb": by_duckdb(files, sql), "polars": by_polars(files, expression)}
                              for form, files in (("days", by_day), ("months", by_month))}
        in_month = (f"where trade_time < timestamp '{next_day}'", pl.col("trade_time") < next_day)
        measured["one day"] = {
            "days": {"duckdb": by_duckdb(by_day[:1], ""), "polars": by_polars(by_day[:1], None)},
            "months": {"duckdb": by_duckdb(by_month[:1], in_month[0]), "polars": by_polars(by_month[:1], in_month[1])}}
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
