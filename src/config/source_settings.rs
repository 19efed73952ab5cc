//! The settings of one source of data.
//!
//! Promises: as for all settings, each value has its final type and knows its origin. Which keys mean
//! something depends on the kind; a key that its kind does not use is accepted and has no effect.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;

use super::parsed::words;
use super::setting::{Setting, SettingRow, chosen, optional, plain, shown};
use super::settings_file::{ColumnsTable, SourceTable};
use super::{FeedSettings, ServerSettings};
use crate::model::{Interval, PriceBasis, Venue};

/// How a source delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Made-up bars from a seed, without any network.
    Demo,
    /// A folder of CSV, JSON or Parquet files.
    Files,
    /// The chart API of Yahoo.
    Yahoo,
    /// A feed of delayed trades of Deutsche Börse.
    Posttrade,
}

words!(SourceKind, "a kind of source", {
    Demo => "demo", Files => "files", Yahoo => "yahoo", Posttrade => "posttrade",
});

/// Which moment of a bar its stamp shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Its beginning, as barkeep stores it.
    Start,
    /// Its end.
    End,
}

words!(Stamp, "a stamp", { Start => "start", End => "end" });

/// Whose wall clock the stored `date` of a new tree shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateZone {
    /// The exchange's.
    Exchange,
    /// UTC, for venues that trade around the clock.
    Utc,
}

words!(DateZone, "a date zone", { Exchange => "exchange", Utc => "utc" });

/// Whose wall clock the stamps in the files show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileClock {
    /// The exchange's.
    Exchange,
    /// That of a zone.
    Zone(Tz),
}

impl FromStr for FileClock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "exchange" => Ok(Self::Exchange),
            "utc" => Ok(Self::Zone(Tz::UTC)),
            zone => zone.parse().map(Self::Zone).map_err(|_| {
                format!("`{zone}` is not a file clock; known are exchange, utc and zones such as Europe/Berlin")
            }),
        }
    }
}

impl fmt::Display for FileClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange => f.write_str("exchange"),
            Self::Zone(zone) => f.write_str(zone.name()),
        }
    }
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a column is its name or its position from 0")]
pub enum ColumnName {
    /// By its position, counted from 0; for files without a header.
    Position(usize),
    /// By its name in the header.
    Name(String),
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => position.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Where a file keeps each of barkeep's columns; `None` where the usual names are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is named after the column that it stands for"
)]
pub struct Columns {
    pub stock: Option<ColumnName>,
    pub date: Option<ColumnName>,
    pub time: Option<ColumnName>,
    pub open: Option<ColumnName>,
    pub high: Option<ColumnName>,
    pub low: Option<ColumnName>,
    pub close: Option<ColumnName>,
    pub volume: Option<ColumnName>,
    pub sequence: Option<ColumnName>,
}

impl From<ColumnsTable> for Columns {
    fn from(table: ColumnsTable) -> Self {
        Self {
            stock: table.stock,
            date: table.date,
            time: table.time,
            open: table.open,
            high: table.high,
            low: table.low,
            close: table.close,
            volume: table.volume,
            sequence: table.sequence,
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            ("stock", &self.stock),
            ("date", &self.date),
            ("time", &self.time),
            ("open", &self.open),
            ("high", &self.high),
            ("low", &self.low),
            ("close", &self.close),
            ("volume", &self.volume),
            ("sequence", &self.sequence),
        ];
        let texts: Vec<_> = named
            .into_iter()
            .filter_map(|(column, name)| Some(format!("{column}={}", name.as_ref()?)))
            .collect();
        f.write_str(&texts.join(" "))
    }
}

/// The settings of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSettings {
    /// How it delivers; `None` when barkeep only keeps what is stored already.
    pub kind: Setting<Option<SourceKind>>,
    /// The folder of its files, relative to the workspace unless absolute.
    pub path: Setting<Option<PathBuf>>,
    /// What follows the ticker in the name of a file; `None` for everything from the first known extension on.
    pub suffix: Setting<Option<String>>,
    /// The interval of the files; `None` when it is found out.
    pub interval: Setting<Option<Interval>>,
    /// The zone of the exchange; `None` when nobody wrote it down.
    pub timezone: Setting<Option<Tz>>,
    /// Whose clock the files show.
    pub file_clock: Setting<FileClock>,
    /// Which moment of a bar the files show.
    pub stamp: Setting<Stamp>,
    /// Which corporate actions the prices contain.
    pub price_basis: Setting<PriceBasis>,
    /// Where the files keep their columns.
    pub columns: Setting<Columns>,
    /// What separates two values; `None` when it is found out.
    pub delimiter: Setting<Option<char>>,
    /// Whether `1,5` is one and a half.
    pub decimal_comma: Setting<bool>,
    /// How dates are written, in the notation of `strftime`; `None` for the usual ways.
    pub date_format: Setting<Option<String>>,
    /// Whether the first line names the columns.
    pub header: Setting<bool>,
    /// Texts that mean no value, beside those that are known to.
    pub missing: Setting<Vec<String>>,
    /// What the prices in the files are multiplied by; `None` for 1, and for what a form is known to count in.
    pub scale: Setting<Option<f64>>,
    /// What made-up bars are derived from.
    pub seed: Setting<u64>,
    /// The first day of made-up bars.
    pub first_day: Setting<NaiveDate>,
    /// The intervals that may be partitioned.
    pub partition_intervals: Setting<BTreeSet<Interval>>,
    /// The intervals of which readers get a mirror.
    pub mirror: Setting<BTreeSet<Interval>>,
    /// Whose clock the stored dates of new trees show.
    pub date_zone: Setting<DateZone>,
    /// How its server is asked.
    pub server: ServerSettings,
    /// What is fetched of its feed.
    pub feed: FeedSettings,
}

