//! The mirror of trades, whose tree has large files in order already: the files of its days, under a second name.
//!
//! Promises: a file comes in only where every byte of it is what barkeep wrote, and none is copied where the file system has
//! hard links. A day that the tree has lost, or of which it has fewer trades than it had, stays as its last good copy and is
//! marked, as long as that copy is whole: where both are one file, what damages one damages the other.
//! Leaves to others: how a state takes the place of another (`folder`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::build::rows_of;
use super::day_files::{DayFiles, Whole, feeds, missing_told, name_of, read_whole, seen};
use super::folder::Folder;
use super::lost::lacking;
use super::next::{At, Last, Made, nothing};
use super::{DayFile, MirrorError, Mirrored, Mirroring, Piece, Tree, Version};
use crate::frame::{Frame, Profile};
use crate::ledger::{Ledgers, SeriesRecord};
use crate::model::{Dataset, Digest, Feed, PartitionKey};
use crate::sys::atomic::TempNames;
use crate::sys::{FsError, FsResult};

/// The clock of all trades.
const ZONE: &str = "UTC";

/// Makes the next state of the mirror of trades, of which only the files are there.
///
/// # Errors
/// When the disk refuses, or the ledger cannot be read.
pub(super) fn next(
    mirroring: &Mirroring<'_, '_>,
    At {
        tree,
        folder,
        temps,
    }: At<'_>,
    Last { basis, replaced }: Last<'_>,
) -> Result<Made, MirrorError> {
    let mut next = Next {
        mirroring,
        tree,
        folder,
        temps,
        basis,
        replaced,
        ledgers: Ledgers::default(),
        taken: BTreeSet::new(),
        is_mended: false,
        changed: 0,
        told: Vec::new(),
    };
    let mut version = Version {
        pieces: Vec::new(),
        series: BTreeMap::new(),
        ..basis.cloned().unwrap_or_else(|| nothing(mirroring.now))
    };
    for (feed, files) in feeds(mirroring.workspace, tree, basis)? {
        let (pieces, state) = match files {
            Ok(files) => next.feed(&feed, &files)?,
            Err(refused) => next.as_it_was(&feed, refused)?,
        };
        if !pieces.is_empty() {
            version.pieces.extend(pieces);
            version.series.insert(feed.as_str().into(), state);
        }
    }
    let is_new = next.is_mended
        || basis.is_none_or(|basis| {
            (&basis.pieces, &basis.series) != (&version.pieces, &version.series)
        });
    if is_new {
        version.made = mirroring.now;
    }
    Ok(Made {
        version,
        is_new,
        changed: next.changed,
        told: next.told,
    })
}

/// What becomes of a day in the mirror.
enum Became {
    /// The mirror has what the tree has.
    Same(Piece),
    /// The mirror has the last good copy.
    LastCopy(Piece),
    /// The mirror does not have it.
    Absent,
}

/// A state that is being made.
struct Next<'n, 's> {
    mirroring: &'n Mirroring<'n, 's>,
    tree: &'n Tree,
    folder: &'n Folder<'n>,
    temps: &'n TempNames,
    basis: Option<&'n Version>,
    /// As of `Last`.
    replaced: Option<&'n Version>,
    ledgers: Ledgers,
    /// What the files have that are in it.
    taken: BTreeSet<Digest>,
    /// Whether a file of the last state was not what it should be, and is again.
    is_mended: bool,
    changed: usize,
    told: Vec<String>,
}

impl Next<'_, '_> {
    /// Returns what the last state has of a feed.
    fn had(&self, feed: &Feed) -> (BTreeMap<NaiveDate, Piece>, Mirrored) {
        let pieces = self.basis.iter().flat_map(|basis| &basis.pieces);
        let of_days = pieces.filter_map(|piece| Some((piece.day.as_ref()?, piece)));
        let of_feed = of_days.filter(|(of, _)| of.feed == *feed);
        let pieces = of_feed.map(|(of, piece)| (of.day, piece.clone())).collect();
        let state = self.basis.and_then(|basis| basis.series.get(feed.as_str()));
        (pieces, state.cloned().unwrap_or_default())
    }

    /// Keeps what the mirror has of a feed whose days cannot be looked at.
    fn as_it_was(
        &mut self,
        feed: &Feed,
        reason: String,
    ) -> Result<(Vec<Piece>, Mirrored), MirrorError> {
        let request = self.tree.trades_of(feed.clone());
        let is_had = |last: &Version| last.series.contains_key(feed.as_str());
        if self.replaced.is_some_and(is_had) {
            let request = Box::new(request);
            return Err(MirrorError::Unreadable { request, reason });
        }
        self.told
            .push(format!("{request} stays as it was in the mirror: {reason}"));
        let (pieces, state) = self.had(feed);
        Ok((pieces.into_values().collect(), state))
    }

