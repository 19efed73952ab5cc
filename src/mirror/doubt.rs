//! Partitions of a series that the tree may have lost, or have back.

use std::collections::BTreeSet;

use super::MirrorError;
use super::lost::lacking;
use super::read::{Origin, Read};
use super::scan::Scan;
use super::tree::name_of;
use crate::frame::Frame;
use crate::ledger::Ledgers;
use crate::model::{PartitionKey, StorageRequest};

/// Partitions that may be lost, and what tells whether they are.
pub(super) struct Doubt {
    partitions: BTreeSet<PartitionKey>,
    /// What the mirror has of the series.
    mirrored: Frame,
    /// Rows that a person took out.
    out: Frame,
}

impl Doubt {
    pub(super) fn of(
        origin: Origin<'_, '_>,
        scan: &mut Scan<'_, '_>,
        request: &StorageRequest,
        partitions: BTreeSet<PartitionKey>,
        ledgers: &Ledgers,
    ) -> Result<Self, MirrorError> {
        let ticker = name_of(request);
        let mirrored = scan.rows(ticker)?;
        let places = &origin.workspace.places;
        let out = ledgers.rows_out(origin.fs, places, request, mirrored.profile())?;
        Ok(Self {
            partitions,
            mirrored,
            out,
        })
    }

    /// Returns those of the partitions of which the tree has all rows.
    pub(super) fn settled(&self, read: &Read) -> BTreeSet<PartitionKey> {
        let is_had = |partition: &&PartitionKey| {
            let lost = BTreeSet::from([**partition]);
            let is_damaged = read.damaged.contains(*partition);
            !is_damaged && lacking(&self.mirrored, &read.frame, &lost, &self.out).is_empty()
        };
        self.partitions.iter().filter(is_had).copied().collect()
    }
}
