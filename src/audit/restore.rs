//! Rows that the tree has lost and mirrors have still: which can be put back, and doing it.
//!
//! Leaves to others: what a mirror has still (`mirror`), how rows join their series (`ingest`).

use std::collections::BTreeSet;

use super::AuditError;
use crate::catalog::Catalog;
use crate::ingest::{self, PutBack, Returned};
use crate::inventory::Asked;
use crate::ledger::Ledgers;
use crate::mirror::{self, LastCopies, LastCopy, LostDay};
use crate::model::{PartitionKey, StorageRequest};
use crate::workspace::{Session, Workspace};

/// What can be put back, and what cannot.
#[derive(Debug, Default)]
pub struct Restore {
    /// What mirrors have still, but of trades, and what cannot be put back.
    pub found: LastCopies,
    /// Days of trades that they have still.
    pub days: Vec<LostDay>,
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
        let (mut found, mut unread) = mirror::all_last_copies(workspace, catalog, asked)?;
        let (of_trades, more) = mirror::all_lost_days(workspace, asked)?;
        found.refused.extend(of_trades.refused);
        unread.extend(more);
        Ok(Self {
            found,
            days: of_trades.days,
            unread,
        })
    }

    /// Puts back what was shown, as far as it is what can be put back now, and returns how many rows are not. Has the mirrors see it.
    pub(super) fn put_back(
        &self,
        (workspace, session): (&Workspace<'_>, Session<'_>),
        (catalog, asked): (&Catalog, &Asked),
        done: &mut Returned,
    ) -> Result<usize, AuditError> {
        let (now, _) = mirror::all_last_copies(workspace, catalog, asked)?;
        let shown: usize = self.found.copies.iter().map(|copy| copy.rows.len()).sum();
        let now = now.copies.into_iter();
        let agreed = now.filter(|copy| self.found.copies.contains(copy));
        let agreed: Vec<PutBack> = agreed
            .map(|copy| PutBack {
                request: copy.request,
                rows: copy.rows,
                provenance: copy.provenance,
            })
            .collect();
        let mut outdated = shown - agreed.iter().map(|one| one.rows.len()).sum::<usize>();
        let ledgers = Ledgers::default();
        let around = (catalog, &ledgers);
        ingest::put_back(workspace.view(), session, around, &agreed, done)?;
        // Of a feed that is gone no memory holds all days.
        for day in &self.days {
            if session.stop.is_raised() {
                break;
            }
            let rows = mirror::lost_trades(workspace, day, &ledgers).unwrap_or_else(|error| {
                let (request, day) = (&day.request, day.day);
                let told = format!("{request} {day} stays as it is: {error}");
                done.warnings.push(told);
                None
            });
            let Some(rows) = rows else {
                outdated += day.rows();
                continue;
            };
            let of_day = PutBack {
                request: day.request.clone(),
                rows,
                provenance: day.provenance(),
            };
            ingest::put_back(workspace.view(), session, around, &[of_day], done)?;
        }
        if !done.series.is_empty() {
            let told = mirror::refresh_all(workspace, catalog);
            done.warnings.extend(told);
        }
        Ok(outdated)
    }

    /// Counts the rows that come back.
    pub fn rows(&self) -> usize {
        let of_series = self.found.copies.iter().map(|copy| copy.rows.len());
        of_series.chain(self.days.iter().map(LostDay::rows)).sum()
    }

    /// Counts their series.
    pub fn series(&self) -> usize {
        let of_copies = self.found.copies.iter().map(|copy| &copy.request);
        let all = of_copies.chain(self.days.iter().map(|day| &day.request));
        all.collect::<BTreeSet<_>>().len()
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
