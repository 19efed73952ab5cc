//! The migration of one interval: tickers are read and encoded side by side, one thread writes, and each batch is read
//! back from the disk before it is moved into the tree and written down as proven.
//!
//! Promises: what readers see of a new series was compared with its legacy file first. A batch is proven when its record is
//! durable; whoever is killed before that finds it undone or repeats a comparison. Memory is bounded by the
//! tickers that are worked on at a time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use rayon::prelude::*;

use super::copy::{Built, Copy, CopyFacts, copy};
use super::verify::read_partitions;
use super::{
    Choices, Difference, Hands, MigrateError, Note, Proof, Proofs, Refusal, Sight, Survey, Tuple,
};
use crate::frame::Frame;
use crate::model::Ticker;
use crate::observe::Event;
use crate::storage::{
    CorruptFiles, PartitionedStore, Prepared, Quarantine, QuarantineRecord, Sealed, StagedRun,
    StorageInterface,
};
use crate::sys::{Durability, Medium};

/// Tickers of one batch, and bytes after which it is full before that.
const BATCH_TICKERS: usize = 24;
const BATCH_BYTES: u64 = 48 << 20;

/// A ticker that was not migrated.
#[derive(Debug)]
pub struct Failed {
    /// The ticker.
    pub ticker: Ticker,
    /// Why not.
    pub refusal: Refusal,
}

/// What became of one interval.
#[derive(Debug)]
pub struct IntervalReport {
    /// Which.
    pub tuple: Tuple,
    /// Tickers in all.
    pub tickers: usize,
    /// Tickers that were proven before this run.
    pub proven_before: usize,
    /// Tickers that this run has proven.
    pub proven_now: usize,
    /// Tickers that failed.
    pub failures: Vec<Failed>,
    /// Files in the legacy folder that are no ticker's.
    pub strangers: Vec<(PathBuf, &'static str)>,
    /// Month files and bytes that this run has written.
    pub written: (u64, u64),
    /// Tickers whose partitions could only be read from memory.
    pub from_memory: usize,
    /// How batches were made durable.
    pub durability: Durability,
    /// What was put away.
    pub kept: Vec<QuarantineRecord>,
    /// Whether the run was asked to stop, or to take no more tickers than it did.
    pub is_cut_short: bool,
}

/// Migrates what is not proven yet of one interval.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was proven until then counts.
pub fn migrate_interval(
    hands: Hands<'_>,
    choices: &Choices,
    tuple: &Tuple,
    proofs: &mut Proofs,
) -> Result<IntervalReport, MigrateError> {
    let survey = Survey::of(hands.sight, tuple)?;
    let open = open_tickers(hands, tuple, &survey, proofs)?;
    let run = hands.begin()?;
    let tickers = tickers_of(&survey, proofs);
    let mut report = IntervalReport {
        tuple: tuple.clone(),
        tickers,
        proven_before: tickers - open.len(),
        proven_now: 0,
        failures: Vec::new(),
        strangers: survey.strangers,
        written: (0, 0),
        from_memory: 0,
        durability: run.durability(),
        kept: Vec::new(),
        is_cut_short: false,
    };
    let limit = choices.max_tickers.unwrap_or(usize::MAX);
    let todo = open.get(..limit.min(open.len())).unwrap_or_default();
    if choices.is_restart {
        super::restart::put_aside(hands, tuple, todo, proofs)?;
    }
    hands.sight.observer.observe(Event::MigrationPlanned {
        venue: tuple.venue.clone(),
        interval: tuple.interval,
        tickers: todo.len(),
    });
    let queue = Queue {
        hands,
        choices,
        tuple,
        // Copies are made while the writer works on the journal, which they do not look at.
        todo: todo
            .iter()
            .map(|ticker| (ticker.clone(), proofs.of(ticker).cloned()))
            .collect(),
        next: AtomicUsize::new(0),
    };
    let mut writer = Writer::new(hands, run, proofs, &mut report);
    let outcome = std::thread::scope(|scope| {
        let (send, receive) = sync_channel(1);
        for _ in 0..choices.jobs.get().min(queue.todo.len()) {
            let (queue, send) = (&queue, send.clone());
            scope.spawn(move || queue.work(&send));
        }
        drop(send);
        for (ticker, made) in receive {
            writer.take(ticker, made)?;
        }
        writer.finish_batch()
    });
    writer.close(outcome)?;
    report.is_cut_short = hands.sight.stop.is_raised() || todo.len() < open.len();
    report.failures.sort_by(|a, b| a.ticker.cmp(&b.ticker));
    Ok(report)
}

/// Returns the tickers of the legacy folder, and those that are proven and have no legacy file any more.
fn tickers_of(survey: &Survey, proofs: &Proofs) -> usize {
    let is_gone = |ticker: &Ticker| {
        survey
            .tickers
            .binary_search_by(|(known, _)| known.cmp(ticker))
            .is_err()
    };
    survey.tickers.len() + proofs.iter().filter(|(ticker, _)| is_gone(ticker)).count()
}

/// Returns the tickers that have to be migrated: without a proof, changed since theirs, or without partitions.
fn open_tickers(
    hands: Hands<'_>,
    tuple: &Tuple,
    survey: &Survey,
    proofs: &Proofs,
) -> Result<Vec<Ticker>, MigrateError> {
    let mut open = Vec::new();
    for (ticker, meta) in &survey.tickers {
        let is_proven = match proofs.of(ticker) {
            Some(proof) if proof.file.fits(meta) => hands
                .sight
                .stores
                .partitioned
                .holds(&tuple.series(ticker))?,
            _ => false,
        };
        if !is_proven {
            open.push(ticker.clone());
        }
    }
    Ok(open)
}

/// The tickers that wait to be copied.
#[derive(Debug)]
struct Queue<'q> {
    hands: Hands<'q>,
    choices: &'q Choices,
    tuple: &'q Tuple,
    todo: Vec<(Ticker, Option<Proof>)>,
    next: AtomicUsize,
}

