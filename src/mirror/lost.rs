//! What a tree has lost and its mirror has still: the last copies.
//!
//! Promises: reads only. A row that a person took out is none of them. Each month is held against what the ledger says of the
//! file that was lost, by fingerprint. Rows whose prices the tree has moved to another basis since are refused.
//! Leaves to others: putting them back (`ingest`), a person's word for it (`cli`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use rayon::prelude::*;

use super::folder::Folder;
use super::keeper::workspace_id;
use super::need::{Hints, Need, need};
use super::read::{Origin, Read, Unread};
use super::scan::Scan;
use super::seen::lost_partitions;
use super::since::{LinesSince, lines_since};
use super::{MirrorError, Mirrored, Place, Tree, Version};
use crate::catalog::Catalog;
use crate::frame::{self, Frame, Profile};
use crate::inventory::Known;
use crate::layout::Places;
use crate::ledger::{FileState, History, Ledgers, Line, Past, SeriesRecord, rows_out};
use crate::model::words::count;
use crate::model::{Fingerprint, PartitionKey, PriceBasis, Provenance, StorageRequest};
use crate::sys::Fs;
use crate::workspace::{ReadError, Workspace};

/// How many series are read side by side.
const BATCH: usize = 64;
/// What is said of a last copy.
pub(super) const LOST: &str = ", which is damaged or gone where it is stored";

/// Rows of one series that only its mirror has still.
#[derive(Clone, Debug, PartialEq)]
pub struct LastCopy {
    /// The series.
    pub request: StorageRequest,
    /// What the rows say of themselves.
    pub provenance: Provenance,
    /// The rows.
    pub rows: Frame,
    /// How the copy of each of their partitions stands to what was recorded of the lost file.
    pub partitions: BTreeMap<PartitionKey, Proof>,
}

/// How a last copy stands to what was recorded of the file that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It has the very rows, by their fingerprint.
    AsRecorded,
    /// It has those of an earlier state of the file, which had so many rows when it was lost.
    Older(u64),
    /// Nothing was recorded that it could be held against, or newer rows stand among those that were lost.
    Unproven,
}

impl Proof {
    /// Returns the word that documents have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsRecorded => "as_recorded",
            Self::Older(_) => "older",
            Self::Unproven => "unproven",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsRecorded => f.write_str("as recorded"),
            Self::Older(rows) => {
                let rows = count(*rows, "row", "rows");
                write!(f, "older: the lost file had {rows}")
            }
            Self::Unproven => f.write_str("nothing was recorded to compare it with"),
        }
    }
}

/// What a mirror has still and its tree has not.
#[derive(Debug, Default)]
pub struct LastCopies {
    /// By series.
    pub copies: Vec<LastCopy>,
    /// Series that cannot be compared or put back, and why.
    pub refused: Vec<(StorageRequest, String)>,
}

impl LastCopies {
    /// Returns the first of them in words, or else what cannot be compared.
    pub(super) fn first(&self) -> Option<String> {
        let lost = self.copies.first();
        let lost = lost.map(|one| format!("{}{LOST}", one.request));
        lost.or_else(|| first_refused(&self.refused))
    }
}

/// Returns what may be lost, since nobody could look.
pub(super) fn first_refused(refused: &[(StorageRequest, String)]) -> Option<String> {
    let (request, reason) = refused.first()?;
    Some(format!("{request}, perhaps: {reason}"))
}

/// Returns the first series of a state that is marked as a last copy, in words.
pub(super) fn marked(version: &Version) -> Option<String> {
    let mut series = version.series.iter();
    let (ticker, state) = series.find(|(_, state)| !state.kept.is_empty())?;
    let months: Vec<String> = state.kept.iter().map(ToString::to_string).collect();
    Some(format!("{ticker} {}{LOST}", months.join(" ")))
}

/// Returns the rows of some partitions that a mirror has and its tree does not. Those that a person took out, and that are `out`
/// still, are none of them.
pub(super) fn lacking(
    mirrored: &Frame,
    stored: &Frame,
    lost: &BTreeSet<PartitionKey>,
    out: &Frame,
) -> Frame {
    let granularity = mirrored.profile().dataset.granularity();
    let is_all = lost.contains(&PartitionKey::Whole);
    let is_lost = |time| is_all || lost.contains(&PartitionKey::of(granularity, time));
    frame::without(&frame::without(&mirrored.at(is_lost), stored), out)
}

