//! Everything that is stored, looked through: rows, files, and downloads of the vault.

use super::look::look;
use super::trades::look_at_trades;
use super::{AuditError, Findings, Subject};
use crate::catalog::Catalog;
use crate::check::Scope;
use crate::inventory::{self, Asked, Looked};
use crate::observe::Observer;
use crate::vault::{self, Vault};
use crate::workspace::Workspace;

/// What a look through everything found.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the rows say.
    pub found: Findings,
    /// What the files are beside what was recorded of them.
    pub files: Looked,
    /// What is wrong in the vault.
    pub vault: Vec<vault::Finding>,
}

impl From<Findings> for Checked {
    fn from(found: Findings) -> Self {
        Self {
            found,
            ..Self::default()
        }
    }
}

/// Looks through what is asked about, of which `subjects` are the series; only through rows, where all that counts is on which basis
/// they stand.
///
/// # Errors
/// When nobody can say what there is. What cannot be read of that is in the findings.
pub fn check(
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    (asked, subjects): (&Asked, &[Subject]),
    scope: Scope,
    observer: &(dyn Observer + Sync),
) -> Result<Checked, AuditError> {
    let found = look(subjects, (workspace, catalog), scope, observer);
    let mut checked = Checked::from(found);
    if scope == Scope::All {
        let trades = look_at_trades(asked, workspace)?;
        checked.found = checked.found.and(trades);
        checked.files = inventory::look(workspace, catalog, asked)?;
        // Downloads are of no series.
        if *asked == Asked::default() {
            checked.vault = Vault::of(workspace.fs(), &workspace.places.vault()).look_at_all()?;
        }
    }
    let misplaced = inventory::misplaced(workspace, asked)?;
    checked.found.add_misplaced(misplaced);
    checked.found.add_files(&mut checked.files);
    Ok(checked)
}
