//! The group commit: many new files become visible together, or after the next start, or not at all.
//!
//! Whole new files are built in staging; one barrier makes them durable; the journal's rename, durable, is the
//! commit point; renames move the files into place; one barrier makes the renames durable; the journal goes, or what is
//! left of it stays (`into_place`). A crash before the commit point leaves the tree as it was, a crash after it is rolled
//! forward by the next run (`recover`), however often that one crashes too. The tests simulate each of these, on a disk that
//! loses whatever was not synced.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::StorageError;
use super::area::Area;
use super::into_place::{Ancestors, move_into_place, seal_journal};
use super::journal::{Entry, JOURNAL_NAME};
use super::waiting::{Left, Waiting};

/// How far a commit went.
#[derive(Debug, Default)]
#[must_use = "what is left is not in the tree"]
pub struct Committed {
    /// Files whose places refused them after the commit point. They stay in the journal, for each later run to try again.
    pub left: Vec<Left>,
}

/// Commits the files of a group, which are staged in the folders `dirs`.
///
/// # Errors
/// Before the commit point, nothing outside staging has changed. After it, the next run completes the group.
pub(super) fn commit(
    area: &Area<'_>,
    entries: Vec<Entry>,
    dirs: BTreeSet<PathBuf>,
    waiting: &mut Waiting,
) -> Result<Committed, StorageError> {
    if entries.is_empty() {
        return Ok(Committed::default());
    }
    // A run that was left may lie in the other staging place only, and have nothing but documents to bring along.
    if area.fs.metadata(area.dir())?.is_none() {
        area.make_own_dirs(area.dir())?;
    }
    let staged: Vec<PathBuf> = entries.iter().map(|entry| entry.staged.clone()).collect();
    area.sync_all(&staged, dirs.clone())?;
    area.confirm_lock()?;
    let journal = area.dir().join(JOURNAL_NAME);
    // What an earlier group left stays listed: one journal speaks for the whole run.
    let mut listed = waiting.listed(&journal);
    listed.extend(entries.iter().cloned());
    seal_journal(area, &journal, &listed)?;
    let mut moved = move_into_place(area, entries, Ancestors::Durable)?;
    let elsewhere = std::mem::take(&mut moved.elsewhere).into_iter();
    moved.left.extend(elsewhere.map(|entry| Left {
        reason: "it lies on another disk than the staging folder".to_owned(),
        entry,
    }));
    let left = waiting.replace_journal(area, &journal, moved, dirs)?;
    Ok(Committed { left })
}
