//! Doing what was planned, so that a crash at any moment leaves the rows in at least one place.
//!
//! Promises: a file of which rows may be wanted is removed only after these are staged and sealed, or after its bytes are
//! in quarantine. Leaves to others: merging the staged rows (`ingest::finish_leftovers`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::frame::{self, Frame};
use crate::layout::ParsedPartition;
use crate::model::{PartitionKey, RunId, StorageRequest};
use crate::storage::{
    Open, Quarantine, QuarantineRecord, RowsToStage, StagedRun, StorageError, Stores, TempContent,
    read_temp, refuse_other_rows,
};
use crate::sys::FsError;
use crate::sys::atomic::parent;
use crate::workspace::Session;

use super::{LeftTemp, Origin, SweepPlan, Temp, plan};
use crate::ingest::IngestError;

/// What a clean-up did.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// Temporary files of barkeep that were removed.
    pub removed: Vec<PathBuf>,
    /// Files whose rows were staged, durably, before they were removed.
    pub staged: Vec<PathBuf>,
    /// Files that were put away.
    pub quarantined: Vec<QuarantineRecord>,
    /// Files that stay where they are: nobody can read them, or this build cannot hold them.
    pub left: Vec<LeftTemp>,
}

impl SweepReport {
    /// Tells whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty()
            && self.staged.is_empty()
            && self.quarantined.is_empty()
            && self.left.is_empty()
    }
}

/// A file whose rows are staged, and what has to happen to it once they are durable.
struct Settled<'p> {
    leftover: &'p Temp,
    /// The bytes and the reason, when the rows do not stand for the whole file.
    keep: Option<(Bytes, String)>,
}

/// Removes temporary files wherever they are; rows in them are staged, for `finish_leftovers` to merge.
///
/// # Errors
/// When the workspace cannot be looked through; else as `apply`.
pub fn sweep(stores: &Stores, session: Session<'_>) -> Result<SweepReport, IngestError> {
    apply(&plan(session.fs, session.places)?, stores, session)
}

/// Executes a plan. Rows are staged, for `finish_leftovers` to merge.
///
/// # Errors
/// When the disk refuses a change or the lock is lost. Every row is then still in its file, in staging or in
/// quarantine, and the next sweep goes on.
pub fn apply(
    plan: &SweepPlan,
    stores: &Stores,
    session: Session<'_>,
) -> Result<SweepReport, IngestError> {
    // Where nothing can be removed, nothing is staged either: the next sweep finds it all.
    if stores.refusal().is_some() {
        return Ok(SweepReport::default());
    }
    let mut report = SweepReport::default();
    report.left.clone_from(&plan.unreadable);
    if plan.leftovers.is_empty() {
        return Ok(report);
    }
    session.held.confirm().map_err(StorageError::from)?;
    // What lay there before this run goes before what this run fetches.
    let id = session.runs.next_of_others();
    let quarantine = session.quarantine(&id);
    let mut sweep = Sweep {
        stores,
        session,
        quarantine: &quarantine,
        id,
        run: None,
        staged: BTreeMap::new(),
        report,
    };
    sweep.carry_out(plan)?;
    Ok(sweep.report)
}

struct Sweep<'l> {
    session: Session<'l>,
    /// How much memory a file may take is known there.
    stores: &'l Stores,
    quarantine: &'l Quarantine<'l>,
    id: RunId,
    run: Option<StagedRun<'l, Open>>,
    /// What is staged of each partition.
    staged: BTreeMap<(StorageRequest, PartitionKey), Frame>,
    report: SweepReport,
}

