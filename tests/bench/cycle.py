"""Measures an incremental cycle of minute bars against a server without a rate limit, healthy and in trouble.

usage: cycle.py BARKEEP [--tickers N] [--scratch FOLDER] [--gate]

  alone     a plain client asks the server for what the cycle asks for: what is left of a cycle's time is not the server's
  healthy   one new session for every ticker, on a workspace that holds the three sessions before
  trouble   the same on a copy of it, with a tenth of the tickers answering 500 and another tenth 404

The server is a process of its own, on loopback, and answers from memory. Prints one JSON document. Times are ratios of runs side by
side; `own_seconds` is the time of the processor, `wall` includes the server, which shares the cores. With --gate the exit code is 9
when the run in trouble takes more than 1.3 times the healthy one beside the five seconds for which second tries wait, sends more than
1.3 requests for each ticker, or takes more memory than is promised. That a healthy ticker lacks a bar is an error.
"""

import argparse
import asyncio
import calendar
import datetime
import http.client
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time

import bounds

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
import support  # noqa: E402 - lies in the neighbouring folder

SESSIONS = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]
MINUTES = 390
PAUSES = 5.0
BOUNDS = {"requests_per_ticker": 1.3, "time_ratio": 1.3, "peak_mib": 150.0}
INTERNAL = b'{"chart":{"result":null,"error":{"code":"Internal Server Error","description":"made up"}}}'
GONE = b'{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'


def opening(day):
    """Returns the instant at which New York opens on a day of winter."""
    return calendar.timegm(datetime.date.fromisoformat(day).timetuple()) + (14 * 60 + 30) * 60