impl SourceSettings {
    pub(super) fn layered(kind: Option<SourceKind>, mut table: SourceTable) -> Self {
        let kind = optional(plain(table.kind.take()), kind);
        let server = ServerSettings::layered(&mut table, kind.value);
        let feed = FeedSettings::layered(&mut table, kind.value);
        let listed = |intervals: Vec<super::parsed::Parsed<Interval>>| {
            intervals.into_iter().map(|parsed| parsed.0).collect()
        };
        Self {
            kind,
            path: optional(table.path, None),
            suffix: optional(table.suffix, None),
            interval: optional(plain(table.interval), None),
            timezone: optional(plain(table.timezone).map(|zone| zone.0), None),
            file_clock: chosen(plain(table.file_clock), FileClock::Exchange),
            stamp: chosen(plain(table.stamp), Stamp::Start),
            price_basis: chosen(plain(table.price_basis), PriceBasis::Unknown),
            columns: chosen(table.columns.map(Columns::from), Columns::default()),
            delimiter: optional(table.delimiter, None),
            decimal_comma: chosen(table.decimal_comma, false),
            date_format: optional(table.date_format, None),
            header: chosen(table.header, true),
            missing: chosen(table.missing, Vec::new()),
            scale: optional(table.scale, None),
            seed: chosen(table.seed, 1),
            first_day: chosen(plain(table.first_day).map(|day| day.0), first_day()),
            partition_intervals: chosen(
                table.partition_intervals.map(listed),
                partitioned_by_default(),
            ),
            mirror: chosen(table.mirror.map(listed), BTreeSet::new()),
            date_zone: chosen(plain(table.date_zone), DateZone::Exchange),
            server,
            feed,
        }
    }

    pub(super) fn entries(&self, venue: &Venue) -> Vec<SettingRow> {
        let key = |name: &str| format!("sources.\"{venue}\".{name}");
        let words = |intervals: &Setting<BTreeSet<Interval>>| Setting {
            value: words_of(&intervals.value),
            origin: intervals.origin,
        };
        let missing = Setting {
            value: self.missing.value.join(" "),
            origin: self.missing.origin,
        };
        let mut rows = vec![
            SettingRow::new(key("kind"), &shown(&self.kind, ToString::to_string)),
            SettingRow::new(key("path"), &shown(&self.path, |p| p.display().to_string())),
            SettingRow::new(key("suffix"), &shown(&self.suffix, Clone::clone)),
            SettingRow::new(key("interval"), &shown(&self.interval, ToString::to_string)),
            SettingRow::new(key("timezone"), &shown(&self.timezone, ToString::to_string)),
            SettingRow::new(key("file_clock"), &self.file_clock),
            SettingRow::new(key("stamp"), &self.stamp),
            SettingRow::new(key("price_basis"), &self.price_basis),
            SettingRow::new(key("columns"), &self.columns),
            SettingRow::new(
                key("delimiter"),
                &shown(&self.delimiter, |c| c.escape_debug().to_string()),
            ),
            SettingRow::new(key("decimal_comma"), &self.decimal_comma),
            SettingRow::new(key("date_format"), &shown(&self.date_format, Clone::clone)),
            SettingRow::new(key("header"), &self.header),
            SettingRow::new(key("missing"), &missing),
            SettingRow::new(key("scale"), &shown(&self.scale, ToString::to_string)),
            SettingRow::new(key("seed"), &self.seed),
            SettingRow::new(key("first_day"), &self.first_day),
            SettingRow::new(
                key("partition_intervals"),
                &words(&self.partition_intervals),
            ),
            SettingRow::new(key("mirror"), &words(&self.mirror)),
            SettingRow::new(key("date_zone"), &self.date_zone),
        ];
        rows.extend(self.server.entries(&key));
        rows.extend(self.feed.entries(&key));
        rows
    }
}

fn words_of(intervals: &BTreeSet<Interval>) -> String {
    let words: Vec<_> = intervals.iter().map(|interval| interval.as_str()).collect();
    words.join(" ")
}

fn partitioned_by_default() -> BTreeSet<Interval> {
    Interval::ALL
        .into_iter()
        .filter(|interval| interval.partitions_by_default())
        .collect()
}

/// The Monday on which the made-up history begins.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 6).unwrap_or_default()
}
