"""Times what readers ask of legacy files, of partitions and of a mirror.

usage: scans.py BARKEEP [SHAPE...] [--share N] [--rounds N] [--scratch FOLDER] [--gate] [--table] [--arctic]

As a program it makes the legacy workspaces of `legacy_shapes`, mirrors them, and asks five questions of both: one ticker, one month of
all tickers, the mean of everything, the last close of each ticker, the average of its last 20 bars. It prints medians of times of the processor (`cpu`) and the ratios to
those over the legacy files, and what a refresh after nothing new takes. With --gate the exit code is 9 where a question takes more than 1.5 times as long
and 5 ms more, or the month and the mean more than 0.4 times. --table asks for one ticker by the table, too (package deltalake), and --arctic
reads everything into memory by polars and by ArcticDB (package arcticdb), which has it in LMDB; bounds are 1.5 times or 20 ms more, and 1.5 times.
Other programs here use what is below for legacy files and partitions.

Each question is the mean close and the number of rows. The legacy folder is asked as its users ask it, the
partitions by `**/*.parquet` and Hive columns, and then by the recipes that help: a pattern that matches only what is
asked for, a list of files, and for scans of everything one file that is made from the partitions once. A reader's
answers must agree, or the times compare nothing. The files are in memory; DuckDB's start is not counted.
"""

import argparse
import datetime
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bounds
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


FIVE = ("ticker", "month", "mean", "last", "average")
VENUE = "us:yahoo"


def five_by_duckdb(files, question, ticker, month):
    """Returns what prepares one of the five questions to a new DuckDB."""
    first, after = month
    where = {"ticker": f"where stock = '{ticker}'",
             "month": f"where date >= timestamp '{first}' and date < timestamp '{after}'"}.get(question, "")
    query = {
        "last": "select sum(last), count(*) from (select arg_max(close, date) as last from bars group by stock)",
        "average": "select sum(mean), count(*) from (select stock, date, avg(close) over (partition by stock order by date "
                   "rows between 19 preceding and current row) as mean from bars)",
    }.get(question, f"select avg(close), count(*) from bars {where}")

    def prepare():
        connection = duckdb.connect()
        connection.execute("set threads = 2")
        return lambda: connection.execute(f"with bars as (from read_parquet(?)) {query}", [files]).fetchone()
    return prepare


def five_by_polars(files, question, ticker, month):
    """Returns what prepares one of the five questions to polars."""
    def ask():
        bars = polars.scan_parquet(files)
        close, first, after = polars.col("close"), *month
        if question == "last":
            last = bars.group_by("stock").agg(close.sort_by("date").last())
            return last.select(close.sum(), polars.len()).collect().row(0)
        if question == "average":
            mean = bars.sort("stock", "date").select(close.rolling_mean(20, min_samples=1).over("stock"))
            return mean.select(close.sum(), polars.len()).collect().row(0)
        if question == "ticker":
            bars = bars.filter(polars.col("stock") == ticker)
        if question == "month":
            bars = bars.filter((polars.col("date") >= first) & (polars.col("date") < after))
        return bars.select(close.mean(), polars.len()).collect().row(0)
    return lambda: ask


def one_by_table(engine, table, ticker):
    """Returns what prepares the question for one ticker by the table: finding its files is part of the question."""
    import deltalake

    def by_duckdb_of_dataset():
        connection = duckdb.connect()
        connection.execute("set threads = 2")

        def ask():
            bars = deltalake.DeltaTable(table).to_pyarrow_dataset()
            connection.register("bars", bars)
            return connection.execute("select avg(close), count(*) from bars where stock = ?", [ticker]).fetchone()
        return ask

    def by_polars_scan():
        bars = polars.scan_delta(table).filter(polars.col("stock") == ticker)
        return bars.select(polars.col("close").mean(), polars.len()).collect().row(0)
    return by_duckdb_of_dataset if engine == "duckdb" else lambda: by_polars_scan


def against_arctic(folder, scratch, rounds):
    """Returns what reading everything into memory takes by polars and by ArcticDB, a symbol for each ticker; medians."""
    import arcticdb
    pattern = os.path.join(folder, "*.parquet")
    library = arcticdb.Arctic(f"lmdb://{scratch}/arctic?map_size=8GB").create_library("bars")
    # As a program of pandas keeps them: no pyarrow types, no column that says the same in each row.
    of_tickers = polars.read_parquet(pattern).sort("stock", "date").partition_by("stock", as_dict=True, include_key=False)
    library.write_batch([arcticdb.WritePayload(name, rows.to_pandas().set_index("date")) for (name,), rows in of_tickers.items()])
    symbols = sorted(name for name, in of_tickers)
    ways = {"polars": lambda: polars.read_parquet(pattern), "arctic": lambda: [read.data for read in library.read_batch(symbols)]}
    times, rows = {}, {}
    for _ in range(rounds):
        for way, read in ways.items():
            wall, cpu = time.monotonic(), time.process_time()
            found = read()
            times.setdefault(way, []).append((time.monotonic() - wall, time.process_time() - cpu))
            rows[way] = len(found) if way == "polars" else sum(map(len, found))
    if rows["polars"] != rows["arctic"]:
        raise AssertionError(f"rows differ: {rows}")
    wall, cpu = ({way: statistics.median(pair[at] for pair in pairs) for way, pairs in times.items()} for at in (0, 1))
    return {"rows": rows["polars"], "wall_ms": {way: round(took * 1000, 1) for way, took in wall.items()},
            "cpu_ms": {way: round(took * 1000, 1) for way, took in cpu.items()}, "wall_ratio": round(wall["polars"] / wall["arctic"], 2),
            "cpu_ratio": round(cpu["polars"] / cpu["arctic"], 2)}


