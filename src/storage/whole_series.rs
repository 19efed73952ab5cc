//! Series built whole in staging and moved into the tree by one rename each.
//!
//! For a series of which the tree has nothing, as in a migration. Its folder is built in staging in the very shape
//! that it will have, made durable, read back and judged there, and only then moved: readers see all of it or none,
//! and what a crash leaves behind lies in staging, where the next start clears it away.
//! Leaves to others: series of which the tree has files already (`commit`), judging (`migrate`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::ledger::SeriesRecord;
use crate::model::Digest;
use crate::sys::atomic::parent;
use crate::sys::{Fs, Medium};

use super::StorageError;
use super::area::{Area, remove_tree};
use super::berth::Berths;
use super::draft::{Draft, DraftFile};
use super::into_place::make_real_dirs;
use super::spelled::SpelledPaths;

/// The folder of a run in which whole series are built, in the shape of the data root.
pub(super) const WHOLE: &str = "whole";

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
    dirs: SpelledPaths,
}

impl WholeSeries {
    /// Builds the files of a series. Only staging changes, and nothing is durable yet.
    pub(super) fn build(
        &mut self,
        area: &Area<'_>,
        berths: &mut Berths,
        draft: &Draft,
    ) -> Result<BuiltSeries, StorageError> {
        berths.probed.probe_folder(area, &draft.dir)?;
        let mut files = Vec::with_capacity(draft.files.len());
        for DraftFile {
            path,
            bytes,
            digest,
            ..
        } in &draft.files
        {
            let staged = stand_in(area, path)?;
            self.make_dirs(area, berths, parent(&staged))?;
            let access = berths.whole_access(&staged, draft.origin);
            let mut writer = area.fs.create_new(&staged, access)?;
            writer.write_all(bytes)?;
            drop(writer);
            self.files.push(staged.clone());
            files.push((staged, *digest));
        }
        if berths.is_whole_refused(&stand_in(area, &draft.dir)?) {
            berths.note_refused(&draft.dir);
        }
        Ok(BuiltSeries {
            dir: draft.dir.clone(),
            record: draft.record.clone(),
            files,
        })
    }

    /// Makes everything durable that was built since the last call.
    pub(super) fn sync(&mut self, area: &Area<'_>) -> Result<(), StorageError> {
        let Self { files, dirs } = std::mem::take(self);
        let mut dirs = dirs.in_order();
        dirs.insert(area.dir().to_owned());
        area.sync_of_data(&files, dirs)
    }

    fn make_dirs(
        &mut self,
        area: &Area<'_>,
        berths: &mut Berths,
        dir: &Path,
    ) -> Result<(), StorageError> {
        if dir == area.dir() || self.dirs.contains(dir) {
            return Ok(());
        }
        self.make_dirs(area, berths, parent(dir))?;
        berths.make_whole_dir(area, dir)?;
        self.dirs.add(dir);
        Ok(())
    }
}

/// Returns the folder that stands for the data root while series are built.
pub(super) fn whole_root(area: &Area<'_>) -> PathBuf {
    area.dir().join(WHOLE)
}

/// Moves the folders of series into the tree, given by where they will stand. When this returns `Ok`, each of them
/// survives power loss.
pub(super) fn move_whole(area: &Area<'_>, series_dirs: &[PathBuf]) -> Result<(), StorageError> {
    if series_dirs.is_empty() {
        return Ok(());
    }
    area.confirm_lock()?;
    let mut known = SpelledPaths::default();
    known.add(&area.places.root);
    let mut grown = SpelledPaths::default();
    for dir in series_dirs {
        make_real_dirs(area, parent(dir), &mut known, &mut grown)?;
    }
    // A folder moved into a directory that a power cut takes away would be in neither place.
    area.sync_of_data(&[], grown.in_order())?;
    let mut touched = BTreeSet::new();
    for dir in series_dirs {
        let staged = stand_in(area, dir)?;
        area.fs.rename(&staged, dir)?;
        touched.extend([parent(&staged).to_owned(), parent(dir).to_owned()]);
    }
    area.sync_of_data(&[], touched)
}

/// Removes what was built of a series and will not be moved.
pub(super) fn discard_whole(area: &Area<'_>, series_dir: &Path) -> Result<(), StorageError> {
    remove_tree(area.fs, &stand_in(area, series_dir)?)
}

/// Returns the place in staging that stands for one in the tree.
fn stand_in(area: &Area<'_>, target: &Path) -> Result<PathBuf, StorageError> {
    let below =
        target
            .strip_prefix(&area.places.data)
            .map_err(|_| StorageError::NotADirectory {
                path: target.to_owned(),
            })?;
    Ok(whole_root(area).join(below))
}
