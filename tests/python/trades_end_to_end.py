"""Takes recorded trades through the whole tool and out again: listing, download, trades, bars, readers.

usage: trades_end_to_end.py BARKEEP RECORDED [--no-spark]

RECORDED holds `xetra/` and `tradegate/` as recorded. A server on loopback serves them as the feeds do, among minutes without trades.
Checked are: every line is a row, with the very values of the line; DuckDB, polars and Spark read them; sums of bars are those of
the lines, counted here by hand; three more runs change no byte; a replay from the vault changes none either; and a tree that the
predecessor wrote is continued. Needs the packages of requirements.txt.
"""

import argparse
import datetime
import glob
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.parquet

import posttrade
import support

MINUTE = "DETR-posttrade-2025-10-31T13_54.json.gz"
KEYS = {  # of 2025, of 2026, in the stored trades
    "isin": ("isin", "instrumentIdentificationCode"),
    "trans_id": ("transIdCode", "transactionIdentificationCode"),
    "price": ("lastTrade", "price"),
    "volume": ("lastQty", "quantity"),
    "currency": ("currency", "priceCurrency"),
    "trade_time": ("lastTradeTime", "tradingDateAndTime"),
    "execution_venue": ("executionVenueId", "venueOfExecution"),
}


def check(what, found, wanted):
    """Ends with a message where two things differ."""
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")
    print(f"ok  {what}", flush=True)


def lines_of(text):
    """Returns the lines of a file, numbers exactly as they are written."""
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.decode().splitlines() if line.strip()]


def value(line, column):
    """Returns what a line says of a column, in either form."""
    return next(line[key] for key in KEYS[column] if key in line)


def nanos(stamp):
    """Returns the nanoseconds UTC from 1970 to a stamp with any fraction."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole) - support.EPOCH
    return (moment // datetime.timedelta(seconds=1)) * 10**9 + int(fraction.ljust(9, "0") or 0)


def facts(lines):
    """Returns what has to be stored of lines, as a sorted list."""
    return sorted((value(line, "isin"), value(line, "trans_id"), float(value(line, "price")), float(value(line, "volume")),
                   value(line, "currency"), nanos(value(line, "trade_time")), value(line, "execution_venue")) for line in lines)


def tree(workspace):
    """Returns the digest of every file below data and vault."""
    found = {}
    for part in ("data", "vault", "quarantine"):
        for path in sorted(glob.glob(os.path.join(workspace, part, "**", "*"), recursive=True)):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, workspace)] = hashlib.sha256(file.read()).hexdigest()
    return found


def feed_of(code, day, files, first="07_00", last="16_00"):
    """Returns a feed with a day of empty minutes, among which some are not."""
    feed = posttrade.Feed(code)
    start, end = (datetime.datetime.strptime(f"{day}T{text}", "%Y-%m-%dT%H_%M") for text in (first, last))
    while start <= end:
        feed.files[f"{code}-posttrade-{start:%Y-%m-%dT%H_%M}.json.gz"] = posttrade.EMPTY
        start += datetime.timedelta(minutes=1)
    feed.files.update(files)
    return feed


def open_workspace(binary, folder, server, venue, now, freshness="minutes"):
    """Returns a workspace whose venue asks the server."""
    barkeep = support.Barkeep(binary, folder, now=now)
    barkeep.run("init", "--venue", venue)
    with open(os.path.join(folder, "barkeep.toml"), "w", encoding="utf-8") as file:
        code = next(iter(server.feeds))
        file.write(f'[sources."{venue}"]\nkind = "posttrade"\nfeed = "{code}"\nbase_url = "{server.base_url}"\nfreshness = "{freshness}"\nmax_requests = 0\n')
    return barkeep


def stored_trades(folder, source):
    """Returns the trades of a source as DuckDB reads them, in the form of `facts`."""
    pattern = os.path.join(folder, "data", "de", source, "trades", "**", "trades.parquet")
    rows = duckdb.sql(f"select isin, trans_id, price, volume, currency, trade_time_ns, execution_venue "
                      f"from read_parquet('{pattern}', hive_partitioning = true)").fetchall()
    return sorted(rows)


def check_readers(folder, source, count, with_spark):
    """Lets the other readers count."""
    pattern = os.path.join(folder, "data", "de", source, "trades", "**", "trades.parquet")
    check("polars reads every trade", polars.scan_parquet(pattern).select(polars.len()).collect().item(), count)
    if not with_spark:
        return
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        root = os.path.join(folder, "data", "de", source, "trades")
        check("Spark reads every trade", spark.read.parquet(root).count(), count)
        bars = os.path.join(folder, "data", "de", source, "stocks_1m")
        found = spark.read.parquet(bars).selectExpr("count(*)", "sum(trades)").first()
        wanted = duckdb.sql(f"select count(*), sum(trades) from read_parquet('{bars}/**/*.parquet')").fetchall()[0]
        check("Spark and DuckDB count the same bars", tuple(found), wanted)
    finally:
        spark.stop()


def check_bars(folder, venue, code, path):
    """Compares bars with those that a program counts that knows nothing of barkeep's code."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bars_of_trades.py")
    done = subprocess.run([sys.executable, script, folder, venue, code, path], capture_output=True, text=True)
    check(f"bars of {code} are those that are counted by hand", (done.returncode, done.stdout if done.returncode else ""), (0, ""))


