"""Times bars of trades and longer bars of shorter ones against DuckDB and polars in Python, on the same rows.

usage: resample.py [--trades N] [--gate]

Makes a day of lines at the rate of the real feed, has the bench `resample` of the release build store and aggregate it, and asks the peers for the same
bars: first, highest, lowest, last, volume and count by instrument, currency and minute of the stored trades, and bars of five minutes of 5.94
million of one minute. The best of five each; bars must be equal in number. Prints one JSON document. With --gate the exit code is 9 when a
bound is missed by more than a shared machine explains: 1 s for a day, by three times; one and a half times the time of the processor that DuckDB
takes, which reads the file, and by the clock uses every core; 1.2 times that of the quicker of two ways in polars for the bars of five minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import bounds
import duckdb
import polars

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import posttrade  # noqa: E402 - lies in the neighbouring folder

ROUNDS = 5
# The mean of 705 trades a minute that the real feed had on 4 November 2025, by its profile of minutes, gives some 400,000 a day.
TRADES = 400_000
OF_TRADES = """
    select isin, currency, time_bucket(interval 1 minute, trade_time) as minute, arg_min(price, (trade_time_ns, trans_id)) as open,
           max(price) as high, min(price) as low, arg_max(price, (trade_time_ns, trans_id)) as close, sum(volume) as volume, count(*) as trades
    from read_parquet(?) group by all
"""


def bench(root):
    """Returns the program that aggregates. Crates are built once for it and for barkeep where one command asked for both, as `.ci/run` does:
    those of the tests want a feature of a crate that all of polars stands on."""
    command = ["cargo", "build", "--release", "--locked", "--bench", "resample", "--message-format", "json"]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    made = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(one["executable"] for one in made if one.get("executable") and one["target"]["name"] == "resample")


def best(act):
    """Returns the shortest time of some rounds, by the clock and of the processor, in seconds, and the last answer."""
    clock, processor = [], []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        answer = act()
        clock.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    return min(clock), min(processor), answer


def of_trades_by_duckdb(path):
    """Aggregates stored trades to minutes."""
    connection = duckdb.connect()
    clock, processor, rows = best(lambda: connection.sql(OF_TRADES, params=[path]).to_arrow_table())
    return clock, processor, rows.num_rows


def fives_by_polars(folder):
    """Joins minutes, which are in memory and in order, to bars of five."""
    minutes = polars.read_parquet(os.path.join(folder, "bars", "*.parquet"))

    def join():
        return (minutes.group_by("stock", polars.col("date").dt.truncate("5m"), maintain_order=True)
                .agg(polars.col("open").first(), polars.col("high").max(), polars.col("low").min(), polars.col("close").last(),
                     polars.col("volume").sum()))

    def join_sorted():
        return (minutes.group_by_dynamic("date", every="5m", group_by="stock")
                .agg(polars.col("open").first(), polars.col("high").max(), polars.col("low").min(), polars.col("close").last(),
                     polars.col("volume").sum()))

    ways = [best(way) for way in (join, join_sorted)]
    return min(clock for clock, _, _ in ways), min(processor for _, processor, _ in ways), ways[0][2].height


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=TRADES)
    parser.add_argument("--gate", action="store_true", help="fail on misses")
    options = parser.parse_args()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with tempfile.TemporaryDirectory(prefix="resample.") as folder:
        day = posttrade.Day(options.trades, instruments=2_500)
        with open(os.path.join(folder, "lines"), "wb") as file:
            for minute in sorted(day.lines):
                file.write(day.text(minute, posttrade.TEMPLATE))
        done = subprocess.run([bench(root), folder], check=True, stdout=subprocess.PIPE, text=True)
        ours = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
        duck, duck_processor, bars = of_trades_by_duckdb(os.path.join(folder, "trades.parquet"))
        peer, peer_processor, fives = fives_by_polars(folder)
    result = {**ours, "duckdb_read_and_aggregate": duck, "polars_join": peer, "ratio_duckdb": ours["aggregate"] / duck,
              "ratio_duckdb_processor": ours["aggregate_processor"] / duck_processor,
              "ratio_duckdb_with_reading": ours["read_and_aggregate"] / duck, "ratio_polars": ours["join"] / peer,
              "ratio_polars_processor": ours["join_processor"] / peer_processor}
    print(json.dumps(result, indent=2))
    if (bars, fives) != (ours["bars"], ours["fives"]):
        raise AssertionError(f"DuckDB makes {bars} bars of the day, and polars {fives} of five minutes")
    missed = [text for is_missed, text in (
        (ours["aggregate"] > 3.0, "a day takes more than three times 1 s"),
        (ours["aggregate_processor"] > 1.5 * duck_processor, "a day takes more than one and a half times the processor of DuckDB"),
        (ours["join_processor"] > 1.2 * peer_processor, "bars of five minutes take more than 1.2 times the processor of polars"),
    ) if is_missed]
    bounds.end(missed, options.gate)


if __name__ == "__main__":
    main()
