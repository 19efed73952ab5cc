//! The files of one series: looked at without reading them, and read.
//!
//! Promises: a file that is named for the series and cannot be read is an error with its path; one that is shared
//! and holds nothing of it is passed over. A stop is heard between two files.
//! Leaves to others: which files these are (`index`), what is new in them (`mark`).

use std::path::Path;

use chrono_tz::Tz;

use super::clock::Clock;
use super::detect::{self, Detected};
use super::index::Found;
use super::mark::Facts;
use super::name::FileKind;
use super::owner::{Claim, Owner};
use super::rows::{self, Answer, Question};
use super::text::NoText;
use super::{FetchJob, Files, SourceError, text, zone};
use crate::frame::Bar;
use crate::model::{Digest, Interval};
use crate::sys::Shutdown;

/// The files of one series, and whether they are named for it.
#[derive(Debug)]
pub(super) struct Series<'i> {
    pub(super) files: Vec<&'i Found>,
    pub(super) claim: Claim,
}

/// The rows of a series.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) bars: Vec<Bar>,
    /// The zone whose wall clock their dates show; `None` when nobody knows it.
    pub(super) zone: Option<Tz>,
    /// What a person should know of the files, as sentences without a period.
    pub(super) warnings: Vec<String>,
}

impl Rows {
    /// A text says by itself which volumes were rounded; of a Parquet file only the number is known.
    fn note_inexact(&mut self, path: &Path, count: usize) {
        if count > 0 {
            let noun = if count == 1 { "number" } else { "numbers" };
            self.warnings.push(format!(
                "{count} {noun} of {} cannot be stored as they are and were rounded or left out",
                path.display()
            ));
        }
    }

    fn add(&mut self, bars: Vec<Bar>, zone: Option<Tz>, interval: Interval) -> Result<(), String> {
        if let (Some(before), Some(zone)) = (self.zone, zone)
            && interval.is_intraday()
            && !bars.is_empty()
            && before != zone
        {
            return Err(format!(
                "its times are on the clock of {zone}, and those of the other files of the series on that of {before}: set timezone"
            ));
        }
        self.zone = self.zone.or(zone);
        self.bars.extend(bars);
        Ok(())
    }
}

impl Files {
    /// Looks at the files without reading them; `None` when none of them is there any more.
    pub(super) fn facts(
        &self,
        files: &[&Found],
        job: &FetchJob,
    ) -> Result<Option<Digest>, SourceError> {
        let zone = self.zone();
        let mut facts = Facts::new(&format!("{} {zone:?} {:?}", job.ticker, self.spec));
        let inodes = self.index()?.inodes;
        let mut is_there = false;
        for file in files {
            let Some(meta) = self.fs.metadata(&file.path)? else {
                continue;
            };
            if meta.len > text::MOST_BYTES {
                let reason = format!("it has more than {} bytes", text::MOST_BYTES);
                return Err(malformed(job, &file.path, reason));
            }
            facts.add(&file.path, &meta, inodes);
            is_there = true;
        }
        Ok(is_there.then(|| facts.finish()))
    }

    /// Reads every row of a series; `None` when no file holds it. Its files are one history, so they have one clock.
    pub(super) fn rows(
        &self,
        series: &Series<'_>,
        job: &FetchJob,
        stop: &Shutdown,
    ) -> Result<Option<Rows>, SourceError> {
        let mut whole: Option<Rows> = None;
        for file in &series.files {
            check(job, stop)?;
            let Some(bytes) = self.fs.read(&file.path)? else {
                continue;
            };
            let refuse = |reason| malformed(job, &file.path, reason);
            let mut inexact = 0;
            let (answer, zone) = match file.kind {
                FileKind::Text => self.text_rows(file, series.claim, &bytes, job),
                FileKind::Parquet => {
                    let found = self.parquet.rows(bytes, &job.ticker);
                    let found = found.map_err(refuse)?;
                    inexact = found.inexact;
                    Ok((Answer::Rows(found.bars), self.zone()))
                }
            }
            .map_err(refuse)?;
            match answer {
                Answer::Rows(bars) if series.claim == Claim::Named || !bars.is_empty() => {
                    let whole = whole.get_or_insert_default();
                    whole.add(bars, zone, job.interval).map_err(refuse)?;
                    whole.note_inexact(&file.path, inexact);
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
    ) -> Result<(Answer, Option<Tz>), String> {
        let nobodys = |reason: String| match claim {
            Claim::Named => Err(reason),
            // A file that is named for nobody and holds no rows of anybody is none of this series' business.
            Claim::Shared => Ok((Answer::NotMine, None)),
        };
        let text = match text::unpack(bytes, self.parquet.most_bytes()) {
            Ok(text) => text,
            Err(NoText::Else(reason)) => return nobodys(reason),
            // Passed over, its rows would be missed by nobody.
            Err(NoText::TooLarge(reason)) => return Err(reason),
        };
        let layout = match detect::detect(&text, &self.spec) {
            Ok(Detected::Rows(layout)) => layout,
            Ok(Detected::NoRows) => return Ok((Answer::Rows(Vec::new()), None)),
            Err(reason) => return nobodys(reason),
        };
        if claim == Claim::Shared && layout.places.ticker.is_none() {
            return Ok((Answer::NotMine, None));
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
            most_bytes: self.parquet.most_bytes().saturating_sub(text.len() as u64),
        };
        let clock = Clock::of(layout.family, job.interval, question.exchange, &self.spec);
        Ok((rows::read(&text, &layout, &question)?, clock.stored()))
    }
}

/// Ends a fetch when a stop was asked for.
pub(super) fn check(job: &FetchJob, stop: &Shutdown) -> Result<(), SourceError> {
    if stop.is_raised() {
        return Err(SourceError::Stopped {
            ticker: job.ticker.clone(),
            interval: job.interval,
        });
    }
    Ok(())
}

/// Returns the error of a file that cannot be read as bars.
pub(super) fn malformed(job: &FetchJob, path: &Path, reason: String) -> SourceError {
    SourceError::Malformed {
        ticker: job.ticker.clone(),
        what: path.display().to_string(),
        reason,
        // The user's file stays where it is; a copy at every run would fill the quarantine.
        body: None,
    }
}
