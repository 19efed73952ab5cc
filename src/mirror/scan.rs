//! The rows of a version, ticker by ticker.
//!
//! Promises: all rows of a ticker or an error. Few files are in memory at once: of each tier the one that was read last.

use std::ops::Range;
use std::sync::Arc;

use super::build::rows_of;
use super::folder::{Folder, damaged};
use super::{MirrorError, Piece, Tier, Version};
use crate::frame::{Frame, Profile};

/// The files of a version, of each tier the one that was read last.
pub(super) struct Scan<'f, 'v> {
    folder: &'f Folder<'f>,
    version: &'v Version,
    profile: &'static Profile,
    loaded: Vec<(&'v Piece, Arc<Frame>)>,
}

impl<'f, 'v> Scan<'f, 'v> {
    pub(super) fn new(
        folder: &'f Folder<'f>,
        version: &'v Version,
        profile: &'static Profile,
    ) -> Self {
        Self {
            folder,
            version,
            profile,
            loaded: Vec::new(),
        }
    }

    /// Returns the rows of a ticker. Asked in the order of tickers, each file is read once.
    ///
    /// # Errors
    /// When a file is not what was written, or two of them have one row, or rows of two kinds.
    pub(super) fn rows(&mut self, ticker: &str) -> Result<Frame, MirrorError> {
        let (rows, damage) = self.whole_rows(ticker)?;
        damage.map_or(Ok(rows), Err)
    }

    /// Returns those of the rows of a ticker that are in whole files, and what is wrong with another one.
    ///
    /// # Errors
    /// When a file cannot be read, or two of them have one row, or rows of two kinds.
    pub(super) fn whole_rows(
        &mut self,
        ticker: &str,
    ) -> Result<(Frame, Option<MirrorError>), MirrorError> {
        let (mut all, mut damage) = (Frame::empty(self.profile), None);
        for tier in Tier::ALL {
            let mut of_tier = self
                .version
                .files_of(Some(ticker))
                .filter(|p| p.tier == tier);
            let Some(piece) = of_tier.next() else {
                continue;
            };
            let frame = match self.load(piece) {
                Err(error @ MirrorError::Damaged { .. }) => {
                    damage = Some(error);
                    continue;
                }
                frame => frame?,
            };
            let rows = rows_in(&frame, ticker);
            if !rows.is_empty() {
                let part = frame.slice(rows);
                let count = all.len() + part.len();
                let joined = Frame::joined(self.profile, vec![all, part]);
                let path = || self.folder.file(piece);
                all = joined.map_err(|other| damaged(&path(), &other.to_string()))?;
                if all.len() < count {
                    return Err(damaged(&path(), "it has rows that another file has, too"));
                }
            }
        }
        Ok((all, damage))
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
