"""Counts bars from published lines by itself and compares them with what barkeep stored.

usage: bars_of_trades.py WORKSPACE VENUE FEED FILE...     FILE: lines as they were published, plain or gzip
       bars_of_trades.py --made BARKEEP                   a made-up day with corrections is served, stored and compared

Knows nothing of barkeep's code: sums are decimal, bars are dictionaries, the clock is zoneinfo's. Half days and holidays are not known
here, so a file of one would differ. Needs pyarrow. Prints one JSON document; the exit code is 1 when anything differs.
"""

import collections
import datetime
import decimal
import gzip
import json
import math
import os
import sys
import tempfile
import urllib.parse
import zoneinfo

import pyarrow.parquet

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
# Older lines have other keys for the same things.
KEYS = {
    "isin": ("instrumentIdentificationCode", "isin"), "id": ("transactionIdentificationCode", "transIdCode"),
    "price": ("price", "lastTrade"), "volume": ("quantity", "lastQty"), "currency": ("priceCurrency", "currency"),
    "traded": ("tradingDateAndTime", "lastTradeTime"), "published": ("publicationDateAndTime", "distributionDateTime"),
    "venue": ("venueOfExecution", "executionVenueId"), "system": ("tradingSystem",), "mode": ("mmtTradingMode",),
    "flag": ("mmtModificationInd",), "benchmark": ("mmtBenchmarkRefprcInd",), "last": ("lastTradeIndicator",),
    "notation": ("priceNotation", "quotationType"),
}
AUCTIONS = {"O": "opening", "I": "intraday", "K": "closing", "U": "unscheduled"}
DEALERS = {"DGAT": datetime.time(7, 30), "DFRA": datetime.time(8, 0)}
RANK = {"-": 0, "A": 1, "C": 2}


