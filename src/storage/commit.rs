//! The group commit: many new files become visible together, or after the next start, or not at all.
//!
//! Whole new files are built in staging; one barrier makes them durable; the journal's rename, durable, is the
//! commit point; renames move the files into place; one barrier makes the renames durable; the journal goes.
//! A crash before the commit point leaves the tree as it was, a crash after it is rolled forward by the next
//! run, however often that one crashes too. The tests simulate each of these, on a disk that loses whatever was
//! not synced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::Kind;
use crate::sys::atomic::{create_dirs, parent, write_new};

use super::journal::{self, Entry, JOURNAL_NAME};
use super::staged::{Sealed, StagedRun, remove_tree};
use super::{Prepared, PreparedFile, StorageError};

/// The folder of a run in which whole new files are built.
const NEW: &str = "new";
/// The journal before it counts.
const UNSEALED_JOURNAL: &str = ".journal.tmp";

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
    /// Refuses a merge whose file another merge of this group writes as well: each was made without the other's rows,
    /// and one would be lost. To be asked before the files of a merge are added.
    ///
    /// # Errors
    /// `Refused` with the file, also when two names differ only in case and the disk cannot tell them apart.
    pub fn refuse_twins(&mut self, prepared: &Prepared) -> Result<(), StorageError> {
        let fold = |path: &Path| path.to_string_lossy().to_uppercase().to_lowercase();
        for file in &prepared.files {
            let Some(other) = self.state.targets.get(&fold(&file.target)) else {
                continue;
            };
            if *other == file.target || self.folds_case()? {
                return Err(StorageError::Refused {
                    path: file.target.clone(),
                    reason: format!("{} of this run is the same file here", other.display()),
                });
            }
        }
        let targets = prepared.files.iter().map(|file| &file.target);
        let folded = targets.map(|target| (fold(target), target.clone()));
        self.state.targets.extend(folded);
        Ok(())
    }

    /// Tells whether the disk takes two names that differ only in case for one.
    fn folds_case(&self) -> Result<bool, StorageError> {
        let name = self.id().as_str().to_lowercase();
        Ok(self.fs.metadata(&self.dir.with_file_name(name))?.is_some())
    }

    /// Adds a whole new file to the group that the next `commit` makes visible. Only staging changes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, file: &PreparedFile) -> Result<(), StorageError> {
        let new_dir = self.new_dir_for(&file.target);
        if self.state.group.is_empty() {
            self.clear_new()?;
        }
        if self.state.group_dirs.insert(new_dir.clone()) {
            create_dirs(self.fs, &self.places.root, &new_dir)?;
        }
        let staged = new_dir.join(self.state.group.len().to_string());
        let mut writer = self.fs.create_new(&staged)?;
        writer.write_all(&file.bytes)?;
        if !self.is_under_barrier(&staged) {
            writer.sync()?;
        }
        let entry = Entry {
            staged,
            target: file.target.clone(),
            old: file.old,
            new: file.new,
        };
        self.state.group.push(entry);
        Ok(())
    }

    /// Gives up a group that could not be built, and the space that it took. Its rows stay staged. A group that may
    /// have passed its commit point is left for the next run.
    pub fn abandon_group(&mut self) {
        self.state.group.clear();
        self.state.group_dirs.clear();
        self.state.targets.clear();
        // Once the journal has its name the group may be committed, and the next run needs the files to complete it.
        let journal = self.fs.metadata(&self.dir.join(JOURNAL_NAME));
        if !matches!(journal, Ok(None)) {
            return;
        }
        // The error that led here is the one to report; the next run clears what is left.
        let _cleared: Result<(), StorageError> = self.clear_new();
    }

    /// Tells how many files the group has.
    pub fn group_len(&self) -> usize {
        self.state.group.len()
    }

    /// Commits the group. When this returns `Ok`, every file of it survives power loss.
    ///
    /// # Errors
    /// Before the commit point, nothing outside staging has changed. After it, the next run completes the group.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        let entries = std::mem::take(&mut self.state.group);
        let new_dirs = std::mem::take(&mut self.state.group_dirs);
        self.state.targets.clear();
        if entries.is_empty() {
            return Ok(());
        }
        let staged: Vec<PathBuf> = entries.iter().map(|entry| entry.staged.clone()).collect();
        self.sync_all(&staged, new_dirs.clone())?;
        self.held.confirm()?;
        self.seal_journal(&entries)?;
        self.move_into_place(&entries.iter().collect::<Vec<_>>(), BTreeSet::new())?;
        let targets = entries.iter().map(|entry| parent(&entry.target).to_owned());
        self.drop_journal(targets.chain(new_dirs).collect())
    }

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

    fn new_dir_for(&self, target: &Path) -> PathBuf {
        let base = if target.starts_with(&self.places.data) {
            &self.dir
        } else {
            &self.home_dir
        };
        base.join(NEW)
    }

    /// Tells whether the barrier, which stands on the data root's file system, covers a path.
    fn is_under_barrier(&self, path: &Path) -> bool {
        self.home_dir == self.dir || path.starts_with(&self.places.data)
    }

    /// Makes files and directories durable: one barrier, and each path by itself that lies on another disk.
    fn sync_all(&self, files: &[PathBuf], dirs: BTreeSet<PathBuf>) -> Result<(), StorageError> {
        let files: Vec<PathBuf> = files
            .iter()
            .filter(|file| self.is_under_barrier(file))
            .cloned()
            .collect();
        let (below, beside): (Vec<PathBuf>, Vec<PathBuf>) =
            dirs.into_iter().partition(|dir| self.is_under_barrier(dir));
        self.barrier.sync(&files, &below)?;
        Ok(beside.iter().try_for_each(|dir| self.fs.sync_dir(dir))?)
    }

    /// Makes the journal count. After the last line the group is committed.
    fn seal_journal(&self, entries: &[Entry]) -> Result<(), StorageError> {
        let unsealed = self.dir.join(UNSEALED_JOURNAL);
        self.fs.remove_file(&unsealed)?;
        write_new(
            self.fs,
            &unsealed,
            &journal::to_bytes(&self.places.root, entries),
        )?;
        self.fs.rename(&unsealed, &self.dir.join(JOURNAL_NAME))?;
        Ok(self.fs.sync_dir(&self.dir)?)
    }

    /// Renames staged files to their targets; `doubtful` are directories that may not be durable yet.
    fn move_into_place(
        &self,
        entries: &[&Entry],
        doubtful: BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        let mut known = BTreeSet::from([self.places.root.clone()]);
        let mut grown = doubtful;
        for entry in entries {
            self.make_real_dirs(parent(&entry.target), &mut known, &mut grown)?;
        }
        // A file moved into a directory that a power cut takes away would be in neither place.
        self.barrier
            .sync(&[], &grown.into_iter().collect::<Vec<_>>())?;
        for entry in entries {
            self.fs.rename(&entry.staged, &entry.target)?;
        }
        Ok(())
    }

    /// Makes the renames durable, and only then forgets the journal.
    fn drop_journal(&self, dirs: BTreeSet<PathBuf>) -> Result<(), StorageError> {
        self.sync_all(&[], dirs)?;
        self.fs.remove_file(&self.dir.join(JOURNAL_NAME))?;
        Ok(self.fs.sync_dir(&self.dir)?)
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

    /// Creates missing directories, and refuses to write through a link below the data root.
    fn make_real_dirs(
        &self,
        dir: &Path,
        known: &mut BTreeSet<PathBuf>,
        grown: &mut BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        if known.contains(dir) {
            return Ok(());
        }
        match self.fs.metadata(dir)?.map(|meta| meta.kind) {
            Some(Kind::Dir) => {
                if !dir.starts_with(&self.places.root) {
                    return Err(StorageError::NotADirectory {
                        path: dir.to_owned(),
                    });
                }
                self.make_real_dirs(parent(dir), known, grown)?;
            }
            Some(Kind::Link) if dir == self.places.data => {}
            Some(_) => {
                return Err(StorageError::NotADirectory {
                    path: dir.to_owned(),
                });
            }
            None => {
                self.make_real_dirs(parent(dir), known, grown)?;
                self.fs.create_dir(dir)?;
                grown.insert(parent(dir).to_owned());
            }
        }
        known.insert(dir.to_owned());
        Ok(())
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

    /// Drops files of a group that never reached its commit point. Their rows are still staged.
    fn clear_new(&self) -> Result<(), StorageError> {
        for dir in BTreeSet::from([&self.dir, &self.home_dir]) {
            remove_tree(self.fs, &dir.join(NEW))?;
        }
        Ok(())
    }
}
