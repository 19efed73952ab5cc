"""Kills or fails barkeep at every change it makes to the file system, recovers by a second run, and checks.

usage: sweep.py BARKEEP [--workload update,feed,migrate,delete,rollback] [--seconds 120] [--jobs 2]
                [--modes before,after,...] [--points N] [--verbose]

For each workload, for each of the K changes of an undisturbed run of it and for each mode: a fresh copy of the
workspace, a run with the fault at change N, then
  - every data file is its old or its new self, byte for byte, and none is gone that stays (the migrations tell more:
    see migration.py);
  - a run that says 0 in spite of a fault has left the undisturbed end state, and never swallows a failed sync;
  - no panic, no exit code that means a bug;
  - the same command once more ends with 0, in the undisturbed end state byte for byte, with nothing left in
    staging, no temporary files, every digest right, and `show` giving the rows of the source.
The workloads share the time.
When there are more points than the time allows, an even sample of them is taken. Exit 0: no violation (or skipped,
which is said), 1: violations, 2: the tool itself failed.
"""

import argparse
import collections
import concurrent.futures
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

import feed
import migration
import workload

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = "before,after,torn,EIO,ENOSPC+,SIGINT,SIGTERM2"
WORKLOADS = {each.name: each for each in (workload.Update, feed.Feed, migration.Migrate, migration.Delete, migration.Rollback)}
CANNOT_TRACE = 77
PANIC, BUG = 101, 70


class Fault(NamedTuple):
    """One point of the sweep."""

    mode: str
    call: int


class Interrupted(NamedTuple):
    """What became of one interrupted run."""

    code: int
    fired: bool
    what: str  # the call that was hit
    stderr: str


