//! The ledger under every crash of a group: what is in the tree has its line, what has a line is in the tree, and the record
//! of a series is that of its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use barkeep::frame::{self, Frame};
use barkeep::ledger::{FileState, Ledger, SeriesRecord, read_ledger, read_records};

use crate::support::series::Shape::{LegacyBars, PartitionedBars};
use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{TestWorkspace, held};

const OLDER: [&str; 3] = ["2024-01-30", "2024-01-31", "2024-02-01"];
/// One day with another price, two new ones, one of them in a new month.
const NEWER: [&str; 3] = ["2024-01-31", "2024-02-02", "2024-03-01"];

/// A workspace on a disk: everything that its files hold is durable.
fn disk(shape: Shape) -> SimFs {
    let made = SimFs::new();
    made.plant("/ws/tickers.json", b"{}");
    let bench = TestWorkspace::simulated(&made);
    bench.store(shape, &rows(&shape.request(), &OLDER, 1.0));
    let disk = SimFs::new();
    for (path, bytes) in made.snapshot() {
        disk.plant(&format!("/{}", path.display()), &bytes);
    }
    disk
}

fn bench_on(fs: &SimFs, leave_out: fn(&Op<'_>) -> bool) -> TestWorkspace {
    let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
    TestWorkspace::behind(fs, Arc::new(door))
}

fn work(bench: &TestWorkspace, shape: Shape) -> Result<bool, String> {
    let newer = rows(&shape.request(), &NEWER, 2.0);
    let workspace = bench
        .open_for("us:demo")
        .map_err(|error| error.to_string())?;
    let prepared = shape
        .store(&workspace.stores)
        .prepare(&shape.request(), &newer, &provenance());
    let committed = prepared.and_then(|prepared| bench.commit(&prepared));
    committed.map(|()| true).map_err(|error| error.to_string())
}

/// What a record of these rows is, but for the bytes.
fn record_of(shape: Shape, stored: &Frame) -> SeriesRecord {
    let mut record = SeriesRecord::nothing();
    let parts = match shape {
        LegacyBars => BTreeMap::from([(barkeep::model::PartitionKey::Whole, stored.clone())]),
        _ => stored.split(),
    };
    for (partition, rows) in parts {
        let state = FileState::new(rows.fingerprint(), 0);
        let facts = (barkeep::model::TimeUnit::Micros, provenance().basis);
        record.add(partition, state, rows.span(), facts);
    }
    record.is_legacy = shape == LegacyBars;
    record
}

fn without_bytes(record: SeriesRecord) -> SeriesRecord {
    let latest = record.latest.iter();
    let latest = latest.map(|(partition, state)| (*partition, FileState { bytes: 0, ..*state }));
    SeriesRecord {
        bytes: 0,
        latest: latest.collect(),
        ..record
    }
}

fn judge(fs: &SimFs, shape: Shape, is_acked: bool) -> Result<(), String> {
    let bench = TestWorkspace::simulated(fs);
    let (older, newer) = (
        rows(&shape.request(), &OLDER, 1.0),
        rows(&shape.request(), &NEWER, 2.0),
    );
    let all = frame::merge(&older, &newer).frame;
    let stored = shape.store(&bench.stores()).read(&shape.request());
    let stored = stored.map_err(|error| error.to_string())?;
    let stored = stored.ok_or("the series is gone")?.frame;
    let is_new = stored == all;
    if !is_new && (stored != older || is_acked) {
        return Err(format!("{} rows, neither old nor new", stored.len()));
    }
    let venue = shape.request().venue.unwrap();
    let records = read_records(bench.fs(), &bench.places, &venue);
    let records = records.map_err(|error| error.to_string())?;
    let record = records.series.get(&shape.request());
    let record = record.cloned().map(without_bytes);
    if !records.damaged.is_empty() || record != Some(record_of(shape, &stored)) {
        return Err(format!("the record is not that of the rows: {record:?}"));
    }
    let ledger = read_ledger(bench.fs(), &bench.places, &shape.request());
    let ledger: Option<Ledger> = ledger.map_err(|error| error.to_string())?;
    if ledger.is_some() == is_new {
        Ok(())
    } else {
        Err("the replaced value and its line are not there together".to_owned())
    }
}

fn sweep_ledger(
    name: &str,
    shape: Shape,
    leave_out: fn(&Op<'_>) -> bool,
    depth: usize,
) -> SweepReport {
    let held = held();
    let report = sweep(
        name,
        &disk(shape),
        &|fs| work(&bench_on(fs, leave_out), shape),
        &|fs| {
            let recovered = bench_on(fs, leave_out).recover(&held);
            recovered.map_err(|error| error.to_string())
        },
        &|fs, is_acked| judge(fs, shape, is_acked),
        depth,
    );
    report.print();
    report
}

#[test]
fn what_is_in_the_tree_has_its_line_after_any_crash() {
    for shape in [PartitionedBars, LegacyBars] {
        let report = sweep_ledger("ledger", shape, |_| false, 2);

        report.assert_clean();
        assert!(report.total() >= 2_000, "{report}");
    }
}

/// A name, and the step that is left out under it.
type Mutant = (&'static str, fn(&Op<'_>) -> bool);

const MUTANTS: [Mutant; 3] = [
    (
        "the record is not in the group",
        |op| matches!(op, Op::Rename { to, .. } if to.starts_with("/ws/state/ledger")),
    ),
    (
        "what the group holds, the ledger with it, is not durable before the journal",
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/new/")),
    ),
    (
        "the journal goes before the ledger is durable in its place",
        |op| matches!(op, Op::SyncDir(path) if path.starts_with("/ws/state") || path.ends_with("new")),
    ),
];

#[test]
fn a_ledger_that_goes_its_own_way_is_caught() {
    for (name, leave_out) in MUTANTS {
        sweep_ledger(name, PartitionedBars, leave_out, 1).assert_caught();
    }
}
