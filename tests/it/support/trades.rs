//! Trades of a feed, as lines of today and as the predecessor's files.

use std::path::{Path, PathBuf};

use barkeep::frame::{Frame, Profile, Trade, rows_of_trades};
use barkeep::ingest::{self, Consolidation, SourceNotes, TakeOut, TakenOut};
use barkeep::ingest::{Registry, RunReport, finish_leftovers, take_over_trades};
use barkeep::model::{Dataset, PriceBasis, Provenance, Series, StorageRequest, time};
use barkeep::observe::Silent;
use barkeep::storage::{Layout, Open, RowsToStage, StagedRun};
use bytes::Bytes;

use super::barkeep::Barkeep;
use super::named_parquet;
use super::sim::SimFs;
use super::workspace::TestWorkspace;

pub(crate) const FEED: &str = "data/de/xetra/trades/venue=DETR";
pub(crate) const MONTHLY: &str = "data/de/xetra/trades_monthly/venue=DETR";
const DELAY: i64 = 15 * 60_000_000_000;

pub(crate) fn request() -> StorageRequest {
    StorageRequest {
        venue: Some("de:xetra".parse().unwrap()),
        series: Series::Trades {
            feed: "DETR".parse().unwrap(),
        },
    }
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        timezone: Some("UTC".to_owned()),
        basis: PriceBasis::AsTraded,
        source: Some("de:xetra".parse().unwrap()),
    }
}

/// A trade of BASF, published a quarter of an hour later.
pub(crate) fn trade(at: &str, id: &str, price: f64) -> Trade {
    let trade_time = time::parse(at).unwrap();
    let text = |text: &str| Some(text.into());
    Trade {
        message_id: text("posttrade"),
        source_name: text("ETR"),
        isin: "DE000BASF111".into(),
        instrument_id: text("DE000BASF111"),
        trans_id: id.into(),
        tick_id: Some(7),
        price: Some(price),
        volume: Some(10.0),
        currency: text("EUR"),
        quote_type: Some(1),
        trade_time,
        distribution_time: trade_time + DELAY,
        execution_venue: text("XETA"),
        tick_action: text("I"),
        instrument_code: text("I"),
        market_mechanism: text("8"),
        trading_mode: text("2"),
        negotiated_flag: text("-"),
        modification_flag: "-".into(),
        benchmark_flag: text("-"),
        pub_deferral: text("-"),
        algo_indicator: Some(true),
        ..Trade::default()
    }
}

pub(crate) fn rows(trades: &[Trade]) -> Frame {
    let ordered = rows_of_trades(trades);
    assert!(ordered.displaced.is_empty());
    ordered.frame
}

/// The file that the predecessor made of these trades, in their order. What no trade has is a column without a type; prices that
/// are all whole are whole numbers.
pub(crate) fn older_file(trades: &[Trade]) -> Vec<u8> {
    named_parquet::of(&older_table(trades))
}

/// The same as a table.
pub(crate) fn older_table(trades: &[Trade]) -> String {
    let names = "message_id text;source_name text;isin text;instrument_id text;trans_id text;tick_id;price;volume;currency text;\
                 quote_type;trade_time;distribution_time;venue text;tick_action text;instrument_code text;market_mechanism text;\
                 trading_mode text;negotiated_flag text;modification_flag text;benchmark_flag text;pub_deferral text;algo_indicator";
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("null").to_owned();
    let number =
        |number: Option<i64>| number.map_or("null".to_owned(), |number| number.to_string());
    let float = |float: Option<f64>| float.map_or("null".to_owned(), |float| float.to_string());
    let moment = |nanos: i64| {
        let naive = time::naive(nanos);
        naive.format("%Y-%m-%dT%H:%M:%S%.9f").to_string()
    };
    let line = |trade: &Trade| {
        let cells = [
            text(&trade.message_id),
            text(&trade.source_name),
            trade.isin.to_string(),
            text(&trade.instrument_id),
            trade.trans_id.to_string(),
            number(trade.tick_id),
            float(trade.price),
            float(trade.volume),
            text(&trade.currency),
            number(trade.quote_type),
            moment(trade.trade_time),
            moment(trade.distribution_time),
            text(&trade.execution_venue),
            text(&trade.tick_action),
            text(&trade.instrument_code),
            text(&trade.market_mechanism),
            text(&trade.trading_mode),
            text(&trade.negotiated_flag),
            trade.modification_flag.to_string(),
            text(&trade.benchmark_flag),
            text(&trade.pub_deferral),
            trade
                .algo_indicator
                .map_or("null".to_owned(), |is| is.to_string()),
        ];
        cells.join(";")
    };
    let lines: Vec<String> = trades.iter().map(line).collect();
    format!("{names}\n{}", lines.join("\n"))
}

