//! The files of a version: what they are made of, and where one ends and the next begins.
//!
//! Promises: a file has whole series, those of one range of tickers, and at most 64 MiB unless one series has more. Rows that
//! are neither taken nor given are those that were there, bit for bit.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use rayon::prelude::*;

use super::change::{Change, Rows};
use super::cut::Cutter;
use super::extent::Extent;
use super::folder::{Folder, damaged};
use super::plan::{Job, Planned, jobs, slot};
use super::read::{Origin, Unread};
use super::seen::{first_read, holes_told};
use super::{MirrorError, Mirrored, Piece, Tier, Version};
use crate::codec::{self, MemoryLimit, Scans};
use crate::frame::{Frame, Profile};
use crate::sys::atomic::TempNames;
use crate::sys::{Rights, rights_of};

/// Rows that are read at a time.
const BATCH_ROWS: u64 = 1 << 20;

/// The zones of the wall clocks, by ticker.
pub(super) type Zones = BTreeMap<Box<str>, String>;

/// Makes the files of one version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builder<'b, 's> {
    pub(super) origin: Origin<'b, 's>,
    pub(super) folder: &'b Folder<'b>,
    pub(super) temps: &'b TempNames,
    pub(super) profile: &'static Profile,
    pub(super) scans: Scans<'b>,
    /// The state that all of this is to take the place of, though nothing is wrong with it.
    pub(super) replaced: Option<&'b Version>,
}

/// Rows of one ticker that come into a file.
pub(super) struct Gain {
    ticker: Box<str>,
    frame: Frame,
    rights: Option<Rights>,
    zone: Option<String>,
    /// What the mirror has of the series then, where it had nothing of it.
    first: Option<Mirrored>,
}

/// Hands out what comes into a file, some tickers at a time and in their order.
type Next<'n> = dyn FnMut() -> Result<Option<Vec<Gain>>, MirrorError> + 'n;

impl Builder<'_, '_> {
    /// Returns the files of the next version, given those of the last one. Series that cannot be read are told.
    ///
    /// # Errors
    /// When a file cannot be written, or one of the last version is not what it was.
    pub(super) fn apply(
        self,
        pieces: Vec<Piece>,
        changes: &mut [Change],
        zones: &mut Zones,
        told: &mut Vec<String>,
    ) -> Result<Vec<Piece>, MirrorError> {
        let planned: Vec<Planned<'_>> = changes.iter().map(planned).collect();
        let jobs = jobs(&pieces, &planned);
        let mut replaced = Vec::new();
        let mut next = Vec::new();
        for job in jobs {
            let old = job.piece.and_then(|at| pieces.get(at));
            let is_of = |change: &&Change| old.is_some_and(|piece| piece.reaches(&change.ticker));
            let takes = changes.iter().filter(is_of);
            let takes: BTreeMap<Box<str>, Extent> = takes
                .map(|change| (change.ticker.clone(), change.extent.clone()))
                .collect();
            let mut gains = job.gains.as_slice();
            let mut read = || self.read(&mut gains, changes, told);
            if let Some(made) = self.rewrite(&job, old, &takes, zones, &mut read)? {
                replaced.extend(job.piece);
                next.extend(made);
            }
        }
        let kept = pieces.into_iter().enumerate();
        let kept = kept.filter(|(at, _)| !replaced.contains(at));
        next.extend(kept.map(|(_, piece)| piece));
        next.sort_by(|a, b| (a.tier, &a.tickers).cmp(&(b.tier, &b.tickers)));
        Ok(next)
    }

