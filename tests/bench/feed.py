"""Measures the ingest of a week of trades from a made-up feed on loopback.

usage: feed.py BARKEEP [--trades N] [--days N] [--scratch FOLDER] [--gate]

  daily    each morning one run, by the daily file of the day before (`freshness = "daily"`)
  minutes  each evening one run over the 1,320 minute files of the day (`freshness = "minutes"`), with bars of all instruments

Prints one JSON document: own seconds (of the processor, without the server), wall, peak memory, requests for each day, bytes of trades,
vault and bars. A run that does not store as many trades as were served is an error. With --gate the exit code is 9 when a bound is missed: 4 s of
own time for each day, by twice, since one binary took from 3.2 to 7.1 s on the hours of one day; 300 MiB; 10 requests for a day by daily files.
"""

import argparse
import datetime
import json
import os
import resource
import shutil
import sys
import tempfile

import bounds

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import posttrade  # noqa: E402 - lies in the neighbouring folder
import support  # noqa: E402

# A week of five days is to take 20 s.
BOUNDS = {"own_seconds_per_day": 4.0 * 2.0, "peak_mib": 300.0, "requests_per_day": 10.0}


def weekdays(count):
    """Returns so many trading days from the template's on."""
    days, day = [], posttrade.TEMPLATE
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += datetime.timedelta(days=1)
    return days


def bytes_below(folder):
    """Returns the bytes of all files below a folder."""
    return sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(folder) for name in names)


def own_seconds():
    """Returns the processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_week(binary, folder, made, days, freshness):
    """Runs one update for each day against a server that holds that day's files."""
    barkeep = support.Barkeep(binary, folder)
    barkeep.run("init", "--venue", "de:xetra")
    runs = []
    for day in days:
        feed = posttrade.Feed()
        feed.add_day(made, day, daily=freshness == "daily")
        server = posttrade.Server(feed)
        with open(os.path.join(barkeep.workspace, "barkeep.toml"), "w", encoding="utf-8") as file:
            file.write(f'[sources."de:xetra"]\nkind = "posttrade"\nbase_url = "{server.base_url}"\nfreshness = "{freshness}"\nmax_requests = 0\n')
        evening = "T23:00:00Z" if freshness == "minutes" else "T05:00:00Z"
        then = day if freshness == "minutes" else day + datetime.timedelta(days=1)
        barkeep.now = f"{then.isoformat()}{evening}"
        os.sync()
        before = own_seconds()
        command = barkeep.command("update", "--venue", "de:xetra", "--non-interactive", "--json")
        code, wall, memory, answer = support.peak_memory_run(command, barkeep.environment())
        own = own_seconds() - before
        server.close()
        if code != 0:
            raise RuntimeError(f"update ended with {code}: {answer[-2000:]}")
        stored = json.loads(answer.strip().splitlines()[-1])["feeds"][0]["trades"]["new"]
        if stored != made.count:
            raise RuntimeError(f"{made.count} trades were served, {stored} stored")
        runs.append({"day": day.isoformat(), "own_seconds": own, "wall": wall, "peak_mib": memory, "requests": len(server.requests)})
    parts = {name: bytes_below(os.path.join(folder, *path)) for name, path in
             {"trades": ("data", "de", "xetra", "trades"), "vault": ("vault",), "bars": ("data", "de", "xetra")}.items()}
    parts["bars"] -= parts["trades"]
    own = sum(run["own_seconds"] for run in runs)
    return {"own_seconds": own, "own_seconds_per_day": own / len(runs), "wall": sum(run["wall"] for run in runs),
            "peak_mib": max(run["peak_mib"] for run in runs), "requests_per_day": max(run["requests"] for run in runs),
            "bytes": parts, "runs": runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--trades", type=int, default=400_000)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--scratch", help="a folder on the file system to measure; kept")
    parser.add_argument("--gate", action="store_true", help="fail on misses")
    options = parser.parse_args()
    scratch = options.scratch or tempfile.mkdtemp(prefix="feed.")
    made, days = posttrade.Day(options.trades), weekdays(options.days)
    result = {"trades_per_day": made.count, "days": options.days}
    try:
        for freshness in ("daily", "minutes"):
            folder = os.path.join(scratch, freshness)
            os.makedirs(folder)
            result[freshness] = run_week(options.barkeep, folder, made, days, freshness)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch)
    print(json.dumps(result, indent=2), flush=True)
    missed = [f"{part}: {name} is {result[part][name]:.1f}, {bound} is promised" for part in ("daily", "minutes")
              for name, bound in BOUNDS.items() if result[part][name] > bound and not (part == "minutes" and name == "requests_per_day")]
    bounds.end(missed, options.gate)


if __name__ == "__main__":
    main()
