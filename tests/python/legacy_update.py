"""Updates workspaces of the Python predecessor in place and proves that nothing of theirs is lost.

usage: legacy_update.py BARKEEP [--keep FOLDER]

For its legacy folder, its flat folder, its nanosecond partitions and files with odd habits: a files source brings
five new days and changes one stored one; then every old row is as it was, the new ones are there, a second update
writes no file (bytes and times of change are equal), a nanosecond tree stays one, and what the predecessor's JSON
files said is still said. Where the predecessor left rows, they stay: no second store is begun elsewhere.
"""

import argparse
import datetime
import json
import os
import shutil
import tempfile

import pandas
import pyarrow
import pyarrow.parquet

import make_legacy
import support

VENUE = "us:yahoo"
NEW_DAYS = support.session_days(make_legacy.LAST_DAY + datetime.timedelta(days=1), 5)


def lay_out_source(folder, tickers, layout):
    """Writes a source with the last stored day changed and five new ones; returns ticker -> its rows."""
    offered = {}
    for ticker in tickers:
        last = make_legacy.rows_of(ticker, layout)[-1]
        corrected = last._replace(close=last.close + 0.25, high=last.high + 0.25, sequence=None)
        offered[ticker] = [corrected, *support.bars(ticker, NEW_DAYS, seed=8)]
        support.write_bars(folder, offered[ticker])
    return offered


def wanted_rows(ticker, layout, offered):
    """Returns what must be stored after the update."""
    merged = {row.date: row for row in make_legacy.rows_of(ticker, layout) + offered[ticker]}
    return [merged[date] for date in sorted(merged)]


def stored(barkeep, ticker, layout):
    """Returns the rows that barkeep shows, without what the check leaves open."""
    rows = barkeep.show(ticker, "1d", venue=VENUE)
    if layout == "oddities" and ticker in make_legacy.SEQUENCE_IS_OPEN:
        rows = [row._replace(sequence=None) for row in rows]
    return rows


def data_files(workspace):
    """Returns the files that hold series."""
    put_away = os.path.join(workspace, "quarantine") + os.sep
    return [path for path in support.parquet_files(workspace) if not path.startswith(put_away)]


def fingerprint_of(workspace):
    """Returns path -> (bytes, time of change) of every data file; what was put away is none."""
    found = {}
    for path in data_files(workspace):
        with open(path, "rb") as file:
            found[path] = (file.read(), os.stat(path).st_mtime_ns)
    return found


def check_places(verdicts, layout, before, after):
    """Checks that rows stayed where the predecessor had them."""
    verdicts.check(set(before) <= set(after), f"{layout}: every old file still stands")
    new = {os.path.basename(path) for path in set(after) - set(before)}
    allowed = {"data.parquet"} if layout == "partitions" else set()
    verdicts.check(new <= allowed, f"{layout}: no second store", sorted(set(after) - set(before))[:3])


def check_units(verdicts, layout, after):
    """Checks that a tree has one timestamp unit, and that a nanosecond tree has kept it."""
    units = {str(pyarrow.parquet.read_schema(path).field("date").type) for path in after}
    if layout != "oddities":
        verdicts.check(units == {"timestamp[ns]"}, f"{layout}: the tree stays in nanoseconds", units)


def check_registry(verdicts, layout, workspace, tickers):
    """Checks that unknown keys and the old first dates survive in tickers.json."""
    with open(os.path.join(workspace, "tickers.json"), encoding="utf-8") as file:
        text = file.read()
    entries = json.loads(text)
    verdicts.check(list(entries) == tickers, f"{layout}: tickers keep their order")
    for ticker, entry in entries.items():
        verdicts.check(entry.get("a_key_of_its_own") == {"kept": True}, f"{layout}: {ticker} keeps unknown keys")
        verdicts.check(entry.get("added_date") == "2023-03-04", f"{layout}: {ticker} keeps its first day")
    verdicts.check(text.startswith('{\n    "'), f"{layout}: tickers.json keeps its indent of four")


def check_pandas_reads(verdicts, layout, workspace, tickers, offered):
    """Checks that the predecessor's own way of reading finds the same rows."""
    for path in data_files(workspace)[:3]:
        table = pandas.read_parquet(path)
        verdicts.check(list(table.columns)[:7] == support.HEADER[:7], f"{layout}: pandas reads {path}", table.dtypes)
    if layout == "partitions":
        return
    for ticker in tickers:
        path = next(p for p in data_files(workspace) if os.path.basename(p) == f"{ticker}.parquet")
        closes = pandas.read_parquet(path).dropna(subset=["date"])["close"].tolist()
        wanted = [row.close for row in wanted_rows(ticker, layout, offered)]
        verdicts.check(closes == wanted, f"{layout}: pandas finds the closes of {ticker}", f"{len(closes)} for {len(wanted)}")


def check_layout(verdicts, binary, layout, folder):
    """Runs the whole check for one layout of the predecessor's."""
    workspace, source = os.path.join(folder, "workspace"), os.path.join(folder, "source")
    tickers = make_legacy.make(workspace, layout)
    offered = lay_out_source(source, tickers, layout)
    barkeep = support.Barkeep(binary, workspace, now="2024-06-24T22:00:00Z")
    barkeep.import_from(source, venue=VENUE, interval="1d")
    before = fingerprint_of(workspace)

    summary = barkeep.update("--interval", "1d", "--start", make_legacy.LAST_DAY.date().isoformat(),
                             "--end", NEW_DAYS[-1].date().isoformat(), venue=VENUE)
    after = fingerprint_of(workspace)
    again = barkeep.update("--interval", "1d", "--start", make_legacy.LAST_DAY.date().isoformat(),
                           "--end", NEW_DAYS[-1].date().isoformat(), venue=VENUE)

    bars = summary["bars"]
    verdicts.check((bars["new"], bars["changed"]) == (5 * len(tickers), len(tickers)), f"{layout}: bars counted", bars)
    for ticker in tickers:
        verdicts.same_rows(stored(barkeep, ticker, layout), wanted_rows(ticker, layout, offered), f"{layout}: {ticker}")
    check_places(verdicts, layout, before, after)
    check_units(verdicts, layout, after)
    check_registry(verdicts, layout, workspace, tickers)
    check_pandas_reads(verdicts, layout, workspace, tickers, offered)
    verdicts.check(fingerprint_of(workspace) == after, f"{layout}: a second update changes no file")
    verdicts.check(again["bars"]["new"] == again["bars"]["changed"] == 0, f"{layout}: a second update finds nothing",
                   again["bars"])
    print(f"  {layout}: {len(tickers)} tickers, {len(after)} files")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--keep", help="leave the workspaces in this folder")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="legacy-update.")
    verdicts = support.Verdicts("legacy update")
    for layout in ("legacy", "flat", "partitions", "oddities"):
        try:
            check_layout(verdicts, options.barkeep, layout, os.path.join(folder, layout))
        except (AssertionError, ValueError, KeyError) as error:
            verdicts.check(False, layout, repr(error))
    if not options.keep:
        shutil.rmtree(folder)
    verdicts.finish()


if __name__ == "__main__":
    main()
