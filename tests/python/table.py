#!/usr/bin/env python3
"""Every recipe of docs/readers.md does what it says, over versions of a mirror and over its table; those of trades by table_trades.py.

    table.py BARKEEP [--only NAME]... [--except NAME]... [--workspace FOLDER --ticker TICKER --path MARKET/SOURCE/TREE]

A recipe is a name in bold and the blocks behind it. It is run as it stands there, with a workspace of the demo source in the place of
FOLDER and TABLE, and what it calls `one` and `last` (in SQL the first and the last statement) is compared with what `barkeep show` prints:
for the first version, after a day more, and for recipes of the table also as of the first version and after the folder was moved. At the
end an old version leaves while programs hold it: they must have all of it, or an error. Recipes of packages that are not installed are
an error too, so --only and --except name those that an environment has. With --workspace the recipes are timed on a workspace that is there.
"""

import argparse
import csv
import io
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
import warnings

import table_trades
from support import Barkeep

TICKERS = ["AAPL", "KO", "MSFT"]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "readers.md")
TREE = ("us", "demo", "stocks_1d")
# Seconds that a recipe takes at most in a process of its own, which is ended then.
LIMIT = 120
DAYS = ("2025-11-18T22:00:00Z", "2025-11-19T22:00:00Z", "2025-11-22T22:00:00Z")


class Recipe:
    """A recipe: its name and its blocks, as (language, text)."""

    def __init__(self, name, blocks):
        self.name, self.blocks = name, blocks

    @property
    def is_of_table(self):
        """Tells whether it reads the table."""
        return any("TABLE" in text for _, text in self.blocks)

    def run(self, folder, table, ticker="AAPL"):
        """Runs it, and returns the rows of one ticker and the last closes."""
        if not self.name.startswith(("ClickHouse", "Sail")):
            return self.run_here(folder, table, ticker)
        # The one reads what is below the folder in which its process begins, the other has one session in a process.
        with multiprocessing.get_context("spawn").Pool(1) as other:
            return other.apply_async(self.run_here, (folder, table, ticker)).get(LIMIT)

    def names(self, words):
        """Runs it in this process, with words in the place of others, and returns its names; among them what DuckDB answers."""
        names = {"answers": []}
        for language, text in self.blocks:
            for word, here in words.items():
                text = text.replace(word, here)
            if language == "sql":
                names["answers"] = [by_duckdb(line) for line in text.split(";") if line.strip()]
            elif language == "python":
                exec(text, names)  # noqa: S102
        return names

    def run_here(self, folder, table, ticker):
        """Runs it in this process."""
        names = self.names({"FOLDER": folder, "TABLE": table, "AAPL": ticker})
        if names["answers"]:
            names["one"], *_, names["last"] = names["answers"]
        one = sorted((str(row["date"])[:10], float(row["close"])) for row in rows_of(names["one"]))
        last = {row["stock"]: float(row["last"]) for row in rows_of(names["last"])} if "last" in names else None
        if "stop" in names:
            names["stop"]()
        return one, last


def by_duckdb(statement):
    """Returns what DuckDB answers, as a table of Arrow."""
    import duckdb

    return duckdb.connect().execute(statement).to_arrow_table()


def rows_of(found):
    """Returns rows of whatever a recipe ends with, as dictionaries."""
    if isinstance(found, list):
        return [row.asDict() for row in found]
    if hasattr(found, "to_pylist"):
        return found.to_pylist()
    if hasattr(found, "to_dicts"):
        return found.to_dicts()
    if hasattr(found, "to_dict"):
        return found.to_dict("records")
    raise AssertionError(f"a recipe ends with a {type(found)}")


def work_in(workspace, binary):
    """Goes into a workspace, where recipes call the program by its name."""
    os.environ["PATH"] = os.path.dirname(binary) + os.pathsep + os.environ["PATH"]
    os.chdir(workspace)


