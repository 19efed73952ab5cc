//! The settings: defaults, below `barkeep.toml`, below the environment, below the flags.
//!
//! Promises: every key has a default, and every value has its final type and knows its layer (`setting`). `us:demo`, `us:yahoo` and the feeds of
//! Xetra, Frankfurt and Tradegate are sources without any file.
//! Leaves to others: what the values are used for; creating `barkeep.toml`, which barkeep never writes.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::calendars::{self, CalendarSettings};
use super::parsed::words;
use super::setting::{Origin, Setting, SettingRow, plain, shown};
use super::settings_file::{self, SettingsFile};
use super::{ConfigError, EnvVars, ListSettings, SourceKind, SourceSettings};
use crate::document::{self, DocumentError};
use crate::model::{Interval, Venue};
use crate::sys::Fs;

/// The name of the file in the workspace.
pub const SETTINGS_FILE: &str = "barkeep.toml";

const DEFAULT_VENUE: &str = "us:yahoo";
const DEMO_VENUE: &str = "us:demo";
const FEED_VENUES: [&str; 3] = ["de:frankfurt", "de:tradegate", "de:xetra"];
const MIN_FREE_BYTES: u64 = 64 * 1024 * 1024;
const MIN_FREE_INODES: u64 = 1024;
/// Some 13 million bars.
const MAX_FILE_MEMORY: u64 = 1 << 30;

/// What happens to a stored file that turns out to be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorruptFiles {
    /// It is moved to `quarantine/` with its reason.
    Quarantine,
    /// It is deleted.
    Delete,
}

words!(CorruptFiles, "a way with corrupt files", { Quarantine => "quarantine", Delete => "delete" });

/// How new Parquet files are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// By the interval: what is smallest and fast enough for it.
    Auto,
    /// Snappy.
    Snappy,
    /// Zstandard.
    Zstd,
    /// Gzip.
    Gzip,
    /// Not at all.
    None,
}

words!(Compression, "a compression", {
    Auto => "auto", Snappy => "snappy", Zstd => "zstd", Gzip => "gzip", None => "none",
});

/// What the command line sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The venue, where a command takes one.
    pub default_venue: Option<Venue>,
    /// The number of threads.
    pub jobs: Option<usize>,
    /// The compression of new files.
    pub compression: Option<Compression>,
}

/// All settings of a workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The venue of commands that name none.
    pub default_venue: Setting<Venue>,
    /// The venue that the shared legacy folders are for.
    pub legacy_venue: Setting<Venue>,
    /// What happens to damaged files.
    pub corrupt_files: Setting<CorruptFiles>,
    /// Whether a workspace on a network file system is used at all.
    pub allow_network_filesystem: Setting<bool>,
    /// Whether gaps in the stored rows are reported.
    pub gap_warnings: Setting<bool>,
    /// Where each update leaves its outcome for a monitoring system, relative to the workspace.
    pub metrics_file: Setting<Option<PathBuf>>,
    /// The folder of the mirrors, relative to the workspace; `None` for `mirror` in it.
    pub mirror_path: Setting<Option<PathBuf>>,
    /// Whether the files of mirrors are Delta tables, too.
    pub mirror_table: Setting<bool>,
    /// Threads that encode and verify; 0 is one for each core.
    pub jobs: Setting<usize>,
    /// The compression of new files.
    pub compression: Setting<Compression>,
    /// Bytes that every run leaves free on the disk.
    pub min_free_bytes: Setting<u64>,
    /// Files that every run leaves the disk able to create.
    pub min_free_inodes: Setting<u64>,
    /// Bytes of memory that the rows of one file may take.
    pub max_file_memory: Setting<u64>,
    /// Where lists of symbols are.
    pub lists: ListSettings,
    /// Calendars of exchanges that are added to those of this build, or put in their place, by name.
    pub calendars: BTreeMap<String, CalendarSettings>,
    sources: BTreeMap<Venue, SourceSettings>,
    described: BTreeSet<Venue>,
}

