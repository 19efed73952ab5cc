//! Migration, deletion and rollback into every crash: legacy files stay as they are until they may go, readers see a series
//! whole or not at all, and one more run ends where an undisturbed one ends, byte for byte.

mod flat;
mod judged;
mod places;

use barkeep::catalog::Catalog;
use barkeep::lock::LockGuard;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::foreign::{ForeignFile, daily, days};
use crate::support::sim::{BadFolder, SimFs, sweep};
use crate::support::workspace::{TestWorkspace, held};
use barkeep::migrate::{
    self, Choices, Duplicates, Fractions, Homes, MigrateError, MigrationPlan, Mover, PartitionRows,
    Progress, Proofs, ProvenInterval, Sides, Status, VenueInterval, VerifiedInterval,
};
use barkeep::observe::Silent;
use barkeep::storage::StorageInterface;
use barkeep::sys::Fs;
use chrono::{DateTime, Utc};

pub(super) use judged::sides;
use judged::{Sound, counted, is_all_there, is_kept, is_sound};

const ROWS: [(&str, f64); 2] = [("2024-01-31", 1.0), ("2024-02-01", 2.0)];
const NOW: &str = "2026-06-01T12:00:00Z";

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

pub(super) fn tuple() -> VenueInterval {
    VenueInterval {
        venue: "us:demo".parse().unwrap(),
        interval: "1d".parse().unwrap(),
    }
}

fn legacy_file(bench: &TestWorkspace, ticker: &str) -> PathBuf {
    let name = format!("legacy/stocks_1d/{ticker}.parquet");
    bench.places.data.join(name)
}

/// A disk with legacy files of two tickers and a plan.
pub(super) fn disk() -> SimFs {
    let fs = SimFs::new();
    fs.plant("/ws/x", b"");
    let bench = TestWorkspace::simulated(&fs);
    for ticker in ["A", "B"] {
        bench.write(legacy_file(&bench, ticker), daily(ticker, &ROWS));
    }
    let mut plan = MigrationPlan::new("test");
    plan.add(&tuple(), None, now());
    fs.plant("/ws/migration_plan.json", &plan.to_bytes());
    fs.again()
}

