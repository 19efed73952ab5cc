//! What is read of a ticker as one state of it, without a lock and beside a run that commits.
//!
//! A group is committed once its journal stands; its files are moved after that, one by one, and that of the ledger comes last
//! (`commit`). So nothing of a ticker changed while it was read where journals list the same of it before and after, and no file
//! has come into the folder of the ledger. Where one has, the files of the ticker themselves say whether the group was about them.
//!
//! Promises: what a journal lists counts where it lies: of a commit that was cut off, or of which a place refuses a file, readers
//! see all. Whoever may not look into staging is told of no journal. Leaves to others: reading anew what changed meanwhile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::layout::Places;
use crate::model::StorageRequest;
use crate::sys::{Fs, FsResult, Meta};

use super::StorageError;
use super::leftover::{leftover_runs, listed};

/// How often something is read anew because it changed meanwhile.
pub const MOST_TRIES: usize = 32;

/// Where it can be seen that a run commits.
#[derive(Clone, Debug)]
pub(super) struct Commits {
    fs: Arc<dyn Fs>,
    places: Places,
}

/// Files as they lie there.
pub(super) type Lying = Vec<(PathBuf, Option<Meta>)>;

/// A moment from which on something was read of a ticker.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The folder of the ledger.
    ledger: Option<Meta>,
    /// Where files go that journals list of the ticker, and where those lie that are not there yet.
    listed: BTreeMap<PathBuf, Option<PathBuf>>,
    /// The files of the series, looked at after all that.
    pub(super) files: Lying,
}

impl Moment {
    /// Returns where a file lies that belongs at `path`, if it was not moved there yet.
    pub(super) fn staged(&self, path: &Path) -> Option<&Path> {
        self.listed.get(path)?.as_deref()
    }

    /// Returns where files belong that were not moved there yet.
    pub(super) fn unmoved(&self) -> impl Iterator<Item = &Path> {
        let listed = self.listed.iter();
        listed.filter_map(|(target, staged)| staged.is_some().then_some(target.as_path()))
    }
}

impl Commits {
    pub(super) fn new(fs: Arc<dyn Fs>, places: &Places) -> Self {
        let places = places.clone();
        Self { fs, places }
    }

    /// Returns the moment from which on a series is read.
    pub(super) fn moment(&self, request: &StorageRequest) -> Result<Moment, StorageError> {
        // In this order: what is committed after the one is seen by the other, there or at the end.
        let ledger = self.ledger(request)?;
        let listed = self.listed(request)?;
        Ok(Moment {
            ledger,
            listed,
            files: Lying::new(),
        })
    }

    /// Tells whether everything of a ticker is as it was since a moment; `lying` looks at the files anew.
    pub(super) fn lasts(
        &self,
        request: &StorageRequest,
        moment: &Moment,
        lying: impl FnOnce() -> Result<Lying, StorageError>,
    ) -> Result<bool, StorageError> {
        if self.listed(request)? != moment.listed {
            return Ok(false);
        }
        Ok(self.ledger(request)? == moment.ledger || lying()? == moment.files)
    }

    fn ledger(&self, request: &StorageRequest) -> FsResult<Option<Meta>> {
        match &request.venue {
            Some(venue) => self.fs.metadata(&self.places.ledger(venue)),
            None => Ok(None),
        }
    }

    fn listed(
        &self,
        request: &StorageRequest,
    ) -> Result<BTreeMap<PathBuf, Option<PathBuf>>, StorageError> {
        match self.all_listed(request) {
            Err(StorageError::Fs(error)) if error.is_refusal() => Ok(BTreeMap::new()),
            found => found,
        }
    }

    fn all_listed(
        &self,
        request: &StorageRequest,
    ) -> Result<BTreeMap<PathBuf, Option<PathBuf>>, StorageError> {
        let (fs, places) = (&*self.fs, &self.places);
        let mut found = BTreeMap::new();
        for run in leftover_runs(fs, places)? {
            for dir in places.run_dirs(&run) {
                for entry in listed(fs, places, &dir)? {
                    if entry
                        .unit
                        .request()
                        .is_some_and(|of| is_beside(of, request))
                    {
                        let is_unmoved = fs.metadata(&entry.staged)?.is_some();
                        found.insert(entry.target, is_unmoved.then_some(entry.staged));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Returns files as they lie there.
pub(super) fn lying<'p>(
    fs: &dyn Fs,
    paths: impl Iterator<Item = &'p PathBuf>,
) -> Result<Lying, StorageError> {
    let look = |path: &PathBuf| Ok((path.clone(), fs.metadata(path)?));
    paths.map(look).collect()
}

/// Tells whether two series are of one ticker: what is made of bars is made of its events, too.
fn is_beside(one: &StorageRequest, other: &StorageRequest) -> bool {
    let is_same = || match (one.series.ticker(), other.series.ticker()) {
        (Some(one), Some(other)) => one == other,
        _ => one.series == other.series,
    };
    one.venue == other.venue && is_same()
}
