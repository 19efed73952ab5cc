"""Reads recorded CSV files of market data on its own, as the second opinion of csv_parity.py.

Every rule here is taken from the description of the format, none from barkeep: Stooq's dumps carry Warsaw
clock times (5-minute rows their start, hourly rows their end), its web files Polish headers or none, old
Yahoo files another order of columns. Volumes are whole numbers, rounded half to even.
"""

import csv
import datetime
import decimal
import gzip
import zoneinfo

import support

WARSAW, NEW_YORK = zoneinfo.ZoneInfo("Europe/Warsaw"), zoneinfo.ZoneInfo("America/New_York")
OPENING = datetime.time(9, 30)
POLISH = ["Data", "Otwarcie", "Najwyzszy", "Najnizszy", "Zamkniecie", "Wolumen"]
ENGLISH = ["Date", "Open", "High", "Low", "Close", "Volume"]


def text_of(path):
    """Returns the text of a file, unpacked when its name ends in .gz."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8-sig") as file:
        return file.read()


def price(cell):
    """Returns the double that a price cell means."""
    return float(cell) if cell not in ("", "null") else None


def volume(cell):
    """Returns the whole number of a volume cell, exact beyond 2^53."""
    if cell in ("", "null", None):
        return None
    return int(decimal.Decimal(cell).quantize(decimal.Decimal(1), decimal.ROUND_HALF_EVEN))


def row(ticker, date, prices, traded):
    """Returns one row from cells."""
    return support.Row(ticker, date, *map(price, prices), volume(traded), None)


def in_order(rows):
    """Returns the rows by date; of two with one date the later line stays."""
    return [kept for _, kept in sorted({found.date: found for found in rows}.items())]


def new_york(day, clock):
    """Returns the New York wall clock of a Warsaw one."""
    there = datetime.datetime.strptime(day + clock, "%Y%m%d%H%M%S").replace(tzinfo=WARSAW)
    return there.astimezone(NEW_YORK).replace(tzinfo=None)


def stooq_dump(path, ticker):
    """Reads an ASCII dump of Stooq's."""
    rows = []
    for line in csv.DictReader(text_of(path).splitlines()):
        if line["<PER>"] == "D":
            date = datetime.datetime.strptime(line["<DATE>"], "%Y%m%d")
        else:
            date = new_york(line["<DATE>"], line["<TIME>"])
        if line["<PER>"] == "60":
            # An hourly row is named by its end; the first of a day starts with the session.
            date = max(date - datetime.timedelta(hours=1), datetime.datetime.combine(date, OPENING))
        prices = [line[f"<{name}>"] for name in ("OPEN", "HIGH", "LOW", "CLOSE")]
        rows.append(row(ticker, date, prices, line["<VOL>"]))
    return in_order(rows)


def by_header(path, ticker, header=None, names=tuple(ENGLISH), date=datetime.datetime.fromisoformat):
    """Reads CSV by column names: `header` names the columns of a file that does not, `names` what they mean."""
    lines = csv.DictReader(text_of(path).splitlines(), fieldnames=header)
    cells = [[line[name] for name in names] for line in lines]
    return in_order(row(ticker, date(first), prices, traded) for first, *prices, traded in cells)


def stooq_web(path, ticker):
    """Reads a web download of Stooq's with its Polish header."""
    return by_header(path, ticker, names=POLISH)


def stooq_web_bare(path, ticker):
    """Reads a web download of Stooq's without a header."""
    return by_header(path, ticker, header=ENGLISH)


def unnamed_date(path, ticker):
    """Reads CSV whose first column has no name."""
    return by_header(path, ticker, names=("", *ENGLISH[1:]))


def us_dates(pattern):
    """Returns a reader of CSV with month first."""
    def read(path, ticker):
        return by_header(path, ticker, date=lambda text: datetime.datetime.strptime(text, pattern))
    return read
