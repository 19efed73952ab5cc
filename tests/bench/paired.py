"""Compares two builds of barkeep: the rows of speed.py and migrate.py, both programs in turn in one run.

usage: paired.py BARKEEP OLDER [--rounds N] [--share N] [--scratch FOLDER] [--gate]

Each row is measured N times by each program, the two in turn and the first one changing each time, on workspaces of
their own with the same bars. Printed are the medians, and the median of the ratios of each pair: on a machine that
others use only these survive. Processor seconds are those of the whole process. `--share 10` takes a tenth of the 9,276
tickers and a fifth of the tickers of each shape. With --gate the exit code is 9 when a row is more than a tenth
slower in both wall and processor time.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile

import bounds
import migrate
import speed
import support

SLOWER = 1.10
SIDES = ("new", "old")


def turns(rounds):
    """Yields (number, side), so that neither program is always the first."""
    for number in range(rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            yield number, side


def measured(act):
    """Runs `act`, which returns wall seconds, and returns them with the processor seconds of its processes."""
    before = migrate.cpu_of_children()
    wall = act()
    return {"wall": wall, "cpu": migrate.cpu_of_children() - before}


class Pair:
    """The measurements of one row, by program."""

    def __init__(self, name):
        self.name, self.found = name, {side: [] for side in SIDES}

    def add(self, side, figures):
        """Takes in one measurement."""
        self.found[side].append(figures)

    def ratio(self, key):
        """Returns the median of new to old, pair by pair."""
        return statistics.median(new[key] / max(old[key], 1e-6) for new, old in zip(self.found["new"], self.found["old"]))

    def median(self, side, key):
        """Returns the median of one program."""
        return statistics.median(each[key] for each in self.found[side])

    def row(self):
        """Returns the row of the table."""
        cells = [self.name]
        for key in ("wall", "cpu"):
            cells += [f"{self.median('new', key):.3f} s", f"{self.median('old', key):.3f} s", f"{self.ratio(key):.2f}"]
        return f"| {' | '.join(cells)} |"

    def is_slower(self):
        """Tells whether the row is slower by more than the bound, by both clocks."""
        return min(self.ratio("wall"), self.ratio("cpu")) > SLOWER


def pair_history(binaries, scratch, rounds, days, name):
    """Imports `days` daily bars of 60 tickers, then adds five at a time."""
    tickers = speed.symbols(60)
    spaces = {side: speed.Workspace(binaries[side], os.path.join(scratch, name, side), "1d", tickers) for side in SIDES}
    first, more = Pair(f"import, 60 tickers, {name}"), Pair(f"5 new days, 60 tickers, {name}")
    for side in SIDES:
        times = speed.days_before(speed.HISTORY_END, days)
        first.add(side, measured(lambda side=side, times=times: spaces[side].update(times)["wall"]))
    for number, side in turns(rounds):
        times = speed.days_after(speed.HISTORY_END, speed.NEW_BARS * (number + 1))[-speed.NEW_BARS:]
        spaces[side].first_of_day(speed.at_night(times[-1]))
        more.add(side, measured(lambda side=side, times=times: spaces[side].update(times, seed=100 + number)["own"]))
    return [first, more]


def pair_cycle(binaries, scratch, rounds, count):
    """Adds five minutes at a time to the month of `count` tickers."""
    opening = speed.HISTORY_END + speed.datetime.timedelta(hours=9, minutes=30)
    minutes = [opening + speed.datetime.timedelta(minutes=at) for at in range(390)]
    begin = 390 - speed.NEW_BARS * rounds
    spaces = {side: speed.Workspace(binaries[side], os.path.join(scratch, "cycle", side), "1m", speed.symbols(count))
              for side in SIDES}
    night = speed.at_night(speed.HISTORY_END)
    pair = Pair(f"5 new minutes, {count} tickers")
    for side in SIDES:
        spaces[side].update(minutes[:begin], clock=night)
    for number, side in turns(rounds):
        at = begin + speed.NEW_BARS * number
        news = minutes[at:at + speed.NEW_BARS]
        pair.add(side, measured(lambda side=side, news=news: spaces[side].update(news, seed=2 + number, clock=night)["wall"]))
    return [pair]


def pair_idle(binaries, scratch, rounds):
    """Updates 1,000 tickers that are up to date."""
    pair = Pair("1,000 tickers without news")
    spaces = {}
    for side in SIDES:
        spaces[side] = speed.Workspace(binaries[side], os.path.join(scratch, "idle", side), "1d", speed.symbols(1000))
        spaces[side].update(speed.days_before(speed.HISTORY_END, 60))
    for _, side in turns(2 * rounds):
        pair.add(side, measured(lambda side=side: spaces[side].update()["wall"]))
    return [pair]


def pair_help(binaries, rounds):
    """Prints the help."""
    pair = Pair("--help")
    for _, side in turns(4 * rounds):
        command = [os.path.abspath(binaries[side]), "--help"]
        pair.add(side, measured(lambda command=command: support.peak_memory_run(command, dict(os.environ))[1]))
    return [pair]


def pair_migration(binaries, scratch, rounds, name, share):
    """Migrates one shape of legacy files."""
    shape = migrate.legacy_shapes.share_of(migrate.legacy_shapes.SHAPES[name], share)
    benches = {side: migrate.Bench(name, shape, binaries[side], os.path.join(scratch, "migrate", side)) for side in SIDES}
    pair = Pair(f"migrate {name}, {shape.tickers} tickers")
    for number, side in turns(rounds):
        found = benches[side].barkeep_round(number)
        pair.add(side, {"wall": found["wall"], "cpu": found["cpu"]})
    return [pair]


def measure(options, scratch):
    """Yields the rows as they are measured."""
    binaries = {"new": options.barkeep, "old": options.older}
    rounds = options.rounds
    # Migration first: ext4 creates files slowly for minutes after many were removed.
    for name in ("S1s", "S3", "S2"):
        yield from pair_migration(binaries, scratch, rounds, name, 5 if options.share > 1 else 1)
    yield from pair_history(binaries, scratch, rounds, 5040, "20 years")
    yield from pair_history(binaries, scratch, rounds, 252, "1 year")
    yield from pair_cycle(binaries, scratch, rounds, speed.ALL_TICKERS // options.share)
    yield from pair_idle(binaries, scratch, rounds)
    yield from pair_help(binaries, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("older")
    parser.add_argument("--rounds", type=int, default=5, help="of each program and row")
    parser.add_argument("--share", type=int, default=10, help="which part of the tickers; 1 takes all")
    parser.add_argument("--scratch", help="a folder on the file system to measure; kept")
    parser.add_argument("--gate", action="store_true", help="fail when a row is slower")
    options = parser.parse_args()
    scratch = options.scratch or tempfile.mkdtemp(prefix="paired.")
    os.makedirs(scratch, exist_ok=True)
    print("| row | new, wall | old, wall | ratio | new, processor | old, processor | ratio |")
    print(f"|{' --- |' * 7}")
    pairs = []
    for pair in measure(options, scratch):
        print(pair.row(), flush=True)
        pairs.append(pair)
    if not options.scratch:
        shutil.rmtree(scratch)
    slower = [pair.name for pair in pairs if pair.is_slower()]
    print(json.dumps({"slower": slower}))
    bounds.end(slower, options.gate)


if __name__ == "__main__":
    main()
