"""A made-up feed of delayed trades on loopback: its lines, its files and its server.

Standard library only. A day is made once from a seed and moved to other days, so that a week costs one day's work. The rate is that of
the real feed: some 400,000 trades in 1,320 files of a minute each, most of them without a trade.
"""

import datetime
import gzip
import http.server
import json
import random
import threading

TEMPLATE = datetime.date(2026, 11, 16)
EMPTY = gzip.compress(b"", 1, mtime=0)
OPENING, CLOSING = 8 * 60, 16 * 60 + 30  # UTC in winter: 09:00 and 17:30 in Berlin
MINUTES = 22 * 60


def isin(number):
    """Returns the made-up ISIN of an instrument; the check digit is not one."""
    return f"DE{number:09}0"


class Day:
    """The trades of one day, as lines of the year 2026, by the minute in which they were traded."""

    def __init__(self, trades, instruments=500, seed=7):
        choose = random.Random(seed)
        prices = [round(choose.uniform(5, 300), 2) for _ in range(instruments)]
        weights = [1 / (rank + 3) for rank in range(instruments)]
        auctions = {OPENING: 0.02, 13 * 60: 0.01, CLOSING + 5: 0.07}
        continuous = trades - sum(int(trades * share) for share in auctions.values())
        spread = [continuous // (CLOSING - OPENING)] * (CLOSING - OPENING)
        spread[0] += continuous - sum(spread)
        counts = {OPENING + minute: count for minute, count in enumerate(spread)}
        for minute, share in auctions.items():
            counts[minute] = counts.get(minute, 0) + int(trades * share)
        self.lines, self.count, number = {}, 0, 0
        for minute, count in sorted(counts.items()):
            at_auction = minute in auctions
            mode = {OPENING: "O", 13 * 60: "I", CLOSING + 5: "K"}.get(minute, "2")
            nanos = sorted(choose.randrange(60 * 10**9) for _ in range(count))
            made = []
            for nano, which in zip(nanos, choose.choices(range(instruments), weights, k=count)):
                number += 1
                if not at_auction:
                    prices[which] = max(0.5, round(prices[which] + choose.choice((-0.02, -0.01, 0.0, 0.01, 0.02)), 2))
                made.append(line(which, prices[which], choose.randrange(1, 400), minute, nano, number, mode))
            self.lines[minute] = made
            self.count += count

    def text(self, minute, day):
        """Returns the lines of a minute as those of a day."""
        text = "".join(self.lines.get(minute, ()))
        old, new = TEMPLATE, day
        return text.replace(old.isoformat(), new.isoformat()).replace(f"{old:%Y%m%d}", f"{new:%Y%m%d}").encode()


def line(which, price, quantity, minute, nano, number, mode):
    """Returns one published line of the template's day."""
    second, fraction = divmod(nano, 10**9)
    stamp = f"{TEMPLATE.isoformat()}T{minute // 60:02}:{minute % 60:02}:{second:02}.{fraction:09}Z"
    published = f"{TEMPLATE.isoformat()}T{minute // 60:02}:{minute % 60:02}:{second:02}.{fraction // 1000:06}000Z"
    system = "1" if number % 9 else "3"
    return (f'{{"messageId":"posttrade","instrumentIdentificationCode":"{isin(which)}","priceCurrency":"EUR","tradingSystem":"{system}",'
            f'"mmtTradingMode":"{mode}","mmtModificationInd":"-","mmtBenchmarkRefprcInd":"-","mmtPubModeDefReason":"-",'
            f'"mmtAlgoInd":"{"H" if number % 5 else "-"}","priceNotation":1,"quantity":{quantity}.00,"price":{price:.2f},'
            f'"tradingDateAndTime":"{stamp}","publicationDateAndTime":"{published}",'
            f'"transactionIdentificationCode":"10000000000000250485401789711{TEMPLATE:%Y%m%d}{number:015}",'
            f'"venueOfExecution":"{"XETA" if number % 9 else "XEMA"}","venueOfPublication":"XCEF"}}\n')


class Feed:
    """The files that a feed serves: names and bytes, newest first."""

    def __init__(self, code="DETR"):
        self.code, self.files = code, {}

    def add_day(self, made, day, minutes=MINUTES, daily=True):
        """Adds every minute of a day and, if it is over, its daily file."""
        whole = []
        for minute in range(minutes):
            text = made.text(minute, day)
            whole.append(text)
            name = f"{self.code}-posttrade-{day.isoformat()}T{minute // 60:02}_{minute % 60:02}.json.gz"
            self.files[name] = gzip.compress(text, 1, mtime=0) if text else EMPTY
        if daily:
            self.files[f"{self.code}-posttrade-daily-{day.isoformat()}.json.gz"] = gzip.compress(b"".join(whole), 1, mtime=0)

    def listing(self, now):
        """Returns the document that lists the files."""
        names = sorted(self.files, reverse=True)
        return json.dumps({"SourcePrefix": "", "DaysToKeepOnWebpage": 1, "FileCount": len(names),
                           "GenerationDatetime": f"{now} UTC", "CurrentFiles": names}).encode()


class Server:
    """Serves feeds on loopback: a listing, and downloads behind a redirect as the real one has since 2026."""

    def __init__(self, *feeds):
        self.feeds, self.requests, self.refuse = {feed.code: feed for feed in feeds}, [], set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: the second would wait 40 ms for the receipt of the first.
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A program that is killed breaks its connections off.
        self.http.handle_error = lambda *_: None
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, request):
        """Answers one request; `refuse` names downloads that get one 429."""
        parts = request.path.strip("/").split("/")
        status, body, more = 404, b"", {}
        if parts[0] == "api":
            self.requests.append(request.path)
        if parts[:1] == ["api"] and len(parts) == 2 and parts[1].removesuffix("-posttrade") in self.feeds:
            status, body = 200, self.feeds[parts[1].removesuffix("-posttrade")].listing("2026-11-17 05:00:00.000")
        elif parts[:2] == ["api", "download"] and parts[2] in self.refuse:
            self.refuse.discard(parts[2])
            status, more = 429, {"Retry-After": "1"}
        elif parts[:2] == ["api", "download"] and self.find(parts[2]) is not None:
            status, more = 301, {"Location": f"{self.base_url}/signed/{parts[2]}"}
        elif parts[0] == "signed" and (found := self.find(parts[1])) is not None:
            status, body = 200, found
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **more}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def find(self, name):
        """Returns the bytes of a file; None when it is not served."""
        for feed in self.feeds.values():
            if name in feed.files:
                return feed.files[name]
        return None

    def close(self):
        """Ends the server."""
        self.http.shutdown()
        self.http.server_close()
