"""Times what readers ask of legacy files and of partitions: one ticker, one month of all tickers, everything.

Each question is the mean close and the number of rows. The legacy folder is asked as its users ask it, the
partitions by `**/*.parquet` and Hive columns, and then by the recipes that help: a pattern that matches only what is
asked for, a list of files, and for scans of everything one file that is made from the partitions once. A reader's
answers must agree, or the times compare nothing. The files are in memory; DuckDB's start is not counted.
"""

import datetime
import glob
import os
import statistics
import time

import duckdb
import polars

WAYS = ("**, hive", "narrow pattern", "file list", "one file")
HIVE_DUCKDB = "hive_partitioning = true, hive_types = {'ticker': VARCHAR, 'year': INT, 'month': INT}"
HIVE_POLARS = {"ticker": polars.String, "year": polars.Int64, "month": polars.Int64}


def by_duckdb(files, where=None, hive=False):
    """Returns what prepares a question to a new DuckDB, which remembers nothing; `files` is a pattern or a list."""
    how = HIVE_DUCKDB if hive else "hive_partitioning = false"
    chosen = f" where {where}" if where else ""
    query = f"select avg(close), count(*) from read_parquet(?, {how}){chosen}"

    def prepare():
        connection = duckdb.connect()
        return lambda: connection.execute(query, [files]).fetchone()
    return prepare


def by_polars(files, where=None, hive=False):
    """Returns what prepares a question to polars."""
    def ask():
        bars = polars.scan_parquet(files, hive_partitioning=hive, hive_schema=HIVE_POLARS if hive else None,
                                   glob=isinstance(files, str))
        bars = bars if where is None else bars.filter(where)
        return bars.select(polars.col("close").mean(), polars.len()).collect().row(0)
    return lambda: ask


def listed(pattern):
    """Returns the files of a pattern, as a program that knows the layout would list them."""
    return sorted(glob.glob(pattern, recursive=True))


class Store:
    """The two layouts of one interval, and the ticker and the month that are asked for."""

    def __init__(self, legacy, partitions, ticker, year, month):
        self.legacy, self.partitions = legacy, partitions
        self.ticker, self.year, self.month = ticker, year, month
        self.one_file = f"{partitions}.one.parquet"
        started = time.monotonic()
        duckdb.connect().execute(
            f"copy (from read_parquet('{partitions}/*/*/*/data.parquet', hive_partitioning = false) order by stock, date) "
            f"to '{self.one_file}' (format parquet, compression zstd)")
        self.one_file_seconds = time.monotonic() - started

    def everywhere(self, engine, question):
        """Returns the wildcard way through the partitions."""
        pattern = os.path.join(self.partitions, "**", "*.parquet")
        if engine == "duckdb":
            where = {"ticker": f"ticker = '{self.ticker}'",
                     "month": f"year = {self.year} and month = {self.month}"}
            return by_duckdb(pattern, where.get(question), hive=True)
        where = {"ticker": polars.col("ticker") == self.ticker,
                 "month": (polars.col("year") == self.year) & (polars.col("month") == self.month)}
        return by_polars(pattern, where.get(question), hive=True)

    def before(self, engine, question):
        """Returns the way through the legacy files: a file, or all of them with a range of dates."""
        files = os.path.join(self.legacy, f"{self.ticker if question == 'ticker' else '*'}.parquet")
        ask = by_duckdb if engine == "duckdb" else by_polars
        if question != "month":
            return ask(files)
        first = datetime.datetime(self.year, self.month, 1)
        after = datetime.datetime(self.year + self.month // 12, self.month % 12 + 1, 1)
        if engine == "duckdb":
            return ask(files, f"date >= timestamp '{first}' and date < timestamp '{after}'")
        return ask(files, (polars.col("date") >= first) & (polars.col("date") < after))

    def narrow(self, question):
        """Returns the pattern that matches only what is asked for."""
        places = {"ticker": (f"ticker={self.ticker}", "*", "*"), "all": ("*", "*", "*"),
                  "month": ("*", f"year={self.year}", f"month={self.month:02}")}
        return os.path.join(self.partitions, *places[question], "data.parquet")

    def ways(self, engine, question):
        """Returns name -> question, the legacy way first."""
        ask, narrow = (by_duckdb if engine == "duckdb" else by_polars), self.narrow(question)
        ways = {
            "legacy": self.before(engine, question),
            "**, hive": self.everywhere(engine, question),
            "narrow pattern": ask(narrow),
            "file list": ask(listed(narrow)),
        }
        return {**ways, "one file": ask(self.one_file)} if question == "all" else ways


def measure(store, rounds):
    """Returns (engine, question) -> way -> median seconds; the ways are asked in turn."""
    results = {}
    for engine in ("duckdb", "polars"):
        for question in ("ticker", "month", "all"):
            ways, seconds, answers = store.ways(engine, question), {}, {}
            for _ in range(rounds):
                for name, prepare in ways.items():
                    ask = prepare()
                    started = time.monotonic()
                    answers[name] = ask()
                    seconds.setdefault(name, []).append(time.monotonic() - started)
            check(f"{engine}, {question}", answers)
            results[engine, question] = {name: statistics.median(times) for name, times in seconds.items()}
    return results


def check(what, answers):
    """Raises if two ways found other rows; the mean depends on the order of adding up."""
    mean, count = answers["legacy"]
    for name, (other_mean, other_count) in answers.items():
        if not count or count != other_count or abs(mean - other_mean) > 1e-9 * abs(mean):
            raise AssertionError(f"{what}: {name} finds {other_mean} of {other_count}, legacy {mean} of {count}")


def markdown(shape, results):
    """Returns the rows of one shape for docs/performance.md."""
    words = {"ticker": "one ticker", "month": "one month", "all": "everything"}
    rows = []
    for (engine, question), seconds in results.items():
        old = seconds["legacy"]
        others = [f"{seconds[way] * 1000:.0f} ms ({seconds[way] / old:.2f})" if way in seconds else "" for way in WAYS]
        rows.append(f"| {shape} | {words[question]} | {engine} | {old * 1000:.1f} ms | {' | '.join(others)} |")
    return "\n".join(rows)
