//! What the user decided: settings, the layout toggle and the environment.
//!
//! Promises: every value knows where it came from; an absent file means the defaults, a damaged one is an
//! error and never a default; `storage_config.json` keeps the keys that barkeep does not know.
//! Leaves to others: reading the process's environment and the flags (`cli`), holding the run lock while
//! saving (`lock`), and the rule that a series stays where its rows are (`storage`).

mod calendars;
mod env;
mod error;
mod feed_settings;
mod lists;
mod parsed;
mod server_settings;
mod setting;
mod settings;
mod settings_file;
mod source_settings;
mod storage_config;
mod toggle;

use std::path::{Path, PathBuf};

pub use calendars::CalendarSettings;
pub use env::{EnvError, EnvVar, EnvVars, VARIABLES};
pub use error::ConfigError;
pub use feed_settings::{BarsOf, FeedSettings, Freshness};
pub use lists::ListSettings;
pub use server_settings::{ServerSettings, Window};
pub use setting::{Origin, Setting, SettingRow};
pub use settings::{Compression, CorruptFiles, Overrides, SETTINGS_FILE, Settings};
pub use source_settings::{
    ColumnName, Columns, DateZone, FileClock, SourceKind, SourceSettings, Stamp,
};
pub use storage_config::{STORAGE_CONFIG_FILE, StorageConfig};
pub use toggle::{ToggleOrigin, ToggleScope};

use crate::model::{Interval, Venue};
use crate::sys::Fs;
use crate::sys::atomic::TempNames;

/// The configuration of one workspace, as it was when it was opened.
///
/// A caller that must go on with a damaged `storage_config.json` loads `Settings` and `StorageConfig` singly.
#[derive(Debug)]
pub struct ConfigService<'fs> {
    fs: &'fs dyn Fs,
    workspace: PathBuf,
    settings: Settings,
    storage: StorageConfig,
}

impl<'fs> ConfigService<'fs> {
    /// Loads `barkeep.toml` and `storage_config.json`; either may be absent.
    ///
    /// # Errors
    /// When a file that is there cannot be read or understood.
    pub fn open(
        fs: &'fs dyn Fs,
        workspace: &Path,
        environment: &EnvVars,
        flags: &Overrides,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            fs,
            workspace: workspace.to_owned(),
            settings: Settings::load(fs, workspace, environment, flags)?,
            storage: StorageConfig::load(fs, workspace)?,
        })
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the recorded toggles.
    pub fn storage_config(&self) -> &StorageConfig {
        &self.storage
    }

    /// Tells whether new series of a venue are partitioned, and which record says so. Those of a feed of trades are, whatever
    /// is recorded: no older layout has any, and each day brings all of its instruments.
    pub fn is_partitioned_enabled(&self, venue: &Venue) -> (bool, ToggleOrigin) {
        let kind = self
            .settings
            .source(venue)
            .and_then(|source| source.kind.value);
        if kind == Some(SourceKind::Posttrade) {
            return (true, ToggleOrigin::Feed);
        }
        self.storage.lookup(venue)
    }

    /// Tells whether series of this interval may be partitioned at all at this venue.
    pub fn partitions(&self, venue: &Venue, interval: Interval) -> bool {
        self.settings.partitions(venue, interval)
    }

    /// Replaces `storage_config.json`, and with it what this service answers. The caller holds the run lock.
    ///
    /// # Errors
    /// When the file cannot be replaced; this service then answers as before.
    pub fn save_storage_config(
        &mut self,
        temps: &TempNames,
        changed: StorageConfig,
    ) -> Result<(), ConfigError> {
        changed.save(self.fs, temps, &self.workspace)?;
        self.storage = changed;
        Ok(())
    }
}
