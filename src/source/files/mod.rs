//! A folder of CSV, JSON or Parquet files as a venue; `docs/files.md` has a sample of every form.
//!
//! Promises: what can be recognised needs no settings, and what cannot is refused with what was seen; a row is
//! never guessed. The files of a series are its complete history, so the first fetch brings all of it, an
//! unchanged file costs one look, and a rewritten history is noticed. A file of many tickers is parsed once. Files are only
//! ever read. Leaves to others: decoding Parquet (`ParquetRows`, connected by whoever opens the source).

mod alpha_vantage;
mod clock;
mod content;
mod dates;
mod detect;
mod family;
mod header;
mod index;
mod json;
mod lean;
mod lines;
mod mark;
mod name;
mod number;
mod owner;
mod pandas;
mod polygon;
mod remarks;
mod rows;
mod series;
mod sheet;
mod shelf;
mod spec;
mod stamp;
mod text;
mod wide;
mod zone;

pub use pandas::{ParquetColumn, ParquetNames, ParquetTime};
pub use spec::{ColumnName, FilesSpec, Stamp};
pub(super) use text::{NoText, unpack};

use std::fmt;
use std::sync::{Arc, Mutex};

use chrono_tz::Tz;

use self::index::{Choice, Index, Scan};
use self::mark::{Mark, OtherClock};
use self::owner::Claim;
use self::remarks::Seen;
use self::series::{Series, check, could_be_as_well, malformed};
use self::shelf::Shelf;
use super::{Asked, Extras, FetchJob, Fetched, MarketDataSource, SourceError};
use crate::calendar::{Calendar, Calendars};
use crate::frame::{Bar, BarBatch};
use crate::model::{Digest, Provenance, Ticker, Venue};
use crate::sys::{Fs, Shutdown, locked};

/// The bars of a Parquet file with barkeep's own columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParquetBars {
    /// The bars of each ticker, in the file's order; under the empty one those that name none.
    pub owners: Vec<(String, Vec<Bar>)>,
    /// Numbers of the file that a bar cannot hold as they are: fractions of whole numbers, and what is out of range.
    pub inexact: usize,
}

/// Opens Parquet files, for a room that knows no file format of storage.
pub trait ParquetRows: fmt::Debug + Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// The reason, when the bytes are no Parquet.
    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn ParquetFile>, String>;

    /// Returns how many bytes of memory a file may take when it is unpacked, a text as well.
    fn most_bytes(&self) -> u64 {
        text::MOST_BYTES
    }
}

/// A Parquet file.
pub trait ParquetFile {
    /// Returns what the file says of its columns.
    fn names(&self) -> &ParquetNames;

    /// Returns the bars of a file with barkeep's own columns; dates are taken as the exchange's wall clock.
    ///
    /// # Errors
    /// The reason, when the bytes are not bars.
    fn bars(&self) -> Result<ParquetBars, String>;

    /// Returns columns by their places.
    ///
    /// # Errors
    /// The reason, when one cannot be read as it is.
    fn columns(&self, places: &[usize]) -> Result<Vec<ParquetColumn>, String>;
}

/// A folder of files.
#[derive(Debug)]
pub struct Files {
    venue: Venue,
    spec: FilesSpec,
    fs: Arc<dyn Fs>,
    parquet: Arc<dyn ParquetRows>,
    index: Mutex<Option<Arc<Index>>>,
    shelf: Shelf,
    seen: Seen,
}

impl Files {
    /// Opens a folder under the name of a venue. It is looked at when the first series is fetched.
    pub fn new(
        venue: Venue,
        mut spec: FilesSpec,
        fs: Arc<dyn Fs>,
        parquet: Arc<dyn ParquetRows>,
    ) -> Self {
        // What a suffix has of the ending of a name is no part of the stem.
        if let Some(suffix) = &mut spec.suffix
            && let Some((stem, _)) = name::stem(suffix)
        {
            *suffix = stem.to_owned();
        }
        Self {
            venue,
            spec,
            fs,
            shelf: Shelf::new(parquet.most_bytes()),
            parquet,
            index: Mutex::default(),
            seen: Seen::default(),
        }
    }

    /// Returns the zone whose wall clock is stored, as far as settings and names tell.
    fn zone(&self) -> Option<Tz> {
        let suffix = self
            .spec
            .suffix
            .as_deref()
            .map(|text| text.trim_start_matches('.'));
        let by_name = |name: &str| zone::country(name).map(|country| country.zone);
        self.spec
            .timezone
            .or_else(|| suffix.and_then(by_name))
            .or_else(|| by_name(self.venue.market.as_str()))
    }

