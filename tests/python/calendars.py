#!/usr/bin/env python3
"""Tables of trading sessions for src/calendar/tables, and the check of what barkeep makes of them.

    calendars.py write DIRECTORY   writes one table for each exchange
    calendars.py check BARKEEP     compares every session that `barkeep calendar` prints with those of the package

Days and hours are those of the PyPI package exchange_calendars; calendars.txt has its version, and the pandas that it works
with: with pandas 3 it leaves out the weeks that differ from the usual ones (Seoul's Saturdays, Tel Aviv's Sundays).
The form of a table is described in src/calendar/table.rs.
"""
import collections
import concurrent.futures
import csv
import datetime
import io
import json
import os
import pathlib
import subprocess
import sys
import warnings

import exchange_calendars
import pandas

EXCHANGES = (
    "XNYS XNAS XETR XLON XPAR XAMS XBRU XLIS XMIL XSWX XMAD XTSE XASX XTKS XHKG XSHG XKRX XBOM XSAU XTAE XJSE BVMF".split()
)
# Where the package names no bound it applies today's rules to any year, but its holidays begin in 1970. Hong Kong has a
# list of its own.
FIRST, LAST = pandas.Timestamp("1970-01-01"), pandas.Timestamp("2099-12-31")
OWN_LISTS = ("XHKG",)
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A week that differs for less than this is no change of the week but single sessions.
FEWEST_WEEKS = 52


def package_calendar(name):
    factories = exchange_calendars.calendar_utils._default_calendar_factories
    aliases = exchange_calendars.calendar_utils._default_calendar_aliases
    kind = factories[aliases.get(name, name)]
    bound = kind.bound_min() or FIRST
    first = bound if name in OWN_LISTS else max(bound, FIRST)
    last = min(kind.bound_max() or LAST, LAST)
    return kind(start=first, end=last), first.date(), last.date()


def sessions(calendar):
    """Returns the hours of each day with a session, on the wall clock of the exchange: open, close, and the break or None."""
    schedule = calendar.schedule
    column = lambda name: schedule[name].dt.tz_convert(calendar.tz).dt.strftime("%H:%M")
    breaks = schedule["break_start"].notna()
    parts = zip(schedule.index, column("open"), column("close"), column("break_start"), column("break_end"), breaks)
    return {
        stamp.date(): f"{opened}-{pause},{resumed}-{closed}" if has_break else f"{opened}-{closed}"
        for stamp, opened, closed, pause, resumed, has_break in parts
    }


def changes(calendar, first):
    """Returns the days from which on week or hours may be others, by what the package says of them."""
    days = {first}
    for times in (calendar.open_times, calendar.close_times, calendar.break_start_times, calendar.break_end_times):
        days.update(since.date() for since, _ in times or () if since is not None)
    for since, until, _ in getattr(calendar, "special_weekmasks", None) or ():
        if since is None:
            days.add(until.date() + datetime.timedelta(days=1))
    return sorted(day for day in days if day >= first)


def most_common(values):
    return collections.Counter(values).most_common(1)[0][0]


def regime(held, start, end):
    """Returns the days of the week with sessions from `start` up to `end`, and the usual hours on each."""
    weeks = (end - start).days / 7
    by_weekday = collections.defaultdict(list)
    for day, hours in held.items():
        if start <= day < end:
            by_weekday[day.weekday()].append(hours)
    return {
        weekday: most_common(by_weekday[weekday])
        for weekday in range(7)
        if len(by_weekday[weekday]) > weeks / 2
    }


