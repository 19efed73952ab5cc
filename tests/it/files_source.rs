//! What a folder of files promises beyond one form: names, files that are not whole, files of many tickers, and what is
//! told of the rest.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use barkeep::cli::Exit;
use barkeep::frame::Bar as Row;
use barkeep::source::files::{
    FilesSpec, ParquetBars, ParquetColumn, ParquetFile, ParquetNames, ParquetRows,
};
use barkeep::source::{Fetched, SourceSpec, open};
use barkeep::sys::OsFs;

use crate::support::barkeep::Barkeep;
use crate::support::files::{Folder, ask, bars, job, refusal, stamp};
use crate::support::named_parquet;

const DAILY: &str =
    "Date,Open,High,Low,Close,Volume\n2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,200\n";

/// One minute of a coin, by the second at which it begins.
fn kline(at: i64) -> String {
    format!("{at}000,1,3,0.5,2,7,{}999,1,1,1,1,0\n", at + 59)
}

fn stamps(rows: &[Row]) -> Vec<String> {
    rows.iter().map(stamp).collect()
}

#[test]
fn files_by_day_and_month_are_one_series_and_a_row_that_two_have_comes_once() {
    let folder = Folder::new();
    folder
        .put("BTCUSDT-1m-2023-10.csv", kline(1_698_364_800))
        .put(
            "BTCUSDT-1m-2023-10-27.csv",
            kline(1_698_364_800) + &kline(1_698_364_860),
        )
        .put("BTCUSDT-1m-2023-11.csv", kline(1_698_796_800))
        .put("ETHUSDT-1m-2023-10.csv", kline(1_698_364_800))
        .put("BTCUSDT-1d-2023-10.csv", kline(1_698_364_800));
    let source = folder.source_with("crypto:files", |_| {});

    let expected = [
        "2023-10-27 00:00:00",
        "2023-10-27 00:01:00",
        "2023-11-01 00:00:00",
    ];
    assert_eq!(stamps(&bars(&*source, "BTCUSDT", "1m")), expected);
    assert_eq!(bars(&*source, "ETHUSDT", "1m").len(), 1);
    assert_eq!(bars(&*source, "BTCUSDT", "1d").len(), 1);
}

#[test]
fn a_file_by_day_beside_one_of_the_tickers_own_name_is_refused_with_both_names() {
    let folder = Folder::new();
    folder.put("X.csv", DAILY).put("X-2024-01.csv", DAILY);

    let message = refusal(&*folder.source(), "X", "1d");

    assert!(
        message.contains("X.csv") && message.contains("X-2024-01.csv"),
        "{message}"
    );
}

#[test]
fn a_ticker_that_looks_like_a_date_or_a_length_is_found_by_its_whole_name() {
    for (ticker, file) in [
        ("2330", "2330.csv"),
        ("2002", "2002.csv"),
        ("ABC-4h", "ABC-4h.csv"),
        ("A_d", "A_d.csv"),
    ] {
        let folder = Folder::new();
        folder.put(file, DAILY);

        assert_eq!(bars(&*folder.source(), ticker, "1d").len(), 2, "{ticker}");
    }
}

#[test]
fn a_suffix_may_be_written_with_the_ending_of_the_files() {
    for suffix in [".us", ".us.txt", ".US.txt"] {
        let folder = Folder::new();
        folder.put("daily/aapl.us.txt", DAILY);
        let source = folder.source_with("xx:files", |spec| spec.suffix = Some(suffix.to_owned()));

        assert_eq!(bars(&*source, "AAPL", "1d").len(), 2, "{suffix}");
        assert_eq!(
            source.provenance().timezone.as_deref(),
            Some("America/New_York")
        );
    }
    let folder = Folder::new();
    folder.put("aapl_hist.csv", DAILY);
    let source = folder.source_with("us:files", |spec| spec.suffix = Some("_hist".to_owned()));
    assert_eq!(bars(&*source, "AAPL", "1d").len(), 2);
}

