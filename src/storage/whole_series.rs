//! Series built whole in staging and moved into the tree by one rename each, and moved out of it again.
//!
//! For a series of which the tree has nothing, as in a migration. Its folder is built in staging in the very shape
//! that it will have, made durable, read back and judged there, and only then moved: readers see all of it or none,
//! and what a crash leaves behind lies in staging, where the next start clears it away.
//! Leaves to others: series of which the tree has files already (`commit`), judging (`migrate`).

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::layout::parse_series_name;
use crate::ledger::SeriesRecord;
use crate::model::Digest;
use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind, Medium};

use super::StorageError;
use super::draft::{Draft, DraftFile};
use super::staged::{Sealed, StagedRun};

/// The folder of a run in which whole series are built, in the shape of the data root.
const WHOLE: &str = "whole";

/// The folder of a run into which goes what is to be removed.
const TRASH: &str = "trash";

/// Whether a folder may leave the tree in pieces, where the disk does not rename folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPieces {
    /// It may: nobody reads it any more.
    Allowed,
    /// It leaves whole or stays.
    Refused,
}

/// A series that was built in staging, and what has to be read back from its files.
#[derive(Debug)]
pub struct BuiltSeries {
    /// Where it will stand.
    pub dir: PathBuf,
    /// What is known of it without opening its files.
    pub record: SeriesRecord,
    /// The files in staging, and the SHA-256 of each.
    files: Vec<(PathBuf, Digest)>,
}

impl BuiltSeries {
    /// Reads the files back from the disk, and tells whether every one came from there rather than from memory. `None` when
    /// one of them is not byte for byte what was built.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn reread(&self, fs: &dyn Fs) -> Result<Option<Medium>, StorageError> {
        let mut from = Medium::Disk;
        for (path, digest) in &self.files {
            match fs.read_from_medium(path)? {
                Some((bytes, medium)) if Digest::of(&bytes) == *digest => from = from.min(medium),
                _ => return Ok(None),
            }
        }
        Ok(Some(from))
    }
}

/// Series that were built and not moved yet.
#[derive(Debug, Default)]
pub(super) struct WholeSeries {
    files: Vec<PathBuf>,
    dirs: HashSet<PathBuf>,
}

