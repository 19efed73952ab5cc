"""Made-up legacy workspaces of the shapes that the migration is measured on, the same ones on every machine.

usage: legacy_shapes.py FOLDER SHAPE [--share N]

  S1s  60 tickers x 1d x 20 years, 14,400 months      S2  60 x 1m x 12 months, 720 months, 5.9 million rows
  S3   400 x 1h x 2 years, 9,600 months               S1  300 x 1d x 20 years, 72,000 months
  S9   9,276 x 1m x 21 sessions, 76 million rows

The files are what the predecessor saved: pandas, gzip, nanoseconds, one row group. Intraday prices are cents widened
from 32 bits, as Yahoo's answers are; daily ones carry a dividend factor, hence all bits. `--share 5` takes a fifth of
the tickers.
"""

import argparse
import os
import sys
import zlib
from typing import NamedTuple

import numpy
import pandas

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import make_legacy  # noqa: E402 - lies in the neighbouring folder
import speed  # noqa: E402


class Shape(NamedTuple):
    """One size of workspace."""

    interval: str
    tickers: int
    first_year: int
    years: int
    sessions: int | None = None

    def months(self):
        """Returns how many month files the partitions have."""
        return self.tickers * (1 if self.sessions else self.years * 12)

    def times(self):
        """Returns the times of the bars of each ticker."""
        first, last = f"{self.first_year}-01-01", f"{self.first_year + self.years}-01-01"
        days = numpy.arange(first, last, dtype="datetime64[D]")
        closed = [f"{year}-{day}" for year in range(self.first_year, self.first_year + self.years) for day in CLOSED_DAYS]
        sessions = days[numpy.is_busday(days, holidays=closed)].astype("datetime64[ns]")[:self.sessions]
        minutes, count = STEPS[self.interval]
        if count == 1:
            return sessions
        offsets = numpy.timedelta64(9 * 60 + 30, "m") + numpy.arange(count) * numpy.timedelta64(minutes, "m")
        return (sessions[:, None] + offsets[None, :]).ravel()


SHAPES = {
    "S1s": Shape("1d", 60, 2005, 20),
    "S3": Shape("1h", 400, 2023, 2),
    "S2": Shape("1m", 60, 2024, 1),
    "S1": Shape("1d", 300, 2005, 20),
    "S9": Shape("1m", 9276, 2024, 1, 21),
}
# Minutes between bars, and bars in a session.
STEPS = {"1d": (0, 1), "1h": (60, 7), "1m": (1, 390)}
CLOSED_DAYS = ("01-01", "01-18", "02-19", "05-27", "06-19", "07-04", "09-02", "11-28", "12-25")


def share_of(shape, share):
    """Returns the shape with one of `share` parts of its tickers."""
    return shape._replace(tickers=max(1, shape.tickers // share))


def frame(ticker, shape, times, numbered):
    """Returns the bars of one ticker as the predecessor holds them."""
    dice = numpy.random.default_rng(zlib.crc32(f"{ticker} {shape.interval}".encode()))
    count, swing = len(times), {"1d": 0.018, "1h": 0.006, "1m": 0.0005}[shape.interval]
    close = 20 + 80 * dice.random() * numpy.exp(numpy.clip(numpy.cumsum(dice.normal(0, swing, count)), -2.5, 2.5))
    opened = close * numpy.exp(dice.normal(0, swing / 2, count))
    high = numpy.maximum(opened, close) * (1 + numpy.abs(dice.normal(0, swing / 3, count)))
    low = numpy.minimum(opened, close) * (1 - numpy.abs(dice.normal(0, swing / 3, count)))
    # Dividends of four quarters a year, the newest bar unadjusted.
    factor = 0.996 ** (numpy.arange(count)[::-1] // 63) if shape.interval == "1d" else 1.0
    prices = [numpy.round(price, 2).astype("float32").astype("float64") * factor for price in (opened, high, low, close)]
    volume = numpy.round(numpy.exp(dice.normal({"1d": 14, "1h": 12, "1m": 8}[shape.interval], 0.9, count)))
    return pandas.DataFrame({
        "stock": pandas.array([ticker] * count, dtype="string"), "date": times,
        **dict(zip(("open", "high", "low", "close"), prices)),
        "volume": pandas.array(volume.astype("int64"), dtype="Int64"),
        # The fetcher leaves it empty, a rescue of damaged files numbered the rows.
        "sequence": pandas.array(range(count) if numbered else [pandas.NA] * count, dtype="Int64"),
    })


def make(workspace, shape):
    """Writes a legacy workspace and returns its tickers and its number of rows."""
    tickers, times = speed.symbols(shape.tickers), shape.times()
    for at, ticker in enumerate(tickers):
        path = os.path.join(workspace, "data", "legacy", f"stocks_{shape.interval}", f"{ticker}.parquet")
        make_legacy.save(frame(ticker, shape, times, at % 2 == 0), path)
    make_legacy.write_registry(workspace, tickers, "legacy", shape.interval)
    return tickers, shape.tickers * len(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--share", type=int, default=1)
    chosen = parser.parse_args()
    print(make(chosen.folder, share_of(SHAPES[chosen.shape], chosen.share))[1], "rows")
