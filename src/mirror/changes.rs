//! What of each series differs from what a mirror has of it.
//!
//! Promises: where the lines of the ledger lead from what the mirror has to what the record of the series says, they say which
//! rows differ, and only these are read. Where they do not, or nobody knows, the series is read whole. Rows leave only where
//! somebody took them out: what the tree has lost stays, and is marked.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::extent::Extent;
use super::folder::Folder;
use super::lost::lacking;
use super::need::{self, Hints, Need, beside, need};
use super::read::{Origin, Read, Unread};
use super::scan::Scan;
use super::seen::{holes_told, lost_partitions, partitions_of, read_as, recorded, short_of};
use super::tree::name_of;
use super::{MirrorError, Mirrored, Tree, Version};
use crate::frame::{Frame, Profile};
use crate::inventory::Known;
use crate::ledger::{Ledgers, Line, Mark, SeriesRecord, read_since};
use crate::model::{PartitionKey, StorageRequest};
use crate::sys::Rights;

/// Where the rows of a change are.
#[derive(Debug)]
pub(super) enum Rows {
    /// None come.
    None,
    /// They were read, with what their files grant.
    Here(Frame, Option<Rights>),
    /// The series is read when they are written.
    Later,
}

/// What happens to one series.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) ticker: Box<str>,
    pub(super) request: StorageRequest,
    pub(super) extent: Extent,
    pub(super) rows: Rows,
    /// What the mirror has of the series afterwards; `None` where it turned out that it cannot have it.
    pub(super) state: Option<Mirrored>,
    /// About how many rows come.
    pub(super) estimate: u64,
    /// Whether the mirror has nothing of it yet.
    pub(super) is_new: bool,
    /// What is recorded of a new one.
    pub(super) record: Option<SeriesRecord>,
}

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

/// What the ledger says of the series of a tree behind the mark of a version.
#[derive(Debug)]
pub(super) struct LinesSince {
    of_series: BTreeMap<StorageRequest, Vec<Line>>,
    mark: Option<Mark>,
    /// Whether these are all lines behind the mark.
    pub(super) is_known: bool,
}

