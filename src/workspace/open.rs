//! An opened workspace with its settings, stores and sources.
//!
//! Promises: opening looks and changes nothing. A link is followed at the data root only, and only by name: whether
//! `data` lies on another disk decides where runs are staged.
//! Leaves to others: what the settings mean to a source (`sources`).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::servers::Servers;
use super::{
    RunNames, Session, Surroundings, UnusedCalendar, View, WorkspaceError, calendars, feeds,
    owners, servers, sources,
};
use crate::calendar::Calendars;
use crate::catalog::{Aliases, Catalog, INTERVALS_FILE, Intervals, TICKERS_FILE};
use crate::codec::{self, MemoryLimit};
use crate::config::{
    Compression, ConfigService, CorruptFiles, Origin, Overrides, SETTINGS_FILE,
    STORAGE_CONFIG_FILE, Settings, SourceKind,
};
use crate::http::{Client, HttpSettings, Proxies};
use crate::layout::{LegacyPathBuilder, Places};
use crate::ledger::Ledgers;
use crate::lock::{GlobalRunLock, LockGuard, NetworkDisks};
use crate::model::{Interval, PriceBasis, Venue};
use crate::observe::Observer;
use crate::source::posttrade::Feed;
use crate::source::{MarketDataSource, symbols, yahoo};
use crate::storage::{self, Stores};
use crate::sys::{Clock, Fs, FsError, FsResult, Kind, Shutdown};

pub(super) const PLAN_FILE: &str = "migration_plan.json";

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
pub struct Workspace<'s> {
    around: &'s Surroundings,
    /// Its fixed folders.
    pub places: Places,
    /// Settings and toggles.
    pub config: ConfigService<'s>,
    /// Both layouts.
    pub stores: Stores,
    /// The sources of bars that are configured.
    pub sources: Vec<Arc<dyn MarketDataSource>>,
    /// The feeds of trades that are.
    pub feeds: Vec<Arc<Feed>>,
    calendars: Arc<Calendars>,
    unused_calendars: Vec<UnusedCalendar>,
    /// Names for what this process stages.
    pub runs: RunNames,
    /// What the ledgers say, for whoever asks about many series.
    pub ledgers: Ledgers,
    /// The venue of commands that name none, once somebody asked for it.
    default_venue: OnceLock<Venue>,
}

impl<'s> Workspace<'s> {
    /// Opens a workspace.
    ///
    /// # Errors
    /// `NotInitialised` when the folder is none; else what is wrong with its settings.
    pub fn open(around: &'s Surroundings, flags: &Overrides) -> Result<Self, WorkspaceError> {
        if !is_workspace(around)? {
            let root = around.root.clone();
            return Err(WorkspaceError::NotInitialised { root });
        }
        Self::open_any(around, flags)
    }

    /// Opens a folder that need not be a workspace yet.
    ///
    /// # Errors
    /// What is wrong with its settings.
    pub fn open_any(around: &'s Surroundings, flags: &Overrides) -> Result<Self, WorkspaceError> {
        let Surroundings { root, fs, env, .. } = around;
        let places = Places::of(root, is_data_elsewhere(&**fs, root)?);
        let config = ConfigService::open(&**fs, root, env, flags)?;
        let limit = memory_limit(around, config.settings());
        let stores = stores(
            fs,
            &places,
            config.settings(),
            compression(config.settings()),
            limit,
        );
        let runs = RunNames::new(Arc::clone(&around.clock), around.nonce());
        let (calendars, unused_calendars) = calendars::load(around, config.settings());
        let calendars = Arc::new(calendars);
        let servers = Servers::new(around, &runs, Arc::clone(&calendars));
        let sources = sources::open_all(around, config.settings(), limit, &servers)?;
        let feeds = feeds::open_all(config.settings(), &servers, &calendars)?;
        Ok(Self {
            around,
            places,
            config,
            stores,
            sources,
            feeds,
            calendars,
            unused_calendars,
            runs,
            ledgers: Ledgers::default(),
            default_venue: OnceLock::new(),
        })
    }

    /// Returns both layouts, with another compression than the settings say if one is given.
    pub fn open_stores(&self, fs: &Arc<dyn Fs>, chosen: Option<codec::Compression>) -> Stores {
        let compression = chosen.or_else(|| compression(self.config.settings()));
        let limit = memory_limit(self.around, self.config.settings());
        stores(fs, &self.places, self.config.settings(), compression, limit)
    }

