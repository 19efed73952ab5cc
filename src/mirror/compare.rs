//! A mirror against its tree, series by series.
//!
//! Promises: rows are compared by their fingerprints, every bit of them. What the tree has lost is not held against the mirror,
//! and is counted. Changes nothing and takes no lock.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::build::rows_of;
use super::folder::Folder;
use super::read::{Origin, Unread};
use super::{MirrorError, Mirrored, Piece, Place, Tier, Tree, Version};
use crate::catalog::Catalog;
use crate::frame::{self, Frame, Profile};
use crate::inventory::Known;
use crate::model::PartitionKey;
use crate::sys::Fs;
use crate::workspace::Workspace;

/// A series of which a mirror and its tree have different rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Difference {
    pub ticker: String,
    pub reason: String,
}

/// What comparing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many series were compared.
    pub series: usize,
    /// How many rows of the mirror.
    pub rows: u64,
    /// Series that have rows which the tree has lost; of these months nothing was compared.
    pub kept: usize,
    /// Series that differ.
    pub differences: Vec<Difference>,
}

/// The files of a version, of each tier the one that was read last.
struct Scan<'f, 'v> {
    folder: &'f Folder<'f>,
    version: &'v Version,
    profile: &'static Profile,
    loaded: Vec<(&'v Piece, Arc<Frame>)>,
}

impl<'v> Scan<'_, 'v> {
    /// Returns the rows of a ticker. Asked in the order of tickers, each file is read once.
    fn rows(&mut self, ticker: &str) -> Result<Frame, MirrorError> {
        let mut all = Frame::empty(self.profile);
        for tier in Tier::ALL {
            let mut of_tier = self
                .version
                .files_of(Some(ticker))
                .filter(|p| p.tier == tier);
            let Some(piece) = of_tier.next() else {
                continue;
            };
            let frame = self.load(piece)?;
            let rows = rows_in(&frame, ticker);
            if !rows.is_empty() {
                let part = frame.slice(rows);
                all = if all.is_empty() {
                    part
                } else {
                    let merged = frame::merge(&all, &part);
                    if merged.added < part.len() {
                        return Err(super::folder::damaged(
                            &self.folder.file(piece),
                            "it has rows that another file has, too",
                        ));
                    }
                    merged.frame
                };
            }
        }
        Ok(all)
    }

    fn load(&mut self, piece: &'v Piece) -> Result<Arc<Frame>, MirrorError> {
        if let Some((_, frame)) = self.loaded.iter().find(|(known, _)| *known == piece) {
            return Ok(Arc::clone(frame));
        }
        self.loaded.retain(|(known, _)| known.tier != piece.tier);
        let frame = Arc::new(rows_of(self.folder, self.profile, piece)?);
        self.loaded.push((piece, Arc::clone(&frame)));
        Ok(frame)
    }
}

/// Returns the rows of a ticker in a file, which is sorted by tickers.
fn rows_in(frame: &Frame, ticker: &str) -> Range<usize> {
    let first = |is_before: &dyn Fn(&str) -> bool| {
        let (mut low, mut high) = (0, frame.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(frame.owner(middle).map_or("", |owner| owner)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    };
    first(&|owner| owner < ticker)..first(&|owner| owner <= ticker)
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
    let origin = Origin {
        workspace,
        catalog,
        fs,
    };
    let mut scan = Scan {
        folder: &folder,
        version: &version,
        profile: Profile::of(tree.dataset),
        loaded: Vec::new(),
    };
    let mut verified = Verified::default();
    for (ticker, state) in &version.series {
        let mirrored = scan.rows(ticker)?;
        verified.series += 1;
        verified.rows += mirrored.len() as u64;
        verified.kept += usize::from(!state.kept.is_empty());
        let request = ticker
            .parse()
            .ok()
            .and_then(|ticker| tree.series_of(ticker));
        let read = request.map(|request| origin.whole(&request));
        let reason = match read {
            Some(Ok(Some(read))) => differ(&mirrored, &read.frame, state),
            Some(Err(Unread::Failed(error))) => return Err(error.into()),
            Some(Err(Unread::Refused(reason))) => Some(reason),
            Some(Ok(None)) if state.kept.contains(&PartitionKey::Whole) => None,
            None | Some(Ok(None)) => Some("the tree has no rows of it".to_owned()),
        };
        verified.differences.extend(reason.map(|reason| Difference {
            ticker: ticker.to_string(),
            reason,
        }));
    }
    let there = known.records.keys().chain(&known.unrecorded);
    for request in there.filter(|request| tree.holds(request)) {
        let ticker = request.series.ticker().map_or("", |ticker| ticker.as_str());
        if !version.series.contains_key(ticker) {
            verified.differences.push(Difference {
                ticker: ticker.to_owned(),
                reason: "the mirror has no rows of it".to_owned(),
            });
        }
    }
    Ok(Some(verified))
}

fn differ(mirrored: &Frame, stored: &Frame, state: &Mirrored) -> Option<String> {
    if state.kept.contains(&PartitionKey::Whole) {
        return None;
    }
    let granularity = stored.profile().dataset.granularity();
    let is_compared = |time| !state.kept.contains(&PartitionKey::of(granularity, time));
    let (mirrored, stored) = (mirrored.at(is_compared), stored.at(is_compared));
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
