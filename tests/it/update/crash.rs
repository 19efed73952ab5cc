//! A whole run into every crash: after the leftovers are finished the registry and the rows agree, and after one more
//! run everything is as if nothing had happened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barkeep::frame::{EventKind, MarketEvent};
use barkeep::lock::LockGuard;
use barkeep::model::Identity;
use barkeep::source::{AdjustedClose, Beside};

use super::{DAY, World, demo, two_days};
use crate::support::bench::Shape::PartitionedBars;
use crate::support::bench::{Bench, held};
use crate::support::foreign::{ForeignFile, days};
use crate::support::scripted::{Say, ScriptedSource, bar};
use crate::support::sim::{SimFs, sweep};

const OLD: &str = "2026-05-28";

fn source() -> ScriptedSource {
    let date = two_days()[0].date.unwrap();
    let beside = Beside {
        events: vec![MarketEvent {
            date,
            kind: EventKind::Dividend { amount: 0.5 },
        }],
        adjusted_closes: vec![AdjustedClose { date, value: 9.5 }],
        identity: Some(Identity {
            exchange: Some("NMS".to_owned()),
            ..Identity::default()
        }),
        provisional: vec![two_days()[1].date.unwrap()],
        ..Beside::default()
    };
    demo().says("A", DAY, Say::With(two_days(), Box::new(beside)))
}

fn disk() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let world = World::on(Bench::simulated(&disk), &["A"], source());
    let month = PartitionedBars.file(&world.bench.places, &PartitionedBars.request(), OLD);
    world.bench.put(
        &month,
        &ForeignFile::of(days("A", &[(OLD, 9.0), ("2026-05-29", 1.0)])).bytes(),
    );
    disk.again()
}

fn world(fs: &SimFs, held: &Arc<LockGuard<'static>>) -> World {
    World::again(Bench::simulated(fs), source(), Arc::clone(held))
}

fn update(fs: &SimFs, held: &Arc<LockGuard<'static>>) -> Result<bool, String> {
    // Reading the workspace's documents is the command's business; it ends there when they cannot be read.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world(fs, held).try_update()
    }));
    let report = outcome.map_err(|_| "the documents cannot be read".to_owned())?;
    let report = report.map_err(|error| error.to_string())?;
    Ok(report.tickers().ok == 1)
}

/// What counts: rows, registry, ledger. Quarantine and the copy of the last registry may differ by what happened.
fn counted(fs: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = fs.snapshot();
    files.retain(|path, _| {
        !path.starts_with("ws/quarantine") && !path.ends_with("tickers.last-good.json")
    });
    files
}

fn judge(
    fs: &SimFs,
    expected: &BTreeMap<PathBuf, Vec<u8>>,
    is_acked: bool,
    held: &Arc<LockGuard<'static>>,
) -> Result<(), String> {
    let found = world(fs, held);
    let rows = found.bars(PartitionedBars, "A");
    let all = [vec![bar(OLD, 9.0)], two_days()].concat();
    let is_new = rows == all;
    if !is_new && rows != [bar(OLD, 9.0), bar("2026-05-29", 1.0)] {
        return Err(format!("rows are torn or lost: {rows:?}"));
    }
    let is_recorded =
        found.tickers_json()["A"]["intervals"]["1d"]["last_data_date"] == "2026-06-01";
    if is_new != is_recorded {
        return Err(format!(
            "rows are new: {is_new}, the registry says so: {is_recorded}"
        ));
    }
    if is_acked && !is_new {
        return Err("the run said that the rows were stored".to_owned());
    }
    let rerun = fs.again();
    update(&rerun, held)?;
    let after = counted(&rerun);
    if after == *expected {
        return Ok(());
    }
    let differ: Vec<_> = after
        .iter()
        .filter(|(path, bytes)| expected.get(*path) != Some(bytes))
        .map(|(path, _)| path)
        .collect();
    Err(format!("after a rerun these differ: {differ:?}"))
}

#[test]
fn a_crash_of_a_whole_run_leaves_nothing_that_the_next_one_does_not_complete() {
    let (initial, held) = (disk(), Arc::new(held()));
    let undisturbed = initial.again();
    update(&undisturbed, &held).unwrap();
    let expected = counted(&undisturbed);

    let report = sweep(
        "a whole run",
        &initial,
        &|fs| update(fs, &held),
        &|fs| {
            world(fs, &held)
                .finish_leftovers()
                .map(drop)
                .map_err(|error| error.to_string())
        },
        &|fs, is_acked| judge(fs, &expected, is_acked, &held),
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 1_000, "{report}");
}