    /// Returns the door to its file system.
    pub fn fs(&self) -> &'s dyn Fs {
        &*self.around.fs
    }

    /// Returns its clock.
    pub fn clock(&self) -> &'s dyn Clock {
        &*self.around.clock
    }

    /// Returns what asks its runs to end.
    pub fn stop(&self) -> &'s Shutdown {
        &self.around.stop
    }

    /// Returns what planning looks at.
    pub fn view(&self) -> View<'_> {
        View {
            config: &self.config,
            stores: &self.stores,
            sources: &self.sources,
            feeds: &self.feeds,
            calendars: &self.calendars,
            is_replay: false,
        }
    }

    /// Returns the price bases that the settings give to folders of files; what nobody chose is known of none.
    pub fn chosen_bases(&self) -> impl Iterator<Item = (&Venue, PriceBasis)> {
        let sources = self.config.settings().sources();
        sources.filter_map(|(venue, source)| {
            let is_chosen = source.kind.value == Some(SourceKind::Files);
            let basis = source.price_basis.value;
            (is_chosen && basis != PriceBasis::Unknown).then_some((venue, basis))
        })
    }

    /// Returns the calendars of the settings that are not used, with the reason.
    pub fn unused_calendars(&self) -> &[UnusedCalendar] {
        &self.unused_calendars
    }

    /// Returns what running needs beside.
    pub fn session<'h>(
        &'h self,
        held: &'h LockGuard<'h>,
        observer: &'h dyn Observer,
    ) -> Session<'h> {
        Session {
            fs: &*self.around.fs,
            clock: &*self.around.clock,
            stop: &self.around.stop,
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
    pub fn lock(&self) -> GlobalRunLock<'s> {
        let around = self.around;
        GlobalRunLock {
            fs: &*around.fs,
            clock: &*around.clock,
            host: &*around.host,
            stop: &around.stop,
            workspace: &around.root,
            network: if self.config.settings().allow_network_filesystem.value {
                NetworkDisks::Allowed
            } else {
                NetworkDisks::Refused
            },
        }
    }

    /// Returns the venue of commands that name none: the one that somebody chose, else the only one that settings and
    /// tickers.json know, else us:yahoo.
    pub fn default_venue(&self) -> &Venue {
        let settings = self.config.settings();
        if settings.default_venue.origin != Origin::Default {
            return &settings.default_venue.value;
        }
        self.default_venue.get_or_init(|| {
            // A registry that cannot be read ends every command that writes; this is not the place to say so.
            let catalog = Catalog::load(&*self.around.fs, &self.places.root);
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
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn catalog(&self) -> Result<Option<Catalog>, WorkspaceError> {
        let mut catalog = Catalog::load(&*self.around.fs, &self.places.root)?;
        if let Some(catalog) = &mut catalog {
            catalog.know_aliases(self.aliases()?);
        }
        // It may be large, and who looks into it asks for the default venue next.
        self.default_venue
            .get_or_init(|| self.only_venue(catalog.as_ref()));
        self.learn(catalog.as_ref());
        Ok(catalog)
    }

    /// Returns what the exchanges call tickers.
    ///
    /// # Errors
    /// When the folder of it cannot be listed.
    pub fn aliases(&self) -> Result<Aliases, WorkspaceError> {
        Ok(Aliases::load(&*self.around.fs, &self.places.aliases())?)
    }

    /// Takes in what a registry that was read says of legacy files.
    pub fn learn(&self, catalog: Option<&Catalog>) {
        let owners = self.stores.legacy.places().owners();
        let (fs, root) = (&*self.around.fs, &self.places.root);
        let shared = owners::SharedFolders::of(self.config.settings(), root);
        owners.decide(|| shared.venue(fs, catalog));
        owners.learn(|planned| owners::claims(fs, root, owners.legacy_venue(), catalog, planned));
    }

    /// Returns the intervals of the workspace; daily bars when nobody chose any.
    ///
    /// # Errors
    /// When the list is there and cannot be read or understood.
    pub fn intervals(&self) -> Result<Vec<Interval>, WorkspaceError> {
        let found = Intervals::load(&*self.around.fs, &self.places.root)?;
        Ok(match found {
            Some(intervals) if !intervals.as_slice().is_empty() => intervals.as_slice().to_vec(),
            _ => vec![Interval::D1],
        })
    }

    /// Returns every venue that the settings or the data root know.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn venues(&self) -> Result<BTreeSet<Venue>, WorkspaceError> {
        let configured = self
            .config
            .settings()
            .sources()
            .map(|(venue, _)| venue.clone());
        let mut venues: BTreeSet<Venue> = configured.collect();
        venues.insert(self.default_venue().clone());
        venues.extend(self.stored_venues()?);
        Ok(venues)
    }

    /// Returns every venue that the data root has a folder of, in either layout.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn stored_venues(&self) -> Result<BTreeSet<Venue>, WorkspaceError> {
        let fs = &*self.around.fs;
        let legacy = LegacyPathBuilder::new(&self.places.root).root();
        let mut venues = BTreeSet::new();
        for above in [&self.places.data, &legacy] {
            for market in folders(fs, above)? {
                for source in folders(fs, &above.join(&market))? {
                    venues.extend(format!("{market}:{source}").parse::<Venue>().ok());
                }
            }
        }
        Ok(venues)
    }

    /// Returns the venue that the shared legacy folders are for.
    pub fn legacy_venue(&self) -> &Venue {
        self.stores.legacy.places().owners().legacy_venue()
    }

    /// Returns a client for lists of symbols. Nothing is sent yet.
    ///
    /// # Errors
    /// When a variable of the environment is no proxy.
    pub fn client(&self) -> Result<Client, WorkspaceError> {
        let proxies = Proxies::from(|name| self.around.env.proxies.get(name).cloned())?;
        let settings = HttpSettings {
            body_limit: symbols::MOST_BYTES,
            ..HttpSettings::default()
        };
        let limiter = servers::limiter(self.around, &self.runs);
        Ok(Client::new(settings, proxies, limiter))
    }
}