impl Settings {
    /// Returns the path of the file.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(SETTINGS_FILE)
    }

    /// Reads the file, if there is one, and lays the other layers around it.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood. An empty file says nothing, and that is fine.
    pub fn load(
        fs: &dyn Fs,
        workspace: &Path,
        environment: &EnvVars,
        flags: &Overrides,
    ) -> Result<Self, ConfigError> {
        let path = Self::path(workspace);
        let file = match fs.read(&path)? {
            None => SettingsFile::default(),
            Some(bytes) => parse(&bytes, &path)?,
        };
        Ok(Self::layered(file, environment, flags))
    }

    fn layered(file: SettingsFile, environment: &EnvVars, flags: &Overrides) -> Self {
        let SettingsFile {
            workspace,
            lists,
            calendars,
            mut sources,
        } = file;
        let described = sources.keys().cloned().collect();
        let mut built_in = vec![
            (venue(DEMO_VENUE), SourceKind::Demo),
            (venue(DEFAULT_VENUE), SourceKind::Yahoo),
        ];
        built_in.extend(FEED_VENUES.map(|text| (venue(text), SourceKind::Posttrade)));
        for (venue, _) in &built_in {
            sources.entry(venue.clone()).or_default();
        }
        let sources = sources
            .into_iter()
            .map(|(venue, table)| {
                let kind = built_in.iter().find(|(known, _)| *known == venue);
                let kind = kind.map(|(_, kind)| *kind);
                (venue, SourceSettings::layered(kind, table))
            })
            .collect();
        Self {
            default_venue: Setting::default(venue(DEFAULT_VENUE))
                .under(plain(workspace.default_venue), Origin::File)
                .under(environment.venue.clone(), Origin::Environment)
                .under(flags.default_venue.clone(), Origin::Flag),
            legacy_venue: Setting::default(venue(DEFAULT_VENUE))
                .under(plain(workspace.legacy_venue), Origin::File),
            corrupt_files: Setting::default(CorruptFiles::Quarantine)
                .under(plain(workspace.corrupt_files), Origin::File),
            allow_network_filesystem: Setting::default(false)
                .under(workspace.allow_network_filesystem, Origin::File),
            gap_warnings: Setting::default(false).under(workspace.gap_warnings, Origin::File),
            metrics_file: Setting::default(None)
                .under(workspace.metrics_file.map(Some), Origin::File),
            mirror_path: Setting::default(None)
                .under(workspace.mirror_path.map(Some), Origin::File),
            mirror_table: Setting::default(true).under(workspace.mirror_table, Origin::File),
            jobs: Setting::default(0)
                .under(workspace.jobs, Origin::File)
                .under(environment.jobs, Origin::Environment)
                .under(flags.jobs, Origin::Flag),
            compression: Setting::default(Compression::Auto)
                .under(plain(workspace.compression), Origin::File)
                .under(environment.compression, Origin::Environment)
                .under(flags.compression, Origin::Flag),
            min_free_bytes: Setting::default(MIN_FREE_BYTES)
                .under(workspace.min_free_bytes, Origin::File),
            min_free_inodes: Setting::default(MIN_FREE_INODES)
                .under(workspace.min_free_inodes, Origin::File),
            max_file_memory: Setting::default(MAX_FILE_MEMORY)
                .under(workspace.max_file_memory, Origin::File),
            lists: ListSettings::layered(lists),
            calendars,
            sources,
            described,
        }
    }

    /// Returns the settings of one source; `None` when the venue is not configured.
    pub fn source(&self, venue: &Venue) -> Option<&SourceSettings> {
        self.sources.get(venue)
    }

    /// Returns every configured source, in the order of the venues' names.
    pub fn sources(&self) -> impl Iterator<Item = (&Venue, &SourceSettings)> {
        self.sources.iter()
    }

    /// Returns the venues that the file has a table of, the built-in ones only if somebody wrote one.
    pub fn described_venues(&self) -> impl Iterator<Item = &Venue> {
        self.described.iter()
    }

    /// Tells whether series of this interval may be partitioned at all at this venue.
    pub fn partitions(&self, venue: &Venue, interval: Interval) -> bool {
        match self.source(venue) {
            Some(source) => source.partition_intervals.value.contains(&interval),
            None => interval.partitions_by_default(),
        }
    }

    /// Returns how many threads to use on a machine with so many cores.
    pub fn threads(&self, cores: NonZeroUsize) -> NonZeroUsize {
        NonZeroUsize::new(self.jobs.value).unwrap_or(cores)
    }

    /// Returns every key with its value and origin, in the order of the example file.
    pub fn entries(&self) -> Vec<SettingRow> {
        let mut rows = vec![
            SettingRow::new("workspace.default_venue", &self.default_venue),
            SettingRow::new("workspace.legacy_venue", &self.legacy_venue),
            SettingRow::new("workspace.corrupt_files", &self.corrupt_files),
            SettingRow::new(
                "workspace.allow_network_filesystem",
                &self.allow_network_filesystem,
            ),
            SettingRow::new("workspace.gap_warnings", &self.gap_warnings),
            SettingRow::new(
                "workspace.metrics_file",
                &shown(&self.metrics_file, |path| path.display().to_string()),
            ),
            SettingRow::new(
                "workspace.mirror_path",
                &shown(&self.mirror_path, |path| path.display().to_string()),
            ),
            SettingRow::new("workspace.mirror_table", &self.mirror_table),
            SettingRow::new("workspace.jobs", &self.jobs),
            SettingRow::new("workspace.compression", &self.compression),
            SettingRow::new("workspace.min_free_bytes", &self.min_free_bytes),
            SettingRow::new("workspace.min_free_inodes", &self.min_free_inodes),
            SettingRow::new("workspace.max_file_memory", &self.max_file_memory),
        ];
        rows.extend(self.lists.entries());
        rows.extend(calendars::entries(&self.calendars));
        for (venue, source) in &self.sources {
            rows.extend(source.entries(venue));
        }
        rows
    }
}

fn parse(bytes: &[u8], path: &Path) -> Result<SettingsFile, ConfigError> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > document::MAX_BYTES {
        return Err(ConfigError::Document(DocumentError::TooLarge {
            path: path.to_owned(),
            bytes: length,
            limit: document::MAX_BYTES,
        }));
    }
    settings_file::parse(bytes, path)
}

#[expect(
    clippy::expect_used,
    reason = "called with the constants above, which a test parses"
)]
fn venue(text: &str) -> Venue {
    text.parse().expect("a built-in venue is valid")
}
