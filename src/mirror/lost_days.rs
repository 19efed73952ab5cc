//! Days of trades that a tree has lost, wholly or in part, and its mirror has still.
//!
//! Promises: reads only, and has no more than one day in memory. As of bars, a trade that a person took out is none of them, and
//! each day is held against what the ledger says of the file that was lost.
//! Leaves to others: putting them back (`ingest`), a person's word for it (`cli`).

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::build::rows_of;
use super::day_files::{feeds, is_one};
use super::folder::Folder;
use super::lost::{LOST, first_refused, lacking, of_this_workspace, prove};
use super::read::Unread;
use super::{MirrorError, Piece, Place, Proof, Tree, Version};
use crate::frame::{self, Frame, Profile};
use crate::ledger::{Ledgers, rows_out};
use crate::model::{Dataset, Digest, Fingerprint, PartitionKey, Provenance, StorageRequest, Venue};
use crate::storage::StorageError;
use crate::sys::FsResult;
use crate::workspace::Workspace;

/// A day of trades of which only a mirror has all still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostDay {
    /// The trades of its feed.
    pub request: StorageRequest,
    /// The day, UTC.
    pub day: NaiveDate,
    /// The trades that are lost.
    pub lost: Fingerprint,
    /// How the copy stands to what was recorded of the lost file.
    pub proof: Proof,
}

impl LostDay {
    /// Counts the trades that are lost.
    pub fn rows(&self) -> usize {
        usize::try_from(self.lost.rows).unwrap_or(usize::MAX)
    }

    /// Returns what its trades say of themselves.
    pub fn provenance(&self) -> Provenance {
        let venue = self.request.venue.as_ref();
        venue.map(Provenance::of_trades).unwrap_or_default()
    }
}

/// Days that trees have lost and mirrors have still.
#[derive(Debug, Default)]
pub struct LostDays {
    /// By feed and day.
    pub days: Vec<LostDay>,
    /// Feeds and days of them that cannot be compared or put back, and why.
    pub refused: Vec<(StorageRequest, String)>,
}

impl LostDays {
    /// Returns the first of them in words, or else what cannot be compared.
    pub(super) fn first(&self) -> Option<String> {
        let lost = self.days.first();
        let lost = lost.map(|one| format!("{} {}{LOST}", one.request, one.day));
        lost.or_else(|| first_refused(&self.refused))
    }
}

/// Finds the days that a venue has lost, of the feeds that are wanted; nothing where there is no mirror of its trades.
///
/// # Errors
/// When the mirror is another workspace's, damaged, of a later form, or something cannot be read.
pub(super) fn lost_days(
    workspace: &Workspace<'_>,
    root: &Path,
    venue: &Venue,
    is_wanted: &dyn Fn(&StorageRequest) -> bool,
) -> Result<LostDays, MirrorError> {
    let (fs, tree) = (workspace.fs(), Tree::of_trades(venue));
    let folder = Place { fs, root }.folder(&tree);
    match of_this_workspace(&folder, &workspace.places)? {
        Some(version) => {
            let is_meant = |request: &StorageRequest, _: &Piece| is_wanted(request);
            of_version(workspace, (&folder, &tree), &version, &is_meant)
        }
        None => Ok(LostDays::default()),
    }
}