    fn feed(
        &mut self,
        feed: &Feed,
        files: &DayFiles,
    ) -> Result<(Vec<Piece>, Mirrored), MirrorError> {
        let (mut had, old) = self.had(feed);
        let record = self
            .mirroring
            .known
            .records
            .get(&self.tree.trades_of(feed.clone()));
        let mut state = Mirrored {
            rows: record.map_or(0, |record| record.rows),
            sum: record.map_or(0, |record| record.sum),
            zone: Some(ZONE.to_owned()),
            ..Mirrored::default()
        };
        let mut pieces = Vec::new();
        let days: BTreeSet<NaiveDate> = files.keys().chain(had.keys()).copied().collect();
        for day in days {
            let key = PartitionKey::Day(day);
            let had = had.remove(&day);
            let (before, was_kept) = (had.clone(), old.kept.contains(&key));
            let stored = files.get(&day);
            let had = had.map(|had| (had, was_kept));
            let became = match self.day((feed, day), stored, had.clone(), record) {
                Err(MirrorError::Fs(refused)) if is_of_day(&refused, stored) => {
                    // What was recorded of the feed is not all there.
                    (state.rows, state.sum) = (old.rows, old.sum);
                    self.unreadable((feed, day), had, &refused)?
                }
                became => became?,
            };
            let (now, is_kept) = match became {
                Became::Same(piece) => (Some(piece), false),
                Became::LastCopy(piece) => (Some(piece), true),
                Became::Absent => (None, false),
            };
            let digest = |piece: &Option<Piece>| piece.as_ref().map(|piece| piece.digest);
            self.changed += usize::from((digest(&now), is_kept) != (digest(&before), was_kept));
            state.kept.extend(is_kept.then_some(key));
            pieces.extend(now);
        }
        self.told
            .extend(missing_told(self.tree, feed, &pieces, record));
        Ok((pieces, state))
    }

    /// Says what becomes of a day: of the file of the tree, if there is one, and of what the mirror has of it, if anything, and
    /// whether that is marked already.
    fn day(
        &mut self,
        (feed, day): (&Feed, NaiveDate),
        stored: Option<&PathBuf>,
        had: Option<(Piece, bool)>,
        record: Option<&SeriesRecord>,
    ) -> Result<Became, MirrorError> {
        let fs = self.mirroring.fs;
        let Some(path) = stored else {
            return self.gone(had);
        };
        let Some(meta) = fs.metadata(path)? else {
            return self.gone(had);
        };
        let of = DayFile {
            feed: feed.clone(),
            day,
            seen: seen(&meta),
        };
        let mut is_lacking = false;
        if let Some((piece, is_kept)) = &had {
            is_lacking = !self.has(piece)?;
            if piece.day.as_ref() == Some(&of) && !is_lacking {
                // Nobody has to read it, but it has to be there for whoever does: both names are one file.
                fs.read_end(path, 1)?;
                return Ok(self.as_before(piece.clone(), *is_kept));
            }
        }
        let whole = match read_whole(fs, path, of.clone())? {
            Ok(whole) => whole,
            Err(reason) => {
                if had.is_none() {
                    self.leave_out((feed, day), &reason);
                }
                return self.last_copy(had, of.seen);
            }
        };
        if let Some((piece, is_kept)) = &had
            && piece.digest != whole.piece.digest
            && self.has_fewer(&whole, piece, *is_kept, record)?
        {
            return self.last_copy(had, of.seen);
        }
        if !self.taken.insert(whole.piece.digest) {
            self.leave_out((feed, day), &"it is the very file of another day or feed");
            return Ok(Became::Absent);
        }
        if is_lacking && had.is_some_and(|(piece, _)| piece.digest == whole.piece.digest) {
            self.is_mended = true;
            let tree = self.tree;
            self.told.push(format!(
                "{feed} {day} was damaged in the mirror of {tree}, and is there again"
            ));
        }
        self.folder
            .adopt(self.temps, &whole.piece, path, &whole.bytes)?;
        Ok(Became::Same(whole.piece))
    }

    /// Says that a day does not come in.
    fn leave_out(&mut self, (feed, day): (&Feed, NaiveDate), reason: &dyn Display) {
        let tree = self.tree;
        self.told.push(format!(
            "{feed} {day} is not in the mirror of {tree}: {reason}"
        ));
    }

    /// Keeps what the mirror has of a day whose file the system lets nobody read. It may be one with that file, so that it is not
    /// read, either.
    fn unreadable(
        &mut self,
        (feed, day): (&Feed, NaiveDate),
        had: Option<(Piece, bool)>,
        refused: &FsError,
    ) -> Result<Became, MirrorError> {
        let (tree, name) = (self.tree, format!("{feed} {day}"));
        let is_it = |piece: &Piece| name_of(piece) == name;
        let mut replaced = self.replaced.iter().flat_map(|last| &last.pieces);
        let would_leave = match &had {
            Some((piece, _)) => !self.has(piece)?,
            None => replaced.any(is_it),
        };
        if would_leave {
            let request = Box::new(self.tree.trades_of(feed.clone()));
            let reason = format!("{day}: {refused}");
            return Err(MirrorError::Unreadable { request, reason });
        }
        let Some((piece, was_kept)) = had else {
            self.leave_out((feed, day), &refused);
            return Ok(Became::Absent);
        };
        self.told.push(format!(
            "{name} stays as it was in the mirror of {tree}: {refused}"
        ));
        Ok(self.as_before(piece, was_kept))
    }

