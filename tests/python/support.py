"""What the Python checks share: driving the binary, generated bars, rows, trees and verdicts.

Standard library only, so that the kill sweep and the benchmark run without any package.
"""

import csv
import datetime
import hashlib
import json
import os
import random
import re
import struct
import subprocess
import sys
from typing import NamedTuple

VENUE = "us:stooq"
HEADER = ["stock", "date", "open", "high", "low", "close", "volume", "sequence"]
EPOCH = datetime.datetime(1970, 1, 1)
# Names that readers like to misread: a number, a truth value, path characters, an index.
AWKWARD_TICKERS = ["0700", "TRUE", "^GSPC", "BRK.B", "EURUSD=X"]
DIGEST_SLOT = re.compile(rb"barkeep\.file_sha256\x18\x40([0-9a-f]{64})")


class Row(NamedTuple):
    """One bar; `None` is null. The date is wall clock without a zone."""

    stock: str
    date: datetime.datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int | None
    sequence: int | None

    def exact(self):
        """Returns the row with floats as their bits, so that equality is bit for bit."""
        bits = [None if p is None else struct.pack("<d", p) for p in self[2:6]]
        return (self.stock, microseconds(self.date), *bits, self.volume, self.sequence)


def microseconds(date):
    """Returns the microseconds from 1970 to a wall-clock time."""
    return (date - EPOCH) // datetime.timedelta(microseconds=1)


def from_microseconds(count):
    """Returns the wall-clock time that is `count` microseconds after 1970."""
    return EPOCH + datetime.timedelta(microseconds=count)


class Barkeep:
    """Runs the binary on one workspace; every call has a time limit and a checked exit code."""

    def __init__(self, binary, workspace, now="2026-11-20T22:00:00Z"):
        self.binary = os.path.abspath(binary)
        self.workspace = os.path.abspath(workspace)
        self.now = now

    def environment(self):
        """Returns the environment with the frozen clock and nothing of the caller's settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BARKEEP_")}
        return dict(kept, BARKEEP_NOW=self.now, NO_COLOR="1")

    def command(self, *arguments):
        """Returns the whole command line."""
        return [self.binary, "-C", self.workspace, *arguments]

    def run(self, *arguments, codes=(0,), timeout=600):
        """Runs a command and returns the finished process; an exit code not in `codes` is an error."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment(), capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=timeout,
        )
        if done.returncode not in codes:
            raise AssertionError(f"barkeep {' '.join(arguments)[:200]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done

    def init(self, interval, tickers, venue=VENUE, partitioned=True):
        """Prepares the workspace for some tickers."""
        os.makedirs(self.workspace, exist_ok=True)
        names = os.path.join(self.workspace, "tickers.txt")
        with open(names, "w", encoding="utf-8") as out:
            out.writelines(f"{ticker}\n" for ticker in tickers)
        layout = ["--partitioned"] if partitioned else []
        done = self.run("init", "--venue", venue, "--interval", interval, "--tickers-file", names, *layout)
        os.remove(names)
        return done

    def import_from(self, folder, venue=VENUE, **settings):
        """Makes a folder the files source of the venue; settings are keys of its table."""
        keys = {"kind": "files", "path": os.path.abspath(folder), **settings}
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in keys.items()]
        with open(os.path.join(self.workspace, "barkeep.toml"), "w", encoding="utf-8") as out:
            out.writelines([f'[sources."{venue}"]\n', *lines])

    def update(self, *more, venue=VENUE, codes=(0,), timeout=1800):
        """Runs an update and returns its summary, with the exit code as `exit`."""
        done = self.run("update", "--venue", venue, "--non-interactive", "--json", *more, codes=codes, timeout=timeout)
        return dict(summary_of(done.stdout), exit=done.returncode)

    def show(self, ticker, interval, venue=VENUE, codes=(0,)):
        """Returns the stored rows of one series, as `show` prints them."""
        done = self.run("show", ticker, "--interval", interval, "--venue", venue, "--format", "csv", codes=codes)
        return parse_show(done.stdout) if done.returncode == 0 else []


def summary_of(stdout):
    """Returns the last JSON line, which must be the summary; other commands' output gives an empty one."""
    lines = [line for line in stdout.splitlines() if line.strip()]
    if not lines:
        return {}
    last = json.loads(lines[-1])
    assert last.get("event") == "summary", f"the last line is no summary: {lines[-1][:200]}"
    return last


def parse_show(text):
    """Parses the CSV that `show` prints."""
    lines = csv.reader(text.splitlines())
    assert next(lines) == HEADER, "show prints another header"
    return [row_of(line) for line in lines]


def row_of(cells):
    """Returns a row from the eight text cells of one line."""
    prices = [float(cell) if cell else None for cell in cells[2:6]]
    counts = [int(cell) if cell else None for cell in cells[6:8]]
    return Row(cells[0], datetime.datetime.fromisoformat(cells[1]), *prices, *counts)


def session_days(first, count):
    """Returns `count` weekdays from a date on."""
    days, day = [], first
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += datetime.timedelta(days=1)
    return days


