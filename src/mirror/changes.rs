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
use super::need::{Hints, Need, beside, need};
use super::read::{Origin, Read, Unread};
use super::scan::Scan;
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

/// A series, and what happens to it.
type Looked = (StorageRequest, Result<Option<Change>, Unread>);

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
) -> Result<Changes, MirrorError> {
    let since = lines_since(origin, tree, version)?;
    let mut scan = version.map(|version| Scan::new(folder, version, Profile::of(tree.dataset)));
    let ledgers = Ledgers::default();
    let mut needs = Vec::new();
    for request in series(tree, known, version) {
        let ticker = request.series.ticker().map_or("", |ticker| ticker.as_str());
        let mirrored = version.and_then(|version| version.series.get(ticker));
        let record = known.records.get(&request);
        let lines = since.of(&request);
        let Some(mirrored) = mirrored else {
            needs.push((request, Need::Whole(Hints::default()), None, None));
            continue;
        };
        let need = need(mirrored, record, lines, since.is_known);
        let doubt = match (&need, &mut scan) {
            (Need::Whole(hints), Some(scan)) => {
                let lost = doubtful(mirrored, hints, lines, since.is_known);
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
            let change = look(origin, request.clone(), (need, doubt), mirrored, record);
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
                let ticker = request.series.ticker().map_or("", |ticker| ticker.as_str());
                let before = version.and_then(|version| version.series.get(ticker));
                let state = change
                    .as_ref()
                    .map_or(before, |change| change.state.as_ref());
                found
                    .told
                    .extend(state.and_then(|state| holes_told(&request, &state.holes)));
                found.of_series.extend(change);
            }
            Err(Unread::Failed(error)) => return Err(error.into()),
            Err(Unread::Refused(reason)) => {
                let told = format!("{request} stays as it was in the mirror: {reason}");
                found.told.push(told);
            }
        }
    }
    found.of_series.sort_by(|a, b| a.ticker.cmp(&b.ticker));
    Ok(found)
}

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

/// Returns the partitions that may be lost, and may have come back: something was written there.
fn doubtful(
    mirrored: &Mirrored,
    hints: &Hints,
    lines: &[Line],
    is_known: bool,
) -> BTreeSet<PartitionKey> {
    let is_written = |partition: &&PartitionKey| {
        let is_it = |line: &Line| match line {
            Line::File(line) => line.partition == **partition || **partition == PartitionKey::Whole,
            Line::Found(..) => true,
            Line::Gone(_) => false,
        };
        !is_known || lines.iter().any(is_it)
    };
    let written = mirrored.kept.iter().filter(is_written);
    written.chain(&hints.replaced).copied().collect()
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
        let ticker = request.series.ticker().map_or("", |ticker| ticker.as_str());
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
    let ticker: Box<str> = request
        .series
        .ticker()
        .map_or("", |ticker| ticker.as_str())
        .into();
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
        return Ok(lost(ticker, request, mirrored));
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
fn lost(ticker: Box<str>, request: StorageRequest, mirrored: &Mirrored) -> Option<Change> {
    let state = Mirrored {
        rows: 0,
        sum: 0,
        whole: None,
        seen: None,
        zone: mirrored.zone.clone(),
        kept: vec![PartitionKey::Whole],
        holes: Vec::new(),
    };
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
    let months = record.iter().flat_map(|record| &record.months);
    let months = months.flat_map(|(first, last)| {
        let next = |key: &PartitionKey| key.next();
        std::iter::successors(Some(*first), next).take_while(|key| key <= last)
    });
    lost.extend(months.filter(|month| !there.contains(month)));
    lost
}

/// Returns the partitions of which rows were read.
fn partitions_of(request: &StorageRequest, read: &Read) -> BTreeSet<PartitionKey> {
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
    let nothing = (Hints::default(), Mirrored::default());
    let holes = lost_partitions(request, read, &nothing.0, &nothing.1, record);
    read_as(read, holes.into_iter().collect(), record)
}

/// Returns what a mirror has of a series that was read whole. Where that is not what was recorded, the record is not seen: what was
/// damaged or gone may be back tomorrow, and its record will be the one of today. Of months only the rows are counted, since a
/// fingerprint of each would double what making a mirror takes.
fn read_as(read: &Read, holes: Vec<PartitionKey>, record: Option<&SeriesRecord>) -> Mirrored {
    let whole = read.frame.fingerprint().digest.half().number();
    let fits = |record: &&SeriesRecord| {
        let is_one_file = record.months.is_empty();
        record.rows == read.frame.len() as u64 && (!is_one_file || record.sum == whole)
    };
    // The numbers of a record that lost a file are those of no rows.
    let is_seen = |record: &&SeriesRecord| !record.is_exact() || fits(record);
    let is_whole = holes.is_empty() && read.damaged.is_empty();
    Mirrored {
        whole: Some(whole),
        zone: read.zone.clone(),
        holes,
        ..recorded(record.filter(is_seen).filter(|_| is_whole))
    }
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

fn recorded(record: Option<&SeriesRecord>) -> Mirrored {
    Mirrored {
        rows: record.map_or(0, |record| record.rows),
        sum: record.map_or(0, |record| record.sum),
        ..Mirrored::default()
    }
}