impl StagedRun<'_, Sealed> {
    /// Returns the folder that stands for the data root while series are built.
    pub fn whole_root(&self) -> PathBuf {
        self.dir.join(WHOLE)
    }

    /// Builds the files of a series. Only staging changes, and nothing is durable yet.
    ///
    /// # Errors
    /// With nothing changed: an error of a place (`is_of_place`) when the folder could not be brought to its place, or an
    /// earlier run goes first. Else when a file lies outside of the data root or cannot be written.
    pub fn build_whole(&mut self, draft: &Draft) -> Result<BuiltSeries, StorageError> {
        let below = draft.dir.strip_prefix(&self.places.data).ok();
        let series = below.and_then(|below| parse_series_name(below.to_str()?));
        series.map_or(Ok(()), |request| self.refuse_held(&request))?;
        self.probe_folder(&draft.dir)?;
        let mut files = Vec::with_capacity(draft.files.len());
        for DraftFile {
            path,
            bytes,
            digest,
            ..
        } in &draft.files
        {
            let staged = self.stand_in(path)?;
            self.make_whole_dirs(parent(&staged))?;
            let access = self.whole_access(&staged, draft.origin);
            let mut writer = self.fs.create_new(&staged, access)?;
            writer.write_all(bytes)?;
            drop(writer);
            self.state.whole.files.push(staged.clone());
            files.push((staged, *digest));
        }
        if self.is_whole_refused(&self.stand_in(&draft.dir)?) {
            self.state.refused.push(draft.dir.clone());
        }
        Ok(BuiltSeries {
            dir: draft.dir.clone(),
            record: draft.record.clone(),
            files,
        })
    }

    /// Makes everything durable that was built since the last call.
    ///
    /// # Errors
    /// When the barrier fails; then nothing that was built may be moved.
    pub fn sync_whole(&mut self) -> Result<(), StorageError> {
        let WholeSeries { files, mut dirs } = std::mem::take(&mut self.state.whole);
        dirs.insert(self.dir.clone());
        let mut dirs: Vec<PathBuf> = dirs.into_iter().collect();
        dirs.sort_unstable();
        Ok(self.barrier.sync(&files, &dirs)?)
    }

    /// Moves the folders of series into the tree, given by where they will stand. When this returns `Ok`, each of them
    /// survives power loss.
    ///
    /// # Errors
    /// When the lock was lost, or the tree has got such a folder meanwhile. Folders before the one in question are moved.
    pub fn move_whole(&mut self, series_dirs: &[PathBuf]) -> Result<(), StorageError> {
        if series_dirs.is_empty() {
            return Ok(());
        }
        self.held.confirm()?;
        let mut known = BTreeSet::from([self.places.root.clone()]);
        let mut grown = BTreeSet::new();
        for dir in series_dirs {
            self.make_real_dirs(parent(dir), &mut known, &mut grown)?;
        }
        // A folder moved into a directory that a power cut takes away would be in neither place.
        self.barrier
            .sync(&[], &grown.into_iter().collect::<Vec<_>>())?;
        let mut touched = BTreeSet::new();
        for dir in series_dirs {
            let staged = self.stand_in(dir)?;
            self.fs.rename(&staged, dir)?;
            touched.extend([parent(&staged).to_owned(), parent(dir).to_owned()]);
        }
        Ok(self
            .barrier
            .sync(&[], &touched.into_iter().collect::<Vec<_>>())?)
    }

    /// Removes what was built and will not be moved.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn discard_whole(&mut self, series_dir: &Path) -> Result<(), StorageError> {
        super::staged::remove_tree(self.fs, &self.stand_in(series_dir)?)
    }

    /// Gives up whatever was built and not moved, and the space that it took.
    pub fn abandon_whole(&self) {
        // The error that led here is the one to report; the next start clears what is left.
        let _removed: Result<(), StorageError> =
            super::staged::remove_tree(self.fs, &self.whole_root());
    }

    /// Moves files or folders out of the tree, to be removed by `finish`, or by the next start if this run ends before.
    /// When this returns `Ok`, the tree is without them, power loss or not.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses. What was not moved is where it was. On an overlay, which refuses to rename
    /// folders of its lower layer, a folder goes file by file if it may, and else is refused.
    pub fn trash(&mut self, paths: &[PathBuf], in_pieces: InPieces) -> Result<(), StorageError> {
        self.held.confirm()?;
        let mut asked = BTreeSet::new();
        for path in paths {
            let home = if self.is_under_barrier(path) {
                &self.places.staging
            } else {
                &self.places.root
            };
            // Asked of all before the first is moved.
            if asked.insert(parent(path)) && !self.fs.same_device(parent(path), home)? {
                return Err(StorageError::Place {
                    path: path.clone(),
                    reason: "it lies on another disk than the staging folder, and cannot be moved out of the tree".to_owned(),
                });
            }
        }
        for path in paths {
            // The trash has the shape of the workspace, so that whoever empties it knows where everything came from.
            let below = path
                .strip_prefix(&self.places.root)
                .map_err(|_| StorageError::NotADirectory { path: path.clone() })?;
            let target = self.home_of(path).join(TRASH).join(below);
            self.make_own_dirs(parent(&target))?;
            self.throw(path, &target, in_pieces)?;
        }
        self.settle_moves()
    }

    /// Moves a file or folder into the trash. Where that has to be done in pieces, a crash in between leaves the rest to be
    /// thrown away by whoever tries again.
    fn throw(&self, path: &Path, target: &Path, in_pieces: InPieces) -> Result<(), StorageError> {
        match self.fs.rename(path, target) {
            Err(error)
                if error.is_other_disk()
                    && in_pieces == InPieces::Allowed
                    && self.is_folder(path)? => {}
            renamed => return Ok(renamed?),
        }
        self.fs.create_dir(target)?;
        for entry in self.fs.list(path)?.unwrap_or_default() {
            let (path, target) = (path.join(&entry.name), target.join(&entry.name));
            self.throw(&path, &target, in_pieces)?;
        }
        self.fs.remove_dir(path)?;
        Ok(())
    }

    fn is_folder(&self, path: &Path) -> Result<bool, StorageError> {
        let meta = self.fs.metadata(path)?;
        Ok(meta.is_some_and(|meta| meta.kind == Kind::Dir))
    }

    /// Makes durable what was moved into the tree and out of it. A run that was killed may have done so in memory only, and
    /// a power cut could bring a folder back of which some files are removed already, or take one away that was proven.
    pub(super) fn settle_moves(&self) -> Result<(), StorageError> {
        let mut dirs = BTreeSet::new();
        let shapes = self.dirs().into_iter().flat_map(|dir| {
            [
                (dir.join(TRASH), &self.places.root),
                (dir.join(WHOLE), &self.places.data),
            ]
        });
        for (shape, origin) in shapes {
            if self.fs.metadata(&shape)?.is_some() {
                self.collect_twins(&shape, origin, &mut dirs)?;
            }
        }
        self.sync_all(&[], dirs)
    }

    /// Collects the directories that a folder of the run and the tree both have.
    fn collect_twins(
        &self,
        own: &Path,
        twin: &Path,
        dirs: &mut BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        dirs.extend([own.to_owned(), twin.to_owned()]);
        for entry in self.fs.list(own)?.unwrap_or_default() {
            let (own, twin) = (own.join(&entry.name), twin.join(&entry.name));
            let is_there = self
                .fs
                .metadata(&twin)?
                .is_some_and(|meta| meta.kind == Kind::Dir);
            if entry.kind == Kind::Dir && is_there {
                self.collect_twins(&own, &twin, dirs)?;
            }
        }
        Ok(())
    }

    /// Returns the staging area on the disk of a path: `data` may be a disk of its own.
    pub(super) fn home_of(&self, path: &Path) -> &Path {
        if path.starts_with(&self.places.data) {
            &self.dir
        } else {
            &self.home_dir
        }
    }

    fn stand_in(&self, target: &Path) -> Result<PathBuf, StorageError> {
        let below =
            target
                .strip_prefix(&self.places.data)
                .map_err(|_| StorageError::NotADirectory {
                    path: target.to_owned(),
                })?;
        Ok(self.whole_root().join(below))
    }

    fn make_whole_dirs(&mut self, dir: &Path) -> Result<(), StorageError> {
        if dir == self.dir || self.state.whole.dirs.contains(dir) {
            return Ok(());
        }
        self.make_whole_dirs(parent(dir))?;
        self.make_whole_dir(dir)?;
        self.state.whole.dirs.insert(dir.to_owned());
        Ok(())
    }
}
