//! What holds for a whole tree: one profile, one timestamp unit, one price basis, one origin.
//!
//! Readers fail on trees whose files differ in type, so a new file takes after those of its series, and the first one of a
//! series after those of the tree. Promises: a file that somebody put into a tree says nothing of the other series in it.
//! Leaves to others: which file speaks for a series or a tree (`sample`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::codec::{Compression, Decoded};
use crate::frame::basis::{self, OtherBasis, UnsealedBasis};
use crate::frame::{Frame, Profile};
use crate::model::{Dataset, PriceBasis, Provenance, Series, StorageRequest, TimeUnit, Venue};
use crate::sys::{Fs, locked};

use super::StorageError;
use super::clocks::refuse_other_clock;
use super::sample::{Kept, Sample, Search, Shape};

/// What the files of a tree have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TreeFacts {
    pub(super) unit: TimeUnit,
    pub(super) basis: Option<PriceBasis>,
    /// What the rows of a file are; `None` of a tree without one.
    pub(super) profile: Option<&'static Profile>,
    /// The file that says so.
    pub(super) said_by: Option<PathBuf>,
    /// Whether that is one of the series itself.
    pub(super) is_own: bool,
    /// The zone whose clock its rows are on, if it is one of the series and says so.
    pub(super) zone: Option<String>,
}

