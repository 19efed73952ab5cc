"""Migrates a workspace with every oddity of the predecessor's there and back, and compares the rows at each station.

usage: migrate_round_trip.py BARKEEP [--keep FOLDER] [--no-spark]

legacy -> migrate -> verify -> delete legacy -> verify -> rollback -> migrate again. At each station the fingerprint of
every ticker, recomputed from docs/format.md alone, is the same. In between: each partition is read by pandas, pyarrow,
DuckDB and polars, one tree by Spark, and the predecessor's normalisation of it gives the legacy rows; files with
duplicate or undated rows are refused until --duplicates newest, and kept; verify changes nothing; the second
migration writes the same bytes as the first.
"""

import argparse
import json
import os
import shutil
import tempfile

import pandas

import canonical
import fingerprint
import make_oddities
import readers
import support

VENUE = "us:yahoo"
LOSES_ROWS = {"CONTRADICTED", "FLOATCOUNTS", "HOLLOWTWICE", "SEQUENCED", "UNDATED"}
# Rows without a price never replace one with a price here; with the predecessor the later row wins.
OTHER_WINNER = {"HOLLOWTWICE"}
# The predecessor numbers such rows; here the sequence stays unknown.
SEQUENCE_IS_OPEN = {"NOSEQUENCE"}


class RoundTrip:
    """The workspace, what its rows are at the start, and the verdicts."""

    def __init__(self, binary, workspace, verdicts):
        self.workspace, self.verdicts = workspace, verdicts
        self.barkeep = support.Barkeep(binary, workspace)
        self.tickers = make_oddities.make(workspace)
        self.legacy_digests = support.tree_digests(self.legacy_root())
        self.rows = {series: canonical.rows([path]) for series, path in self.legacy_files().items()}
        self.frames = {series: canonical.predecessor_frame([path]) for series, path in self.legacy_files().items()}
        self.fingerprints = {series: canonical.fingerprint_of(rows) for series, rows in self.rows.items()}

    def legacy_root(self):
        return os.path.join(self.workspace, "data", "legacy")

    def tree(self, interval):
        return os.path.join(self.workspace, "data", "us", "yahoo", f"stocks_{interval}")

    def migrate(self, command, *arguments, codes=(0,)):
        """Runs a command of partition-migrate and returns its last line of JSON."""
        done = self.barkeep.run("partition-migrate", command, *arguments, "--json", codes=codes)
        return dict(json.loads(done.stdout.splitlines()[-1]), exit=done.returncode)

    def legacy_files(self):
        """Returns (interval, ticker) -> legacy file."""
        series = [(interval, ticker) for interval, tickers in self.tickers.items() for ticker in tickers]
        return {(interval, ticker): os.path.join(self.legacy_root(), f"stocks_{interval}", f"{ticker}.parquet")
                for interval, ticker in series}

    def partitions(self):
        """Returns (interval, ticker) -> its month files; the ticker is what the rows say."""
        found = {}
        for interval in self.tickers:
            for path in support.parquet_files(self.tree(interval)):
                stocks = {row.stock for row in canonical.raw_rows(path)}
                self.verdicts.check(len(stocks) == 1, f"{path} has one ticker", stocks)
                found.setdefault((interval, stocks.pop()), []).append(path)
        return found

    def check_station(self, station, files):
        """Checks that the files of a station hold the rows of the start, and that barkeep shows them."""
        self.verdicts.check(set(files) == set(self.fingerprints), f"{station}: all series are there",
                            set(files) ^ set(self.fingerprints))
        for series, paths in files.items():
            found = canonical.fingerprint_of(canonical.rows(paths))
            self.verdicts.check(found == self.fingerprints[series], f"{station}: fingerprint of {series}")
            self.verdicts.same_rows(canonical.rows(paths), self.rows[series], f"{station}: rows of {series}")
            shown = self.barkeep.show(series[1], series[0], venue=VENUE)
            self.verdicts.same_rows(shown, self.rows[series], f"{station}: what show prints of {series}")

    def check_proofs(self):
        """Checks that the proofs in the journal of the migration name the same fingerprints on both sides."""
        proven = {}
        for interval in self.tickers:
            folder = os.path.join(self.workspace, "state", "migration", f"us-yahoo-stocks_{interval}")
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    entries = [json.loads(line) for line in file if line.startswith("{")]
                proven |= {(interval, entry["ticker"]): entry for entry in entries if entry["event"] == "proven"}
        for series, wanted in self.fingerprints.items():
            found = [proven[series][side]["sha256"] for side in ("legacy", "partitions")]
            self.verdicts.check(found == [wanted, wanted], f"the proof of {series}", found)

    def check_predecessor(self, station, files):
        """Checks that the predecessor would read the rows that it had."""
        for series, paths in files.items():
            wanted, found = self.frames[series], canonical.predecessor_frame(paths)
            if series[1] in SEQUENCE_IS_OPEN:
                wanted, found = wanted.drop(columns="sequence"), found.drop(columns="sequence")
            if series[1] in OTHER_WINNER:
                wanted, found = wanted[["stock", "date"]], found[["stock", "date"]]
            try:
                pandas.testing.assert_frame_equal(found, wanted, check_exact=True)
                differs = None
            except AssertionError as error:
                differs = error
            self.verdicts.check(differs is None, f"{station}: the predecessor's frame of {series}", differs)

    def unchanged(self, what, command, *arguments, codes=(0,)):
        """Runs a command that must not change a byte; returns its answer."""
        before = support.tree_digests(self.workspace)
        answer = self.migrate(command, *arguments, codes=codes)
        self.verdicts.check(support.tree_digests(self.workspace) == before, f"{what} changes nothing")
        return answer

    def check_verify(self, station):
        """Checks that verify looks at every ticker and finds nothing wrong."""
        for found in self.unchanged(f"{station}: verify", "verify", "--all")["intervals"]:
            wanted = len(self.tickers[found["interval"]])
            self.verdicts.check(found["looked_at"] == found["tickers"] == wanted and not found["wrong"] and found["is_complete"],
                                f"{station}: verify of {found['interval']}", found)

    def check_state(self, station, state):
        """Checks what status says of every interval."""
        found = {each["interval"]: each["state"] for each in self.migrate("status")["intervals"]}
        self.verdicts.check(found == dict.fromkeys(self.tickers, state), f"{station}: state", found)