    fn index(&self) -> Result<Arc<Index>, SourceError> {
        let mut kept = locked(&self.index);
        if let Some(index) = &*kept {
            return Ok(Arc::clone(index));
        }
        let path = self.spec.path.display();
        let venue = self.venue.clone();
        let index = match Index::scan(&*self.fs, &self.spec) {
            Ok(Scan::Found(index)) => Arc::new(index),
            Ok(Scan::Absent) => {
                let reason = format!("there is no {path}, which `path` names");
                return Err(SourceError::Misconfigured { venue, reason });
            }
            Ok(Scan::Stranger) => {
                let reason =
                    format!("{path}, which `path` names, is neither a folder nor a file of bars");
                return Err(SourceError::Misconfigured { venue, reason });
            }
            // Nothing is known of any ticker, as of a server that cannot be reached.
            Err(error) => {
                let reason = error.to_string();
                return Err(SourceError::Transport { venue, reason });
            }
        };
        *kept = Some(Arc::clone(&index));
        Ok(index)
    }
}

impl MarketDataSource for Files {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            timezone: self.zone().map(|zone| zone.name().to_owned()),
            basis: self.spec.basis,
            source: Some(self.venue.clone()),
        }
    }

    fn calendar(&self, _ticker: &Ticker, calendars: &Calendars) -> Option<Calendar> {
        self.zone().map(|zone| calendars.of_zone(zone.name()))
    }

    fn ready(&self) -> Result<(), SourceError> {
        self.index().map(drop)
    }

    fn remarks(&self) -> Vec<String> {
        let index = locked(&self.index);
        let sentence = |index: &Arc<Index>| self.seen.sentence(index, &self.spec.path);
        index.as_ref().and_then(sentence).into_iter().collect()
    }

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        let fetched = self.fetched(job, stop);
        if matches!(fetched, Ok(Fetched::UnknownTicker)) {
            self.seen.miss(&job.ticker);
        }
        fetched
    }
}

impl Files {
    fn fetched(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        check(job, stop)?;
        let index = self.index()?;
        let series = match index.choose(&job.ticker, job.interval, &self.spec) {
            Choice::Named(files) => Series {
                files,
                claim: Claim::Named,
            },
            Choice::Shared(files) => Series {
                files,
                claim: Claim::Shared,
            },
            Choice::Ambiguous(first, second) => {
                self.seen.take(first);
                self.seen.take(second);
                return Err(malformed(job, first, could_be_as_well(second)));
            }
            Choice::Absent => return unknown(&index),
        };
        let Some(facts) = self.facts(&series.files, job)? else {
            return unknown(&index);
        };
        let before: Option<Mark> = job
            .mark
            .as_deref()
            .filter(|_| job.asked == Asked::Incremental)
            .and_then(|mark| mark.parse().ok());
        if before.as_ref().is_some_and(|mark| mark.is_of(facts)) {
            for file in &series.files {
                self.seen.take(&file.path);
            }
            return Ok(Fetched::UpToDate);
        }
        let Some(mut rows) = self.rows(&series, job, stop)? else {
            return unknown(&index);
        };
        let mut beside = Box::<Extras>::default();
        beside.warnings = std::mem::take(&mut rows.warnings);
        if rows.zone != self.zone() {
            // Some families have a clock of their own.
            beside.provenance = Some(Provenance {
                timezone: rows.zone.map(|zone| zone.name().to_owned()),
                ..self.provenance()
            });
        }
        let zone = rows.zone.map_or("", |zone| zone.name());
        let bars = rows.into_bars(series.files.len());
        let path = series
            .files
            .first()
            .map_or(&*self.spec.path, |file| &*file.path);
        answer(bars, beside, job, before, (facts, zone))
            .map_err(|OtherClock| malformed(job, path, OTHER_CLOCK.to_owned()))
    }
}

/// Stored beside what was read by the other clock, each bar would be there twice.
const OTHER_CLOCK: &str = "its bars are those that are stored, at other times: `file_clock`, `timezone` or `stamp` is not what it was; \
     set it back, or move the stored files of this series away first";

/// Chooses what of the rows is handed out.
fn answer(
    mut bars: Vec<Bar>,
    beside: Box<Extras>,
    job: &FetchJob,
    before: Option<Mark>,
    (facts, zone): (Digest, &str),
) -> Result<Fetched, OtherClock> {
    let mark = match job.asked {
        Asked::Explicit => {
            bars.retain(|bar| bar.date.is_none_or(|date| job.window.contains(date)));
            None
        }
        Asked::Incremental => {
            let mark = Mark::of(facts, &bars, zone).to_string();
            if let Some(before) = before {
                bars = before.news(bars, zone)?;
            }
            Some(mark)
        }
    };
    Ok(if bars.is_empty() {
        Fetched::Nothing { mark, beside }
    } else {
        Fetched::Bars {
            batch: BarBatch { bars },
            mark,
            beside,
        }
    })
}

/// Answers for a ticker without a file; a folder that could not be read leaves that open.
fn unknown(index: &Index) -> Result<Fetched, SourceError> {
    match index.unreadable() {
        Some(error) => Err(error.into()),
        None => Ok(Fetched::UnknownTicker),
    }
}
