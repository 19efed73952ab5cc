//! The calendar and the files source, held against recorded data.
//!
//! Expected numbers come from counting lines and cutting them at commas here, not from the code under test.

use std::io::Read;
use std::path::Path;

use barkeep::calendar::Calendar;
use barkeep::model::Interval;
use barkeep::source::Fetched;
use barkeep::source::files::FilesSpec;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::{America::New_York, Europe::Warsaw};
use flate2::read::GzDecoder;

use crate::support::files::{Folder, ask, bars, below, files_source, job, refusal, stamp};
use crate::support::recorded::{recorded, recorded_data};

fn text(folder: &Path, name: &str) -> String {
    let bytes = recorded(folder, name);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn the_new_york_calendar_is_the_recorded_one() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let list = text(&folder, "calendars/XNYS_sessions_2000_2027.csv");
    let expected: Vec<(NaiveDate, NaiveDateTime, NaiveDateTime, bool)> = list
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let local = |cell: &str| {
                let utc = NaiveDateTime::parse_from_str(cell, "%Y-%m-%dT%H:%MZ").unwrap();
                New_York.from_utc_datetime(&utc).naive_local()
            };
            (
                cells[0].parse().unwrap(),
                local(cells[1]),
                local(cells[2]),
                cells[3] == "1",
            )
        })
        .collect();

    let calendar = Calendar::new_york();
    let [from, to] = ["2000-01-01", "2027-12-31"].map(|day| day.parse().unwrap());
    let ours: Vec<_> = calendar
        .sessions(from, to)
        .map(|s| (s.day, s.open, s.close, calendar.is_unusual(&s)))
        .collect();

    assert!(expected.len() > 7_000);
    assert_eq!(ours, expected);
}

/// Holds a file with ISO dates in its first column, and a header, against its own lines.
fn check_dated(folder: &Path, name: &str, close_at: usize) {
    let ticker = Path::new(name)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .split_once('.')
        .unwrap()
        .0;
    let (parent, _) = name.rsplit_once('/').unwrap();
    let source = files_source("xx:files", FilesSpec::of(below(folder, parent)));

    let rows = bars(&*source, ticker, "1d");

    let text = text(folder, name);
    let lines: Vec<&str> = text
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(rows.len(), lines.len(), "{name}");
    for (row, line) in rows.iter().zip(lines) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(stamp(row), format!("{} 00:00:00", cells[0]), "{name}");
        assert_eq!(row.open, cells[1].parse().ok(), "{name}");
        assert_eq!(row.close, cells[close_at].parse().ok(), "{name}: {line}");
    }
}

#[test]
fn files_with_plain_dates_come_out_line_by_line() {
    let Some(folder) = recorded_data() else {
        return;
    };
    for name in [
        "csv/other/backtesting_BTCUSD.csv",
        "csv/other/backtesting_GOOG.csv",
        "csv/other/backtrader_2006-day-002.txt",
        "csv/other/backtrader_daily-KO.csv",
        "csv/other/backtrader_orcl-2014.txt",
        "csv/other/mplfinance_yahoofinance-SPY-20200901-20210113.csv",
        "csv/stooq/web/aapl_us_d.csv",
        "csv/yahoo_v7/AAPL_200.csv",
        "csv/yahoo_v7/BTC-USD_200.csv",
        "csv/yahoo_v7/EURUSDX_200.csv",
    ] {
        check_dated(&folder, name, 4);
    }
}

#[test]
fn a_download_of_stooqs_page_is_found_by_its_ticker() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let source = files_source("us:stooq", FilesSpec::of(below(&folder, "csv/stooq/web")));

    assert_eq!(
        bars(&*source, "AAPL", "1d").len(),
        bars(&*source, "AAPL.US", "1d").len()
    );
    let index = bars(&*source, "SPX_D_NO_HEADER", "1d");
    let text = text(&folder, "csv/stooq/web/spx_d_no_header.csv.gz");
    assert_eq!(index.len(), text.lines().count());
    assert_eq!(
        (stamp(&index[0]), index[0].close),
        ("1950-01-03 00:00:00".to_owned(), Some(16.66))
    );
}