type Made = Result<Box<Copy>, Refusal>;

impl Queue<'_> {
    /// Copies one ticker after the other, until there are no more, nobody listens, or the run has to stop.
    fn work(&self, send: &SyncSender<(Ticker, Made)>) {
        while !self.hands.sight.stop.is_raised() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((ticker, proof)) = self.todo.get(at) else {
                break;
            };
            let made = copy(
                self.hands.sight,
                self.choices,
                self.tuple,
                ticker,
                proof.as_ref(),
            );
            if send.send((ticker.clone(), made.map(Box::new))).is_err() {
                break;
            }
        }
    }
}

/// A copy that was written and has to be read back.
#[derive(Debug)]
struct Written {
    copy: CopyFacts,
    /// Where the series will stand, if all of it was built in staging.
    whole: Option<PathBuf>,
    files: u64,
    bytes: u64,
}

/// The thread that writes.
struct Writer<'w, 'l> {
    hands: Hands<'l>,
    run: StagedRun<'l, Sealed>,
    quarantine: Quarantine<'l>,
    /// The tree that is built in staging.
    staged: PartitionedStore,
    proofs: &'w mut Proofs,
    report: &'w mut IntervalReport,
    batch: Vec<Written>,
    /// Failures that are not written down yet.
    failed: Vec<Note>,
}

impl<'w, 'l> Writer<'w, 'l> {
    fn new(
        hands: Hands<'l>,
        run: StagedRun<'l, Sealed>,
        proofs: &'w mut Proofs,
        report: &'w mut IntervalReport,
    ) -> Self {
        Self {
            hands,
            quarantine: hands.quarantine(),
            staged: hands.sight.stores.partitioned.rooted(&run.whole_root()),
            run,
            proofs,
            report,
            batch: Vec::new(),
            failed: Vec::new(),
        }
    }

    fn take(&mut self, ticker: Ticker, made: Made) -> Result<(), MigrateError> {
        let copy = match made {
            Ok(copy) => copy,
            // A disk that does not answer is no fault of the ticker, but the next one may be readable.
            Err(refusal) => {
                self.fail(ticker, refusal);
                return Ok(());
            }
        };
        let files = copy.built.files();
        let (count, bytes) = (
            files.len() as u64,
            files.iter().map(|(_, bytes)| bytes).sum(),
        );
        let whole = match &copy.built {
            Built::Whole(draft) => {
                self.run.build_whole(draft)?;
                Some(draft.dir.clone())
            }
            Built::Beside(prepared) => {
                self.add(prepared)?;
                None
            }
        };
        self.batch.push(Written {
            copy: copy.facts,
            whole,
            files: count,
            bytes,
        });
        let total: u64 = self.batch.iter().map(|written| written.bytes).sum();
        if self.batch.len() >= BATCH_TICKERS || total >= BATCH_BYTES {
            self.finish_batch()?;
        }
        Ok(())
    }

    /// Adds the files that change to the group that is committed with the batch.
    fn add(&mut self, prepared: &Prepared) -> Result<(), MigrateError> {
        for damage in &prepared.damaged {
            let record = self.quarantine.damaged(damage, CorruptFiles::Quarantine)?;
            self.report.kept.push(record);
        }
        self.run.refuse_twins(prepared)?;
        Ok(prepared
            .files
            .iter()
            .try_for_each(|file| self.run.add(file))?)
    }

