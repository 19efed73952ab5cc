//! Legacy files of older builds, moved to the folders of the venues that they belong to: before rows are merged that need
//! their place, at the start of each update for the tickers that tickers.json knows at such venues, and of all by `cleanup`.
//!
//! Leaves to others: how a file moves so that it is never gone (`storage`).

use std::path::PathBuf;

use crate::catalog::Catalog;
use crate::observe::Event;
use crate::storage::{
    self, Custody, LegacyStore, Lodger, Lodgers, Open, PutAway, Quarantine, QuarantineRecord,
    Rehoused, Replaced, Sealed, StagedRun, Stores,
};
use crate::workspace::{Session, Workspace, WorkspaceError};

use super::IngestError;

/// Which legacy files are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookedInto {
    /// Those of tickers that tickers.json knows at another venue than the legacy one.
    Known,
    /// All.
    All,
}

/// What became of legacy files that lay in the shared folders and belong to venues with folders of their own.
#[derive(Debug, Default)]
pub struct RehouseReport {
    /// How many were moved.
    pub moved: usize,
    /// What was put away: files that say something else than those that have their new places.
    pub kept: Vec<QuarantineRecord>,
    /// Those that stay, with the reason.
    pub left: Vec<(PathBuf, String)>,
}

impl RehouseReport {
    /// Says which files stay where they are, as sentences without a period.
    pub fn unmoved(&self) -> impl Iterator<Item = String> {
        let left = self.left.iter();
        left.map(|(path, reason)| format!("{} stays: {reason}", path.display()))
    }
}

impl LookedInto {
    /// Returns what a clean-up looks into: all of them where any venue has a folder of its own for some.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(workspace: &Workspace<'_>, catalog: &Catalog) -> Result<Self, WorkspaceError> {
        let mut known = workspace.stored_venues()?;
        known.extend(workspace.config.settings().described_venues().cloned());
        known.extend(catalog.venues());
        known.remove(workspace.legacy_venue());
        Ok(if known.is_empty() {
            Self::Known
        } else {
            Self::All
        })
    }
}

/// Moves legacy files to the folders of the venues that they belong to.
///
/// # Errors
/// When the disk refuses or the lock is lost. Each file is then where it was, where it belongs, or in both places.
pub fn rehouse(
    stores: &Stores,
    session: Session<'_>,
    which: LookedInto,
) -> Result<RehouseReport, IngestError> {
    // Where nothing can be removed, nothing is moved either: the next run finds it all.
    if stores.refusal().is_some() {
        return Ok(RehouseReport::default());
    }
    let store = &stores.legacy;
    let Lodgers { found, unreadable } = storage::lodgers(store.places(), which == LookedInto::All);
    if found.is_empty() {
        return Ok(RehouseReport {
            left: unreadable,
            ..RehouseReport::default()
        });
    }
    let id = session.runs.next();
    let quarantine = session.quarantine(&id);
    let run = StagedRun::<Open>::begin(session.fs, session.held, session.places, id)?;
    let mut run = run.seal()?;
    let mut done = move_all(&mut run, store, session, &quarantine, &found)?;
    run.finish()?;
    done.left.extend(unreadable);
    Ok(done)
}

/// Moves some of them with a run whose group is empty.
pub(super) fn move_all(
    run: &mut StagedRun<'_, Sealed>,
    store: &LegacyStore,
    session: Session<'_>,
    quarantine: &Quarantine<'_>,
    lodgers: &[Lodger],
) -> Result<RehouseReport, IngestError> {
    let custody = Custody {
        quarantine,
        corrupt_files: session.corrupt_files,
        replaced: Replaced::Noted,
        at: session.clock.now(),
    };
    let mut aside = PutAway::default();
    let Rehoused { moved, left } = storage::rehouse(run, store, lodgers, &custody, &mut aside)?;
    if moved > 0 {
        let files = if moved == 1 { "file" } else { "files" };
        session.observer.observe(Event::Note(format!(
            "{moved} legacy {files} moved to the folders of their venues"
        )));
    }
    Ok(RehouseReport {
        moved,
        kept: aside.into_records().collect(),
        left,
    })
}
