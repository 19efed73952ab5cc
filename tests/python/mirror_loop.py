#!/usr/bin/env python3
"""Reads a mirror in a loop while it is refreshed, killed and tidied: one whole state or a clean error, never a part.

    mirror_loop.py BARKEEP [--only bars|trades] [--refreshes N] [--kills N]

Every update of bars changes all rows and adds a day, so that the rows of two states never look like one; one of trades adds a day,
and a late trade to the day before, whose file is another one then. The clock moves on by a day each time: what a reader holds is
removed while it reads. One reader takes the folder that `current` leads to, the other one lists `current` itself and opens the files
a moment later, as a glob does.
"""

import argparse
import collections
import datetime
import gzip
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq

import posttrade


class Bars:
    """Bars of a folder of CSV files: every row names its state."""

    MIRROR = "mirror/us/mine/stocks_1d"
    COLUMNS = ["stock", "date", "volume"]
    REFRESHES, KILLS = 100, 30
    TICKERS = [f"T{number:02d}" for number in range(4)]
    INIT = ["init", "--venue", "us:mine", "--interval", "1d", "--partitioned", *(word for name in TICKERS for word in ("--ticker", name))]
    FIRST = datetime.date(2020, 1, 1)
    DAYS = 20
    BEGIN = datetime.datetime(2022, 1, 3, 22)

    def __init__(self, root):
        self.root = root
        os.makedirs(os.path.join(root, "in"))
        self.settings = '[sources."us:mine"]\nkind = "files"\npath = "in"\ntimezone = "America/New_York"\nmirror = ["1d"]\n'

    def now(self, state):
        """Returns when a state is updated to."""
        return self.BEGIN + datetime.timedelta(hours=25 * state)

    def deliver(self, state):
        """Writes what the source has."""
        for at, name in enumerate(self.TICKERS):
            lines = ["Date,Open,High,Low,Close,Volume"]
            for number in range(self.DAYS + state):
                close = 10 + at + number % 7
                day = self.FIRST + datetime.timedelta(number)
                lines.append(f"{day},{close},{close + 1},{close - 1},{close},{state}")
            with open(os.path.join(self.root, "in", f"{name}.csv"), "w", encoding="utf-8") as out:
                out.write("\n".join(lines) + "\n")

    @classmethod
    def fault(cls, table):
        """Says what is wrong with what a reader got; None where it is one whole state."""
        states = table["volume"].unique().to_pylist()
        if len(states) != 1:
            return f"rows of {len(states)} states"
        keys = len(set(zip(table["stock"].to_pylist(), table["date"].to_pylist())))
        if keys != table.num_rows:
            return f"{table.num_rows - keys} rows twice"
        expected = len(cls.TICKERS) * (cls.DAYS + states[0])
        return None if keys == expected else f"{keys} of {expected} rows of state {states[0]}"

    @staticmethod
    def state_of(table):
        """Returns which state a whole one is."""
        return table["volume"][0].as_py()

    @classmethod
    def prove_the_judge(cls):
        """A judge that finds nothing wrong with a part would prove nothing."""
        def table(state, tickers, days):
            rows = [(name, cls.FIRST + datetime.timedelta(day), state) for name in tickers for day in range(days)]
            return pa.table(dict(zip(cls.COLUMNS, map(list, zip(*rows)))))

        whole = table(3, cls.TICKERS, cls.DAYS + 3)
        assert cls.fault(whole) is None
        assert cls.fault(whole.slice(1)) is not None
        assert cls.fault(pa.concat_tables([whole, whole.slice(0, 1)])) is not None
        assert cls.fault(pa.concat_tables([table(3, cls.TICKERS[1:], cls.DAYS + 3), table(2, cls.TICKERS[:1], cls.DAYS + 3)])) is not None

    def close(self):
        """Nothing is open."""


