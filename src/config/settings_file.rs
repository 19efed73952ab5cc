//! The shape of `barkeep.toml`, and where in it an error lies.
//!
//! Promises: an unknown key, a value of a wrong type or outside its range is an error with line and column.
//! Leaves to others: defaults and the layers above the file (`settings`).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::calendars::{self, CalendarSettings, CalendarTable};
use super::lists::ListsTable;
use super::parsed::{
    Day, Parsed, Zone, deserialize_file_memory, deserialize_intervals, deserialize_jobs,
    deserialize_scale, deserialize_sessions,
};
use super::{
    BarsOf, ColumnName, Compression, ConfigError, CorruptFiles, DateZone, FileClock, Freshness,
    SourceKind, Stamp,
};
use crate::model::{Interval, PriceBasis, Venue};

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    pub(super) workspace: WorkspaceTable,
    pub(super) lists: ListsTable,
    pub(super) calendars: BTreeMap<String, CalendarSettings>,
    pub(super) sources: BTreeMap<Venue, SourceTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    workspace: WorkspaceTable,
    #[serde(default)]
    lists: ListsTable,
    #[serde(default)]
    calendars: BTreeMap<Spanned<String>, CalendarTable>,
    #[serde(default)]
    sources: BTreeMap<Spanned<String>, SourceTable>,
}

/// The table `[workspace]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceTable {
    pub(super) default_venue: Option<Parsed<Venue>>,
    pub(super) legacy_venue: Option<Parsed<Venue>>,
    pub(super) corrupt_files: Option<Parsed<CorruptFiles>>,
    pub(super) allow_network_filesystem: Option<bool>,
    pub(super) gap_warnings: Option<bool>,
    pub(super) metrics_file: Option<PathBuf>,
    pub(super) mirror_path: Option<PathBuf>,
    pub(super) mirror_table: Option<bool>,
    #[serde(default, deserialize_with = "deserialize_jobs")]
    pub(super) jobs: Option<usize>,
    pub(super) compression: Option<Parsed<Compression>>,
    pub(super) min_free_bytes: Option<u64>,
    pub(super) min_free_inodes: Option<u64>,
    #[serde(default, deserialize_with = "deserialize_file_memory")]
    pub(super) max_file_memory: Option<u64>,
}

/// A table such as `[sources."us:yahoo"]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    pub(super) kind: Option<Parsed<SourceKind>>,
    pub(super) path: Option<PathBuf>,
    pub(super) suffix: Option<String>,
    pub(super) interval: Option<Parsed<Interval>>,
    pub(super) timezone: Option<Parsed<Zone>>,
    pub(super) file_clock: Option<Parsed<FileClock>>,
    pub(super) stamp: Option<Parsed<Stamp>>,
    pub(super) price_basis: Option<Parsed<PriceBasis>>,
    pub(super) columns: Option<ColumnsTable>,
    pub(super) delimiter: Option<char>,
    pub(super) decimal_comma: Option<bool>,
    pub(super) date_format: Option<String>,
    pub(super) header: Option<bool>,
    pub(super) missing: Option<Vec<String>>,
    #[serde(default, deserialize_with = "deserialize_scale")]
    pub(super) scale: Option<f64>,
    pub(super) seed: Option<u64>,
    pub(super) first_day: Option<Parsed<Day>>,
    #[serde(default, deserialize_with = "deserialize_intervals")]
    pub(super) partition_intervals: Option<Vec<Parsed<Interval>>>,
    #[serde(default, deserialize_with = "deserialize_intervals")]
    pub(super) mirror: Option<Vec<Parsed<Interval>>>,
    pub(super) date_zone: Option<Parsed<DateZone>>,
    pub(super) base_url: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) fetch_command: Option<Vec<String>>,
    pub(super) max_requests: Option<u32>,
    pub(super) per_seconds: Option<u32>,
    pub(super) timeout_seconds: Option<NonZeroU32>,
    pub(super) windows: Option<BTreeMap<Parsed<Interval>, WindowTable>>,
    #[serde(default, deserialize_with = "deserialize_sessions")]
    pub(super) settle_sessions: Option<u32>,
    pub(super) refresh_days: Option<BTreeMap<Parsed<Interval>, u32>>,
    pub(super) prepost: Option<bool>,
    pub(super) feed: Option<String>,
    pub(super) freshness: Option<Parsed<Freshness>>,
    pub(super) bars: Option<Parsed<BarsOf>>,
    pub(super) derive: Option<Vec<Parsed<Interval>>>,
    pub(super) currency: Option<String>,
    pub(super) vault: Option<bool>,
    pub(super) vault_days: Option<u32>,
    pub(super) vault_bytes: Option<u64>,
}

