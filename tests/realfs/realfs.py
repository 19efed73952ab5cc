"""Real shortages on real file systems: full, out of inodes, read-only, split over two disks, without power.

usage: realfs.py BARKEEP [--seconds 80] [--cuts 30] [--seed 1]

Each case runs the update of the kill sweep on a fresh copy of an image that is mounted through a loop device:
ext4, and xfs for space and power where mkfs.xfs is there.
  - full, or out of inodes, from the start: exit 14 with what is missing, before the first fetch, nothing changed;
  - full, or out of inodes, in the middle: exit 14, every data file its old or its new self; with space again, the
    next run arrives where an undisturbed one does, and nothing is left over;
  - read-only: a clean error before the first fetch, while `show` and `config show` work;
  - `data` on another disk, by mount or by link: staged there, committed there;
  - power cut at a random moment: after the next mount every partition that a `committed` event named is in its
    new state, every file is whole, and the next run arrives.
Without root or loop devices it is skipped, and says so. Exit 0: all held, 1: something did not, 2: the tool failed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "killsweep"), os.path.join(HERE, "..", "python")]
import disk  # noqa: E402 - beside this file
import support  # noqa: E402 - in a neighbouring folder
import workload  # noqa: E402 - in a neighbouring folder

NO_RESERVES = "\n[workspace]\nmin_free_bytes = 0\nmin_free_inodes = 0\n"
UPDATE = workload.update_arguments() + ["--json"]
# Space that lets the update begin, in bytes, and what it needs at most.
REMAINDERS = range(160 << 10, 960 << 10, 64 << 10)


def state(workspace):
    """Returns relative path -> digest of what two runs must agree in: data and registry."""
    left_out = tuple(name for name in workload.NOT_DATA if name != "state") + ("data", "barkeep.toml")
    found = workload.with_registry(workspace, support.tree_digests(workspace, left_out))
    found = {path: digest for path, digest in found.items()
             if not path.startswith("state")}
    data = os.path.realpath(os.path.join(workspace, "data"))
    return found | {os.path.join("data", path): digest
                    for path, digest in support.tree_digests(data, ("lost+found",)).items()}


class Bench:
    """A prepared workspace in an image of one kind of file system, and what an update makes of it."""

    def __init__(self, binary, kind, folder):
        self.kind, self.folder = kind, folder
        self.at = os.path.join(folder, "disk")
        os.makedirs(self.at, exist_ok=True)
        self.template = os.path.join(folder, f"{kind}.img")
        disk.make(kind, self.template)
        with disk.mounted(kind, self.template, self.at):
            self.barkeep = workload.prepare(binary, self.at)
            self.before = state(self.barkeep.workspace)
        with self.mounted():
            began = time.monotonic()
            self.barkeep.run(*UPDATE)
            self.seconds = time.monotonic() - began
            self.after = state(self.barkeep.workspace)
        if self.before == self.after or self.leftovers():
            raise disk.ToolFailed("the undisturbed update is not right")

    def mounted(self, options="loop"):
        """Mounts a fresh copy of the prepared disk."""
        image = disk.copy(self.template, os.path.join(self.folder, "copy.img"))
        return disk.mounted(self.kind, image, self.at, options)

    def again(self):
        """Mounts the copy once more."""
        return disk.mounted(self.kind, os.path.join(self.folder, "copy.img"), self.at)

    def without_reserves(self):
        """Lets an update use the disk to its last block."""
        with open(os.path.join(self.barkeep.workspace, "barkeep.toml"), "a", encoding="utf-8") as settings:
            settings.write(NO_RESERVES)

    def broken(self):
        """Returns what is wrong with the data files: each must be its old or its new self, and whole."""
        root = self.barkeep.workspace
        found = {path: digest for path, digest in state(root).items() if path.endswith(".parquet")}
        for path in sorted(set(found) | {path for path in self.before if path.endswith(".parquet")}):
            if ".partition-staging" in path:
                continue
            if found.get(path) not in (self.before.get(path), self.after.get(path)):
                return f"{path} is neither its old nor its new self"
            if path in found and support.file_digest_fault(os.path.join(root, path)):
                return f"{path} is damaged"
        return None

    def leftovers(self):
        """Returns the first file that a finished run should have removed."""
        for at, _, names in os.walk(self.barkeep.workspace, followlinks=True):
            for name in names:
                if workload.LEFT_OVER.search(name) or "partition-staging" in at:
                    return os.path.join(at, name)
        return None

    def incomplete(self):
        """Runs the update to its end; returns what differs from an undisturbed one."""
        done = self.barkeep.run(*UPDATE, codes=range(256), timeout=60)
        if done.returncode:
            return f"the next run ended with {done.returncode}: {done.stderr}{done.stdout[-300:]}"
        found = state(self.barkeep.workspace)
        for path in sorted(set(found) | set(self.after)):
            if found.get(path) != self.after.get(path):
                return f"{path} differs from the undisturbed end state"
        return self.leftovers()


def is_before_fetch(done):
    """Tells whether a run ended before it asked the source."""
    return '"fetched"' not in done.stdout and '"fetch_planned"' not in done.stdout


def full_from_the_start(bench, verdicts):
    """Disks on which no update should begin."""
    cases = {
        "little space": (lambda: disk.eat_bytes(bench.at, 1 << 20), "bytes left"),
        "no space at all": (lambda: disk.eat_bytes(bench.at, 0), ""),
        "few inodes": (lambda: disk.eat_inodes(bench.at, 20), "inodes left"),
        "no inodes at all": (lambda: disk.eat_inodes(bench.at, 0), ""),
    }
    for what, (shorten, said) in cases.items():
        with bench.mounted():
            shorten()
            done = bench.barkeep.run(*UPDATE, codes=range(256))
            told = done.stdout + done.stderr
            verdicts.check(done.returncode == 14, f"{what}: exit 14", f"{done.returncode} {told}")
            verdicts.check(said in told and "free " in told, f"{what}: says what is missing", told)
            verdicts.check(is_before_fetch(done), f"{what}: before the first fetch", told)
            verdicts.check(state(bench.barkeep.workspace) == bench.before, f"{what}: nothing changed")
            disk.give_back(bench.at)
            verdicts.check(not (wrong := bench.incomplete()), f"{what}: completes with space", wrong)


def full_in_the_middle(bench, verdicts):
    """Disks that fill up while the update works."""
    shortages = [("bytes", disk.eat_bytes, left) for left in REMAINDERS]
    if bench.kind == "ext4":
        shortages += [("inodes", disk.eat_inodes, left) for left in (40, 50, 60, 70, 80, 100)]
    ends = []
    for unit, eat, left in shortages:
        what = f"{bench.kind}, {left} {unit}"
        with bench.mounted():
            bench.without_reserves()
            eat(bench.at, left)
            done = bench.barkeep.run(*UPDATE, codes=range(256))
            ends.append(done.returncode)
            told = done.stdout[-300:] + done.stderr
            verdicts.check(done.returncode in (0, 14), f"{what}: exit 14", f"{done.returncode} {told}")
            verdicts.check(not (wrong := bench.broken()), f"{what}: old or new", wrong)
            disk.give_back(bench.at)
            verdicts.check(not (wrong := bench.incomplete()), f"{what}: completes with space", wrong)
    verdicts.check({0, 14} <= set(ends), f"{bench.kind}: some disks are too small and some are not", ends)
    print(f"  {bench.kind}: {ends.count(14)} of {len(ends)} disks were full in the middle")


def read_only(bench, verdicts):
    """A disk that may only be read."""
    with bench.mounted("loop,ro"):
        done = bench.barkeep.run(*UPDATE, codes=range(256))
        told = done.stdout + done.stderr
        verdicts.check(done.returncode == 1 and "read-only" in told, "read-only: a clean error", told)
        verdicts.check(is_before_fetch(done), "read-only: before the first fetch", told)
        verdicts.check(len(bench.barkeep.show("AAPL", "1d")) > 20, "read-only: show works")
        shown = bench.barkeep.run("config", "show", codes=range(256))
        verdicts.check(shown.returncode == 0, "read-only: config show works", shown.stderr)


def on_two_disks(bench, verdicts, by_link):
    """The data root on a disk of its own."""
    what = "data behind a link" if by_link else "data on a mount"
    other, image = os.path.join(bench.folder, "other"), os.path.join(bench.folder, "other.img")
    os.makedirs(other, exist_ok=True)
    disk.make("ext4", image)
    with bench.mounted():
        data = os.path.join(bench.barkeep.workspace, "data")
        aside = os.path.join(bench.at, "aside")
        os.rename(data, aside)
        os.symlink(other, data) if by_link else os.mkdir(data)
        with disk.mounted("ext4", image, other if by_link else data):
            shutil.copytree(aside, data, dirs_exist_ok=True)
            running = Update(bench.barkeep, "--limits", "4", "1")
            running.wait_for("fetched", 2)
            running.process.kill()
            running.end()
            staged = support.parquet_files(os.path.join(os.path.realpath(data), ".partition-staging"))
            verdicts.check(staged, f"{what}: staged on the disk of the data")
            verdicts.check(not (wrong := bench.broken()), f"{what}: old or new", wrong)
            verdicts.check(not (wrong := bench.incomplete()), f"{what}: completes", wrong)


class Update:
    """An update at work, whose events are read as they come."""

    def __init__(self, barkeep, *more):
        self.process = subprocess.Popen(barkeep.command(*UPDATE, *more), env=barkeep.environment(), text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events, self.grown = [], threading.Condition()
        self.readers = [threading.Thread(target=self.read), threading.Thread(target=self.process.stderr.read)]
        for reader in self.readers:
            reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.endswith("\n"):
                with self.grown:
                    self.events.append(json.loads(line))
                    self.grown.notify()

    def wait_for(self, name, count):
        """Waits until so many events of a name have come."""
        with self.grown:
            self.grown.wait_for(lambda: sum(event["event"] == name for event in self.events) >= count, timeout=20)

    def end(self):
        """Waits for the end; returns the exit code."""
        for reader in self.readers:
            reader.join()
        return self.process.wait()


def path_of(event):
    """Returns the file that a `committed` event speaks of."""
    ticker, interval, partition = event["ticker"], event["interval"], event["partition"]
    if partition == "whole":
        return f"data/legacy/stocks_{interval}/{ticker}.parquet"
    year, month = partition.split("-")
    folder = f"data/us/stooq/stocks_{interval}/ticker={ticker.replace('=', '%3D')}"
    return f"{folder}/year={year}/month={month}/data.parquet"


def cut_once(bench, after_seconds, is_frozen):
    """Cuts the power of a running update; returns the events of before."""
    with bench.mounted():
        running = Update(bench.barkeep)
        time.sleep(after_seconds)
        if is_frozen:
            # Whatever it has said is read before the cut, so that every promise counts.
            running.process.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
        with running.grown:
            promised = list(running.events)
        disk.cut_power(bench.at)
        running.process.kill()
        running.end()
        return promised


def judge_cut(bench, promised):
    """Returns what is wrong after the power came back."""
    with bench.again():
        found = state(bench.barkeep.workspace)
        for event in promised:
            if event["event"] == "committed" and found.get(path_of(event)) != bench.after[path_of(event)]:
                return f"{path_of(event)} was reported as committed and is lost"
        if promised and promised[-1]["event"] == "summary":
            lost = [path for path, digest in bench.after.items() if found.get(path) != digest]
            if lost:
                return f"the run was reported as done and has lost {lost}"
        return bench.broken() or bench.incomplete()


def power_cuts(bench, verdicts, options, deadline):
    """Cuts the power at random moments."""
    dice, done, promises = random.Random(options.seed), 0, 0
    for count in range(options.cuts):
        if time.monotonic() > deadline:
            break
        after_seconds = dice.uniform(0.0, 1.2 * bench.seconds)
        promised = cut_once(bench, after_seconds, is_frozen=count % 2 == 0)
        wrong = judge_cut(bench, promised)
        verdicts.check(not wrong, f"{bench.kind}: power cut {count} after {after_seconds:.3f} s", wrong)
        done += 1
        promises += sum(event["event"] == "committed" for event in promised)
    verdicts.check(done >= min(10, options.cuts), f"{bench.kind}: enough power cuts", done)
    print(f"  {bench.kind}: {done} power cuts, {promises} commits promised")


def check_all(options, folder, verdicts):
    """Runs every case; power cuts share the time that the others leave."""
    deadline = time.monotonic() + options.seconds
    bench = Bench(options.barkeep, "ext4", folder)
    full_from_the_start(bench, verdicts)
    full_in_the_middle(bench, verdicts)
    read_only(bench, verdicts)
    on_two_disks(bench, verdicts, by_link=False)
    on_two_disks(bench, verdicts, by_link=True)
    if not shutil.which("mkfs.xfs"):
        print("  xfs: skipped: no mkfs.xfs")
        return power_cuts(bench, verdicts, options, deadline)
    power_cuts(bench, verdicts, options, (time.monotonic() + deadline) / 2)
    xfs = Bench(options.barkeep, "xfs", folder)
    full_in_the_middle(xfs, verdicts)
    return power_cuts(xfs, verdicts, options, deadline)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--seconds", type=float, default=80, help="no power cut begins later")
    parser.add_argument("--cuts", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    verdicts = support.Verdicts("real file systems")
    folder = os.path.realpath(tempfile.mkdtemp(prefix="realfs."))
    try:
        if not disk.is_possible(folder):
            print("real file systems: skipped: needs root and loop devices")
            return
        check_all(options, folder, verdicts)
    except (disk.ToolFailed, AssertionError, OSError, subprocess.TimeoutExpired) as error:
        print(f"real file systems: the tool failed: {error}", file=sys.stderr)
        sys.exit(2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    verdicts.finish()


if __name__ == "__main__":
    main()
