//! Bars made of trades, from published lines to what people and other programs read.

#![cfg(feature = "polars")]

mod mirrored;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::{ForeignFile, Whole, days};
use crate::support::recorded::{recorded, recorded_data};
use crate::support::workspace::TestWorkspace;
use barkeep::calendar::Calendar;
use barkeep::cli::Exit;
use barkeep::codec::{Facts, decode, encode};
use barkeep::frame::{Bar, BarBatch, Cell, Frame, Profile, Trade, rows_of_trades};
use barkeep::ingest::{self, RunReport};
use barkeep::model::{Dataset, Interval, PriceBasis, Provenance, Series, StorageRequest, time};
use barkeep::observe::Silent;
use barkeep::resample::{Made, VenueRules, bars_of_trades};
use barkeep::source::posttrade::{Limits, Line, lines};
use barkeep::storage::RowsToStage;
use barkeep::workspace::Workspace;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

const VENUE: &str = "de:xetra";
const SAP: &str = "DE0007164600";
const MONTH: &str = "data/de/xetra/stocks_1m/ticker=DE0007164600/year=2026/month=09/data.parquet";

/// After the trades of 18 September.
const LATER: &str = "2026-09-19T06:00:00Z";

fn utc(text: &str) -> i64 {
    let moment: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    moment.timestamp_nanos_opt().unwrap()
}

fn trade(id: &str, at: &str, price: f64, volume: f64, mode: &str) -> Trade {
    Trade {
        isin: SAP.into(),
        trans_id: id.into(),
        price: Some(price),
        volume: Some(volume),
        currency: Some("EUR".into()),
        quote_type: Some(1),
        trade_time: utc(at),
        distribution_time: utc(at),
        trading_mode: Some(mode.into()),
        modification_flag: "-".into(),
        ..Trade::default()
    }
}

/// Trades from before the session to the end of trading at the closing price.
fn a_day() -> Vec<Trade> {
    vec![
        trade("1", "2026-09-18T06:00:00.761Z", 99.5, 15.0, "4"),
        trade("2", "2026-09-18T07:00:00.141Z", 100.0, 1_000.0, "O"),
        trade("3", "2026-09-18T07:01:10Z", 101.0, 0.5, "2"),
        trade("4", "2026-09-18T07:03:10Z", 99.0, 2.25, "2"),
        trade("5", "2026-09-18T07:03:50Z", 102.0, 4.0, "2"),
        trade("6", "2026-09-18T15:29:59Z", 103.0, 1.0, "2"),
        trade("7", "2026-09-18T15:35:10Z", 104.0, 2_000.0, "K"),
        trade("8", "2026-09-18T15:44:59Z", 104.0, 3.0, "3"),
    ]
}

fn made_of(trades: &[Trade], interval: Interval) -> Made {
    let calendar = Calendar::of("XETR").unwrap();
    let rules = VenueRules::of("DETR", "EUR");
    bars_of_trades(&rows_of_trades(trades).frame, &rules, &calendar, interval).unwrap()
}

fn store(bar: &Barkeep, series: Series, rows: &Frame) -> RunReport {
    let at_that_time = TestWorkspace::of(bar.path()).at(&bar.now);
    let workspace: Workspace<'_> = at_that_time.open().unwrap();
    let venue = Some(VENUE.parse().unwrap());
    let provenance = Provenance {
        timezone: Some("Europe/Berlin".to_owned()),
        basis: PriceBasis::AsTraded,
        source: venue.clone(),
    };
    let held = workspace.lock().acquire("a test").unwrap();
    let session = workspace.session(&held, &Silent);
    let request = StorageRequest { venue, series };
    let rows = RowsToStage::encode(request, rows, &provenance).unwrap();
    let report = ingest::store(workspace.view(), session, &rows.unwrap()).unwrap();
    held.release().unwrap();
    report
}

