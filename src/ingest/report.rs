//! What a run did, for people and machines.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::observe::{Event, Observer};
use crate::storage::{QuarantineRecord, RowCounts};
use crate::sys::Signal;
use crate::workspace::DataRoot;

use super::{FeedReport, FileFailure};

/// What a run did.
#[derive(Debug, Default)]
pub struct RunReport {
    /// By venue, in the order of the plan.
    pub venues: Vec<VenueReport>,
    /// Feeds of trades, in the order of the plan.
    pub feeds: Vec<FeedReport>,
    /// What nobody could be asked for.
    pub unserved: Vec<Unserved>,
    /// What was put away as damaged. Each of these lost rows that were stored.
    pub damaged: Vec<DamagedSeries>,
    /// Answers and rows that were put away beside the tree.
    pub kept: Vec<QuarantineRecord>,
    /// Folders that were written to and in which something else may lie, such as temporary files.
    pub untidy: BTreeSet<PathBuf>,
    /// Rows that are gone for good, each told once, as sentences without a period.
    pub losses: Vec<String>,
    /// Whether rows could be stored.
    pub data: DataRoot,
    /// How many fetches stay staged because they could not.
    pub withheld: usize,
    /// Things that a person should know.
    pub warnings: Vec<String>,
    /// Wall seconds by phase.
    pub seconds: PhaseSeconds,
    /// The last partition that was committed.
    pub last_partition: Option<String>,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
}

/// A damaged file that was put away.
#[derive(Clone, Debug)]
pub struct DamagedSeries {
    /// The series.
    pub request: StorageRequest,
    /// The partition that the file held.
    pub partition: String,
    /// Its days, for the command that fetches it again.
    pub days: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    /// Where it is now.
    pub record: QuarantineRecord,
}

/// Tickers of a venue that nobody can be asked for: a run that leaves them out is no success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unserved {
    /// The venue.
    pub venue: Venue,
    /// The tickers, each once, in the order of tickers.json.
    pub tickers: Vec<Ticker>,
    /// Why nobody can be asked, as a sentence without a period that names the venue.
    pub reason: String,
}

/// So many unknown series are believed if the source knew a single other one; more need as many that it knew.
const FEW_UNKNOWN: usize = 10;

/// What a run did at one venue.
#[derive(Clone, Debug)]
pub struct VenueReport {
    /// The venue.
    pub venue: Venue,
    /// Tickers by outcome.
    pub tickers: TickerCounts,
    /// Rows by what happened to them.
    pub rows: RowCounts,
    /// Month files (or legacy files) written.
    pub files_written: usize,
    /// Their bytes.
    pub bytes_written: u64,
    /// Volumes that were rounded, values that were not finite.
    pub rounded_volumes: usize,
    /// Values that were NaN or infinite and are stored as null.
    pub not_finite: usize,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Answers in the vault that bars could not be made anew of, since they are damaged.
    pub damaged_answers: Vec<FileFailure>,
    /// Series that the source does not know.
    pub unknown: Vec<Unknown>,
    /// Answers in which the source was really asked and knew the series.
    pub heard: usize,
    /// Requests that were sent.
    pub requests: u64,
}

impl VenueReport {
    /// Tells whether the unknown series are to be believed: an outage must not look like a thousand dead tickers.
    pub fn is_believable(&self) -> bool {
        self.heard > 0 && self.unknown.len() <= self.heard.max(FEW_UNKNOWN)
    }

    /// Tells whether the source was asked and knew nothing at all, as one whose folder was emptied.
    pub fn is_all_unknown(&self) -> bool {
        let counts = self.tickers;
        counts.unknown > 0 && counts.ok + counts.empty + counts.failed == 0
    }

    /// Returns an empty report.
    pub fn of(venue: Venue) -> Self {
        Self {
            venue,
            tickers: TickerCounts::default(),
            rows: RowCounts::default(),
            files_written: 0,
            bytes_written: 0,
            rounded_volumes: 0,
            not_finite: 0,
            failures: Vec::new(),
            damaged_answers: Vec::new(),
            unknown: Vec::new(),
            heard: 0,
            requests: 0,
        }
    }
}

/// Series by outcome; a ticker counts once for each interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TickerCounts {
    /// Rows came and are stored.
    pub ok: usize,
    /// Nothing new.
    pub empty: usize,
    /// Not asked, because nothing can be new or the ticker rests.
    pub skipped: usize,
    /// The source does not know it.
    pub unknown: usize,
    /// Something went wrong.
    pub failed: usize,
}

