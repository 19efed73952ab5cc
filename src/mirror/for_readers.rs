//! Which mirrors views are made of.
//!
//! Promises: one that every update brings up to date, and that has all that is stored. A view outlives the moment at which it was
//! made: of another mirror it would show less than the tree has, and nobody would know.

use std::path::PathBuf;

use super::lost::of_this_workspace;
use super::standing::behind;
use super::whole::Files;
use super::{MirrorError, Place, Tree, of_workspace};
use crate::inventory::Known;
use crate::workspace::Workspace;

/// Why views are not made of a mirror that is there.
#[derive(Debug, thiserror::Error)]
pub enum PassedOver {
    /// No update brings it up to date.
    #[error("no settings keep it up to date (mirror below [sources])")]
    Unnamed,
    /// So many series have rows that it has not.
    #[error("it is behind what is stored of {} series (barkeep mirror brings it up to date)", .0)]
    Behind(usize),
    /// Its files have no second name in the folder of its state.
    #[error("its file system has no hard links")]
    Unlinked,
    /// It is another workspace's, damaged, of a later form, or cannot be read.
    #[error(transparent)]
    Unusable(#[from] MirrorError),
}

/// Returns the folder with the files of the mirror of a tree for whoever reads it from now on; `None` when there is none.
///
/// # Errors
/// When the mirror is there, and the tree has to be read instead.
pub fn for_readers(
    workspace: &Workspace<'_>,
    known: &Known,
    tree: &Tree,
) -> Result<Option<PathBuf>, PassedOver> {
    let root = of_workspace::root(workspace);
    let place = Place {
        fs: workspace.fs(),
        root: &root,
    };
    let folder = place.folder(tree);
    let Some(version) = of_this_workspace(&folder, &workspace.places)? else {
        return Ok(None);
    };
    let (folder, version) = (&folder, &version);
    Files { folder, version }.refuse_part()?;
    if !of_workspace::switched_on(workspace).contains(tree) {
        return Err(PassedOver::Unnamed);
    }
    match behind(tree, known, version) {
        0 if version.is_linked => Ok(Some(folder.link())),
        0 => Err(PassedOver::Unlinked),
        series => Err(PassedOver::Behind(series)),
    }
}
