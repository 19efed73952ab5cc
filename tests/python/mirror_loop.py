#!/usr/bin/env python3
"""Reads a mirror in a loop while it is refreshed, killed and tidied: one whole state or a clean error, never a part.

    mirror_loop.py BARKEEP [--refreshes N] [--kills N]

Every update changes all rows and adds a day, so that the rows of two states never look like one. The clock moves on by a day
each time: what a reader holds is removed while it reads. One reader takes the folder that `current` leads to, the other one
lists `current` itself and opens the files a moment later, as a glob does.
"""

import argparse
import collections
import datetime
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

TICKERS = [f"T{number:02d}" for number in range(4)]
FIRST = datetime.date(2020, 1, 1)
DAYS = 20
BEGIN = datetime.datetime(2022, 1, 3, 22)
MIRROR = "mirror/us/mine/stocks_1d"


def fault(table):
    """Says what is wrong with what a reader got; None where it is one whole state."""
    states = table["volume"].unique().to_pylist()
    if len(states) != 1:
        return f"rows of {len(states)} states"
    keys = len(set(zip(table["stock"].to_pylist(), table["date"].to_pylist())))
    if keys != table.num_rows:
        return f"{table.num_rows - keys} rows twice"
    expected = len(TICKERS) * (DAYS + states[0])
    return None if keys == expected else f"{keys} of {expected} rows of state {states[0]}"


def prove_the_judge():
    """A judge that finds nothing wrong with a part would prove nothing."""
    def table(state, tickers, days):
        rows = [(name, FIRST + datetime.timedelta(day), state) for name in tickers for day in range(days)]
        return pa.table(dict(zip(("stock", "date", "volume"), map(list, zip(*rows)))))

    whole = table(3, TICKERS, DAYS + 3)
    assert fault(whole) is None
    assert fault(whole.slice(1)) is not None
    assert fault(pa.concat_tables([whole, whole.slice(0, 1)])) is not None
    assert fault(pa.concat_tables([table(3, TICKERS[1:], DAYS + 3), table(2, TICKERS[:1], DAYS + 3)])) is not None


def read(root, resolves):
    """Reads all rows of the state that `current` leads to."""
    folder = os.path.join(root, MIRROR, "current")
    if resolves:
        folder = os.path.join(root, MIRROR, os.readlink(folder))
    names = sorted(name for name in os.listdir(folder) if name.endswith(".parquet"))
    columns = ["stock", "date", "volume"]
    return pa.concat_tables([pq.read_table(os.path.join(folder, name), columns=columns, partitioning=None) for name in names])


def read_in_a_loop(root, resolves, stop, told):
    """Reads until it is told to stop, and tells what it met."""
    met = collections.Counter()
    states = set()
    while not stop.is_set():
        # The writer needs the processor, too.
        time.sleep(0.004)
        try:
            table = read(root, resolves)
        except FileNotFoundError:
            met["clean errors"] += 1
            continue
        wrong = fault(table)
        met["parts" if wrong else "whole"] += 1
        if wrong:
            told.put((resolves, dict(met), wrong, len(states)))
            return
        states.add(table["volume"][0].as_py())
    told.put((resolves, dict(met), None, len(states)))


def deliver(root, state):
    """Writes what the source has: every row names its state."""
    for at, name in enumerate(TICKERS):
        lines = ["Date,Open,High,Low,Close,Volume"]
        for number in range(DAYS + state):
            close = 10 + at + number % 7
            day = FIRST + datetime.timedelta(number)
            lines.append(f"{day},{close},{close + 1},{close - 1},{close},{state}")
        with open(os.path.join(root, "in", f"{name}.csv"), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")


def main():
    """Makes the workspace, refreshes and kills, and judges."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("barkeep")
    parser.add_argument("--refreshes", type=int, default=100)
    parser.add_argument("--kills", type=int, default=30)
    args = parser.parse_args()
    prove_the_judge()
    binary = os.path.abspath(args.barkeep)
    chance = random.Random(7)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "in"))
        with open(os.path.join(root, "barkeep.toml"), "w", encoding="utf-8") as out:
            out.write('[sources."us:mine"]\nkind = "files"\npath = "in"\ntimezone = "America/New_York"\nmirror = ["1d"]\n')

        def start(state, *words):
            now = BEGIN + datetime.timedelta(hours=25 * state)
            env = {**os.environ, "BARKEEP_NOW": f"{now.isoformat()}Z"}
            return subprocess.Popen([binary, "-C", root, "--quiet", *words], env=env, stdout=subprocess.DEVNULL)

        def update(state):
            deliver(root, state)
            if start(state, "update").wait(timeout=60) != 0:
                sys.exit(f"the update to state {state} failed")

        tickers = [word for name in TICKERS for word in ("--ticker", name)]
        if start(0, "init", "--venue", "us:mine", "--interval", "1d", "--partitioned", *tickers).wait(timeout=60) != 0:
            sys.exit("init failed")
        update(0)
        seconds = time.monotonic()
        update(1)
        seconds = time.monotonic() - seconds
        stop, told = multiprocessing.Event(), multiprocessing.Queue()
        readers = [multiprocessing.Process(target=read_in_a_loop, args=(root, resolves, stop, told)) for resolves in (True, False)]
        for reader in readers:
            reader.start()
        state, kills, late = 1, 0, 0
        killed = set(chance.sample(range(args.refreshes), min(args.kills, args.refreshes)))
        for number in range(args.refreshes):
            state += 1
            if number in killed:
                deliver(root, state)
                running = start(state, "update")
                time.sleep(chance.uniform(0.1, 0.9) * seconds)
                running.send_signal(signal.SIGKILL)
                late += running.wait() == 0
                kills += 1
            update(state)
        stop.set()
        outcomes = [told.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join()
        print(f"{args.refreshes} refreshes and {kills} kills, {late} of them too late, in {time.monotonic() - began:.0f} s")
        for resolves, met, wrong, states in outcomes:
            way = "a version" if resolves else "current"
            print(f"a reader of {way} met {states} states: {met}")
            if wrong:
                sys.exit(f"a reader of {way} got {wrong}")
            if states < 10:
                sys.exit(f"a reader of {way} met too few states to prove anything")
        if 3 * late > 2 * kills:
            sys.exit("most kills came after the end")
        left = [name for name in os.listdir(os.path.join(root, MIRROR)) if ".tmp-" in name]
        if left:
            sys.exit(f"left behind: {left}")


if __name__ == "__main__":
    main()
