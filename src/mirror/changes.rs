//! What of each series differs from what a mirror has of it.
//!
//! Promises: where the lines of the ledger lead from what the mirror has to what the record of the series says, they say which
//! rows differ, and only these are read. Where they do not, or nobody knows, the series is read whole.
//! Leaves to others: what of a series has to be read (`need`), what becomes of it (`change`).

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::change::{Change, Rows, begun, has_zone, lost, unseen_of, whole};
use super::doubt::Doubt;
use super::extent::Extent;
use super::folder::Folder;
use super::need::{self, Hints, Need, need};
use super::read::{Origin, Read, Unread};
use super::scan::Scan;
use super::seen::{holes_told, lost_partitions, partitions_of, recorded};
use super::since::lines_since;
use super::tree::name_of;
use super::{MirrorError, Mirrored, Tree, Version};
use crate::frame::Profile;
use crate::inventory::Known;
use crate::ledger::{Ledgers, Mark, SeriesRecord};
use crate::model::{PartitionKey, StorageRequest};

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By ticker.
    pub(super) of_series: Vec<Change>,
    /// Series that cannot be read, and those of which the tree has less than the mirror.
    pub(super) told: Vec<String>,
    /// How far the ledger was read.
    pub(super) mark: Option<Mark>,
}

/// A series, and what happens to it, also where it is not read.
type Looked = (
    StorageRequest,
    Result<Option<Change>, (Unread, Option<Change>)>,
);

/// Whether the sizes of files are held against what was recorded of them, which takes a look at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    Compared,
    /// What the ledger says is enough.
    Trusted,
}

/// Finds what differs.
///
/// # Errors
/// When the ledger cannot be read, or what the mirror has of months that the tree had lost.
pub(super) fn find(
    origin: Origin<'_, '_>,
    (tree, folder): (&Tree, &Folder<'_>),
    known: &Known,
    version: Option<&Version>,
    sizes: Sizes,
) -> Result<Changes, MirrorError> {
    let since = lines_since(origin, tree, version)?;
    let mut scan = version.map(|version| Scan::new(folder, version, Profile::of(tree.dataset)));
    let ledgers = Ledgers::default();
    let mut asked = Vec::new();
    let series = series(tree, known, version);
    let odd = match sizes {
        Sizes::Compared => changed_by_others(origin, &series, known),
        Sizes::Trusted => BTreeSet::new(),
    };
    for request in series {
        let mirrored = version.and_then(|version| version.series.get(name_of(&request)));
        let record = known.records.get(&request);
        let lines = since.of(&request);
        let need = match mirrored {
            None => Need::Whole(Hints::default()),
            Some(_) if odd.contains(&request) => need::whole(record, lines, since.is_known),
            Some(mirrored) => need(mirrored, record, lines, since.is_known),
        };
        let doubt = match (&need, mirrored, &mut scan) {
            (Need::Whole(hints), Some(mirrored), Some(scan)) => {
                // What is lost, or may be, may have come back, also by hand.
                let kept = mirrored.kept.iter();
                let lost: BTreeSet<PartitionKey> = kept.chain(&hints.replaced).copied().collect();
                let is_any = !lost.is_empty();
                is_any
                    .then(|| Doubt::of(origin, scan, &request, lost, &ledgers))
                    .transpose()?
            }
            _ => None,
        };
        asked.push(Asked {
            request,
            need,
            doubt,
            mirrored,
            record,
        });
    }
    let looked: Vec<Looked> = asked
        .into_par_iter()
        .map(|one| one.looked(origin))
        .collect();
    let mut found = Changes {
        mark: since.mark,
        ..Changes::default()
    };
    for (request, change) in looked {
        found.take(version, &request, change)?;
    }
    found.of_series.sort_by(|a, b| a.ticker.cmp(&b.ticker));
    Ok(found)
}

impl Changes {
    fn take(
        &mut self,
        version: Option<&Version>,
        request: &StorageRequest,
        change: Result<Option<Change>, (Unread, Option<Change>)>,
    ) -> Result<(), MirrorError> {
        match change {
            Ok(change) => {
                let before = version.and_then(|version| version.series.get(name_of(request)));
                let changed = change.as_ref();
                let state = changed.map_or(before, |change| change.state.as_ref());
                let holes = state.and_then(|state| holes_told(request, &state.holes));
                self.told.extend(holes);
                self.of_series.extend(change);
            }
            Err((unread, unseen)) => {
                let reason = unread.of_series()?;
                let told = format!("{request} stays as it was in the mirror: {reason}");
                self.told.push(told);
                self.of_series.extend(unseen);
            }
        }
        Ok(())
    }
}

/// Returns the series that another program was at, as far as the sizes of their files tell.
fn changed_by_others(
    origin: Origin<'_, '_>,
    series: &BTreeSet<StorageRequest>,
    known: &Known,
) -> BTreeSet<StorageRequest> {
    let is_odd = |request: &&StorageRequest| {
        let record = known.records.get(request);
        record.is_some_and(|record| origin.is_changed_by_others(request, record))
    };
    series.par_iter().filter(is_odd).cloned().collect()
}

/// Returns every series that the tree or the mirror has.
fn series(tree: &Tree, known: &Known, version: Option<&Version>) -> BTreeSet<StorageRequest> {
    let there = known.records.keys().chain(&known.unrecorded);
    let mut series: BTreeSet<StorageRequest> = there
        .filter(|request| tree.holds(request))
        .cloned()
        .collect();
    let mirrored = version.iter().flat_map(|version| version.series.keys());
    let tickers = mirrored.filter_map(|ticker| ticker.parse().ok());
    series.extend(tickers.filter_map(|ticker| tree.series_of(ticker)));
    series
}

/// A series, what has to be read of it, and what is known.
struct Asked<'v> {
    request: StorageRequest,
    need: Need,
    doubt: Option<Doubt>,
    /// What the mirror has of it; `None` where it has nothing yet.
    mirrored: Option<&'v Mirrored>,
    record: Option<&'v SeriesRecord>,
}

