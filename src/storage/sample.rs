//! Which file speaks for a series or a tree: the rule by which one of many is believed.
//!
//! A file that barkeep wrote goes before one of another writer, a newer file of a series before an older one, and in a tree a
//! series that the registry keeps before one that nobody knows, each in the order of names.
//! Promises: only the ends of files are read, of most trees that of one file. What is damaged or foreign says nothing.
//! Leaves to others: what follows for new files (`tree`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::frame::Profile;
use crate::layout::{LegacyName, Level, legacy_name};
use crate::model::{Dataset, Ticker, Venue};
use crate::sys::{Entry, Fs, Kind, locked};

use super::StorageError;
use super::footers::facts_at;
use super::misplaced::series_ticker;
use super::tree::{InTree, TreeFacts, Trees};

/// How many series are asked for a file that barkeep wrote, before one of another writer speaks for a tree.
const MOST_ASKED: usize = 256;

/// Finds the tickers that are kept at a venue.
type Ask = Box<dyn Fn(&Venue) -> BTreeSet<Ticker> + Send + Sync>;

/// Which tickers the registry keeps. It is asked once for each venue, and only where files of several series could speak.
pub struct Kept {
    ask: Ask,
    known: Mutex<BTreeMap<Venue, Arc<BTreeSet<Ticker>>>>,
}

impl Kept {
    /// Returns the rule for a workspace.
    pub fn new(ask: impl Fn(&Venue) -> BTreeSet<Ticker> + Send + Sync + 'static) -> Self {
        Self {
            ask: Box::new(ask),
            known: Mutex::default(),
        }
    }

    /// Returns the rule where no registry is.
    pub(super) fn nobody() -> Self {
        Self::new(|_| BTreeSet::new())
    }

    fn at(&self, venue: &Venue) -> Arc<BTreeSet<Ticker>> {
        let mut known = locked(&self.known);
        if let Some(tickers) = known.get(venue) {
            return Arc::clone(tickers);
        }
        let tickers = Arc::new((self.ask)(venue));
        known.insert(venue.clone(), Arc::clone(&tickers));
        tickers
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

/// What one file says.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) facts: TreeFacts,
    /// Whether barkeep wrote it.
    pub(super) is_sealed: bool,
}

/// Where files are looked for. Only those that hold rows of a series speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// In a folder of legacy files.
    Legacy,
    /// In a tree of series.
    Tree(Dataset),
    /// In a folder of one of its series.
    Series(Dataset, Level),
}

impl Shape {
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

    /// Tells whether a name in a tree is that of a series that is kept. Feeds are.
    fn is_kept(self, name: &str, kept: &BTreeSet<Ticker>) -> bool {
        match self {
            Self::Legacy => {
                matches!(legacy_name(name), LegacyName::Ticker(ticker) if kept.contains(&ticker))
            }
            Self::Tree(_) | Self::Series(..) => {
                let ticker = series_ticker(name);
                ticker.map_or(name.starts_with("venue="), |ticker| kept.contains(&ticker))
            }
        }
    }
}

/// A look for the file that speaks.
pub(super) struct Search<'f> {
    fs: &'f dyn Fs,
    trees: &'f Trees,
    venue: Option<&'f Venue>,
    found: Option<Sample>,
    unreadable: Option<StorageError>,
}

impl<'f> Search<'f> {
    pub(super) fn new(fs: &'f dyn Fs, trees: &'f Trees, venue: Option<&'f Venue>) -> Self {
        Self {
            fs,
            trees,
            venue,
            found: None,
            unreadable: None,
        }
    }

    /// Looks through the folders of a series, of which the last one is written to, or at its legacy file.
    pub(super) fn of_series(
        mut self,
        own: &[PathBuf],
        shape: Shape,
    ) -> Result<Option<Sample>, StorageError> {
        for path in own.iter().rev() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(meta) = self.fs.metadata(path)? {
                self.visit(path.clone(), &name, meta.kind, shape);
            }
        }
        self.end()
    }

    /// Looks through a tree, without the series that is asked about.
    pub(super) fn of_tree(
        mut self,
        series: InTree<'_>,
        kept: &Kept,
    ) -> Result<Option<Sample>, StorageError> {
        let entries = self.fs.list(series.tree)?.unwrap_or_default();
        if entries.is_empty() {
            return Ok(None);
        }
        let kept = series.venue.map(|venue| kept.at(venue)).unwrap_or_default();
        let is_kept = |entry: &Entry| series.shape.is_kept(&entry.name, &kept);
        let (known, strangers): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_kept);
        for group in [known, strangers] {
            for entry in group.into_iter().take(MOST_ASKED) {
                let path = series.tree.join(&entry.name);
                if !series.own.contains(&path) {
                    self.visit(path, &entry.name, entry.kind, series.shape);
                }
            }
            if self.found.is_some() {
                break;
            }
        }
        self.end()
    }

    fn end(self) -> Result<Option<Sample>, StorageError> {
        match (self.found, self.unreadable) {
            (None, Some(error)) => Err(error),
            // Another file says the same; one bad spot must not keep a whole tree from being written to.
            (found, _) => Ok(found),
        }
    }

    fn visit(&mut self, path: PathBuf, name: &str, kind: Kind, shape: Shape) {
        if self.found.as_ref().is_some_and(|found| found.is_sealed) {
            return;
        }
        let visited = match (kind, shape.enter(name)) {
            (Kind::Dir, Some(below)) => self.visit_folder(&path, below),
            (Kind::File, _) if shape.is_file(name) => self.hear(path, shape.profile()),
            _ => Ok(()),
        };
        if let Err(error) = visited {
            self.unreadable = Some(error);
        }
    }

    /// Visits what is in a folder, the newest first: names are in the order of time.
    fn visit_folder(&mut self, dir: &Path, shape: Shape) -> Result<(), StorageError> {
        for entry in self.fs.list(dir)?.unwrap_or_default().into_iter().rev() {
            self.visit(dir.join(&entry.name), &entry.name, entry.kind, shape);
        }
        Ok(())
    }

    fn hear(&mut self, path: PathBuf, profile: &'static Profile) -> Result<(), StorageError> {
        let Some(Ok(said)) = facts_at(self.fs, &path, profile)? else {
            return Ok(());
        };
        let is_sealed = said.rows_digest.is_some();
        if self.found.is_some() && !is_sealed {
            return Ok(());
        }
        let (trees, venue) = (self.trees, self.venue);
        let basis = trees.basis_said(said.profile, &said.provenance, is_sealed, venue);
        self.found = Some(Sample {
            facts: TreeFacts {
                unit: said.unit,
                basis: Some(basis),
                profile: Some(said.profile),
                said_by: Some(path),
                is_own: true,
                zone: said.provenance.timezone,
            },
            is_sealed,
        });
        Ok(())
    }
}