#[test]
fn a_yahoo_error_body_is_no_data_and_no_damage() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let source = files_source("us:yahoo7", FilesSpec::of(below(&folder, "csv/yahoo_v7")));

    let answer = ask(&*source, &job("BEKE_400", "1d")).unwrap();
    assert!(matches!(answer, Fetched::Nothing { .. }), "{answer:?}");
    assert_eq!(
        bars(&*source, "OCDO.L_200", "1d")[0].volume,
        Some(728_520.into())
    );
}

/// Returns date, time and close of each line of a dump.
fn dump_lines(text: &str) -> Vec<(NaiveDateTime, f64)> {
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let moment = format!("{}{}", cells[2], cells[3]);
            let moment = NaiveDateTime::parse_from_str(&moment, "%Y%m%d%H%M%S").unwrap();
            (moment, cells[7].parse().unwrap())
        })
        .collect()
}

#[test]
fn stooqs_daily_dumps_come_out_line_by_line() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let source = files_source("us:stooq", FilesSpec::of(below(&folder, "csv/stooq/daily")));
    for ticker in ["AACG", "AACIU", "AAGRW"] {
        let file = format!("csv/stooq/daily/{}.us.txt", ticker.to_lowercase());
        let expected = dump_lines(&text(&folder, &file));

        let rows = bars(&*source, ticker, "1d");

        assert_eq!(rows.len(), expected.len());
        for (row, (moment, close)) in rows.iter().zip(expected) {
            assert_eq!((stamp(row), row.close), (moment.to_string(), Some(close)));
        }
    }
}

