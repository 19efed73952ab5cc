//! From settings to sources.
//!
//! Promises: a setting that a source cannot honour is an error, never ignored. A key that nobody wrote is left to
//! the source to recognise.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::parquet_rows::CodecRows;
use super::servers::Servers;
use super::{Surroundings, WorkspaceError};
use crate::codec::MemoryLimit;
use crate::config::{self, FileClock, Origin, Setting, Settings, SourceKind, SourceSettings};
use crate::model::{Interval, Venue};
use crate::source::demo::DemoSpec;
use crate::source::files::{ColumnName, FilesSpec, ParquetRows, Stamp};
use crate::source::{self, MarketDataSource, SourceSpec};

/// Opens every source that the settings describe.
///
/// # Errors
/// When the settings of one cannot work.
pub(super) fn open_all(
    around: &Surroundings,
    settings: &Settings,
    limit: MemoryLimit,
    servers: &Servers<'_>,
) -> Result<Vec<Arc<dyn MarketDataSource>>, WorkspaceError> {
    let parquet: Arc<dyn ParquetRows> = Arc::new(CodecRows(limit));
    let mut sources = Vec::new();
    for (venue, described) in settings.sources() {
        if let Some(spec) = spec(venue, described, &around.root, servers)? {
            let (fs, parquet) = (Arc::clone(&around.fs), Arc::clone(&parquet));
            sources.push(source::open(venue.clone(), spec, fs, parquet));
        }
    }
    Ok(sources)
}

fn spec(
    venue: &Venue,
    settings: &SourceSettings,
    root: &Path,
    servers: &Servers<'_>,
) -> Result<Option<SourceSpec>, WorkspaceError> {
    let is_of_bars = !matches!(settings.kind.value, None | Some(SourceKind::Posttrade));
    if let Some(key) = settings.feed.of_feeds_only().filter(|_| is_of_bars) {
        let reason =
            format!("`{key}` is a setting of feeds of trades, and this is a source of bars");
        return Err(refused(venue, &reason));
    }
    Ok(match settings.kind.value {
        // A feed gives trades and no bars (`feeds`).
        None | Some(SourceKind::Posttrade) => None,
        Some(SourceKind::Demo) => Some(SourceSpec::Demo(DemoSpec {
            seed: settings.seed.value,
            first_day: settings.first_day.value,
        })),
        Some(SourceKind::Files) => Some(SourceSpec::Files(files(venue, settings, root)?)),
        Some(SourceKind::Yahoo) if settings.date_zone.value == config::DateZone::Utc => {
            let reason =
                "`date_zone` is not known to Yahoo's source; dates show the clock of the exchange";
            return Err(refused(venue, reason));
        }
        Some(SourceKind::Yahoo) => Some(servers.yahoo(venue, settings)?),
    })
}

/// Returns the failure of settings that cannot work.
pub(super) fn refused(venue: &Venue, reason: &str) -> WorkspaceError {
    WorkspaceError::Source {
        venue: venue.clone(),
        reason: reason.to_owned(),
    }
}

fn files(
    venue: &Venue,
    settings: &SourceSettings,
    root: &Path,
) -> Result<FilesSpec, WorkspaceError> {
    let refused = |reason: &str| refused(venue, reason);
    let path = settings
        .path
        .value
        .as_ref()
        .ok_or_else(|| refused("`path` is missing"))?;
    if settings.date_zone.value == config::DateZone::Utc {
        return Err(refused(
            "`date_zone` is not known to a folder of files; set `timezone`",
        ));
    }
    let delimiter = match settings.delimiter.value {
        None => None,
        Some(delimiter) => Some(
            u8::try_from(delimiter)
                .ok()
                .filter(u8::is_ascii)
                .ok_or_else(|| {
                    refused("`delimiter` is not one of the characters that files are separated by")
                })?,
        ),
    };
    Ok(FilesSpec {
        path: root.join(path),
        suffix: settings.suffix.value.clone(),
        interval: settings.interval.value.unwrap_or(Interval::D1),
        timezone: settings.timezone.value,
        file_clock: match settings.file_clock.value {
            FileClock::Exchange => None,
            FileClock::Zone(zone) => Some(zone),
        },
        stamp: written(&settings.stamp).map(|stamp| match stamp {
            config::Stamp::Start => Stamp::Start,
            config::Stamp::End => Stamp::End,
        }),
        basis: settings.price_basis.value,
        columns: columns(&settings.columns.value).map_err(|column| {
            refused(&format!("`columns.{column}` must be a name in the header"))
        })?,
        delimiter,
        decimal_comma: written(&settings.decimal_comma),
        date_format: settings.date_format.value.clone(),
        header: written(&settings.header),
        missing: settings.missing.value.clone(),
        scale: settings.scale.value,
    })
}

/// Returns a value that somebody chose.
fn written<T: Copy>(setting: &Setting<T>) -> Option<T> {
    (setting.origin != Origin::Default).then_some(setting.value)
}

/// Returns the named columns, or the name of one that cannot be honoured.
fn columns(named: &config::Columns) -> Result<BTreeMap<ColumnName, String>, &'static str> {
    if named.sequence.is_some() {
        return Err("sequence");
    }
    let all = [
        (ColumnName::Ticker, &named.stock, "stock"),
        (ColumnName::Date, &named.date, "date"),
        (ColumnName::Time, &named.time, "time"),
        (ColumnName::Open, &named.open, "open"),
        (ColumnName::High, &named.high, "high"),
        (ColumnName::Low, &named.low, "low"),
        (ColumnName::Close, &named.close, "close"),
        (ColumnName::Volume, &named.volume, "volume"),
    ];
    let mut columns = BTreeMap::new();
    for (column, header, word) in all {
        match header {
            None => {}
            Some(config::ColumnName::Name(header)) => {
                columns.insert(column, header.clone());
            }
            Some(config::ColumnName::Position(_)) => return Err(word),
        }
    }
    Ok(columns)
}
