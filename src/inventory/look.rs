//! All series, compared with what was recorded of them.
//!
//! Promises: changes nothing and takes no lock. What differs is looked at twice, since a run may be at work. A series without
//! a record is counted and is no fault.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::asked::interval_of;
use super::compare::{Fault, compare};
use super::known::damaged;
use super::{Asked, Halves, InventoryError, Known, known, refetch};
use crate::catalog::{Catalog, adding};
use crate::layout::PartitionPathBuilder;
use crate::model::{Dataset, Interval, PartitionKey, PriceBasis, StorageRequest, Ticker, Venue};
use crate::storage::{FileContents, Flaw, Layout, StorageError};
use crate::workspace::{FoundSeries, Workspace};

/// How many files of a tree are named.
const MOST_PATHS: usize = 1000;

/// What was found out about all series.
#[derive(Debug, Default)]
pub struct Looked {
    /// Series of which something lies there.
    pub series: u64,
    /// Their files.
    pub files: u64,
    /// Those of them that have no record.
    pub unrecorded: u64,
    /// Those whose ticker the registry does not keep at their venue.
    pub unregistered: Vec<StorageRequest>,
    /// What is not as it was recorded.
    pub faults: Vec<SeriesFault>,
    /// Files that are not what the others of their tree are.
    pub odd: Vec<OddFiles>,
    /// Files that are damaged, or that this build cannot hold.
    pub flawed: Vec<Flawed>,
    /// Series that could not be looked at.
    pub troubles: Vec<(StorageRequest, StorageError)>,
    /// Differences of series of which rows wait in a run that is at work or was interrupted: they are no faults yet.
    pub waiting: usize,
    /// Series with an older file, of which the records do not tell.
    pub halves: Halves,
    /// Parts of the records that cannot be understood, and why.
    pub damaged_records: Vec<(PathBuf, String)>,
}

/// A file of which nobody knows what it holds.
#[derive(Clone, Debug)]
pub struct Flawed {
    /// The series that it belongs to.
    pub request: StorageRequest,
    /// The partition that it held.
    pub partition: PartitionKey,
    /// The file.
    pub path: PathBuf,
    /// What is the matter.
    pub flaw: Flaw,
}

/// A series that is not as it was recorded.
#[derive(Clone, Debug)]
pub struct SeriesFault {
    /// The series.
    pub request: StorageRequest,
    /// Its folder or its file.
    pub path: PathBuf,
    /// What differs.
    pub fault: Fault,
}

impl SeriesFault {
    /// Says what can be done about it.
    pub fn way_out(&self) -> String {
        let Fault::Lost(months) = &self.fault else {
            let who = match self.fault {
                Fault::Added(_) => {
                    "an older barkeep or somebody else put them there; what lies there is what is read"
                }
                _ => {
                    "somebody else changed them; what lies there is what is read: compare it with a backup"
                }
            };
            return who.to_owned();
        };
        let first = months.first().and_then(|(first, _)| first.days());
        let last = months.last().and_then(|(_, last)| last.days());
        let days = first.zip(last).map(|((first, _), (_, last))| (first, last));
        let refetch = refetch(&self.request, days);
        format!("put them back from a backup, or fetch them again: {refetch}")
    }
}

/// What the files of a tree have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Common {
    /// The unit of timestamps.
    Unit,
    /// Which corporate actions prices contain.
    Basis,
    /// What rows are made of.
    Rows,
}

/// Files of a tree that are not what the others are.
#[derive(Clone, Debug)]
pub struct OddFiles {
    /// The venue of the tree.
    pub venue: Venue,
    /// Its dataset.
    pub dataset: Dataset,
    /// Its interval.
    pub interval: Option<Interval>,
    /// In what they differ.
    pub what: Common,
    /// What most files are in this.
    pub tree: &'static str,
    /// What these are.
    pub these: &'static str,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub paths: Vec<PathBuf>,
}

