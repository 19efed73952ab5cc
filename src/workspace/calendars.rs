//! The calendars of a workspace: those of this build, and those that its settings read from files.

use std::path::PathBuf;

use super::Surroundings;
use crate::calendar::{self, Calendars};
use crate::config::Settings;

/// A calendar of this many bytes has a line for each day of some thousand years.
const MOST_BYTES: u64 = 16 << 20;

/// A calendar of the settings that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedCalendar {
    /// Its name in the settings.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads the calendars of the settings. One that cannot be used is left out and told: collecting does not wait for it.
pub(super) fn load(around: &Surroundings, settings: &Settings) -> (Calendars, Vec<UnusedCalendar>) {
    let mut calendars = Calendars::default();
    let mut unused = Vec::new();
    for (name, given) in &settings.calendars {
        let path = around.root.join(&given.path);
        let read = text(around, &path).and_then(|text| {
            calendar::of_csv(&text, given.timezone).map_err(|error| error.to_string())
        });
        match read {
            Ok(calendar) => calendars.give(name, calendar, given.exchanges.iter().cloned()),
            Err(reason) => unused.push(UnusedCalendar {
                name: name.clone(),
                path,
                reason,
            }),
        }
    }
    (calendars, unused)
}

fn text(around: &Surroundings, path: &std::path::Path) -> Result<String, String> {
    let fs = &*around.fs;
    let found = fs.metadata(path).map_err(|error| error.to_string())?;
    let found = found.ok_or("there is no such file")?;
    if found.len > MOST_BYTES {
        return Err("it is too large for a calendar".to_owned());
    }
    let bytes = fs.read(path).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or("there is no such file")?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
