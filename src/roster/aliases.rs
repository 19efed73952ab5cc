//! The mnemonics of lists on their way into the aliases of a venue.
//!
//! Promises: lists are taken as those of their own day, else of today. A table that cannot be understood is left for a person to
//! look at.

use std::path::PathBuf;

use chrono::NaiveDate;

use super::RosterError;
use crate::catalog::{AliasTable, Aliases, Learned};
use crate::lock::LockGuard;
use crate::source::symbols::{Mnemonics, SymbolList};
use crate::sys::atomic;
use crate::workspace::Workspace;

/// Returns the aliases of the default venue with those of lists taken in; `None` where no list has any.
pub(super) fn learned<'l>(
    lists: impl Iterator<Item = &'l SymbolList>,
    workspace: &Workspace<'_>,
    today: NaiveDate,
) -> Result<Option<(AliasTable, Learned)>, RosterError> {
    let found: Vec<&Mnemonics> = lists.filter_map(|list| list.mnemonics.as_ref()).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let table = AliasTable::load(workspace.fs(), &path(workspace));
    let mut table = table.map_err(RosterError::Aliases)?;
    // Several lists are one together: what one of them has need not be in the others.
    let day = found.iter().filter_map(|list| list.day).max();
    let all: Vec<_> = found.iter().flat_map(|list| list.of.clone()).collect();
    let learned = table.learn(&all, day.unwrap_or(today));
    Ok(Some((table, learned)))
}

/// Replaces the aliases of the default venue, if they changed.
pub(super) fn save(
    table: &AliasTable,
    held: &LockGuard<'_>,
    workspace: &Workspace<'_>,
) -> Result<(), RosterError> {
    let fs = workspace.fs();
    let path = path(workspace);
    let bytes = table.to_bytes();
    if fs.read(&path)?.as_deref() == Some(&bytes) {
        return Ok(());
    }
    held.confirm()?;
    atomic::create_dirs(fs, &workspace.places.root, atomic::parent(&path))?;
    Ok(atomic::replace(fs, &held.temps(), &path, &bytes)?)
}

fn path(workspace: &Workspace<'_>) -> PathBuf {
    let name = Aliases::file_name(workspace.default_venue());
    workspace.places.aliases().join(name)
}
