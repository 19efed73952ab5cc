//! Finishing what earlier runs left: interrupted commits are rolled forward, then staged rows are merged, oldest first.
//!
//! Every update begins with this, and `cleanup` is nothing but this and a sweep for temporary files.

use std::collections::BTreeSet;

use crate::model::RunId;
use crate::observe::Event;
use crate::storage::{
    Conflict, Left, Open, QuarantineRecord, RowCounts, Sealed, StagedRun, StorageError,
    check_staging, has_journal, lacks_what_it_replaces, leftover_runs,
};

use super::consolidate::{Consolidation, SourceNotes};
use super::report::{DamagedSeries, RunReport};
use super::sweep::{SweepReport, sweep};
use super::{IngestError, Registry};
use crate::workspace::{DataRoot, Session, View, Workspace};

/// What was finished.
#[derive(Debug, Default)]
pub struct LeftoverReport {
    /// How many runs had left something.
    pub runs: usize,
    /// How many fetches were staged in them.
    pub series: usize,
    /// How many files were written or rolled forward.
    pub files: usize,
    /// Rows by what happened to them.
    pub rows: RowCounts,
    /// Files that had changed since the interrupted commit; their rows were merged anew.
    pub conflicts: Vec<Conflict>,
    /// Files that were put away as damaged.
    pub damaged: Vec<DamagedSeries>,
    /// Rows and journals that were put away.
    pub kept: Vec<QuarantineRecord>,
    /// Whether rows could be stored.
    pub data: DataRoot,
    /// How many fetches wait because they could not.
    pub held_back: usize,
    /// Series that could not be finished, as sentences without a period.
    pub failures: Vec<String>,
}

impl LeftoverReport {
    /// Returns why rows cannot be stored, if they cannot, and how many fetches wait for that, of a run that finished these first.
    pub fn withheld<'r>(&'r self, report: &'r RunReport) -> (&'r DataRoot, usize) {
        let data = match self.obstacle() {
            Some(data) if report.data.is_there() => data,
            _ => &report.data,
        };
        (data, report.withheld + self.held_back)
    }

    /// Returns why nothing of them can be stored, if so. They come first: what they met may be over, and if nothing of them waits,
    /// it kept nobody from anything.
    pub fn obstacle(&self) -> Option<&DataRoot> {
        let waits = self.held_back > 0 || self.data.refusal().is_some();
        (waits && !self.data.is_there()).then_some(&self.data)
    }

    /// Adds what was finished before.
    pub fn add_earlier(&mut self, earlier: Self) {
        self.runs += earlier.runs;
        self.series += earlier.series;
        self.files += earlier.files;
        self.rows += earlier.rows;
        self.conflicts.extend(earlier.conflicts);
        self.damaged.extend(earlier.damaged);
        self.kept.extend(earlier.kept);
        self.failures.extend(earlier.failures);
    }
}

/// What earlier runs had left, finished, and the registry as it is then.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Earlier {
    pub registry: Registry,
    pub swept: SweepReport,
    pub leftovers: LeftoverReport,
}

impl Earlier {
    /// Settles temporary files wherever they are, then finishes every run that was left: their rows belong to where they were
    /// going before anything else is done with the tree. `hear` is told of the files once they are settled.
    ///
    /// # Errors
    /// As `finish_leftovers`; when the workspace cannot be looked through.
    pub fn finish(
        workspace: &Workspace<'_>,
        session: Session<'_>,
        hear: impl FnOnce(&SweepReport),
    ) -> Result<Self, IngestError> {
        let mut registry = Registry::load_or_empty(session.fs, &session.places.root)?;
        workspace.learn(Some(registry.catalog()));
        let swept = sweep(&workspace.stores, session)?;
        hear(&swept);
        let leftovers = finish_leftovers(workspace.view(), session, &mut registry)?;
        registry.save(session)?;
        Ok(Self {
            registry,
            swept,
            leftovers,
        })
    }
}

/// Finishes every run that was left in staging, oldest first.
///
/// # Errors
/// When the disk refuses or the lock is lost; whatever is left stays for the next run.
pub fn finish_leftovers(
    view: View<'_>,
    session: Session<'_>,
    registry: &mut Registry,
) -> Result<LeftoverReport, IngestError> {
    let mut report = LeftoverReport {
        data: view.data_root(registry.catalog()),
        ..LeftoverReport::default()
    };
    if report.data.refusal().is_some() {
        report.held_back = view
            .waiting(registry.catalog(), session.fs, session.places)?
            .len();
        return Ok(report);
    }
    check_staging(session.fs, session.places)?;
    let runs = leftover_runs(session.fs, session.places)?;
    let is_waiting = |registry: &Registry, id: &RunId| -> Result<bool, IngestError> {
        Ok(!view.data_root(registry.catalog()).is_there()
            && lacks_what_it_replaces(session.fs, session.places, id)?)
    };
    // Journals first, whatever the names of their runs say: what they list was merged before what others have staged.
    for id in &runs {
        if has_journal(session.fs, session.places, id)? && !is_waiting(registry, id)? {
            adopt(session, registry, id.clone(), &mut report)?;
        }
    }
    for id in runs {
        if session.stop.is_raised() {
            break;
        }
        // Rolled forward into an empty mount point, its files would be nowhere once the disk is back.
        if is_waiting(registry, &id)? {
            report.held_back += 1;
            continue;
        }
        finish_run(view, session, registry, id, &mut report)?;
    }
    // What waits in several runs for the same reason is one failure to people.
    let mut told = BTreeSet::new();
    report
        .failures
        .retain(|failure| told.insert(failure.clone()));
    Ok(report)
}

