#!/usr/bin/env python3
"""The page of `barkeep report` in a real browser: how large, how soon, and whether it can be used.

    report_page.py BARKEEP [--tickers N] [--chromium PATH] [--pictures FOLDER]

A workspace of N tickers is made by the `files` source, and Chromium opens its page without a window. Standard library only: the
browser is spoken to through two pipes.
"""

import argparse
import base64
import datetime
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

MOST_BYTES = 10 << 20
MOST_MILLISECONDS = 3000
NOW = "2025-11-21T22:00:00Z"
HEADER = "date,open,high,low,close,volume\n"
SETTINGS = '[workspace]\ndefault_venue = "us:mine"\n\n[sources."us:mine"]\nkind = "files"\npath = "in"\n'
# A month of one ticker in seven is missing, and one in eleven begins later.
MONTHS = ["2025-06", "2025-07", "2025-08", "2025-09", "2025-10", "2025-11"]
REASON = {"file": "</script><img src=x onerror=alert(1)>", "reason": "<b>torn</b> & gone"}


def make(binary, folder, tickers):
    """Makes the workspace and returns the path of its page and how many seconds the page took."""
    workspace = os.path.join(folder, "workspace")
    os.makedirs(os.path.join(workspace, "in"))
    names = [f"T{number:04d}" for number in range(tickers)]
    for number, name in enumerate(names):
        months = [m for at, m in enumerate(MONTHS) if not (number % 7 == 0 and at == 3) and not (number % 11 == 0 and at < 2)]
        rows = [f"{month}-{day:02d},1,2,0.5,1.5,100\n" for month in months for day in (3, 10)]
        with open(os.path.join(workspace, "in", f"{name}.csv"), "w", encoding="utf-8") as out:
            out.write(HEADER + "".join(rows))
    with open(os.path.join(workspace, "barkeep.toml"), "w", encoding="utf-8") as out:
        out.write(SETTINGS)

    def run(*args):
        env = {**os.environ, "BARKEEP_NOW": NOW}
        line = [os.path.abspath(binary), "-C", workspace, *args]
        done = subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=1800)
        if done.returncode != 0:
            raise SystemExit(f"{args[0]}: exit {done.returncode}\n{done.stderr[-2000:]}")

    run("init", "--interval", "1d", "--partitioned", "--ticker", names[0])
    for start in range(1, tickers, 500):
        run("tickers", "add", *names[start : start + 500])
    run("update", "--quiet")
    case = os.path.join(workspace, "quarantine", "20251121T220000Z-abcdef12")
    os.makedirs(case)
    with open(os.path.join(case, "reason.json"), "w", encoding="utf-8") as out:
        json.dump(REASON, out)
    page = os.path.join(folder, "report.html")
    began = time.monotonic()
    run("report", "-o", page)
    return page, time.monotonic() - began