impl OddFiles {
    /// Returns the venue and the name of the tree.
    pub fn tree_name(&self) -> String {
        let Self { venue, dataset, .. } = self;
        match self.interval {
            Some(interval) => format!("{venue} {dataset}_{interval}"),
            None => format!("{venue} {dataset}"),
        }
    }

    /// Says what the files have, and the others do not.
    pub fn difference(&self) -> String {
        let Self { these, tree, .. } = self;
        match self.what {
            Common::Unit => format!("timestamps in {these}, the others in {tree}"),
            Common::Basis => format!("the price basis {these}, the others {tree}"),
            Common::Rows => format!("{these}, the others {tree}"),
        }
    }

    /// Says why that matters, and what can be done about it.
    pub fn way_out(&self) -> String {
        let refused = "programs that read the whole tree may refuse it";
        match self.what {
            Common::Unit => {
                let tree = self.tree;
                format!("{refused}; store these anew with timestamps in {tree}")
            }
            Common::Basis => "prices of the two cannot be compared; if these do not belong there, move them out of the data folder".to_owned(),
            Common::Rows => format!("{refused}; move these out of the data folder"),
        }
    }
}

/// The files of a tree, by what they are in one respect.
type Respects = BTreeMap<(Venue, Dataset, Option<Interval>, Common), BTreeMap<&'static str, Alike>>;

/// Files that are alike.
#[derive(Debug, Default)]
struct Alike {
    count: usize,
    paths: Vec<PathBuf>,
}

type Found = Result<Option<FoundSeries>, StorageError>;

/// Looks at the files of the series that are asked about. Where `data` is not mounted, there is nothing to look at; the rows that
/// are missing are told by whoever looks for them.
///
/// # Errors
/// When the records or the folders of the trees cannot be read.
pub fn look(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Looked, InventoryError> {
    if workspace.view().data_root(catalog).refuse_absent().is_err() {
        return Ok(Looked::default());
    }
    let known = known(workspace, catalog, asked)?;
    let requests = known.unrecorded.iter().chain(known.records.keys());
    let mut requests: Vec<StorageRequest> = requests.cloned().collect();
    requests.sort();
    let mut looked = Looked::default();
    let mut respects = Respects::new();
    let mut doubtful = Vec::new();
    // Of many series only a few are in memory at once.
    for some in requests.chunks(1024) {
        if workspace.stop().is_raised() {
            return Ok(looked);
        }
        let found: Vec<(&StorageRequest, Found)> = some
            .par_iter()
            .map(|request| (request, workspace.files_of(catalog, request)))
            .collect();
        for (request, found) in found {
            let is_wanted = workspace.view().is_wanted(catalog, request);
            if looked.take(request, found, &known, is_wanted, &mut respects) {
                doubtful.push(request.clone());
            }
        }
    }
    looked.odd = odd(respects);
    looked.halves = known.halves;
    looked.damaged_records = damaged(workspace, catalog)?;
    if !doubtful.is_empty() {
        looked.faults = look_again(workspace, catalog, asked, &doubtful)?;
        // A run that is at work or was interrupted may have brought half of a group to its place.
        let (fs, places) = (workspace.fs(), &workspace.places);
        let waiting = workspace.view().waiting(catalog, fs, places)?;
        let faults = looked.faults.len();
        looked
            .faults
            .retain(|fault| !waiting.contains(&fault.request));
        looked.waiting = faults - looked.faults.len();
    }
    Ok(looked)
}

impl Looked {
    /// Returns the command that keeps the first tickers that nobody keeps, of the venue of the first.
    pub fn adding(&self, most: usize) -> String {
        let venue = self.unregistered.first().and_then(|one| one.venue.as_ref());
        let of_venue = self.unregistered.iter();
        let of_venue = of_venue.filter(|one| one.venue.as_ref() == venue);
        let mut tickers: Vec<&Ticker> = of_venue.filter_map(|one| one.series.ticker()).collect();
        tickers.dedup();
        tickers.truncate(most);
        adding(&tickers, venue)
    }

    /// Adds a series; tells whether it is not as it was recorded.
    fn take(
        &mut self,
        request: &StorageRequest,
        found: Found,
        known: &Known,
        is_wanted: bool,
        respects: &mut Respects,
    ) -> bool {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.troubles.push((request.clone(), error));
                return false;
            }
        };
        let record = known.records.get(request);
        if let Some(found) = &found {
            self.series += 1;
            self.files += found.files.len() as u64;
            self.unrecorded += u64::from(record.is_none());
            if !is_wanted {
                self.unregistered.push(request.clone());
            }
            self.add_files(request, found, respects);
        }
        record.is_some_and(|record| !compare(record, found.as_ref()).is_empty())
    }

    fn add_files(
        &mut self,
        request: &StorageRequest,
        found: &FoundSeries,
        respects: &mut Respects,
    ) {
        for file in &found.files {
            let holds = match &file.holds {
                Ok(holds) => holds,
                Err(flaw) => {
                    self.flawed.push(Flawed {
                        request: request.clone(),
                        partition: file.partition,
                        path: file.path.clone(),
                        flaw: flaw.clone(),
                    });
                    continue;
                }
            };
            // Legacy files are read one by one.
            let (Layout::Partitioned, Some(venue)) = (found.layout, &request.venue) else {
                continue;
            };
            let series = &request.series;
            for (what, is) in commons(holds) {
                let tree = (venue.clone(), series.dataset(), interval_of(series), what);
                let alike = respects.entry(tree).or_default().entry(is).or_default();
                alike.count += 1;
                if alike.paths.len() < MOST_PATHS {
                    alike.paths.push(file.path.clone());
                }
            }
        }
    }
}