    /// Makes the batch durable, reads it back, moves what is equal into the tree and writes it down.
    fn finish_batch(&mut self) -> Result<(), MigrateError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() && self.failed.is_empty() {
            return Ok(());
        }
        self.run.sync_whole()?;
        self.run.commit()?;
        let (hands, staged) = (self.hands, &self.staged);
        let reread: Vec<Result<Medium, Refusal>> = batch
            .par_iter()
            .map(|written| reread(hands.sight, staged, written))
            .collect();
        let (mut dirs, mut notes, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for (written, outcome) in batch.into_iter().zip(reread) {
            match outcome {
                Ok(medium) => {
                    dirs.extend(written.whole.clone());
                    told.push(Event::Migrated {
                        request: written.copy.request.clone(),
                        rows: written.copy.expected.rows,
                    });
                    notes.push(self.proven(written, medium)?);
                }
                Err(refusal) => {
                    if let Some(dir) = &written.whole {
                        self.run.discard_whole(dir)?;
                    }
                    self.fail(written.copy.ticker.clone(), refusal);
                }
            }
        }
        self.run.move_whole(&dirs)?;
        self.report.proven_now += notes.len();
        notes.append(&mut self.failed);
        self.proofs.append(hands, notes)?;
        for event in told {
            hands.sight.observer.observe(event);
        }
        Ok(())
    }

    fn fail(&mut self, ticker: Ticker, refusal: Refusal) {
        self.failed
            .push(Note::Failed(ticker.clone(), refusal.to_string()));
        self.report.failures.push(Failed { ticker, refusal });
    }

    fn proven(&mut self, written: Written, medium: Medium) -> Result<Note, MigrateError> {
        let Written {
            copy,
            whole,
            files,
            bytes,
        } = written;
        // Of a series that was there already, only some files were written.
        let (all, size) = match (
            &whole,
            self.hands.sight.stores.partitioned.stat(&copy.request)?,
        ) {
            (None, Some(stat)) => (stat.files as u64, stat.bytes),
            _ => (files, bytes),
        };
        if let Some((path, file, reason)) = &copy.keepsake {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let record = self
                .quarantine
                .keep(path, &name, file, reason, Some(&copy.request))?;
            self.report.kept.push(record);
        }
        self.report.written.0 += files;
        self.report.written.1 += bytes;
        self.report.from_memory += usize::from(medium == Medium::Cache);
        let proof = Proof {
            at: self.hands.clock.now(),
            legacy: copy.legacy,
            partitions: copy.expected,
            file: copy.stamp,
            span: copy.span,
            files: all,
            bytes: size,
            from_disk: medium == Medium::Disk,
            is_legacy_removed: false,
        };
        Ok(Note::Proven(copy.ticker, Box::new(proof)))
    }

    /// Ends the run. What was built and not moved is in nobody's way, but it takes space.
    fn close(self, outcome: Result<(), MigrateError>) -> Result<(), MigrateError> {
        match outcome {
            Ok(()) => Ok(self.run.finish()?),
            Err(error) => {
                self.run.abandon_whole();
                Err(error)
            }
        }
    }
}

/// Reads a series back from the disk and compares it with what it has to be.
fn reread(
    sight: Sight<'_>,
    staged: &PartitionedStore,
    written: &Written,
) -> Result<Medium, Refusal> {
    let copy = &written.copy;
    let store = match written.whole {
        Some(_) => staged,
        None => &sight.stores.partitioned,
    };
    let Some(parts) = store.parts_from_medium(&copy.request)? else {
        return Err(Refusal::Gone);
    };
    let first = parts.frames.iter().find_map(Frame::span);
    let last = parts.frames.iter().rev().find_map(Frame::span);
    let span = first.zip(last).map(|((first, _), (_, last))| (first, last));
    let is_whole = parts.damaged.is_empty() && parts.displaced == 0;
    if is_whole && span == Some(copy.span) && Frame::fingerprint_of(&parts.frames) == copy.expected
    {
        return Ok(parts.medium);
    }
    let Some((found, _)) = read_partitions(store, &copy.request)? else {
        return Err(Refusal::Gone);
    };
    // Rows are compared one by one only to say where they differ.
    let legacy = super::copy::read_legacy(sight, &copy.request)?;
    let expected: &Frame = &legacy.decoded.proven.frame;
    Err(Refusal::Mismatch(
        Difference::between(expected, &found).unwrap_or_default(),
    ))
}