impl TreeFacts {
    /// Refuses rows that have come into being in another way than those of the tree: readers take a tree for one table.
    pub(super) fn refuse_others(&self, tree: &Path, newer: &Frame) -> Result<(), StorageError> {
        match self.profile {
            Some(profile) if !newer.is_empty() && !profile.joins(newer.profile()) => {
                let file = self.said_by.as_deref().unwrap_or(tree);
                Err(other_rows(file, profile, newer.profile()))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a new file of a series of which another one is on another clock: nobody could tell which instant a row of the series
    /// is. A file that `is_written` along with it is held against the new rows itself.
    pub(super) fn refuse_other_clock(
        &self,
        zone: &str,
        is_written: impl Fn(&Path) -> bool,
    ) -> Result<(), StorageError> {
        match (&self.said_by, &self.zone) {
            (Some(path), Some(stored)) if !is_written(path) => {
                refuse_other_clock(path, stored, zone)
            }
            _ => Ok(()),
        }
    }
}

/// Refuses rows that cannot be those of one series with the ones that lie at a place: whoever merges rows of two files asks.
///
/// # Errors
/// When they have come into being in another way.
pub fn refuse_other_rows(path: &Path, stored: &Frame, newer: &Frame) -> Result<(), StorageError> {
    if stored.joins(newer) {
        return Ok(());
    }
    Err(other_rows(path, stored.profile(), newer.profile()))
}

fn other_rows(path: &Path, stored: &Profile, newer: &Profile) -> StorageError {
    StorageError::Refused {
        path: path.to_owned(),
        reason: format!(
            "it holds {}, and the new rows are {}",
            stored.name, newer.name
        ),
    }
}

/// Remembers what was found out about the trees that were asked for.
#[derive(Debug)]
pub(super) struct Trees {
    /// What files without a seal stand on.
    unsealed: UnsealedBasis,
    kept: Arc<Kept>,
    known: Mutex<BTreeMap<PathBuf, Sample>>,
}

/// A series, and the tree that it lies in or will lie in.
#[derive(Clone, Copy, Debug)]
pub(super) struct InTree<'t> {
    pub(super) tree: &'t Path,
    pub(super) shape: Shape,
    pub(super) venue: Option<&'t Venue>,
    /// The folders of the series, or its legacy file; they need not be there.
    pub(super) own: &'t [PathBuf],
}

impl Trees {
    /// Returns the trees of a store, of which none has been looked at.
    pub(super) fn new(unsealed: UnsealedBasis, kept: Arc<Kept>) -> Self {
        Self {
            unsealed,
            kept,
            known: Mutex::default(),
        }
    }

    /// Returns the trees of the same store elsewhere.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.unsealed.clone(), Arc::clone(&self.kept))
    }

    /// Returns the trees, of which it is known whose series are kept there.
    pub(super) fn knowing(self, kept: Arc<Kept>) -> Self {
        Self { kept, ..self }
    }

    /// Returns what holds for new files of a series: what its own files say, and of one that has none what those of its tree
    /// say; the defaults for a tree without files.
    pub(super) fn facts(&self, fs: &dyn Fs, series: InTree<'_>) -> Result<TreeFacts, StorageError> {
        let search = Search::new(fs, self, series.venue);
        let own = search.of_series(series.own, series.shape)?;
        match own {
            // Each legacy file is a table of its own.
            Some(own) if own.is_sealed || series.shape == Shape::Legacy => Ok(own.facts),
            own => Ok(facts_of_both(own, self.of_tree(fs, series)?)),
        }
    }

    /// Returns the facts of a tree by the files of other series than this one, which are to be replaced.
    pub(super) fn facts_beside(
        &self,
        fs: &dyn Fs,
        series: InTree<'_>,
    ) -> Result<TreeFacts, StorageError> {
        let found = Search::new(fs, self, series.venue).of_tree(series, &self.kept)?;
        Ok(facts_of_both(None, found))
    }

    fn of_tree(&self, fs: &dyn Fs, series: InTree<'_>) -> Result<Option<Sample>, StorageError> {
        let mut known = locked(&self.known);
        if let Some(sample) = known.get(series.tree) {
            return Ok(Some(sample.clone()));
        }
        let all = InTree { own: &[], ..series };
        let found = Search::new(fs, self, series.venue).of_tree(all, &self.kept)?;
        // That a tree is empty is not remembered: the first file that this process adds decides for the next.
        if let Some(sample) = &found {
            known.insert(series.tree.to_owned(), sample.clone());
        }
        Ok(found)
    }

    /// Returns the price basis of the rows of a file that lies at a venue.
    pub(super) fn basis_of(&self, decoded: &Decoded, venue: Option<&Venue>) -> PriceBasis {
        let profile = decoded.ordered.frame.profile();
        self.basis_said(profile, &decoded.provenance, decoded.is_sealed, venue)
    }

    /// Returns the same of a file that says these facts.
    pub(super) fn basis_said(
        &self,
        profile: &Profile,
        said: &Provenance,
        is_sealed: bool,
        venue: Option<&Venue>,
    ) -> PriceBasis {
        // Whether somebody wrote it down or not: nobody adjusts a trade.
        if profile.dataset == Dataset::Trades && said.basis == PriceBasis::Unknown {
            return PriceBasis::AsTraded;
        }
        self.unsealed.of_file(said, is_sealed, venue)
    }
}

/// What files of other writers say of a series counts, but for the unit: rows are stored in any without a loss, and readers
/// want one in a tree.
fn facts_of_both(own: Option<Sample>, tree: Option<Sample>) -> TreeFacts {
    match (own, tree) {
        (Some(own), Some(tree)) if tree.is_sealed => TreeFacts {
            unit: tree.facts.unit,
            ..own.facts
        },
        (Some(own), _) => own.facts,
        (None, Some(tree)) => TreeFacts {
            is_own: false,
            zone: None,
            ..tree.facts
        },
        (None, None) => TreeFacts::default(),
    }
}

/// Returns what a rewritten file will say of itself; `settled` is the basis that the tree or the file already has.
///
/// # Errors
/// When the stored rows and the newer ones come from different venues or stand on different bases: joined they
/// would be a history that never was.
pub(super) fn combine(
    path: &Path,
    stored: Option<&Provenance>,
    settled: Option<PriceBasis>,
    newer: &Provenance,
) -> Result<Provenance, StorageError> {
    let refuse = |what: &str, stored: &str, newer: &str| StorageError::Refused {
        path: path.to_owned(),
        reason: format!("its {what} is {stored}, and the new rows' is {newer}"),
    };
    let stored_source = stored.and_then(|stored| stored.source.as_ref());
    if let (Some(stored), Some(newer)) = (stored_source, &newer.source)
        && stored != newer
    {
        return Err(refuse("source", &stored.to_string(), &newer.to_string()));
    }
    let stored_zone = stored.and_then(|stored| stored.timezone.as_ref());
    if let (Some(stored), Some(newer)) = (stored_zone, &newer.timezone) {
        refuse_other_clock(path, stored, newer)?;
    }
    let basis = basis::continued(settled, newer.basis).map_err(|other| {
        let OtherBasis { settled, newer } = other;
        refuse("price basis", settled.as_str(), newer.as_str())
    })?;
    Ok(Provenance {
        timezone: stored_zone.or(newer.timezone.as_ref()).cloned(),
        basis,
        source: newer.source.clone().or_else(|| stored_source.cloned()),
    })
}

/// Returns the unit of the timestamps of a series whose tree has `of_tree`. Trades have microseconds and, in columns of their
/// own, nanoseconds; files of the predecessor, which had neither, get both as soon as they are written.
pub(super) fn unit_for(request: &StorageRequest, of_tree: TimeUnit) -> TimeUnit {
    match &request.series {
        Series::Trades { .. } => TimeUnit::Micros,
        _ => of_tree,
    }
}

/// Returns the compression that suits a series: files of few rows are fastest with snappy, minute bars and
/// trades are smallest with zstd.
pub fn compression_for(request: &StorageRequest, chosen: Option<Compression>) -> Compression {
    let suited = match &request.series {
        Series::Bars { interval, .. } | Series::Prepost { interval, .. }
            if interval.minutes().is_some_and(|minutes| minutes <= 30) =>
        {
            Compression::Zstd
        }
        Series::Bars { .. }
        | Series::Events { .. }
        | Series::Auctions { .. }
        | Series::Adjusted { .. }
        | Series::Prepost { .. } => Compression::Snappy,
        Series::Trades { .. } => Compression::Zstd,
    };
    chosen.unwrap_or(suited)
}