def chart(sessions):
    """Returns the body for some sessions, cut where the symbol belongs."""
    stamps = [opening(day) + 60 * minute for day in sessions for minute in range(MINUTES)]
    prices = [round(100 + (stamp // 60 % 997) / 100, 2) for stamp in stamps]
    hours = {"timezone": "EST", "start": opening(sessions[-1]), "end": opening(sessions[-1]) + 60 * MINUTES, "gmtoffset": -18000}
    body = {"chart": {"result": [{
        "meta": {"currency": "USD", "symbol": "@", "exchangeName": "NMS", "instrumentType": "EQUITY", "firstTradeDate": opening(SESSIONS[0]),
                 "regularMarketTime": stamps[-1] + 60, "exchangeTimezoneName": "America/New_York", "dataGranularity": "1m",
                 "currentTradingPeriod": {"pre": hours, "regular": hours, "post": hours}},
        "timestamp": stamps,
        "indicators": {"quote": [{"open": prices, "high": [price + 0.5 for price in prices], "low": [price - 0.5 for price in prices],
                                  "close": prices, "volume": [stamp // 60 % 9973 for stamp in stamps]}]},
    }], "error": None}}
    return json.dumps(body).encode().split(b"@")


def head(status, length):
    """Returns the head of an answer."""
    return f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


class Answers(asyncio.Protocol):
    """One connection. The first part of a path says how much there is, and whether there is trouble."""

    bodies = {}

    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for request in requests:
            path = request.split(b" ", 2)[1].partition(b"?")[0].split(b"/")
            symbol, last = path[-1], symbol_number(path[-1])
            if path[1] == b"trouble" and last % 10 == 3:
                self.transport.writelines([head(500, len(INTERNAL)), INTERNAL])
            elif path[1] == b"trouble" and last % 10 == 7:
                self.transport.writelines([head(404, len(GONE)), GONE])
            else:
                before, after = self.bodies[path[1]]
                self.transport.writelines([head(200, len(before) + len(symbol) + len(after)), before, symbol, after])


def symbol_number(symbol):
    """Returns the number of a symbol as `symbols` counts them."""
    return int(symbol[1:], 10)


def serve(port):
    """Runs the server, and says at which port."""
    Answers.bodies = {b"first": chart(SESSIONS[:-1]), b"healthy": chart(SESSIONS), b"trouble": chart(SESSIONS)}

    async def run():
        server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0, backlog=512)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ask_alone(port, tickers):
    """Returns the seconds that a plain client needs for the answers of a healthy cycle."""
    client, started = http.client.HTTPConnection("127.0.0.1", port), time.monotonic()
    for ticker in tickers:
        client.request("GET", f"/healthy/v8/finance/chart/{ticker}?interval=1m")
        client.getresponse().read()
    return time.monotonic() - started


class Cycle:
    """A workspace whose source is the server."""

    def __init__(self, binary, folder, port):
        self.port, self.barkeep = port, support.Barkeep(binary, folder)

    def turn_to(self, part):
        """Makes the source ask for one part of the server."""
        settings = f"""[sources."us:yahoo"]
base_url = "http://127.0.0.1:{self.port}/{part}"
max_requests = 0
windows = {{ "1m" = {{ request_days = 29, depth_days = 29 }} }}
"""
        with open(os.path.join(self.barkeep.workspace, "barkeep.toml"), "w", encoding="utf-8") as file:
            file.write(settings)

    def update(self, part, day, codes=(0,)):
        """Measures one update in the evening of a day."""
        self.turn_to(part)
        self.barkeep.now = f"{day}T22:00:00Z"
        os.sync()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = self.barkeep.command("update", "--interval", "1m", "--non-interactive", "--json")
        code, wall, memory, answer = support.peak_memory_run(command, self.barkeep.environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if code not in codes:
            raise RuntimeError(f"update ended with {code}")
        summary = support.summary_of(answer)
        week = summary["requests_last_7_days"][0]
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": wall, "own_seconds": own, "peak_mib": memory, "bars": summary["bars"], "tickers": summary["tickers"],
                "requests_in_week": week["requests"], "seconds": summary["seconds"]}


def measure(binary, scratch, count):
    """Runs the server and everything that asks it."""
    tickers = [f"T{number:05}" for number in range(count)]
    queue = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(queue,), daemon=True)
    server.start()
    try:
        port = queue.get(timeout=60)
        alone = ask_alone(port, tickers)
        folders = [os.path.join(scratch, name) for name in ("healthy", "trouble")]
        os.makedirs(folders[0])
        first = Cycle(binary, folders[0], port)
        first.turn_to("first")
        names = [word for ticker in tickers for word in ("--ticker", ticker)]
        first.barkeep.run("init", "--venue", "us:yahoo", "--interval", "1m", "--partitioned", *names)
        loaded = first.update("first", SESSIONS[-2])
        shutil.copytree(folders[0], folders[1], symlinks=True)
        healthy = first.update("healthy", SESSIONS[-1])
        trouble = Cycle(binary, folders[1], port).update("trouble", SESSIONS[-1], codes=(3,))
    finally:
        server.terminate()
        server.join()
    for run in (healthy, trouble):
        run["requests_per_ticker"] = (run.pop("requests_in_week") - loaded["requests_in_week"]) / count
    return {"tickers": count, "alone_wall": alone, "first": loaded, "healthy": healthy, "trouble": trouble,
            "time_ratio": max(trouble["wall"] - PAUSES, 0.0) / healthy["wall"],
            "own_ratio": trouble["own_seconds"] / healthy["own_seconds"]}


def misses(result):
    """Returns what takes more than is promised."""
    healthy, trouble = result["healthy"], result["trouble"]
    values = {"requests_per_ticker": trouble["requests_per_ticker"], "time_ratio": result["time_ratio"],
              "peak_mib": max(healthy["peak_mib"], trouble["peak_mib"])}
    return [f"{name} is {values[name]:.2f}, {bound} is promised" for name, bound in BOUNDS.items() if values[name] > bound]


def refuse_wrong(result):
    """Raises when a run did other things than it was to do."""
    healthy, trouble, count = result["healthy"], result["trouble"], result["tickers"]
    bad = sum(number % 10 in (3, 7) for number in range(count))
    for name, run, expected in (("healthy", healthy, count * MINUTES), ("trouble", trouble, (count - bad) * MINUTES)):
        if run["bars"]["new"] != expected:
            raise AssertionError(f"{name}: {run['bars']['new']} new bars, {expected} are due")
    if healthy["requests_per_ticker"] != 1.0:
        raise AssertionError(f"healthy: {healthy['requests_per_ticker']} requests for each ticker, 1 is due")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--tickers", type=int, default=9276)
    parser.add_argument("--scratch", help="a folder on the file system to measure; kept")
    parser.add_argument("--gate", action="store_true", help="fail on misses")
    options = parser.parse_args()
    scratch = options.scratch or tempfile.mkdtemp(prefix="cycle.")
    try:
        result = measure(options.barkeep, scratch, options.tickers)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch)
    print(json.dumps(result, indent=2), flush=True)
    refuse_wrong(result)
    bounds.end(misses(result), options.gate)


if __name__ == "__main__":
    main()
