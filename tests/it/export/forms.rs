//! Every form has the rows that are stored, to the last bit.

use std::fmt::Write as _;

use arrow::array::{Array, Float64Array, RecordBatch, StringArray};
use barkeep::cli::{Exit, Terminals};
use barkeep::codec::decode;
use barkeep::frame::{Frame, Profile, bars_of};
use barkeep::model::Dataset;
use chrono::NaiveDate;
use rstest::rstest;

use super::{demo, paid};
use crate::support::barkeep::{Barkeep, Ran};

fn export(bar: &Barkeep, options: &[&str]) -> Ran {
    bar.run(&[&["export", "--output"], options].concat())
}

/// All rows as `show` prints them, below one header.
fn shown(bar: &Barkeep, options: &[&str]) -> String {
    let show = ["show", "AAPL", "KO", "MSFT", "--format", "csv"];
    bar.run(&[&show, options].concat()).expect(Exit::Ok).stdout
}

fn parquet(bytes: &[u8]) -> Frame {
    let decoded = decode(&bytes.to_vec().into(), Profile::of(Dataset::Stocks)).unwrap();
    decoded.ordered.frame
}

fn closes_of(csv: &str) -> Vec<u64> {
    let close = |line: &str| line.split(',').nth(5).unwrap().parse::<f64>().unwrap();
    csv.lines()
        .skip(1)
        .map(|line| close(line).to_bits())
        .collect()
}

fn closes_of_batches(batches: &[RecordBatch]) -> Vec<u64> {
    let column = |batch: &RecordBatch| {
        let closes = batch.column_by_name("close").unwrap();
        let closes = closes.as_any().downcast_ref::<Float64Array>().unwrap();
        closes.values().to_vec()
    };
    let closes = batches.iter().flat_map(column);
    closes.map(f64::to_bits).collect()
}

#[test]
fn each_form_has_the_rows_that_show_prints() {
    let bar = demo();
    let expected = shown(&bar, &[]);
    assert!(expected.lines().count() > 1000);

    for name in ["a.csv", "a.parquet", "a.arrow", "a.arrows", "a.ndjson"] {
        let ran = export(&bar, &[name]).expect(Exit::Ok);
        assert!(ran.stderr.contains("of 3 tickers."), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }

    assert_eq!(bar.text("a.csv"), expected);
    let closes = closes_of(&expected);
    let frame = parquet(&bar.read("a.parquet"));
    let stored = bars_of(&frame).map(|bar| bar.close.unwrap().to_bits());
    assert_eq!(stored.collect::<Vec<_>>(), closes);
    assert_eq!(frame.owners().len(), 3);
    let file =
        arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(bar.read("a.arrow")), None);
    let batches: Vec<RecordBatch> = file.unwrap().map(Result::unwrap).collect();
    assert_eq!(closes_of_batches(&batches), closes);
    let stocks = batches[0]
        .column(0)
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap();
    assert_eq!(stocks.value(0), "AAPL");
    let stream =
        arrow::ipc::reader::StreamReader::try_new(std::io::Cursor::new(bar.read("a.arrows")), None);
    let batches: Vec<RecordBatch> = stream.unwrap().map(Result::unwrap).collect();
    assert_eq!(closes_of_batches(&batches), closes);
    let lines = bar.text("a.ndjson");
    let close =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["close"].as_f64();
    let found = lines.lines().map(|line| close(line).unwrap().to_bits());
    assert_eq!(found.collect::<Vec<_>>(), closes);
}

#[test]
fn standard_output_has_the_same_bytes_as_a_file() {
    let bar = demo();

    let ran = export(&bar, &["-", "--format", "csv"]).expect(Exit::Ok);
    let none = export(&bar, &["-"]).expect(Exit::Usage);

    assert_eq!(ran.stdout, shown(&bar, &[]));
    assert_eq!(ran.stderr, "");
    assert!(none.stderr.contains("--format"), "{}", none.stderr);
}

