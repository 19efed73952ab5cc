//! What mirrors have still and the trees have lost, for `check --repair`. A mirror that cannot be read is told, and costs nothing.

use super::root;
use crate::catalog::Catalog;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::inventory::{self, Asked};
use crate::mirror::{self, LastCopies, Place, Tree};
use crate::model::StorageRequest;
use crate::workspace::Workspace;

/// Returns what the mirrors of the series that are asked about have still, whether the settings name them or not, and which
/// mirrors could not be read.
pub(in crate::cli) fn last_copies(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<(LastCopies, Vec<String>), Failure> {
    let fs = &*shell.world.fs;
    let root = root(workspace);
    let place = Place { fs, root: &root };
    let mut trees = Vec::new();
    for venue in workspace.venues()? {
        if !asked.means_venue(&venue) {
            continue;
        }
        for tree in Tree::all_of(&venue) {
            if fs.metadata(&place.folder(&tree).dir)?.is_some() {
                trees.push(tree);
            }
        }
    }
    let (mut all, mut unread) = (LastCopies::default(), Vec::new());
    if trees.is_empty() {
        return Ok((all, unread));
    }
    let known = inventory::known(workspace, fs, catalog, asked)?;
    let is_wanted = |request: &StorageRequest| asked.means(request);
    for tree in trees {
        let around = (fs, catalog, &known);
        match mirror::last_copies(workspace, around, &root, &tree, &is_wanted) {
            Ok(found) => {
                all.copies.extend(found.copies);
                all.refused.extend(found.refused);
            }
            Err(error) => unread.push(format!("the mirror of {tree} cannot be read: {error}")),
        }
    }
    Ok((all, unread))
}
