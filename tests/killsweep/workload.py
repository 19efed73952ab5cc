"""The update that the kill sweep interrupts: how it is prepared, run and judged.

Three tickers with daily and hourly partitions and one legacy weekly series each. The update adds bars to a
month that exists, begins a new month and changes one stored bar in each series, so that every kind of commit
happens: one file replaced, a group of new files, the registry.
"""

import datetime
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import support  # noqa: E402 - lies in the neighbouring folder

TICKERS = ["AAPL", "BRK.B", "EURUSD=X"]
FIRST = datetime.datetime(2024, 4, 15)
CUT = datetime.datetime(2024, 5, 24)  # what is stored before the update; May goes on, June is new
NOW = "2024-06-17T22:00:00Z"  # every bar is finished by then
INTERVALS = ["1d", "1h", "1wk"]
# Names that a finished and a recovered run have none of.
LEFT_OVER = re.compile(r"^\..*\.tmp|\.tmp-|\.partial$|^\.tmp")
# What may differ between a run that was stopped and one that was not: journals, logs, the lock, and the registry as
# it was before the last of one commit or two.
NOT_DATA = ("state", "logs", "log", ".run_lock", ".run_lock.guard", "quarantine", "partition-staging",
            "tickers.last-good.json")
# The exit codes by which a run says that it was stopped.
STOPPED = {130, 143}


def times(interval):
    """Returns the times of the bars of one interval."""
    sessions = support.session_days(FIRST, 43)
    if interval == "1d":
        return sessions
    if interval == "1wk":
        return [day for day in sessions if day.weekday() == 0]
    return [day + datetime.timedelta(hours=hour, minutes=30) for day in sessions for hour in (9, 10, 11)]


def lay_out(folder, is_whole):
    """Writes the source folders: up to the cut, or whole with the last stored bar of each series changed."""
    for interval in INTERVALS:
        for ticker in TICKERS:
            rows = support.bars(ticker, times(interval))
            stored = [row for row in rows if row.date < CUT]
            if is_whole:
                rows[len(stored) - 1] = stored[-1]._replace(volume=stored[-1].volume + 1)
            support.write_bars(os.path.join(folder, interval), rows if is_whole else stored)


def update_arguments():
    """Returns the arguments of the update that is interrupted."""
    return ["update", "--venue", support.VENUE, "--start", "2024-04-15", "--end", "2024-06-14", "--non-interactive"]


def prepare(binary, folder):
    """Makes the workspace before the update and the source of it; returns the driver of the workspace."""
    barkeep = support.Barkeep(binary, os.path.join(folder, "workspace"), now=NOW)
    source = os.path.join(folder, "source")
    lay_out(source, is_whole=False)
    for interval in INTERVALS:
        barkeep.init(interval, TICKERS)
    # The names of the folders in the source tell the intervals.
    barkeep.import_from(source)
    barkeep.run(*update_arguments())
    lay_out(source, is_whole=True)
    return barkeep


def is_json(text):
    """Tells whether a text is one whole JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class Expectation:
    """The states that data may be in: before the update and after it."""

    def __init__(self, before, after):
        self.before, self.after = before, after
        self.rows = {(t, interval): changed_rows(t, interval) for interval in INTERVALS for t in TICKERS}

    def partly(self, workspace):
        """Returns what is wrong with data files right after the fault: each must be its old or its new self."""
        found = support.tree_digests(workspace, NOT_DATA)
        for path, digest in found.items():
            if path.endswith(".parquet") and not LEFT_OVER.search(os.path.basename(path)):
                if digest not in (self.before.get(path), self.after.get(path)):
                    return f"{path} is neither its old nor its new self"
        for path in found:
            if path.endswith(".json") and not LEFT_OVER.search(os.path.basename(path)):
                with open(os.path.join(workspace, path), encoding="utf-8") as file:
                    if not is_json(file.read()):
                        return f"{path} is no whole JSON"
        lost = [path for path in self.before if path.endswith(".parquet") and path not in found]
        return f"{lost[0]} is gone" if lost else None

    def whole(self, workspace):
        """Returns what differs from the end state of an undisturbed run."""
        found = support.tree_digests(workspace, NOT_DATA)
        for path in sorted(set(found) | set(self.after)):
            if found.get(path) != self.after.get(path):
                return f"{path} differs from the undisturbed end state"
        return None

    def leftovers(self, workspace):
        """Returns the first file that a finished run should have removed."""
        for at, _, names in os.walk(workspace):
            inside = os.path.relpath(at, workspace)
            for name in names:
                is_staging = inside.startswith(("partition-staging", os.path.join("data", ".partition-staging")))
                if LEFT_OVER.search(name) or is_staging:
                    return f"left over: {os.path.join(inside, name)}"
        return None

    def damaged(self, workspace):
        """Returns the first file whose digest does not hold."""
        for path in support.parquet_files(os.path.join(workspace, "data")):
            fault = support.file_digest_fault(path)
            if fault:
                return f"{os.path.relpath(path, workspace)} {fault}"
        return None

    def unlike_source(self, barkeep, turn):
        """Returns what `show` gives wrong for one series; the series take turns."""
        (ticker, interval), wanted = sorted(self.rows.items())[turn % len(self.rows)]
        found = barkeep.show(ticker, interval)
        same = [row.exact() for row in found] == [row.exact() for row in wanted]
        return None if same else f"show {ticker} {interval}: {len(found)} rows, {len(wanted)} expected or values differ"


def changed_rows(ticker, interval):
    """Returns the rows of one series after the update."""
    rows = support.bars(ticker, times(interval))
    last = max(at for at, row in enumerate(rows) if row.date < CUT)
    rows[last] = rows[last]._replace(volume=rows[last].volume + 1)
    return rows
