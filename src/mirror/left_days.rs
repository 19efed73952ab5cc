//! The days of trades that only files of a mirror have whose state nobody can read.
//!
//! Promises: changes no rows. A file does not say of which feed it is: where its trades are lost, and there are several feeds, it is
//! refused.
//! Leaves to others: the state that goes on from these days (`days`).

use super::build::rows_of;
use super::day_files::{DayFiles, feeds, piece_of};
use super::folder::Folder;
use super::left::{Old, OldFile};
use super::lost_days::Looking;
use super::next::{At, nothing};
use super::{DayFile, MirrorError, Mirroring, Piece, Tree, Version};
use crate::frame::{self, Profile};
use crate::ledger::Ledgers;
use crate::model::{Dataset, Feed, PartitionKey, Series, time};
use crate::sys::atomic::TempNames;

/// The days that old files of a mirror have still.
struct LeftDays<'l, 's> {
    tree: &'l Tree,
    folder: &'l Folder<'l>,
    temps: &'l TempNames,
    looking: Looking<'l, 's>,
    /// Of which trades are stored, or were.
    feeds: Vec<(Feed, DayFiles)>,
    left: Version,
}

/// Returns a state of the days that old files have and the tree lacks, wholly or in part, as last copies.
///
/// # Errors
/// `Doubtful` where nobody can say what a file has; when the disk refuses, or the ledger cannot be read.
pub(super) fn days_left(
    mirroring: &Mirroring<'_, '_>,
    At {
        tree,
        folder,
        temps,
    }: At<'_>,
    old: &Old<'_>,
) -> Result<Version, MirrorError> {
    let ledgers = Ledgers::default();
    let mut days = LeftDays {
        tree,
        folder,
        temps,
        looking: Looking {
            workspace: mirroring.workspace,
            folder,
            ledgers: &ledgers,
        },
        feeds: Vec::new(),
        // It has no folder.
        left: Version {
            is_linked: false,
            ..nothing(mirroring.now)
        },
    };
    if old.files.is_empty() {
        return Ok(days.left);
    }
    days.find_feeds(mirroring)?;
    for file in &old.files {
        if let Some(piece) = days.piece(file)? {
            days.add(file, piece)?;
        }
    }
    Ok(days.left)
}

impl LeftDays<'_, '_> {
    fn find_feeds(&mut self, mirroring: &Mirroring<'_, '_>) -> Result<(), MirrorError> {
        for (feed, files) in feeds(mirroring.workspace, self.tree, None)? {
            let request = || Box::new(self.tree.trades_of(feed.clone()));
            let files = files.map_err(|reason| MirrorError::Unreadable {
                request: request(),
                reason,
            })?;
            self.feeds.push((feed, files));
        }
        for request in mirroring.known.records.keys() {
            if let Series::Trades { feed } = &request.series
                && self.tree.holds(request)
                && !self.feeds.iter().any(|(known, _)| known == feed)
            {
                self.feeds.push((feed.clone(), DayFiles::new()));
            }
        }
        Ok(())
    }

    /// Returns what a file is, and sees to it that it lies among all files; `None` where it has no trades.
    fn piece(&self, file: &OldFile) -> Result<Option<Piece>, MirrorError> {
        let whole = file.whole(self.folder)?;
        let (bytes, path) = whole.ok_or_else(|| file.perhaps(self.tree, "is damaged"))?;
        let found = piece_of(&bytes);
        let found = found.map_err(|error| file.perhaps(self.tree, &format!("is odd: {error}")))?;
        let Some((piece, _)) = found else {
            return Ok(None);
        };
        if path != self.folder.file(&piece) {
            self.folder.adopt(self.temps, &piece, path, &bytes)?;
        }
        Ok(Some(piece))
    }

    /// Adds the day of a file, unless a feed has all of its trades.
    fn add(&mut self, file: &OldFile, mut piece: Piece) -> Result<(), MirrorError> {
        let day = time::day(piece.span.0);
        for (feed, files) in &self.feeds {
            let request = self.tree.trades_of(feed.clone());
            match self.looking.day((&request, day), &piece, files.get(&day)) {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => {}
                Err(unread) => {
                    let (request, reason) = (Box::new(request), unread.of_series()?);
                    return Err(MirrorError::Unreadable { request, reason });
                }
            }
        }
        let [(feed, _)] = self.feeds.as_slice() else {
            let of_which = format!("has trades of {day}, and does not say of which feed");
            return Err(file.perhaps(self.tree, &of_which));
        };
        piece.day = Some(DayFile {
            feed: feed.clone(),
            day,
            seen: 0,
        });
        let of_day = |old: &Piece| old.day == piece.day;
        if let Some(at) = self.left.pieces.iter().position(of_day) {
            let older = self.left.pieces.swap_remove(at);
            piece = self.larger(older, piece).ok_or_else(|| {
                file.perhaps(
                    self.tree,
                    &format!("has other trades of {day} than another file"),
                )
            })?;
        } else {
            let state = self.left.series.entry(feed.as_str().into()).or_default();
            state.kept.push(PartitionKey::Day(day));
        }
        self.left.pieces.push(piece);
        Ok(())
    }

    /// Returns which of two files of a day has all trades of the other one; `None` where none has.
    fn larger(&self, older: Piece, newer: Piece) -> Option<Piece> {
        let rows = |piece| rows_of(self.folder, Profile::of(Dataset::Trades), piece).ok();
        let (of_older, of_newer) = (rows(&older)?, rows(&newer)?);
        if frame::without(&of_older, &of_newer).is_empty() {
            return Some(newer);
        }
        frame::without(&of_newer, &of_older)
            .is_empty()
            .then_some(older)
    }
}
