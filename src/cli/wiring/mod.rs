//! Connects the rooms: an opened workspace with its settings, stores and sources.
//!
//! Promises: opening looks and changes nothing. A link is followed at the data root only, and only by name: whether
//! `data` lies on another disk decides where runs are staged.
//! Leaves to others: what the settings mean to a source (`sources`).

mod client;
mod servers;
mod sources;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::Exit;
use super::failure::Failure;
use super::shell::Shell;
use crate::catalog::{Catalog, INTERVALS_FILE, Intervals, TICKERS_FILE};
use crate::codec::{self, MemoryLimit};
use crate::config::{
    Compression, ConfigService, CorruptFiles, Origin, Overrides, SETTINGS_FILE,
    STORAGE_CONFIG_FILE, Settings,
};
use crate::layout::Places;
use crate::lock::{GlobalRunLock, LockGuard, NetworkDisks};
use crate::model::{Interval, Venue};
use crate::observe::Observer;
use crate::source::MarketDataSource;
use crate::storage::{self, Stores};
use crate::sys::{Fs, Kind};
use crate::workspace::{RunNames, Session, View};

const PLAN_FILE: &str = "migration_plan.json";

/// Any of these makes a folder a workspace.
const MARKS: [&str; 5] = [
    TICKERS_FILE,
    INTERVALS_FILE,
    STORAGE_CONFIG_FILE,
    PLAN_FILE,
    SETTINGS_FILE,
];

/// An opened workspace.
#[derive(Debug)]
pub(super) struct Workspace<'s> {
    shell: &'s Shell<'s>,
    pub(super) places: Places,
    pub(super) config: ConfigService<'s>,
    pub(super) stores: Stores,
    pub(super) sources: Vec<Arc<dyn MarketDataSource>>,
    /// Names for what this process stages.
    pub(super) runs: RunNames,
    /// The venue of commands that name none, once somebody asked for it.
    default_venue: OnceLock<Venue>,
}

impl<'s> Workspace<'s> {
    /// Opens the workspace of the shell.
    ///
    /// # Errors
    /// `NotInitialised` when the folder is none; else what is wrong with its settings.
    pub(super) fn open(shell: &'s Shell<'s>, flags: &Overrides) -> Result<Self, Failure> {
        if !is_workspace(shell)? {
            return Err(absent(shell, "there is no workspace"));
        }
        Self::open_any(shell, flags)
    }

    /// Opens a folder that need not be a workspace yet.
    ///
    /// # Errors
    /// What is wrong with its settings.
    pub(super) fn open_any(shell: &'s Shell<'s>, flags: &Overrides) -> Result<Self, Failure> {
        let fs = &shell.world.fs;
        let places = Places::of(&shell.root, is_data_elsewhere(&**fs, &shell.root)?);
        let config = ConfigService::open(&**fs, &shell.root, &shell.env, flags)?;
        let limit = memory_limit(shell, config.settings());
        let stores = Stores::open(fs, &places, compression(config.settings())).within(limit);
        let runs = RunNames::new(Arc::clone(&shell.clock), shell.nonce());
        let sources = sources::open_all(shell, config.settings(), limit, &runs)?;
        Ok(Self {
            shell,
            places,
            config,
            stores,
            sources,
            runs,
            default_venue: OnceLock::new(),
        })
    }

    /// Returns both layouts, with another compression than the settings say if one is given.
    pub(super) fn open_stores(
        &self,
        fs: &Arc<dyn Fs>,
        chosen: Option<codec::Compression>,
    ) -> Stores {
        let compression = chosen.or_else(|| compression(self.config.settings()));
        let limit = memory_limit(self.shell, self.config.settings());
        Stores::open(fs, &self.places, compression).within(limit)
    }

