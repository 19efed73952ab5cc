//! A mirror against its tree, series by series.
//!
//! Promises: what readers get is compared, of the folder and of the table: nothing else lies there, every byte is what was written,
//! and the fingerprints of the rows are those of the tree. What the tree has lost is not held against the mirror,
//! and is counted; what the tree has, the mirror has to have. Changes nothing and takes no lock.

use std::path::{Path, PathBuf};

use super::change::has_zone;
use super::day_files;
use super::folder::Folder;
use super::read::Origin;
use super::scan::Scan;
use super::table::Log;
use super::tree::name_of;
use super::whole::Files;
use super::{MirrorError, Mirrored, Piece, Place, Tree, Version};
use crate::catalog::Catalog;
use crate::frame::{self, Frame, Profile};
use crate::inventory::Known;
use crate::model::{Dataset, Digest, PartitionKey, StorageRequest};
use crate::sys::{Fs, FsResult};
use crate::workspace::Workspace;

/// A series of which a mirror and its tree have different rows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Its ticker; of trades the feed and the day; `table` where that is another version.
    pub ticker: String,
    /// What differs.
    pub reason: String,
}

/// What comparing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many series were compared; of trades, how many days.
    pub series: usize,
    /// How many rows of the mirror.
    pub rows: u64,
    /// Series that have rows which the tree has lost.
    pub kept: usize,
    /// Series that differ.
    pub differences: Vec<Difference>,
}

/// Compares a mirror with its tree; `None` when there is no mirror.
///
/// # Errors
/// When the mirror is damaged, of a later form, or cannot be read.
pub fn verify(
    workspace: &Workspace<'_>,
    (fs, catalog, known): (&dyn Fs, &Catalog, &Known),
    root: &Path,
    tree: &Tree,
) -> Result<Option<Verified>, MirrorError> {
    let folder = Place { fs, root }.folder(tree);
    let Some(version) = folder.current()? else {
        return Ok(None);
    };
    let files = Files {
        folder: &folder,
        version: &version,
    };
    let of_table = Log::of(&folder, tree).differs(&version);
    if tree.dataset == Dataset::Trades {
        let mut verified = verify_days(workspace, &folder, &version, tree)?;
        // What has become of a day is said of that day.
        if verified.differences.is_empty() {
            files.refuse_part()?;
        }
        verified.differences.extend(table_difference(of_table?));
        return Ok(Some(verified));
    }
    files.refuse_part()?;
    files.refuse_change()?;
    let of_table = of_table?;
    let origin = Origin {
        workspace,
        catalog,
        fs,
        profile: folder.profile(&version, Profile::of(tree.dataset))?,
    };
    let mut scan = Scan::new(&folder, &version, Profile::of(tree.dataset));
    let mut verified = Verified::default();
    verified.differences.extend(table_difference(of_table));
    for (ticker, state) in &version.series {
        let mirrored = scan.rows(ticker)?;
        verified.series += 1;
        verified.rows += mirrored.len() as u64;
        verified.kept += usize::from(!state.kept.is_empty());
        let request = ticker
            .parse()
            .ok()
            .and_then(|ticker| tree.series_of(ticker));
        let reason = differ(&mirrored, request.as_ref(), state, &origin)?;
        verified.differences.extend(reason.map(|reason| Difference {
            ticker: ticker.to_string(),
            reason,
        }));
    }
    verified.differences.extend(lacking(&version, tree, known));
    Ok(Some(verified))
}

/// Returns the series of a tree of which its mirror has no rows.
fn lacking<'k>(
    version: &'k Version,
    tree: &'k Tree,
    known: &'k Known,
) -> impl Iterator<Item = Difference> + 'k {
    let there = known.records.keys().chain(&known.unrecorded);
    let of_tree = there.filter(|request| tree.holds(request)).map(name_of);
    let lacking = of_tree.filter(|ticker| !version.series.contains_key(*ticker));
    lacking.map(|ticker| Difference {
        ticker: ticker.to_owned(),
        reason: "the mirror has no rows of it".to_owned(),
    })
}

fn table_difference(reason: Option<String>) -> Option<Difference> {
    let ticker = "table".to_owned();
    reason.map(|reason| Difference { ticker, reason })
}

