//! The next state of a mirror, of which only the files are written. Readers do not know of it yet.
//!
//! Leaves to others: which state it goes on from and what becomes of it (`refresh`), days of trades (`days`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::build::{Builder, Zones};
use super::change::{Change, Rows};
use super::changes::{Changes, Sizes, find};
use super::days;
use super::folder::Folder;
use super::plan::{Effort, due};
use super::read::Origin;
use super::refresh::INSTANTS;
use super::seen::holes_told;
use super::{MirrorError, Mirrored, Mirroring, Tree, Version};
use crate::codec::Scans;
use crate::frame::Profile;
use crate::model::{Dataset, Interval};
use crate::storage::compression_for;
use crate::sys::atomic::TempNames;

/// Where a state is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) tree: &'a Tree,
    pub(super) folder: &'a Folder<'a>,
    pub(super) temps: &'a TempNames,
}

/// The last state.
#[derive(Clone, Copy, Default)]
pub(super) struct Last<'l> {
    /// Where the next one goes on from it.
    pub(super) basis: Option<&'l Version>,
    /// Where the next one takes its place without going on from it: readers have what is in it.
    pub(super) replaced: Option<&'l Version>,
}

/// The next state.
pub(super) struct Made {
    pub(super) version: Version,
    /// Whether it is another one than the last.
    pub(super) is_new: bool,
    pub(super) changed: usize,
    pub(super) told: Vec<String>,
}

/// A state without any rows.
pub(super) fn nothing(now: DateTime<Utc>) -> Version {
    Version {
        number: 0,
        made: now,
        workspace: String::new(),
        is_linked: true,
        mark: None,
        pieces: Vec::new(),
        series: BTreeMap::new(),
    }
}

impl Mirroring<'_, '_> {
    /// Makes the next state.
    ///
    /// # Errors
    /// `Damaged` where a file of the last one that is needed is not what was written; when the disk refuses, the ledger cannot be
    /// read, or readers would lose what cannot be read just now.
    pub(super) fn next_state(
        &self,
        at: At<'_>,
        last: Last<'_>,
        effort: Effort,
    ) -> Result<Made, MirrorError> {
        if at.tree.dataset == Dataset::Trades {
            return days::next(self, at, last);
        }
        let Last { basis, replaced } = last;
        let usual = Profile::of(at.tree.dataset);
        let profile = basis
            .map(|basis| at.folder.profile(basis, usual))
            .transpose()?;
        let mut origin = self.origin(profile.flatten());
        // Every file is looked at for it: once a day, and where a person asks.
        let is_first = basis.is_some_and(|last| last.made.date_naive() != self.now.date_naive());
        let sizes = if is_first || effort == Effort::Whole {
            Sizes::Compared
        } else {
            Sizes::Trusted
        };
        let Changes {
            of_series: mut changes,
            mut told,
            mark,
        } = find(origin, (at.tree, at.folder), self.known, basis, sizes)?;
        let mut version = basis.cloned().unwrap_or_else(|| nothing(self.now));
        let changed = changes.len();
        // A mark that moved on alone is no reason for a new state: what is behind it is looked through again.
        if changes.is_empty() && basis.is_some() {
            return Ok(Made {
                version,
                is_new: false,
                changed,
                told,
            });
        }
        if origin.profile.is_none() {
            origin.profile = profile_of(origin, &changes)?;
        }
        let mut zones = zones_of(&version);
        let builder = builder((at, origin), &changes, replaced);
        let fresh: u64 = changes.iter().map(fresh).sum();
        let mut pieces = std::mem::take(&mut version.pieces);
        for tier in due(&pieces, fresh, version.series.len() as u64, effort) {
            pieces = builder.move_down(pieces, tier, &mut zones)?;
        }
        version.pieces = builder.apply(pieces, &mut changes, &mut zones, &mut told)?;
        take(&mut version, changes);
        (version.made, version.mark) = (self.now, mark);
        Ok(Made {
            version,
            is_new: true,
            changed,
            told,
        })
    }

    /// Has a state that was made take over rows that its tree has not.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn taking_over(
        &self,
        at: At<'_>,
        made: Made,
        mut changes: Vec<Change>,
    ) -> Result<Made, MirrorError> {
        let Made {
            mut version,
            mut told,
            ..
        } = made;
        let usual = Profile::of(at.tree.dataset);
        let origin = self.origin(at.folder.profile(&version, usual)?);
        for change in &changes {
            let of = |state: &Mirrored| holes_told(&change.request, &state.holes);
            let before = version.series.get(&change.ticker).and_then(of);
            told.retain(|line| before.as_ref() != Some(line));
            told.extend(change.state.as_ref().and_then(of));
        }
        let mut zones = zones_of(&version);
        let pieces = std::mem::take(&mut version.pieces);
        let builder = builder((at, origin), &changes, None);
        version.pieces = builder.apply(pieces, &mut changes, &mut zones, &mut told)?;
        take(&mut version, changes);
        Ok(Made {
            version,
            told,
            ..made
        })
    }

    /// Returns the tree, of which rows of one kind come in.
    pub(super) fn origin(&self, profile: Option<&'static Profile>) -> Origin<'_, '_> {
        Origin {
            workspace: self.workspace,
            catalog: self.catalog,
            fs: self.fs,
            profile,
        }
    }
}

fn builder<'b, 's>(
    (at, origin): (At<'b>, Origin<'b, 's>),
    changes: &[Change],
    replaced: Option<&'b Version>,
) -> Builder<'b, 's> {
    Builder {
        origin,
        folder: at.folder,
        temps: at.temps,
        profile: Profile::of(at.tree.dataset),
        scans: scans(at.tree, changes),
        replaced,
    }
}

/// Has a state know of its series what changes made of it.
fn take(version: &mut Version, changes: Vec<Change>) {
    for change in changes {
        match change.state {
            Some(state) => version.series.insert(change.ticker, state),
            None => version.series.remove(&change.ticker),
        };
    }
}

fn zones_of(version: &Version) -> Zones {
    let zones = version.series.iter();
    let zones = zones.filter_map(|(ticker, state)| Some((ticker.clone(), state.zone.clone()?)));
    zones.collect()
}

/// Returns what the rows of a first state are: those of the first series that has any, as the first file of a tree says what
/// the others are.
fn profile_of(
    origin: Origin<'_, '_>,
    changes: &[Change],
) -> Result<Option<&'static Profile>, MirrorError> {
    for change in changes {
        match origin.whole(&change.request) {
            Ok(Some(read)) if !read.frame.is_empty() => return Ok(Some(read.frame.profile())),
            Ok(_) => {}
            Err(unread) => drop(unread.of_series()?),
        }
    }
    Ok(None)
}

fn scans(tree: &Tree, changes: &[Change]) -> Scans<'static> {
    let minutes = tree.interval.and_then(Interval::minutes);
    let is_fine = minutes.is_some_and(|minutes| minutes <= 30);
    let compression = changes
        .first()
        .map(|change| compression_for(&change.request, None));
    Scans {
        instants: INSTANTS,
        has_repeating_prices: is_fine,
        compression: compression.unwrap_or_default(),
    }
}

/// Counts the rows of a change that come into the newest files.
fn fresh(change: &Change) -> u64 {
    match &change.rows {
        Rows::Here(rows, _) => rows.len() as u64,
        Rows::Later if change.is_new => change.estimate,
        Rows::Later | Rows::None => 0,
    }
}