def minute_of_2025(binary, recorded, scratch, with_spark):
    """The recorded minute: 719 trades, one ISIN in two currencies."""
    with open(os.path.join(recorded, "xetra", MINUTE), "rb") as file:
        body = file.read()
    lines = lines_of(gzip.decompress(body))
    server = posttrade.Server(feed_of("DETR", "2025-10-31", {MINUTE: body}))
    folder = os.path.join(scratch, "2025")
    os.makedirs(folder)
    barkeep = open_workspace(binary, folder, server, "de:xetra", "2025-10-31T16:30:00Z")
    barkeep.run("update", "--venue", "de:xetra", "--non-interactive")
    check("every line of the recorded minute is a row", stored_trades(folder, "xetra"), facts(lines))
    check_readers(folder, "xetra", len(lines), with_spark)
    check_bars(folder, "de:xetra", "DETR", os.path.join(recorded, "xetra", MINUTE))
    before = tree(folder)
    for _ in range(3):
        barkeep.run("update", "--venue", "de:xetra", "--non-interactive")
    check("three more runs change no byte", tree(folder), before)
    barkeep.run("update", "--replay", "--venue", "de:xetra", "--non-interactive")
    check("a replay changes no byte", tree(folder), before)
    server.close()


def lines_of_2026(binary, recorded, scratch):
    """The recorded lines of 2026, as daily files of both feeds."""
    for source, code, name in (("xetra", "DETR", "xetra/DETR-posttrade-daily-2026-09-18.sample3.ndjson"),
                               ("tradegate", "DGAT", "tradegate/DGAT-posttrade-daily-2026-09-18.sample1.ndjson")):
        with open(os.path.join(recorded, name), "rb") as file:
            text = file.read()
        body = gzip.compress(text, mtime=0)
        server = posttrade.Server(feed_of(code, "2026-09-18", {f"{code}-posttrade-daily-2026-09-18.json.gz": body}))
        folder = os.path.join(scratch, f"2026-{source}")
        os.makedirs(folder)
        barkeep = open_workspace(binary, folder, server, f"de:{source}", "2026-09-19T08:00:00Z", "daily")
        barkeep.run("update", "--venue", f"de:{source}", "--non-interactive")
        check(f"every line of {code} of 2026 is a row", stored_trades(folder, source), facts(lines_of(text)))
        check_bars(folder, f"de:{source}", code, os.path.join(recorded, name))
        server.close()


PREDECESSOR = [  # its columns, and where they come from
    ("message_id", "messageId", str), ("source_name", "sourceName", str), ("isin", "isin", str), ("instrument_id", "instrumentId", str),
    ("trans_id", "transIdCode", str), ("tick_id", "tickId", int), ("price", "lastTrade", float), ("volume", "lastQty", float),
    ("currency", "currency", str), ("quote_type", "quotationType", int), ("trade_time", "lastTradeTime", nanos),
    ("distribution_time", "distributionDateTime", nanos), ("venue", "executionVenueId", str), ("tick_action", "tickActionIndicator", str),
    ("instrument_code", "instrumentIdCode", str), ("market_mechanism", "mmtMarketMechanism", str), ("trading_mode", "mmtTradingMode", str),
    ("negotiated_flag", "mmtNegotTransPretrdWaivInd", str), ("modification_flag", "mmtModificationInd", str),
    ("benchmark_flag", "mmtBenchmarkRefprcInd", str), ("pub_deferral", "mmtPubModeDefReason", str),
    ("algo_indicator", "mmtAlgoInd", lambda word: word == "H"),
]


def predecessors_tree(binary, recorded, scratch):
    """A day that the predecessor wrote, with rows that it appended twice, goes on."""
    with open(os.path.join(recorded, "xetra", MINUTE), "rb") as file:
        body = file.read()
    lines = lines_of(gzip.decompress(body))
    half = lines[:400]
    folder = os.path.join(scratch, "predecessor")
    day = os.path.join(folder, "data/de/xetra/trades/venue=DETR/year=2025/month=10/day=31")
    os.makedirs(day)
    columns = {name: [make(line[key]) if key in line else None for line in half + half[:50]] for name, key, make in PREDECESSOR}
    for name in ("trade_time", "distribution_time"):
        columns[name] = pyarrow.array(columns[name], pyarrow.int64()).cast(pyarrow.timestamp("ns"))
    pyarrow.parquet.write_table(pyarrow.table(columns), os.path.join(day, "trades.parquet"), compression="snappy")
    server = posttrade.Server(feed_of("DETR", "2025-10-31", {MINUTE: body}))
    barkeep = open_workspace(binary, folder, server, "de:xetra", "2025-10-31T16:30:00Z")
    shown = barkeep.run("show", "--trades", "all", "--venue", "de:xetra", "--format", "csv")
    check("the predecessor's rows are shown, each once", len(shown.stdout.strip().splitlines()) - 1, len(half))
    barkeep.run("update", "--venue", "de:xetra", "--non-interactive")
    check("a tree of the predecessor goes on", stored_trades(folder, "xetra"), facts(lines))
    kept = glob.glob(os.path.join(folder, "quarantine", "*", "*.parquet"))
    check("and what it wrote is kept", len(kept), 1)
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("recorded")
    parser.add_argument("--no-spark", action="store_true")
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="trades.")
    try:
        minute_of_2025(options.barkeep, options.recorded, scratch, not options.no_spark)
        lines_of_2026(options.barkeep, options.recorded, scratch)
        predecessors_tree(options.barkeep, options.recorded, scratch)
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