/// Compares the files of days with those of the tree, byte for byte: where both are one, with what it was.
fn verify_days(
    workspace: &Workspace<'_>,
    folder: &Folder<'_>,
    version: &Version,
    tree: &Tree,
) -> Result<Verified, MirrorError> {
    let mut verified = Verified::default();
    for (feed, files) in day_files::feeds(workspace, tree, Some(version))? {
        let mut files = match files {
            Ok(files) => files,
            Err(reason) => {
                let ticker = feed.to_string();
                verified.differences.push(Difference { ticker, reason });
                continue;
            }
        };
        let state = version.series.get(feed.as_str());
        for piece in &version.pieces {
            let Some(of) = piece.day.as_ref().filter(|of| of.feed == feed) else {
                continue;
            };
            let stored = files.remove(&of.day);
            let key = PartitionKey::Day(of.day);
            let is_kept = state.is_some_and(|state| state.kept.contains(&key));
            verified.series += 1;
            verified.rows += piece.rows;
            verified.kept += usize::from(is_kept);
            let stored = stored.filter(|_| !is_kept);
            let differs = differ_day(folder, version, piece, stored, is_kept);
            // Also where the disk cannot read one of them: of the others something can be said.
            let reason = differs.map_or_else(
                |error| Some(error.to_string()),
                |why| why.map(str::to_owned),
            );
            verified.differences.extend(reason.map(|reason| Difference {
                ticker: day_files::name_of(piece),
                reason,
            }));
        }
        verified
            .differences
            .extend(files.into_keys().map(|day| Difference {
                ticker: format!("{feed} {day}"),
                reason: "the mirror has no file of it".to_owned(),
            }));
    }
    Ok(verified)
}

/// Says what is wrong with the file of a day.
fn differ_day(
    folder: &Folder<'_>,
    version: &Version,
    piece: &Piece,
    stored: Option<PathBuf>,
    is_kept: bool,
) -> FsResult<Option<&'static str>> {
    let fs = folder.fs;
    let read = folder.path_of(version, piece);
    // What is one file need not be read twice.
    let is_whole = |path: &Path| -> FsResult<bool> {
        let bytes = fs.read(path)?;
        Ok(bytes.is_some_and(|bytes| Digest::of(&bytes) == piece.digest))
    };
    let of_table = folder.file(piece);
    let has_both =
        is_whole(&read)? && (day_files::is_one(fs, &read, &of_table)? || is_whole(&of_table)?);
    if !has_both {
        return Ok(Some("its file in the mirror is gone or is not what it was"));
    }
    match stored {
        _ if is_kept => Ok(None),
        None => Ok(Some("the tree has no file of it")),
        Some(stored) if day_files::is_one(fs, &read, &stored)? || is_whole(&stored)? => Ok(None),
        Some(_) => Ok(Some("the tree has another file of it")),
    }
}

/// Says how the rows of a series differ from those of the tree.
fn differ(
    mirrored: &Frame,
    request: Option<&StorageRequest>,
    state: &Mirrored,
    origin: &Origin<'_, '_>,
) -> Result<Option<String>, MirrorError> {
    Ok(match request.map(|request| origin.whole(request)) {
        Some(Ok(Some(read))) => differ_rows(mirrored, &read.frame, state).or_else(|| {
            let is_other_clock = !has_zone(&read, state);
            is_other_clock.then(|| "its `utc` is of another clock than that of the tree".to_owned())
        }),
        Some(Err(unread)) => Some(unread.of_series()?),
        Some(Ok(None)) if state.kept.contains(&PartitionKey::Whole) => None,
        None | Some(Ok(None)) => Some("the tree has no rows of it".to_owned()),
    })
}

fn differ_rows(mirrored: &Frame, stored: &Frame, state: &Mirrored) -> Option<String> {
    let is_all_kept = state.kept.contains(&PartitionKey::Whole);
    let granularity = stored.profile().dataset.granularity();
    let is_kept = |time| is_all_kept || state.kept.contains(&PartitionKey::of(granularity, time));
    // Of what the tree has lost the mirror has more, and nothing else.
    let kept = mirrored.at(is_kept);
    let all = frame::merge(&kept, &stored.at(is_kept)).frame;
    if all.fingerprint() != kept.fingerprint() {
        return Some("it lacks rows of the tree in months of which the tree lacks some".to_owned());
    }
    let (mirrored, stored) = (
        mirrored.at(|time| !is_kept(time)),
        stored.at(|time| !is_kept(time)),
    );
    if mirrored.fingerprint() == stored.fingerprint() {
        return None;
    }
    Some(if mirrored.len() == stored.len() {
        "its rows are others than those of the tree".to_owned()
    } else {
        let (mirrored, stored) = (mirrored.len(), stored.len());
        format!("it has {mirrored} rows, and the tree has {stored}")
    })
}
