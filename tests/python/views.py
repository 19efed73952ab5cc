#!/usr/bin/env python3
"""Views that `barkeep views` prints do what they say, in DuckDB, polars and, with --spark, Spark.

    views.py BARKEEP [--spark]

A workspace of the demo source is made, its factors are exported, and what each view answers is compared with what `barkeep show`
prints: every row of the raw view, the instants, the last closes, and the adjusted closes to the last digits of a product. Bars of hours
that a clock shows twice, leaps over, or that have no volume are compared with what the zone says.
"""

import argparse
import csv
import datetime
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import zoneinfo

TICKERS = ["AAPL", "KO", "MSFT"]
NOW = "2025-11-21T22:00:00Z"
VIEW = "us_demo_1d"
HOURS = "us_demo_1h"
ZONE = "America/New_York"


class Workspace:
    """A workspace whose name has letters that patterns and texts have a meaning for."""

    def __init__(self, binary, folder):
        self.binary = os.path.abspath(binary)
        self.path = os.path.join(folder, "it's [one]")
        os.mkdir(self.path)
        tickers = [word for ticker in TICKERS for word in ("--ticker", ticker)]
        self.run("init", "--venue", "us:demo", "--partitioned", *tickers)
        self.run("update", "--quiet")
        self.pay()
        self.keep_hours()
        self.run("export", "--factors", "-o", "factors.parquet")
        self.correct()

    def pay(self):
        """Stores what the demo source does not tell: dividends of one ticker, and the zone of all."""
        import polars as pl

        dates = [datetime.datetime(2025, 3, 14), datetime.datetime(2025, 9, 15)]
        rows = {"stock": ["KO"] * 2, "date": dates, "kind": ["dividend"] * 2, "amount": [0.5, 0.25],
                "numerator": [None] * 2, "denominator": [None] * 2, "currency": [None] * 2}
        floats = {"numerator": pl.Float64, "denominator": pl.Float64, "currency": pl.String}
        folder = os.path.join(self.path, "data", "us", "demo", "events", "ticker=KO")
        os.makedirs(folder)
        pl.DataFrame(rows, schema_overrides=floats).write_parquet(os.path.join(folder, "data.parquet"))
        registry = os.path.join(self.path, "tickers.json")
        with open(registry, encoding="utf-8") as file:
            known = json.load(file)
        for entry in known.values():
            entry["identity"] = {"timezone": ZONE}
        with open(registry, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=4)

    def correct(self):
        """Gives each day of the table a second row, as a correction has one: both together are what the first one was."""
        import polars as pl

        path = os.path.join(self.path, "factors.parquet")
        table = pl.read_parquet(path, glob=False)
        told = table.with_columns(pl.col("dividend_factor") * 0.5)
        corrected = table.with_columns(dividend_factor=pl.lit(2.0), split_factor=pl.lit(1.0))
        pl.concat([told, corrected]).sort("stock", "date").write_parquet(path)

    def keep_hours(self):
        """Stores hours of the two days on which the clock is changed; the newest one has no volume."""
        import polars as pl

        self.hours = []
        for change in (datetime.datetime(2025, 3, 9), datetime.datetime(2025, 11, 2)):
            dates = [change + datetime.timedelta(hours=hour) for hour in range(-24, 48)]
            count = len(dates)
            prices = {price: [100.0 + len(self.hours) + at for at in range(count)] for price in ("open", "high", "low", "close")}
            rows = {"stock": ["KO"] * count, "date": dates, **prices, "volume": [1000] * (count - 1) + [None],
                    "sequence": [None] * count}
            self.hours += zip(dates, rows["close"], rows["volume"])
            month = ("data", "us", "demo", "stocks_1h", "ticker=KO", "year=2025", f"month={change.month:02}")
            folder = os.path.join(self.path, *month)
            # The days before the second change are of another month.
            for number in sorted({date.month for date in dates}):
                part = pl.DataFrame(rows, schema_overrides={"sequence": pl.Int64}).filter(pl.col("date").dt.month() == number)
                into = os.path.join(os.path.dirname(folder), f"month={number:02}")
                os.makedirs(into)
                part.write_parquet(os.path.join(into, "data.parquet"))

    def run(self, *args):
        """Runs the binary and returns what it printed."""
        env = {**os.environ, "BARKEEP_NOW": NOW}
        line = [self.binary, "-C", self.path, *args]
        done = subprocess.run(line, cwd=self.path, env=env, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(args)}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def shown(self, *options):
        """Returns (stock, date, close) of every bar, in order."""
        text = self.run("show", *TICKERS, "--interval", "1d", "--format", "csv", *options)
        rows = csv.DictReader(io.StringIO(text))
        return sorted((row["stock"], row["date"], float(row["close"])) for row in rows)

    def script(self, engine):
        """Returns the script of an engine."""
        return self.run("views", "--engine", engine, "--venue", "us:demo", "--factors", "factors.parquet")


