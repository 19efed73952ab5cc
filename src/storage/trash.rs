//! What leaves the tree: moved into staging first, in one rename, and removed there.
//!
//! Promises: when a call returns, the tree is without what was moved, power loss or not; what a killed run moved is made
//! durable before anything of it is removed. Leaves to others: whether something may go (`migrate`, `rehouse`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind};

use super::StorageError;
use super::area::Area;
use super::whole_series::WHOLE;

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

/// Moves files or folders out of the tree, to be removed by `finish`, or by the next start if this run ends before.
/// When this returns `Ok`, the tree is without them, power loss or not.
///
/// # Errors
/// When the lock was lost or the disk refuses. What was not moved is where it was. On an overlay, which refuses to rename
/// folders of its lower layer, a folder goes file by file if it may, and else is refused.
pub(super) fn trash(
    area: &Area<'_>,
    paths: &[PathBuf],
    in_pieces: InPieces,
) -> Result<(), StorageError> {
    area.confirm_lock()?;
    let mut asked = BTreeSet::new();
    for path in paths {
        let home = if area.is_under_barrier(path) {
            &area.places.staging
        } else {
            &area.places.root
        };
        // Asked of all before the first is moved.
        if asked.insert(parent(path)) && !area.fs.same_device(parent(path), home)? {
            return Err(StorageError::Place {
                path: path.clone(),
                reason: "it lies on another disk than the staging folder, and cannot be moved out of the tree".to_owned(),
            });
        }
    }
    for path in paths {
        // The trash has the shape of the workspace, so that whoever empties it knows where everything came from.
        let below = path
            .strip_prefix(&area.places.root)
            .map_err(|_| StorageError::NotADirectory { path: path.clone() })?;
        let target = area.home_of(path).join(TRASH).join(below);
        area.make_own_dirs(parent(&target))?;
        throw(area, path, &target, in_pieces)?;
    }
    sync_moves(area)
}

/// Moves a file or folder into the trash. Where that has to be done in pieces, a crash in between leaves the rest to be
/// thrown away by whoever tries again.
fn throw(
    area: &Area<'_>,
    path: &Path,
    target: &Path,
    in_pieces: InPieces,
) -> Result<(), StorageError> {
    match area.fs.rename(path, target) {
        Err(error)
            if error.is_other_disk()
                && in_pieces == InPieces::Allowed
                && is_folder(area.fs, path)? => {}
        renamed => return Ok(renamed?),
    }
    area.fs.create_dir(target)?;
    for entry in area.fs.list(path)?.unwrap_or_default() {
        let (path, target) = (path.join(&entry.name), target.join(&entry.name));
        throw(area, &path, &target, in_pieces)?;
    }
    area.fs.remove_dir(path)?;
    Ok(())
}

fn is_folder(fs: &dyn Fs, path: &Path) -> Result<bool, StorageError> {
    let meta = fs.metadata(path)?;
    Ok(meta.is_some_and(|meta| meta.kind == Kind::Dir))
}

/// Makes durable what was moved into the tree and out of it. A run that was killed may have done so in memory only, and
/// a power cut could bring a folder back of which some files are removed already, or take one away that was proven.
pub(super) fn sync_moves(area: &Area<'_>) -> Result<(), StorageError> {
    let mut dirs = BTreeSet::new();
    let shapes = area.dirs().into_iter().flat_map(|dir| {
        [
            (dir.join(TRASH), &area.places.root),
            (dir.join(WHOLE), &area.places.data),
        ]
    });
    for (shape, origin) in shapes {
        if area.fs.metadata(&shape)?.is_some() {
            collect_twins(area.fs, &shape, origin, &mut dirs)?;
        }
    }
    area.sync_all(&[], dirs)
}

/// Collects the directories that a folder of the run and the tree both have.
fn collect_twins(
    fs: &dyn Fs,
    own: &Path,
    twin: &Path,
    dirs: &mut BTreeSet<PathBuf>,
) -> Result<(), StorageError> {
    dirs.extend([own.to_owned(), twin.to_owned()]);
    for entry in fs.list(own)?.unwrap_or_default() {
        let (own, twin) = (own.join(&entry.name), twin.join(&entry.name));
        let is_there = fs
            .metadata(&twin)?
            .is_some_and(|meta| meta.kind == Kind::Dir);
        if entry.kind == Kind::Dir && is_there {
            collect_twins(fs, &own, &twin, dirs)?;
        }
    }
    Ok(())
}