/// Returns the state of a mirror that readers take; `None` where there is no mirror.
///
/// # Errors
/// When the mirror is another workspace's, damaged, of a later form, or cannot be read.
pub(super) fn of_this_workspace(
    folder: &Folder<'_>,
    places: &Places,
) -> Result<Option<Version>, MirrorError> {
    let Some(version) = folder.last()? else {
        return Ok(None);
    };
    if workspace_id(folder.fs, places)?.as_ref() != Some(&version.workspace) {
        let path = folder.dir.clone();
        return Err(MirrorError::Foreign { path });
    }
    Ok(Some(version))
}

/// Finds the rows that a mirror has still and its tree has lost, of the series that are wanted; nothing where there is no mirror.
///
/// # Errors
/// When the mirror is another workspace's, damaged, of a later form, or something cannot be read.
pub fn last_copies(
    workspace: &Workspace<'_>,
    (fs, catalog, known): (&dyn Fs, &Catalog, &Known),
    root: &Path,
    tree: &Tree,
    is_wanted: &dyn Fn(&StorageRequest) -> bool,
) -> Result<LastCopies, MirrorError> {
    let folder = Place { fs, root }.folder(tree);
    let mut found = LastCopies::default();
    let Some(version) = of_this_workspace(&folder, &workspace.places)? else {
        return Ok(found);
    };
    let profile = match folder.profile(&version, Profile::of(tree.dataset)) {
        // Each series is refused by itself that has rows in what is damaged.
        Err(MirrorError::Damaged { .. }) => None,
        profile => profile?,
    };
    let origin = Origin {
        workspace,
        catalog,
        fs,
        profile,
    };
    let since = lines_since(origin, tree, Some(&version))?;
    let mut scan = Scan::new(&folder, &version, Profile::of(tree.dataset));
    let ledgers = Ledgers::default();
    let requests = version.series.iter().filter_map(|(ticker, state)| {
        let request = tree.series_of(ticker.parse().ok()?)?;
        is_wanted(&request).then_some((request, &**ticker, state))
    });
    let requests: Vec<(StorageRequest, &str, &Mirrored)> = requests.collect();
    for some in requests.chunks(BATCH) {
        let looked: Vec<Result<Option<Looked>, Unread>> = some
            .par_iter()
            .map(|(request, _, state)| look(origin, request, state, known, &since))
            .collect();
        for ((request, ticker, state), looked) in some.iter().zip(looked) {
            let looked = match looked {
                Ok(None) => continue,
                Ok(Some(looked)) => looked,
                Err(unread) => {
                    found.refused.push((request.clone(), unread.of_series()?));
                    continue;
                }
            };
            let (mirrored, damage) = scan.whole_rows(ticker)?;
            let damage = damage.map(|damage| (request.clone(), damage.to_string()));
            found.refused.extend(damage);
            let history = ledgers.history(fs, &workspace.places, request)?;
            let record = known.records.get(request);
            match copy((request, state), &mirrored, &looked, &history, record) {
                Ok(copy) => found.copies.extend(copy),
                Err(reason) => found.refused.push((request.clone(), reason)),
            }
        }
    }
    Ok(found)
}

/// A series of which something may be lost.
struct Looked {
    stored: Frame,
    lost: BTreeSet<PartitionKey>,
    basis: PriceBasis,
}

fn look(
    origin: Origin<'_, '_>,
    request: &StorageRequest,
    state: &Mirrored,
    known: &Known,
    since: &LinesSince,
) -> Result<Option<Looked>, Unread> {
    let record = known.records.get(request);
    let hints = match need(state, record, since.of(request), since.is_known) {
        Need::Whole(hints) => hints,
        Need::Nothing | Need::Some(..) => Hints::default(),
    };
    let read = origin.whole(request)?;
    let lost = match &read {
        Some(read) => lost_partitions(request, read, &hints, state, record),
        None => BTreeSet::from([PartitionKey::Whole]),
    };
    if lost.is_empty() {
        return Ok(None);
    }
    let basis = origin.workspace.reading(origin.catalog).basis(request);
    let basis = basis.map_err(|error| match error {
        ReadError::Storage(error) => Unread::from(error),
        other => Unread::Refused(other.to_string()),
    })?;
    let recorded = record.map_or(PriceBasis::Unknown, |record| record.basis);
    let profile = Profile::of(request.series.dataset());
    Ok(Some(Looked {
        stored: read.map_or_else(|| Frame::empty(profile), |Read { frame, .. }| frame),
        lost,
        basis: if basis == PriceBasis::Unknown {
            recorded
        } else {
            basis
        },
    }))
}