class Trades:
    """Trades of a feed: state N has N + 1 days, and each but the last one a late trade."""

    MIRROR = "mirror/de/xetra/trades"
    COLUMNS = ["trans_id", "trade_time"]
    REFRESHES, KILLS = 40, 12
    INIT = ["init", "--venue", "de:xetra"]
    TRADES = 25
    # Days on which Xetra trades, from a Monday on.
    WEEKDAYS = [day for day in (datetime.date(2026, 1, 5) + datetime.timedelta(number) for number in range(80)) if day.weekday() < 5]

    def __init__(self, _root):
        self.feed = posttrade.Feed()
        self.server = posttrade.Server(self.feed)
        self.settings = f'[sources."de:xetra"]\nkind = "posttrade"\nbase_url = "{self.server.base_url}"\nmax_requests = 0\nmirror = ["1d"]\n'

    def now(self, state):
        """Returns when a state is updated to."""
        morning = datetime.datetime.combine(self.WEEKDAYS[state], datetime.time(5))
        return morning + datetime.timedelta(days=1, minutes=state)

    def deliver(self, state):
        """Publishes the file of a day, with a late trade of the day before."""
        day = self.WEEKDAYS[state]
        text = [self.line(day, number) for number in range(self.TRADES)]
        if state:
            text.append(self.line(self.WEEKDAYS[state - 1], self.TRADES))
        name = f"{self.feed.code}-posttrade-daily-{day.isoformat()}.json.gz"
        self.feed.files = {name: gzip.compress("".join(text).encode(), 1, mtime=0)}

    @staticmethod
    def line(day, number):
        """Returns a published line of a day."""
        line = posttrade.line(number % 3, 50 + number, 10, 9 * 60 + number, 0, number, "2")
        old = posttrade.TEMPLATE
        return line.replace(old.isoformat(), day.isoformat()).replace(f"{old:%Y%m%d}", f"{day:%Y%m%d}")

    @classmethod
    def fault(cls, table):
        """Says what is wrong with what a reader got; None where it is one whole state."""
        keys = len(set(table["trans_id"].to_pylist()))
        if keys != table.num_rows:
            return f"{table.num_rows - keys} trades twice"
        counts = collections.Counter(moment.date() for moment in table["trade_time"].to_pylist())
        days = sorted(counts)
        if days != cls.WEEKDAYS[:len(days)] or not days:
            return f"{len(days)} days that do not follow one another"
        expected = [cls.TRADES + 1] * (len(days) - 1) + [cls.TRADES]
        return None if [counts[day] for day in days] == expected else f"{table.num_rows} of {sum(expected)} trades of {len(days)} days"

    @staticmethod
    def state_of(table):
        """Returns which state a whole one is."""
        return table.num_rows

    @classmethod
    def prove_the_judge(cls):
        """As of bars."""
        def table(days, late):
            rows = [(day, number) for day in days for number in range(cls.TRADES + (day in late))]
            times = [datetime.datetime.combine(day, datetime.time(9, number)) for day, number in rows]
            return pa.table({"trans_id": [f"{day} {number}" for day, number in rows], "trade_time": times})

        first, second, third = cls.WEEKDAYS[:3]
        whole = table([first, second, third], [first, second])
        assert cls.fault(whole) is None
        assert cls.fault(whole.slice(1)) is not None
        assert cls.fault(pa.concat_tables([whole, whole.slice(0, 1)])) is not None
        assert cls.fault(table([first, third], [first])) is not None
        assert cls.fault(table([first, second, third], [first])) is not None
        assert cls.fault(table([first, second], [first, second])) is not None

    def close(self):
        """Ends the server."""
        self.server.close()


def read(kind, root, resolves):
    """Reads all rows of the state that `current` leads to."""
    folder = os.path.join(root, kind.MIRROR, "current")
    if resolves:
        folder = os.path.join(root, kind.MIRROR, os.readlink(folder))
    names = sorted(name for name in os.listdir(folder) if name.endswith(".parquet"))
    return pa.concat_tables([pq.read_table(os.path.join(folder, name), columns=kind.COLUMNS, partitioning=None) for name in names])