class Browser:
    """Chromium, by its own protocol: messages of JSON that end in a zero byte."""

    def __init__(self, chromium, profile):
        to_read, self.out = os.pipe()
        self.back, to_write = os.pipe()
        # The browser reads from 3 and writes to 4.
        shell = f'exec 3<&{to_read} 4>&{to_write}; exec "$0" "$@"'
        line = ["bash", "-c", shell, chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(line, pass_fds=(to_read, to_write), stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.session, self.rest, self.events = 0, None, b"", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Calls a method and returns its answer; what is told meanwhile is kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for answer in self.heard(until):
                if answer.get("id") == self.number:
                    if "error" in answer:
                        raise SystemExit(f"{method}: {answer['error']}")
                    return answer["result"]
                self.events.append(answer)
        raise SystemExit(f"{method}: the browser does not answer")

    def heard(self, until):
        """Returns the messages that came."""
        ready, _, _ = select.select([self.back], [], [], max(0, until - time.monotonic()))
        if ready:
            read = os.read(self.back, 1 << 20)
            if not read:
                raise SystemExit("the browser ended")
            self.rest += read
        *whole, self.rest = self.rest.split(b"\0")
        return [json.loads(message) for message in whole]

    def ask(self, expression):
        """Returns what an expression is in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise SystemExit(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def press(self, key, text=None):
        """Presses a key."""
        codes = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "End": 35, "/": 191}
        common = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if key == "Enter":
            text = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def settle(self):
        """Waits until what was done is drawn."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def open(self, page):
        """Opens a page and waits until it can be used; returns how many milliseconds that took by the page's own clock."""
        self.call("Page.navigate", url=f"file://{page}")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            ready = self.ask("document.documentElement?.dataset.ready || null")
            if ready is not None:
                return float(ready)
            time.sleep(0.02)
        raise SystemExit("the page never became ready")

    def size(self, width, height, is_phone):
        """Makes the window so large."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)
        self.settle()

    def picture(self, path):
        """Saves what is to be seen."""
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        """Ends the browser."""
        self.process.terminate()
        self.process.wait(timeout=20)


def judge(browser, page, tickers, pictures):
    """Uses the page as people do; returns what is wrong."""
    wrong = []

    def expect(what, found, expected):
        if found != expected:
            wrong.append(f"{what}: {found!r} is not {expected!r}")

    def at_most(what, found, limit):
        if not found <= limit:
            wrong.append(f"{what}: {found} is more than {limit}")

    bytes_of_page = os.path.getsize(page)
    at_most("bytes", bytes_of_page, MOST_BYTES)
    browser.size(1280, 900, False)
    ready = browser.open(page)
    at_most("milliseconds until it can be used", ready, MOST_MILLISECONDS)
    print(f"{tickers} tickers: {bytes_of_page / 2**20:.1f} MiB, ready after {ready:.0f} ms")
    if pictures:
        browser.picture(os.path.join(pictures, "report.png"))
    rows = "document.querySelectorAll('#table tbody tr.row').length"
    found = "document.getElementById('found').textContent"
    first = "document.querySelector('#table tbody tr.row td').textContent"
    here = "document.querySelector('#table tr.here td').textContent"
    expect("series", browser.ask(found), f"{tickers:,} of {tickers:,} series")
    at_most("rows that are there at once", browser.ask(rows), 80)
    gap = tickers // 7 + (tickers % 7 > 0)
    expect("missing in September", browser.ask("document.querySelector('td[title^=\"2025-09\"]').textContent"), f"-{gap}")
    expect("quarantine", browser.ask("document.querySelectorAll('#quarantine td')[1].textContent"), REASON["file"])
    expect("elements of names", browser.ask("document.querySelectorAll('img, #quarantine b').length"), 0)

    # The table by keyboard alone.
    browser.ask("document.activeElement.blur()")
    browser.press("/", "/")
    expect("after /", browser.ask("document.activeElement.id"), "search")
    browser.call("Input.insertText", text="t0042")
    browser.settle()
    expect("found", browser.ask(found), f"1 of {tickers:,} series")
    expect("the one that was searched", browser.ask(first), "T0042")
    browser.press("Enter")
    expect("after Enter in the search", browser.ask("document.activeElement.id"), "series")
    browser.press("Enter")
    browser.settle()
    expect("the series", browser.ask("document.getElementById('detail').open && document.getElementById('detail-title').textContent"),
           "T0042 us:mine 1d")
    expect("its missing month", browser.ask("document.querySelectorAll('#detail td.missing').length"), 1)
    if pictures:
        browser.picture(os.path.join(pictures, "series.png"))
    browser.press("Escape")
    browser.settle()
    expect("after Escape", browser.ask("document.getElementById('detail').open"), False)
    browser.ask("(() => { const s = document.getElementById('search'); s.value = ''; s.dispatchEvent(new Event('input')); })()")
    browser.ask("document.getElementById('series').focus()")
    browser.press("ArrowDown")
    expect("after an arrow", browser.ask(here), "T0001")
    browser.press("End")
    browser.settle()
    expect("at the end", browser.ask(here), f"T{tickers - 1:04d}")

    # Sorted, both ways.
    button = "document.querySelectorAll('#table thead button')[{}]"
    sort = "document.querySelectorAll('#table thead th')[{}].getAttribute('aria-sort')"
    browser.ask(button.format(7) + ".click()")
    expect("sorted by missing months", (browser.ask(sort.format(7)), browser.ask(first)), ("descending", "T0000"))
    browser.ask(button.format(0) + ".click()")
    browser.ask(button.format(0) + ".click()")
    expect("sorted by tickers", (browser.ask(sort.format(0)), browser.ask(first)), ("descending", f"T{tickers - 1:04d}"))

    # On a phone nothing is wider than the window.
    browser.size(390, 844, True)
    browser.open(page)
    over = browser.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    at_most("pixels beyond the window of a phone", over, 0)
    if pictures:
        browser.picture(os.path.join(pictures, "phone.png"))
        browser.ask("document.getElementById('series-title').scrollIntoView()")
        browser.settle()
        browser.picture(os.path.join(pictures, "phone-series.png"))
    browser.size(1280, 900, False)
    printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=False)["data"])
    if not printed.startswith(b"%PDF") or len(printed) < 20_000:
        wrong.append(f"print: {len(printed)} bytes")
    if pictures:
        with open(os.path.join(pictures, "report.pdf"), "wb") as out:
            out.write(printed)

    asked = [event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"]
    expect("requests", [url for url in asked if url != f"file://{page}"], [])
    broken = [event for event in browser.events if event.get("method") == "Runtime.exceptionThrown"]
    expect("exceptions", broken, [])
    return wrong


def main():
    """Makes the page and judges it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("barkeep")
    parser.add_argument("--tickers", type=int, default=9276)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser") or "chromium")
    parser.add_argument("--pictures", help="a folder for pictures of what was seen")
    args = parser.parse_args()
    if args.pictures:
        os.makedirs(args.pictures, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        began = datetime.datetime.now()
        page, seconds = make(args.barkeep, folder, args.tickers)
        made = (datetime.datetime.now() - began).total_seconds()
        print(f"the workspace took {made:.0f} s, its page {seconds:.1f} s")
        browser = Browser(args.chromium, os.path.join(folder, "profile"))
        try:
            wrong = judge(browser, page, args.tickers, args.pictures)
        finally:
            browser.close()
    for line in wrong:
        print(f"  {line}")
    print("FAILED" if wrong else "ok")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