def nanoseconds(text):
    """Returns an instant in nanoseconds since 1970."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)


def wall(nanos):
    """Returns what the clock of Berlin shows, to the second."""
    return datetime.datetime.fromtimestamp(nanos // 10**9, BERLIN).replace(tzinfo=None)


def lines_of(paths):
    """Returns the lines of files, with one name for each thing."""
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        for text in data.decode().splitlines():
            raw = json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
            line = {name: next((raw[key] for key in keys if key in raw), None) for name, keys in KEYS.items()}
            line["flag"] = line["flag"] or "-"
            line["at"], line["out"] = nanoseconds(line["traded"]), nanoseconds(line["published"])
            yield line


def judge(line, feed):
    """Returns where a line counts ("session", "outside" or None), whether with its price, and its auction."""
    mode, close = line["mode"], line["last"] == "C"
    if mode not in ("O", "I", "K", "U", "2", "3", "4") or line["price"] is None or not line["volume"] or line["volume"] <= 0:
        return None, False, None
    elsewhere = line["benchmark"] in ("B", "S") or line["system"] == "3" or (line["venue"] or "").startswith("XEM")
    is_closing = close and mode != "4" and feed not in DEALERS
    auction = None if feed in DEALERS or mode == "4" else ("closing" if is_closing else AUCTIONS.get(mode))
    clock = wall(line["at"])
    first = DEALERS.get(feed, datetime.time(9, 0))
    last = datetime.time(22, 0) if feed in DEALERS else datetime.time(17, 45)
    inside = first <= clock.time() < (datetime.datetime.combine(clock, last) + datetime.timedelta(minutes=1)).time()
    place = "session" if mode != "4" and inside and clock.weekday() < 5 else "outside"
    return place, is_closing or not elsewhere, auction


class Bar:
    """A bar that is counted up line by line."""

    def __init__(self):
        self.prices, self.volume, self.turnover, self.trades = [], decimal.Decimal(0), 0.0, 0

    def add(self, line, has_price):
        """Adds a line that counts."""
        if has_price:
            self.prices.append(float(line["price"]))
        self.volume += line["volume"]
        self.turnover += float(line["price"]) * float(line["volume"])
        self.trades += 1

    def row(self):
        """Returns open, high, low, close, volume and trades."""
        prices = (self.prices[0], max(self.prices), min(self.prices), self.prices[-1]) if self.prices else (None,) * 4
        return (*prices, float(self.volume), self.trades)


def counted(lines, feed, currency="EUR"):
    """Returns the bars of each tree: (series, date) to bar."""
    lines = list(lines)
    newest = {}
    for line in lines:
        known = newest.get(line["id"])
        if known is None or (line["out"], RANK[line["flag"]]) >= (known["out"], RANK[known["flag"]]):
            newest[line["id"]] = line
    trees = collections.defaultdict(lambda: collections.defaultdict(Bar))
    notation = {}
    for line in sorted(lines, key=lambda line: (line["at"], line["id"])):
        place, has_price, auction = judge(line, feed)
        if place is None or line["flag"] == "C":
            continue
        series = line["isin"] if line["currency"] == currency else f"{line['isin']}.{line['currency'] or 'XXX'}"
        if notation.setdefault(series, line["notation"] == 2) != (line["notation"] == 2):
            continue
        minute = wall(line["at"]).replace(second=0)
        day = minute.replace(hour=0, minute=0)
        bars = [trees["stocks_1m" if place == "session" else "prepost_1m"][series, minute]]
        if place == "session":
            bars.append(trees["stocks_1d"][series, day])
        if auction:
            bars.append(trees["auctions"][series, minute if auction == "unscheduled" else day, auction])
        if newest[line["id"]] is line:
            for bar in bars:
                bar.add(line, has_price)
    return trees


def stored(workspace, venue, tree):
    """Returns the stored rows of a tree: key to row and average price."""
    root = os.path.join(workspace, "data", *venue.split(":"), tree)
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            if not name.endswith(".parquet"):
                continue
            part = next(part for part in folder.split(os.sep) if part.startswith("ticker="))
            series = urllib.parse.unquote(part.removeprefix("ticker="))
            for row in pyarrow.parquet.ParquetFile(os.path.join(folder, name)).read().to_pylist():
                assert row["stock"] == series, folder
                if tree == "auctions":
                    found[series, row["date"], row["kind"]] = (row["price"], row["volume"], row["trades"]), None
                else:
                    values = tuple(row[name] for name in ("open", "high", "low", "close", "volume", "trades"))
                    found[series, row["date"]] = values, row["vwap"]
    return found


def differences(workspace, venue, feed, lines):
    """Returns what differs, tree by tree, and how many bars were compared."""
    wrong, compared = [], {}
    trees = counted(lines, feed)
    for tree in ("stocks_1m", "stocks_1d", "prepost_1m", "auctions"):
        bars, found = trees[tree], stored(workspace, venue, tree)
        compared[tree] = len(bars)
        for key in sorted(set(bars) | set(found)):
            bar, (row, vwap) = bars.get(key), found.get(key, (None, None))
            wanted = None if bar is None else bar.row()
            if tree == "auctions" and bar is not None:
                wanted = (wanted[3] if bar.trades else None, *wanted[4:])
            if wanted != row:
                wrong.append(f"{tree} {key}: counted {wanted}, stored {row}")
            elif tree != "auctions" and bar.volume and not math.isclose(vwap, bar.turnover / float(bar.volume), rel_tol=1e-12):
                wrong.append(f"{tree} {key}: counted an average of {bar.turnover / float(bar.volume)}, stored {vwap}")
    return wrong, compared


def corrected(lines):
    """Returns lines with some amended, some cancelled, and a cancellation before its trade."""
    out = []
    for number, line in enumerate(lines):
        if number % 97 == 0:
            out.append(line.replace('"mmtModificationInd":"-"', '"mmtModificationInd":"C"').replace('00Z","transaction', '01Z","transaction'))
        out.append(line)
        if number % 89 == 0:
            out.append(line.replace('"mmtModificationInd":"-"', '"mmtModificationInd":"A"').replace('.00,"price"', '.25,"price"')
                       .replace('00Z","transaction', '02Z","transaction'))
    return out


def made(binary):
    """Serves a made-up day, stores it, and returns what differs."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import posttrade
    import support

    with tempfile.TemporaryDirectory(prefix="bars.") as folder:
        day = posttrade.Day(20_000, instruments=60)
        for minute in day.lines:
            day.lines[minute] = corrected(day.lines[minute])
        feed = posttrade.Feed()
        feed.add_day(day, posttrade.TEMPLATE)
        server = posttrade.Server(feed)
        barkeep = support.Barkeep(binary, folder)
        barkeep.run("init", "--venue", "de:xetra")
        with open(os.path.join(barkeep.workspace, "barkeep.toml"), "w", encoding="utf-8") as file:
            file.write(f'[sources."de:xetra"]\nkind = "posttrade"\nbase_url = "{server.base_url}"\nmax_requests = 0\n')
        barkeep.now = f"{(posttrade.TEMPLATE + datetime.timedelta(days=1)).isoformat()}T05:00:00Z"
        barkeep.run("update", "--venue", "de:xetra", "--non-interactive")
        server.close()
        name = os.path.join(folder, "lines")
        with open(name, "wb") as file:
            file.write(b"".join(day.text(minute, posttrade.TEMPLATE) for minute in sorted(day.lines)))
        return differences(barkeep.workspace, "de:xetra", "DETR", lines_of([name]))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--made":
        wrong, compared = made(sys.argv[2])
    elif len(sys.argv) > 4:
        workspace, venue, feed, *paths = sys.argv[1:]
        wrong, compared = differences(workspace, venue, feed, lines_of(paths))
    else:
        sys.exit(__doc__)
    print(json.dumps({"compared": compared, "different": len(wrong), "first": wrong[:10]}, indent=2))
    sys.exit(1 if wrong or not compared["stocks_1m"] else 0)


if __name__ == "__main__":
    main()