/// Stores all that was made, and fails when any of it is not stored.
fn store_all(bar: &Barkeep, trades: &[Trade]) {
    for interval in [Interval::M1, Interval::D1] {
        let made = made_of(trades, interval);
        for (ticker, rows) in &made.bars {
            let ticker = ticker.clone();
            store(bar, Series::Bars { ticker, interval }, rows);
        }
        for (ticker, rows) in &made.outside {
            let ticker = ticker.clone();
            store(bar, Series::Prepost { ticker, interval }, rows);
        }
        for (ticker, rows) in made.auctions {
            store(bar, Series::Auctions { ticker }, &rows);
        }
    }
}

fn stored() -> Barkeep {
    let mut bar = Barkeep::empty();
    LATER.clone_into(&mut bar.now);
    bar.run(&["init", "--venue", VENUE]).expect(Exit::Ok);
    store_all(&bar, &a_day());
    bar
}

fn show(bar: &Barkeep, interval: &str, options: &[&str]) -> String {
    let venue = ["--venue", VENUE];
    bar.show(SAP, interval, &[&venue, options].concat())
        .expect(Exit::Ok)
        .stdout
}

#[test]
fn bars_of_trades_are_stored_with_their_own_columns_whatever_the_toggle_says() {
    let bar = stored();

    assert!(bar.has(MONTH), "partitioned from the start");
    assert_eq!(
        show(&bar, "1m", &[]),
        "stock,date,open,high,low,close,volume,sequence,trades,vwap\n\
         DE0007164600,2026-09-18T09:00:00,100.0,100.0,100.0,100.0,1000.0,,1,100.0\n\
         DE0007164600,2026-09-18T09:01:00,101.0,101.0,101.0,101.0,0.5,,1,101.0\n\
         DE0007164600,2026-09-18T09:03:00,99.0,102.0,99.0,102.0,6.25,,2,100.92\n\
         DE0007164600,2026-09-18T17:29:00,103.0,103.0,103.0,103.0,1.0,,1,103.0\n\
         DE0007164600,2026-09-18T17:35:00,104.0,104.0,104.0,104.0,2000.0,,1,104.0\n\
         DE0007164600,2026-09-18T17:44:00,104.0,104.0,104.0,104.0,3.0,,1,104.0\n"
    );
    assert_eq!(
        show(
            &bar,
            "1d",
            &["--columns", "date,open,high,low,close,volume,trades"]
        ),
        "date,open,high,low,close,volume,trades\n\
         2026-09-18,100.0,104.0,99.0,104.0,3010.75,7\n"
    );
    assert_eq!(
        show(
            &bar,
            "1m",
            &["--prepost", "--columns", "date,close,trades", "--head", "1"]
        ),
        "date,close,trades\n2026-09-18T08:00:00,99.5,1\n"
    );
    assert_eq!(
        show(&bar, "1m", &["--auctions"]),
        "stock,date,kind,price,volume,trades,printed\n\
         DE0007164600,2026-09-18,closing,104.0,2000.0,1,2026-09-18\n\
         DE0007164600,2026-09-18,opening,100.0,1000.0,1,2026-09-18\n"
    );
}

#[test]
fn storing_the_same_trades_again_changes_no_byte() {
    let bar = stored();
    let before = bar.files_in("data");

    store_all(&bar, &a_day());

    assert_eq!(bar.files_in("data"), before);
}