def is_equal(found, wanted, nan_is_null):
    """Tells whether two lists of rows are the same; pandas' nullable floats have one missing value only."""
    if nan_is_null:
        found, wanted = ([[None if v != v else v for v in row] for row in rows] for rows in (found, wanted))
        return list(map(repr, found)) == list(map(repr, wanted))
    return [row.exact() for row in found] == [row.exact() for row in wanted]


def check_readers(trip, partitions, with_spark):
    """Checks every reader on every partition, and Spark on a tree."""
    for (interval, ticker), paths in partitions.items():
        for path in paths:
            trip.verdicts.check(not (wrong := fingerprint.faults(path)), f"{path} in docs/format.md's terms", wrong)
            wanted = [row for row in trip.rows[interval, ticker] if canonical.is_in_month(row, *canonical.month_of(path))]
            trip.verdicts.check(wanted, f"{path} is a month with rows")
            for name, read in readers.PLAIN.items():
                found, _ = read(path, False)
                trip.verdicts.check(is_equal(found, wanted, name == "pandas"), f"{name} reads {path}", found[:1])
    if with_spark:
        spark = readers.WithSpark()
        found, _ = spark(trip.tree("1d"), True)
        wanted = sorted((row for (interval, _), rows in trip.rows.items() if interval == "1d" for row in rows),
                        key=lambda row: (row.stock, row.date))
        trip.verdicts.check(is_equal(found, wanted, False), "Spark reads the daily tree", len(found))
        spark.close()


def named(answer, key):
    """Returns the tickers that an answer lists under a key of its intervals."""
    return {each["ticker"] for interval in answer["intervals"] for each in interval[key]}