#[test]
fn leans_folders_of_factors_and_renames_hold_no_bars() {
    let folder = Folder::new();
    folder
        .put("daily/aapl.csv", DAILY)
        .put("factor_files/aapl.csv", "19980102,0.8,0.008,1\n")
        .put("map_files/aapl.csv", "20040819,aapl,Q\n");

    assert_eq!(bars(&*folder.source(), "AAPL", "1d").len(), 2);
}

#[test]
fn a_file_that_ends_inside_a_line_waits_as_a_whole() {
    for cut in ["2024-01-04,11,1", "2024-01-04", "2"] {
        let folder = Folder::new();
        folder.put("X.csv", format!("{DAILY}{cut}"));
        let message = refusal(&*folder.source(), "X", "1d");
        assert!(
            message.contains("X.csv") && message.contains("before it is whole"),
            "{message}"
        );

        folder.put("X.csv", format!("{DAILY}2024-01-04,11,13,10,12,300"));
        assert_eq!(bars(&*folder.source(), "X", "1d").len(), 3, "{cut}");
    }
    let folder = Folder::new();
    folder.put("X.csv", "Date,Op");
    assert!(refusal(&*folder.source(), "X", "1d").contains("when it is whole"));
}

#[test]
fn a_file_that_ended_inside_a_line_is_taken_by_the_run_that_finds_it_whole() {
    let bar = incoming(&["X"]);
    bar.write("incoming/X.csv", format!("{DAILY}2024-01-04,11,1"));
    let ran = bar.run(&["update"]).expect(Exit::Partial);
    assert!(
        ran.stderr.contains("X.csv") && ran.stderr.contains("ends inside"),
        "{}",
        ran.stderr
    );

    bar.write(
        "incoming/X.csv",
        format!("{DAILY}2024-01-04,11,13,10,12,300\n"),
    );
    bar.run(&["update"]).expect(Exit::Ok);

    let shown = bar.run(&["show", "X", "-i", "1d", "--format", "csv"]);
    assert!(
        shown
            .stdout
            .ends_with("X,2024-01-04,11.0,13.0,10.0,12.0,300,\n"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_line_without_any_price_is_no_bar_in_any_form() {
    let folder = Folder::new();
    folder
        .put("A.csv", format!("{DAILY}2024-01-04,,,,,\n2024-01-05,NA,.,-,null,0\n2024-01-08,NaN,,,1,0\n"))
        .put("B.json", r#"{"ticker": "B", "results": [{"t": 1704171600000, "c": null, "v": 3}, {"t": 1704258000000, "c": 1}]}"#)
        .put("C.csv", "Date,Close\n2024-01-02,\n");
    let source = folder.source();

    assert_eq!(bars(&*source, "A", "1d").len(), 3);
    assert_eq!(bars(&*source, "B", "1d").len(), 1);
    let none = ask(&*source, &job("C", "1d")).unwrap();
    assert!(matches!(none, Fetched::Nothing { .. }), "{none:?}");
}

#[test]
fn a_broken_row_in_a_file_of_many_tickers_fails_its_own() {
    let folder = Folder::new();
    folder.put(
        "all.csv",
        "Symbol,Date,Close\nA,2024-01-02,1\nB,2024-01-02,x\nA,2024-01-03,2\n",
    );
    let source = folder.source();

    assert_eq!(bars(&*source, "A", "1d").len(), 2);
    assert!(refusal(&*source, "B", "1d").contains("line 3"));
}

#[test]
fn an_answer_that_is_saved_under_any_name_is_found_by_its_ticker() {
    let folder = Folder::new();
    folder
        .put(
            "one.json",
            r#"{"ticker": "KO", "results": [{"t": 1704171600000, "c": 60}]}"#,
        )
        .put("two.json", r#"{"Note": "too many calls"}"#);
    let source = folder.source();

    assert_eq!(stamps(&bars(&*source, "KO", "1d")), ["2024-01-02 00:00:00"]);
    let remarks = source.remarks().join("\n");
    assert!(
        remarks.contains("two.json") && remarks.contains("`Note`"),
        "{remarks}"
    );
}

/// Counts how often a file is opened; each has one bar of each of many tickers.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

struct Many(ParquetNames);

impl ParquetRows for Counting {
    fn open(&self, _bytes: Vec<u8>) -> Result<Box<dyn ParquetFile>, String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Many(ParquetNames {
            columns: ["stock", "date"].map(str::to_owned).to_vec(),
            ..ParquetNames::default()
        })))
    }
}

impl ParquetFile for Many {
    fn names(&self) -> &ParquetNames {
        &self.0
    }

    fn bars(&self) -> Result<ParquetBars, String> {
        let bar = Row {
            date: Some(0),
            close: Some(1.0),
            ..Row::default()
        };
        Ok(ParquetBars {
            owners: (0..100).map(|at| (format!("T{at}"), vec![bar])).collect(),
            inexact: 0,
        })
    }

    fn columns(&self, _places: &[usize]) -> Result<Vec<ParquetColumn>, String> {
        Err("they are bars".to_owned())
    }
}

#[test]
fn a_file_of_many_tickers_is_parsed_once_and_again_when_it_changes() {
    let folder = Folder::new();
    folder.put("all.parquet", "PAR1");
    let door = Arc::new(Counting::default());
    let venue = "us:files".parse().unwrap();
    let spec = SourceSpec::Files(FilesSpec::of(folder.path()));
    let source = open(
        venue,
        spec,
        Arc::new(OsFs),
        Arc::clone(&door) as Arc<dyn ParquetRows>,
    );

    for at in 0..100 {
        assert_eq!(bars(&*source, &format!("T{at}"), "1d").len(), 1);
    }
    assert_eq!(
        ask(&*source, &job("NOSUCH", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
    assert_eq!(door.0.load(Ordering::Relaxed), 1);

    folder.put("all.parquet", "PAR1 of another day");
    assert_eq!(bars(&*source, "T7", "1d").len(), 1);
    assert_eq!(door.0.load(Ordering::Relaxed), 2);
}

/// Returns how long it takes to ask for the first ticker of a long file, and for all of them.
fn seconds_of_first_and_all(tickers: usize) -> (Duration, Duration) {
    let mut text = "Symbol,Date,Open,High,Low,Close,Volume\n".to_owned();
    for day in 1..29 {
        for at in 0..tickers {
            writeln!(text, "T{at},2024-02-{day:02},10,12,9,11,100").unwrap();
        }
    }
    let folder = Folder::new();
    folder.put("all.csv", text);
    let source = folder.source();
    let began = Instant::now();
    assert_eq!(bars(&*source, "T0", "1d").len(), 28);
    let first = began.elapsed();
    for at in 1..tickers {
        assert_eq!(bars(&*source, &format!("T{at}"), "1d").len(), 28);
    }
    (first, began.elapsed())
}

#[test]
fn all_tickers_of_a_file_take_little_longer_than_the_first() {
    let (first, all) = seconds_of_first_and_all(300);

    println!("the first of 300 tickers took {first:?}, all {all:?}");
    assert!(
        all < first * 10,
        "the first of 300 tickers took {first:?}, all {all:?}"
    );
}

#[test]
fn of_a_file_that_cannot_be_kept_whole_each_ticker_is_read_by_itself() {
    #[derive(Debug)]
    struct Small;
    impl ParquetRows for Small {
        fn open(&self, _bytes: Vec<u8>) -> Result<Box<dyn ParquetFile>, String> {
            Err("it is no Parquet".to_owned())
        }
        fn most_bytes(&self) -> u64 {
            16 << 10
        }
    }
    let lines: String = (1..29)
        .flat_map(|day| (0..10).map(move |at| format!("T{at},2024-02-{day:02},1\n")))
        .collect();
    let folder = Folder::new();
    folder.put("all.csv", format!("Symbol,Date,Close\n{lines}"));
    let venue = "us:files".parse().unwrap();
    let spec = SourceSpec::Files(FilesSpec::of(folder.path()));
    let source = open(venue, spec, Arc::new(OsFs), Arc::new(Small));

    assert_eq!(bars(&*source, "T3", "1d").len(), 28);
    assert_eq!(
        ask(&*source, &job("NOSUCH", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

fn incoming(tickers: &[&str]) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n",
    );
    let mut args = vec!["init", "--venue", "us:mine", "--partitioned"];
    for ticker in tickers {
        args.extend(["--ticker", ticker]);
    }
    bar.run(&args).expect(Exit::Ok);
    bar
}

#[test]
fn what_was_not_understood_is_named_once_and_fails_nobody() {
    let bar = incoming(&["A", "B"]);
    bar.write("incoming/A.csv", DAILY);
    bar.write("incoming/B.csv", DAILY);
    bar.write("incoming/C-4h-2024-01.csv", DAILY);
    bar.write("incoming/README.md", "none of barkeep's");
    for at in 0..12 {
        bar.write(format!("incoming/sheets/{at}.xlsx"), "PK");
    }

    let ran = bar.run(&["update"]).expect(Exit::Ok);

    let lines: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("no ticker of this run"))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{}", ran.stderr);
    };
    for told in [
        "13 files",
        "C-4h-2024-01.csv",
        "bars of 4h",
        ".xlsx are not read",
        "and 3 more",
    ] {
        assert!(line.contains(told), "{told}: {line}");
    }
    assert!(
        !line.contains("README") && !line.contains("B.csv"),
        "{line}"
    );
}

#[test]
fn a_ticker_without_a_file_has_those_named_that_may_be_its() {
    let bar = incoming(&["A", "XBTUSD"]);
    bar.write("incoming/A.csv", DAILY);
    bar.write("incoming/XBTUSD_1440.csv", DAILY);
    bar.write("incoming/M.csv", DAILY);

    let ran = bar.run(&["update"]);

    let (_, told) = ran
        .stderr
        .split_once("2 files of ")
        .unwrap_or_else(|| panic!("{}", ran.stderr));
    let first = told.find("XBTUSD_1440.csv (").unwrap();
    assert!(first < told.find("M.csv (").unwrap(), "{told}");
    assert!(!told.contains(" A.csv"), "{told}");
}

#[test]
fn a_folder_that_is_understood_is_not_spoken_of() {
    let bar = incoming(&["A"]);
    bar.write("incoming/A.csv", DAILY);
    bar.write("incoming/OTHER.csv", DAILY);

    for _ in 0..2 {
        let ran = bar.run(&["update"]).expect(Exit::Ok);
        assert!(!ran.stderr.contains("OTHER"), "{}", ran.stderr);
    }
}

#[test]
fn a_frame_of_pandas_is_read_as_its_csv_is() {
    let tables = [
        "Date instant,Open,High,Low,Close,Volume\n2024-01-02T05:00:00,10.5,12.5,9.5,11.5,100\n2024-07-03T04:00:00,11.5,13.5,10.5,12.5,200\n",
        "Date,Open,High,Low,Close,Volume\n2024-01-02T00:00:00,10.5,12.5,9.5,11.5,100\n2024-07-03T00:00:00,11.5,13.5,10.5,12.5,200\n",
        "open,high,low,close,volume,__index_level_0__ instant\n10.5,12.5,9.5,11.5,100.0,2024-01-02T05:00:00\n11.5,13.5,10.5,12.5,200.5,2024-07-03T04:00:00\n",
        "Ticker,Day text,Close\nB,2024-01-02 x,1.5\n",
        "stock,date instant,open,high,low,close,volume\nA,2024-01-02T05:00:00,10.5,12.5,9.5,11.5,100\nA,2024-07-03T04:00:00,11.5,13.5,10.5,12.5,200\n",
    ];
    let csv = "stock,date,open,high,low,close,volume,sequence\nA,2024-01-02,10.5,12.5,9.5,11.5,100,\nA,2024-07-03,11.5,13.5,10.5,12.5,200,\n";
    for (at, table) in tables.into_iter().enumerate() {
        let bar = incoming(&["A"]);
        bar.write("incoming/A.parquet", named_parquet::of(table));
        let ran = bar.run(&["update"]);
        let shown = bar.run(&["show", "A", "-i", "1d", "--format", "csv"]);
        if at == 3 {
            assert!(ran.stderr.contains("A.parquet"), "{}", ran.stderr);
        } else {
            assert_eq!(shown.stdout, csv, "{table}{}", ran.stderr);
        }
    }
}