def read_in_a_loop(kind, root, resolves, stop, told):
    """Reads until it is told to stop, and tells what it met."""
    met = collections.Counter()
    states = set()
    while not stop.is_set():
        # The writer needs the processor, too.
        time.sleep(0.004)
        try:
            table = read(kind, root, resolves)
        except FileNotFoundError:
            met["clean errors"] += 1
            continue
        wrong = kind.fault(table)
        met["parts" if wrong else "whole"] += 1
        if wrong:
            told.put((resolves, dict(met), wrong, len(states)))
            return
        states.add(kind.state_of(table))
    told.put((resolves, dict(met), None, len(states)))


def judge(kind, outcomes, kills, late):
    """Ends the program where a reader got a part, or met too little to prove anything."""
    for resolves, met, wrong, states in outcomes:
        way = "a version" if resolves else "current"
        print(f"a reader of {way} met {states} states: {met}", flush=True)
        if wrong:
            sys.exit(f"a reader of {way} got {wrong}")
        if states < 10:
            sys.exit(f"a reader of {way} met too few states to prove anything")
    if 3 * late > 2 * kills:
        sys.exit(f"{kind.__name__}: most kills came after the end")


def loop(kind, binary, root, refreshes, kills):
    """Makes a workspace, refreshes and kills, and judges."""
    kind.prove_the_judge()
    chance, began = random.Random(7), time.monotonic()
    world = kind(root)
    with open(os.path.join(root, "barkeep.toml"), "w", encoding="utf-8") as out:
        out.write(world.settings)

    def start(state, *words):
        env = {**os.environ, "BARKEEP_NOW": f"{world.now(state).isoformat()}Z"}
        return subprocess.Popen([binary, "-C", root, "--quiet", *words], env=env, stdout=subprocess.DEVNULL)

    def update(state):
        world.deliver(state)
        if start(state, "update").wait(timeout=60) != 0:
            sys.exit(f"the update to state {state} failed")

    if start(0, *kind.INIT).wait(timeout=60) != 0:
        sys.exit("init failed")
    update(0)
    seconds = time.monotonic()
    update(1)
    seconds = time.monotonic() - seconds
    stop, told = multiprocessing.Event(), multiprocessing.Queue()
    readers = [multiprocessing.Process(target=read_in_a_loop, args=(kind, root, resolves, stop, told)) for resolves in (True, False)]
    for reader in readers:
        reader.start()
    state, late = 1, 0
    killed = set(chance.sample(range(refreshes), min(kills, refreshes)))
    for number in range(refreshes):
        state += 1
        if number in killed:
            world.deliver(state)
            running = start(state, "update")
            time.sleep(chance.uniform(0.1, 0.9) * seconds)
            running.send_signal(signal.SIGKILL)
            late += running.wait() == 0
        update(state)
    stop.set()
    outcomes = [told.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join()
    world.close()
    took = time.monotonic() - began
    print(f"{kind.__name__}: {refreshes} refreshes and {len(killed)} kills, {late} of them too late, in {took:.0f} s", flush=True)
    judge(kind, outcomes, len(killed), late)
    left = [name for name in os.listdir(os.path.join(root, kind.MIRROR)) if ".tmp-" in name]
    if left:
        sys.exit(f"left behind: {left}")


def main():
    """Does it with bars, and with trades."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("barkeep")
    kinds = {"bars": Bars, "trades": Trades}
    parser.add_argument("--only", choices=kinds)
    parser.add_argument("--refreshes", type=int)
    parser.add_argument("--kills", type=int)
    args = parser.parse_args()
    for name, kind in kinds.items():
        if args.only in (None, name):
            refreshes = kind.REFRESHES if args.refreshes is None else args.refreshes
            kills = kind.KILLS if args.kills is None else args.kills
            with tempfile.TemporaryDirectory() as root:
                loop(kind, os.path.abspath(args.barkeep), root, refreshes, kills)


if __name__ == "__main__":
    main()
