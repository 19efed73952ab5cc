//! What a mirror has seen of a series, and of which partitions it knows that they are damaged or gone.
//!
//! Promises: pure. A record counts as seen only where its rows were read: what was missing then is looked for again.

use std::collections::BTreeSet;

use super::Mirrored;
use super::need::Hints;
use super::read::Read;
use crate::ledger::SeriesRecord;
use crate::model::{PartitionKey, StorageRequest};

/// Says of which partitions a mirror has nothing, since they are damaged or gone.
pub(super) fn holes_told(request: &StorageRequest, holes: &[PartitionKey]) -> Option<String> {
    let holes: Vec<String> = holes.iter().map(ToString::to_string).collect();
    (!holes.is_empty()).then(|| {
        format!(
            "{request} is in the mirror without {}: the rows are damaged or gone where they are stored",
            holes.join(", ")
        )
    })
}

/// Returns the partitions of which the tree has lost rows, as far as anybody knows: the mirror has marked them, or the file is
/// damaged, gone, or was written anew in the place of such a one.
pub(super) fn lost_partitions(
    request: &StorageRequest,
    read: &Read,
    hints: &Hints,
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> BTreeSet<PartitionKey> {
    let there = partitions_of(request, read);
    let mut lost: BTreeSet<PartitionKey> = mirrored.kept.iter().copied().collect();
    lost.extend(&hints.replaced);
    lost.extend(&read.damaged);
    let months = record.iter().flat_map(|record| record.partitions());
    lost.extend(months.filter(|month| !there.contains(month)));
    lost
}

/// Returns the partitions of which rows were read.
pub(super) fn partitions_of(request: &StorageRequest, read: &Read) -> BTreeSet<PartitionKey> {
    let granularity = request.series.dataset().granularity();
    let times = read.frame.times();
    times
        .map(|time| PartitionKey::of(granularity, time))
        .collect()
}

/// Returns what a mirror has of a series that it had nothing of, once it was read.
pub(super) fn first_read(
    request: &StorageRequest,
    read: &Read,
    record: Option<&SeriesRecord>,
) -> Mirrored {
    let rows = read.frame.len() as u64;
    let is_whole = read.damaged.is_empty() && record.is_none_or(|record| record.rows == rows);
    let holes = if is_whole {
        BTreeSet::new()
    } else {
        let nothing = Mirrored::default();
        lost_partitions(request, read, &Hints::default(), &nothing, record)
    };
    read_as(read, holes.into_iter().collect(), record)
}

/// Returns what a mirror has of a series that was read whole. Where that is not what was recorded, the record is not seen: what was
/// damaged or gone may be back tomorrow, and its record will be the one of today. Of months only the rows are counted, since a
/// fingerprint of each would double what making a mirror takes.
pub(super) fn read_as(
    read: &Read,
    holes: Vec<PartitionKey>,
    record: Option<&SeriesRecord>,
) -> Mirrored {
    let whole = read.frame.fingerprint().digest.half().number();
    let fits = |record: &&SeriesRecord| {
        let is_one_file = record.months.is_empty();
        record.rows == read.frame.len() as u64 && (!is_one_file || record.sum == whole)
    };
    // The numbers of a record that lost a file are those of no rows.
    let is_seen = |record: &&SeriesRecord| !record.is_exact() || fits(record);
    let is_whole = holes.is_empty() && read.damaged.is_empty();
    let seen = record.filter(is_seen).filter(|_| is_whole);
    Mirrored {
        short_of: short_of(record.filter(|_| seen.is_none())),
        whole: Some(whole),
        zone: read.zone.clone(),
        holes,
        ..recorded(seen)
    }
}

/// Returns what a mirror is short of, of which it has seen that rows are damaged or gone.
pub(super) fn short_of(record: Option<&SeriesRecord>) -> Option<(u64, u64)> {
    record.map(|record| (record.rows, record.sum))
}

/// Returns that a mirror has seen the rows of a record.
pub(super) fn recorded(record: Option<&SeriesRecord>) -> Mirrored {
    Mirrored {
        rows: record.map_or(0, |record| record.rows),
        sum: record.map_or(0, |record| record.sum),
        ..Mirrored::default()
    }
}