    fn as_before(&mut self, piece: Piece, is_kept: bool) -> Became {
        self.taken.insert(piece.digest);
        if is_kept {
            Became::LastCopy(piece)
        } else {
            Became::Same(piece)
        }
    }

    /// Keeps what the mirror has of a day of which the tree has no file, unless somebody took all of it out.
    fn gone(&mut self, had: Option<(Piece, bool)>) -> Result<Became, MirrorError> {
        let nothing = Frame::empty(Profile::of(Dataset::Trades));
        match &had {
            Some((piece, false)) if self.has_more(piece, &nothing)? == Some(false) => {
                Ok(Became::Absent)
            }
            _ => self.last_copy(had, 0),
        }
    }

    /// Keeps what the mirror has of a day that the tree has not, unless it is no good either.
    fn last_copy(&mut self, had: Option<(Piece, bool)>, seen: u64) -> Result<Became, MirrorError> {
        let Some((mut piece, was_kept)) = had else {
            return Ok(Became::Absent);
        };
        // What is marked was read whole when it was.
        let has_all = self.has(&piece)?;
        let is_whole = (was_kept && has_all) || self.rescue(&piece)?;
        self.is_mended |= !has_all;
        let name = name_of(&piece);
        if let Some(of) = &mut piece.day {
            of.seen = seen;
        }
        if is_whole && self.taken.insert(piece.digest) {
            return Ok(Became::LastCopy(piece));
        }
        let tree = self.tree;
        self.told.push(format!(
            "{name} leaves the mirror of {tree}: it is damaged or gone where it is stored, and so is the copy"
        ));
        Ok(Became::Absent)
    }

    /// Returns the names under which readers of the table and of the folder find a file.
    fn names(&self, piece: &Piece) -> Vec<PathBuf> {
        let mut names = vec![self.folder.file(piece)];
        names.extend(self.basis.map(|basis| self.folder.path_of(basis, piece)));
        names
    }

    /// Looks for the contents of a file under both of its names, and has the next state have it; `false` where it is no good.
    fn rescue(&self, piece: &Piece) -> FsResult<bool> {
        for path in self.names(piece) {
            let bytes = self.mirroring.fs.read(&path)?;
            let is_it = |bytes: &Vec<u8>| Digest::of(bytes) == piece.digest;
            if let Some(bytes) = bytes.filter(is_it) {
                self.folder.adopt(self.temps, piece, &path, &bytes)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether both names are there, in the length of the file.
    fn has(&self, piece: &Piece) -> FsResult<bool> {
        for path in self.names(piece) {
            let found = self.mirroring.fs.metadata(&path)?;
            if found.is_none_or(|found| found.len != piece.bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether a file of the tree lacks trades that the mirror has, and nobody took out. One that this build cannot read
    /// may.
    fn has_fewer(
        &mut self,
        whole: &Whole,
        had: &Piece,
        was_kept: bool,
        record: Option<&SeriesRecord>,
    ) -> Result<bool, MirrorError> {
        // Of a series that lost nothing, a file takes the place of another with all of its rows.
        let lost_nothing = record.is_some_and(SeriesRecord::is_exact) && !was_kept;
        if lost_nothing && whole.piece.rows >= had.rows {
            return Ok(false);
        }
        match whole.rows() {
            Ok(newer) => Ok(self.has_more(had, &newer)? == Some(true)),
            Err(refused) => {
                let (tree, name) = (self.tree, name_of(had));
                self.told.push(format!(
                    "{name} stays as it was in the mirror of {tree}: {refused}"
                ));
                Ok(true)
            }
        }
    }

    /// Tells whether a file of the mirror has trades that are not among others, and nobody took out; `None` where it is no good.
    fn has_more(&self, had: &Piece, newer: &Frame) -> Result<Option<bool>, MirrorError> {
        let Some(of) = &had.day else { return Ok(None) };
        let profile = Profile::of(Dataset::Trades);
        let (fs, places) = (self.mirroring.fs, &self.mirroring.workspace.places);
        let request = self.tree.trades_of(of.feed.clone());
        let out = self.ledgers.rows_out(fs, places, &request, profile)?;
        if newer.is_empty() && out.is_empty() {
            return Ok(Some(true));
        }
        let day = BTreeSet::from([PartitionKey::Day(of.day)]);
        match rows_of(self.folder, profile, had) {
            Ok(older) => Ok(Some(!lacking(&older, newer, &day, &out).is_empty())),
            Err(MirrorError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Tells whether the system refused the file of a day, or its folder, and nothing else.
fn is_of_day(refused: &FsError, stored: Option<&PathBuf>) -> bool {
    let folder = stored.and_then(|path| path.parent());
    refused.is_of_place() && folder.is_some_and(|folder| refused.path.starts_with(folder))
}
