//! One setting: a value, and the layer that it came from.
//!
//! Leaves to others: which settings there are (`settings`, `source_settings`, `server_settings`, `lists`).

use std::fmt;

use super::parsed::{Parsed, words};

/// The layer that a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody chose it.
    Default,
    /// `barkeep.toml`.
    File,
    /// An environment variable.
    Environment,
    /// The command line.
    Flag,
}

words!(Origin, "an origin", {
    Default => "default", File => "file", Environment => "environment", Flag => "flag",
});

/// A value and the layer that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The layer.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// Returns a value that nobody chose.
    pub fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    /// Returns the value of a higher layer if that layer has one.
    #[must_use]
    pub fn under(self, value: Option<T>, origin: Origin) -> Self {
        match value {
            Some(value) => Self { value, origin },
            None => self,
        }
    }
}

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// The key as it is written in the file.
    pub key: String,
    /// The value; empty where there is none.
    pub value: String,
    /// The layer that it came from.
    pub origin: Origin,
}

impl SettingRow {
    pub(super) fn new<T: fmt::Display>(key: impl fmt::Display, setting: &Setting<T>) -> Self {
        Self {
            key: key.to_string(),
            value: setting.value.to_string(),
            origin: setting.origin,
        }
    }
}

/// Returns the whole key of a setting of one source.
pub(super) type KeyOf<'k> = &'k dyn Fn(&str) -> String;

pub(super) fn plain<T>(parsed: Option<Parsed<T>>) -> Option<T> {
    parsed.map(|Parsed(value)| value)
}

pub(super) fn chosen<T>(file: Option<T>, default: T) -> Setting<T> {
    Setting::default(default).under(file, Origin::File)
}

pub(super) fn optional<T>(file: Option<T>, default: Option<T>) -> Setting<Option<T>> {
    Setting::default(default).under(file.map(Some), Origin::File)
}

pub(super) fn shown<T>(
    setting: &Setting<Option<T>>,
    text: impl Fn(&T) -> String,
) -> Setting<String> {
    Setting {
        value: setting.value.as_ref().map(text).unwrap_or_default(),
        origin: setting.origin,
    }
}