def table(name):
    calendar, first, last = package_calendar(name)
    held = sessions(calendar)
    lines = [
        f"# {name}, by exchange_calendars {exchange_calendars.__version__}; made by tests/python/calendars.py.",
        f"zone {calendar.tz.key}",
        f"known {first} {last}",
    ]
    usual = {}
    starts = changes(calendar, first)
    for start, end in zip(starts, starts[1:] + [last + datetime.timedelta(days=1)]):
        week = regime(held, start, end)
        hours = most_common(week.values())
        days = (WEEK[day] if week[day] == hours else f"{WEEK[day]}={week[day]}" for day in sorted(week))
        lines.append(f"from {start} {hours} {' '.join(days)}")
        usual.update({start + datetime.timedelta(days=n): week for n in range((end - start).days)})
    exceptions = collections.defaultdict(list)
    for day, week in usual.items():
        is_usual = held.get(day) == week.get(day.weekday())
        if not is_usual:
            exceptions[held.get(day, "closed")].append(day)
    for hours in sorted(exceptions, key=lambda hours: (hours != "closed", hours)):
        lines.append(hours)
        years = collections.defaultdict(list)
        for day in exceptions[hours]:
            years[day.year].append(day.strftime("%m%d"))
        lines.extend(f"{year} {' '.join(days)}" for year, days in sorted(years.items()))
    return "\n".join(lines) + "\n"


def write(directory):
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for name, text in zip(EXCHANGES, pool.map(table, EXCHANGES)):
            (directory / f"{name}.txt").write_text(text)
            print(f"{name}: {len(text)} bytes")


def expected(name):
    """Returns the rows of a whole calendar as `barkeep calendar --json` has them."""
    calendar, first, last = package_calendar(name)
    instant = lambda stamp: None if pandas.isna(stamp) else stamp.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = [
        [str(day.date()), *map(instant, row)]
        for day, row in zip(
            calendar.schedule.index,
            calendar.schedule[["open", "close", "break_start", "break_end"]].itertuples(index=False),
        )
    ]
    return first, last, rows


def printed(barkeep, name, first, last):
    command = [barkeep, "calendar", name, "--start", str(first), "--end", str(last), "--json"]
    document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    fields = ("day", "open", "close", "break_start", "break_end")
    return [[one.get(field) for field in fields] for one in document["sessions"]]


def differences(name, rows, found):
    """Prints the first days on which two lists of sessions differ, and returns how many do."""
    wanted, got = {row[0]: row for row in rows}, {row[0]: row for row in found}
    wrong = [day for day in sorted(wanted.keys() | got.keys()) if wanted.get(day) != got.get(day)]
    for day in wrong[:10]:
        print(f"{name} {day}: {wanted.get(day)} is right, {got.get(day)} is printed")
    return len(wrong)


def check(barkeep):
    wrong = 0
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for name, (first, last, rows) in zip(EXCHANGES, pool.map(expected, EXCHANGES)):
            found = printed(barkeep, name, first, last)
            count = differences(name, rows, found)
            print(f"{name}: {len(rows)} sessions from {first} to {last}, {count} differ")
            wrong += count + (not rows)
    return wrong + check_recorded(barkeep)


def check_recorded(barkeep):
    """Compares with lists that were computed elsewhere, where there are some."""
    folder = os.environ.get("BARKEEP_RECORDED_DATA")
    lists = sorted(pathlib.Path(folder, "calendars").glob("*_sessions_*.csv")) if folder else []
    if not lists:
        print("skipped: no recorded lists of sessions")
    wrong = 0
    for path in lists:
        name = path.name.split("_")[0]
        minute = lambda text: text.replace("Z", ":00Z")
        rows = [
            [row["session"], minute(row["open_utc"]), minute(row["close_utc"])]
            for row in csv.DictReader(io.StringIO(path.read_text()))
        ]
        found = [row[:3] for row in printed(barkeep, name, rows[0][0], rows[-1][0])]
        count = differences(name, rows, found)
        print(f"{path.name}: {len(rows)} sessions, {count} differ")
        wrong += count
    return wrong


def main():
    warnings.simplefilter("ignore")
    match sys.argv[1:]:
        case ["write", directory]:
            write(pathlib.Path(directory))
        case ["check", barkeep]:
            sys.exit(1 if check(barkeep) else 0)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
