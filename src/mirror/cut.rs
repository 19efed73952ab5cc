//! Rows into files: where one ends and the next begins, how they are encoded and written.
//!
//! Promises: a file has whole series of one range of tickers, and at most 64 MiB unless one series has more.

use super::build::{Builder, Zones, ticker_of};
use super::{MirrorError, Piece, Tier};
use crate::calendar::Instants;
use crate::codec::{Encoded, encode_for_scans};
use crate::frame::{Frame, Values};
use crate::sys::Rights;

/// The most bytes of a file.
const MOST_BYTES: usize = 64 << 20;
/// The most rows of a file, so that making one takes some hundred MiB of memory.
const MOST_ROWS: usize = 4 << 20;

/// Joins rows, which come in the order of tickers, until they fill a file.
pub(super) struct Cutter<'c, 's> {
    builder: Builder<'c, 's>,
    tier: Tier,
    frames: Vec<Frame>,
    rows: usize,
    /// What the files grant that the rows come from.
    pub(super) rights: Option<Rights>,
    pieces: Vec<Piece>,
}

impl<'c, 's> Cutter<'c, 's> {
    pub(super) fn new(builder: Builder<'c, 's>, tier: Tier, rights: Option<Rights>) -> Self {
        Self {
            builder,
            tier,
            frames: Vec::new(),
            rows: 0,
            rights,
            pieces: Vec::new(),
        }
    }

    /// Takes the rows of the next ticker.
    pub(super) fn push(&mut self, frame: Frame, zones: &Zones) -> Result<(), MirrorError> {
        if frame.is_empty() {
            return Ok(());
        }
        if self.rows > 0 && self.rows + frame.len() > MOST_ROWS {
            self.flush(zones)?;
        }
        self.rows += frame.len();
        self.frames.push(frame);
        Ok(())
    }

    /// Writes what is left, and returns all files.
    pub(super) fn finish(mut self, zones: &Zones) -> Result<Vec<Piece>, MirrorError> {
        self.flush(zones)?;
        Ok(self.pieces)
    }

    fn flush(&mut self, zones: &Zones) -> Result<(), MirrorError> {
        self.rows = 0;
        let frames = std::mem::take(&mut self.frames);
        let Some(first) = frames.first() else {
            return Ok(());
        };
        // Bars made of trades have a profile of their own.
        let whole = Frame::concat(first.profile(), frames);
        let whole = whole.map_err(|_| MirrorError::Damaged {
            path: self.builder.folder.dir.clone(),
            reason: "its tickers are not in order, or have rows of two kinds".to_owned(),
        })?;
        self.write(&whole, zones)
    }

    /// Writes rows as one file, or as two halves if one would be too large.
    fn write(&mut self, rows: &Frame, zones: &Zones) -> Result<(), MirrorError> {
        let encoded = self.encode(rows, zones)?;
        let series = rows.series();
        if encoded.bytes.len() > MOST_BYTES
            && let Some(half) = series.get(series.len() / 2)
            && half.start > 0
        {
            self.write(&rows.slice(0..half.start), zones)?;
            return self.write(&rows.slice(half.start..rows.len()), zones);
        }
        let ends = series.first().zip(series.last()).zip(rows.span());
        let Some(((first, last), span)) = ends else {
            return Ok(());
        };
        let piece = Piece {
            tier: self.tier,
            digest: encoded.digest,
            tickers: (ticker_of(rows, first), ticker_of(rows, last)),
            span,
            rows: rows.len() as u64,
            bytes: encoded.bytes.len() as u64,
            day: None,
        };
        let Builder { folder, temps, .. } = self.builder;
        folder.write(temps, &piece, &encoded, self.rights)?;
        self.pieces.push(piece);
        Ok(())
    }

    fn encode(&self, rows: &Frame, zones: &Zones) -> Result<Encoded, MirrorError> {
        let times: Vec<i64> = rows.times().collect();
        let mut instants = Values::whole(Vec::with_capacity(times.len()));
        for series in rows.series() {
            let zone = zones.get(&ticker_of(rows, &series));
            let mut clock = zone.and_then(|zone| Instants::of(zone));
            for wall in times.get(series).unwrap_or_default() {
                instants.push(clock.as_mut().and_then(|clock| clock.at(*wall)));
            }
        }
        let encoded = encode_for_scans(rows, instants, self.builder.scans);
        encoded.map_err(|source| MirrorError::Encode {
            path: self.builder.folder.dir.clone(),
            source,
        })
    }
}
