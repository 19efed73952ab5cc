//! Which versions a mirror had that was removed: a reader may hold one by its name, and must not meet other rows under it.
//!
//! Promises: the number of the last one is durable before anything of the mirror goes, or on a full disk right after. Where nobody knows it, as after a mirror was
//! removed by hand, numbers begin anew.

use std::path::PathBuf;

use super::Tree;
use crate::layout::{PartitionPathBuilder, Places};
use crate::sys::atomic::{self, TempNames, create_dirs, parent};
use crate::sys::{Fs, FsResult};

/// The folder with a file for each mirror that was removed.
const DIR: &str = "mirrors-removed";

fn path(places: &Places, tree: &Tree) -> PathBuf {
    let paths = PartitionPathBuilder::new(&places.state.join(DIR));
    paths.tree(&tree.venue, tree.dataset, tree.interval)
}

/// Returns the number of the last version that a mirror had before it was removed; 0 where it never was, or nobody knows.
pub(super) fn last_version(fs: &dyn Fs, places: &Places, tree: &Tree) -> FsResult<u64> {
    let bytes = fs.read(&path(places, tree))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim().parse().unwrap_or_default())
}

/// Remembers that a mirror is about to be removed whose last version had a number. Under the lock of its folder.
pub(super) fn note(
    (fs, temps): (&dyn Fs, &TempNames),
    places: &Places,
    tree: &Tree,
    number: u64,
) -> FsResult<()> {
    let last = number.max(last_version(fs, places, tree)?);
    let path = path(places, tree);
    create_dirs(fs, &places.root, parent(&path))?;
    atomic::replace(fs, temps, &path, format!("{last}\n").as_bytes())
}
