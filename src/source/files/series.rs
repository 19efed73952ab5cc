//! The files of one series: looked at without reading them, and read.
//!
//! Promises: a file that is named for the series and cannot be read is an error with its path; one that is shared
//! and holds nothing of it is passed over. A stop is heard between two files.
//! Leaves to others: which files these are (`index`), what is new in them (`mark`).

use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;

use super::content::{Content, Refusal};
use super::index::Found;
use super::mark::Facts;
use super::owner::{Claim, Owner};
use super::rows::Keep;
use super::sheet::{Answer, Question, Stamped};
use super::shelf::Parsed;
use super::{FetchJob, Files, SourceError, text, zone};
use crate::frame::Bar;
use crate::model::{Digest, Interval};
use crate::sys::{Meta, Shutdown};

/// The files of one series, and whether they are named for it.
#[derive(Debug)]
pub(super) struct Series<'i> {
    pub(super) files: Vec<&'i Found>,
    pub(super) claim: Claim,
}

/// The rows of a series.
#[derive(Debug, Default)]
pub(super) struct Rows {
    stamped: Stamped,
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

    /// Returns the bars of so many files. Rows that two have alike, such as a month and one of its days, come once.
    pub(super) fn into_bars(self, files: usize) -> Vec<Bar> {
        let mut bars = self.stamped.in_order();
        if files > 1 {
            bars.sort_by_key(|bar| bar.date);
            bars.dedup();
        }
        bars
    }

    fn add(
        &mut self,
        stamped: Stamped,
        zone: Option<Tz>,
        interval: Interval,
    ) -> Result<(), String> {
        if let (Some(before), Some(zone)) = (self.zone, zone)
            && interval.is_intraday()
            && !stamped.is_empty()
            && before != zone
        {
            return Err(format!(
                "its times are on the clock of {zone}, and those of the other files of the series on that of {before}: set timezone"
            ));
        }
        self.zone = self.zone.or(zone);
        self.stamped.append(stamped);
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
        let mut holder: Option<&Found> = None;
        for file in &series.files {
            check(job, stop)?;
            let refuse = |reason| malformed(job, &file.path, reason);
            let owner = Owner {
                ticker: &job.ticker,
                exchange: self.zone(),
                suffix: self.spec.suffix.as_deref(),
                stem: &file.stem,
                claim: series.claim,
            };
            let Some(content) = self.content(file, &owner, job)? else {
                continue;
            };
            let content = match &*content {
                Ok(content) => content,
                Err(Refusal::Else(reason)) if series.claim == Claim::Shared => {
                    // A file that is named for nobody and holds no rows of anybody is none of this series' business.
                    self.seen.refuse(&file.path, reason);
                    continue;
                }
                Err(refusal) => {
                    self.seen.take(&file.path);
                    return Err(refuse(refusal.to_string()));
                }
            };
            let Some(symbols) = owner.choose(content.symbols()).map_err(refuse)? else {
                continue;
            };
            let question = self.question(file, job);
            match content.bars(&symbols, &question).map_err(refuse)? {
                Answer::Rows(stamped) if series.claim == Claim::Named || !stamped.is_empty() => {
                    self.seen.take(&file.path);
                    if let Some(other) = holder.replace(file)
                        && !(other.is_part() && file.is_part())
                    {
                        return Err(refuse(could_be_as_well(&other.path)));
                    }
                    let whole = whole.get_or_insert_default();
                    let zone = content.zone(&question, self.zone());
                    whole.add(stamped, zone, job.interval).map_err(refuse)?;
                    whole.note_inexact(&file.path, content.inexact());
                }
                Answer::Rows(_) => {}
                Answer::OtherLength => {
                    let reason = format!("its bars are not of {}", job.interval);
                    self.seen.refuse(&file.path, &reason);
                }
            }
        }
        Ok(whole)
    }

    fn question(&self, file: &Found, job: &FetchJob) -> Question<'_> {
        let country = zone::split_country(&file.stem).map(|(_, country)| country.zone);
        Question {
            interval: job.interval,
            said: file.interval.unwrap_or(self.spec.interval),
            // One tree has one clock: the file's own country decides only where nothing else does.
            exchange: self.zone().or(country),
            spec: &self.spec,
        }
    }

    /// Returns what a file holds, `None` when it is not there any more. One that is named for nobody may serve many tickers:
    /// it is kept.
    fn content(
        &self,
        file: &Found,
        owner: &Owner<'_>,
        job: &FetchJob,
    ) -> Result<Option<Arc<Parsed>>, SourceError> {
        let Some(meta) = self.fs.metadata(&file.path)? else {
            return Ok(None);
        };
        let all = || self.parse(file, &meta, &Keep::All, job);
        let parsed = match owner.claim {
            Claim::Named => Arc::new(all()?),
            Claim::Shared => {
                let mut facts = Facts::new("");
                facts.add(&file.path, &meta, self.index()?.inodes);
                self.shelf.get(&file.path, facts.finish(), all)?
            }
        };
        if owner.claim == Claim::Named || !matches!(*parsed, Err(Refusal::TooLarge)) {
            return Ok(Some(parsed));
        }
        let keep = Keep::Only(&|symbol| owner.is(symbol));
        self.parse(file, &meta, &keep, job)
            .map(|parsed| Some(Arc::new(parsed)))
    }

    fn parse(
        &self,
        file: &Found,
        before: &Meta,
        keep: &Keep<'_>,
        job: &FetchJob,
    ) -> Result<Parsed, SourceError> {
        let bytes = self.fs.read(&file.path)?.unwrap_or_default();
        if self.fs.metadata(&file.path)?.as_ref() != Some(before) {
            let reason = "it changed while it was read: none of it is taken before it is whole";
            return Err(malformed(job, &file.path, reason.to_owned()));
        }
        Ok(Content::read(file, bytes, &self.spec, &*self.parquet, keep))
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

/// Returns the reason why a file is refused beside another one.
pub(super) fn could_be_as_well(other: &Path) -> String {
    format!("{} could be the file as well", other.display())
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
