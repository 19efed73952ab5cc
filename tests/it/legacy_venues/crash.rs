//! The move of a file to the folder of its venue, into every crash: the series is found whole at every moment, in the old
//! place or the new one, and one more run ends where an undisturbed one ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::lock::LockGuard;
use barkeep::model::{RunId, StorageRequest};
use barkeep::storage::{PutAway, Quarantine, StorageError, StorageInterface, lodgers, rehouse};
use chrono::DateTime;

use crate::support::foreign::daily;
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{TestWorkspace, custody, held};

use super::YAHOO;

const OWN: &str = "ws/data/legacy/us/demo/stocks_1d/A.parquet";
const SHARED: &str = "ws/data/legacy/stocks_1d/A.parquet";
const FLAT: &str = "ws/stocks_1d/A.parquet";

fn request(venue: &str) -> StorageRequest {
    let (ticker, interval) = ("A".parse().unwrap(), "1d".parse().unwrap());
    StorageRequest::bars(venue.parse().unwrap(), ticker, interval)
}

/// Bytes of A at us:demo, which say so.
fn file(rows: &[(&str, f64)]) -> Vec<u8> {
    let source = TestWorkspace::on_disk();
    let stores = source.stores();
    let read = |rows: &[(&str, f64)]| {
        let path = source.path().join("A.parquet");
        source.write(&path, daily("A", rows));
        let request = request("us:demo");
        match stores
            .legacy
            .read_file_at(&request, path, barkeep::sys::Medium::Cache)
            .unwrap()
        {
            barkeep::storage::LegacyFound::Whole(file) => file.decoded.ordered.frame,
            other => panic!("{other:?}"),
        }
    };
    let provenance = barkeep::model::Provenance {
        source: Some("us:demo".parse().unwrap()),
        ..crate::support::series::provenance()
    };
    let prepared = stores
        .legacy
        .prepare(&request("us:demo"), &read(rows), &provenance)
        .unwrap();
    prepared.files[0].bytes.to_vec()
}

/// A disk on which files of us:demo lie in these places.
fn disk(files: &[(&str, &[(&str, f64)])]) -> SimFs {
    let fs = SimFs::new();
    fs.plant("/ws/data/x", b"");
    for (place, rows) in files {
        fs.plant(&format!("/{place}"), &file(rows));
    }
    fs.again()
}

/// Moves what belongs elsewhere; `Ok(true)` when nothing stays.
fn moved(bench: &TestWorkspace, held: &LockGuard<'static>) -> Result<bool, String> {
    let workspace = bench.open_for(YAHOO).map_err(|error| error.to_string())?;
    let id = RunId::new(DateTime::UNIX_EPOCH, bench.around.nonce(), 1);
    let quarantine = Quarantine::new(bench.fs(), held, &bench.places, id.clone());
    let legacy = &workspace.stores.legacy;
    let lodgers = lodgers(legacy.places(), true);
    let moved = || {
        let mut run = bench.begin(held, id)?;
        let custody = custody(&quarantine);
        let done = rehouse(
            &mut run,
            legacy,
            &lodgers.found,
            &custody,
            &mut PutAway::default(),
        )?;
        run.finish()?;
        Ok(done)
    };
    let done = moved().map_err(|error: StorageError| error.to_string())?;
    Ok(done.left.is_empty() && lodgers.unreadable.is_empty())
}

fn closes(fs: &SimFs, venue: &str) -> Result<Vec<f64>, String> {
    let bench = TestWorkspace::simulated(fs);
    let workspace = bench.open_for(YAHOO).map_err(|error| error.to_string())?;
    let stored = workspace.stores.legacy.read(&request(venue));
    let stored = stored.map_err(|error| error.to_string())?;
    let Some(stored) = stored else {
        return Ok(Vec::new());
    };
    if let Some(damage) = stored.damaged.first() {
        return Err(format!("{} is damaged", damage.path.display()));
    }
    let closes = barkeep::frame::bars_of(&stored.frame).filter_map(|bar| bar.close);
    Ok(closes.collect())
}

/// Every file but those of the quarantine and the ledger, which have the names of runs.
fn counted(fs: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = fs.snapshot();
    files.retain(|path, _| {
        !path.starts_with("ws/quarantine")
            && !path.starts_with("ws/state")
            && !path.to_string_lossy().contains(".tmp-")
    });
    files
}