/// More minutes than are read at once, in several months of which one is misplaced beside another.
#[test]
fn minutes_of_many_months_are_the_rows_that_show_prints() {
    let bar = Barkeep::empty();
    let source = "kind = \"files\"\npath = \"in\"\ntimezone = \"America/New_York\"\n";
    bar.write("barkeep.toml", format!("[sources.\"us:mine\"]\n{source}"));
    let first: NaiveDate = "2025-01-01".parse().unwrap();
    let mut rows = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for day in first.iter_days().take(130) {
        for minute in 570..870 {
            let (hour, rest) = (minute / 60, minute % 60);
            let close = 10 + minute % 7;
            let bar = format!("{close},{},{},{close},{minute}", close + 1, close - 1);
            writeln!(rows, "{day} {hour:02}:{rest:02}:00,{bar}").unwrap();
        }
    }
    bar.write("in/1m/A.csv", rows);
    let init = [
        "init",
        "--venue",
        "us:mine",
        "-i",
        "1m",
        "--partitioned",
        "--ticker",
        "A",
    ];
    bar.run(&init).expect(Exit::Ok);
    bar.run(&["update", "-q"]).expect(Exit::Ok);
    let month = "data/us/mine/stocks_1m/ticker=A/year=2025/month=02";
    bar.write(
        format!("{month}/other.parquet"),
        bar.read(format!("{month}/data.parquet")),
    );
    let expected = bar.show("A", "1m", &[]).expect(Exit::Ok).stdout;
    assert_eq!(expected.lines().count(), 130 * 300 + 1);

    let ran = export(&bar, &["a.csv"]).expect(Exit::Ok);

    assert!(bar.text("a.csv") == expected, "the rows are others");
    assert!(ran.stderr.contains("of 1 ticker."), "{}", ran.stderr);
    assert_eq!(
        ran.stderr.matches("other.parquet").count(),
        1,
        "{}",
        ran.stderr
    );
    let torn = bar.read(format!("{month}/data.parquet"))[..100].to_vec();
    bar.write(format!("{month}/data.parquet"), torn);
    let ran = export(&bar, &["b.csv"]).expect(Exit::Damaged);
    assert_eq!(bar.text("b.csv").lines().count(), (130 - 28) * 300 + 1);
    assert!(ran.stderr.contains("2025-02"), "{}", ran.stderr);
}

#[test]
fn columns_tickers_and_times_narrow_as_show_does() {
    let bar = demo();
    let narrow = ["--columns", "date,close", "--start", "2025-11"];

    let args = [&["-", "--format", "csv", "KO", "AAPL"][..], &narrow].concat();
    let ran = export(&bar, &args).expect(Exit::Ok);

    let show = ["show", "AAPL", "KO", "--format", "csv"];
    let expected = bar.run(&[&show[..], &narrow].concat()).expect(Exit::Ok);
    assert_eq!(ran.stdout, expected.stdout);
}

#[test]
fn adjusted_rows_are_those_that_show_adjusts() {
    let bar = paid();

    let ran = export(&bar, &["-", "--format", "csv", "--adjust=all"]).expect(Exit::Ok);

    assert_eq!(ran.stdout, shown(&bar, &["--adjust", "all"]));
    assert_ne!(ran.stdout, shown(&bar, &[]));
}

#[test]
fn the_instant_of_each_bar_is_a_column_of_its_own() {
    let bar = demo();

    let ran = export(
        &bar,
        &[
            "-",
            "--format",
            "csv",
            "AAPL",
            "--utc",
            "--start",
            "2025-07-01",
        ],
    );

    let ran = ran.expect(Exit::Ok);
    let (header, first) = (ran.stdout.lines().next(), ran.stdout.lines().nth(1));
    assert!(header.unwrap().ends_with(",utc"), "{header:?}");
    // New York is four hours behind in July.
    assert!(first.unwrap().contains("2025-07-01,"), "{first:?}");
    assert!(
        first.unwrap().ends_with(",2025-07-01T04:00:00Z"),
        "{first:?}"
    );
}

#[test]
fn a_wide_table_has_a_column_for_each_ticker_and_the_closes_of_all() {
    let bar = demo();

    let ran = export(&bar, &["-", "--format", "csv", "--wide", "close"]).expect(Exit::Ok);

    let mut lines = ran.stdout.lines();
    assert_eq!(lines.next(), Some("date,AAPL,KO,MSFT"));
    let all: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let of = |column: usize| {
        all.iter()
            .map(move |row| row[column])
            .filter(|cell| !cell.is_empty())
    };
    for (column, ticker) in [(1, "AAPL"), (2, "KO"), (3, "MSFT")] {
        let expected = bar.show(ticker, "1d", &[]).closes();
        assert_eq!(of(column).collect::<Vec<_>>(), expected, "{ticker}");
    }
    let text = export(&bar, &["x.csv", "--wide", "stock"]).expect(Exit::Usage);
    assert!(text.stderr.contains("no numbers"), "{}", text.stderr);
}