/// Does something with everything that a migration works with. It writes by `writing`, which may be a disk that forgets.
pub(super) fn with<T>(
    fs: &SimFs,
    writing: &dyn Fs,
    held: &LockGuard<'static>,
    act: impl FnOnce(Mover<'_>, &mut MigrationPlan) -> Result<T, MigrateError>,
) -> Result<T, String> {
    let bench = TestWorkspace::simulated(fs).at(NOW);
    let workspace = bench.open_for("us:demo");
    let workspace = workspace.map_err(|error| error.to_string())?;
    let told = |error: MigrateError| error.to_string();
    let catalog = Catalog::load(fs, bench.path()).map_err(|error| error.to_string())?;
    let mut plan = MigrationPlan::load(fs, bench.path())
        .map_err(told)?
        .ok_or("the plan is gone")?;
    let mover = Mover {
        sides: Sides {
            fs: writing,
            places: &bench.places,
            stores: &workspace.stores,
            ledgers: &workspace.ledgers,
            catalog: &catalog.unwrap_or_default(),
            stop: &bench.around.stop,
            observer: &Silent,
        },
        clock: &*bench.around.clock,
        held,
        runs: &workspace.runs,
    };
    act(mover, &mut plan).map_err(told)
}

pub(super) fn proofs(mover: Mover<'_>) -> Result<Proofs, MigrateError> {
    Proofs::load(mover.sides.fs, mover.sides.places, &tuple())
}

pub(super) fn choices() -> Choices {
    Choices {
        basis: None,
        duplicates: Duplicates::Refuse,
        partition_rows: PartitionRows::Refuse,
        fractions: Fractions::Refuse,
        is_restart: false,
        jobs: 1.try_into().unwrap(),
        max_tickers: None,
    }
}

/// Migrates, and switches if everything is proven; `Ok(true)` when it is.
fn migrated(fs: &SimFs, held: &LockGuard<'static>) -> Result<bool, String> {
    migrated_by(fs, held, false)
}

/// Looks at every ticker again, and copies anew what contradicts its legacy file.
fn restarted(fs: &SimFs, held: &LockGuard<'static>) -> Result<bool, String> {
    migrated_by(fs, held, true)
}

fn migrated_by(fs: &SimFs, held: &LockGuard<'static>, is_restart: bool) -> Result<bool, String> {
    with(fs, fs, held, |mover, plan| {
        let choices = Choices {
            is_restart,
            ..choices()
        };
        let mut proofs = proofs(mover)?;
        migrate::migrate_interval(mover, &choices, &tuple(), &mut proofs)?;
        let Ok(proven) = ProvenInterval::confirm(mover.sides, &tuple(), &proofs)? else {
            return Ok(false);
        };
        let progress = Progress {
            status: Status::Complete,
            jobs: (2, 2),
            rows: proven.rows(),
            verified_at: Some(now()),
        };
        plan.record(&tuple(), &progress, now());
        migrate::activate(mover, plan, &tuple().venue, &[proven], &[])?;
        Ok(true)
    })
}

fn deleted(fs: &SimFs, held: &LockGuard<'static>) -> Result<bool, String> {
    with(fs, fs, held, |mover, _| {
        let mut proofs = proofs(mover)?;
        match VerifiedInterval::by_reading(mover, &tuple(), &proofs)? {
            Ok(verified) => {
                migrate::delete_legacy(verified, &mut proofs)?;
                // Whoever was killed before: the interval still counts as proven, without its folder.
                Ok(ProvenInterval::confirm(mover.sides, &tuple(), &proofs)?.is_ok())
            }
            Err(_) => Ok(false),
        }
    })
}

/// Returns a migrated disk on which a month of A says something else than its legacy file, and that month.
fn contradicted() -> (SimFs, Vec<u8>) {
    let fs = disk();
    assert_eq!(migrated(&fs, &held()), Ok(true));
    let month = "/ws/data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
    let other = daily("A", &[("2024-01-31", 7.0)]);
    TestWorkspace::simulated(&fs).write(month, &other);
    (fs, other)
}

fn adopted(fs: &SimFs, held: &LockGuard<'static>) -> Result<bool, String> {
    with(fs, fs, held, |mover, _| {
        let adoptables = migrate::adoptables(mover.sides, &[tuple()])?;
        Ok(migrate::adopt(mover, &adoptables)?.refused.is_empty())
    })
}

fn rolled_back(fs: &SimFs, held: &LockGuard<'static>) -> Result<bool, String> {
    with(fs, fs, held, |mover, plan| {
        let mut proofs = proofs(mover)?;
        let report = migrate::roll_back(mover, plan, &tuple(), &mut proofs, Homes::AsAdopted)?;
        if report.switched.is_none() {
            return Ok(false);
        }
        Ok(migrate::remove_partitions(mover, &tuple())?.is_ok())
    })
}

/// What the next start does first.
fn recovered(fs: &SimFs, held: &LockGuard<'static>) -> Result<(), String> {
    let recovered = TestWorkspace::simulated(fs).recover(held);
    recovered.map_err(|error| error.to_string())
}

type Act = fn(&SimFs, &LockGuard<'static>) -> Result<bool, String>;

/// Sweeps `act` over a disk, and over two of which one is the data root. `also` judges what a crash may leave, told whether
/// `act` said that it was done.
fn swept(
    name: &str,
    initial: &SimFs,
    act: Act,
    is_sound: Sound,
    also: impl Fn(&SimFs, bool) -> Result<(), String>,
) {
    swept_on(name, &initial.again(), act, is_sound, &also);
    let two = initial.again().mounted("/ws/data");
    swept_on(&format!("{name} on two disks"), &two, act, is_sound, &also);
}

fn swept_on(
    name: &str,
    initial: &SimFs,
    act: Act,
    is_sound: Sound,
    also: &impl Fn(&SimFs, bool) -> Result<(), String>,
) {
    let held = Arc::new(held());
    let undisturbed = initial.again();
    assert_eq!(act(&undisturbed, &held), Ok(true));
    let expected = counted(&undisturbed);
    let judge = |fs: &SimFs, is_acked: bool| {
        is_sound(fs)?;
        also(fs, is_acked)?;
        let rerun = fs.again();
        if !act(&rerun, &held)? {
            return Err("a rerun did not get to the end".to_owned());
        }
        is_sound(&rerun)?;
        let after = counted(&rerun);
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        if names(&after) != names(&expected) {
            return Err(format!("after a rerun there is {:?}", names(&after)));
        }
        let differs = after
            .iter()
            .find(|(path, bytes)| expected.get(*path) != Some(bytes));
        match differs {
            None => Ok(()),
            Some((path, bytes)) => Err(format!(
                "after a rerun {} differs: {} bytes, {:?}",
                path.display(),
                bytes.len(),
                expected.get(path).map(Vec::len)
            )),
        }
    };

    let report = sweep(
        name,
        initial,
        &|fs| act(fs, &held),
        &|fs| recovered(fs, &held),
        &judge,
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 500, "{report}");
}

#[test]
fn a_crash_of_a_migration_leaves_legacy_files_untouched_and_series_whole() {
    let initial = disk();
    let legacy = counted(&initial);

    swept("migration", &initial, migrated, is_sound, |fs, is_acked| {
        let found = counted(fs);
        for (path, bytes) in legacy
            .iter()
            .filter(|(path, _)| path.starts_with("ws/data"))
        {
            if found.get(path) != Some(bytes) {
                return Err(format!("{} changed", path.display()));
            }
        }
        let is_there = ["A", "B"]
            .iter()
            .all(|ticker| sides(fs, ticker).is_ok_and(|sides| sides[1] == Some(2)));
        if is_acked && !is_there {
            return Err("the run said that everything was migrated".to_owned());
        }
        Ok(())
    });
}

#[test]
fn a_crash_of_a_deletion_loses_nothing_and_is_completed() {
    let initial = disk();
    assert_eq!(migrated(&initial, &held()), Ok(true));

    swept(
        "deletion",
        &initial.again(),
        deleted,
        is_sound,
        |fs, is_acked| {
            for ticker in ["A", "B"] {
                match sides(fs, ticker)? {
                    [_, None] => return Err(format!("the partitions of {ticker} are gone")),
                    [Some(_), _] if is_acked => {
                        return Err("the run said that it was removed".to_owned());
                    }
                    _ => {}
                }
            }
            Ok(())
        },
    );
}

#[test]
fn a_crash_of_a_rollback_loses_nothing_and_is_completed() {
    let initial = disk();
    assert_eq!(migrated(&initial, &held()), Ok(true));
    // One ticker's file is gone and has to be rebuilt, the other one's is there.
    let bench = TestWorkspace::simulated(&initial);
    bench.fs().remove_file(&legacy_file(&bench, "A")).unwrap();
    // Its first month says more than a legacy file can hold.
    let month = "us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
    let odd = ForeignFile {
        extra: Some("vwap"),
        ..ForeignFile::of(days("A", &ROWS[..1]))
    };
    let odd = odd.bytes();
    bench.write(bench.places.data.join(month), &odd);

    swept(
        "rollback",
        &initial.again(),
        rolled_back,
        is_sound,
        |fs, is_acked| {
            is_kept(fs, &odd)?;
            for ticker in ["A", "B"] {
                if is_acked && sides(fs, ticker)? != [Some(2), None] {
                    return Err("the run said that it was back".to_owned());
                }
            }
            Ok(())
        },
    );
}

#[test]
fn nothing_is_proven_that_was_read_from_memory_alone() {
    let fs = disk();
    assert_eq!(migrated(&fs, &held()), Ok(true));

    let from_disk = with(&fs, &fs, &held(), |mover, _| {
        let proofs = proofs(mover)?;
        Ok(proofs
            .iter()
            .map(|(_, proof)| proof.from_disk)
            .collect::<Vec<_>>())
    });

    // The simulated disk says so only of what was synced before.
    assert_eq!(from_disk, Ok(vec![true, true]));
}

#[test]
fn a_crash_of_an_adoption_loses_no_row_of_either_folder() {
    let initial = disk();
    let bench = TestWorkspace::simulated(&initial);
    bench.fs().remove_file(&legacy_file(&bench, "B")).unwrap();
    let flat = |ticker: &'static str, rows: &[(&str, f64)]| {
        let path = bench
            .places
            .root
            .join(format!("stocks_1d/{ticker}.parquet"));
        bench.write(&path, daily(ticker, rows));
    };
    flat("A", &[("2024-01-30", 5.0), ("2024-01-31", 6.0)]);
    let odd = ForeignFile {
        is_index_odd: true,
        ..ForeignFile::of(days("A", &ROWS))
    };
    let odd = odd.bytes();
    bench.write(legacy_file(&bench, "A"), &odd);
    flat("B", &ROWS);

    swept(
        "adoption",
        &initial.again(),
        adopted,
        is_all_there,
        |fs, _| is_kept(fs, &odd),
    );
}

#[test]
fn a_crash_of_a_restart_loses_nothing_and_is_completed() {
    let (initial, other) = contradicted();

    swept("restart", &initial.again(), restarted, is_sound, |fs, _| {
        let is_kept = fs.snapshot().values().any(|bytes| *bytes == other);
        if is_kept {
            Ok(())
        } else {
            Err("what was put away is gone".to_owned())
        }
    });
}

/// The folder that the files go to, or the one that they come from.
#[test]
fn a_bad_folder_costs_an_adoption_the_files_in_it_and_no_row() {
    for folder in ["data/legacy/stocks_1d", "stocks_1d"] {
        let fs = disk();
        let bench = TestWorkspace::simulated(&fs);
        let flat = |name: &str| bench.places.root.join(name);
        let bad = legacy_file(&bench, "A").parent().unwrap().to_owned();
        let bad = if folder == "stocks_1d" {
            flat(folder)
        } else {
            bad
        };
        bench.fs().remove_file(&legacy_file(&bench, "B")).unwrap();
        for (name, rows) in [
            (
                "stocks_1d/A.parquet",
                &[("2024-01-30", 5.0)] as &[(&'static str, f64)],
            ),
            ("stocks_1d/B.parquet", &ROWS),
            ("stocks_1wk/C.parquet", &ROWS),
        ] {
            let ticker = &name[name.len() - 9..name.len() - 8];
            bench.write(flat(name), daily(ticker, rows));
        }
        let before = fs.snapshot();
        fs.turn_bad(BadFolder::always(bad.to_str().unwrap(), 30));

        let ran = with(&fs, &fs, &held(), |mover, _| {
            let weeks = VenueInterval {
                interval: "1wk".parse().unwrap(),
                ..tuple()
            };
            migrate::adopt(mover, &migrate::adoptables(mover.sides, &[tuple(), weeks])?)
        });

        let ran = ran.unwrap();
        assert_eq!((ran.moved, ran.refused.len()), (1, 2), "{ran:?}");
        for name in ["stocks_1d/A.parquet", "stocks_1d/B.parquet"] {
            let path = flat(name);
            assert_eq!(fs.snapshot().get(&path), before.get(&path), "{name}");
        }
        fs.heal();
        recovered(&fs, &held()).unwrap();
        assert_eq!(adopted(&fs, &held()), Ok(true), "{folder}");
        is_all_there(&fs).unwrap();
    }
}