/// A series that could not be brought up to date.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The ticker.
    pub ticker: Ticker,
    /// The interval.
    pub interval: Interval,
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// What went wrong, as a sentence without a period.
    pub reason: String,
}

/// What kind of thing went wrong with one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The source was unreachable or refused.
    Source,
    /// The answer could not be understood; it is in quarantine.
    Malformed,
    /// Stored rows stand in the way; the fetched rows are in quarantine.
    Refused,
    /// A stored file is whole and cannot be held; it stays, and the fetched rows stay staged until it is mended.
    Foreign,
    /// A file could not be read or written; the fetched rows stay staged.
    Disk,
}

/// A series that the source does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The ticker.
    pub ticker: Ticker,
    /// The interval.
    pub interval: Interval,
}

/// Wall seconds by phase.
#[derive(Clone, Copy, Debug, Default)]
pub struct PhaseSeconds {
    /// Finishing leftovers.
    pub leftovers: f64,
    /// Planning.
    pub plan: f64,
    /// Fetching and staging, the waits for the source included.
    pub fetch: f64,
    /// Of that, waiting for the source.
    pub source_wait: f64,
    /// Merging, writing and committing.
    pub consolidate: f64,
    /// Everything.
    pub total: f64,
}

impl RunReport {
    /// Says what was put away, where the run ends before anybody sees this report.
    pub fn warn_of_damage(&self, observer: &dyn Observer) {
        for DamagedSeries {
            request, record, ..
        } in &self.damaged
        {
            observer.observe(Event::Warning(format!(
                "{} is damaged: {} ({request}); it is in {}",
                record.path.display(),
                record.reason,
                record.folder.display()
            )));
        }
    }

    /// Adds up the tickers of all venues.
    pub fn tickers(&self) -> TickerCounts {
        self.venues
            .iter()
            .fold(TickerCounts::default(), |sum, venue| TickerCounts {
                ok: sum.ok + venue.tickers.ok,
                empty: sum.empty + venue.tickers.empty,
                skipped: sum.skipped + venue.tickers.skipped,
                unknown: sum.unknown + venue.tickers.unknown,
                failed: sum.failed + venue.tickers.failed,
            })
    }

    /// Adds up the rows of all venues.
    pub fn rows(&self) -> RowCounts {
        let mut sum = RowCounts::default();
        self.venues.iter().for_each(|venue| sum += venue.rows);
        sum
    }

    /// Adds up the files and bytes of all venues.
    pub fn written(&self) -> (usize, u64) {
        let files = self.venues.iter().map(|venue| venue.files_written).sum();
        (
            files,
            self.venues.iter().map(|venue| venue.bytes_written).sum(),
        )
    }

    /// Returns the report of a venue, to be filled in.
    pub fn at(&mut self, venue: &Venue) -> &mut VenueReport {
        let at = self
            .venues
            .iter()
            .position(|report| report.venue == *venue)
            .unwrap_or_else(|| {
                self.venues.push(VenueReport::of(venue.clone()));
                self.venues.len() - 1
            });
        #[expect(
            clippy::indexing_slicing,
            reason = "the position of an element, or of the one just pushed"
        )]
        &mut self.venues[at]
    }

    /// Returns the report of the feed of a venue, to be filled in.
    pub fn feed_at(&mut self, venue: &Venue) -> &mut FeedReport {
        let at = self.feeds.iter().position(|feed| feed.venue == *venue);
        let at = at.unwrap_or_else(|| {
            self.feeds.push(FeedReport::of(venue.clone()));
            self.feeds.len() - 1
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "the position of an element, or of the one just pushed"
        )]
        &mut self.feeds[at]
    }

    /// Reports that a series could not be brought up to date.
    pub fn fail(
        &mut self,
        venue: &Venue,
        (ticker, interval): (&Ticker, Interval),
        reason: String,
        kind: FailureKind,
    ) {
        let report = self.at(venue);
        report.tickers.failed += 1;
        report.failures.push(Failure {
            ticker: ticker.clone(),
            interval,
            reason,
            kind,
        });
    }

    /// Tells whether a failure of one kind happened.
    pub fn has(&self, kind: FailureKind) -> bool {
        self.venues
            .iter()
            .flat_map(|venue| &venue.failures)
            .any(|failure| failure.kind == kind)
    }
}
