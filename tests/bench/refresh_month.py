"""Measures what keeping a mirror up to date for a month writes beside what the updates write.

usage: refresh_month.py BARKEEP [--scratch FOLDER] [--gate]

60 tickers of the demo source, as 1d with 20 years behind them and as 1m with two months, are updated on each of 20 sessions in a row.
Prints one JSON document: bytes of new files in the mirror and in the tree, and the first divided by the second. With --gate the exit
code is 9 where the mirror took more bytes than the tree.
"""

import argparse
import datetime
import glob
import json
import os
import sys
import tempfile

import bounds

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
from support import Barkeep  # noqa: E402 - lies in the neighbouring folder

TICKERS = [f"T{number:02}" for number in range(60)]
HISTORIES = {"1d": "2005-10-31", "1m": "2025-09-01"}
SESSIONS = 20


def bytes_of(pattern):
    """Returns how large each file is, by what tells it from the one that takes its place."""
    found = {}
    for path in glob.glob(pattern, recursive=True):
        about = os.stat(path)
        found[path, about.st_ino, about.st_mtime_ns] = about.st_size
    return found


def weekdays(after, count):
    """Returns so many days without weekends behind a day."""
    days = []
    while len(days) < count:
        after += datetime.timedelta(days=1)
        if after.weekday() < 5:
            days.append(after)
    return days


def month(binary, folder, interval, history):
    """Returns the bytes that a month of updates wrote into mirror and tree."""
    barkeep = Barkeep(binary, folder)
    with open(os.path.join(folder, "barkeep.toml"), "w", encoding="utf-8") as file:
        file.write(f'[sources."us:demo"]\nmirror = ["{interval}"]\n')
    tickers = [word for ticker in TICKERS for word in ("--ticker", ticker)]
    barkeep.run("init", "--venue", "us:demo", "--partitioned", "-i", interval, *tickers)
    patterns = {"mirror": f"{folder}/mirror/**/files/*.parquet", "tree": f"{folder}/data/us/**/data.parquet"}
    written, known = dict.fromkeys(patterns, 0), {}
    last, first = datetime.date(2025, 10, 31), history
    for day in [last, *weekdays(last, SESSIONS)]:
        barkeep.run("update", "--quiet", "-i", interval, "--start", first, "--end", day.isoformat())
        for name, pattern in patterns.items():
            found = bytes_of(pattern)
            new = found.keys() - known.get(name, found).keys()
            written[name] += sum(found[key] for key in new)
            known[name] = found
        first = (day - datetime.timedelta(days=3)).isoformat()
    return {**written, "ratio": round(written["mirror"] / written["tree"], 2)}


def main():
    """Measures both intervals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--scratch")
    parser.add_argument("--gate", action="store_true")
    args = parser.parse_args()
    measured = {}
    for interval, history in HISTORIES.items():
        with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
            workspace = os.path.join(folder, "workspace")
            os.mkdir(workspace)
            measured[interval] = month(os.path.abspath(args.barkeep), workspace, interval, history)
    print(json.dumps(measured, indent=2))
    if not all(one["tree"] for one in measured.values()):
        raise AssertionError("an update wrote nothing")
    bounds.end([f"a mirror of {interval} took more bytes than its tree" for interval, one in measured.items() if one["ratio"] > 1], args.gate)


if __name__ == "__main__":
    main()