class Sweep:
    """One sweep over one workload."""

    def __init__(self, tool, work, barkeep, folder):
        self.tool, self.work, self.barkeep, self.folder = tool, work, barkeep, folder

    def fresh(self):
        """Returns a driver on this thread's fresh copy of the prepared workspace."""
        root = os.path.join(self.folder, f"run-{threading.get_ident()}")
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.barkeep.workspace, root, symlinks=True)
        return workload.support.Barkeep(self.barkeep.binary, root, now=self.barkeep.now)

    def interrupt(self, barkeep, fault):
        """Runs the command with a fault."""
        status = f"{barkeep.workspace}.status"
        command = [self.tool, barkeep.workspace, status, str(fault.call), fault.mode]
        done = subprocess.run(command + barkeep.command(*self.work.arguments()), capture_output=True, text=True,
                              env=barkeep.environment(), stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode == CANNOT_TRACE:
            raise CannotTrace
        if done.returncode:
            raise RuntimeError(f"syscut ended with {done.returncode}: {done.stderr}")
        with open(status, encoding="utf-8", errors="replace") as lines:
            calls = [line.rstrip("\n").split("\t") for line in lines]
        hit = next((call for call in calls if call[0] == str(fault.call)), ["", "?", "?"])
        return Interrupted(int(calls[-1][3]), calls[-1][2] == "1", " ".join(hit[1:]), done.stderr), calls[:-1]

    def wrong_at_once(self, barkeep, turn, fault, run):
        """Returns what is wrong right after the fault."""
        if run.code in (PANIC, BUG, 134, 139):
            return f"ended with {run.code}: {run.stderr[-200:]}"
        if fault.mode.startswith("SIG") and run.code not in self.work.stopped:
            return f"ended a stopped run with {run.code}: {run.stderr[-200:]}"
        if run.fired and run.code == 0:
            is_sync = run.what.startswith(("fsync", "syncfs")) and any(part in run.what for part in self.work.promised)
            if fault.mode.startswith("E") and is_sync:
                return "swallowed a failed sync"
            return self.work.whole(barkeep.workspace)
        return self.work.partly(barkeep, turn)

    def wrong_after_recovery(self, barkeep, turn):
        """Returns what is wrong after the same command has run once more."""
        done = barkeep.run(*self.work.arguments(), codes=range(256), timeout=120)
        if done.returncode:
            return f"recovery ended with {done.returncode}: {done.stderr.strip()[-300:]}"
        return self.work.recovered(barkeep, turn)

    def judge(self, turn, fault):
        """Returns (fault, call that was hit, violation or None)."""
        barkeep, what = self.fresh(), "?"
        try:
            run, _ = self.interrupt(barkeep, fault)
            what = run.what
            wrong = self.wrong_at_once(barkeep, turn, fault, run) or self.wrong_after_recovery(barkeep, turn)
            return fault, what, wrong
        except subprocess.TimeoutExpired:
            return fault, what, "hangs"
        except AssertionError as error:
            return fault, what, str(error)


class CannotTrace(Exception):
    """This machine does not let a process trace its child."""


def build_tool(folder):
    """Compiles syscut; returns its path, or raises CannotTrace."""
    if platform.machine() != "x86_64" or not sys.platform.startswith("linux") or not shutil.which("cc"):
        raise CannotTrace
    tool = os.path.join(folder, "syscut")
    subprocess.run(["cc", "-O2", "-Wall", "-std=gnu11", "-o", tool, os.path.join(HERE, "syscut.c")], check=True)
    return tool


def undisturbed(sweep):
    """Runs the command to its end, tells the workload what to expect, and returns how many changes it makes."""
    work, barkeep = sweep.work, sweep.fresh()
    run, calls = sweep.interrupt(barkeep, Fault("count", 0))
    if run.code:
        raise RuntimeError(f"the undisturbed run ended with {run.code}: {run.stderr}")
    work.expect(sweep.barkeep.workspace, barkeep.workspace)
    wrong = None if work.before != work.after else "nothing changed"
    for turn in range(len(work.rows())):
        wrong = wrong or work.recovered(barkeep, turn)
    if wrong:
        raise RuntimeError(f"the undisturbed run is not right: {wrong}")
    kinds = collections.Counter(call[1] for call in calls)
    print(f"  undisturbed: {len(calls)} changes ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})")
    return len(calls)


def sample(points, limit):
    """Returns at most `limit` points, evenly spread, in an order that leaves no end out when the time is up early."""
    count = min(limit, len(points)) if limit > 0 else len(points)
    chosen = [points[at * len(points) // count] for at in range(count)]
    random.Random(1).shuffle(chosen)
    return chosen


def run_points(sweep, points, jobs, seconds):
    """Judges points until the time is used up; yields the results."""
    deadline = time.monotonic() + seconds

    def judge(numbered):
        return None if time.monotonic() > deadline else sweep.judge(*numbered)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from (result for result in pool.map(judge, enumerate(points)) if result)


def measured_limit(sweep, calls, jobs, seconds):
    """Returns how many points fit the time, from the time that two of them take."""
    started = time.monotonic()
    for turn in range(2):
        sweep.judge(turn, Fault("after", 1 + turn * calls // 2))
    each = (time.monotonic() - started) / 2 / jobs
    return int(seconds / max(each, 0.001) * 0.9)


def sweep_workload(tool, work, folder, options, seconds):
    """Sweeps over one workload in a folder; tells whether something was done and nothing was wrong."""
    os.mkdir(folder)
    sweep = Sweep(tool, work, work.prepare(options.barkeep, folder), folder)
    calls = undisturbed(sweep)
    every = [Fault(mode, call) for call in range(1, calls + 1) for mode in options.modes.split(",")]
    points = sample(every, options.points or measured_limit(sweep, calls, options.jobs, seconds))
    done, violations = collections.Counter(), []
    for fault, what, violation in run_points(sweep, points, options.jobs, seconds):
        done[fault.mode] += 1
        if violation:
            violations.append(fault)
            if len(violations) <= 10 or options.verbose:
                print(f"  VIOLATION {fault.mode} at call {fault.call} ({what}): {violation}", flush=True)
    print(f"  {', '.join(f'{n} {mode}' for mode, n in done.items())}")
    counts = f"{sum(done.values())} of {len(every)} points, {len(violations)} violations"
    print(f"kill sweep of {work.name}: {counts}", flush=True)
    return bool(done) and not violations


def sweep_in(folder, options):
    """Runs the sweeps in a folder; returns the exit code."""
    tool = build_tool(folder)
    seconds = options.seconds / len(options.workload)
    verdicts = [sweep_workload(tool, WORKLOADS[name](), os.path.join(folder, name), options, seconds)
                for name in options.workload]
    return 0 if all(verdicts) else 1


def workloads(names):
    """Parses the names of workloads."""
    chosen = names.split(",")
    unknown = [name for name in chosen if name not in WORKLOADS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(WORKLOADS)}")
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--workload", type=workloads, default=list(WORKLOADS),
                        help="one or several, with commas; default: all")
    parser.add_argument("--seconds", type=float, default=120, help="the time for the points")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--modes", default=MODES)
    parser.add_argument("--points", type=int, default=0, help="this many, evenly spread; 0: what the time allows")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    folder = os.path.realpath(tempfile.mkdtemp(prefix="killsweep."))
    try:
        code = sweep_in(folder, options)
    except CannotTrace:
        print("kill sweep: skipped: needs ptrace and seccomp on x86-64 Linux, and cc")
        code = 0
    except (RuntimeError, AssertionError, OSError, subprocess.CalledProcessError) as error:
        print(f"kill sweep: the tool failed: {error}", file=sys.stderr)
        code = 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
