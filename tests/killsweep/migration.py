"""The migrations that the kill sweep interrupts: to partitions, the removal of the legacy files, and the way back.

Three tickers with daily bars over a few months, as the predecessor leaves them: legacy files in nanoseconds, and of one
ticker a part of the partitions, so that one series is merged into what is there while the others are built whole.
Right after a fault, beside what every workload promises:
  - migrate: the legacy files are untouched;
  - delete: the partitions are untouched, each legacy file is whole or gone;
  - rollback: each ticker is whole in the partitions or in its legacy file;
  - all: the switch of the venue and the storage blocks of the tickers agree, or are of a group that the next run
    finishes, and `show` gives the rows.
And after the same command once more `partition-migrate verify` finds nothing; after a rollback, that all is to do.
"""

import datetime
import functools
import glob
import json
import os

import workload
from workload import TICKERS, support

import plain_parquet  # noqa: E402 - beside support, found once workload is there

VENUE, INTERVAL = "us:yahoo", "1d"
LEGACY = os.path.join("data", "legacy", "stocks_1d")
PARTITIONS = os.path.join("data", "us", "yahoo", "stocks_1d")
FIRST, LAST = datetime.datetime(2024, 3, 18), datetime.datetime(2024, 6, 14)
LAST_LEGACY = datetime.datetime(2024, 5, 24)
HALF_DONE = "BRK.B"
PUT_BACK = "AAPL"
MIGRATE = ["partition-migrate", "migrate"]


@functools.cache
def bars(ticker, last):
    """Returns the bars of a ticker up to a date, the same ones for every date."""
    return [row for row in support.bars(ticker, support.session_days(FIRST, 80)) if row.date <= last]


def updated(ticker):
    """Returns the bars of a ticker after the update: with those of June, and one of May changed."""
    at = len(bars(ticker, LAST_LEGACY)) - 1
    rows = list(bars(ticker, LAST))
    rows[at] = rows[at]._replace(volume=rows[at].volume + 1)
    return rows


def write_legacy(workspace, ticker):
    """Writes the legacy file of a ticker."""
    plain_parquet.write(os.path.join(workspace, LEGACY, f"{ticker}.parquet"), bars(ticker, LAST_LEGACY))


def write_half_done(workspace):
    """Writes what the predecessor has copied of one ticker: March, and April up to the 12th."""
    for month, last in ((3, 31), (4, 12)):
        rows = [row for row in bars(HALF_DONE, LAST_LEGACY) if row.date.month == month and row.date.day <= last]
        folder = os.path.join(workspace, PARTITIONS, f"ticker={HALF_DONE}", "year=2024", f"month={month:02}")
        plain_parquet.write(os.path.join(folder, "data.parquet"), rows)


def write_settings(workspace):
    """Writes the three JSON files of the predecessor."""
    day = LAST_LEGACY.date().isoformat()
    series = {"status": "active", "last_found_date": day, "last_checked": day, "last_data_date": day}
    entry = {"added_date": "2023-03-04", "status": "active", "last_checked": day, "intervals": {INTERVAL: series}}
    files = {
        "tickers.json": {ticker: {"ticker": ticker, **entry} for ticker in TICKERS},
        "intervals.json": [INTERVAL],
        "storage_config.json": {"partitioned": False, "markets": {}, "sources": {}},
    }
    for name, content in files.items():
        with open(os.path.join(workspace, name), "w", encoding="utf-8") as out:
            out.write(json.dumps(content, indent=4))


def half_switched(workspace):
    """Returns how the switch of the venue and the storage blocks of the tickers disagree.

    They are files, moved one after the other: while the journal of their group stands, the next run moves the rest.
    """
    if glob.glob(os.path.join(workspace, "partition-staging", "*", "journal")):
        return None
    is_on = workload.read_json(workspace, "storage_config.json")["sources"].get("us/yahoo", False)
    entries = workload.read_json(workspace, "tickers.json").values()
    blocks = sum("storage" in entry["intervals"][INTERVAL] for entry in entries)
    wanted = len(TICKERS) if is_on else 0
    return None if blocks == wanted else f"the switch is {is_on} while {blocks} tickers have a storage block"


class Migrate(workload.Workload):
    """The migration to partitions, and the switch."""

    name, venue = "migrate", VENUE
    stopped = {0, *workload.STOPPED}
    promised = (*workload.Workload.promised, "/state/", "migration_plan")
    # What `verify` says in the end.
    verified = 0

    def prepare(self, binary, folder):
        barkeep = support.Barkeep(binary, os.path.join(folder, "workspace"), now=workload.NOW)
        os.mkdir(barkeep.workspace)
        for ticker in TICKERS:
            write_legacy(barkeep.workspace, ticker)
        write_half_done(barkeep.workspace)
        write_settings(barkeep.workspace)
        barkeep.run("partition-migrate", "init", "-V", VENUE, "--all-found")
        return barkeep

    def arguments(self):
        return [*MIGRATE, "--all", "--yes", "--non-interactive"]

    def rows(self):
        return {(ticker, INTERVAL): bars(ticker, LAST_LEGACY) for ticker in TICKERS}

    def partly(self, barkeep, turn):
        return super().partly(barkeep, turn) or half_switched(barkeep.workspace) or self.unlike_source(barkeep, turn)

    def recovered(self, barkeep, turn):
        wrong = super().recovered(barkeep, turn)
        if not wrong:
            done = barkeep.run("partition-migrate", "verify", codes=range(256))
            if done.returncode != self.verified:
                return f"verify says {done.returncode}: {done.stdout[-300:]}"
        return wrong


class Delete(Migrate):
    """The removal of the legacy files of a migrated interval."""

    name = "delete"

    def prepare(self, binary, folder):
        barkeep = super().prepare(binary, folder)
        barkeep.run(*Migrate.arguments(self))
        return barkeep

    def arguments(self):
        return [*MIGRATE, INTERVAL, "--delete-legacy", "--yes"]


class Rollback(Delete):
    """The way back, with rows that came after the migration; of one ticker the old legacy file is there."""

    name = "rollback"
    verified = 13  # nothing is migrated any more

    def prepare(self, binary, folder):
        barkeep = super().prepare(binary, folder)
        barkeep.run(*Delete.arguments(self))
        source = os.path.join(folder, "source")
        for ticker in TICKERS:
            support.write_bars(os.path.join(source, INTERVAL), updated(ticker))
        barkeep.import_from(source, VENUE)
        barkeep.run("update", "--venue", VENUE, "--start", "2024-03-18", "--end", "2024-06-14", "--non-interactive")
        write_legacy(barkeep.workspace, PUT_BACK)
        return barkeep

    def arguments(self):
        return ["partition-migrate", "rollback", INTERVAL, "--remove-partitions", "--yes"]

    def rows(self):
        return {(ticker, INTERVAL): updated(ticker) for ticker in TICKERS}

    def partly(self, barkeep, turn):
        found = self.digests(barkeep.workspace)
        for ticker in TICKERS:
            legacy = os.path.join(LEGACY, f"{ticker}.parquet")
            folder = os.path.join(PARTITIONS, f"ticker={ticker.replace('=', '%3D')}", "")
            months = [path for path in self.before if path.startswith(folder)]
            assert months and legacy in self.after
            is_partitioned = all(found.get(path) == self.before[path] for path in months)
            if not is_partitioned and found.get(legacy) != self.after[legacy]:
                return f"{ticker} is whole in neither layout"
        return super().partly(barkeep, turn)