#[test]
fn what_a_cancellation_changed_is_in_the_ledger_and_can_be_undone() {
    let mut bar = stored();
    let before = show(&bar, "1m", &[]);
    "2026-09-20T06:00:00Z".clone_into(&mut bar.now);
    let mut corrected = a_day();
    for at in [2, 4] {
        let cancels = Trade {
            modification_flag: "C".into(),
            distribution_time: utc("2026-09-19T08:00:00Z"),
            ..corrected[at].clone()
        };
        corrected.push(cancels);
    }

    store_all(&bar, &corrected);

    let after = show(
        &bar,
        "1m",
        &["--columns", "date,open,close,volume,trades,vwap"],
    );
    let lines: Vec<&str> = after.lines().collect();
    assert_eq!(lines[2], "2026-09-18T09:01:00,,,0.0,0,");
    assert_eq!(lines[3], "2026-09-18T09:03:00,99.0,99.0,2.25,1,99.0");
    assert_eq!(show(&bar, "1m", &["--as-of", "2026-09-19"]), before);
    let revisions = bar.run(&["revisions", SAP, "--venue", VENUE, "-i", "1m"]);
    let told = revisions.expect(Exit::Ok).stdout;
    assert!(told.contains("6.25") && told.contains("vwap"), "{told}");
}

#[test]
fn rows_of_a_source_never_join_bars_of_trades_nor_their_tree() {
    let bar = stored();
    let before = bar.files_in("data");
    for name in [SAP, "DE0007100000"] {
        let ticker: barkeep::model::Ticker = name.parse().unwrap();
        let bars = vec![Bar {
            date: time::parse("2026-09-18T09:00:00"),
            close: Some(1.0),
            ..Bar::default()
        }];
        let (ordered, _) = BarBatch { bars }.ordered(&ticker);
        let interval = Interval::M1;

        let report = store(&bar, Series::Bars { ticker, interval }, &ordered.frame);

        let told = format!("{report:?}");
        assert!(
            told.contains("it holds bars made of trades, and the new rows are bars of a source"),
            "{told}"
        );
    }
    assert_eq!(bar.files_in("data"), before);
}