/// Returns both layouts. What a tree of the predecessor means is said here, and nowhere below.
fn stores(
    fs: &Arc<dyn Fs>,
    places: &Places,
    settings: &Settings,
    compression: Option<codec::Compression>,
    limit: MemoryLimit,
) -> Stores {
    let owners = owners::owners(fs, &places.root, settings);
    Stores::open(fs, places, compression, &yahoo::unsealed_basis(), owners).within(limit)
}

/// Returns how much memory one file may take: what the settings say. Where they say nothing and the process may ask for so
/// much only, an eighth of that: a file is in memory several times while its rows are merged, and an allocation that fails
/// ends the process.
fn memory_limit(around: &Surroundings, settings: &Settings) -> MemoryLimit {
    let chosen = &settings.max_file_memory;
    let share = around.host.address_space().map(|bytes| bytes / 8);
    MemoryLimit(match share {
        Some(share) if chosen.origin == Origin::Default => chosen.value.min(share),
        _ => chosen.value,
    })
}

/// Tells whether a folder is a workspace.
///
/// # Errors
/// When the disk cannot be asked.
pub fn is_workspace(around: &Surroundings) -> Result<bool, FsError> {
    for mark in MARKS {
        if around.fs.metadata(&around.root.join(mark))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tells whether a folder has legacy files where somebody looks for them.
///
/// # Errors
/// When it cannot be looked into.
pub fn has_legacy_data(around: &Surroundings) -> Result<bool, FsError> {
    let data = around.root.join("data");
    let adopted = data.join("legacy");
    let flat = [&around.root, &data].map(|folder| LegacyPathBuilder::new(folder));
    let flat = flat.iter();
    let flat = flat.flat_map(|paths| Interval::ALL.map(|interval| paths.flat_tree(interval)));
    for folder in std::iter::once(adopted).chain(flat) {
        if around.fs.metadata(&folder)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_data_elsewhere(fs: &dyn Fs, root: &Path) -> FsResult<bool> {
    let data = root.join("data");
    Ok(match fs.metadata(&data)? {
        None => false,
        Some(_) => match fs.same_device(root, &data) {
            Ok(is_same) => !is_same,
            // A link to a disk that is not there.
            Err(error) if error.is_absence() => false,
            Err(error) => return Err(error),
        },
    })
}

fn folders(fs: &dyn Fs, dir: &Path) -> FsResult<Vec<String>> {
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