/// A run that was at work may have changed a series between its record and its files.
fn look_again(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
    doubtful: &[StorageRequest],
) -> Result<Vec<SeriesFault>, InventoryError> {
    let known = known(workspace, catalog, asked)?;
    let mut faults = Vec::new();
    for request in doubtful {
        let Some(record) = known.records.get(request) else {
            continue;
        };
        let Ok(found) = workspace.files_of(catalog, request) else {
            continue;
        };
        for fault in compare(record, found.as_ref()) {
            faults.push(SeriesFault {
                request: request.clone(),
                path: path_of(workspace, request, record.is_legacy),
                fault,
            });
        }
    }
    Ok(faults)
}

fn path_of(workspace: &Workspace<'_>, request: &StorageRequest, is_legacy: bool) -> PathBuf {
    let legacy = || workspace.stores.legacy.places().standing_path(request).ok();
    let data: &Path = &workspace.places.data;
    let in_partitions = || {
        let series = request.partitioned().ok()?;
        Some(PartitionPathBuilder::new(data).series_dir(series))
    };
    let path = if is_legacy { legacy() } else { in_partitions() };
    path.unwrap_or_else(|| data.to_owned())
}

/// Returns what a file is in each respect. A basis that nobody wrote down fits every other one.
fn commons(holds: &FileContents) -> impl Iterator<Item = (Common, &'static str)> {
    let basis = Some(holds.basis).filter(|basis| *basis != PriceBasis::Unknown);
    let all = [
        Some((Common::Unit, holds.unit.as_str())),
        basis.map(|basis| (Common::Basis, basis.as_str())),
        Some((Common::Rows, holds.profile.name)),
    ];
    all.into_iter().flatten()
}

fn odd(respects: Respects) -> Vec<OddFiles> {
    let mut found = Vec::new();
    for ((venue, dataset, interval, what), of_tree) in respects {
        let most = of_tree.iter().max_by_key(|(_, alike)| alike.count);
        let Some(tree) = most.map(|(is, _)| *is) else {
            continue;
        };
        let few = of_tree.into_iter().filter(|(is, _)| *is != tree);
        found.extend(few.map(|(these, Alike { count, paths })| OddFiles {
            venue: venue.clone(),
            dataset,
            interval,
            what,
            tree,
            these,
            count,
            paths,
        }));
    }
    found
}
