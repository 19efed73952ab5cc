"""Re-lays legacy files out by another program, with zstd, as a user of it would write it down.

usage: relayout.py duckdb|polars|pyarrow LEGACY_FOLDER OUTPUT_FOLDER [SECONDS]

Prints as JSON the seconds of the work alone and of the processor, without the start of Python and imports, and the
seconds until the operating system had it all on disk. It is killed after SECONDS. None of the three syncs, renames or
reads again what it wrote.
"""

import json
import os
import signal
import sys
import time


def by_duckdb(legacy, output):
    import duckdb

    def work():
        duckdb.connect().execute(
            "copy (select *, stock as ticker, year(date) as year, strftime(date, '%m') as month "
            f"from read_parquet('{legacy}/*.parquet')) to '{output}' "
            "(format parquet, compression zstd, partition_by (ticker, year, month))"
        )
    return work


def by_polars(legacy, output):
    import polars

    def work():
        bars = polars.scan_parquet(f"{legacy}/*.parquet").with_columns(
            ticker=polars.col("stock"), year=polars.col("date").dt.year(), month=polars.col("date").dt.strftime("%m"))
        target = polars.PartitionBy(output, key=["ticker", "year", "month"], include_key=False)
        bars.sink_parquet(target, mkdir=True, compression="zstd")
    return work


def by_pyarrow(legacy, output):
    import pyarrow
    import pyarrow.compute
    import pyarrow.dataset

    def work():
        bars = pyarrow.dataset.dataset(legacy, format="parquet")
        date = pyarrow.dataset.field("date")
        columns = {name: pyarrow.dataset.field(name) for name in bars.schema.names}
        columns |= {"ticker": pyarrow.dataset.field("stock"), "year": pyarrow.compute.year(date),
                    "month": pyarrow.compute.strftime(date, "%m")}
        keys = pyarrow.schema([("ticker", pyarrow.string()), ("year", pyarrow.int64()), ("month", pyarrow.string())])
        form = pyarrow.dataset.ParquetFileFormat()
        pyarrow.dataset.write_dataset(
            bars.scanner(columns=columns), output, format=form, max_partitions=200_000,
            file_options=form.make_write_options(compression="zstd"),
            partitioning=pyarrow.dataset.partitioning(keys, flavor="hive"),
        )
    return work


PEERS = {"duckdb": by_duckdb, "polars": by_polars, "pyarrow": by_pyarrow}

if __name__ == "__main__":
    name, legacy_folder, output_folder, *patience = sys.argv[1:]
    signal.alarm(int(patience[0]) if patience else 0)
    prepared = PEERS[name](legacy_folder, output_folder)
    started, cpu_before = time.monotonic(), time.process_time()
    prepared()
    wall, cpu = time.monotonic() - started, time.process_time() - cpu_before
    os.sync()
    print(json.dumps({"wall": wall, "cpu": cpu, "synced": time.monotonic() - started}))