    /// Moves the rows of a tier into the next one.
    pub(super) fn move_down(
        self,
        mut pieces: Vec<Piece>,
        tier: Tier,
        zones: &mut Zones,
    ) -> Result<Vec<Piece>, MirrorError> {
        let Some(below) = tier.below() else {
            return Ok(pieces);
        };
        let is_empty = !pieces.iter().any(|piece| piece.tier == below);
        if is_empty && below.kind() == tier.kind() {
            let moved = pieces.iter_mut().filter(|piece| piece.tier == tier);
            moved.for_each(|piece| piece.tier = below);
            return Ok(pieces);
        }
        while let Some(at) = pieces.iter().position(|piece| piece.tier == tier) {
            let source = pieces.remove(at);
            let (frame, rights) = self.load(&source)?;
            let mut targets: BTreeMap<Option<usize>, Vec<Gain>> = BTreeMap::new();
            for rows in frame.series() {
                let ticker = ticker_of(&frame, &rows);
                let target = targets.entry(slot(&pieces, below, &ticker)).or_default();
                let (frame, zone) = (frame.slice(rows), None);
                target.push(Gain {
                    ticker,
                    frame,
                    rights,
                    zone,
                    first: None,
                });
            }
            let mut made = Vec::new();
            let replaced: Vec<Option<usize>> = targets.keys().copied().collect();
            for (piece, gains) in targets {
                let job = Job {
                    tier: below,
                    piece,
                    gains: Vec::new(),
                };
                let mut all = Some(gains);
                let mut next = || Ok(all.take());
                let old = piece.and_then(|at| pieces.get(at));
                let rewritten = self.rewrite(&job, old, &BTreeMap::new(), zones, &mut next)?;
                made.extend(rewritten.unwrap_or_default());
            }
            let kept = pieces.into_iter().enumerate();
            let kept = kept.filter(|(at, _)| !replaced.contains(&Some(*at)));
            pieces = kept.map(|(_, piece)| piece).chain(made).collect();
        }
        Ok(pieces)
    }

    /// Makes the files that take the place of `old`; `None` when it stays as it is.
    fn rewrite(
        self,
        job: &Job,
        old: Option<&Piece>,
        takes: &BTreeMap<Box<str>, Extent>,
        zones: &mut Zones,
        next: &mut Next<'_>,
    ) -> Result<Option<Vec<Piece>>, MirrorError> {
        let (frame, rights) = match old {
            Some(piece) => self.load(piece)?,
            None => (Frame::empty(self.profile), None),
        };
        let mut runs: VecDeque<Range<usize>> = frame.series().into();
        let mut cutter = Cutter::new(self, job.tier, rights);
        let mut is_changed = old.is_none();
        let mut left = |rows: Range<usize>, ticker: &str| {
            let series = frame.slice(rows);
            let Some(extent) = takes.get(ticker) else {
                return series;
            };
            let stay = series.at(|time| !extent.takes(time));
            is_changed |= stay.len() < series.len();
            stay
        };
        let mut has_gained = false;
        while let Some(gains) = next()? {
            for gain in gains {
                let mut older = Frame::empty(self.profile);
                while let Some(rows) = runs.front().cloned() {
                    let ticker = ticker_of(&frame, &rows);
                    if ticker > gain.ticker {
                        break;
                    }
                    runs.pop_front();
                    let stay = left(rows, &ticker);
                    if ticker == gain.ticker {
                        older = stay;
                    } else {
                        cutter.push(stay, zones)?;
                    }
                }
                has_gained |= !gain.frame.is_empty();
                cutter.rights = Rights::of_both(cutter.rights, gain.rights);
                if let Some(zone) = gain.zone {
                    zones.insert(gain.ticker, zone);
                }
                let rows = Frame::joined(self.profile, vec![older, gain.frame]);
                let rows = rows.map_err(|other| damaged(&self.folder.dir, &other.to_string()))?;
                cutter.push(rows, zones)?;
            }
        }
        for rows in runs {
            let ticker = ticker_of(&frame, &rows);
            cutter.push(left(rows, &ticker), zones)?;
        }
        if !is_changed && !has_gained {
            return Ok(None);
        }
        cutter.finish(zones).map(Some)
    }

