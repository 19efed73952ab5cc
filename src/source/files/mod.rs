//! A folder of CSV or Parquet files as a venue.
//!
//! Promises: what can be recognised needs no settings, and what cannot is refused with what was seen; a row is
//! never guessed. Each file is the complete history of its series, so the first fetch brings all of it, an
//! unchanged file costs one look, and a rewritten history is noticed. Files are only ever read.
//! Leaves to others: decoding Parquet (`ParquetRows`, connected by whoever opens the source).

mod clock;
mod detect;
mod header;
mod index;
mod mark;
mod name;
mod number;
mod owner;
mod rows;
mod spec;
mod stamp;
mod text;
mod zone;

pub use spec::{ColumnName, FilesSpec, Stamp};

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;

use self::detect::Detected;
use self::index::{Choice, Found, Index};
use self::mark::{Facts, Mark};
use self::name::FileKind;
use self::owner::{Claim, Owner};
use self::rows::{Answer, Question};
use super::{Asked, FetchJob, Fetched, MarketDataSource, SourceError};
use crate::calendar::Calendar;
use crate::frame::{Bar, BarBatch};
use crate::model::{Digest, Interval, Provenance, Ticker, Venue};
use crate::sys::{Fs, Shutdown};

/// Decodes a Parquet file into bars, for a room that knows no file format of storage.
pub trait ParquetRows: fmt::Debug + Send + Sync {
    /// Returns the bars of a ticker in a file, in the file's order; dates are taken as the exchange's wall clock.
    ///
    /// # Errors
    /// The reason, when the bytes are not bars.
    fn rows(&self, bytes: Vec<u8>, ticker: &Ticker) -> Result<BarBatch, String>;
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

/// The files of one series, and whether they are named for it.
struct Series<'i> {
    files: Vec<&'i Found>,
    claim: Claim,
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
        let Some(index) = Index::scan(&*self.fs, &self.spec)? else {
            return Err(SourceError::Misconfigured {
                venue: self.venue.clone(),
                reason: format!(
                    "there is no {}, which `path` names",
                    self.spec.path.display()
                ),
            });
        };
        let index = Arc::new(index);
        *kept = Some(Arc::clone(&index));
        Ok(index)
    }

    /// Looks at the files without reading them; `None` when none of them is there any more.
    fn facts(&self, files: &[&Found], job: &FetchJob) -> Result<Option<Digest>, SourceError> {
        let zone = self.zone();
        let mut facts = Facts::new(&format!("{} {zone:?} {:?}", job.ticker, self.spec));
        let mut is_there = false;
        for file in files {
            let Some(meta) = self.fs.metadata(&file.path)? else {
                continue;
            };
            if meta.len > text::MOST_BYTES {
                let reason = format!("it has more than {} bytes", text::MOST_BYTES);
                return Err(malformed(job, &file.path, reason));
            }
            facts.add(&file.path, &meta);
            is_there = true;
        }
        Ok(is_there.then(|| facts.finish()))
    }

    /// Reads every row of a series; `None` when no file holds it.
    fn rows(
        &self,
        series: &Series<'_>,
        job: &FetchJob,
        stop: &Shutdown,
    ) -> Result<Option<Vec<Bar>>, SourceError> {
        let mut whole: Option<Vec<Bar>> = None;
        for file in &series.files {
            check(job, stop)?;
            let Some(bytes) = self.fs.read(&file.path)? else {
                continue;
            };
            let answer = match file.kind {
                FileKind::Text => self.text_rows(file, series.claim, &bytes, job),
                FileKind::Parquet => {
                    let batch = self.parquet.rows(bytes, &job.ticker);
                    batch.map(|batch| Answer::Rows(batch.bars))
                }
            }
            .map_err(|reason| malformed(job, &file.path, reason))?;
            match answer {
                Answer::Rows(bars) if series.claim == Claim::Named || !bars.is_empty() => {
                    whole.get_or_insert_default().extend(bars);
                }
                Answer::Rows(_) | Answer::OtherLength | Answer::NotMine => {}
            }
        }
        Ok(whole)
    }

    fn text_rows(
        &self,
        file: &Found,
        claim: Claim,
        bytes: &[u8],
        job: &FetchJob,
    ) -> Result<Answer, String> {
        let nobodys = |reason: String| match claim {
            Claim::Named => Err(reason),
            // A file that is named for nobody and holds no rows of anybody is none of this series' business.
            Claim::Shared => Ok(Answer::NotMine),
        };
        let text = match text::unpack(bytes) {
            Ok(text) => text,
            Err(reason) => return nobodys(reason),
        };
        let layout = match detect::detect(&text, &self.spec) {
            Ok(Detected::Rows(layout)) => layout,
            Ok(Detected::NoRows) => return Ok(Answer::Rows(Vec::new())),
            Err(reason) => return nobodys(reason),
        };
        if claim == Claim::Shared && layout.places.ticker.is_none() {
            return Ok(Answer::NotMine);
        }
        let country = zone::split_country(&file.stem).map(|(_, country)| country.zone);
        let question = Question {
            owner: Owner {
                ticker: &job.ticker,
                suffix: self.spec.suffix.as_deref(),
                stem: &file.stem,
                claim,
            },
            interval: job.interval,
            said: file.interval.unwrap_or(self.spec.interval),
            // One tree has one clock: the file's own country decides only where nothing else does.
            exchange: self.zone().or(country),
            spec: &self.spec,
        };
        rows::read(&text, &layout, &question)
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

    fn calendar(&self) -> Calendar {
        match self.zone() {
            Some(Tz::America__New_York) => Calendar::nyse(),
            _ => Calendar::weekdays(),
        }
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
        if before.as_ref().is_some_and(|mark| mark.facts == facts) {
            return Ok(Fetched::UpToDate);
        }
        let Some(bars) = self.rows(&series, job, stop)? else {
            return unknown(&index);
        };
        Ok(answer(bars, job, before, facts))
    }
}

/// Chooses what of the rows is handed out.
fn answer(mut bars: Vec<Bar>, job: &FetchJob, before: Option<Mark>, facts: Digest) -> Fetched {
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
        Fetched::Nothing { mark }
    } else {
        Fetched::Bars {
            batch: BarBatch { bars },
            mark,
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

fn check(job: &FetchJob, stop: &Shutdown) -> Result<(), SourceError> {
    if stop.is_raised() {
        return Err(SourceError::Stopped {
            ticker: job.ticker.clone(),
            interval: job.interval,
        });
    }
    Ok(())
}

fn malformed(job: &FetchJob, path: &Path, reason: String) -> SourceError {
    SourceError::Malformed {
        ticker: job.ticker.clone(),
        what: path.display().to_string(),
        reason,
        // The user's file stays where it is; a copy at every run would fill the quarantine.
        body: None,
    }
}
