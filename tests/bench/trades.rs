//! Stages and consolidates a week of trades at the rate of a large feed: `cargo bench --bench trades`.
//!
//! Prints seconds of the processor and the most memory that the process took, and ends with 1 beyond the bounds. The trades are made
//! up: what they have in common with real ones is how often values repeat. Making them is not measured.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a program of its own, which measures and may end at what it did not expect"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use barkeep::config::Overrides;
use barkeep::frame::{Trade, rows_of_trades};
use barkeep::ingest::{Consolidation, Registry, RunReport, SourceNotes};
use barkeep::model::{PriceBasis, Provenance, Series, StorageRequest, time};
use barkeep::observe::Silent;
use barkeep::storage::{Open, RowsToStage, StagedRun};
use barkeep::sys::{Fs, OsFs};
use barkeep::workspace::{Surroundings, Workspace};

const DAYS: i64 = 7;
const TRADES: i64 = 400_000;
/// Trades that are staged at a time.
const BATCH: i64 = 25_000;
const ISINS: i64 = 3_000;
const MOST_SECONDS: f64 = 20.0;
const MOST_MIB: u64 = 300;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let around = Surroundings::of_process(folder.path());
    let workspace = Workspace::open_any(&around, &Overrides::default()).expect("a workspace");
    let held = workspace.lock().acquire("a bench").expect("the lock");
    let session = workspace.session(&held, &Silent);
    let request = StorageRequest {
        venue: "de:xetra".parse().ok(),
        series: Series::Trades {
            feed: "DETR".parse().expect("a feed"),
        },
    };
    let provenance = Provenance {
        timezone: Some("UTC".to_owned()),
        basis: PriceBasis::AsTraded,
        source: request.venue.clone(),
    };
    let isins: Vec<Arc<str>> = (0..ISINS).map(|at| format!("DE{at:010}").into()).collect();
    let mut staged = 0.0;
    let id = session.runs.next();
    let mut run =
        StagedRun::<Open>::begin(session.fs, session.held, session.places, id).expect("a run");
    for day in 0..DAYS {
        for batch in 0..TRADES / BATCH {
            let trades: Vec<Trade> = (0..BATCH)
                .map(|at| trade(&isins, day, batch * BATCH + at))
                .collect();
            let begun = own_seconds();
            let rows = rows_of_trades(&trades).frame;
            drop(trades);
            for part in rows.split().values() {
                let part = RowsToStage::encode(request.clone(), part, &provenance);
                run.stage(&part.expect("rows").expect("some"))
                    .expect("room");
            }
            staged += own_seconds() - begun;
        }
    }
    println!("staged: {staged:.1} s, {} MiB at most", peak_mib());
    let begun = own_seconds();
    let mut registry = Registry::empty(folder.path());
    let mut report = RunReport::default();
    let consolidation = Consolidation {
        view: workspace.view(),
        session,
        registry: &mut registry,
        notes: &SourceNotes::new(),
        report: &mut report,
    };
    consolidation
        .finish(run.seal().expect("a barrier"))
        .expect("a commit");
    let all = staged + own_seconds() - begun;
    let (files, bytes) = report.written();
    let venue = "de:xetra".parse().expect("a venue");
    let stored = report.feed_at(&venue).trades.added;
    println!(
        "all: {all:.1} s, {} MiB at most, {} rows, {files} files, {:.1} MiB",
        peak_mib(),
        stored,
        bytes as f64 / f64::from(1 << 20),
    );
    drop(held);
    let is_within =
        all <= MOST_SECONDS && peak_mib() <= MOST_MIB && i64::try_from(stored) == Ok(DAYS * TRADES);
    if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The trades of a day come in an order that is not quite that of time, as they do where publication is delayed.
fn trade(isins: &[Arc<str>], day: i64, at: i64) -> Trade {
    const STEP: i64 = 50_400_000_000_000 / TRADES;
    let start = time::parse("2025-11-03T07:00:00").expect("a time") + day * time::DAY;
    let trade_time = start + at * STEP + (at * 7_919 % 1_000) * 1_000_003;
    let pick = |of: &[&str]| -> Option<Arc<str>> {
        let at = usize::try_from(at.unsigned_abs() * 2_654_435_761 % 97).ok()? % of.len();
        of.get(at).map(|text| (*text).into())
    };
    let isin = usize::try_from(at * at % ISINS).expect("an instrument");
    Trade {
        message_id: Some("posttrade".into()),
        isin: isins.get(isin).cloned().expect("an instrument"),
        trans_id: format!("{:052}", i128::from(day * TRADES + at) * 1_000_000_007).into(),
        price: Some(58.0 + (at % 1_000) as f64 / 100.0),
        volume: Some((at % 500) as f64),
        currency: pick(&["EUR", "EUR", "EUR", "EUR", "USD", "GBP"]),
        quote_type: Some(1),
        trade_time,
        distribution_time: trade_time + 900_000_000_000,
        execution_venue: pick(&["XETA", "XETA", "XETB", "XETS"]),
        publication_venue: Some("XCEF".into()),
        trading_system: pick(&["1", "3"]),
        trading_mode: pick(&["2", "2", "2", "K", "O"]),
        modification_flag: "-".into(),
        benchmark_flag: pick(&["-", "S"]),
        pub_deferral: Some("-".into()),
        algo_indicator: Some(at % 3 == 0),
        last_trade_indicator: pick(&["R", "P", "C"]),
        ..Trade::default()
    }
}

/// Returns the time of the processor that all threads have used: Linux counts it in hundredths of a second.
fn own_seconds() -> f64 {
    let stat = OsFs.read(Path::new("/proc/self/stat"));
    let stat = String::from_utf8(stat.ok().flatten().unwrap_or_default()).unwrap_or_default();
    // The name of the program, which may have spaces, ends with the last bracket.
    let (_, after_name) = stat.rsplit_once(')').expect("the form of the kernel");
    let numbers = after_name.split_whitespace().skip(11).take(2);
    let hundredths: u32 = numbers
        .map(|text| text.parse::<u32>().expect("a number"))
        .sum();
    f64::from(hundredths) / 100.0
}

/// Returns the most memory that the process had at any time.
fn peak_mib() -> u64 {
    let status = OsFs.read(Path::new("/proc/self/status"));
    let status = String::from_utf8(status.ok().flatten().unwrap_or_default()).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() >> 10
}
