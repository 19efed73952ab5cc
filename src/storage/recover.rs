//! Completes a group commit that a crash interrupted.
//!
//! Promises: what the journal lists is made durable before it is acted on, and each entry is judged by digests
//! alone, so that a crash of the recovery is recovered from in the same way. A place that has changed since is a
//! conflict and stays as it is; its rows are still staged.
//! Leaves to others: the order of a commit (`commit`), merging what is still staged (`update::resume`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Digest;

use super::StorageError;
use super::commit::NEW;
use super::journal::{self, Entry, JOURNAL_NAME};
use super::staged::{Sealed, StagedRun};

/// What recovery found of an interrupted commit.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Files that reached their place, now or before the crash.
    pub rolled_forward: usize,
    /// Files whose place has changed since. Their rows are still staged and will be merged anew.
    pub conflicts: Vec<Conflict>,
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
}

impl StagedRun<'_, Sealed> {
    /// Completes a commit that a crash interrupted.
    ///
    /// # Errors
    /// When the journal is damaged, which a crash cannot cause, or the file system refuses.
    pub fn recover(&mut self) -> Result<Recovered, StorageError> {
        let path = self.dir.join(JOURNAL_NAME);
        let Some(bytes) = self.fs.read(&path)? else {
            self.clear_new()?;
            return Ok(Recovered::default());
        };
        let entries = journal::from_bytes(&self.places.root, &path, &bytes)?;
        // The killed run may have left all this in memory only: make it durable before acting on it.
        self.fs.sync_file(&path)?;
        self.fs.sync_dir(&self.dir)?;
        self.held.confirm()?;

        let mut recovered = Recovered::default();
        let mut to_move = Vec::new();
        let mut settled = Vec::new();
        for entry in &entries {
            match self.judge(entry)? {
                Step::Done => settled.push(entry),
                Step::Move => to_move.push(entry),
                Step::Conflict => recovered.conflicts.push(Conflict {
                    target: entry.target.clone(),
                }),
            }
        }
        recovered.rolled_forward = settled.len() + to_move.len();
        // Every directory that the killed run made may be in memory only, and so may every rename.
        let mut dirs: BTreeSet<PathBuf> = to_move
            .iter()
            .flat_map(|entry| self.ancestors(&entry.target))
            .collect();
        self.move_into_place(&to_move, dirs.clone())?;
        dirs.extend(
            settled
                .iter()
                .flat_map(|entry| self.ancestors(&entry.target)),
        );
        let beyond = recovered
            .conflicts
            .iter()
            .flat_map(|conflict| self.ancestors(&conflict.target));
        let new_dirs = [&self.dir, &self.home_dir].map(|base| base.join(NEW));
        for dir in beyond.chain(new_dirs) {
            if self.fs.metadata(&dir)?.is_some() {
                dirs.insert(dir);
            }
        }
        self.drop_journal(dirs)?;
        self.clear_new()?;
        Ok(recovered)
    }

    /// Removes a damaged journal, after it was kept elsewhere; the staged rows can then be merged anew.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget_journal(&mut self) -> Result<(), StorageError> {
        self.fs.remove_file(&self.dir.join(JOURNAL_NAME))?;
        self.fs.sync_dir(&self.dir)?;
        self.clear_new()
    }

    fn judge(&self, entry: &Entry) -> Result<Step, StorageError> {
        let digest = |path: &Path| -> Result<Option<Digest>, StorageError> {
            Ok(self.fs.read(path)?.map(|bytes| Digest::of(&bytes)))
        };
        let found = digest(&entry.target)?;
        if found == Some(entry.new) {
            return Ok(Step::Done);
        }
        let is_as_it_was = found.is_none() || found == entry.old;
        let is_staged = digest(&entry.staged)? == Some(entry.new);
        Ok(if is_as_it_was && is_staged {
            Step::Move
        } else {
            Step::Conflict
        })
    }

    fn ancestors(&self, target: &Path) -> Vec<PathBuf> {
        let is_below = |dir: &&Path| dir.starts_with(&self.places.root);
        target
            .ancestors()
            .skip(1)
            .take_while(is_below)
            .map(Path::to_owned)
            .collect()
    }
}
