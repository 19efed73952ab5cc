//! Files of one shelf on their way to another one.
//!
//! Promises: a file is on one of both shelves after a crash at any point, under its name; none takes the place of another.

use crate::sys::atomic::{create_dirs, parent};

use super::keeper::Keeper;
use super::{Shelf, VaultError};

/// Moves the files of a shelf to another one, and returns how many stay, since there is one of their name.
///
/// # Errors
/// When the lock was lost or the disk refuses. A further call goes on with what is left.
pub fn move_home(keeper: &Keeper<'_>, from: &Shelf, to: &Shelf) -> Result<usize, VaultError> {
    let (vault, fs) = (&keeper.vault, keeper.vault.fs);
    let days = vault.days(from)?;
    if days.is_empty() {
        return Ok(0);
    }
    keeper.held.confirm()?;
    create_dirs(fs, parent(&vault.root), &vault.folder(to))?;
    let mut left = 0;
    for (day, files) in &days {
        for file in files {
            let target = vault.path(to, *day, file);
            if fs.metadata(&target)?.is_some() {
                left += 1;
            } else {
                fs.rename(&vault.path(from, *day, file), &target)?;
            }
        }
    }
    // The old folder first, which saves both names: a file never has two.
    fs.sync_dir(&vault.folder(from))?;
    fs.sync_dir(&vault.folder(to))?;
    Ok(left)
}
