//! The one thread that writes: batches of tickers are built in staging, made durable, read back from the disk, moved into
//! the tree and written down as proven, in this order.

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::copy::{Built, CopyFacts, read_legacy};
use super::restart::put_aside;
use super::run::Made;
use super::verify::read_partitions;
use super::{
    Difference, Failed, IntervalReport, MigrateError, Mover, Note, Proof, Proofs, Refusal, Sides,
};
use crate::frame::Frame;
use crate::ledger::Line;
use crate::model::{Series, Ticker};
use crate::observe::{Event, Work};
use crate::storage::{
    BuiltSeries, CorruptFiles, Custody, Left, PartitionedStore, Prepared, PutAway, Quarantine,
    Replaced, Sealed, StagedRun, StorageError, StorageInterface, Stored,
};
use crate::sys::Medium;

/// Tickers of one batch, and bytes after which it is full before that.
const BATCH_TICKERS: usize = 24;
const BATCH_BYTES: u64 = 48 << 20;

/// A copy that was written and has to be read back.
#[derive(Debug)]
struct Written {
    copy: CopyFacts,
    /// The series, if all of it was built in staging.
    whole: Option<BuiltSeries>,
    /// Whether what stands there is to be put away first.
    is_anew: bool,
    files: u64,
    bytes: u64,
}

/// The thread that writes.
pub(super) struct Writer<'w, 'l> {
    mover: Mover<'l>,
    run: StagedRun<'l, Sealed>,
    quarantine: Quarantine<'l>,
    /// The tree that is built in staging.
    staged: PartitionedStore,
    proofs: &'w mut Proofs,
    report: &'w mut IntervalReport,
    batch: Vec<Written>,
    /// When the batch began.
    began: DateTime<Utc>,
    /// Failures that are not written down yet.
    failed: Vec<Note>,
}

