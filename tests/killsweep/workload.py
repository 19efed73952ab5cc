"""What the kill sweep interrupts: how a workload is prepared, run and judged, and the update as the first of them.

The update: three tickers with daily and hourly partitions and one legacy weekly series each. The update adds bars to a
month that exists, begins a new month and changes one stored bar in each series, so that every kind of commit
happens: one file replaced, a group of new files, the registry.
"""

import datetime
import functools
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


class Workload:
    """A command that is interrupted, and the states that the workspace may be in: before it and after it."""

    name, venue = "", ""
    # The codes by which a run ends that was asked to stop.
    stopped = {0, 3, *STOPPED}
    # Parts of paths whose syncs a run depends on.
    promised = ("/data/", "staging")
    # Folders of the workspace in which a run that was stopped may differ from one that was not.
    not_data = NOT_DATA

    def __init__(self):
        self.before, self.after, self.folders = {}, {}, set()

    def prepare(self, binary, folder):
        """Makes the workspace before the command; returns its driver."""
        raise NotImplementedError

    def arguments(self):
        """Returns the arguments of the command."""
        raise NotImplementedError

    def rows(self):
        """Returns (ticker, interval) -> the rows that are stored in the end."""
        raise NotImplementedError

    def expect(self, before, after):
        """Takes the workspaces before and after an undisturbed run as what to expect."""
        self.before, self.after = self.digests(before), self.digests(after)
        self.folders = folders(after)

    def digests(self, workspace):
        """Returns path -> digest of the files that two runs must agree in."""
        return with_registry(workspace, support.tree_digests(workspace, self.not_data))

    def partly(self, barkeep, _turn):
        """Returns what is wrong right after the fault: each data file must be its old or its new self."""
        found = self.digests(barkeep.workspace)
        for path, digest in found.items():
            if path.endswith(".parquet") and not LEFT_OVER.search(os.path.basename(path)):
                if digest not in (self.before.get(path), self.after.get(path)):
                    return f"{path} is neither its old nor its new self"
        for path in found:
            if path.endswith(".json") and not LEFT_OVER.search(os.path.basename(path)):
                if read_json(barkeep.workspace, path) is None:
                    return f"{path} is no whole JSON"
        lost = [path for path in self.before if path in self.after and path not in found]
        return f"{lost[0]} is gone" if lost else None

    def whole(self, workspace):
        """Returns what differs from the end state of an undisturbed run."""
        found = self.digests(workspace)
        for path in sorted(set(found) | set(self.after)):
            if found.get(path) != self.after.get(path):
                return f"{path} differs from the undisturbed end state"
        others = sorted(self.folders ^ folders(workspace))
        return f"the folder {others[0]} is no part of the undisturbed end state, or is missing" if others else None

    def recovered(self, barkeep, turn):
        """Returns what is wrong after the same command has run once more."""
        root = barkeep.workspace
        return self.whole(root) or leftovers(root) or self.damaged(root) or self.unlike_source(barkeep, turn)

    def damaged(self, workspace):
        """Returns the first file that the command has written and whose digest does not hold."""
        for path in support.parquet_files(os.path.join(workspace, "data")):
            inside = os.path.relpath(path, workspace)
            fault = self.before.get(inside) != self.after.get(inside) and support.file_digest_fault(path)
            if fault:
                return f"{inside} {fault}"
        return None

    def unlike_source(self, barkeep, turn):
        """Returns what `show` gives wrong for one series; the series take turns."""
        every = sorted(self.rows().items())
        (ticker, interval), wanted = every[turn % len(every)]
        found = barkeep.show(ticker, interval, self.venue)
        same = [row.exact() for row in found] == [row.exact() for row in wanted]
        return None if same else f"show {ticker} {interval}: {len(found)} rows, {len(wanted)} expected or values differ"


def with_registry(workspace, found):
    """Returns digests with the contents of a whole tickers.json that count in the place of its digest."""
    registry = read_json(workspace, "tickers.json") if "tickers.json" in found else None
    if registry is None:
        return found
    return found | {"tickers.json": json.dumps({ticker: settled(entry) for ticker, entry in registry.items()})}


def settled(entry):
    """Returns an entry of tickers.json without the wish for the whole history, which the rows of a stopped run leave behind:
    the window that is asked for once more does not settle it."""
    if not isinstance(entry, dict):
        return entry
    return {key: settled(value) for key, value in entry.items() if key != "refetch"}


def folders(workspace):
    """Returns every folder below data."""
    data = os.path.join(workspace, "data")
    return {os.path.relpath(os.path.join(at, name), workspace) for at, names, _ in os.walk(data) for name in names}


def read_json(workspace, path):
    """Returns the value in a JSON file, or None when it is not whole."""
    with open(os.path.join(workspace, path), encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError:
            return None


def leftovers(workspace):
    """Returns the first file that a finished run should have removed."""
    for at, _, names in os.walk(workspace):
        inside = os.path.relpath(at, workspace)
        for name in names:
            is_staging = inside.startswith(("partition-staging", os.path.join("data", ".partition-staging")))
            if LEFT_OVER.search(name) or is_staging:
                return f"left over: {os.path.join(inside, name)}"
    return None


class Update(Workload):
    """An update that replaces files, adds files and changes the registry."""

    name, venue = "update", support.VENUE

    def prepare(self, binary, folder):
        return prepare(binary, folder)

    def arguments(self):
        return update_arguments()

    def rows(self):
        return {(ticker, interval): changed_rows(ticker, interval) for interval in INTERVALS for ticker in TICKERS}


@functools.cache
def changed_rows(ticker, interval):
    """Returns the rows of one series after the update."""
    rows = support.bars(ticker, times(interval))
    last = max(at for at, row in enumerate(rows) if row.date < CUT)
    rows[last] = rows[last]._replace(volume=rows[last].volume + 1)
    return rows
