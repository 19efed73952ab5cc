//! The way back: the rows of an interval return to one file per ticker, and the switch is turned.
//!
//! Promises: nothing is lost. A legacy file that is there and equal stays untouched; rows that partitions have beside it are
//! merged into it, and where it is gone it is rebuilt. Everything is read back before the switch, which is one step.
//! Where nobody can say which of two values is the newer one, nothing is switched. In the end each file stands where the
//! predecessor looks for it (`homeward`).
//! Leaves to others: removing the partitions afterwards (`remove_partitions`), which takes another look at both sides.

use std::path::PathBuf;

use rayon::prelude::*;

use super::activate::{Switched, deactivate};
use super::copy::read_legacy;
use super::homeward::{Homes, Homeward};
use super::judge::{Judged, Judgement, judge_all};
use super::verify::read_partitions;
use super::{
    Difference, Failed, MigrateError, MigrationPlan, Mover, Need, Note, Proofs, Refusal, Sides,
    Survey, VenueInterval,
};
use crate::model::{Dataset, Series, Ticker};
use crate::observe::{Event, Work};
use crate::storage::{
    Beyond, CorruptFiles, Custody, Left, PutAway, QuarantineRecord, Replaced, StorageError,
    StorageInterface,
};
use crate::sys::Medium;

/// Tickers that are read and built side by side before one thread writes them: bounds memory.
const BATCH_TICKERS: usize = 16;

/// What happens to one ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// Its legacy file is there and has every row.
    Equal,
    /// Rows of the partitions are merged into its legacy file.
    Merged {
        /// How many rows are added or replaced.
        rows: usize,
    },
    /// Its legacy file is gone and rebuilt.
    Rebuilt {
        /// How many rows it has.
        rows: usize,
    },
    /// The legacy layout cannot spell its name, so its rows stay in the partitions, and are used from there.
    Stays,
}

/// What a rollback does, or would do.
#[derive(Debug)]
pub struct RollbackReport {
    /// Which interval.
    pub tuple: VenueInterval,
    /// What happens to each ticker, in order.
    pub returns: Vec<(Ticker, Return)>,
    /// Tickers that cannot go back. One of them is enough for the switch to stay where it is.
    pub failures: Vec<Failed>,
    /// How many of the tickers that go back have their file in the flat folder of the workspace then.
    pub flat: usize,
    /// What the switch changed; `None` when it was not turned.
    pub switched: Option<Switched>,
    /// What was put away.
    pub kept: Vec<QuarantineRecord>,
    /// Files that could not be given the owner, group or mode that they were to have.
    pub unlike: Vec<PathBuf>,
    /// Files of the partitions that say more than the legacy files can hold.
    pub beyond: Vec<Beyond>,
    /// Parquet files beside partitions that are none; they stay where they are.
    pub misplaced: Vec<PathBuf>,
    /// Legacy files that could only be read back from memory.
    pub from_memory: usize,
    /// Whether the run was asked to stop before the end.
    pub is_cut_short: bool,
}

/// Says what a rollback of an interval would do.
///
/// # Errors
/// When a folder cannot be listed, or the journal of proofs is damaged.
pub fn plan_rollback(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    homes: Homes,
) -> Result<RollbackReport, MigrateError> {
    let proofs = &Proofs::load(sides.fs, sides.places, tuple)?;
    let mut report = RollbackReport::of(tuple);
    let homeward = Homeward::of(sides, tuple, homes)?;
    for batch in tickers(sides, tuple, proofs)?.chunks(BATCH_TICKERS) {
        for (ticker, judged) in judge_all(sides, tuple, proofs, batch) {
            let outcome = judged.map(|judged| {
                judged.map(|judged| {
                    report.beyond.extend(judged.beyond);
                    report.misplaced.extend(judged.misplaced);
                    judged.outcome
                })
            });
            report.note(ticker, outcome);
        }
    }
    report.count_flat(&homeward);
    Ok(report)
}

/// Returns what a rollback of an interval needs at most beside what is there: a legacy file is no larger than its months.
///
/// # Errors
/// When the disk cannot be asked.
pub fn rollback_need(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    proofs: &Proofs,
) -> Result<Need, MigrateError> {
    let mut need = Need::default();
    for ticker in tickers(sides, tuple, proofs)? {
        let request = tuple.series(&ticker);
        // What cannot be judged fails its own ticker, when it is read.
        let stat = match sides.stores.partitioned.stat(&request) {
            Err(error @ StorageError::Fs(_)) if !error.is_of_place() => return Err(error.into()),
            stat => stat.unwrap_or_default(),
        };
        need.bytes += stat.map_or(0, |stat| stat.bytes);
        need.inodes += 1;
    }
    Ok(need)
}