fn swept(
    name: &str,
    initial: &SimFs,
    whole: &[f64],
    leave_out: impl Fn(&Op<'_>) -> bool + Clone + Send + Sync + 'static,
) -> SweepReport {
    let held = Arc::new(held());
    let mutant = |fs: &SimFs| {
        let door = MutantFs::new(Arc::new(fs.clone()), leave_out.clone());
        TestWorkspace::behind(fs, Arc::new(door))
    };
    let undisturbed = initial.again();
    let done = moved(&TestWorkspace::simulated(&undisturbed), &held);
    assert_eq!(done, Ok(true), "{name}");
    let expected = counted(&undisturbed);
    assert!(expected.contains_key(Path::new(OWN)));
    let kept = initial.snapshot();
    let judge = |fs: &SimFs, is_acked: bool| {
        let found = closes(fs, "us:demo")?;
        if found != whole {
            return Err(format!("us:demo is torn or lost: {found:?}"));
        }
        if !closes(fs, YAHOO)?.is_empty() {
            return Err("us:yahoo is given the rows of us:demo".to_owned());
        }
        if is_acked && counted(fs) != expected {
            return Err("it said that it was done".to_owned());
        }
        let rerun = fs.again();
        if !moved(&TestWorkspace::simulated(&rerun), &held)? {
            return Err("a rerun did not get to the end".to_owned());
        }
        if counted(&rerun) != expected {
            let names = counted(&rerun).into_keys().collect::<Vec<_>>();
            return Err(format!("after a rerun there is {names:?}"));
        }
        // Whatever was there and is not the same now is in quarantine whole.
        let now = rerun.snapshot();
        let is_whole_elsewhere = |bytes: &Vec<u8>| now.values().any(|found| found == bytes);
        let is_odd = |bytes: &Vec<u8>| whole.len() > 1 && !is_whole_elsewhere(bytes);
        match kept.iter().find(|(path, bytes)| {
            path.ends_with("stocks_1d/A.parquet")
                && path.starts_with("ws/stocks_1d")
                && is_odd(bytes)
        }) {
            Some((path, _)) => Err(format!("what {} said otherwise is gone", path.display())),
            None => Ok(()),
        }
    };
    let report = sweep(
        name,
        initial,
        &|fs| moved(&mutant(fs), &held),
        &|fs| mutant(fs).recover(&held).map_err(|error| error.to_string()),
        &judge,
        1,
    );
    report.print();
    report
}

fn nothing(_: &Op<'_>) -> bool {
    false
}

#[test]
fn a_crash_of_the_move_leaves_the_series_whole_in_one_place_or_both() {
    for place in [SHARED, FLAT] {
        let initial = disk(&[(place, &[("2024-01-31", 1.0)])]);

        swept("move", &initial, &[1.0], nothing).assert_clean();
        let two = initial.again().mounted("/ws/data");
        swept("move on two disks", &two, &[1.0], nothing).assert_clean();
    }
}

/// The older of two files says something else of one day, and is kept whole for that.
#[test]
fn a_crash_of_the_merge_of_two_files_loses_no_row_and_no_value() {
    let initial = disk(&[
        (SHARED, &[("2024-01-31", 1.0), ("2024-02-01", 2.0)]),
        (FLAT, &[("2024-01-30", 0.5), ("2024-01-31", 9.0)]),
    ]);

    swept("merge", &initial, &[0.5, 1.0, 2.0], nothing).assert_clean();
}

/// The file leaves its old place before the new one is durable.
#[test]
fn a_move_that_does_not_wait_for_its_copy_is_caught() {
    let initial = disk(&[(SHARED, &[("2024-01-31", 1.0)])]);

    for path in ["ws/partition-staging", "ws/data/legacy/us"] {
        let is_of = move |at: &Path| at.to_string_lossy().contains(path);
        let leave_out =
            move |op: &Op<'_>| matches!(op, Op::SyncFile(at) | Op::SyncDir(at) if is_of(at));
        swept("move without barriers", &initial, &[1.0], leave_out).assert_caught();
    }
}
