#!/usr/bin/env python3
"""Times `barkeep export` of sixty tickers with a year of minutes each to Parquet, and its memory.

    export.py BARKEEP [--gate] [--tickers N] [--days N]

The bars are made up. pyarrow makes the same file of the same months in the same run, one month after the other; the gate holds
the median time and the memory of five runs of each against one another, its interpreter included. With what is read in memory.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bounds

NOW = "2025-11-21T22:00:00Z"
# Of what pyarrow takes, which does not look whether the bytes that it reads are those that were written.
MOST_TIME = 1.8
MOST_MEMORY = 0.8
ROUNDS = 5

PEER = """
import glob, resource, sys
import pyarrow as pa, pyarrow.parquet as pq
from pyarrow.parquet import ParquetFile, ParquetWriter
writer = None
for folder in sorted(glob.glob(sys.argv[1] + "/ticker=*")):
    for path in sorted(glob.glob(folder + "/*/*/data.parquet")):
        table = ParquetFile(path).read()
        writer = writer or ParquetWriter(sys.argv[2], table.schema, compression="snappy", use_dictionary=["stock"])
        writer.write_table(table, row_group_size=131072)
writer.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)
"""


def csv(folder, name, days):
    """Writes minutes of so many days of one ticker: 390 a day."""
    lines = ["date,open,high,low,close,volume\n"]
    price = 100.0
    for number in range(days):
        month, day = number // 21, number % 21 + 1
        year, month = 2024 + (month + 10) // 12, (month + 10) % 12 + 1
        for minute in range(390):
            price += ((minute * 7919 + number * 104729) % 13 - 6) / 100
            price = max(price, 1.0)
            hour, rest = divmod(570 + minute, 60)
            bar = f"{price:.2f},{price + 0.05:.2f},{price - 0.05:.2f},{price + 0.01:.2f},{(minute * 31 + number) % 5000 + 1}"
            lines.append(f"{year}-{month:02d}-{day:02d} {hour:02d}:{rest:02d}:00,{bar}\n")
    with open(os.path.join(folder, f"{name}.csv"), "w", encoding="utf-8") as out:
        out.writelines(lines)


def main():
    """Makes the workspace and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("barkeep")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--tickers", type=int, default=60)
    parser.add_argument("--days", type=int, default=252)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.abspath(args.barkeep)
        incoming = os.path.join(folder, "in", "1m")
        os.makedirs(incoming)
        names = [f"T{number:02d}" for number in range(args.tickers)]
        for name in names:
            csv(incoming, name, args.days)
        settings = '[workspace]\ndefault_venue = "us:mine"\n\n[sources."us:mine"]\nkind = "files"\npath = "in"\ntimezone = "America/New_York"\n'
        with open(os.path.join(folder, "barkeep.toml"), "w", encoding="utf-8") as out:
            out.write(settings)
        env = {**os.environ, "BARKEEP_NOW": NOW}

        def run(*words):
            subprocess.run([binary, "-C", folder, *words], env=env, check=True, stdout=subprocess.DEVNULL, timeout=1800)

        run("init", "--interval", "1m", "--partitioned", *[word for name in names for word in ("--ticker", name)])
        run("--quiet", "update")
        seconds, of_peer, memory_of_peer = [], [], []
        target = os.path.join(folder, "bars.parquet")
        tree = os.path.join(folder, "data", "us", "mine", "stocks_1m")
        for _ in range(ROUNDS):
            began = time.monotonic()
            run("--quiet", "export", "--force", "-o", target)
            seconds.append(time.monotonic() - began)
            began = time.monotonic()
            peer = subprocess.run([sys.executable, "-c", PEER, tree, os.path.join(folder, "peer.parquet")], check=True, capture_output=True,
                                  text=True, timeout=600)
            of_peer.append(time.monotonic() - began)
            memory_of_peer.append(int(peer.stdout))
        size = os.path.getsize(target)
        # Of all that ran, an update of a file of minutes among them; so it is measured in a process of its own.
        measured = subprocess.run(
            [sys.executable, "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
             "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", binary, "-C", folder, "--quiet", "export", "--force", "-o", target],
            env=env, check=True, capture_output=True, text=True, timeout=600)
        memory = int(measured.stdout.split()[-1]) << 10
        median = statistics.median(seconds)
        rows = args.tickers * args.days * 390
        print(f"{rows:,} bars: {median:.2f} s, {memory / 2**20:.0f} MiB of memory, {size / 2**20:.0f} MiB of Parquet")
        time_ratio = median / statistics.median(of_peer)
        memory_ratio = memory / statistics.median(memory_of_peer)
        print(f"of pyarrow's: {time_ratio:.2f} of the time, {memory_ratio:.2f} of the memory")
        bounds.end([f"{ratio:.2f} of the {what}, {most} is promised" for what, ratio, most in
                    (("time", time_ratio, MOST_TIME), ("memory", memory_ratio, MOST_MEMORY)) if ratio > most], args.gate)


if __name__ == "__main__":
    main()
