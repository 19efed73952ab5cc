"""Measures the migration against other programs that re-lay the same files out, and readers before and after it.

usage: migrate.py BARKEEP [--full] [--shape NAME]... [--scratch FOLDER] [--rounds N] [--gate]

  shapes   S1s, S3 and S2 of legacy_shapes.py (a fifth of their tickers without --full); S1 with --full only
  barkeep  `partition-migrate migrate --all --yes`: durable, every file read again from the disk and compared
  peers    DuckDB, polars and pyarrow with zstd (relayout.py): neither synced nor verified, without their start-up
  estimate what the dry run and the real run say, against the allocated blocks of the result
  readers  the scans of scans.py on the legacy files and on the partitions

All in one run and in turn, because only ratios survive a machine that others use. Needs tests/python/requirements.txt.
Output is compared by the blocks that it takes; that of peers with fewer bytes is listed as `smaller_in_bytes`.
Nothing is deleted before the end: ext4 does not use inodes again that were freed within the last minutes, and searches
past them at each create. With --gate the exit code is 9 when a bound is missed.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import sys
import tempfile
import time

import bounds
import legacy_shapes
import scans
import speed
import support

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = ("duckdb", "polars", "pyarrow")
SECONDS = {"S1s": 2.0, "S3": 2.0, "S2": 2.0, "S1": 10.0}
# A share of the tickers has this much besides its share of the seconds: the start and the sample do not shrink.
FIXED_SECONDS = 0.2
ALLOWANCE = 3.0
MEMORY_MIB = 100.0
ESTIMATE_SHARE = 0.15
# A program that needs this long for 72,000 files has lost the comparison; DuckDB runs out of open files there.
PATIENCE_SECONDS = 300
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


MIGRATION = ("shape", "program", "wall", "until synced", "barkeep / it", "processor", "barkeep / it", "memory", "bytes",
             "blocks", "files")
READERS = ("shape", "question", "reader", "legacy", *(f"`{way}`" if "*" in way else way for way in scans.WAYS))


class Bench:
    """One shape: its legacy files, and a folder for what the programs make of them."""

    def __init__(self, name, shape, binary, scratch):
        self.name, self.shape, self.binary = name, shape, binary
        self.folder = os.path.join(scratch, name)
        self.original = os.path.join(self.folder, "original")
        self.tickers, self.rows = legacy_shapes.make(self.original, shape)
        self.legacy = os.path.join(self.original, "data", "legacy", f"stocks_{shape.interval}")

    def barkeep_round(self, number):
        """Migrates a fresh copy; returns the measurement, what was estimated, and where the partitions are."""
        workspace = os.path.join(self.folder, f"barkeep-{number}")
        shutil.copytree(self.original, workspace)
        barkeep = support.Barkeep(self.binary, workspace)
        barkeep.run("partition-migrate", "init", "--all-found")
        planned = json.loads(barkeep.run("partition-migrate", "migrate", "--all", "--dry-run", "--json").stdout)
        os.sync()
        # The estimate stands on standard error, which the helper keeps for itself.
        command = barkeep.command("partition-migrate", "migrate", "--all", "--yes")
        merged = ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", *command]
        cpu_before = cpu_of_children()
        code, wall, memory, said = support.peak_memory_run(merged, barkeep.environment())
        started, cpu = time.monotonic(), cpu_of_children() - cpu_before
        os.sync()
        synced = wall + time.monotonic() - started
        if code:
            raise RuntimeError(f"migrate ended with {code}: {said[-2000:]}")
        self.demand_proof(barkeep)
        tree = os.path.join(workspace, "data", "us", "yahoo", f"stocks_{self.shape.interval}")
        return {"wall": wall, "cpu": cpu, "synced": synced, "rss_mib": memory, **size_of(tree), "tree": tree,
                "dry_run_bytes": planned["intervals"][0]["bytes"], "printed_bytes": printed_estimate(said)}

    def demand_proof(self, barkeep):
        """Raises unless every ticker is proven with all of its rows and the partitions are in use."""
        found = json.loads(barkeep.run("partition-migrate", "status", "--json").stdout)["intervals"][0]
        wanted = ("active", self.shape.tickers, self.rows)
        if (found["state"], found["tickers"]["done"], found["partition_rows"]) != wanted:
            raise RuntimeError(f"{self.name}: {found} in place of {wanted}")

    def peer_round(self, peer, number):
        """Has another program do the work in a process of its own; None if it gave up or took too long."""
        output = os.path.join(self.folder, f"{peer}-{number}")
        os.sync()
        command = [sys.executable, os.path.join(HERE, "relayout.py"), peer, self.legacy, output, str(PATIENCE_SECONDS)]
        code, _, memory, answer = support.peak_memory_run(command, dict(os.environ))
        return None if code else {**json.loads(answer), "rss_mib": memory, **size_of(output)}

    def measure(self, rounds):
        """Runs everybody in turn; returns program -> measurements."""
        results = {"barkeep": []}
        for number in range(rounds):
            results["barkeep"].append(self.barkeep_round(number))
            for peer in PEERS:
                if None not in results.setdefault(peer, []):
                    results[peer].append(self.peer_round(peer, number))
        return results


def cpu_of_children():
    """Returns the processor seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size_of(tree):
    """Returns the files, their bytes, and the blocks that a tree takes with its folders."""
    files = support.parquet_files(tree)
    blocks = sum(os.lstat(at).st_blocks + sum(os.lstat(os.path.join(at, name)).st_blocks for name in names)
                 for at, _, names in os.walk(tree))
    return {"files": len(files), "bytes": sum(os.path.getsize(path) for path in files), "allocated": blocks * 512}