/// Finds the days of a state that its tree has lost, of the files that are meant.
///
/// # Errors
/// When the disk does not answer, or the ledger cannot be read.
pub(super) fn of_version(
    workspace: &Workspace<'_>,
    (folder, tree): (&Folder<'_>, &Tree),
    version: &Version,
    is_meant: &dyn Fn(&StorageRequest, &Piece) -> bool,
) -> Result<LostDays, MirrorError> {
    let mut days = Vec::new();
    let ledgers = Ledgers::default();
    let looking = Looking {
        workspace,
        folder,
        ledgers: &ledgers,
    };
    let refused = each(looking, (tree, version), is_meant, &mut |lost| {
        days.extend(lost.map(|(day, _)| day));
        ControlFlow::Continue(())
    })?;
    Ok(LostDays { days, refused })
}

/// How a day stands that was found to be lost.
#[derive(Debug)]
pub enum LostStill {
    /// These trades of it are lost, as they were found to be.
    Same(Frame),
    /// Not these: others are, or nobody can say it any more.
    Other,
    /// None of it is.
    Back,
}

/// Returns the trades of a day that are lost, if they are those that were found.
///
/// # Errors
/// As `lost_days`.
pub(super) fn lost_trades(
    workspace: &Workspace<'_>,
    root: &Path,
    of: &LostDay,
    ledgers: &Ledgers,
) -> Result<LostStill, MirrorError> {
    let mut still = LostStill::Other;
    let Some(venue) = &of.request.venue else {
        return Ok(still);
    };
    let (fs, tree) = (workspace.fs(), Tree::of_trades(venue));
    let folder = &Place { fs, root }.folder(&tree);
    let Some(version) = of_this_workspace(folder, &workspace.places)? else {
        return Ok(still);
    };
    let looking = Looking {
        workspace,
        folder,
        ledgers,
    };
    let is_meant = |request: &StorageRequest, piece: &Piece| {
        let day = piece.day.as_ref().map(|of| of.day);
        (request, day) == (&of.request, Some(of.day))
    };
    each(looking, (&tree, &version), &is_meant, &mut |lost| {
        still = match lost {
            None => LostStill::Back,
            Some((day, rows)) if day == *of => LostStill::Same(rows),
            Some(_) => LostStill::Other,
        };
        ControlFlow::Break(())
    })?;
    Ok(still)
}

/// Hears of each day of a mirror: what of it is lost, if anything is.
type Hear<'h> = dyn FnMut(Option<(LostDay, Frame)>) -> ControlFlow<()> + 'h;

/// Hands out the days of a tree, those that are lost with their lost trades, and returns what cannot be compared or put back.
fn each(
    looking: Looking<'_, '_>,
    (tree, version): (&Tree, &Version),
    is_meant: &dyn Fn(&StorageRequest, &Piece) -> bool,
    hear: &mut Hear<'_>,
) -> Result<Vec<(StorageRequest, String)>, MirrorError> {
    let mut refused = Vec::new();
    for (feed, files) in feeds(looking.workspace, tree, Some(version))? {
        let request = tree.trades_of(feed.clone());
        let of_feed = version.pieces.iter().filter_map(|piece| {
            let of = piece.day.as_ref().filter(|of| of.feed == feed)?;
            is_meant(&request, piece).then_some((of.day, piece))
        });
        let of_feed: Vec<(NaiveDate, &Piece)> = of_feed.collect();
        if of_feed.is_empty() {
            continue;
        }
        let files = match files {
            Ok(files) => files,
            Err(reason) => {
                refused.push((request, reason));
                continue;
            }
        };
        for (day, piece) in of_feed {
            let lost = match looking.day((&request, day), piece, files.get(&day)) {
                Ok(lost) => lost,
                Err(unread) => {
                    let reason = unread.of_series()?;
                    refused.push((request.clone(), format!("{day}: {reason}")));
                    continue;
                }
            };
            let lost = lost.map(|(rows, proof)| {
                let lost = LostDay {
                    request: request.clone(),
                    day,
                    lost: rows.fingerprint(),
                    proof,
                };
                (lost, rows)
            });
            if hear(lost).is_break() {
                return Ok(refused);
            }
        }
    }
    Ok(refused)
}

/// A look at days of which something may be lost.
#[derive(Clone, Copy)]
pub(super) struct Looking<'l, 's> {
    pub(super) workspace: &'l Workspace<'s>,
    pub(super) folder: &'l Folder<'l>,
    pub(super) ledgers: &'l Ledgers,
}

impl Looking<'_, '_> {
    /// Returns the trades of a day that only the mirror has, and how they stand to what was recorded; `None` where it has none.
    pub(super) fn day(
        self,
        (request, day): (&StorageRequest, NaiveDate),
        piece: &Piece,
        stored: Option<&PathBuf>,
    ) -> Result<Option<(Frame, Proof)>, Unread> {
        if let Some(path) = stored
            && self.is_had(piece, path).map_err(StorageError::from)?
        {
            return Ok(None);
        }
        let profile = Profile::of(Dataset::Trades);
        let mirrored = rows_of(self.folder, profile, piece).map_err(|error| match error {
            MirrorError::Fs(error) => Unread::Failed(error.into()),
            other => Unread::Refused(other.to_string()),
        })?;
        let (workspace, key) = (self.workspace, PartitionKey::Day(day));
        let partitions = BTreeSet::from([key]);
        let store = &workspace.stores.partitioned;
        let there = store.read_alone(request, &partitions)?.frame;
        let history = self
            .ledgers
            .history(workspace.fs(), &workspace.places, request)
            .map_err(|error| Unread::Failed(error.into()))?;
        let out = rows_out(&history, profile);
        let rows = lacking(&mirrored, &there, &partitions, &out);
        if rows.is_empty() {
            return Ok(None);
        }
        let whole = frame::merge(&there, &rows).frame;
        let candidates = [&rows, &whole, &mirrored].map(Frame::fingerprint);
        let stored = (!there.is_empty()).then(|| there.fingerprint());
        // Prices of trades are never moved.
        let proof = prove(&candidates, stored, key, &history).unwrap_or(Proof::Unproven);
        Ok(Some((rows, proof)))
    }

    /// Tells whether a file of the tree is what the mirror has.
    fn is_had(self, piece: &Piece, path: &Path) -> FsResult<bool> {
        let fs = self.folder.fs;
        if is_one(fs, path, &self.folder.file(piece))? {
            return Ok(true);
        }
        let bytes = fs.read(path)?;
        Ok(bytes.is_some_and(|bytes| Digest::of(&bytes) == piece.digest))
    }
}
