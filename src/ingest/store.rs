//! Rows of whoever has some, brought into the tree as those of a source are.

use crate::storage::{Open, RowsToStage, StagedRun};
use crate::workspace::{Session, View};

use super::consolidate::{Consolidation, SourceNote, SourceNotes};
use super::{IngestError, Registry, RunReport, finish_leftovers, take_over_trades};

/// Merges rows into their series, durably. What earlier runs left goes first.
///
/// A series that cannot take them is in the report, and its rows are in quarantine, or stay staged for the next run.
///
/// # Errors
/// When the disk refuses or the lock is lost. The rows are then stored, staged or, before this staged them, nowhere.
pub fn store(
    view: View<'_>,
    session: Session<'_>,
    rows: &RowsToStage,
) -> Result<RunReport, IngestError> {
    let root = &session.places.root;
    let registry = Registry::load(session.fs, root)?;
    let mut registry = registry.unwrap_or_else(|| Registry::empty(root));
    finish_leftovers(view, session, &mut registry)?;
    let mut report = RunReport::default();
    take_over_trades(view, session, &mut registry, rows.request(), &mut report)?;
    let mut run = StagedRun::<Open>::begin(
        session.fs,
        session.held,
        session.places,
        session.runs.next(),
    )?;
    run.stage(rows)?;
    let notes = SourceNotes::from([(rows.request().clone(), SourceNote::default())]);
    Consolidation {
        view,
        session,
        registry: &mut registry,
        notes: &notes,
        report: &mut report,
    }
    .finish(run.seal()?)?;
    Ok(report)
}
