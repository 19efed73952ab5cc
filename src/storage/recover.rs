//! Completes a group commit that a crash interrupted, or that a bad folder kept from its end.
//!
//! Promises: what the journal lists is made durable before it is acted on, and each entry is judged by digests
//! alone, so that a crash of the recovery is recovered from in the same way. A place that has changed since is a
//! conflict and stays as it is; its rows are still staged. A place that refuses its file keeps it in the journal.
//! Leaves to others: the order of a commit (`commit`), merging what is still staged (`ingest::leftovers`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::Fs;
use crate::sys::atomic::parent;

use super::StorageError;
use super::area::Area;
use super::group::NEW;
use super::into_place::{Ancestors, move_into_place};
use super::journal::{self, Entry, JOURNAL_NAME};
use super::waiting::{Left, Waiting};

/// What recovery found of an interrupted commit.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Files that reached their place, now or before the crash.
    pub rolled_forward: usize,
    /// Files whose place has changed since, or lies on another disk by now. Their rows are still staged and will be merged
    /// anew.
    pub conflicts: Vec<Conflict>,
    /// Files whose place refuses them. They stay in the journal, and their series waits for them.
    pub left: Vec<Left>,
}

/// A file that could not be rolled forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where it was to go.
    pub target: PathBuf,
}

enum Step {
    Done,
    Move,
    Conflict,
    Unreadable(StorageError),
}

/// Completes the commits that the journals of a run list.
///
/// # Errors
/// `DamagedJournal`, which a crash cannot cause, and `NewerJournal`; nothing was touched then. Else when the file system
/// refuses or a document cannot be brought to its place.
pub(super) fn recover(area: &Area<'_>, waiting: &mut Waiting) -> Result<Recovered, StorageError> {
    let mut recovered = Recovered::default();
    waiting.forget_journals();
    for dir in area.dirs() {
        recover_in(area, &dir, waiting, &mut recovered)?;
    }
    Ok(recovered)
}

/// Completes what the journal in one of the two folders of the run lists. It lies in the other one if `data` has become
/// a disk of its own since, or has ceased to be one.
fn recover_in(
    area: &Area<'_>,
    dir: &Path,
    waiting: &mut Waiting,
    recovered: &mut Recovered,
) -> Result<(), StorageError> {
    let path = dir.join(JOURNAL_NAME);
    let Some(bytes) = area.fs.read(&path)? else {
        return Ok(());
    };
    let entries = journal::from_bytes(area.places, &path, &bytes)?;
    // The killed run may have left all this in memory only: make it durable before acting on it.
    area.fs.sync_file(&path)?;
    area.fs.sync_dir(dir)?;
    area.confirm_lock()?;

    let mut to_move = Vec::new();
    let mut done = Vec::new();
    let mut conflicts = Vec::new();
    let mut left = Vec::new();
    for entry in entries {
        match judge(area.fs, &entry)? {
            Step::Done => done.push(entry),
            Step::Move => to_move.push(entry),
            Step::Conflict => conflicts.push(entry),
            Step::Unreadable(error) => left.push(Left::new(entry, &error)),
        }
    }
    let mut moved = move_into_place(area, to_move, Ancestors::Doubtful)?;
    moved.done.append(&mut done);
    moved.elsewhere.append(&mut conflicts);
    moved.left.append(&mut left);
    // Every directory that the killed run made may be in memory only, and so may every rename.
    let mut dirs = BTreeSet::new();
    for entry in moved.done.iter().chain(&moved.elsewhere) {
        dirs.extend(area.above(&entry.target));
        dirs.insert(parent(&entry.staged).to_owned());
    }
    dirs.extend(area.dirs().into_iter().map(|dir| dir.join(NEW)));
    let dirs = only_there(area.fs, dirs)?;
    recovered.rolled_forward += moved.done.len();
    let conflicts = moved.elsewhere.iter().map(|entry| Conflict {
        target: entry.target.clone(),
    });
    recovered.conflicts.extend(conflicts);
    let left = waiting.replace_journal(area, &path, moved, dirs)?;
    recovered.left.extend(left);
    Ok(())
}

/// Returns those of some directories that are there.
fn only_there(fs: &dyn Fs, dirs: BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>, StorageError> {
    let mut there = BTreeSet::new();
    for dir in dirs {
        let is_there = match fs.metadata(&dir) {
            Ok(meta) => meta.is_some(),
            // Syncing it then says why not, and whose entries are concerned.
            Err(error) if error.is_of_place() => true,
            Err(error) => return Err(error.into()),
        };
        if is_there {
            there.insert(dir);
        }
    }
    Ok(there)
}

fn judge(fs: &dyn Fs, entry: &Entry) -> Result<Step, StorageError> {
    let digest = |bytes: Option<Vec<u8>>| bytes.map(|bytes| Digest::of(&bytes));
    let found = match fs.read(&entry.target) {
        Ok(bytes) => digest(bytes),
        Err(error) => return Ok(Step::Unreadable(error.into())),
    };
    if found == Some(entry.new) {
        return Ok(Step::Done);
    }
    let is_as_it_was = found.is_none() || found == entry.old;
    let is_staged = digest(fs.read(&entry.staged)?) == Some(entry.new);
    Ok(if is_as_it_was && is_staged {
        Step::Move
    } else {
        Step::Conflict
    })
}
