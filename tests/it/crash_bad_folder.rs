//! The group commit while the folder of one series turns bad, under every crash: the other series are new, the bad one's
//! rows are in the tree, staged or in the journal, and when its folder is good again everything is there.

mod found;

use barkeep::frame::RowChanges;
use barkeep::layout::{PartitionPathBuilder, Places};
use barkeep::ledger::{FileChange, FileState};
use barkeep::lock::LockGuard;
use barkeep::model::{Digest, PartitionKey, PriceBasis, RunId, StorageRequest, TimeUnit};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::series::Shape::PartitionedBars;
use crate::support::series::{provenance, rows};
use crate::support::sim::{BadFolder, MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{custody, held, recover_alone};
use barkeep::storage::{
    Document, Open, Prepared, PreparedFile, PutAway, Quarantine, RowsToStage, Sealed, StagedRows,
    StagedRun, StorageError, leftover_runs,
};
use barkeep::sys::Fs;
use bytes::Bytes;
use chrono::DateTime;

use found::{judge_meanwhile, judge_mended, names};

const GOOD: &str = "A";
const BAD: &str = "B";
const REGISTRY: &str = "/ws/tickers.json";
const LEDGER: &str = "ws/state/ledger/us/demo";
const STAGING: &str = "ws/partition-staging";
const OLD: &[u8] = b"january, old";

/// A month that is there, and one whose folders have to be made.
const MONTHS: [(i32, u32); 2] = [(2024, 1), (2025, 2)];
const EACCES: i32 = 13;
const EROFS: i32 = 30;

/// What a sealed run tells the world: from now on its rows must not be lost.
const SEALED: &str = "sealed";

fn month(ticker: &str, (year, month): (i32, u32)) -> PathBuf {
    let request = PartitionedBars.request_of(ticker);
    let key = PartitionKey::month(year, month).unwrap();
    PartitionPathBuilder::new(Path::new("/ws/data")).file(request.partitioned().unwrap(), key)
}

/// What a merge says of a file; these here hold no rows.
fn change() -> FileChange {
    FileChange {
        old: None,
        was: None,
        new: FileState::new(rows(&PartitionedBars.request(), &[], 1.0).fingerprint(), 1),
        span: None,
        facts: Some((TimeUnit::Micros, PriceBasis::Unknown)),
        rows: RowChanges::default(),
    }
}

fn new(ticker: &str, year: i32) -> Vec<u8> {
    format!("{ticker} in {year}, new").into_bytes()
}

fn disk() -> SimFs {
    let fs = SimFs::new();
    for ticker in [GOOD, BAD] {
        fs.plant(month(ticker, MONTHS[0]).to_str().unwrap(), OLD);
    }
    fs.plant("/ws/state/revisions/x", b"");
    fs.plant(REGISTRY, b"");
    fs
}

/// Moves the months of both tickers as one group.
struct Group {
    places: Places,
    held: LockGuard<'static>,
}

impl Group {
    fn new() -> Self {
        Self {
            places: Places::of(Path::new("/ws"), false),
            held: held(),
        }
    }

    /// What a merge would write: nothing where everything is new already.
    fn prepared(fs: &dyn Fs, request: &StorageRequest) -> Result<Prepared, StorageError> {
        let mut prepared = Prepared::nothing(request.clone());
        let ticker = request.series.ticker().unwrap().as_str();
        for (year, number) in MONTHS {
            let target = month(ticker, (year, number));
            let (found, bytes) = (fs.read(&target)?, new(ticker, year));
            if found.as_deref() != Some(&bytes) {
                prepared.files.push(PreparedFile {
                    target,
                    partition: PartitionKey::month(year, number).unwrap(),
                    old: found.as_deref().map(Digest::of),
                    new: Digest::of(&bytes),
                    bytes: Bytes::from(bytes),
                    replaced: None,
                    beyond: None,
                    change: change(),
                });
            }
        }
        Ok(prepared)
    }

    /// As the real consolidation does: a series whose place is bad stays staged, a group that fails is given up.
    fn consolidate(&self, fs: &dyn Fs, mut run: StagedRun<'_, Sealed>) -> Result<(), StorageError> {
        self.store(fs, &mut run)
            .inspect_err(|_| run.abandon_group())?;
        run.finish()
    }

    fn store(&self, fs: &dyn Fs, run: &mut StagedRun<'_, Sealed>) -> Result<(), StorageError> {
        let quarantine = Quarantine::new(fs, &self.held, &self.places, run.id().clone());
        let custody = custody(&quarantine);
        let mut by_series: BTreeMap<StorageRequest, Vec<StagedRows>> = BTreeMap::new();
        for rows in run.staged() {
            let of_series = by_series.entry(rows.request.clone()).or_default();
            of_series.push(rows.clone());
        }
        let mut joined = Vec::new();
        for (request, staged) in by_series {
            let readable: Result<Vec<_>, _> = staged.iter().map(|rows| rows.read(fs)).collect();
            if let Err(StorageError::DamagedStaged { .. }) = readable {
                run.forget(&staged)?;
                continue;
            }
            readable?;
            let put = run
                .refuse_unfinished(&request)
                .and_then(|()| Self::prepared(fs, &request))
                .and_then(|prepared| run.put(&prepared, &custody, &mut PutAway::default()));
            match put {
                Ok(()) => joined.push((request, staged)),
                Err(error) if error.is_of_place() => {}
                Err(error) => return Err(error),
            }
        }
        if joined.is_empty() {
            return Ok(());
        }
        let old = fs.read(Path::new(REGISTRY))?.unwrap_or_default();
        let mut known = names(&old);
        let tickers = joined
            .iter()
            .filter_map(|(request, _)| request.series.ticker());
        known.extend(tickers.map(ToString::to_string));
        let text = known.into_iter().collect::<Vec<_>>().join(" ");
        if text.as_bytes() != old {
            run.put_document(&Document::new(
                REGISTRY.into(),
                Some(&old),
                text.into_bytes(),
            ))?;
        }
        let left = run.commit()?.left;
        let is_left =
            |request: &StorageRequest| left.iter().any(|left| left.request() == Some(request));
        let done = joined.into_iter().filter(|(request, _)| !is_left(request));
        let settled: Vec<StagedRows> = done.flat_map(|(_, staged)| staged).collect();
        run.forget(&settled)
    }

    fn work(&self, fs: &dyn Fs, told: &SimFs) -> Result<bool, StorageError> {
        let id = RunId::new(DateTime::UNIX_EPOCH, 7, 1);
        let mut run = StagedRun::begin(fs, &self.held, &self.places, id)?;
        for ticker in [GOOD, BAD] {
            let request = PartitionedBars.request_of(ticker);
            let frame = rows(&request, &["2024-01-02", "2025-02-03"], 1.0);
            run.stage(&RowsToStage::encode(request, &frame, &provenance())?.unwrap())?;
        }
        let run = run.seal()?;
        told.mark(SEALED);
        self.consolidate(fs, run)?;
        Ok(true)
    }

    fn next_run(&self, fs: &dyn Fs) -> Result<(), StorageError> {
        for id in leftover_runs(fs, &self.places)? {
            let mut run = StagedRun::<Open>::adopt(fs, &self.held, &self.places, id)?;
            recover_alone(&mut run)?;
            self.consolidate(fs, run)?;
        }
        Ok(())
    }
}

type LeaveOut = dyn Fn(&Op<'_>) -> bool + Send + Sync;

/// Sweeps a run whose folder is bad as `bad` says; `mutant` gives each process the steps that it leaves out.
fn sweep_bad(
    name: &str,
    bad: &BadFolder,
    mutant: &dyn Fn() -> Box<LeaveOut>,
    depth: usize,
) -> SweepReport {
    let group = Group::new();
    let door = |fs: &SimFs| {
        let leave_out = mutant();
        MutantFs::new(Arc::new(fs.clone()), move |op| leave_out(op))
    };
    sweep(
        name,
        &disk(),
        &|fs| {
            fs.turn_bad(bad.clone());
            let acked = group
                .work(&door(fs), fs)
                .map_err(|error| error.to_string())?;
            judge_meanwhile(fs, acked)?;
            Ok(acked)
        },
        &|fs| {
            let is_owed = fs.marks().iter().any(|mark| mark == SEALED);
            // Bad still: everything else goes on. Then mended.
            fs.turn_bad(BadFolder {
                calls: 0..usize::MAX,
                ..bad.clone()
            });
            let next = |fs: &SimFs| group.next_run(&door(fs)).map_err(|error| error.to_string());
            next(fs)?;
            judge_meanwhile(fs, is_owed)?;
            fs.heal();
            next(fs)
        },
        &judge_mended,
        depth,
    )
}

fn nothing() -> Box<LeaveOut> {
    Box::new(|_| false)
}

fn folders() -> [BadFolder; 5] {
    let series = "/ws/data/us/demo/stocks_1d/ticker=B";
    let month = "/ws/data/us/demo/stocks_1d/ticker=B/year=2024/month=01";
    let blind = BadFolder {
        is_blind: true,
        ..BadFolder::always(series, EACCES)
    };
    [
        BadFolder::always(series, EACCES),
        BadFolder::always(series, EROFS),
        BadFolder::always(month, EACCES),
        BadFolder::always("/ws/state/revisions", EACCES),
        blind,
    ]
}

/// How many changing calls a run has that meets no bad folder.
fn calls() -> usize {
    let fs = disk();
    assert!(Group::new().work(&fs, &fs).unwrap());
    fs.calls()
}

/// The calls of a run from the seal of its journal to the last move.
fn moves() -> std::ops::Range<usize> {
    let fs = disk().logged();
    assert!(Group::new().work(&fs, &fs).unwrap());
    let log = fs.log();
    let is_sealed = |call: &String| call.starts_with("rename") && call.ends_with("/journal");
    let sealed = log.iter().position(is_sealed).unwrap();
    let moved = log.iter().rposition(|call| call.starts_with("rename"));
    sealed..moved.unwrap() + 1
}

#[test]
fn a_folder_that_is_bad_from_the_start_costs_its_own_series_after_any_crash() {
    for bad in folders() {
        let report = sweep_bad(&format!("bad: {bad:?}"), &bad, &nothing, 0);

        report.print();
        report.assert_clean();
        assert!(report.total() > 400, "{report}");
    }
}

/// Before, between and after the seal, and good again before the run is over.
#[test]
fn a_folder_that_turns_bad_at_any_moment_costs_its_own_series_after_any_crash() {
    let mut total = 0;
    for (at, bad) in (1..=calls()).zip(folders().into_iter().cycle()) {
        let until = if at % 3 == 0 { at + 2 } else { usize::MAX };
        let bad = BadFolder {
            calls: at..until,
            ..bad
        };

        let report = sweep_bad(&format!("bad: {bad:?}"), &bad, &nothing, 0);

        report.assert_clean();
        total += report.total();
    }
    println!("{total} states");
    assert!(total > 20_000, "{total}");
}

/// The journal stays with what is left, and the process is killed, or the disk fails, at any call of that.
#[test]
fn a_journal_that_stays_is_completed_after_a_kill_and_a_power_cut() {
    let calls = moves();
    let middle = calls.start + calls.len() / 2;
    let bad = BadFolder {
        calls: middle..usize::MAX,
        ..folders()[0].clone()
    };

    let report = sweep_bad("bad in the middle of the moves", &bad, &nothing, 1);

    report.print();
    report.assert_clean();
    assert!(report.total() > 1_000, "{report}");
}

/// A journal that lists less goes into its place while it counts: each of its steps is needed, and so is each of the moves.
#[test]
fn every_left_out_step_of_what_stays_behind_is_caught() {
    type Mutant = (&'static str, fn() -> Box<LeaveOut>);
    let mutants: [Mutant; 4] = [
        ("the shorter journal is not synced before it counts", || {
            let seen = AtomicUsize::new(0);
            Box::new(move |op| {
                let is_journal = matches!(op, Op::SyncFile(path) if path.ends_with(".journal.tmp"));
                is_journal && seen.fetch_add(1, Ordering::Relaxed) > 0
            })
        }),
        (
            "the journal gets shorter before the renames are durable",
            || {
                Box::new(
                    |op| matches!(op, Op::SyncDir(path) if path.to_string_lossy().contains("ticker=A/")),
                )
            },
        ),
        ("what is left is never tried again", || {
            Box::new(
                |op| matches!(op, Op::Rename { to, .. } if to.to_string_lossy().contains("ticker=B/year=2024")),
            )
        }),
        ("the staged rows of what is left are not durable", || {
            Box::new(
                |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/fetched/")),
            )
        }),
    ];
    for (name, mutant) in mutants {
        // Bad when the files are moved, so that the journal has to stay.
        let is_caught = moves().any(|at| {
            let series = "/ws/data/us/demo/stocks_1d/ticker=B";
            let bad = BadFolder {
                calls: at..usize::MAX,
                ..BadFolder::always(series, EACCES)
            };
            !sweep_bad(name, &bad, &mutant, 0).violations.is_empty()
        });
        assert!(is_caught, "not caught: {name}");
    }
}
