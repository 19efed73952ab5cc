"""The day of a feed that the kill sweep interrupts: listing, daily file and witness minutes, vault, trades, bars, marks.

Three instruments at a feed on loopback. A first day is stored; the second one is interrupted, whose trades are a file of their own
and whose bars go on in the files of the first. The vault and the marks may differ from those of an undisturbed run: they tell what
was downloaded when. What counts is what they lead to: the same trades and bars, and a last run that has nothing left to do.
"""

import datetime
import json
import os

import workload
from workload import support

import posttrade  # noqa: E402 - beside support, found once workload is there

VENUE, CODE = "de:xetra", "DETR"
FIRST, SECOND = datetime.date(2026, 11, 16), datetime.date(2026, 11, 17)
TRADES, INSTRUMENTS, MINUTES = 90, 3, 17 * 60


def morning_after(day):
    """Returns the moment at which the file of a day is fetched."""
    return f"{day + datetime.timedelta(days=1)}T05:00:00Z"


class Feed(workload.Workload):
    """An update of a feed whose second day has come."""

    name, venue = "feed", VENUE
    promised = (*workload.Workload.promised, "/vault/")
    not_data = (*workload.NOT_DATA, "vault")

    def __init__(self):
        super().__init__()
        self.made = posttrade.Day(TRADES, INSTRUMENTS)
        self.feed = posttrade.Feed(CODE)
        self.server = posttrade.Server(self.feed)

    def prepare(self, binary, folder):
        barkeep = support.Barkeep(binary, os.path.join(folder, "workspace"), now=morning_after(FIRST))
        os.makedirs(barkeep.workspace)
        barkeep.run("init", "--venue", VENUE)
        with open(os.path.join(barkeep.workspace, "barkeep.toml"), "w", encoding="utf-8") as out:
            out.write(f'[sources."{VENUE}"]\nkind = "posttrade"\nbase_url = "{self.server.base_url}"\nmax_requests = 0\n')
        self.feed.add_day(self.made, FIRST, MINUTES)
        barkeep.run(*self.arguments())
        self.feed.add_day(self.made, SECOND, MINUTES)
        barkeep.now = morning_after(SECOND)
        return barkeep

    def arguments(self):
        return ["update", "--venue", VENUE, "--non-interactive"]

    def rows(self):
        """Returns the numbers of the instruments, whose trades take turns."""
        return {number: None for number in range(INSTRUMENTS)}

    def recovered(self, barkeep, turn):
        wrong = super().recovered(barkeep, turn)
        if wrong:
            return wrong
        barkeep.run(*self.arguments())
        return "a further run changes what is stored" if self.whole(barkeep.workspace) else None

    def unlike_source(self, barkeep, turn):
        number = turn % INSTRUMENTS
        isin = posttrade.isin(number)
        shown = barkeep.run("show", "--trades", isin, "--venue", VENUE, "--format", "json").stdout
        found = sorted(trade["trans_id"] for trade in json.loads(shown)["rows"])
        lines = [json.loads(line) for day in (FIRST, SECOND) for minute in self.made.lines
                 for line in self.made.text(minute, day).splitlines()]
        wanted = sorted(line["transactionIdentificationCode"] for line in lines if line["instrumentIdentificationCode"] == isin)
        return None if found == wanted else f"show --trades {isin}: {len(found)} trades, {len(wanted)} were published"