fn finish_run(
    view: View<'_>,
    session: Session<'_>,
    registry: &mut Registry,
    id: RunId,
    report: &mut LeftoverReport,
) -> Result<(), IngestError> {
    let Some(mut run) = adopt(session, registry, id, report)? else {
        return Ok(());
    };
    // What an interrupted commit had begun is complete now. Rows alone can wait until the disk is mounted.
    if !view.data_root(registry.catalog()).is_there() {
        report.held_back += run.staged().len();
        return Ok(());
    }
    session.observer.observe(Event::Resuming {
        run: run.id().to_string(),
        files: run.staged().len(),
    });
    report.runs += 1;
    report.series += run.staged().len();
    forget_blank(&mut run, session)?;
    let mut update = RunReport::default();
    let notes = SourceNotes::new();
    let done = Consolidation {
        view,
        session,
        registry,
        notes: &notes,
        report: &mut update,
    }
    .finish(run);
    if let Err(error) = done {
        update.warn_of_damage(session.observer);
        return Err(error);
    }
    report.files += update.written().0;
    report.rows += update.rows();
    let failures = update.venues.iter().flat_map(|venue| &venue.failures);
    report.failures.extend(failures.map(|failure| {
        format!(
            "{} {}: {}",
            failure.ticker, failure.interval, failure.reason
        )
    }));
    report.failures.extend(update.warnings);
    report.failures.extend(update.losses);
    report.damaged.extend(update.damaged);
    report.kept.extend(update.kept);
    Ok(())
}

/// Takes over a run and completes what its journal lists; `None` when only a later barkeep can.
fn adopt<'l>(
    session: Session<'l>,
    registry: &mut Registry,
    id: RunId,
    report: &mut LeftoverReport,
) -> Result<Option<StagedRun<'l, Sealed>>, IngestError> {
    let quarantine = session.quarantine(&id);
    let mut run = StagedRun::<Open>::adopt(session.fs, session.held, session.places, id)?;
    loop {
        match run.recover() {
            Ok(recovered) => {
                report.files += recovered.rolled_forward;
                // tickers.json was a file of the group: what was loaded before is older than what is there now.
                registry.refresh(session.fs)?;
                report.conflicts.extend(recovered.conflicts);
                // Of a series with staged rows it is told when these cannot be merged.
                let is_told = |left: &&Left| {
                    let mut staged = run.staged().iter();
                    staged.any(|rows| Some(&rows.request) == left.request())
                };
                let left = recovered.left.iter().filter(|left| !is_told(left));
                report.failures.extend(left.map(|left| {
                    let target = left.target().display();
                    format!("{target} waits in {}: {}", run.id(), left.reason)
                }));
                return Ok(Some(run));
            }
            // No crash does this. The staged rows are all there still, and are merged as if nothing had happened.
            Err(StorageError::DamagedJournal { path, reason }) => {
                let bytes = session.fs.read(&path)?.unwrap_or_default();
                report
                    .kept
                    .push(quarantine.keep(&path, "journal", &bytes, &reason, None)?);
                report.failures.push(format!(
                    "the journal {} is damaged: {reason}",
                    path.display()
                ));
                run.forget_journal(&path)?;
            }
            Err(newer @ StorageError::NewerJournal { .. }) => {
                report.failures.push(newer.to_string());
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Rows of a run that was not sealed may not have reached the disk before the power failed. Nothing of them can be
/// kept, and since nothing of them was recorded either, they are still asked for.
fn forget_blank(run: &mut StagedRun<'_, Sealed>, session: Session<'_>) -> Result<(), IngestError> {
    let mut blank = Vec::new();
    for rows in run.staged() {
        if rows.is_blank(session.fs)? {
            let request = &rows.request;
            session.observer.observe(Event::Warning(format!(
                "what was fetched of {request} had not reached the disk when the power failed"
            )));
            blank.push(rows.clone());
        }
    }
    Ok(run.forget(&blank)?)
}