def instant(wall):
    """Returns the earlier of two instants, and of a moment that the clock leaps over the one without the leap."""
    zone, early = zoneinfo.ZoneInfo(ZONE), datetime.timedelta(hours=3)
    found = wall.replace(tzinfo=zone).astimezone(datetime.UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall:
        found = (wall - early).replace(tzinfo=zone).astimezone(datetime.UTC) + early
    return found.replace(tzinfo=None)


def day(value):
    """Returns a date as `show` prints it."""
    return value.strftime("%Y-%m-%d")


class DuckDb:
    """DuckDB, which takes the script as SQL."""

    def __init__(self, workspace):
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(workspace.script("duckdb"))

    def rows(self, view, columns):
        """Returns rows of a view."""
        return self.connection.execute(f"SELECT {', '.join(columns)} FROM {view}").fetchall()


class Polars:
    """Polars, which takes the script as Python."""

    def __init__(self, workspace):
        self.names = {}
        exec(workspace.script("polars"), self.names)  # noqa: S102

    def rows(self, view, columns):
        """Returns rows of a view."""
        return self.names[view].select(columns).collect().rows()


class Spark:
    """Spark, which takes one statement of SQL at a time."""

    def __init__(self, workspace):
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        self.session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
        lines = [line for line in workspace.script("spark").splitlines() if not line.startswith("--")]
        for statement in "\n".join(lines).split(";\n"):
            if statement.strip():
                self.session.sql(statement.rstrip(";\n"))

    def rows(self, view, columns):
        """Returns rows of a view."""
        found = self.session.sql(f"SELECT {', '.join(columns)} FROM {view}").collect()
        return [tuple(row) for row in found]


def judge(engine, workspace):
    """Compares every view of an engine with what barkeep says; returns what differs."""
    wrong = []

    def expect(what, found, expected):
        if found != expected:
            differ = next(((a, b) for a, b in zip(found, expected) if a != b), None)
            wrong.append(f"{what}: {len(found)} rows for {len(expected)}, first difference {differ}")

    stored = workspace.shown()
    raw = sorted((stock, day(date), close) for stock, date, close in engine.rows(VIEW, ["stock", "date", "close"]))
    expect("raw", raw, stored)
    instants = workspace.shown("--utc")
    utc = engine.rows(VIEW, ["stock", "utc", "close"])
    spelled = sorted((stock, at.strftime("%Y-%m-%dT%H:%M:%SZ"), close) for stock, at, close in utc)
    expect("utc", spelled, instants)
    last = {stock: (stock, date, close) for stock, date, close in stored}
    found = engine.rows(f"{VIEW}_last", ["stock", "date", "close"])
    expect("last", sorted((stock, day(date), close) for stock, date, close in found), sorted(last.values()))
    found = engine.rows(HOURS, ["date", "utc"])
    expect("instants of changed clocks", sorted((date, utc.replace(tzinfo=None)) for date, utc in found),
           [(date, instant(date)) for date, _, _ in workspace.hours])
    expect("last hour", engine.rows(f"{HOURS}_last", ["date", "close", "volume"]), [workspace.hours[-1]])
    adjusted = workspace.shown("--adjust", "all")
    found = engine.rows(f"{VIEW}_adjusted", ["stock", "date", "close"])
    found = sorted((stock, day(date), close) for stock, date, close in found)
    expect("adjusted keys", [row[:2] for row in found], [row[:2] for row in adjusted])
    far = [(a, b) for a, b in zip(found, adjusted) if not math.isclose(a[2], b[2], rel_tol=1e-9)]
    if far:
        wrong.append(f"adjusted: {len(far)} closes differ, first {far[0]}")
    if all(math.isclose(a[2], b[2], rel_tol=1e-9) for a, b in zip(found, stored)):
        wrong.append("adjusted: nothing was adjusted, so nothing was tried")
    return wrong


def main():
    """Tries each engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("barkeep")
    parser.add_argument("--spark", action="store_true", help="try Spark as well, which needs a Java")
    args = parser.parse_args()
    engines = [DuckDb, Polars, *([Spark] if args.spark else [])]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(args.barkeep, folder)
        for engine in engines:
            began = datetime.datetime.now()
            wrong = judge(engine(workspace), workspace)
            seconds = (datetime.datetime.now() - began).total_seconds()
            print(f"{engine.__name__}: {'FAILED' if wrong else 'ok'}, {seconds:.1f} s")
            for line in wrong:
                print(f"  {line}")
            failed = failed or bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
