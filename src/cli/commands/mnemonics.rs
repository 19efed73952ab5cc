//! The mnemonics of a list on their way into the aliases of a venue.
//!
//! Promises: a list is taken as that of its own day, else of today. A table that cannot be understood is left for a person to look
//! at: it knows what was called how on days of which no list is left.

use super::registration;
use crate::catalog::{AliasTable, Aliases, Learned};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::lock::LockGuard;
use crate::source::symbols::{Mnemonics, SymbolList};
use crate::sys::atomic;
use crate::workspace::Workspace;

/// Returns the aliases of the venue with those of lists taken in; `None` where no list has any.
///
/// # Errors
/// When those that are known cannot be read.
pub(super) fn learned<'l>(
    lists: impl Iterator<Item = &'l SymbolList>,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<Option<(AliasTable, Learned)>, Failure> {
    let found: Vec<&Mnemonics> = lists.filter_map(|list| list.mnemonics.as_ref()).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let path = path(workspace);
    let mut table = AliasTable::load(&*shell.world.fs, &path).map_err(|error| {
        let exit = if error.is_damage() {
            Exit::Damaged
        } else {
            Exit::Failed
        };
        let hint = "without the file, mnemonics of earlier days are not known any more; move it away if that is all right";
        Failure::new(exit, error.to_string()).hint(hint)
    })?;
    // Several lists are one together: what one of them has need not be in the others.
    let day = found.iter().filter_map(|list| list.day).max();
    let all: Vec<_> = found.iter().flat_map(|list| list.of.clone()).collect();
    let learned = table.learn(&all, day.unwrap_or_else(|| shell.today()));
    Ok(Some((table, learned)))
}

/// Replaces the aliases of the venue.
///
/// # Errors
/// When the lock is lost, or the file cannot be replaced.
pub(super) fn save(
    table: &AliasTable,
    held: &LockGuard<'_>,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
) -> Result<(), Failure> {
    let fs = &*shell.world.fs;
    let path = path(workspace);
    let bytes = table.to_bytes();
    if fs.read(&path)?.as_deref() == Some(&bytes) {
        return Ok(());
    }
    held.confirm()?;
    atomic::create_dirs(fs, &workspace.places.root, atomic::parent(&path))?;
    Ok(atomic::replace(
        fs,
        &registration::temps(held),
        &path,
        &bytes,
    )?)
}

fn path(workspace: &Workspace<'_>) -> std::path::PathBuf {
    let name = Aliases::file_name(workspace.default_venue());
    workspace.places.aliases().join(name)
}