def printed_estimate(said):
    """Returns the bytes on disk that the real run announced."""
    amount, unit = re.search(r"files of ([\d.]+) (B|KiB|MiB|GiB) on disk", said).groups()
    return float(amount) * UNITS[unit]


def creation_micros(scratch):
    """Returns what the creation of an empty file costs here: far over 100 µs, and all figures are the file system's."""
    folder = os.path.join(scratch, "creation")
    os.makedirs(folder)
    started = time.monotonic()
    for at in range(2000):
        open(os.path.join(folder, str(at)), "wb").close()
    return (time.monotonic() - started) / 2000 * 1e6


def medians(rounds):
    """Returns the median of each figure; nothing for a program that gave up."""
    if None in rounds:
        return None
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0] if key != "tree"}


def smaller(figures, key):
    """Returns the peers whose output is smaller than barkeep's, with its size."""
    return [(peer, found[key]) for peer, found in figures.items() if found and found[key] < figures["barkeep"][key]]


def misses(name, shape, rows, share, figures):
    """Returns what misses its bound; only seconds have an allowance, for a shared machine is not a quiet one."""
    own, found = figures["barkeep"], []
    bound = SECONDS[name] / share + (FIXED_SECONDS if share > 1 else 0.0)
    ticker_mib = rows / shape.tickers * 8 * len(support.HEADER) / (1 << 20)
    if own["wall"] > bound * ALLOWANCE:
        found.append(f"{own['wall']:.2f} s, bound {bound:.2f} s x {ALLOWANCE:g}")
    if own["rss_mib"] > MEMORY_MIB + ticker_mib:
        found.append(f"{own['rss_mib']:.0f} MiB of memory, bound {MEMORY_MIB:.0f} and a ticker of {ticker_mib:.0f}")
    if own["files"] != shape.months():
        found.append(f"{own['files']} files in place of {shape.months()}")
    for peer, size in smaller(figures, "allocated"):
        found.append(f"{own['allocated']:.0f} bytes in blocks, {peer} {size:.0f}")
    for key in ("dry_run_bytes", "printed_bytes"):
        if abs(own[key] / own["allocated"] - 1) > ESTIMATE_SHARE:
            found.append(f"{key} {own[key]:.0f}, allocated {own['allocated']:.0f}")
    return [f"{name}: {what}" for what in found]