impl LinesSince {
    /// Returns the lines of a series, oldest first.
    pub(super) fn of(&self, request: &StorageRequest) -> &[Line] {
        self.of_series
            .get(request)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// Reads what the ledger says of the series of a tree behind the mark of a version.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn lines_since(
    origin: Origin<'_, '_>,
    tree: &Tree,
    version: Option<&Version>,
) -> Result<LinesSince, MirrorError> {
    let mark = version.and_then(|version| version.mark.as_ref());
    let places = &origin.workspace.places;
    let since = read_since(origin.fs, places, &tree.venue, mark)?;
    let mut of_series: BTreeMap<StorageRequest, Vec<Line>> = BTreeMap::new();
    for line in since.lines {
        if tree.holds(line.series()) {
            let of_one = of_series.entry(line.series().clone()).or_default();
            of_one.push(line);
        }
    }
    Ok(LinesSince {
        of_series,
        mark: since.mark,
        is_known: since.is_known,
    })
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
    let mut needs = Vec::new();
    let series = series(tree, known, version);
    let odd = match sizes {
        Sizes::Compared => changed_by_others(origin, &series, known),
        Sizes::Trusted => BTreeSet::new(),
    };
    for request in series {
        let ticker = name_of(&request);
        let mirrored = version.and_then(|version| version.series.get(ticker));
        let record = known.records.get(&request);
        let lines = since.of(&request);
        let Some(mirrored) = mirrored else {
            needs.push((request, Need::Whole(Hints::default()), None, None));
            continue;
        };
        let need = if odd.contains(&request) {
            need::whole(record, lines, since.is_known)
        } else {
            need(mirrored, record, lines, since.is_known)
        };
        let doubt = match (&need, &mut scan) {
            (Need::Whole(hints), Some(scan)) => {
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
        needs.push((request, need, Some(mirrored), doubt));
    }
    let looked: Vec<Looked> = needs
        .into_par_iter()
        .map(|(request, need, mirrored, doubt)| {
            let record = known.records.get(&request);
            let hints = need.hints();
            let change = look(origin, request.clone(), (need, doubt), mirrored, record);
            let change = change.map_err(|unread| {
                let unseen = mirrored.zip(hints);
                let unseen = unseen.and_then(|(had, hints)| unseen_of(&request, had, hints));
                (unread, unseen)
            });
            (request, change)
        })
        .collect();
    let mut found = Changes {
        mark: since.mark,
        ..Changes::default()
    };
    for (request, change) in looked {
        match change {
            Ok(change) => {
                let ticker = name_of(&request);
                let before = version.and_then(|version| version.series.get(ticker));
                let state = change
                    .as_ref()
                    .map_or(before, |change| change.state.as_ref());
                found
                    .told
                    .extend(state.and_then(|state| holes_told(&request, &state.holes)));
                found.of_series.extend(change);
            }
            Err((unread, unseen)) => {
                let reason = unread.of_series()?;
                let told = format!("{request} stays as it was in the mirror: {reason}");
                found.told.push(told);
                found.of_series.extend(unseen);
            }
        }
    }
    found.of_series.sort_by(|a, b| a.ticker.cmp(&b.ticker));
    Ok(found)
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

/// Partitions that may be lost, and what tells whether they are.
struct Doubt {
    partitions: BTreeSet<PartitionKey>,
    /// What the mirror has of the series.
    mirrored: Frame,
    /// Rows that a person took out.
    out: Frame,
}

impl Doubt {
    fn of(
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
    fn settled(&self, read: &Read) -> BTreeSet<PartitionKey> {
        let is_had = |partition: &&PartitionKey| {
            let lost = BTreeSet::from([**partition]);
            let is_damaged = read.damaged.contains(*partition);
            !is_damaged && lacking(&self.mirrored, &read.frame, &lost, &self.out).is_empty()
        };
        self.partitions.iter().filter(is_had).copied().collect()
    }
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

/// Reads what has to be read.
fn look(
    origin: Origin<'_, '_>,
    request: StorageRequest,
    (need, doubt): (Need, Option<Doubt>),
    mirrored: Option<&Mirrored>,
    record: Option<&SeriesRecord>,
) -> Result<Option<Change>, Unread> {
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
            let is_whole = partitions.contains(&PartitionKey::Whole);
            let read = if is_whole {
                origin.whole(&request)?
            } else {
                Some(origin.partitions(&request, &partitions, &extent)?)
            };
            match read {
                Some(read) if read.damaged.is_empty() && has_zone(&read, mirrored) => {
                    let rows = extent.given(&read.frame);
                    return Ok(Some(Change {
                        ticker,
                        estimate: rows.len() as u64,
                        extent,
                        rows: Rows::Here(rows, read.rights),
                        state: Some(Mirrored {
                            zone: mirrored.zone.clone().or(read.zone),
                            kept: mirrored.kept.clone(),
                            holes: mirrored.holes_beside(&partitions),
                            ..recorded(record)
                        }),
                        is_new: false,
                        record: None,
                        request,
                    }));
                }
                _ => Hints::default(),
            }
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

/// A series of which the mirror has nothing yet.
fn begun(
    ticker: Box<str>,
    request: StorageRequest,
    record: Option<&SeriesRecord>,
    seen: Option<u64>,
) -> Change {
    Change {
        ticker,
        extent: Extent::all(),
        rows: Rows::Later,
        state: Some(Mirrored {
            seen,
            ..recorded(record)
        }),
        estimate: record.map_or(0, |record| record.rows),
        is_new: true,
        record: record.cloned(),
        request,
    }
}

/// A series of which the tree has nothing any more. No command takes a series away: its rows stay, and are marked.
fn lost(
    ticker: Box<str>,
    request: StorageRequest,
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> Option<Change> {
    let state = Mirrored {
        short_of: short_of(record),
        zone: mirrored.zone.clone(),
        kept: vec![PartitionKey::Whole],
        ..Mirrored::default()
    };
    same_rows(ticker, request, state, mirrored)
}

/// A series that has to be read whole, and cannot be. Its lines are not looked at again, so what they say may be lost is marked,
/// and its record counts as not seen.
fn unseen_of(request: &StorageRequest, mirrored: &Mirrored, hints: Hints) -> Option<Change> {
    let kept = mirrored.kept.iter().copied();
    let kept: BTreeSet<PartitionKey> = kept.chain(hints.replaced).collect();
    let state = Mirrored {
        rows: 0,
        sum: 0,
        short_of: None,
        kept: kept.into_iter().collect(),
        ..mirrored.clone()
    };
    same_rows(name_of(request).into(), request.clone(), state, mirrored)
}

/// A series of which the mirror keeps the rows that it has, and knows something else.
fn same_rows(
    ticker: Box<str>,
    request: StorageRequest,
    state: Mirrored,
    mirrored: &Mirrored,
) -> Option<Change> {
    (state != *mirrored).then_some(Change {
        ticker,
        extent: Extent::default(),
        rows: Rows::None,
        state: Some(state),
        estimate: 0,
        is_new: false,
        record: None,
        request,
    })
}

fn whole(
    (ticker, request): (Box<str>, StorageRequest),
    (read, seen): (&Read, Option<u64>),
    (kept, holes): (&BTreeSet<PartitionKey>, Vec<PartitionKey>),
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> Option<Change> {
    let granularity = request.series.dataset().granularity();
    let partition_of = |time| PartitionKey::of(granularity, time);
    let state = Mirrored {
        seen,
        kept: kept.iter().copied().collect(),
        ..read_as(read, holes, record)
    };
    let whole = state.whole;
    if state == *mirrored {
        return None;
    }
    let is_same = (whole, &state.kept) == (mirrored.whole, &mirrored.kept);
    let is_same = is_same && has_zone(read, mirrored);
    let (extent, rows) = if is_same {
        (Extent::default(), Rows::None)
    } else {
        let is_kept =
            |time: &i64| kept.contains(&partition_of(*time)) || kept.contains(&PartitionKey::Whole);
        let extent = Extent {
            times: read.frame.times().filter(is_kept).collect(),
            spans: beside(kept),
            fresh: Vec::new(),
        };
        (extent, Rows::Later)
    };
    Some(Change {
        ticker,
        estimate: read.frame.len() as u64,
        extent,
        rows,
        state: Some(state),
        is_new: false,
        record: None,
        request,
    })
}

fn has_zone(read: &Read, mirrored: &Mirrored) -> bool {
    read.zone.is_none() || read.zone == mirrored.zone
}
