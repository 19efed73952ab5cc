"""Imports every recorded CSV file that fits and compares what is stored with an independent reading of it.

usage: csv_parity.py BARKEEP RECORDED [--keep FOLDER]

RECORDED is the folder of recorded market data. Each file gets a workspace of its own, goes in through a `files`
source into partitions and comes back by `show --format csv`: the number of rows and every value must be equal,
prices as the same doubles. A file that holds another ticker must be refused, and a saved "there is no data" page is
no error; neither stores anything.
"""

import argparse
import os
import shutil
import tempfile
from typing import Callable, NamedTuple

import raw_bars
import support


class Recording(NamedTuple):
    """One recorded file and what it is."""

    path: str
    ticker: str
    interval: str
    name: str  # what the file is called in the folder of the source
    settings: dict
    read: Callable | None  # None: must be refused


# A file that says in words that there is no data: no error, and nothing to store.
NOTHING = "nothing"
# Stooq calls its files by lower-case symbol and country.
STOOQ = {"suffix": ".us"}
# Nothing in a file of early November tells day from month.
US_MINUTES = "%m/%d/%Y %H:%M"
FILES = [
    *(Recording(f"stooq/daily/{name}.us.txt", name.upper(), "1d", f"{name}.us.txt", STOOQ, raw_bars.stooq_dump)
      for name in ("aacg", "aaciu", "aagrw")),
    Recording("stooq/daily/aapg_file_holding_abat.us.txt", "AAPG", "1d", "aapg.us.txt", STOOQ, None),
    *(Recording(f"stooq/5min/{name}.us.txt", name.upper(), "5m", f"{name}.us.txt", STOOQ, raw_bars.stooq_dump)
      for name in ("aacb", "aacbu")),
    Recording("stooq/5min/aapl.us.txt.gz", "AAPL", "5m", "aapl.us.txt.gz", STOOQ, raw_bars.stooq_dump),
    Recording("stooq/hourly/aapl.us.head.txt", "AAPL", "1h", "aapl.us.txt", STOOQ, raw_bars.stooq_dump),
    Recording("stooq/web/aapl_us_d.csv", "AAPL", "1d", "AAPL.csv", {}, raw_bars.stooq_web),
    Recording("stooq/web/spx_d_no_header.csv.gz", "^SPX", "1d", "^SPX.csv.gz", {}, raw_bars.stooq_web_bare),
    Recording("yahoo_v7/AAPL_200.csv", "AAPL", "1d", "AAPL.csv", {}, raw_bars.by_header),
    Recording("yahoo_v7/BTC-USD_200.csv", "BTC-USD", "1d", "BTC-USD.csv", {}, raw_bars.by_header),
    Recording("yahoo_v7/EURUSDX_200.csv", "EURUSD=X", "1d", "EURUSD=X.csv", {}, raw_bars.by_header),
    Recording("yahoo_v7/OCDO.L_200.csv", "OCDO.L", "1d", "OCDO.L.csv", {}, raw_bars.by_header),
    Recording("yahoo_v7/BEKE_400.csv", "BEKE", "1d", "BEKE.csv", {}, NOTHING),
    Recording("other/backtrader_daily-KO.csv", "KO", "1d", "KO.csv", {}, raw_bars.by_header),
    Recording("other/backtrader_orcl-2014.txt", "ORCL", "1d", "ORCL.csv", {}, raw_bars.by_header),
    Recording("other/mplfinance_yahoofinance-SPY-20200901-20210113.csv", "SPY", "1d", "SPY.csv", {},
              raw_bars.by_header),
    Recording("other/backtrader_2006-day-002.txt", "INDEX", "1d", "INDEX.csv", {}, raw_bars.by_header),
    Recording("other/backtesting_GOOG.csv", "GOOG", "1d", "GOOG.csv", {}, raw_bars.unnamed_date),
    Recording("other/mplfinance_SP500_NOV2019_Hist.csv", "SP500", "1d", "SP500.csv", {},
              raw_bars.us_dates("%m/%d/%Y")),
    Recording("other/mplfinance_SP500_NOV2019_IDay.csv", "SP500", "1m", "SP500.csv",
              {"date_format": US_MINUTES}, raw_bars.us_dates(US_MINUTES)),
]


def stored_files(workspace):
    """Returns how many Parquet files the workspace holds below data."""
    return len(support.parquet_files(os.path.join(workspace, "data")))


def prepare(binary, recorded, recording, folder):
    """Makes a workspace whose source holds the one file, and runs the update."""
    source = os.path.join(folder, "source")
    os.makedirs(source)
    shutil.copyfile(os.path.join(recorded, "csv", recording.path), os.path.join(source, recording.name))
    barkeep = support.Barkeep(binary, os.path.join(folder, "workspace"))
    barkeep.init(recording.interval, [recording.ticker])
    barkeep.import_from(source, interval=recording.interval, **recording.settings)
    done = barkeep.run("update", "--venue", support.VENUE, "--interval", recording.interval, "--non-interactive",
                       "--json", codes=(0, 1, 3, 12, 15))
    return barkeep, done


def check_refused(verdicts, recording, barkeep, done):
    """Checks that the file was named as refused and that nothing of it is stored."""
    verdicts.check(done.returncode != 0, f"{recording.path}: refused", f"exit {done.returncode}")
    verdicts.check(stored_files(barkeep.workspace) == 0, f"{recording.path}: nothing stored")
    verdicts.check(recording.ticker in done.stderr + done.stdout, f"{recording.path}: the refusal names its ticker",
                   done.stderr[-300:])


def check_exact(verdicts, recording, barkeep, wanted):
    """Checks every stored value against the independent reading."""
    found = barkeep.show(recording.ticker, recording.interval, codes=(0, 1, 3))
    if verdicts.same_rows(found, wanted, recording.path):
        months = len({(row.date.year, row.date.month) for row in wanted})
        verdicts.check(stored_files(barkeep.workspace) == months, f"{recording.path}: one file for each month")
        print(f"  {len(wanted):6} rows equal: {recording.path}")


def check(verdicts, binary, recorded, recording, folder):
    """Checks one recording."""
    barkeep, done = prepare(binary, recorded, recording, folder)
    refused = done.returncode != 0
    if recording.read is None:
        check_refused(verdicts, recording, barkeep, done)
        print(f"  refused: {recording.path} (exit {done.returncode})")
        return
    if recording.read == NOTHING:
        verdicts.check(not refused and stored_files(barkeep.workspace) == 0, f"{recording.path}: nothing, and no error")
        return
    if not verdicts.check(not refused, f"{recording.path}: imported", f"exit {done.returncode}: {done.stderr[-400:]}"):
        return
    check_exact(verdicts, recording, barkeep, recording.read(os.path.join(recorded, "csv", recording.path), recording.ticker))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("recorded")
    parser.add_argument("--keep", help="leave the workspaces in this folder")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="csv-parity.")
    verdicts = support.Verdicts("csv parity")
    for at, recording in enumerate(FILES):
        check(verdicts, options.barkeep, options.recorded, recording, os.path.join(folder, f"{at:02}"))
    if not options.keep:
        shutil.rmtree(folder)
    verdicts.finish()


if __name__ == "__main__":
    main()