def heading(names):
    """Returns the first two lines of a table."""
    return [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]


def migration_rows(name, figures):
    """Returns the rows of one shape for docs/performance.md."""
    own, rows = figures["barkeep"], []
    for program, found in figures.items():
        if found is None:
            rows.append(f"| {name} | {program} | gave up within {PATIENCE_SECONDS} s | | | | | | | | |")
            continue
        ratios = ["" if program == "barkeep" else f"{own[key] / found[key]:.2f}" for key in ("wall", "cpu")]
        cells = (f"{found['wall']:.2f} s", f"{found['synced']:.2f} s", ratios[0], f"{found['cpu']:.2f} s", ratios[1],
                 f"{found['rss_mib']:.0f} MiB", f"{found['bytes'] / (1 << 20):.1f} MiB",
                 f"{found['allocated'] / (1 << 20):.1f} MiB", f"{found['files']:.0f}")
        rows.append(f"| {name} | {program} | {' | '.join(cells)} |")
    return rows


def measure_shape(name, options, share, scratch, rounds):
    """Measures one shape; returns its figures, its misses and its two tables."""
    shape = legacy_shapes.share_of(legacy_shapes.SHAPES[name], share)
    bench = Bench(name, shape, options.barkeep, scratch)
    results = bench.measure(rounds)
    figures = {program: medians(each) for program, each in results.items()}
    middle = shape.first_year + shape.years // 2
    store = scans.Store(bench.legacy, results["barkeep"][-1]["tree"], bench.tickers[shape.tickers // 2], middle, 6)
    read = scans.measure(store, 2 * rounds - 1)
    answer = {"tickers": shape.tickers, "rows": bench.rows, "programs": figures,
              "walls": {program: [r and round(r["wall"], 3) for r in each] for program, each in results.items()},
              "one_file_seconds": store.one_file_seconds,
              "readers": {" ".join(asked): ways for asked, ways in read.items()}}
    answer["smaller_in_bytes"] = smaller(figures, "bytes")
    found = misses(name, shape, bench.rows, share, figures)
    return answer, found, migration_rows(name, figures), scans.markdown(name, read)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("barkeep")
    parser.add_argument("--full", action="store_true", help="all tickers of each shape, and S1")
    parser.add_argument("--shape", action="append", choices=list(legacy_shapes.SHAPES), help="only this one")
    parser.add_argument("--scratch", help="a new folder on the file system to measure; kept")
    parser.add_argument("--rounds", type=int, default=3, help="of each program; readers have twice as many")
    parser.add_argument("--gate", action="store_true", help="fail when a bound is missed")
    options = parser.parse_args()
    scratch = options.scratch or tempfile.mkdtemp(prefix="migrate.")
    os.makedirs(scratch, exist_ok=True)
    result = {"creation_micros": creation_micros(scratch), "load_before": os.getloadavg(), "shapes": {}}
    missed, migrated, read = [], [], []
    for name in options.shape or (("S1s", "S3", "S2", "S1") if options.full else ("S1s", "S3", "S2")):
        # The largest shape is there for its memory; one round of it takes as long as all others.
        rounds = 1 if name == "S1" else options.rounds
        answer, found, *tables = measure_shape(name, options, 1 if options.full else 5, scratch, rounds)
        result["shapes"][name] = answer
        missed += found
        migrated += tables[0]
        read.append(tables[1])
    result["load_after"] = os.getloadavg()
    if not options.scratch:
        shutil.rmtree(scratch)
    print(json.dumps(result, indent=2), flush=True)
    print("\n".join(["", *heading(MIGRATION), *migrated, "", *heading(READERS), *read]))
    bounds.end(missed, options.gate)


if __name__ == "__main__":
    main()