def recipes(section):
    """Returns the recipes of a section of the page, in order."""
    with open(PAGE, encoding="utf-8") as page:
        text = page.read()
    text = text.split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = []
    for part in re.split(r"^\*\*(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]:
        name = part.split("**")[0]
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)
        found.append(Recipe(name, blocks))
    return found


class Mirror:
    """A workspace of the demo source with a mirror."""

    def __init__(self, binary, folder):
        self.barkeep = Barkeep(binary, os.path.join(folder, "workspace"), now=DAYS[0])
        os.mkdir(self.barkeep.workspace)
        tickers = [word for ticker in TICKERS for word in ("--ticker", ticker)]
        self.barkeep.run("init", "--venue", "us:demo", "--partitioned", *tickers)
        self.root = os.path.join(self.barkeep.workspace, "mirror", *TREE)
        work_in(self.barkeep.workspace, self.barkeep.binary)
        self.come(DAYS[0])

    @property
    def table(self):
        """The root of the table."""
        return os.path.join(self.root, "files")

    def come(self, now, *options):
        """Has time go on, and brings tree and mirror up to date."""
        self.barkeep.now = now
        self.barkeep.run("update", "--quiet")
        self.barkeep.run("mirror", "--venue", "us:demo", "-i", "1d", *options)

    def folder(self):
        """The folder of the newest version."""
        return self.barkeep.run("mirror", "--path", "--venue", "us:demo", "-i", "1d").stdout.strip()

    def expected(self):
        """Returns the rows of one ticker and the last closes, as `show` prints them."""
        text = self.barkeep.run("show", *TICKERS, "--interval", "1d", "--format", "csv").stdout
        rows = sorted((row["stock"], row["date"], float(row["close"])) for row in csv.DictReader(io.StringIO(text)))
        return [(date, close) for stock, date, close in rows if stock == "AAPL"], {stock: close for stock, _, close in rows}


def compare(what, found, expected):
    """Ends the program if a recipe found something else."""
    if found[1] is None:  # It is about one ticker alone.
        expected = (expected[0], None)
    if found != expected:
        raise SystemExit(f"{what}: {len(found[0])} rows and {found[1]}, not {len(expected[0])} and {expected[1]}")


def check_versions(mirror, chosen):
    """Runs all recipes on two versions, and those of the table on what it was and elsewhere; returns what the first version had."""
    first = mirror.expected()
    for recipe in chosen:
        started = time.monotonic()
        compare(recipe.name, recipe.run(mirror.folder(), mirror.table), first)
        print(f"{recipe.name}: {len(first[0])} rows, {time.monotonic() - started:.1f} s", flush=True)
    mirror.come(DAYS[1])
    second = mirror.expected()
    if second == first:
        raise SystemExit("the demo source has no bars of one day more")
    for recipe in chosen:
        if recipe.name.startswith("Spark"):  # A cluster is started for each, and it reads files as it did.
            continue
        compare(f"{recipe.name}, a day later", recipe.run(mirror.folder(), mirror.table), second)
    moved = f"{mirror.root}_moved"
    shutil.copytree(mirror.root, moved, symlinks=True)
    for recipe in chosen:
        if recipe.is_of_table:
            compare(f"{recipe.name}, moved", recipe.run(mirror.folder(), os.path.join(moved, "files")), second)
    return first