def bars(ticker, times, seed=1):
    """Returns made-up bars, the same ones for the same arguments on every machine."""
    dice = random.Random(f"{seed}/{ticker}")
    price, rows = 40 + 60 * dice.random(), []
    for time in times:
        opened, price = price, max(0.01, price * (1 + dice.gauss(0, 0.01)))
        # Half of the prices have two decimals as exchanges print them, half all bits as adjusted ones have.
        ends = [round(p, 2) if dice.random() < 0.5 else p for p in (opened, price)]
        rows.append(Row(ticker, time, ends[0], max(ends) * 1.001, min(ends) * 0.999, ends[1],
                        dice.randrange(10_000_000), None))
    return rows


def write_bars(folder, rows, name=None):
    """Writes the bars of one ticker as the CSV file that a files source looks for."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{name or rows[0].stock}.csv")
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write("Date,Open,High,Low,Close,Volume\n")
        out.writelines(csv_line(row) for row in rows)
    return path


def csv_line(row):
    """Returns one line of source CSV; daily bars have a date only."""
    midnight = row.date.time() == datetime.time()
    date = row.date.date().isoformat() if midnight else row.date.isoformat(sep=" ")
    cells = ["" if value is None else repr(value) for value in row[2:7]]
    return ",".join([date, *cells]) + "\n"


def parquet_files(root):
    """Returns every Parquet file below a folder, sorted."""
    found = [os.path.join(at, name) for at, _, names in os.walk(root) for name in names]
    return sorted(path for path in found if path.endswith(".parquet"))


def stored_trees(workspace):
    """Returns (interval, folder) of every stocks_<interval> tree, partitioned and legacy."""
    found = []
    for at, folders, _ in os.walk(os.path.join(workspace, "data")):
        for name in [f for f in folders if f.startswith("stocks_")]:
            found.append((name.removeprefix("stocks_"), os.path.join(at, name)))
            folders.remove(name)
    return sorted(found)


def tree_digests(root, left_out=()):
    """Returns relative path -> SHA-256 of every file below a folder, without some top-level names."""
    digests = {}
    for at, folders, names in os.walk(root):
        if at == root:
            folders[:] = [f for f in folders if f not in left_out]
            names = [n for n in names if n not in left_out]
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                digests[os.path.relpath(path, root)] = hashlib.sha256(file.read()).hexdigest()
    return digests


def file_digest_fault(path):
    """Returns what is wrong with the digest that a file of barkeep's carries in its footer, or None."""
    with open(path, "rb") as file:
        content = file.read()
    slots = list(DIGEST_SLOT.finditer(content))
    if not slots:
        return "carries no barkeep.file_sha256"
    start, end = slots[-1].span(1)
    zeroed = content[:start] + b"0" * 64 + content[end:]
    computed = hashlib.sha256(zeroed).hexdigest().encode()
    return None if computed == slots[-1].group(1) else "does not match its barkeep.file_sha256"


def peak_memory_run(command, environment):
    """Runs a command and returns (exit code, wall seconds, peak MiB, stdout).

    The kernel's own high-water mark is read while the command runs: what wait4 reports counts this Python, too, of
    which the child is a copy until it executes.
    """
    import tempfile
    import threading
    import time

    peaks = [0]

    def watch(pid):
        while True:
            try:
                with open(f"/proc/{pid}/status", encoding="ascii") as file:
                    marks = [line.split()[1] for line in file if line.startswith("VmHWM:")]
            except OSError:
                return
            if not marks:
                return
            peaks.append(int(marks[0]))
            time.sleep(0.005)

    with tempfile.TemporaryFile() as out:
        started = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        watcher = threading.Thread(target=watch, args=(process.pid,))
        watcher.start()
        complaint = process.stderr.read()
        process.wait()
        wall = time.monotonic() - started
        watcher.join()
        process.stderr.close()
        out.seek(0)
        answer = out.read().decode()
    if process.returncode != 0:
        sys.stderr.write(complaint.decode(errors="replace")[-2000:])
    return process.returncode, wall, max(peaks) / 1024, answer


class Verdicts:
    """Counts what held and what did not, and prints each failure as it is found."""

    def __init__(self, title):
        self.title, self.passed, self.failed = title, 0, 0

    def check(self, holds, what, detail=""):
        """Records one claim."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"  FAILED {what}{': ' if detail else ''}{str(detail)[:600]}")
        return holds

    def same_rows(self, found, wanted, what):
        """Records that two lists of rows are equal, bit for bit and in order."""
        if not self.check(len(found) == len(wanted), f"{what}: number of rows", f"{len(found)} in place of {len(wanted)}"):
            return False
        different = [(f, w) for f, w in zip(found, wanted) if f.exact() != w.exact()]
        return self.check(not different, what, f"{len(different)} rows differ, first {different[:1]}")

    def finish(self):
        """Prints the count and ends the process: 1 when a claim failed or none was checked."""
        print(f"{self.title}: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
