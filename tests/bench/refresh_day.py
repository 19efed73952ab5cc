"""Measures what bringing a mirror up to date costs after a new session of all tickers.

usage: refresh_day.py BARKEEP [--tickers N] [--sessions N] [--scratch FOLDER] [--gate]

Tickers of the demo source as 1m, with so many sessions of a month behind them and a mirror of these, are updated on one more session.
Prints one JSON document with the seconds of the processor that the refresh after it took, the median of three from the same state. With
--gate the exit code is 9 where it took more than 5 s for 9,276 tickers, and of fewer in proportion.
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import bounds

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from refresh_month import weekdays  # noqa: E402 - lies beside this file

ALL, BOUND = 9276, 5.0
FIRST = datetime.date(2025, 11, 3)
ROUNDS = 3


def run(binary, workspace, day, *args):
    """Runs barkeep on the night after a session, and returns the seconds of the processor that it took."""
    before = os.times()
    environment = {**os.environ, "BARKEEP_NOW": f"{day + datetime.timedelta(days=1)}T03:00:00Z"}
    subprocess.run([binary, "-C", workspace, *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def measure(binary, folder, tickers, sessions):
    """Returns what a refresh takes after one more session."""
    workspace, list_of = os.path.join(folder, "workspace"), os.path.join(folder, "tickers.txt")
    with open(list_of, "w", encoding="utf-8") as file:
        file.write("\n".join(f"Z{number:04}" for number in range(tickers)))
    *_, last, new = [FIRST, *weekdays(FIRST, sessions)]
    mirror, kept = os.path.join(workspace, "mirror"), os.path.join(folder, "kept")
    refresh = ("mirror", "--venue", "us:demo", "-i", "1m")
    os.mkdir(workspace)
    run(binary, workspace, last, "init", "--venue", "us:demo", "-i", "1m", "--tickers-file", list_of, "--partitioned")
    run(binary, workspace, last, "update", "--start", FIRST.isoformat(), "--end", last.isoformat())
    run(binary, workspace, last, *refresh)
    run(binary, workspace, new, "update", "--start", new.isoformat(), "--end", new.isoformat())
    os.rename(mirror, kept)
    seconds = []
    for _ in range(ROUNDS):
        subprocess.run(["cp", "-a", kept, mirror], check=True)
        seconds.append(run(binary, workspace, new, *refresh))
        shutil.rmtree(mirror)
    return {"tickers": tickers, "sessions": sessions, "refresh_cpu": round(statistics.median(seconds), 2), "all": seconds}


def main():
    """Measures it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--tickers", type=int, default=ALL)
    parser.add_argument("--sessions", type=int, default=17)
    parser.add_argument("--scratch")
    parser.add_argument("--gate", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
        result = measure(os.path.abspath(args.barkeep), folder, args.tickers, args.sessions)
    print(json.dumps(result))
    is_slow = result["refresh_cpu"] > BOUND * args.tickers / ALL
    bounds.end(["a refresh after a new session took longer than is promised"] if is_slow else [], args.gate)


if __name__ == "__main__":
    main()
