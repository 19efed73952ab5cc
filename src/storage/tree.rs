//! What holds for a whole tree: one profile, one timestamp unit, one price basis, one origin.
//!
//! Readers fail on trees whose files differ in type, so a new file takes after the files beside it. One file
//! is looked at, once per tree and process; a tree is never scanned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::codec::{self, Compression, Decoded, MemoryLimit};
use crate::frame::basis::{self, OtherBasis, UnsealedBasis};
use crate::frame::{Frame, Profile};
use crate::layout::{LegacyName, Level, legacy_name};
use crate::model::{Dataset, PriceBasis, Provenance, Series, StorageRequest, TimeUnit, Venue};
use crate::sys::{Fs, Kind};

use super::StorageError;

/// What the files of a tree have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TreeFacts {
    pub(super) unit: TimeUnit,
    pub(super) basis: Option<PriceBasis>,
    /// What the rows of a file are; `None` of a tree without one.
    pub(super) profile: Option<&'static Profile>,
}

impl TreeFacts {
    /// Refuses rows that have come into being in another way than those of the tree: readers take a tree for one table.
    pub(super) fn refuse_others(&self, tree: &Path, newer: &Frame) -> Result<(), StorageError> {
        match self.profile {
            Some(profile) if !newer.is_empty() && !profile.joins(newer.profile()) => {
                Err(other_rows(tree, profile, newer.profile()))
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

/// Remembers the facts of the trees that were asked for.
#[derive(Debug)]
pub(super) struct Trees {
    /// What files without a seal stand on.
    pub(super) unsealed: UnsealedBasis,
    known: Mutex<BTreeMap<PathBuf, TreeFacts>>,
}

impl Trees {
    /// Returns the trees of a store, of which none has been looked at.
    pub(super) fn new(unsealed: UnsealedBasis) -> Self {
        Self {
            unsealed,
            known: Mutex::default(),
        }
    }

    /// Returns the facts of a tree, from one of its files; the defaults for a tree without files.
    pub(super) fn facts(
        &self,
        fs: &dyn Fs,
        tree: &Path,
        shape: Shape,
        venue: Option<&Venue>,
        limit: MemoryLimit,
    ) -> Result<TreeFacts, StorageError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known.get(tree) {
            return Ok(facts.clone());
        }
        let found = sample(fs, tree, self.of(shape, venue, limit), None)?;
        // That a tree is empty is not remembered: the first file that this process adds decides for the next.
        if let Some(facts) = &found {
            known.insert(tree.to_owned(), facts.clone());
        }
        Ok(found.unwrap_or_default())
    }

    /// Returns the facts of a tree by the files that are not below `except`, which are to be replaced.
    pub(super) fn facts_beside(
        &self,
        fs: &dyn Fs,
        tree: &Path,
        shape: Shape,
        venue: Option<&Venue>,
        except: &Path,
        limit: MemoryLimit,
    ) -> Result<TreeFacts, StorageError> {
        let found = sample(fs, tree, self.of(shape, venue, limit), Some(except))?;
        Ok(found.unwrap_or_default())
    }

    /// Returns the price basis of the rows of a file that lies at a venue.
    pub(super) fn basis_of(&self, decoded: &Decoded, venue: Option<&Venue>) -> PriceBasis {
        let is_of_trades = decoded.ordered.frame.profile().dataset == Dataset::Trades;
        // Whether somebody wrote it down or not: nobody adjusts a trade.
        if is_of_trades && decoded.provenance.basis == PriceBasis::Unknown {
            return PriceBasis::AsTraded;
        }
        let unsealed = &self.unsealed;
        unsealed.of_file(&decoded.provenance, decoded.is_sealed, venue)
    }

    fn of<'v>(&'v self, shape: Shape, venue: Option<&'v Venue>, limit: MemoryLimit) -> Of<'v> {
        Of {
            trees: self,
            shape,
            venue,
            limit,
        }
    }
}

/// Where a sample is looked for. Only files that hold rows of a series speak for a tree.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// In a folder of legacy files.
    Legacy,
    /// In a tree of series.
    Tree(Dataset),
    /// In a folder of one of its series.
    Series(Dataset, Level),
}

impl Shape {
    /// Returns the shape of a partitioned tree.
    pub(super) fn of(dataset: Dataset) -> Self {
        Self::Tree(dataset)
    }

    fn profile(self) -> &'static Profile {
        match self {
            Self::Legacy => Profile::of(Dataset::Stocks),
            Self::Tree(dataset) | Self::Series(dataset, _) => Profile::of(dataset),
        }
    }

    fn is_file(self, name: &str) -> bool {
        match self {
            Self::Legacy => matches!(legacy_name(name), LegacyName::Ticker(_)),
            Self::Tree(_) => false,
            Self::Series(_, level) => level.partition_at(name).is_some(),
        }
    }

    fn enter(self, name: &str) -> Option<Self> {
        match self {
            Self::Legacy => None,
            Self::Tree(dataset) => {
                let is_series = name.starts_with("ticker=") || name.starts_with("venue=");
                is_series.then(|| Self::Series(dataset, Level::of_series(dataset)))
            }
            Self::Series(dataset, level) => Some(Self::Series(dataset, level.enter(name)?)),
        }
    }
}

/// What the files of a tree are read as.
#[derive(Clone, Copy)]
struct Of<'v> {
    trees: &'v Trees,
    shape: Shape,
    venue: Option<&'v Venue>,
    limit: MemoryLimit,
}

/// Returns the facts of the first file below `dir` that decodes. What is damaged or foreign says nothing.
fn sample(
    fs: &dyn Fs,
    dir: &Path,
    of: Of<'_>,
    except: Option<&Path>,
) -> Result<Option<TreeFacts>, StorageError> {
    let mut unreadable = None;
    for entry in fs.list(dir)?.unwrap_or_default() {
        let path = dir.join(&entry.name);
        if except == Some(path.as_path()) {
            continue;
        }
        let found = match (entry.kind, of.shape.enter(&entry.name)) {
            (Kind::Dir, Some(shape)) => sample(fs, &path, Of { shape, ..of }, except),
            (Kind::File, _) if of.shape.is_file(&entry.name) => fs
                .read(&path)
                .map_err(StorageError::from)
                .map(|bytes| facts_in(&Bytes::from(bytes.unwrap_or_default()), of)),
            _ => Ok(None),
        };
        match found {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            // Another file says the same; one bad spot must not keep a whole tree from being written to.
            Err(error) => unreadable = Some(error),
        }
    }
    unreadable.map_or(Ok(None), Err)
}

fn facts_in(bytes: &Bytes, of: Of<'_>) -> Option<TreeFacts> {
    let decoded = codec::decode_within(bytes, of.shape.profile(), of.limit).ok()?;
    Some(TreeFacts {
        unit: decoded.unit,
        basis: Some(of.trees.basis_of(&decoded, of.venue)),
        profile: Some(decoded.ordered.frame.profile()),
    })
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
    if let (Some(stored), Some(newer)) = (stored_zone, &newer.timezone)
        && stored != newer
    {
        return Err(other_clock(path, stored, newer));
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

/// Returns the refusal of rows on another clock than the stored ones: side by side, each instant would be two rows.
pub(super) fn other_clock(path: &Path, stored: &str, newer: &str) -> StorageError {
    StorageError::Refused {
        path: path.to_owned(),
        reason: format!(
            "its time zone is {stored}, and the new rows' is {newer}: if its rows are right, set `timezone = \"{stored}\"` for \
             their source in barkeep.toml; if an older build named the wrong zone, move the file out of the data folder and \
             run barkeep update with --start and --end around its days"
        ),
    }
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