    /// Returns what planning looks at.
    pub(super) fn view(&self) -> View<'_> {
        View {
            config: &self.config,
            stores: &self.stores,
            sources: &self.sources,
        }
    }

    /// Returns what running needs beside.
    pub(super) fn session<'h>(
        &'h self,
        held: &'h LockGuard<'h>,
        observer: &'h dyn Observer,
    ) -> Session<'h> {
        let world = self.shell.world;
        Session {
            fs: &*world.fs,
            clock: &*self.shell.clock,
            stop: &world.shutdown,
            observer,
            held,
            places: &self.places,
            corrupt_files: match self.config.settings().corrupt_files.value {
                CorruptFiles::Quarantine => storage::CorruptFiles::Quarantine,
                CorruptFiles::Delete => storage::CorruptFiles::Delete,
            },
            runs: &self.runs,
        }
    }

    /// Returns the run lock, not yet taken.
    pub(super) fn lock(&self) -> GlobalRunLock<'s> {
        let shell = self.shell;
        GlobalRunLock {
            fs: &*shell.world.fs,
            clock: &*shell.clock,
            host: &*shell.world.host,
            stop: &shell.world.shutdown,
            workspace: &shell.root,
            network: if self.config.settings().allow_network_filesystem.value {
                NetworkDisks::Allowed
            } else {
                NetworkDisks::Refused
            },
        }
    }

    /// Returns the venue of commands that name none: the one that somebody chose, else the only one that settings and
    /// tickers.json know, else us:yahoo.
    pub(super) fn default_venue(&self) -> &Venue {
        let settings = self.config.settings();
        if settings.default_venue.origin != Origin::Default {
            return &settings.default_venue.value;
        }
        self.default_venue.get_or_init(|| {
            // A registry that cannot be read ends every command that writes; this is not the place to say so.
            let catalog = Catalog::load(&*self.shell.world.fs, &self.places.root);
            self.only_venue(catalog.ok().flatten().as_ref())
        })
    }

    fn only_venue(&self, catalog: Option<&Catalog>) -> Venue {
        let settings = self.config.settings();
        let mut venues: BTreeSet<Venue> = settings.described_venues().cloned().collect();
        venues.extend(catalog.map(Catalog::venues).unwrap_or_default());
        match (venues.pop_first(), venues.is_empty()) {
            (Some(only), true) => only,
            _ => settings.default_venue.value.clone(),
        }
    }

    /// Returns the registry; `None` when the workspace has none.
    pub(super) fn catalog(&self) -> Result<Option<Catalog>, Failure> {
        let catalog = Catalog::load(&*self.shell.world.fs, &self.places.root)?;
        // It may be large, and who looks into it asks for the default venue next.
        self.default_venue
            .get_or_init(|| self.only_venue(catalog.as_ref()));
        Ok(catalog)
    }

    /// Returns the intervals of the workspace; daily bars when nobody chose any.
    pub(super) fn intervals(&self) -> Result<Vec<Interval>, Failure> {
        let found = Intervals::load(&*self.shell.world.fs, &self.places.root)?;
        Ok(match found {
            Some(intervals) if !intervals.as_slice().is_empty() => intervals.as_slice().to_vec(),
            _ => vec![Interval::D1],
        })
    }

    /// Returns every venue that the settings or the data root know.
    pub(super) fn venues(&self) -> Result<BTreeSet<Venue>, Failure> {
        let configured = self
            .config
            .settings()
            .sources()
            .map(|(venue, _)| venue.clone());
        let mut venues: BTreeSet<Venue> = configured.collect();
        venues.insert(self.default_venue().clone());
        let fs = &*self.shell.world.fs;
        for market in folders(fs, &self.places.data)? {
            for source in folders(fs, &self.places.data.join(&market))? {
                venues.extend(format!("{market}:{source}").parse::<Venue>().ok());
            }
        }
        Ok(venues)
    }

    /// Warns of a venue that no source serves: its rows are kept, and nothing is fetched.
    pub(super) fn warn_without_source(&self, venue: &Venue) {
        if self.view().source(venue).is_none() {
            self.shell.printer.warning(&format!(
                "No source is configured for {venue}, so nothing will be fetched there."
            ));
        }
    }
}

/// Returns how much memory one file may take: what the settings say. Where they say nothing and the process may ask for so
/// much only, an eighth of that: a file is in memory several times while its rows are merged, and an allocation that fails
/// ends the process.
fn memory_limit(shell: &Shell<'_>, settings: &Settings) -> MemoryLimit {
    let chosen = &settings.max_file_memory;
    let share = shell.world.host.address_space().map(|bytes| bytes / 8);
    MemoryLimit(match share {
        Some(share) if chosen.origin == Origin::Default => chosen.value.min(share),
        _ => chosen.value,
    })
}

/// Tells whether the folder of the shell is a workspace.
pub(super) fn is_workspace(shell: &Shell<'_>) -> Result<bool, Failure> {
    for mark in MARKS {
        if shell.world.fs.metadata(&shell.root.join(mark))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the failure of a folder that lacks what the command needs.
pub(super) fn absent(shell: &Shell<'_>, what: &str) -> Failure {
    let root = shell.root.display();
    let typed = super::ui::words::quoted(&root.to_string());
    Failure::new(Exit::NotInitialised, format!("{what} in {root}"))
        .hint(format!("make one: barkeep -C {typed} init --ticker AAPL"))
}

fn is_data_elsewhere(fs: &dyn Fs, root: &Path) -> Result<bool, Failure> {
    let data = root.join("data");
    Ok(match fs.metadata(&data)? {
        None => false,
        Some(_) => match fs.same_device(root, &data) {
            Ok(is_same) => !is_same,
            // A link to a disk that is not there.
            Err(error) if error.is_absence() => false,
            Err(error) => return Err(error.into()),
        },
    })
}

fn folders(fs: &dyn Fs, dir: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs.list(dir)?.unwrap_or_default();
    let is_dir = |kind: Kind| kind == Kind::Dir;
    Ok(entries
        .into_iter()
        .filter(|entry| is_dir(entry.kind))
        .map(|entry| entry.name)
        .collect())
}

fn compression(settings: &Settings) -> Option<codec::Compression> {
    match settings.compression.value {
        Compression::Auto => None,
        Compression::None => Some(codec::Compression::None),
        Compression::Snappy => Some(codec::Compression::Snappy),
        Compression::Zstd => Some(codec::Compression::Zstd),
        Compression::Gzip => Some(codec::Compression::Gzip),
    }
}
