//! Rows that the tree has lost and mirrors have still: which can be put back, and doing it.
//!
//! Leaves to others: what a mirror has still (`mirror`), how rows join their series (`ingest`).

use std::collections::BTreeSet;

use super::AuditError;
use super::unmet::{Unmet, stored_among};
use crate::catalog::Catalog;
use crate::ingest::{self, PutBack, Returned};
use crate::inventory::Asked;
use crate::ledger::Ledgers;
use crate::mirror::{self, LastCopies, LastCopy, LostDay, LostStill, Proof};
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

/// A file of which rows come back.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LostFile<'r> {
    pub request: &'r StorageRequest,
    pub partition: PartitionKey,
    pub rows: usize,
    /// How the copy stands to what was recorded of the file.
    pub proof: Option<Proof>,
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

    /// Puts back what was shown, as far as it is what can be put back now, and returns what is not. Has the mirrors see it.
    pub(super) fn put_back(
        &self,
        (workspace, session): (&Workspace<'_>, Session<'_>),
        (catalog, asked): (&Catalog, &Asked),
        done: &mut Returned,
    ) -> Result<Unmet, AuditError> {
        let (now, _) = mirror::all_last_copies(workspace, catalog, asked)?;
        let (mut unmet, mut agreed) = (Unmet::default(), Vec::new());
        for copy in &self.found.copies {
            let (request, rows) = (&copy.request, &copy.rows);
            if now.copies.contains(copy) {
                agreed.push(PutBack {
                    request: request.clone(),
                    rows: rows.clone(),
                    provenance: copy.provenance.clone(),
                });
            } else {
                let is_there = stored_among(rows, (workspace, catalog), request);
                unmet.add(request, is_there.unwrap_or(0), rows.len());
            }
        }
        let ledgers = Ledgers::default();
        let around = (catalog, &ledgers);
        ingest::put_back(workspace.view(), session, around, &agreed, done)?;
        // Of a feed that is gone no memory holds all days.
        for day in &self.days {
            if session.stop.is_raised() {
                break;
            }
            let still = mirror::lost_trades(workspace, day, &ledgers).unwrap_or_else(|error| {
                let (request, day) = (&day.request, day.day);
                let told = format!("{request} {day} stays as it is: {error}");
                done.warnings.push(told);
                LostStill::Other
            });
            let rows = match still {
                LostStill::Same(rows) => rows,
                LostStill::Other => {
                    unmet.outdated += day.rows();
                    continue;
                }
                LostStill::Back => {
                    unmet.add(&day.request, day.rows(), day.rows());
                    continue;
                }
            };
            let of_day = PutBack {
                request: day.request.clone(),
                rows,
                provenance: day.provenance(),
            };
            ingest::put_back(workspace.view(), session, around, &[of_day], done)?;
        }
        if !done.series.is_empty() || !unmet.before.is_empty() {
            let told = mirror::refresh_all(workspace, catalog);
            done.warnings.extend(told);
        }
        Ok(unmet)
    }

    /// Tells whether something that was lost cannot be put back, as far as mirrors tell: they may have it still, or have an older copy.
    pub fn is_partial(&self) -> bool {
        let copies = self.found.copies.iter();
        let proofs = copies.flat_map(|copy| copy.partitions.values());
        let mut proofs = proofs.chain(self.days.iter().map(|day| &day.proof));
        !self.found.refused.is_empty()
            || !self.unread.is_empty()
            || proofs.any(|proof| matches!(proof, Proof::Older(_)))
    }

    /// Returns the files whose rows come back.
    pub fn files(&self) -> Vec<LostFile<'_>> {
        let of_series = self.found.copies.iter().flat_map(|copy| {
            let parts = copy.rows.split().into_iter();
            parts.map(|(partition, part)| LostFile {
                request: &copy.request,
                partition,
                rows: part.len(),
                proof: copy.partitions.get(&partition).copied(),
            })
        });
        let of_trades = self.days.iter().map(|day| LostFile {
            request: &day.request,
            partition: PartitionKey::Day(day.day),
            rows: day.rows(),
            proof: Some(day.proof),
        });
        of_series.chain(of_trades).collect()
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
        returned: &BTreeSet<&StorageRequest>,
        (request, partition): (&StorageRequest, PartitionKey),
    ) -> bool {
        let is_it = |copy: &LastCopy| {
            copy.request == *request
                && (partition == PartitionKey::Whole || copy.partitions.contains_key(&partition))
        };
        self.found.copies.iter().any(is_it) && returned.contains(request)
    }
}