def check_time_travel(mirror, first):
    """Reads the table as of its first version, and holds that until it has left."""
    import deltalake
    import polars

    was = deltalake.DeltaTable(mirror.table, version=1)
    lazy = polars.scan_delta(mirror.table, version=1).filter(polars.col("stock") == "AAPL")
    dataset = was.to_pyarrow_dataset()
    for what, count in (("deltalake", len(was.to_pandas(filters=[("stock", "=", "AAPL")]))), ("polars", len(lazy.collect()))):
        if count != len(first[0]):
            raise SystemExit(f"{what}, version 1: {count} rows, not {len(first[0])}")
    mirror.come(DAYS[1].replace("T22:00", "T22:30"), "--full")
    mirror.come(DAYS[2])
    mirror.come(DAYS[2].replace("T22:00", "T22:30"), "--full")
    # Nothing differs in the last one; it is there so that a version follows the one that followed the first.
    for what, read in (("deltalake", lambda: dataset.to_table().num_rows), ("polars", lambda: len(lazy.collect()))):
        try:
            count = read()
        except Exception as error:  # noqa: BLE001
            print(f"{what}, a version that is gone: {str(error).splitlines()[0][:100]}")
            continue
        raise SystemExit(f"{what} reads {count} rows of a version that is gone")
    log = sorted(os.listdir(os.path.join(mirror.table, "_delta_log")))
    if f"{1:020}.json" in log:
        raise SystemExit(f"the first version did not leave: {log}")
    table = deltalake.DeltaTable(mirror.table)
    if len(table.to_pandas(filters=[("stock", "=", "AAPL")])) != len(mirror.expected()[0]):
        raise SystemExit("the table that is left has other rows")


def check_writers(mirror):
    """No other program writes to the table, or takes anything of a version away."""
    import deltalake

    table = deltalake.DeltaTable(mirror.table)
    try:
        deltalake.write_deltalake(table, table.to_pyarrow_dataset().head(1), mode="append")
    except Exception as error:  # noqa: BLE001
        print(f"deltalake, writing: {str(error).splitlines()[0][:100]}")
    else:
        raise SystemExit("another program wrote to the table")
    gone = table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True, full=True)
    versions = [name for name in gone if name.startswith("..") or "/v" in name]
    if versions:
        raise SystemExit(f"cleaning up would take {versions}")


def measure(args, chosen):
    """Prints what each recipe takes on a workspace that is there, the second time of two; with the start of what has a process of its own."""
    root = os.path.join(os.path.abspath(args.workspace), "mirror", args.path)
    folder = os.path.realpath(os.path.join(root, "current"))
    work_in(args.workspace, args.barkeep)
    for recipe in chosen:
        for _ in range(2):
            wall, cpu = time.monotonic(), sum(os.times()[:4])
            one, last = recipe.run(folder, os.path.join(root, "files"), args.ticker)
            wall, cpu = time.monotonic() - wall, sum(os.times()[:4]) - cpu
        print(f"{recipe.name}: {len(one)} rows, {len(last or ())} closes: {wall * 1000:.0f} ms, {cpu * 1000:.0f} ms of the processor", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--except", action="append", default=[], dest="left_out")
    parser.add_argument("--workspace")
    parser.add_argument("--ticker", default="AAPL")
    parser.add_argument("--path", default="/".join(TREE))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    of_bars, of_trades = recipes("Recipes"), recipes("Trades")
    names = [recipe.name for recipe in of_bars + of_trades]
    for name in args.only + args.left_out:
        if name not in names:
            raise SystemExit(f"{name} is none of {names}")
    args.barkeep = os.path.abspath(args.barkeep)
    of_bars, of_trades = (
        [recipe for recipe in known if recipe.name not in args.left_out and (not args.only or recipe.name in args.only)]
        for known in (of_bars, of_trades)
    )
    if args.workspace:
        measure(args, of_bars)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if of_bars:
            mirror = Mirror(args.barkeep, folder)
            first = check_versions(mirror, of_bars)
            if any(recipe.is_of_table for recipe in of_bars):
                check_time_travel(mirror, first)
                check_writers(mirror)
        if of_trades:
            trades = table_trades.Trades(args.barkeep, folder)
            work_in(trades.barkeep.workspace, args.barkeep)
            table_trades.prove_the_judge(trades)
            table_trades.check(trades, of_trades)
    print(f"{len(of_bars + of_trades)} of {len(names)} recipes do what they say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
