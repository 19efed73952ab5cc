//! Files in the folders of trees that are no series of theirs: copies beside legacy files, and names that no layout has.
//!
//! Promises: they are never rows and never changed. Leaves to others: telling them (`cli`, `update`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::layout::{LegacyName, PartitionPathBuilder, is_parquet, is_passed_over, legacy_name};
use crate::model::{Dataset, Feed, Interval, Series, StorageRequest, Ticker, Venue, copied_from};
use crate::sys::{Fs, Kind, locked};

use super::composed::ticker_of;
use super::folders::{SeriesFolders, parquet_below};
use super::legacy_place::{LegacyPlaces, Spot, bars};
use super::{StorageError, WayOut};

/// The copies in a folder, by the stem of the file that they are copies of.
type ByOriginal = Arc<BTreeMap<String, Vec<PathBuf>>>;

/// Remembers the copies in the legacy folders that were asked for: a folder of thousands of files is listed once.
#[derive(Debug, Default)]
pub(super) struct Copies {
    known: Mutex<BTreeMap<PathBuf, ByOriginal>>,
}

impl Copies {
    fn of(&self, fs: &dyn Fs, tree: &Path) -> Result<ByOriginal, StorageError> {
        let mut known = locked(&self.known);
        if let Some(copies) = known.get(tree) {
            return Ok(Arc::clone(copies));
        }
        let mut copies: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for entry in fs.list(tree)?.unwrap_or_default() {
            let of = match legacy_name(&entry.name) {
                LegacyName::Copy { of } => of,
                LegacyName::Decomposed(ticker) => ticker.to_string(),
                _ => continue,
            };
            copies.entry(of).or_default().push(tree.join(&entry.name));
        }
        let copies = Arc::new(copies);
        known.insert(tree.to_owned(), Arc::clone(&copies));
        Ok(copies)
    }

    /// Returns the copies of the file of a series, wherever files of it may lie.
    ///
    /// # Errors
    /// `Foreign` when there is no file and a copy all the same: its rows are somebody's who has to decide.
    pub(super) fn beside(
        &self,
        places: &LegacyPlaces,
        request: &StorageRequest,
        file: &Spot,
        is_there: bool,
    ) -> Result<Vec<PathBuf>, StorageError> {
        let (ticker, interval) = bars(request)?;
        let Some(stem) = ticker.legacy_stem() else {
            return Ok(Vec::new());
        };
        let trees = match places.own_tree(request.venue.as_ref(), interval) {
            // What lies in the shared folders may be another venue's.
            Some(_) => vec![file.tree.clone()],
            None => places.shared_trees(interval).to_vec(),
        };
        let mut copies = Vec::new();
        for tree in trees {
            let of_tree = self.of(places.fs(), &tree)?;
            copies.extend(of_tree.get(stem).into_iter().flatten().cloned());
        }
        match copies.first() {
            Some(path) if !is_there => Err(StorageError::Foreign {
                path: path.clone(),
                reason: alone(path, stem),
                way_out: WayOut::Rename,
            }),
            _ => Ok(copies),
        }
    }
}

/// Says why a file is not read that stands for the one of a stem.
fn alone(path: &Path, stem: &str) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    match name.map(legacy_name) {
        Some(LegacyName::Decomposed(_)) => format!(
            "its name is {stem}.parquet in decomposed characters, as a Mac writes it, and it is looked for in composed ones"
        ),
        _ => format!("it is named as a copy of {stem}.parquet, which is not there"),
    }
}

/// Refuses what stands at the place of a legacy file and is none.
pub(super) fn refuse_odd(fs: &dyn Fs, path: &Path) -> Result<(), StorageError> {
    match fs.metadata(path)? {
        Some(meta) if meta.kind != Kind::File => Err(StorageError::Foreign {
            path: path.to_owned(),
            reason: super::folders::NO_FILE.to_owned(),
            way_out: WayOut::PutInPlace,
        }),
        _ => Ok(()),
    }
}

/// Lists the Parquet files in the folders of a venue's interval that are no ticker's. What lies in shared folders is told
/// of the legacy venue.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn beside_legacy(
    places: &LegacyPlaces,
    venue: &Venue,
    interval: Interval,
) -> Result<Vec<PathBuf>, StorageError> {
    let trees = match places.own_tree(Some(venue), interval) {
        Some(own) => vec![own],
        None => places.shared_trees(interval).to_vec(),
    };
    let mut misplaced = Vec::new();
    for tree in trees {
        for entry in places.fs().list(&tree)?.unwrap_or_default() {
            match legacy_name(&entry.name) {
                LegacyName::Copy { .. } | LegacyName::Decomposed(_) | LegacyName::NoTicker => {
                    misplaced.push(tree.join(&entry.name));
                }
                LegacyName::Ticker(_) | LegacyName::Other => {}
            }
        }
    }
    Ok(misplaced)
}

/// Returns the ticker of the folder of a series. A folder that was copied is none.
pub(super) fn series_ticker(name: &str) -> Option<Ticker> {
    let ticker = Ticker::from_segment(name.strip_prefix("ticker=")?).ok()?;
    copied_from(ticker.as_str()).is_none().then_some(ticker)
}

/// Lists the Parquet files in a tree that belong to no series: below folders that are spelled otherwise than any series
/// is, or below none.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn beside_series(
    folders: &SeriesFolders,
    venue: &Venue,
    dataset: Dataset,
    interval: Option<Interval>,
) -> Result<Vec<PathBuf>, StorageError> {
    let tree = folders.paths().tree(venue, dataset, interval);
    let mut misplaced = Vec::new();
    for entry in folders.fs().list(&tree)?.unwrap_or_default() {
        let path = tree.join(&entry.name);
        if is_passed_over(&entry.name)
            || is_series(folders.paths(), venue, dataset, interval, &path)
        {
            continue;
        }
        match entry.kind {
            Kind::Dir => misplaced.extend(parquet_below(folders.fs(), &path)?),
            _ if is_parquet(&entry.name) => misplaced.push(path),
            // A link to a folder, which nobody follows.
            Kind::Link if entry.name.contains('=') => misplaced.push(path),
            Kind::File | Kind::Link | Kind::Other => {}
        }
    }
    Ok(misplaced)
}

/// Tells whether a folder is one under which its ticker or feed is looked for.
fn is_series(
    paths: &PartitionPathBuilder,
    venue: &Venue,
    dataset: Dataset,
    interval: Option<Interval>,
    dir: &Path,
) -> bool {
    let name = dir.file_name().and_then(|name| name.to_str());
    if dataset == Dataset::Trades {
        return name.and_then(Feed::from_segment).is_some();
    }
    if name.is_some_and(|name| !name.is_ascii() && ticker_of(name).is_some()) {
        return true;
    }
    let ticker = name.and_then(series_ticker);
    let series = match (dataset, interval, ticker) {
        (Dataset::Stocks, Some(interval), Some(ticker)) => Series::Bars { ticker, interval },
        (Dataset::Prepost, Some(interval), Some(ticker)) => Series::Prepost { ticker, interval },
        (Dataset::Adjusted, Some(interval), Some(ticker)) => Series::Adjusted { ticker, interval },
        (Dataset::Events, None, Some(ticker)) => Series::Events { ticker },
        (Dataset::Auctions, None, Some(ticker)) => Series::Auctions { ticker },
        _ => return false,
    };
    let request = StorageRequest {
        venue: Some(venue.clone()),
        series,
    };
    request.partitioned().is_ok_and(|series| {
        let mut earlier = paths.earlier_series_dirs(series);
        earlier.push(paths.series_dir(series));
        earlier.iter().any(|known| known == dir)
    })
}