#[test]
fn a_file_named_for_one_ticker_with_rows_of_another_is_refused_with_both_names() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let copy = Folder::new();
    copy.put(
        "daily/aapg.us.txt",
        recorded(&folder, "csv/stooq/daily/aapg_file_holding_abat.us.txt"),
    );

    let message = refusal(&*copy.source(), "AAPG", "1d");

    assert!(
        message.contains("aapg") && message.contains("ABAT.US"),
        "{message}"
    );
    assert_eq!(
        ask(&*copy.source(), &job("ABAT", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn stooqs_five_minute_dumps_are_moved_from_warsaw_to_new_york_row_by_row() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let source = files_source("us:stooq", FilesSpec::of(below(&folder, "csv/stooq/5min")));
    for (ticker, name) in [
        ("AACB", "aacb.us.txt"),
        ("AACBU", "aacbu.us.txt"),
        ("AAPL", "aapl.us.txt.gz"),
    ] {
        let expected = dump_lines(&text(&folder, &format!("csv/stooq/5min/{name}")));

        let rows = bars(&*source, ticker, "5m");

        assert_eq!(rows.len(), expected.len());
        for (row, (warsaw, close)) in rows.iter().zip(expected) {
            let instant = Warsaw.from_local_datetime(&warsaw).single().unwrap();
            let new_york = instant.with_timezone(&New_York).naive_local();
            assert_eq!((stamp(row), row.close), (new_york.to_string(), Some(close)));
            // Were the weeks between the two changes of clocks wrong, bars would lie outside the session.
            let session = Calendar::new_york().session(new_york.date()).unwrap();
            assert!(
                session.open <= new_york && new_york < session.close,
                "{new_york}"
            );
        }
    }
}

#[test]
fn stooqs_hourly_dumps_begin_with_the_session() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let copy = Folder::new();
    copy.put(
        "hourly/aapl.us.txt",
        recorded(&folder, "csv/stooq/hourly/aapl.us.head.txt"),
    );

    for interval in ["1h", "60m"] {
        let rows = bars(&*copy.source(), "AAPL", interval);

        let starts: Vec<String> = rows.iter().take(7).map(stamp).collect();
        let expected = [
            "09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00",
        ]
        .map(|time| format!("2024-04-11 {time}:00"));
        assert_eq!(starts, expected);
        assert_eq!(rows.len(), 28);
    }
}

#[test]
fn a_long_archive_serves_each_of_its_tickers() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let source = files_source(
        "us:files",
        FilesSpec::of(below(&folder, "csv/other/bokeh_stocks.csv.gz")),
    );
    let text = text(&folder, "csv/other/bokeh_stocks.csv.gz");
    for ticker in ["AAPL", "MSFT"] {
        let mine = text
            .lines()
            .filter(|line| line.starts_with(&format!("{ticker},")));

        let rows = bars(&*source, ticker, "1d");

        assert_eq!(rows.len(), mine.count());
        assert_eq!(stamp(&rows[0]), "2000-03-01 00:00:00");
    }
    assert_eq!(
        ask(&*source, &job("NOSUCH", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn american_dates_are_read_daily_and_by_the_minute() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let copy = Folder::new();
    let minutes = "csv/other/mplfinance_SP500_NOV2019_IDay.csv";
    copy.put(
        "daily/SPX.csv",
        recorded(&folder, "csv/other/mplfinance_SP500_NOV2019_Hist.csv"),
    );
    let source = copy.source();
    let days = bars(&*source, "SPX", "1d");
    assert_eq!(
        (stamp(&days[0]), days[0].close),
        ("2019-11-01 00:00:00".to_owned(), Some(3066.91))
    );

    copy.put("1m/SPX.csv", recorded(&folder, minutes));
    let rows = bars(&*copy.source(), "SPX", "1m");
    assert_eq!(rows.len(), text(&folder, minutes).lines().count() - 1);
    assert_eq!(
        (stamp(&rows[0]), rows[0].high, rows[0].close),
        (
            "2019-11-05 09:30:00".to_owned(),
            Some(3081.47),
            Some(3080.49)
        )
    );
}

#[test]
fn klines_are_utc_and_flat_files_are_new_york() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let copy = Folder::new();
    copy.put(
        "1m/ADABTC.csv",
        recorded(
            &folder,
            "csv/other/nautilus_binance_ADABTC-1m-2021-11-27.csv",
        ),
    );
    copy.put(
        "1m/2025-04-16.csv",
        recorded(&folder, "csv/other/polygon_flatfile_minute_aggs.head.csv"),
    );
    let source = copy.source();

    let klines = bars(&*source, "ADABTC", "1m");
    let flat = bars(&*source, "AAPL", "1m");

    assert_eq!(
        (stamp(&klines[0]), klines.len()),
        ("2021-11-27 00:00:00".to_owned(), 10)
    );
    assert_eq!(
        (klines[0].close, klines[0].volume),
        (Some(0.000_028_54), Some(36_304.2.into()))
    );
    assert_eq!(
        (stamp(&flat[0]), flat.len()),
        ("2025-04-16 04:35:00".to_owned(), 2)
    );
    assert_eq!((flat[0].close, flat[0].high), (Some(200.5), Some(200.63)));
}

#[test]
fn ticks_are_not_taken_for_bars() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let copy = Folder::new();
    copy.put(
        "1m/T.csv",
        recorded(&folder, "csv/other/backtrader_ticksample.csv"),
    );

    assert!(refusal(&*copy.source(), "T", "1m").contains("closer to each other"));
}

#[test]
fn a_file_of_5_000_rows_is_read_in_milliseconds() {
    let line = |at: i64| {
        let day = NaiveDate::from_ymd_opt(2000, 1, 3).unwrap() + TimeDelta::days(at);
        format!("{day},10.25,11.5,9.75,10.5,10.5,123456\n")
    };
    let text: String = (0..5_000).map(line).collect();
    let folder = Folder::new();
    folder.put(
        "X.csv",
        format!("Date,Open,High,Low,Close,Adj Close,Volume\n{text}"),
    );
    let source = folder.source_with("us:files", |spec| spec.interval = Interval::D1);
    let began = std::time::Instant::now();

    assert_eq!(bars(&*source, "X", "1d").len(), 5_000);

    // Generous, for loaded machines and unoptimised builds.
    assert!(began.elapsed().as_millis() < 250, "{:?}", began.elapsed());
}