def barkeep(program, workspace, *args):
    """Runs barkeep, and returns its standard output and the seconds of the processor that it took."""
    before = os.times()
    ran = subprocess.run([program, "-C", workspace, *args], check=True, stdout=subprocess.PIPE, text=True)
    after = os.times()
    return ran.stdout, sum(after[2:4]) - sum(before[2:4])


def mirror_of(program, shape_name, shape, workspace):
    """Makes a legacy workspace and its mirror; returns the tickers and what each took."""
    import legacy_shapes
    tickers, rows = legacy_shapes.make(workspace, shape)
    which = ("--venue", VENUE, "-i", shape.interval)
    _, made = barkeep(program, workspace, "mirror", *which)
    _, again = barkeep(program, workspace, "mirror", *which)
    barkeep(program, workspace, "mirror", "--verify", *which)
    folder = barkeep(program, workspace, "mirror", "--path", *which)[0].strip()
    middle = tickers[len(tickers) // 2]
    of_one = barkeep(program, workspace, "mirror", "--path", "--ticker", middle, *which)[0].split()
    return middle, folder, of_one, {"shape": shape_name, "rows": rows, "made_cpu": made, "nothing_new_cpu": again}


def ask_five(program, shape_name, shape, workspace, args):
    """Returns what the five questions take over the legacy files and over the mirror, and what else is asked for."""
    rounds = args.rounds
    ticker, folder, of_one, result = mirror_of(program, shape_name, shape, workspace)
    legacy = os.path.join(workspace, "data", "legacy", f"stocks_{shape.interval}")
    year = shape.first_year + shape.years - 1
    first = 1 if shape.sessions else 6
    month = (datetime.datetime(year, first, 1), datetime.datetime(year, first + 1, 1))
    result["questions"] = []
    for engine, ask in (("duckdb", five_by_duckdb), ("polars", five_by_polars)):
        for question in FIVE:
            old = os.path.join(legacy, f"{ticker}.parquet" if question == "ticker" else "*.parquet")
            new = of_one if question == "ticker" else os.path.join(folder, "*.parquet")
            ways, cpu, answers = {way: ask(files, question, ticker, month) for way, files in (("legacy", old), ("mirror", new))}, {}, {}
            if args.table and question == "ticker":
                ways["table"] = one_by_table(engine, os.path.join(os.path.dirname(folder), "files"), ticker)
            for _ in range(rounds):
                for way, prepare in ways.items():
                    asked = prepare()
                    started = time.process_time()
                    answers[way] = asked()
                    cpu.setdefault(way, []).append(time.process_time() - started)
            check(f"{shape_name}, {engine}, {question}", answers)
            took = {way: statistics.median(seconds) for way, seconds in cpu.items()}
            result["questions"].append({"engine": engine, "question": question,
                                        **{f"{way}_ms": round(seconds * 1000, 2) for way, seconds in took.items()},
                                        "ratio": round(took["mirror"] / took["legacy"], 2)})
    if args.arctic:
        result["memory"] = against_arctic(folder, workspace, rounds)
    return result


def is_slow(question):
    """Tells whether a question takes longer than the mirror promises."""
    before, after, ratio = question["legacy_ms"], question["mirror_ms"], question["ratio"]
    if question.get("table_ms", 0) > max(1.5 * before, before + 20):
        return True
    if question["question"] in ("month", "mean"):
        return ratio > 0.4
    return ratio > 1.5 and after > before + 5


def main():
    import legacy_shapes
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("shapes", nargs="*", default=["S1s", "S3", "S2"])
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scratch")
    for name in ("--gate", "--table", "--arctic"):
        parser.add_argument(name, action="store_true")
    args = parser.parse_args()
    missed = []
    for name in args.shapes:
        with tempfile.TemporaryDirectory(dir=args.scratch) as workspace:
            shape = legacy_shapes.share_of(legacy_shapes.SHAPES[name], args.share)
            result = ask_five(os.path.abspath(args.barkeep), name, shape, workspace, args)
        print(json.dumps(result, indent=1), flush=True)
        missed += [f"{name}: {question['question']} by {question['engine']}" for question in result["questions"] if is_slow(question)]
        if args.arctic and result["memory"]["cpu_ratio"] > 1.5:
            missed.append(f"{name}: everything into memory")
    bounds.end(missed, args.gate)


if __name__ == "__main__":
    main()