/// Says that tickers are judged, and later that their files are written or refused.
fn step(sides: Sides<'_>, tuple: &VenueInterval, batch: &[Ticker]) {
    for ticker in batch {
        let series = Series::Bars {
            ticker: ticker.clone(),
            interval: tuple.interval,
        };
        sides.observer.observe(Event::Step {
            work: Work::Move,
            series,
        });
    }
}

/// Brings the rows of an interval back into legacy files and turns the switch.
///
/// # Errors
/// When the disk refuses or the lock is lost. Legacy files that were written until then are whole, and the next try goes
/// on from there.
pub fn roll_back(
    mover: Mover<'_>,
    plan: &mut MigrationPlan,
    tuple: &VenueInterval,
    proofs: &mut Proofs,
    homes: Homes,
) -> Result<RollbackReport, MigrateError> {
    let sides = mover.sides;
    let mut report = RollbackReport::of(tuple);
    let homeward = Homeward::of(sides, tuple, homes)?;
    homeward.prepare(mover, &mut report)?;
    let all = tickers(sides, tuple, proofs)?;
    sides.observer.observe(Event::MovePlanned {
        venue: tuple.venue.clone(),
        interval: tuple.interval,
        tickers: all.len(),
    });
    for batch in all.chunks(BATCH_TICKERS) {
        if sides.stop.is_raised() {
            report.is_cut_short = true;
            return Ok(report);
        }
        let judged = judge_all(sides, tuple, proofs, batch);
        step(sides, tuple, batch);
        write_batch(mover, judged, &mut report)?;
        step(sides, tuple, batch);
    }
    // As long as one of them cannot go back, nothing is switched, and no file leaves the place from which it was read.
    if report.failures.is_empty() {
        homeward.bring(mover, &mut report)?;
    }
    if !report.failures.is_empty() {
        return Ok(report);
    }
    report.count_flat(&homeward);
    // The switch first: what updates write into partitions is only told from legacy rows by a proof.
    let stays = report.staying();
    let back: Vec<Ticker> = all
        .into_iter()
        .filter(|one| !stays.contains(&one))
        .collect();
    report.switched = Some(deactivate(mover, plan, tuple, &back)?);
    let notes = back.into_iter().map(Note::RolledBack).collect();
    proofs.append(mover, notes)?;
    Ok(report)
}

impl RollbackReport {
    /// Returns how many tickers have a legacy file with everything, have rows merged into it, and have it rebuilt, each with the
    /// rows that are written.
    pub fn tally(&self) -> [(usize, usize); 3] {
        let [mut equal, mut merged, mut rebuilt] = [(0, 0); 3];
        for (_, outcome) in &self.returns {
            let (of, rows) = match outcome {
                Return::Stays => continue,
                Return::Equal => (&mut equal, 0),
                Return::Merged { rows } => (&mut merged, *rows),
                Return::Rebuilt { rows } => (&mut rebuilt, *rows),
            };
            of.0 += 1;
            of.1 += rows;
        }
        [equal, merged, rebuilt]
    }

    fn of(tuple: &VenueInterval) -> Self {
        Self {
            tuple: tuple.clone(),
            returns: Vec::new(),
            failures: Vec::new(),
            flat: 0,
            switched: None,
            kept: Vec::new(),
            unlike: Vec::new(),
            beyond: Vec::new(),
            misplaced: Vec::new(),
            from_memory: 0,
            is_cut_short: false,
        }
    }

    /// Returns the tickers that stay in partitions.
    pub fn staying(&self) -> Vec<&Ticker> {
        let stays = self
            .returns
            .iter()
            .filter(|(_, outcome)| *outcome == Return::Stays);
        stays.map(|(ticker, _)| ticker).collect()
    }

    fn count_flat(&mut self, homeward: &Homeward) {
        let goes = |(ticker, outcome): &&(Ticker, Return)| {
            *outcome != Return::Stays && homeward.is_flat(ticker)
        };
        self.flat = self.returns.iter().filter(goes).count();
    }

