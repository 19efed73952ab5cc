"""The recipes of docs/readers.md for raw trades, over a mirror of two made-up days that were served and stored (table.py).

What a recipe ends with is compared with what Python counts in the published lines: how many, their turnover, and when they were traded.
"""

import collections
import datetime
import json
import math
import os

import posttrade
from support import Barkeep

# The instrument and the day that the page asks for.
ISIN = "DE0007164600"
DAY = datetime.date(2026, 9, 17)
MONTH = "xetra-2026-09.parquet"
# From where moments are counted, so that a sum of them is no number too large.
MIDNIGHT = datetime.datetime(DAY.year, DAY.month, DAY.day, tzinfo=datetime.timezone.utc)
MICRO = datetime.timedelta(microseconds=1)


class Counted:
    """What some lines come to."""

    def __init__(self, lines):
        self.count, self.turnover, self.times = 0, 0.0, 0
        for line in lines:
            self.count += 1
            self.turnover += line["price"] * line["quantity"]
            whole, _, fraction = line["tradingDateAndTime"].rstrip("Z").partition(".")
            moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
            # Microseconds, as readers have them.
            self.times += (moment - MIDNIGHT) // MICRO + int(fraction[:6])


class Trades:
    """A workspace of a feed with a mirror of two days of trades."""

    def __init__(self, binary, folder):
        self.barkeep = Barkeep(binary, os.path.join(folder, "trades"))
        self.made = posttrade.Day(8_000, instruments=40)
        self.days = [DAY, DAY + datetime.timedelta(days=1)]
        feed = posttrade.Feed()
        server = posttrade.Server(feed)
        os.mkdir(self.barkeep.workspace)
        with open(os.path.join(self.barkeep.workspace, "barkeep.toml"), "w", encoding="utf-8") as file:
            file.write(f'[sources."de:xetra"]\nkind = "posttrade"\nbase_url = "{server.base_url}"\nmax_requests = 0\n')
        self.barkeep.run("init", "--venue", "de:xetra")
        for day in self.days:
            feed.add_day(self.made, day)
            self.barkeep.now = f"{(day + datetime.timedelta(days=1)).isoformat()}T05:00:00Z"
            self.barkeep.run("update", "--venue", "de:xetra", "--non-interactive")
            self.mirror()
        server.close()

    def mirror(self, *options):
        """Runs `barkeep mirror` for them."""
        return self.barkeep.run("mirror", "--venue", "de:xetra", "--trades", *options).stdout.strip()

    def words(self):
        """Returns what stands in the page, and what it is here."""
        table = os.path.join(self.barkeep.workspace, "mirror", "de", "xetra", "trades", "files")
        return {"FOLDER": self.mirror("--path"), "TABLE": table, ISIN: posttrade.isin(0)}

    def lines(self, *days):
        """Returns the published lines of some days."""
        for day in days:
            for minute in sorted(self.made.lines):
                yield from map(json.loads, self.made.text(minute, day).decode().splitlines())

    def of_one(self):
        """Counts the lines of the instrument."""
        name = posttrade.isin(0)
        return Counted(line for line in self.lines(*self.days) if line["instrumentIdentificationCode"] == name)


def compare(what, found, expected, column="trade_time"):
    """Ends the program if a table of Arrow has other trades than were counted; what it does not have of them counts for nothing."""
    import pyarrow
    import pyarrow.compute as compute

    if found.num_rows != expected.count or not expected.count:
        raise SystemExit(f"{what}: {found.num_rows} trades, not {expected.count}")
    times = compute.cast(compute.cast(found[column], pyarrow.timestamp("us", found[column].type.tz)), pyarrow.int64())
    if compute.sum(compute.subtract(times, int(MIDNIGHT.timestamp()) * 10**6)).as_py() != expected.times:
        raise SystemExit(f"{what}: they were traded at other times")
    if "volume" in found.column_names:
        turnover = compute.sum(compute.multiply(found["price"], found["volume"])).as_py()
        if not math.isclose(turnover, expected.turnover, rel_tol=1e-9):
            raise SystemExit(f"{what}: a turnover of {turnover}, not {expected.turnover}")


def of_duckdb(trades, name, answers):
    """Judges what the three statements answer."""
    one, turnover, utc = answers
    compare(name, one, trades.of_one())
    times = one["trade_time"].to_pylist()
    if times != sorted(times):
        raise SystemExit(f"{name}: the trades are in no order")
    expected = collections.defaultdict(float)
    for line in trades.lines(DAY):
        expected[line["instrumentIdentificationCode"]] += line["price"] * line["quantity"]
    found = dict(zip(turnover["isin"].to_pylist(), turnover["turnover"].to_pylist()))
    if found.keys() != expected.keys() or not all(math.isclose(found[isin], expected[isin], rel_tol=1e-9) for isin in found):
        raise SystemExit(f"{name}: the turnovers of {DAY} are {found}, not {dict(expected)}")
    if utc["utc"].type.tz is None:
        raise SystemExit(f"{name}: `utc` is no instant")
    compare(f"{name}, utc", utc, trades.of_one(), "utc")


def of_month(trades, name, _answers):
    """Judges the file of a month."""
    import pyarrow.parquet

    made = pyarrow.parquet.read_table(os.path.join(trades.barkeep.workspace, MONTH))
    compare(name, made, Counted(trades.lines(*trades.days)))
    if made["isin"].to_pylist() != sorted(made["isin"].to_pylist()):
        raise SystemExit(f"{name}: it is not in the order of instruments")


def check(trades, chosen):
    """Runs recipes and judges what they end with. One of which nothing is known to judge is an error."""
    for recipe in chosen:
        names = recipe.names(trades.words())
        judged = [name for name in ("one", "utc", "day") if name in names]
        if "one" in names:
            compare(recipe.name, names["one"].to_arrow(), trades.of_one())
        if "utc" in names:
            compare(f"{recipe.name}, utc", names["utc"].to_arrow(), Counted(trades.lines(*trades.days)), "utc")
        if "day" in names:
            compare(f"{recipe.name}, a day", names["day"].to_arrow(), Counted(trades.lines(DAY)))
        if names["answers"]:
            judge = {"DuckDB, trades": of_duckdb, "A month in one file": of_month}[recipe.name]
            judge(trades, recipe.name, names["answers"])
            judged.append("answers")
        if not judged:
            raise SystemExit(f"{recipe.name} ends with nothing that could be compared")
        print(f"{recipe.name}: {', '.join(judged)} as counted", flush=True)


def prove_the_judge(trades):
    """A judge that finds nothing wrong with a trade too few, or with other times, would prove nothing."""
    import pyarrow.dataset

    folder = trades.mirror("--path")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".parquet")]
    whole = pyarrow.dataset.dataset(files).to_table()
    expected = Counted(trades.lines(*trades.days))
    compare("all trades", whole, expected)
    twice = pyarrow.concat_tables([whole.slice(1), whole.slice(1, 1)])
    for wrong in (whole.slice(1), twice):
        try:
            compare("wrong ones", wrong, expected)
        except SystemExit:
            continue
        raise SystemExit("what is wrong is not noticed")
