//! A folder of CSV or Parquet files as a venue.
//!
//! Promises: what can be recognised needs no settings, and what cannot is refused with what was seen; a row is
//! never guessed. Each file is the complete history of its series, so the first fetch brings all of it, an
//! unchanged file costs one look, and a rewritten history is noticed. Files are only ever read.
//! Leaves to others: decoding Parquet (`ParquetRows`, connected by whoever opens the source).

mod clock;
mod dates;
mod detect;
mod family;
mod header;
mod index;
mod mark;
mod name;
mod number;
mod owner;
mod rows;
mod series;
mod spec;
mod stamp;
mod text;
mod zone;

pub use spec::{ColumnName, FilesSpec, Stamp};

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;

use self::index::{Choice, Index, Scan};
use self::mark::Mark;
use self::owner::Claim;
use self::series::{Series, check, malformed};
use super::{Asked, Beside, FetchJob, Fetched, MarketDataSource, SourceError};
use crate::calendar::{Calendar, Calendars};
use crate::frame::{Bar, BarBatch};
use crate::model::{Digest, Interval, Provenance, Ticker, Venue};
use crate::sys::{Fs, Shutdown};

/// The bars of one ticker in a Parquet file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParquetBars {
    /// The bars, in the file's order.
    pub bars: Vec<Bar>,
    /// Numbers of the file that a bar cannot hold as they are: fractions of whole numbers, and what is out of range.
    pub inexact: usize,
}

/// Decodes a Parquet file into bars, for a room that knows no file format of storage.
pub trait ParquetRows: fmt::Debug + Send + Sync {
    /// Returns the bars of a ticker in a file, in the file's order; dates are taken as the exchange's wall clock.
    ///
    /// # Errors
    /// The reason, when the bytes are not bars.
    fn rows(&self, bytes: Vec<u8>, ticker: &Ticker) -> Result<ParquetBars, String>;

    /// Returns how many bytes of memory a file may take when it is unpacked, a text as well.
    fn most_bytes(&self) -> u64 {
        text::MOST_BYTES
    }
}

/// A folder of files.
#[derive(Debug)]
pub struct Files {
    venue: Venue,
    spec: FilesSpec,
    fs: Arc<dyn Fs>,
    parquet: Arc<dyn ParquetRows>,
    index: Mutex<Option<Arc<Index>>>,
}

impl Files {
    /// Opens a folder under the name of a venue. It is looked at when the first series is fetched.
    pub fn new(
        venue: Venue,
        spec: FilesSpec,
        fs: Arc<dyn Fs>,
        parquet: Arc<dyn ParquetRows>,
    ) -> Self {
        Self {
            venue,
            spec,
            fs,
            parquet,
            index: Mutex::default(),
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
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn serves(&self, _interval: Interval) -> bool {
        true
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

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
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
                let reason = format!("{} could be the file as well", second.display());
                return Err(malformed(job, first, reason));
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
            return Ok(Fetched::UpToDate);
        }
        let Some(rows) = self.rows(&series, job, stop)? else {
            return unknown(&index);
        };
        let mut beside = Box::<Beside>::default();
        beside.warnings = rows.warnings;
        if rows.zone != self.zone() {
            // Some families have a clock of their own.
            beside.provenance = Some(Provenance {
                timezone: rows.zone.map(|zone| zone.name().to_owned()),
                ..self.provenance()
            });
        }
        Ok(answer(rows.bars, beside, job, before, facts))
    }
}

/// Chooses what of the rows is handed out.
fn answer(
    mut bars: Vec<Bar>,
    beside: Box<Beside>,
    job: &FetchJob,
    before: Option<Mark>,
    facts: Digest,
) -> Fetched {
    let mark = match job.asked {
        Asked::Explicit => {
            bars.retain(|bar| bar.date.is_none_or(|date| job.window.contains(date)));
            None
        }
        Asked::Incremental => {
            let mark = Mark::of(facts, &bars).to_string();
            if let Some(before) = before {
                bars = before.news(bars);
            }
            Some(mark)
        }
    };
    if bars.is_empty() {
        Fetched::Nothing { mark, beside }
    } else {
        Fetched::Bars {
            batch: BarBatch { bars },
            mark,
            beside,
        }
    }
}

/// Answers for a ticker without a file; a folder that could not be read leaves that open.
fn unknown(index: &Index) -> Result<Fetched, SourceError> {
    match index.unreadable() {
        Some(error) => Err(error.into()),
        None => Ok(Fetched::UnknownTicker),
    }
}