/// One entry of the table `windows` of a source.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowTable {
    pub(super) request_days: Option<NonZeroU32>,
    pub(super) depth_days: Option<NonZeroU32>,
}

/// The table `columns` of a source.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnsTable {
    pub(super) stock: Option<ColumnName>,
    pub(super) date: Option<ColumnName>,
    pub(super) time: Option<ColumnName>,
    pub(super) open: Option<ColumnName>,
    pub(super) high: Option<ColumnName>,
    pub(super) low: Option<ColumnName>,
    pub(super) close: Option<ColumnName>,
    pub(super) volume: Option<ColumnName>,
    pub(super) sequence: Option<ColumnName>,
}

/// Parses the bytes of the file; `path` is for the error only.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<SettingsFile, ConfigError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let whole = String::from_utf8_lossy(whole);
            return Err(refusal(path, &whole, whole.len(), "this is not UTF-8"));
        }
    };
    let tables: Tables = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        refusal(path, text, span.start, reason(&error, text, span))
    })?;
    let mut sources = BTreeMap::new();
    for (name, table) in tables.sources {
        let refuse = |reason: &str| refusal(path, text, name.span().start, reason);
        let venue: Venue = name
            .get_ref()
            .parse()
            .map_err(|error: crate::model::InvalidVenue| refuse(&error.to_string()))?;
        if is_without_path(&table) {
            return Err(refuse("a source of kind `files` needs a `path`"));
        }
        if sources.insert(venue, table).is_some() {
            return Err(refuse("this source is there twice"));
        }
    }
    let calendars = calendars::named(tables.calendars)
        .map_err(|(at, reason)| refusal(path, text, at, reason))?;
    Ok(SettingsFile {
        workspace: tables.workspace,
        lists: tables.lists,
        calendars,
        sources,
    })
}

/// Returns why a setting is refused, and where it belongs if its name is known at another place.
fn reason<'m>(error: &'m toml::de::Error, text: &str, span: Range<usize>) -> &'m str {
    let after = text.get(span.end..).unwrap_or_default().trim_start();
    let refused = text.get(span).unwrap_or_default().trim_matches(['"', '\'']);
    // A key alone is refused where its name is unknown, and where it is there twice, which is no TOML.
    let is_unknown_key = after.starts_with('=') && text.parse::<toml::Table>().is_ok();
    if is_unknown_key && refused == "mirror" {
        "`mirror` is a setting of a source, a list of intervals: \
         mirror = [\"1d\"] below [sources.\"us:yahoo\"]"
    } else {
        error.message()
    }
}

fn is_without_path(table: &SourceTable) -> bool {
    matches!(table.kind, Some(Parsed(SourceKind::Files)))
        && table
            .path
            .as_ref()
            .is_none_or(|path| path.as_os_str().is_empty())
}

fn refusal(path: &Path, text: &str, offset: usize, reason: &str) -> ConfigError {
    let before = text.get(..offset).unwrap_or(text);
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count());
    ConfigError::Settings {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: column + 1,
        reason: reason.trim_end().replace('\n', "; "),
    }
}