    /// Reads the next few of the series that come into a file.
    fn read(
        self,
        gains: &mut &[usize],
        changes: &mut [Change],
        told: &mut Vec<String>,
    ) -> Result<Option<Vec<Gain>>, MirrorError> {
        let mut rows = 0;
        let fits = |at: &&usize| {
            let is_first = rows == 0;
            rows += changes.get(**at).map_or(0, |change| change.estimate) + 1;
            is_first || rows <= BATCH_ROWS
        };
        let count = gains.iter().take_while(fits).count();
        let (batch, rest) = gains.split_at(count);
        *gains = rest;
        if batch.is_empty() {
            return Ok(None);
        }
        let taken = batch.iter().filter_map(|&at| {
            let rows = std::mem::replace(&mut changes.get_mut(at)?.rows, Rows::None);
            Some((at, rows))
        });
        let taken: Vec<(usize, Rows)> = taken.collect();
        let looked: Vec<(usize, Result<Gain, Unread>)> = taken
            .into_par_iter()
            .filter_map(|(at, rows)| Some((at, self.gain(changes.get(at)?, rows))))
            .collect();
        let mut came = Vec::with_capacity(looked.len());
        for (at, gain) in looked {
            let Some(change) = changes.get_mut(at) else {
                continue;
            };
            match gain {
                Ok(gain) => {
                    if let (Some(state), Some(first)) = (&mut change.state, &gain.first) {
                        told.extend(holes_told(&change.request, &first.holes));
                        *state = Mirrored {
                            seen: state.seen,
                            ..first.clone()
                        };
                    }
                    came.push(gain);
                }
                Err(Unread::Failed(error)) => return Err(error.into()),
                Err(Unread::Unreadable(reason)) if self.had(&change.ticker) => {
                    return Err(unreadable(change, reason));
                }
                Err(Unread::Refused(reason) | Unread::Unreadable(reason)) if change.is_new => {
                    change.state = None;
                    told.push(format!("{} is not in the mirror: {reason}", change.request));
                }
                // Its rows are out of the file already.
                Err(Unread::Refused(reason) | Unread::Unreadable(reason)) => {
                    return Err(unreadable(change, reason));
                }
            }
        }
        Ok(Some(came))
    }

    /// Tells whether readers would lose a series that is left out.
    fn had(self, ticker: &str) -> bool {
        self.replaced
            .is_some_and(|last| last.series.contains_key(ticker))
    }

    fn gain(self, change: &Change, rows: Rows) -> Result<Gain, Unread> {
        let ticker = change.ticker.clone();
        let state = change.state.as_ref();
        if let Rows::Here(frame, rights) = rows {
            return Ok(Gain {
                ticker,
                frame,
                rights,
                zone: state.and_then(|state| state.zone.clone()),
                first: None,
            });
        }
        let read = self.origin.whole(&change.request)?;
        let read = read.ok_or_else(|| refused("nothing of it is there"))?;
        if change.is_new && !read.damaged.is_empty() && read.frame.is_empty() {
            return Err(refused("its files are damaged"));
        }
        let record = change.record.as_ref();
        let first = change
            .is_new
            .then(|| first_read(&change.request, &read, record));
        Ok(Gain {
            ticker,
            frame: change.extent.given(&read.frame),
            rights: read.rights,
            zone: read.zone,
            first,
        })
    }

    /// Reads a file of the mirror, and says what it grants.
    pub(super) fn load(self, piece: &Piece) -> Result<(Frame, Option<Rights>), MirrorError> {
        let path = self.folder.file(piece);
        let frame = rows_of(self.folder, self.profile, piece)?;
        Ok((frame, rights_of(self.folder.fs, &path)?))
    }
}

/// Reads the rows of a file of a mirror.
///
/// # Errors
/// `Damaged` when it is not what was written.
pub(super) fn rows_of(
    folder: &Folder<'_>,
    profile: &'static Profile,
    piece: &Piece,
) -> Result<Frame, MirrorError> {
    let path = folder.file(piece);
    let bytes = folder.read(piece)?.into();
    let decoded = codec::decode_within(&bytes, profile, MemoryLimit::NONE);
    let decoded = decoded.map_err(|error| damaged(&path, &error.to_string()))?;
    let frame = decoded.ordered.frame;
    if !decoded.is_sealed || frame.len() as u64 != piece.rows {
        return Err(damaged(&path, "it is another file than was written"));
    }
    Ok(frame)
}

fn planned(change: &Change) -> Planned<'_> {
    Planned {
        ticker: &change.ticker,
        extent: &change.extent,
        has_rows: match &change.rows {
            Rows::None => false,
            Rows::Here(rows, _) => !rows.is_empty(),
            Rows::Later => true,
        },
    }
}

fn unreadable(change: &Change, reason: String) -> MirrorError {
    let request = Box::new(change.request.clone());
    MirrorError::Unreadable { request, reason }
}

fn refused(reason: &str) -> Unread {
    Unread::Refused(reason.to_owned())
}

pub(super) fn ticker_of(frame: &Frame, rows: &Range<usize>) -> Box<str> {
    frame.owner(rows.start).map_or("", |owner| owner).into()
}
