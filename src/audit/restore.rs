//! Rows that the tree has lost and mirrors have still: which can be put back, and doing it.
//!
//! Leaves to others: what a mirror has still (`mirror`), how rows join their series (`ingest`).

use super::AuditError;
use crate::catalog::Catalog;
use crate::ingest::{self, PutBack, Returned};
use crate::inventory::Asked;
use crate::mirror::{self, LastCopies, LastCopy};
use crate::model::{PartitionKey, StorageRequest};
use crate::workspace::{Session, Workspace};

/// What can be put back, and what cannot.
#[derive(Debug, Default)]
pub struct Restore {
    /// What mirrors have still.
    pub found: LastCopies,
    /// Mirrors that could not be read, as phrases.
    pub unread: Vec<String>,
}

impl Restore {
    /// Looks what mirrors have still.
    pub(super) fn find(
        workspace: &Workspace<'_>,
        catalog: &Catalog,
        asked: &Asked,
    ) -> Result<Self, AuditError> {
        let (found, unread) = mirror::all_last_copies(workspace, catalog, asked)?;
        Ok(Self { found, unread })
    }

    /// Puts back what was shown, as far as it is what can be put back now, and returns how many rows are not. Has the mirrors see it.
    pub(super) fn put_back(
        self,
        shown: &Self,
        (workspace, session): (&Workspace<'_>, Session<'_>),
        catalog: &Catalog,
        done: &mut Returned,
    ) -> Result<usize, AuditError> {
        let now = self.found.copies.into_iter();
        let agreed = now.filter(|copy| shown.found.copies.contains(copy));
        let agreed: Vec<PutBack> = agreed
            .map(|copy| PutBack {
                request: copy.request,
                rows: copy.rows,
                provenance: copy.provenance,
            })
            .collect();
        let outdated = shown.rows() - agreed.iter().map(|one| one.rows.len()).sum::<usize>();
        ingest::put_back(workspace.view(), session, catalog, &agreed, done)?;
        if !done.series.is_empty() {
            let told = mirror::refresh_all(workspace, catalog);
            done.warnings.extend(told);
        }
        Ok(outdated)
    }

    /// Counts the rows that come back.
    pub fn rows(&self) -> usize {
        self.found.copies.iter().map(|copy| copy.rows.len()).sum()
    }

    /// Counts their series.
    pub fn series(&self) -> usize {
        self.found.copies.len()
    }

    /// Tells whether a damaged file is one of those that were put back.
    pub(super) fn mends(
        &self,
        done: &Returned,
        (request, partition): (&StorageRequest, PartitionKey),
    ) -> bool {
        let is_it = |copy: &LastCopy| {
            copy.request == *request
                && (partition == PartitionKey::Whole || copy.partitions.contains_key(&partition))
        };
        self.found.copies.iter().any(is_it)
            && done.series.iter().any(|(returned, _)| returned == request)
    }
}