/// Where the trades of a day stand, such as `2025-10-31`.
pub(crate) fn day_file(day: &str) -> PathBuf {
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, day] = parts[..] else {
        panic!("{day} is no day")
    };
    Path::new(FEED).join(format!(
        "year={year}/month={month}/day={day}/trades.parquet"
    ))
}

/// Where the predecessor's trades of a month stand, such as `2025-10`.
pub(crate) fn month_file(month: &str) -> PathBuf {
    let (year, month) = month.split_once('-').unwrap();
    Path::new(MONTHLY).join(format!("year={year}/month={month}/trades.parquet"))
}

/// Returns the rows of a day's file.
pub(crate) fn day_rows(bench: &TestWorkspace, day: &str) -> Frame {
    decoded(bench.read(day_file(day)))
}

pub(crate) fn decoded(bytes: Vec<u8>) -> Frame {
    read(bytes).unwrap()
}

/// Returns the rows of a file, or why it is none of trades.
pub(crate) fn read(bytes: Vec<u8>) -> Result<Frame, String> {
    let profile = Profile::of(Dataset::Trades);
    let decoded = barkeep::codec::decode(&Bytes::from(bytes), profile).map_err(told)?;
    Ok(decoded.ordered.frame)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: impl ToString) -> String {
    error.to_string()
}

/// Does what an update does with downloads of one run: finishes what was left, takes over, stages each, merges all. On a disk
/// that fails, the error as a text.
pub(crate) fn ingest(bench: &TestWorkspace, downloads: &[Vec<Trade>]) -> Result<RunReport, String> {
    let workspace = bench.open().map_err(told)?;
    let held = workspace.lock().acquire("test").map_err(told)?;
    let session = workspace.session(&held, &Silent);
    let view = workspace.view();
    let loaded = Registry::load(session.fs, bench.path()).map_err(told)?;
    let mut registry = loaded.unwrap_or_else(|| Registry::empty(bench.path()));
    let mut report = RunReport::default();
    finish_leftovers(view, session, &mut registry).map_err(told)?;
    take_over_trades(view, session, &mut registry, &request(), &mut report).map_err(told)?;
    let id = session.runs.next();
    let run = StagedRun::<Open>::begin(session.fs, session.held, session.places, id);
    let mut run = run.map_err(told)?;
    for download in downloads {
        for part in rows(download).split().values() {
            let part = RowsToStage::encode(request(), part, &provenance()).map_err(told)?;
            let mut part = part.iter();
            part.try_for_each(|rows| run.stage(rows)).map_err(told)?;
        }
    }
    let consolidation = Consolidation {
        view,
        session,
        registry: &mut registry,
        notes: &SourceNotes::new(),
        report: &mut report,
    };
    let sealed = run.seal().map_err(told)?;
    consolidation.finish(sealed).map_err(told)?;
    held.release().map_err(told)?;
    Ok(report)
}

/// As `ingest`, on a simulated disk.
pub(crate) fn ingest_on(fs: &SimFs, downloads: &[Vec<Trade>]) -> Result<RunReport, String> {
    let bench = TestWorkspace::simulated(fs);
    ingest(&bench, downloads)
}

/// Takes rows out of a series of `de:xetra`, as a repair does on a person's word.
pub(crate) fn take_out(bar: &Barkeep, series: Series, stamps: &[&str]) {
    let stored = TestWorkspace::of(bar.path()).at(&bar.now);
    let workspace = stored.open().unwrap();
    let held = workspace.lock().acquire("a test").unwrap();
    let session = workspace.session(&held, &Silent);
    let mut registry = Registry::load(session.fs, bar.path())
        .unwrap()
        .unwrap_or_else(|| Registry::empty(bar.path()));
    let unwanted = stamps.iter().map(|stamp| {
        let stamp = time::parse(stamp).unwrap();
        (stamp, "somebody said so".to_owned())
    });
    let asked = [TakeOut {
        request: StorageRequest {
            venue: Some("de:xetra".parse().unwrap()),
            series,
        },
        layout: Layout::Partitioned,
        unwanted: unwanted.collect(),
        newest: None,
    }];
    let mut done = TakenOut::default();

    ingest::take_out(&workspace.stores, session, &mut registry, &asked, &mut done).unwrap();

    let rows: usize = done.series.iter().map(|(_, rows)| rows.len()).sum();
    assert_eq!(rows, stamps.len(), "{done:?}");
    held.release().unwrap();
}