/// Parquet was a bug (70), and in JSON the prices took the place of the dates.
#[test]
fn tickers_that_would_be_columns_of_one_name_are_refused_by_name_in_every_form() {
    for (tickers, said) in [
        (
            ["DATE", "AAPL"],
            "the column of DATE would be called like that of the dates",
        ),
        (
            ["date", "AAPL"],
            "the column of date would be called like that of the dates",
        ),
        (
            ["aapl", "AAPL"],
            "the columns of AAPL and aapl would have one name",
        ),
    ] {
        let bar = Barkeep::partitioned(&tickers);
        bar.run(&["update", "-q"]).expect(Exit::Ok);
        for form in ["parquet", "arrow", "csv", "ndjson"] {
            let file = format!("x.{form}");

            let refused = export(&bar, &[&file, "--wide", "close"]).expect(Exit::Usage);
            export(&bar, &["-", "--format", form, "--wide", "close"]).expect(Exit::Usage);

            assert!(refused.stderr.contains(said), "{refused:?}");
            assert!(!bar.has(&file));
        }
        export(&bar, &["y.csv", "AAPL", "--wide", "close"]).expect(Exit::Ok);
    }
}

#[test]
fn a_column_that_is_named_twice_is_refused_by_name() {
    let bar = demo();
    for form in ["parquet", "arrow", "csv", "ndjson"] {
        let twice = ["-", "--format", form, "--columns", "date,close,date"];

        let refused = export(&bar, &twice).expect(Exit::Usage);

        assert!(
            refused.stderr.contains("`date` is named twice"),
            "{refused:?}"
        );
    }
}

#[test]
fn factors_multiply_stored_closes_to_adjusted_ones() {
    let bar = paid();

    let ran = export(&bar, &["-", "--format", "csv", "--factors", "KO"]).expect(Exit::Ok);

    let mut lines = ran.stdout.lines();
    let header = lines.next().unwrap();
    assert_eq!(
        header,
        "stock,date,split_factor,dividend_factor,known_since"
    );
    let rows: Vec<(&str, f64)> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            // Nothing was recorded of the file.
            assert_eq!(cells[4], "");
            let number = |at: usize| cells[at].parse::<f64>().unwrap();
            (cells[1], number(2) * number(3))
        })
        .collect();
    assert_eq!(rows.len(), 3);
    let stored = bar.show("KO", "1d", &[]);
    let adjusted = bar.show("KO", "1d", &["--adjust", "all"]).closes();
    for ((day, close), adjusted) in stored.column(1).iter().zip(stored.closes()).zip(adjusted) {
        let later = rows.iter().filter(|(date, _)| day.as_str() < *date);
        let found = close.parse::<f64>().unwrap() * later.map(|(_, by)| by).product::<f64>();
        let ratio = found / adjusted.parse::<f64>().unwrap();
        assert!((ratio - 1.0).abs() < 1e-12, "{day}: {found} {adjusted}");
    }
}

#[rstest]
#[case::lines("ndjson")]
#[case::arrow("arrow")]
fn show_has_the_form_too(#[case] format: &str) {
    let mut bar = demo();
    let args = ["show", "AAPL", "KO", "--format", format, "--tail", "2"];
    if format == "arrow" {
        bar.terminals = Terminals {
            stdout: true,
            ..Terminals::default()
        };
        let refused = bar.run(&args).expect(Exit::Usage);
        assert!(refused.stderr.contains("terminal"), "{}", refused.stderr);
        return;
    }

    let ran = bar.run(&args).expect(Exit::Ok);

    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[0].starts_with("{\"stock\":\"AAPL\",\"date\":\"2025-11-20\",\"open\":"),
        "{}",
        lines[0]
    );
    assert!(
        lines[3].starts_with("{\"stock\":\"KO\",\"date\":\"2025-11-21\""),
        "{}",
        lines[3]
    );
}
