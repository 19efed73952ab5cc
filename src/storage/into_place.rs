//! The renames after the commit point, and the journal that speaks of them.
//!
//! Promises: nothing is given up any more. A place that refuses its file does not keep the others from theirs. A disk that
//! fails or is full stops the run, with the journal as it was. Leaves to others: what is left (`waiting`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sys::atomic::{parent, write_new};
use crate::sys::{Access, Kind};

use super::StorageError;
use super::area::Area;
use super::journal::{self, Entry};
use super::spelled::SpelledPaths;
use super::waiting::Left;

/// The journal before it counts.
const UNSEALED_JOURNAL: &str = ".journal.tmp";

/// What became of entries.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// They are in their places.
    pub(super) done: Vec<Entry>,
    /// Their places are on another disk, to which nothing can be renamed, however often it is tried.
    pub(super) elsewhere: Vec<Entry>,
    /// Their places refuse them.
    pub(super) left: Vec<Left>,
}

/// Whether directories that are there already may exist in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ancestors {
    /// No.
    Durable,
    /// Yes: a run that was killed made them.
    Doubtful,
}

/// Renames staged files to their targets.
pub(super) fn move_into_place(
    area: &Area<'_>,
    entries: Vec<Entry>,
    ancestors: Ancestors,
) -> Result<Moved, StorageError> {
    let mut moved = Moved::default();
    let mut known = SpelledPaths::default();
    known.add(&area.places.root);
    let mut grown = SpelledPaths::default();
    let mut ready = Vec::with_capacity(entries.len());
    for entry in entries {
        match make_real_dirs(area, parent(&entry.target), &mut known, &mut grown) {
            Ok(()) => ready.push(entry),
            Err(error) if error.is_of_place() => moved.left.push(Left::new(entry, &error)),
            Err(error) => return Err(error),
        }
    }
    let mut grown = grown.in_order();
    if ancestors == Ancestors::Doubtful {
        grown.extend(ready.iter().flat_map(|entry| area.above(&entry.target)));
    }
    // A file moved into a directory that a power cut takes away would be in neither place.
    sync_for(area, &mut [&mut ready], &mut moved.left, grown)?;
    for entry in ready {
        match area.fs.rename(&entry.staged, &entry.target) {
            Ok(()) => moved.done.push(entry),
            Err(error) if error.is_other_disk() => moved.elsewhere.push(entry),
            Err(error) if error.is_of_place() => {
                moved.left.push(Left::new(entry, &error.into()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(moved)
}

/// Makes directories durable. Entries below one that refuses even that are left: nobody knows of them then.
pub(super) fn sync_for(
    area: &Area<'_>,
    entries: &mut [&mut Vec<Entry>],
    left: &mut Vec<Left>,
    mut dirs: BTreeSet<PathBuf>,
) -> Result<(), StorageError> {
    loop {
        let error = match area.sync_all(&[], dirs.clone()) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let bad = match &error {
            StorageError::Fs(refused) if refused.is_of_place() => refused.path.clone(),
            _ => return Err(error),
        };
        let before = left.len();
        for entries in entries.iter_mut() {
            let (below, others): (Vec<Entry>, Vec<Entry>) = std::mem::take(*entries)
                .into_iter()
                .partition(|entry| entry.target.starts_with(&bad));
            left.extend(below.into_iter().map(|entry| Left::new(entry, &error)));
            **entries = others;
        }
        if left.len() == before {
            return Err(error);
        }
        dirs.retain(|dir| !dir.starts_with(&bad));
    }
}

/// Makes the journal count. After the last line what it lists is committed, and nothing else is.
pub(super) fn seal_journal(
    area: &Area<'_>,
    journal: &Path,
    entries: &[Entry],
) -> Result<(), StorageError> {
    let unsealed = journal.with_file_name(UNSEALED_JOURNAL);
    area.fs.remove_file(&unsealed)?;
    let bytes = journal::to_bytes(&area.places.root, entries);
    write_new(area.fs, &unsealed, &bytes, Access::Fresh)?;
    area.fs.rename(&unsealed, journal)?;
    Ok(area.fs.sync_dir(parent(journal))?)
}

/// Creates missing directories, and refuses to write through a link below the data root.
pub(super) fn make_real_dirs(
    area: &Area<'_>,
    dir: &Path,
    known: &mut SpelledPaths,
    grown: &mut SpelledPaths,
) -> Result<(), StorageError> {
    if known.contains(dir) {
        return Ok(());
    }
    match area.fs.metadata(dir)?.map(|meta| meta.kind) {
        Some(Kind::Dir) => {
            if !dir.starts_with(&area.places.root) {
                return Err(StorageError::NotADirectory {
                    path: dir.to_owned(),
                });
            }
            make_real_dirs(area, parent(dir), known, grown)?;
        }
        Some(Kind::Link) if dir == area.places.data => {}
        Some(_) => {
            return Err(StorageError::NotADirectory {
                path: dir.to_owned(),
            });
        }
        None => {
            make_real_dirs(area, parent(dir), known, grown)?;
            area.fs.create_dir(dir)?;
            grown.add(parent(dir));
        }
    }
    known.add(dir);
    Ok(())
}