/// Returns what of a series only the mirror has, or why it cannot be put back.
fn copy(
    (request, state): (&StorageRequest, &Mirrored),
    mirrored: &Frame,
    looked: &Looked,
    history: &History,
    record: Option<&SeriesRecord>,
) -> Result<Option<LastCopy>, String> {
    let out = rows_out(history, mirrored.profile());
    let rows = lacking(mirrored, &looked.stored, &looked.lost, &out);
    if rows.is_empty() {
        return Ok(None);
    }
    let parts = rows.split();
    let is_whole = record.is_some_and(|record| is_as_recorded(record, &looked.stored, &rows));
    let mut partitions = BTreeMap::new();
    for (partition, part) in parts {
        let beside = |frame: &Frame| frame.split().remove(&partition);
        let proof = if is_whole {
            let at = written_last(partition, history);
            (!is_moved_after(at, history)).then_some(Proof::AsRecorded)
        } else {
            let stored = beside(&looked.stored).map(|stored| stored.fingerprint());
            let candidates = [Some(part), beside(mirrored)];
            let candidates = candidates.iter().flatten().map(Frame::fingerprint);
            let candidates: Vec<Fingerprint> = candidates.collect();
            prove(&candidates, stored, partition, history)
        };
        let proof = proof.ok_or_else(|| {
            format!(
                "the prices of the series were moved to another basis since the copy of {partition} was made"
            )
        })?;
        partitions.insert(partition, proof);
    }
    Ok(Some(LastCopy {
        request: request.clone(),
        provenance: Provenance {
            timezone: state.zone.clone(),
            basis: looked.basis,
            source: request.venue.clone(),
        },
        rows,
        partitions,
    }))
}

/// Tells whether a series would be what was recorded of it, once it has the rows.
fn is_as_recorded(record: &SeriesRecord, stored: &Frame, rows: &Frame) -> bool {
    let all = frame::merge(stored, rows).frame;
    let parts = if record.is_legacy {
        vec![all]
    } else {
        all.split().into_values().collect()
    };
    let parts = parts.iter().map(Frame::fingerprint);
    let (count, sum) = parts.fold((0, 0), |(count, sum), part| {
        (count + part.rows, sum ^ part.digest.half().number())
    });
    (count, sum) == (record.rows, record.sum)
}

/// Holds the copy of a partition, alone or with what newer rows stand beside it, against what was recorded of its file; `None`
/// where the prices of the series were moved since.
pub(super) fn prove(
    candidates: &[Fingerprint],
    stored: Option<Fingerprint>,
    partition: PartitionKey,
    history: &History,
) -> Option<Proof> {
    let states = history.lines.iter().enumerate().rev();
    let states = states.filter_map(|(at, (_, line))| match line {
        Line::File(line) if line.partition == partition && line.new.rows > 0 => {
            Some((at, line.new))
        }
        _ => None,
    });
    // What lies there now was written after the loss.
    let is_there = |state: &FileState| stored.is_some_and(|stored| state.fits(stored));
    let states: Vec<(usize, FileState)> = states.skip_while(|(_, state)| is_there(state)).collect();
    let fits = |(_, state): &&(usize, FileState)| candidates.iter().any(|rows| state.fits(*rows));
    let fitting = states.iter().find(fits);
    if is_moved_after(fitting.map(|(at, _)| *at), history) {
        return None;
    }
    Some(match (fitting, states.first()) {
        (Some(fitting), Some(newest)) if fitting == newest => Proof::AsRecorded,
        (Some(_), Some((_, newest))) => Proof::Older(newest.rows),
        _ => Proof::Unproven,
    })
}

/// Returns which line of a history tells of a partition last, or of the series as a whole.
fn written_last(partition: PartitionKey, history: &History) -> Option<usize> {
    let tells = |line: &Line| match line {
        Line::File(line) => [partition, PartitionKey::Whole].contains(&line.partition),
        Line::Found(..) => true,
        Line::Gone(_) => false,
    };
    history.lines.iter().rposition(|(_, line)| tells(line))
}

/// Tells whether prices of a series were moved to another basis after a line of its history, or ever.
fn is_moved_after(at: Option<usize>, history: &History) -> bool {
    let later = history.lines.get(at.map_or(0, |at| at + 1)..);
    let moves = |line: &Line| match line {
        Line::File(line) => matches!(
            line.past,
            Past::Kept {
                factor: Some(_),
                ..
            }
        ),
        Line::Found(..) | Line::Gone(_) => false,
    };
    let mut later = later.unwrap_or_default().iter();
    later.any(|(_, line)| moves(line))
}