def forward(trip):
    """Migrates: first refused for the files that would lose rows, then with the choice made."""
    trip.barkeep.run("partition-migrate", "init", "--all-found")
    planned = trip.unchanged("a dry run", "migrate", "--all", "--dry-run", codes=(3,))
    trip.verdicts.check(named(planned, "refusals") == LOSES_ROWS, "a dry run names the files that would lose rows", planned)
    refused = trip.migrate("migrate", "--all", "--yes", codes=(3,))
    trip.verdicts.check(named(refused, "failures") == LOSES_ROWS and not refused["activated"],
                        "files that would lose rows are refused", refused)
    done = trip.migrate("migrate", "--all", "--yes", "--duplicates", "newest", "--fractions", "round")
    trip.verdicts.check(done["activated"] == [VENUE], "the venue is switched", done)
    trip.verdicts.check(support.tree_digests(trip.legacy_root()) == trip.legacy_digests, "no legacy file is touched")
    kept = {}
    for at, _, names in os.walk(os.path.join(trip.workspace, "quarantine")):
        kept |= {name: path for name in names if (path := os.path.join(at, name)).endswith(".parquet")}
    trip.verdicts.check(set(kept) == {f"{ticker}.parquet" for ticker in LOSES_ROWS}, "losing files are kept", kept)
    copies = support.tree_digests(os.path.join(trip.workspace, "quarantine"))
    for name in kept:
        wanted = trip.legacy_digests[f"stocks_1d/{name}"]
        trip.verdicts.check(wanted in copies.values(), f"the copy of {name} has its bytes")


def run(trip, with_spark):
    """Goes from station to station."""
    legacy = {series: [path] for series, path in trip.legacy_files().items()}
    trip.check_station("at first", legacy)
    forward(trip)
    partitions, first_bytes = trip.partitions(), support.tree_digests(os.path.join(trip.workspace, "data", "us"))
    trip.check_state("migrated", "active")
    trip.check_station("migrated", partitions)
    trip.check_proofs()
    trip.check_predecessor("migrated", partitions)
    check_readers(trip, partitions, with_spark)
    trip.check_verify("migrated")

    # One by one: --all passes over what is complete, and over what was rolled back.
    for interval in trip.tickers:
        trip.migrate("migrate", VENUE, interval, "--yes", "--delete-legacy")
    trip.verdicts.check(not support.parquet_files(trip.legacy_root()), "the legacy files are gone")
    trip.check_station("legacy deleted", trip.partitions())
    trip.check_verify("legacy deleted")

    trip.migrate("rollback", "--all", "--yes")
    trip.verdicts.check(support.tree_digests(os.path.join(trip.workspace, "data", "us")) == first_bytes,
                        "a rollback leaves the partitions as they are")
    trip.check_station("rolled back", legacy)
    trip.check_predecessor("rolled back", legacy)
    for interval in trip.tickers:
        trip.migrate("rollback", VENUE, interval, "--yes", "--remove-partitions")
    trip.verdicts.check(not support.parquet_files(os.path.join(trip.workspace, "data", "us")), "the partitions are gone")
    trip.check_station("partitions removed", legacy)

    trip.migrate("migrate", "--all", "--yes")
    trip.verdicts.check(support.tree_digests(os.path.join(trip.workspace, "data", "us")) == first_bytes,
                        "the second migration writes the same bytes")
    trip.check_state("migrated again", "active")
    trip.check_verify("migrated again")
    print(f"  {len(trip.fingerprints)} series, {len(first_bytes)} partitions")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--keep", help="leave the workspace in this folder")
    parser.add_argument("--no-spark", action="store_true")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="round-trip.")
    verdicts = support.Verdicts("migration round trip")
    try:
        run(RoundTrip(options.barkeep, os.path.join(folder, "workspace"), verdicts), not options.no_spark)
    except (AssertionError, ValueError, KeyError) as error:
        verdicts.check(False, "the trip came to an end", repr(error))
    if not options.keep:
        shutil.rmtree(folder)
    verdicts.finish()


if __name__ == "__main__":
    main()
