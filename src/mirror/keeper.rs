//! Which workspace keeps a mirror: a copy of a workspace has the name of its original, and by a `mirror_path` that it took along it
//! would write the mirror of that.
//!
//! Promises: a workspace that was moved goes on, one that is reached by another path is the same, and a mirror that was copied along
//! with its workspace is that of the copy. Where the place of the original cannot be looked at, it is taken to be there.

use std::path::{Path, PathBuf};

use super::MirrorError;
use super::folder::{Folder, LOCK};
use crate::layout::Places;
use crate::model::RunId;
use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsResult, Meta};

/// Where a workspace keeps the name by which its mirrors know it.
const NAME: &str = "mirror-id";
/// Where a mirror keeps the place of its workspace.
pub(super) const KEEPER: &str = ".workspace";

/// Returns the name by which mirrors know a workspace; `None` when it has none.
pub(super) fn workspace_id(fs: &dyn Fs, places: &Places) -> FsResult<Option<String>> {
    let bytes = fs.read(&places.state.join(NAME))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Returns the name by which mirrors know a workspace, and gives it that of a run first if it has none.
pub(super) fn name(
    fs: &dyn Fs,
    temps: &TempNames,
    places: &Places,
    run: &RunId,
) -> FsResult<String> {
    if let Some(name) = workspace_id(fs, places)? {
        return Ok(name);
    }
    let name = run.to_string();
    atomic::create_dirs(fs, &places.root, &places.state)?;
    atomic::replace(fs, temps, &places.state.join(NAME), name.as_bytes())?;
    Ok(name)
}

/// Refuses a workspace that is a copy of the one that keeps a mirror.
///
/// # Errors
/// `Copied` when it is; when the disk refuses.
pub(super) fn refuse_copy(folder: &Folder<'_>, places: &Places) -> Result<(), MirrorError> {
    let fs = folder.fs;
    let Some(kept_by) = kept_by(folder)?.filter(|kept_by| *kept_by != places.root) else {
        return Ok(());
    };
    let original = Places::of(&kept_by, false);
    let name = |places: &Places| places.state.join(NAME);
    let is_there = match fs.metadata(&name(&original)) {
        Err(error) if error.is_of_place() => true,
        found => match (found?, fs.metadata(&name(places))?) {
            (Some(theirs), Some(own)) if !is_same_file(&theirs, &own) => {
                workspace_id(fs, &original)? == workspace_id(fs, places)?
            }
            _ => false,
        },
    };
    if is_there && is_shared(folder, places, &kept_by)? {
        return Err(MirrorError::Copied {
            path: folder.dir.clone(),
            original: kept_by,
        });
    }
    Ok(())
}

/// Tells whether the mirror of a workspace is that of its original as well, and none that was copied along.
fn is_shared(folder: &Folder<'_>, places: &Places, original: &Path) -> FsResult<bool> {
    let Ok(below) = folder.dir.strip_prefix(&places.root) else {
        return Ok(true);
    };
    let lock = |dir: &Path| folder.fs.metadata(&dir.join(LOCK));
    Ok(match (lock(&original.join(below)), lock(&folder.dir)?) {
        (Err(error), _) if !error.is_of_place() => return Err(error),
        (Ok(Some(theirs)), Some(own)) => is_same_file(&theirs, &own),
        _ => false,
    })
}

/// Nobody can set when anything of a file was changed last, so a copy has another time, also where it has the number of its original on
/// another file system.
fn is_same_file(one: &Meta, other: &Meta) -> bool {
    (one.inode, one.changed_nanos, one.len) == (other.inode, other.changed_nanos, other.len)
}

/// Returns the place of the workspace that keeps a mirror; `None` where nobody wrote it down, as earlier builds did not.
fn kept_by(folder: &Folder<'_>) -> FsResult<Option<PathBuf>> {
    let bytes = folder.fs.read(&folder.dir.join(KEEPER))?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.map(|text| PathBuf::from(text.trim_end_matches('\n'))))
}

/// Writes down which workspace keeps a mirror. One whose path is no text is not.
pub(super) fn note(folder: &Folder<'_>, temps: &TempNames, places: &Places) -> FsResult<()> {
    let Some(place) = places.root.to_str() else {
        return Ok(());
    };
    if kept_by(folder)?.as_deref() == Some(&places.root) {
        return Ok(());
    }
    let path = folder.dir.join(KEEPER);
    atomic::replace(folder.fs, temps, &path, format!("{place}\n").as_bytes())
}