impl Sweep<'_> {
    fn carry_out(&mut self, plan: &SweepPlan) -> Result<(), IngestError> {
        let mut settled = Vec::new();
        for leftover in &plan.leftovers {
            match self.begin(leftover) {
                Ok(begun) => settled.extend(begun),
                Err(error) => self.note_stays(&leftover.path, error)?,
            }
        }
        if let Some(run) = self.run.take() {
            run.seal()?;
        }
        for settled in settled {
            let path = &settled.leftover.path;
            if let Err(error) = self.remove_staged(settled) {
                self.note_stays(path, error)?;
            }
        }
        Ok(())
    }

    fn begin<'p>(&mut self, leftover: &'p Temp) -> Result<Option<Settled<'p>>, IngestError> {
        match &leftover.origin {
            Origin::Own => {
                if self.session.fs.remove_file(&leftover.path)? {
                    self.report.removed.push(leftover.path.clone());
                }
                Ok(None)
            }
            Origin::Predecessor { place: None } => {
                self.put_away_misplaced(leftover)?;
                Ok(None)
            }
            Origin::Predecessor { place: Some(place) } => self.stage(leftover, place),
        }
    }

    /// Notes what cannot be taken away, which is a reason to leave it and not one to stop. A disk that fails is one.
    fn note_stays(&mut self, path: &Path, error: IngestError) -> Result<(), IngestError> {
        if !error.is_of_place() {
            return Err(error);
        }
        self.leave(path, error.to_string());
        Ok(())
    }

    /// Stages the rows of a file; what cannot become rows is put away.
    fn stage<'p>(
        &mut self,
        leftover: &'p Temp,
        place: &ParsedPartition,
    ) -> Result<Option<Settled<'p>>, IngestError> {
        let ParsedPartition { request, partition } = place;
        let (fs, stores) = (self.session.fs, self.stores);
        let found = read_temp(fs, &leftover.path, request, *partition, stores);
        let (frame, provenance, mut beyond, bytes) = match self.readable(&leftover.path, found)? {
            None | Some(TempContent::Absent | TempContent::Foreign { .. }) => return Ok(None),
            Some(TempContent::Unusable { reason, bytes }) => {
                self.put_away(&leftover.path, &bytes, &reason)?;
                return Ok(None);
            }
            Some(TempContent::Rows {
                frame,
                provenance,
                beyond,
                bytes,
            }) => (frame, provenance, beyond, bytes),
        };
        let target = parent(&leftover.path).join(request.series.dataset().file_name());
        let stored = read_temp(fs, &target, request, *partition, stores);
        let Some(stored) = self.readable(&target, stored)? else {
            return Ok(None);
        };
        let stored = match stored {
            TempContent::Rows { frame, .. } => Some(frame),
            TempContent::Absent | TempContent::Foreign { .. } | TempContent::Unusable { .. } => {
                None
            }
        };
        let staged = self.staged.get(&(request.clone(), *partition));
        let there: Vec<&Frame> = [stored.as_ref(), staged].into_iter().flatten().collect();
        let mut there = there.into_iter();
        let fits = there.try_for_each(|there| refuse_other_rows(&target, there, &frame));
        if let Err(refused) = fits {
            self.leave(&leftover.path, refused.to_string());
            return Ok(None);
        }
        let rows = match &stored {
            // An old file adds what is missing; where the two differ, what is stored stays.
            Some(stored) if !self.is_newer(&leftover.path, &target)? => {
                frame::merge(&frame, stored).frame
            }
            _ => frame.clone(),
        };
        let profile = rows.profile();
        let staged = self.staged.entry((request.clone(), *partition));
        let staged = staged.or_insert_with(|| Frame::empty(profile));
        // Of two temporary files of one partition nobody knows which is right: the first has the last word.
        let rows = frame::without(&rows, staged);
        *staged = frame::merge(staged, &rows).frame;
        let will_be = frame::merge(&stored.unwrap_or_else(|| Frame::empty(profile)), staged);
        let lost = frame::yielding(&frame, &will_be.frame);
        if lost > 0 {
            let differ = format!("{lost} of its rows have other values than those that stay");
            beyond = Some(beyond.map_or(differ.clone(), |more| format!("{more}; {differ}")));
        }
        if let Some(rows) = RowsToStage::encode(request.clone(), &rows, &provenance)? {
            self.add(&rows)?;
        }
        let keep = beyond.map(|reason| (bytes, reason));
        Ok(Some(Settled { leftover, keep }))
    }

    fn add(&mut self, rows: &RowsToStage) -> Result<(), IngestError> {
        let Session {
            fs, held, places, ..
        } = self.session;
        let run = match &mut self.run {
            Some(run) => run,
            empty => empty.insert(StagedRun::begin(fs, held, places, self.id.clone())?),
        };
        Ok(run.stage(rows)?)
    }

    /// Notes a file that cannot be read or held, which is a reason to leave it and not one to stop.
    fn readable(
        &mut self,
        path: &Path,
        found: Result<TempContent, StorageError>,
    ) -> Result<Option<TempContent>, IngestError> {
        let reason = match found {
            Ok(TempContent::Foreign { reason }) => reason,
            Ok(stray) => return Ok(Some(stray)),
            Err(StorageError::Fs(error)) => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        self.leave(path, reason);
        Ok(None)
    }

    fn leave(&mut self, path: &Path, reason: String) {
        let path = path.to_owned();
        self.report.left.push(LeftTemp { path, reason });
    }

    fn is_newer(&self, path: &Path, than: &Path) -> Result<bool, IngestError> {
        let modified = |path: &Path| -> Result<i64, FsError> {
            Ok(self
                .session
                .fs
                .metadata(path)?
                .map_or(i64::MIN, |meta| meta.modified_nanos))
        };
        Ok(modified(path)? >= modified(than)?)
    }

    fn put_away_misplaced(&mut self, leftover: &Temp) -> Result<(), IngestError> {
        match self.session.fs.read(&leftover.path) {
            Ok(None) => Ok(()),
            Ok(Some(bytes)) => {
                self.put_away(&leftover.path, &bytes, "its place is that of no partition")
            }
            Err(error) => {
                self.leave(&leftover.path, error.to_string());
                Ok(())
            }
        }
    }

    /// Moves a file to quarantine: the bytes are durable there before the name goes.
    fn put_away(&mut self, path: &Path, bytes: &[u8], reason: &str) -> Result<(), IngestError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let kept = self.quarantine.keep(path, &name, bytes, reason, None)?;
        self.report.quarantined.push(kept);
        self.session.fs.remove_file(path)?;
        Ok(())
    }

    fn remove_staged(&mut self, settled: Settled<'_>) -> Result<(), IngestError> {
        let path = &settled.leftover.path;
        self.report.staged.push(path.clone());
        if let Some((bytes, reason)) = settled.keep {
            return self.put_away(path, &bytes, &reason);
        }
        self.session.fs.remove_file(path)?;
        Ok(())
    }
}