impl Asked<'_> {
    fn looked(self, origin: Origin<'_, '_>) -> Looked {
        let (request, mirrored, hints) = (self.request.clone(), self.mirrored, self.need.hints());
        let change = self.look(origin).map_err(|unread| {
            let unseen = mirrored.zip(hints);
            let unseen = unseen.and_then(|(had, hints)| unseen_of(&request, had, hints));
            (unread, unseen)
        });
        (request, change)
    }

    /// Reads what has to be read.
    fn look(self, origin: Origin<'_, '_>) -> Result<Option<Change>, Unread> {
        let Self {
            request,
            need,
            doubt,
            mirrored,
            record,
        } = self;
        let ticker: Box<str> = name_of(&request).into();
        // Before the rows are read: a file that changes meanwhile is another one next time.
        let seen = match record {
            Some(_) => None,
            None => origin.seen(&request)?,
        };
        let Some(mirrored) = mirrored else {
            return Ok(Some(begun(ticker, request, record, seen)));
        };
        if seen.is_some() && seen == mirrored.seen && mirrored.kept.is_empty() {
            return Ok(None);
        }
        let hints = match need {
            Need::Nothing => return Ok(None),
            Need::Some(extent, partitions) => {
                let place = (&request, &partitions);
                if let Some(change) = in_part(origin, place, extent, mirrored, record)? {
                    return Ok(Some(change));
                }
                Hints::default()
            }
            Need::Whole(hints) => hints,
        };
        let Some(read) = origin.whole(&request)? else {
            return Ok(lost(ticker, request, mirrored, record));
        };
        let mut kept = lost_partitions(&request, &read, &hints, mirrored, record);
        let holes = mirrored.holes_beside(&partitions_of(&request, &read));
        let holes: Vec<PartitionKey> = holes.into_iter().filter(|at| kept.remove(at)).collect();
        if let Some(doubt) = doubt {
            let settled = doubt.settled(&read);
            kept.retain(|partition| !settled.contains(partition));
        }
        Ok(whole(
            (ticker, request),
            (&read, seen),
            (&kept, holes),
            mirrored,
            record,
        ))
    }
}

/// Reads the partitions in which rows differ; `None` where that is not enough.
fn in_part(
    origin: Origin<'_, '_>,
    (request, partitions): (&StorageRequest, &BTreeSet<PartitionKey>),
    extent: Extent,
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> Result<Option<Change>, Unread> {
    let is_whole = partitions.contains(&PartitionKey::Whole);
    let read = if is_whole {
        origin.whole(request)?
    } else {
        Some(origin.partitions(request, partitions, &extent)?)
    };
    let is_enough = |read: &Read| read.damaged.is_empty() && has_zone(read, mirrored);
    Ok(read.filter(is_enough).map(|read| {
        let rows = extent.given(&read.frame);
        Change {
            ticker: name_of(request).into(),
            estimate: rows.len() as u64,
            extent,
            rows: Rows::Here(rows, read.rights),
            state: Some(Mirrored {
                zone: mirrored.zone.clone().or(read.zone),
                kept: mirrored.kept.clone(),
                holes: mirrored.holes_beside(partitions),
                ..recorded(record)
            }),
            is_new: false,
            record: None,
            request: request.clone(),
        }
    }))
}
