"""Writes source CSV files and has barkeep import them: the workspace that check_readers.py reads.

usage: make_tree.py BARKEEP FOLDER    makes FOLDER/workspace and FOLDER/source/<interval>/<TICKER>.csv

Daily bars over four years, minutes over three months and weeks in the legacy layout, for ordinary and for awkward tickers, with values
that readers get wrong: the smallest and the largest doubles, 17 digits, no volume, a volume of 2^53 - 1.
"""

import datetime
import os
import sys

import support

TICKERS = ["AAPL", *support.AWKWARD_TICKERS]
EXTREMES = [5e-324, 2.2250738585072014e-308, 0.1 + 0.2, 1011.8951416015625, 1.7976931348623157e308]


def with_extremes(rows):
    """Returns the rows with awkward numbers in the first ones."""
    changed = list(rows)
    for at, price in enumerate(EXTREMES):
        changed[at] = rows[at]._replace(open=price, high=price, low=price, close=price)
    changed[6] = rows[6]._replace(volume=2**53 - 1)
    changed[7] = rows[7]._replace(volume=None)
    return changed


def days():
    """Returns four years of sessions."""
    return support.session_days(datetime.datetime(2020, 1, 2), 1000)


def minutes():
    """Returns the first 40 minutes of 35 sessions over three months."""
    opening = datetime.timedelta(hours=9, minutes=30)
    sessions = support.session_days(datetime.datetime(2024, 5, 20), 35)
    return [day + opening + datetime.timedelta(minutes=at) for day in sessions for at in range(40)]


def weeks():
    """Returns the Mondays of the days."""
    return [day for day in days() if day.weekday() == 0]


def main():
    binary, folder = sys.argv[1:3]
    barkeep = support.Barkeep(binary, os.path.join(folder, "workspace"), now="2024-07-08T22:00:00Z")
    for interval, times in (("1d", days()), ("1m", minutes()), ("1wk", weeks())):
        source = os.path.join(folder, "source", interval)
        for ticker in TICKERS:
            support.write_bars(source, with_extremes(support.bars(ticker, times)))
        barkeep.init(interval, TICKERS)
        barkeep.import_from(source, interval=interval)
        summary = barkeep.update("--interval", interval)
        wanted = len(TICKERS) * len(times)
        assert summary["bars"]["new"] == wanted, f"{interval}: {summary['bars']} in place of {wanted} new bars"
        print(f"  {interval}: {wanted} bars in {summary['files_written']} files")


if __name__ == "__main__":
    main()