#[test]
fn a_series_whose_files_have_come_into_being_in_two_ways_is_refused_by_name() {
    let bar = stored();
    let october = MONTH.replace("month=09", "month=10");
    let rows = days(SAP, &[("2026-10-01", 1.0)]);
    bar.write(&october, ForeignFile::of(rows).bytes());

    let ran = bar.show(SAP, "1m", &["--venue", VENUE]);

    assert_ne!(ran.exit, Exit::Ok);
    assert!(
        ran.stderr.contains(
            "it holds bars of a source, and other files of its series bars made of trades"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_holds_bars_made_of_trades_if_all_of_their_columns_are_there() {
    let usual = Profile::of(Dataset::Stocks);
    let made = made_of(&a_day(), Interval::M1);
    let encoded = encode(&made.bars[0].1, &Facts::default()).unwrap();
    let lacking = ForeignFile {
        volume: Whole::Fraction,
        extra: Some("vwap"),
        ..ForeignFile::of(days(SAP, &[("2026-09-18", 1.0)]))
    };

    let ours = decode(&encoded.bytes, usual).unwrap();
    let others = decode(&Bytes::from(lacking.bytes()), usual).unwrap();

    assert_eq!(ours.ordered.frame, made.bars[0].1);
    assert!(ours.ordered.frame.profile().is_of_trades());
    assert!(!others.ordered.frame.profile().is_of_trades());
    assert_eq!(others.unknown_columns, ["vwap"]);
}

#[test]
fn what_looks_at_series_knows_bars_of_trades_and_finds_no_fault_with_them() {
    let bar = stored();

    let list = bar.run(&["list", "--json"]).expect(Exit::Ok).stdout;
    let check = bar.run(&["check"]);
    let rebuilt = bar.run(&["check", "--rebuild"]);

    assert!(list.contains("auctions") && list.contains(SAP), "{list}");
    assert_eq!(check.exit, Exit::Ok, "{check:#?}");
    assert!(!check.stdout.contains(SAP), "{}", check.stdout);
    assert_eq!(rebuilt.exit, Exit::Ok, "{rebuilt:#?}");
}

#[test]
fn bars_of_trades_are_joined_when_they_are_shown() {
    let bar = stored();
    let columns = ["--columns", "date,open,high,low,close,volume,trades"];

    let five = show(&bar, "1m", &[&["--resample", "5m"][..], &columns].concat());
    let day = show(&bar, "1m", &[&["--resample", "1d"][..], &columns].concat());

    assert_eq!(
        five,
        "date,open,high,low,close,volume,trades\n\
         2026-09-18T09:00:00,100.0,102.0,99.0,102.0,1006.75,4\n\
         2026-09-18T17:25:00,103.0,103.0,103.0,103.0,1.0,1\n\
         2026-09-18T17:35:00,104.0,104.0,104.0,104.0,2000.0,1\n\
         2026-09-18T17:40:00,104.0,104.0,104.0,104.0,3.0,1\n"
    );
    assert_eq!(day, show(&bar, "1d", &columns));
}

/// Bars counted by themselves: open, high, low, close, hundredths of volume, trades.
type Counted = BTreeMap<(String, String), (f64, f64, f64, f64, i64, i64)>;

#[expect(clippy::cast_possible_truncation, reason = "whole and small")]
fn hundredths(volume: f64) -> i64 {
    (volume * 100.0).round() as i64
}

#[test]
fn the_recorded_minute_makes_the_bars_that_counting_by_hand_makes() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let packed = recorded(&folder, "xetra/DETR-posttrade-2025-10-31T13_54.json.gz");
    let mut trades = Vec::new();
    lines(
        packed.as_slice(),
        Limits::default(),
        &mut |line| match line {
            Line::Trade(trade) => trades.push(trade),
            Line::Bad(bad) => panic!("{bad:?}"),
        },
    )
    .unwrap();
    assert_eq!(trades.len(), 719);

    let made = made_of(&trades, Interval::M1);

    let mut sorted: Vec<&Trade> = trades.iter().collect();
    sorted.sort_by_key(|trade| (trade.trade_time, trade.trans_id.clone()));
    let mut counted = Counted::new();
    for trade in sorted {
        let (price, volume) = (trade.price.unwrap(), trade.volume.unwrap());
        let currency = trade.currency.as_deref().unwrap();
        let series = match currency {
            "EUR" => trade.isin.to_string(),
            other => format!("{}.{other}", trade.isin),
        };
        // Berlin is an hour ahead of UTC on 31 October.
        let wall = time::naive(trade.trade_time + 3_600_000_000_000);
        let minute = wall.format("%Y-%m-%d %H:%M").to_string();
        let new = (price, price, price, price, 0, 0);
        let bar = counted.entry((series, minute)).or_insert(new);
        bar.1 = bar.1.max(price);
        bar.2 = bar.2.min(price);
        bar.3 = price;
        bar.4 += hundredths(volume);
        bar.5 += 1;
    }
    let mut found = Counted::new();
    for (ticker, frame) in &made.bars {
        let cell = |at: usize, row: usize| frame.columns()[at].cell(row);
        let float = |at: usize, row: usize| match cell(at, row) {
            Cell::Float(value) => value,
            other => panic!("{other:?}"),
        };
        for (row, date) in frame.times().enumerate() {
            let minute = time::naive(date).format("%Y-%m-%d %H:%M").to_string();
            let Cell::Int(count) = cell(8, row) else {
                panic!("a bar without a count")
            };
            let prices = [2, 3, 4, 5].map(|at| float(at, row));
            let [open, high, low, close] = prices;
            let bar = (open, high, low, close, hundredths(float(6, row)), count);
            found.insert((ticker.to_string(), minute), bar);
        }
    }
    assert_eq!(found, counted);
    let currency = |series: &str| {
        series
            .rsplit_once('.')
            .map(|(_, currency)| currency == "USD")
    };
    let dollars = found
        .keys()
        .filter(|(series, _)| currency(series) == Some(true));
    assert!(dollars.count() > 0);
    assert!(made.outside.is_empty() && made.left_out.is_empty() && made.refused.is_empty());
}
