//! From settings to sources.
//!
//! Promises: a setting that a source cannot honour is an error, never ignored. A key that nobody wrote is left to
//! the source to recognise.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::servers::Servers;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::codec::{self, MemoryLimit};
use crate::config::{self, FileClock, Origin, Setting, Settings, SourceKind, SourceSettings};
use crate::frame::{Bar, Cell, Column, Profile, Volume};
use crate::model::{Dataset, Interval, Ticker, Venue};
use crate::source::demo::DemoSpec;
use crate::source::files::{ColumnName, FilesSpec, ParquetBars, ParquetRows, Stamp};
use crate::source::{self, MarketDataSource, SourceSpec};
use crate::workspace::RunNames;

/// Opens every source that the settings describe.
///
/// # Errors
/// When the settings of one cannot work.
pub(super) fn open_all(
    shell: &Shell<'_>,
    settings: &Settings,
    limit: MemoryLimit,
    runs: &RunNames,
) -> Result<Vec<Arc<dyn MarketDataSource>>, Failure> {
    let parquet: Arc<dyn ParquetRows> = Arc::new(CodecRows(limit));
    let mut sources = Vec::new();
    let servers = Servers::new(shell, runs);
    for (venue, described) in settings.sources() {
        if let Some(spec) = spec(venue, described, &shell.root, &servers)? {
            let (fs, parquet) = (Arc::clone(&shell.world.fs), Arc::clone(&parquet));
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
) -> Result<Option<SourceSpec>, Failure> {
    Ok(match settings.kind.value {
        None => None,
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
        Some(SourceKind::Yahoo) => Some(servers.yahoo(venue, &settings.server)?),
    })
}

/// Returns the failure of settings that cannot work.
pub(super) fn refused(venue: &Venue, reason: &str) -> Failure {
    let message = format!("the settings of {venue} in barkeep.toml cannot be used: {reason}");
    Failure::new(Exit::Failed, message)
}

fn files(venue: &Venue, settings: &SourceSettings, root: &Path) -> Result<FilesSpec, Failure> {
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

/// Decodes Parquet files of others with the codec of the store.
#[derive(Debug)]
struct CodecRows(MemoryLimit);

impl ParquetRows for CodecRows {
    fn rows(&self, bytes: Vec<u8>, ticker: &Ticker) -> Result<ParquetBars, String> {
        let profile = Profile::of(Dataset::Stocks);
        let decoded = codec::decode_within(&Bytes::from(bytes), profile, self.0)
            .map_err(|error| error.to_string())?;
        let frame = decoded.proven.frame;
        let owners = frame.owners();
        if let [other] = owners.as_slice()
            && **other != *ticker.as_str()
        {
            return Err(format!("it holds rows of {other}"));
        }
        // Rows without a place go along: the run that stores the others puts them into quarantine.
        let displaced = decoded
            .proven
            .displaced
            .iter()
            .map(|row| row.values.as_slice());
        let mut bars: Vec<Bar> = displaced
            .filter(|row| is_owned(row, 0, ticker))
            .map(bar)
            .collect();
        let rows = frame.bars().enumerate();
        bars.extend(
            rows.filter(|(row, _)| is_owned(frame.columns(), *row, ticker))
                .map(|(_, bar)| bar),
        );
        Ok(ParquetBars {
            bars,
            inexact: decoded.inexact,
        })
    }

    fn most_bytes(&self) -> u64 {
        self.0.0
    }
}

/// Tells whether a row names the ticker.
fn is_owned(columns: &[Column], row: usize, ticker: &Ticker) -> bool {
    let owner = columns
        .first()
        .map_or(Cell::Null, |column| column.cell(row));
    matches!(owner, Cell::Text(text) if text == ticker.as_str())
}

/// Returns the bar that one-row columns hold, in the order of the bar profile.
fn bar(columns: &[Column]) -> Bar {
    let cell = |at: usize| columns.get(at).map_or(Cell::Null, |column| column.cell(0));
    let whole = |at| match cell(at) {
        Cell::Int(value) | Cell::Time(value) => Some(value),
        _ => None,
    };
    let price = |at| {
        if let Cell::Float(value) = cell(at) {
            Some(value)
        } else {
            None
        }
    };
    Bar {
        date: whole(1),
        open: price(2),
        high: price(3),
        low: price(4),
        close: price(5),
        volume: whole(6).map(Volume::Units),
        sequence: whole(7),
    }
}
