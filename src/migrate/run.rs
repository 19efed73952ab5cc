//! The migration of one interval: tickers are read and encoded side by side, one thread writes, and each batch is read
//! back from the disk before it is moved into the tree and written down as proven.
//!
//! Promises: what readers see of a new series was compared with its legacy file first. A batch is proven when its record is
//! durable; whoever is killed before that finds it undone or repeats a comparison. Memory is bounded by the
//! tickers that are worked on at a time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use super::copy::{Copy, copy};
use super::proven::is_proven;
use super::write::Writer;
use super::{Choices, MigrateError, Mover, Proof, Proofs, Refusal, Sides, Survey, VenueInterval};
use crate::model::Ticker;
use crate::observe::Event;
use crate::storage::QuarantineRecord;
use crate::storage::StorageInterface;
use crate::sys::Medium;

/// Built tickers that may wait for the writer, so that nobody has to stop while it waits for the disk. Their files are
/// a fraction of the rows that they were built from.
const READY_TICKERS: usize = 8;

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
    pub tuple: VenueInterval,
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
    /// What was put away.
    pub kept: Vec<QuarantineRecord>,
    /// Files and folders that could not be given the owner, group or mode that they were to have.
    pub unlike: Vec<PathBuf>,
    /// Whether the run was asked to stop, or to take no more tickers than it did.
    pub is_cut_short: bool,
}

/// Migrates what is not proven yet of one interval.
///
/// # Errors
/// When the disk refuses or the lock is lost. What was proven until then counts.
pub fn migrate_interval(
    mover: Mover<'_>,
    choices: &Choices,
    tuple: &VenueInterval,
    proofs: &mut Proofs,
) -> Result<IntervalReport, MigrateError> {
    let survey = Survey::of(mover.sides, tuple)?;
    let open = if choices.is_restart {
        survey
            .tickers
            .iter()
            .map(|(ticker, _)| ticker.clone())
            .collect()
    } else {
        open_tickers(mover.sides, tuple, &survey, proofs)?
    };
    let run = mover.begin()?;
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
        kept: Vec::new(),
        unlike: Vec::new(),
        is_cut_short: false,
    };
    let limit = choices.max_tickers.unwrap_or(usize::MAX);
    let todo = open.get(..limit.min(open.len())).unwrap_or_default();
    mover.sides.observer.observe(Event::MovePlanned {
        venue: tuple.venue.clone(),
        interval: tuple.interval,
        tickers: todo.len(),
    });
    let queue = Queue {
        mover,
        choices,
        tuple,
        // Copies are made while the writer works on the journal, which they do not look at.
        todo: todo
            .iter()
            .map(|ticker| (ticker.clone(), proofs.of(ticker).cloned()))
            .collect(),
        next: AtomicUsize::new(0),
    };
    let mut writer = Writer::new(mover, run, proofs, &mut report);
    let outcome = queue.copy_all(&mut writer);
    writer.close(outcome)?;
    report.is_cut_short = mover.sides.stop.is_raised() || todo.len() < open.len();
    report.failures.sort_by(|a, b| a.ticker.cmp(&b.ticker));
    Ok(report)
}

/// Returns the tickers of the legacy folder, and those that are proven and have no legacy file any more.
pub(super) fn tickers_of(survey: &Survey, proofs: &Proofs) -> usize {
    survey.tickers.len()
        + proofs
            .iter()
            .filter(|(ticker, _)| !survey.has(ticker))
            .count()
}

/// Returns the tickers that have to be migrated: without a proof, changed since theirs, or without partitions.
pub(super) fn open_tickers(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    survey: &Survey,
    proofs: &Proofs,
) -> Result<Vec<Ticker>, MigrateError> {
    let mut open = Vec::new();
    for (ticker, meta) in &survey.tickers {
        if !is_proven(sides, tuple, proofs, ticker, meta)? {
            open.push(ticker.clone());
        }
    }
    // Proven once, and now neither side is there: nothing can be copied, and nobody may take it for done.
    for (ticker, _) in proofs.iter() {
        if !survey.has(ticker) && !sides.stores.partitioned.holds(&tuple.series(ticker))? {
            open.push(ticker.clone());
        }
    }
    Ok(open)
}

/// The tickers that wait to be copied.
#[derive(Debug)]
struct Queue<'q> {
    mover: Mover<'q>,
    choices: &'q Choices,
    tuple: &'q VenueInterval,
    todo: Vec<(Ticker, Option<Proof>)>,
    next: AtomicUsize,
}

pub(super) type Made = Result<Box<Copy>, Refusal>;

impl Queue<'_> {
    /// Copies all of them side by side, and has each copy written as soon as it is made.
    fn copy_all(&self, writer: &mut Writer<'_, '_>) -> Result<(), MigrateError> {
        std::thread::scope(|scope| {
            let (send, receive) = sync_channel(READY_TICKERS);
            for _ in 0..self.choices.jobs.get().min(self.todo.len()) {
                let send = send.clone();
                scope.spawn(move || self.work(&send));
            }
            drop(send);
            for (ticker, made) in receive {
                writer.take(ticker, made)?;
            }
            writer.finish_batch()
        })
    }

    /// Copies one ticker after the other, until there are no more, nobody listens, or the run has to stop.
    fn work(&self, send: &SyncSender<(Ticker, Made)>) {
        while !self.mover.sides.stop.is_raised() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((ticker, proof)) = self.todo.get(at) else {
                break;
            };
            let made = copy(
                self.mover.sides,
                self.choices,
                self.tuple,
                ticker,
                proof.as_ref(),
                Medium::Disk,
            );
            if send.send((ticker.clone(), made.map(Box::new))).is_err() {
                break;
            }
        }
    }
}
