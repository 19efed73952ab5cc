//! Completes a group commit that a crash interrupted, or that a bad folder kept from its end.
//!
//! Promises: what the journal lists is made durable before it is acted on, and each entry is judged by digests
//! alone, so that a crash of the recovery is recovered from in the same way. A place that has changed since is a
//! conflict and stays as it is; its rows are still staged. A place that refuses its file keeps it in the journal.
//! Leaves to others: the order of a commit (`commit`), merging what is still staged (`ingest::leftovers`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::atomic::parent;

use super::StorageError;
use super::commit::NEW;
use super::into_place::{Ancestors, Left};
use super::journal::{self, Entry, JOURNAL_NAME};
use super::staged::{Sealed, StagedRun};

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

impl StagedRun<'_, Sealed> {
    /// Completes a commit that did not come to its end.
    ///
    /// # Errors
    /// `DamagedJournal`, which a crash cannot cause, and `NewerJournal`; nothing was touched then. Else when the file system
    /// refuses or a document cannot be brought to its place.
    pub fn recover(&mut self) -> Result<Recovered, StorageError> {
        let mut recovered = Recovered::default();
        self.state.left.clear();
        for dir in self.dirs() {
            self.recover_in(&dir, &mut recovered)?;
        }
        self.clear_new()?;
        Ok(recovered)
    }

    /// Completes what the journal in one of the two folders of the run lists. It lies in the other one if `data` has become
    /// a disk of its own since, or has ceased to be one.
    fn recover_in(&mut self, dir: &Path, recovered: &mut Recovered) -> Result<(), StorageError> {
        let path = dir.join(JOURNAL_NAME);
        let Some(bytes) = self.fs.read(&path)? else {
            return Ok(());
        };
        let entries = journal::from_bytes(self.places, &path, &bytes)?;
        // The killed run may have left all this in memory only: make it durable before acting on it.
        self.fs.sync_file(&path)?;
        self.fs.sync_dir(dir)?;
        self.held.confirm()?;

        let mut to_move = Vec::new();
        let mut done = Vec::new();
        let mut conflicts = Vec::new();
        let mut left = Vec::new();
        for entry in entries {
            match self.judge(&entry)? {
                Step::Done => done.push(entry),
                Step::Move => to_move.push(entry),
                Step::Conflict => conflicts.push(entry),
                Step::Unreadable(error) => left.push(Left::new(entry, &error)),
            }
        }
        let mut moved = self.move_into_place(to_move, Ancestors::Doubtful)?;
        moved.done.append(&mut done);
        moved.elsewhere.append(&mut conflicts);
        moved.left.append(&mut left);
        // Every directory that the killed run made may be in memory only, and so may every rename.
        let mut dirs = BTreeSet::new();
        for entry in moved.done.iter().chain(&moved.elsewhere) {
            dirs.extend(self.ancestors(&entry.target));
            dirs.insert(parent(&entry.staged).to_owned());
        }
        dirs.extend(self.dirs().into_iter().map(|dir| dir.join(NEW)));
        let dirs = self.only_there(dirs)?;
        recovered.rolled_forward += moved.done.len();
        let conflicts = moved.elsewhere.iter().map(|entry| Conflict {
            target: entry.target.clone(),
        });
        recovered.conflicts.extend(conflicts);
        let left = self.settle_journal(&path, moved, dirs)?;
        recovered.left.extend(left);
        Ok(())
    }

    /// Returns those of some directories that are there.
    fn only_there(&self, dirs: BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>, StorageError> {
        let mut there = BTreeSet::new();
        for dir in dirs {
            let is_there = match self.fs.metadata(&dir) {
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

    /// Removes a damaged journal, after it was kept elsewhere; the staged rows can then be merged anew.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget_journal(&mut self, journal: &Path) -> Result<(), StorageError> {
        self.fs.remove_file(journal)?;
        Ok(self.fs.sync_dir(parent(journal))?)
    }

    fn judge(&self, entry: &Entry) -> Result<Step, StorageError> {
        let digest = |bytes: Option<Vec<u8>>| bytes.map(|bytes| Digest::of(&bytes));
        let found = match self.fs.read(&entry.target) {
            Ok(bytes) => digest(bytes),
            Err(error) => return Ok(Step::Unreadable(error.into())),
        };
        if found == Some(entry.new) {
            return Ok(Step::Done);
        }
        let is_as_it_was = found.is_none() || found == entry.old;
        let is_staged = digest(self.fs.read(&entry.staged)?) == Some(entry.new);
        Ok(if is_as_it_was && is_staged {
            Step::Move
        } else {
            Step::Conflict
        })
    }
}
