"""Five readers of Parquet trees, each giving the same plain rows and the same four type words.

A reader is a function from (path, is_tree) to (rows, types); rows are support.Row, types a list of
`string`, `timestamp`, `double`, `bigint` in file order. With a tree the reader also checks that the Hive
columns it made from the folder names say what the rows say; `ticker` is asked for as text, because an engine
that guesses makes numbers of 0700 and truth values of TRUE.
"""

import datetime
import os

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

import support

HIVE = pyarrow.dataset.partitioning(
    pyarrow.schema([("ticker", pyarrow.string()), ("year", pyarrow.int32()), ("month", pyarrow.string())]), flavor="hive"
)
COLUMNS = support.HEADER
WORDS = {
    "string": "string", "large_string": "string", "str": "string", "VARCHAR": "string", "String": "string",
    "timestamp[us]": "timestamp", "timestamp[ns]": "timestamp", "datetime64[us]": "timestamp",
    "datetime64[ns]": "timestamp", "TIMESTAMP": "timestamp", "TIMESTAMP_NS": "timestamp", "timestamp_ntz": "timestamp",
    "Datetime(time_unit='us', time_zone=None)": "timestamp", "Datetime(time_unit='ns', time_zone=None)": "timestamp",
    "double": "double", "DOUBLE": "double", "Float64": "double",
    "int64": "bigint", "Int64": "bigint", "BIGINT": "bigint", "bigint": "bigint",
}


def words(names):
    """Returns the type words for an engine's own type names; unknown names stay, to be seen."""
    return [WORDS.get(str(name), str(name)) for name in names]


def rows_from(cells):
    """Returns sorted rows from tuples with the time in microseconds, checking Hive columns that follow."""
    rows = []
    for stock, date, *rest in cells:
        row = support.Row(stock, support.from_microseconds(date), *rest[:6])
        if rest[6:]:
            ticker, year, month = rest[6:]
            assert ticker == stock, f"folder says {ticker!r}, rows say {stock!r}"
            assert (int(year), int(month)) == (row.date.year, row.date.month), f"{row} lies in {year}-{month}"
        rows.append(row)
    return sorted(rows, key=lambda row: (row.stock, row.date))


def is_partitioned(path, is_tree):
    """Tells whether a folder has Hive levels; a legacy folder has none."""
    return is_tree and any(name.startswith("ticker=") for name in os.listdir(path))


def arrow_cells(table):
    """Returns the tuples of an arrow table."""
    scale = 1000 if table.schema.field("date").type == pyarrow.timestamp("ns") else 1
    dates = [value // scale for value in table["date"].cast(pyarrow.int64()).to_pylist()]
    columns = [dates if name == "date" else table[name].to_pylist() for name in table.column_names]
    return zip(*columns)


def with_pyarrow(path, is_tree):
    """Reads by pyarrow datasets, and single files by its plain reader."""
    hive = is_partitioned(path, is_tree)
    if is_tree:
        data = pyarrow.dataset.dataset(path, format="parquet", partitioning=HIVE if hive else None)
        table = data.to_table(columns=COLUMNS + (["ticker", "year", "month"] if hive else []))
    else:
        table = pyarrow.parquet.ParquetFile(path).read()
    return rows_from(arrow_cells(table)), words(table.schema.field(name).type for name in COLUMNS)


def with_pandas(path, is_tree):
    """Reads by pandas with nullable types; its plain types are the predecessor's and checked for values too."""
    hive = is_partitioned(path, is_tree)
    how = {"partitioning": HIVE if hive else None}
    table = pandas.read_parquet(path, dtype_backend="numpy_nullable", **how)
    plain = pandas.read_parquet(path, **how)
    for name in ("open", "high", "low", "close"):
        assert plain[name].dtype == "float64", f"pandas reads {name} as {plain[name].dtype}"
    kinds = words(table[name].dtype for name in COLUMNS)
    dates = table["date"].astype("datetime64[us]").astype("int64").tolist()
    names = COLUMNS + (["ticker", "year", "month"] if hive else [])
    columns = [dates if name == "date" else table[name].astype(object).tolist() for name in names]
    columns = [[None if value is pandas.NA else value for value in column] for column in columns]
    return rows_from(zip(*columns)), kinds


def with_duckdb(path, is_tree):
    """Reads by DuckDB's read_parquet."""
    hive = is_partitioned(path, is_tree)
    pattern = os.path.join(path, "*/*/*/*.parquet" if hive else "*.parquet") if is_tree else path
    how = ", hive_partitioning = true, hive_types = {'ticker': VARCHAR, 'year': INT, 'month': VARCHAR}" if hive else \
        ", hive_partitioning = false"
    source = f"read_parquet(?{how})"
    shown = duckdb.execute(f"describe select * from {source}", [pattern]).fetchall()
    kinds = {name: kind for name, kind, *_ in shown}
    chosen = ", ".join("epoch_us(date)" if name == "date" else name for name in COLUMNS)
    more = ", ticker, year, month" if hive else ""
    cells = duckdb.execute(f"select {chosen}{more} from {source}", [pattern]).fetchall()
    return rows_from(cells), words(kinds[name] for name in COLUMNS)


def with_polars(path, is_tree):
    """Reads by polars' scan_parquet."""
    hive = is_partitioned(path, is_tree)
    schema = {"ticker": polars.String, "year": polars.Int32, "month": polars.String} if hive else None
    # Polars takes a name like ^GSPC for a pattern unless told not to; a folder is read without one.
    scan = polars.scan_parquet(path, hive_partitioning=hive, hive_schema=schema, glob=False)
    table = scan.select(COLUMNS + (["ticker", "year", "month"] if hive else [])).collect()
    kinds = words(table.schema[name] for name in COLUMNS)
    micro = table.with_columns(polars.col("date").dt.cast_time_unit("us").to_physical())
    return rows_from(micro.rows()), kinds


class WithSpark:
    """Reads by Spark, in one local session for all calls."""

    def __init__(self):
        from pyspark.sql import SparkSession

        self.session = (
            SparkSession.builder.master("local[2]").appName("readers")
            .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .config("spark.sql.session.timeZone", "Pacific/Auckland")  # a zone must not touch wall-clock times
            .getOrCreate()
        )
        self.session.sparkContext.setLogLevel("ERROR")

    def __call__(self, path, is_tree):
        hive = is_partitioned(path, is_tree)
        # A single file must not inherit partition columns, nor have its name taken for a pattern.
        escaped = "".join(f"\\{c}" if c in "{}[]*?\\" else c for c in os.path.abspath(path))
        reader = self.session.read
        base = path if is_tree else os.path.dirname(os.path.abspath(path))
        table = reader.option("basePath", base).parquet(escaped)
        kinds = dict(table.dtypes)
        names = COLUMNS + (["ticker", "year", "month"] if hive else [])
        cells = [
            [support.microseconds(v) if isinstance(v, datetime.datetime) else v for v in row]
            for row in table.select(*names).collect()
        ]
        return rows_from(cells), words(kinds[name] for name in COLUMNS)

    def close(self):
        """Ends the session."""
        self.session.stop()


PLAIN = {"pandas": with_pandas, "pyarrow": with_pyarrow, "duckdb": with_duckdb, "polars": with_polars}