impl<'w, 'l> Writer<'w, 'l> {
    pub(super) fn new(
        mover: Mover<'l>,
        run: StagedRun<'l, Sealed>,
        proofs: &'w mut Proofs,
        report: &'w mut IntervalReport,
    ) -> Self {
        Self {
            mover,
            quarantine: mover.quarantine(),
            staged: mover.sides.stores.partitioned.rooted(&run.whole_root()),
            run,
            proofs,
            report,
            batch: Vec::new(),
            began: mover.clock.now(),
            failed: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, ticker: Ticker, made: Made) -> Result<(), MigrateError> {
        self.step(&ticker);
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
        let built = match &copy.built {
            Built::Whole(draft) | Built::Anew(draft) => self.run.build_whole(draft).map(Some),
            Built::Beside(prepared) => self.add(prepared).map(|()| None),
        };
        let whole = match built {
            Ok(whole) => whole,
            // One bad folder costs its own ticker.
            Err(error) if error.is_of_place() => {
                self.fail(ticker, error.into());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let is_anew = matches!(copy.built, Built::Anew(_));
        self.batch.push(Written {
            copy: copy.facts,
            whole,
            is_anew,
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
    fn add(&mut self, prepared: &Prepared) -> Result<(), StorageError> {
        let custody = Custody {
            quarantine: &self.quarantine,
            corrupt_files: CorruptFiles::Quarantine,
            replaced: if self.mover.sides.are_in_partitions(&prepared.request) {
                Replaced::Noted
            } else {
                Replaced::Copied
            },
            at: self.mover.clock.now(),
        };
        let mut aside = PutAway::default();
        let joined = self.run.put(prepared, &custody, &mut aside);
        self.report.kept.extend(aside.into_records());
        joined
    }

    /// Makes the batch durable, reads it back, moves what is equal into the tree and writes it down.
    pub(super) fn finish_batch(&mut self) -> Result<(), MigrateError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() && self.failed.is_empty() {
            return Ok(());
        }
        self.run.sync_whole()?;
        let left = self.run.commit()?.left;
        let (mover, staged) = (self.mover, &self.staged);
        let reread: Vec<Result<Medium, Refusal>> = batch
            .par_iter()
            .map(|written| reread(mover.sides, staged, written))
            .collect();
        let now = mover.clock.now();
        let taken = now.signed_duration_since(std::mem::replace(&mut self.began, now));
        let millis =
            u64::try_from(taken.num_milliseconds()).unwrap_or_default() / batch.len().max(1) as u64;
        let (mut dirs, mut lines) = (Vec::new(), Vec::new());
        let (mut notes, mut told) = (Vec::new(), Vec::new());
        for (written, outcome) in batch.into_iter().zip(reread) {
            let of_series = |left: &&Left| left.request() == Some(&written.copy.request);
            let outcome = match left.iter().find(of_series) {
                Some(left) => Err(left.error().into()),
                None => outcome,
            };
            let outcome = match outcome {
                Ok(medium) => self.make_room(&written)?.map_or(Ok(medium), Err),
                refused => refused,
            };
            match outcome {
                Ok(medium) => {
                    if let Some(series) = &written.whole {
                        dirs.push(series.dir.clone());
                        let request = written.copy.request.clone();
                        lines.push(Line::Found(request, series.record.clone()));
                    }
                    told.push(Event::Moved {
                        request: written.copy.request.clone(),
                        rows: written.copy.expected.rows,
                    });
                    self.step(&written.copy.ticker);
                    notes.push(self.proven(written, medium, millis)?);
                }
                Err(refusal) => {
                    if let Some(series) = &written.whole {
                        self.run.discard_whole(&series.dir)?;
                    }
                    self.fail(written.copy.ticker.clone(), refusal);
                }
            }
        }
        self.run.move_whole(&dirs)?;
        mover.write_down(&self.report.tuple.venue, &lines)?;
        self.report.unlike.extend(self.run.take_refused());
        self.report.proven_now += notes.len();
        notes.append(&mut self.failed);
        self.proofs.append(mover, notes)?;
        for event in told {
            mover.sides.observer.observe(event);
        }
        Ok(())
    }

    /// Puts away what a new copy takes the place of: only now that the copy was read back and is right. Returns why not.
    fn make_room(&mut self, written: &Written) -> Result<Option<Refusal>, MigrateError> {
        if !written.is_anew {
            return Ok(None);
        }
        let ticker = &written.copy.ticker;
        let reason = "partitions that differ from their legacy file were copied anew from it";
        let tuple = &self.report.tuple;
        match put_aside(self.mover, &mut self.run, tuple, ticker, reason) {
            Ok(kept) => {
                self.report.kept.extend(kept);
                Ok(None)
            }
            Err(MigrateError::Storage(error)) if error.is_of_place() => Ok(Some(error.into())),
            Err(error) => Err(error),
        }
    }

    /// Says that a ticker is copied, and later that it is proven or refused.
    fn step(&self, ticker: &Ticker) {
        let series = Series::Bars {
            ticker: ticker.clone(),
            interval: self.report.tuple.interval,
        };
        let step = Event::Step {
            work: Work::Move,
            series,
        };
        self.mover.sides.observer.observe(step);
    }

    fn fail(&mut self, ticker: Ticker, refusal: Refusal) {
        self.step(&ticker);
        self.failed
            .push(Note::Failed(ticker.clone(), refusal.to_string()));
        self.report.failures.push(Failed { ticker, refusal });
    }

    fn proven(
        &mut self,
        written: Written,
        medium: Medium,
        millis: u64,
    ) -> Result<Note, MigrateError> {
        let Written {
            copy,
            whole,
            files,
            bytes,
            ..
        } = written;
        // Of a series that was there already, only some files were written.
        let (all, size) = match (
            &whole,
            self.mover.sides.stores.partitioned.stat(&copy.request)?,
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
            at: self.mover.clock.now(),
            legacy: copy.legacy,
            partitions: copy.expected,
            file: copy.stamp,
            span: copy.span,
            files: all,
            bytes: size,
            from_disk: medium == Medium::Disk,
            millis: Some(millis),
            is_legacy_removed: false,
        };
        Ok(Note::Proven(copy.ticker, Box::new(proof)))
    }

    /// Ends the run. What was built and not moved is in nobody's way, but it takes space.
    pub(super) fn close(self, outcome: Result<(), MigrateError>) -> Result<(), MigrateError> {
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
    sides: Sides<'_>,
    staged: &PartitionedStore,
    written: &Written,
) -> Result<Medium, Refusal> {
    let copy = &written.copy;
    // What was built was decoded again and compared row for row then: now the disk has to have these very bytes.
    if let Some(series) = &written.whole
        && series.record.rows == copy.expected.rows
        && let Some(medium) = series.reread(sides.fs)?
    {
        return Ok(medium);
    }
    let store = match written.whole {
        Some(_) => staged,
        None => &sides.stores.partitioned,
    };
    let Some((Stored { frame: found, .. }, medium)) = read_partitions(store, &copy.request)? else {
        return Err(Refusal::Gone);
    };
    if found.fingerprint() == copy.expected && found.span() == Some(copy.span) {
        return Ok(medium);
    }
    // Rows are compared one by one only to say where they differ.
    let legacy = read_legacy(sides, &copy.request, Medium::Disk)?;
    let expected: &Frame = &legacy.decoded.ordered.frame;
    Err(Refusal::Mismatch(
        Difference::between(expected, &found).unwrap_or_default(),
    ))
}