    fn note(&mut self, ticker: Ticker, outcome: Result<Option<Return>, Refusal>) {
        match outcome {
            Ok(None) => {}
            Ok(Some(outcome)) => self.returns.push((ticker, outcome)),
            Err(refusal) => self.failures.push(Failed { ticker, refusal }),
        }
    }
}

/// Returns every ticker that either side has, or had when it was proven.
fn tickers(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    proofs: &Proofs,
) -> Result<Vec<Ticker>, MigrateError> {
    let survey = Survey::of(sides, tuple)?;
    let mut all = sides.stores.partitioned.tickers(
        Some(&tuple.venue),
        Dataset::Stocks,
        Some(tuple.interval),
    )?;
    all.extend(survey.tickers.into_iter().map(|(ticker, _)| ticker));
    all.extend(proofs.iter().map(|(ticker, _)| ticker.clone()));
    all.sort();
    all.dedup();
    Ok(all)
}

/// Writes the legacy files of a batch, and reads them back.
fn write_batch(
    mover: Mover<'_>,
    batch: Vec<Judgement>,
    report: &mut RollbackReport,
) -> Result<(), MigrateError> {
    let mut run = mover.begin()?;
    let (quarantine, at) = (mover.quarantine(), mover.clock.now());
    let mut written = Vec::new();
    for (ticker, judged) in batch {
        let judged = match judged {
            Ok(Some(judged)) => judged,
            other => {
                report.note(ticker, other.map(|_| None));
                continue;
            }
        };
        report.misplaced.extend_from_slice(&judged.misplaced);
        if let Some(prepared) = &judged.prepared {
            let mut aside = PutAway::default();
            let custody = Custody {
                quarantine: &quarantine,
                corrupt_files: CorruptFiles::Quarantine,
                // Values in which the sides differ are replaced here only where the ledger of the partitions explains it. Where the
                // legacy file is used still, it is the series that changes.
                replaced: if mover.sides.are_in_partitions(&judged.request) {
                    Replaced::Known
                } else {
                    Replaced::Noted
                },
                at,
            };
            let joined = run.put(prepared, &custody, &mut aside);
            report.kept.extend(aside.into_records());
            match joined {
                Ok(()) => {}
                // One bad folder costs its own ticker.
                Err(error) if error.is_of_place() => {
                    report.note(ticker, Err(error.into()));
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        written.push((ticker, judged));
    }
    let left = run.commit()?.left;
    report.unlike.extend(run.take_refused());
    run.finish()?;
    read_back(mover, written, &left, report);
    Ok(())
}

/// Reads back what a batch has written, and says what became of each ticker.
fn read_back(
    mover: Mover<'_>,
    written: Vec<(Ticker, Judged)>,
    left: &[Left],
    report: &mut RollbackReport,
) {
    let reread: Vec<Result<Medium, Refusal>> = written
        .par_iter()
        .map(|(_, judged)| reread(mover.sides, judged))
        .collect();
    for ((ticker, judged), outcome) in written.into_iter().zip(reread) {
        let of_series = |left: &&Left| left.request() == Some(&judged.request);
        let outcome = match left.iter().find(of_series) {
            Some(left) => Err(left.error().into()),
            None => outcome,
        };
        if let Ok(medium) = &outcome {
            report.from_memory += usize::from(*medium == Medium::Cache);
            mover.sides.observer.observe(Event::Moved {
                request: judged.request.clone(),
                rows: judged.expected.rows,
            });
        }
        report.beyond.extend(judged.beyond);
        report.note(ticker, outcome.map(|_| Some(judged.outcome)));
    }
}

fn reread(sides: Sides<'_>, judged: &Judged) -> Result<Medium, Refusal> {
    if judged.prepared.is_none() {
        // It was read from the disk a moment ago, and nobody has written to it.
        return Ok(Medium::Disk);
    }
    let file = read_legacy(sides, &judged.request, Medium::Disk)?;
    let rows = &file.decoded.ordered.frame;
    if rows.fingerprint() == judged.expected {
        return Ok(file.medium);
    }
    let found = read_partitions(&sides.stores.partitioned, &judged.request)?;
    let difference = found.and_then(|(found, _)| Difference::between(&found.frame, rows));
    Err(Refusal::Mismatch(difference.unwrap_or_default()))
}
