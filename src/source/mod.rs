//! Where prices come from.
//!
//! Promises: one trait for every source, and outcomes that are never mixed up: bars, nothing in the window,
//! nothing new, an unknown ticker, and errors by what can be done about them. What a source does not
//! understand is an error that says what was seen; it never guesses rows.
//! Leaves to others: storage, of which a source knows nothing; when to ask again (`update`); settings and
//! their spelling (`config`).

mod beside;
pub mod demo;
mod error;
pub mod files;
pub mod posttrade;
mod recorded;
mod registry;
pub mod symbols;
pub mod yahoo;

pub use beside::{AdjustedClose, Answered, CutShort, Extras};
pub use error::SourceError;
pub use posttrade::VaultSpec;
pub use recorded::{Download, Recorded};
pub use registry::{SourceSpec, open};

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use crate::calendar::{Calendar, Calendars};
use crate::frame::BarBatch;
use crate::http::{Rate, Talk};
use crate::model::{Digest, Interval, PriceBasis, Provenance, Ticker, Venue};
use crate::sys::Shutdown;

/// A span on the wall clock of the exchange, in nanoseconds since 1970. It selects bars by their start; of bars that are
/// wider than a day, a source that counts them from where a request begins gives those that hold a day of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment inside; `None` leaves the depth to the source.
    pub from: Option<i64>,
    /// The first moment outside; `None` means up to now.
    pub to: Option<i64>,
}

impl Window {
    /// Tells whether a bar that starts at `stamp` belongs to the window.
    pub fn contains(self, stamp: i64) -> bool {
        self.from.is_none_or(|from| stamp >= from) && self.to.is_none_or(|to| stamp < to)
    }
}

/// Who chose the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The run continues where the last one ended: the source may know better than the window what is new.
    Incremental,
    /// A person gave a start or an end: exactly this window, whatever was fetched before.
    Explicit,
}

/// One question to a source.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchJob {
    /// The symbol.
    pub ticker: Ticker,
    /// The length of the bars.
    pub interval: Interval,
    /// Which bars.
    pub window: Window,
    /// Who chose the window.
    pub asked: Asked,
    /// The download mark that this source returned with the rows last committed for this series. Only the
    /// source can read it. To be given only while those rows are held; when asked explicitly, it says what was known then
    /// and nothing else.
    pub mark: Option<String>,
    /// The newest day of which rows are known; `None` when none are.
    pub known: Option<NaiveDate>,
    /// The price basis of the rows that are stored, in which the answer is to continue; `None` when there are none.
    pub basis: Option<PriceBasis>,
    /// The moment at which the question is asked.
    pub now: DateTime<Utc>,
}

/// What a source knows of the bars asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// There are bars. Never an empty batch.
    Bars {
        /// The bars, in any order, unproven.
        batch: BarBatch,
        /// The mark to hand back next time, once these rows are committed.
        mark: Option<String>,
        /// What came along.
        beside: Box<Extras>,
    },
    /// The ticker is known and has no bar in the window.
    Nothing {
        /// The mark to hand back next time.
        mark: Option<String>,
        /// What came along.
        beside: Box<Extras>,
    },
    /// Nothing has changed since the mark or since the start of the window. The old mark stays good.
    UpToDate,
    /// The source has no such series.
    UnknownTicker,
}

/// How far a series was asked for, as its mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The day up to which every session was asked for after it was over.
    pub settled: NaiveDate,
    /// Days up to there without a price, that are asked for again; oldest first.
    pub late: Vec<NaiveDate>,
}

/// A source of bars. The sentences below are what `tests/it/sources.rs` holds every source to.
pub trait MarketDataSource: fmt::Debug + Send + Sync {
    /// Returns the venue that the source was opened for, the same at every call.
    fn venue(&self) -> &Venue;

    /// Tells whether `fetch` may be asked for bars of this length; if not, `fetch` finds no series.
    fn serves(&self, _interval: Interval) -> bool {
        true
    }

    /// Returns how stored bars are to be read; its `source` is the venue.
    fn provenance(&self) -> Provenance;

    /// Returns the calendar of a ticker as far as its symbol or the settings of the source tell; `None` where they do not.
    fn calendar(&self, ticker: &Ticker, calendars: &Calendars) -> Option<Calendar>;

    /// Returns how many days back the source keeps bars of this length; `None` when it forgets nothing.
    fn depth_days(&self, _interval: Interval) -> Option<u32> {
        None
    }

    /// Returns how many requests a job would cost at least: 0 when the source can tell without asking that nothing
    /// is new, and for sources that have no requests to count.
    fn cost(&self, _job: &FetchJob) -> u32 {
        0
    }

    /// Returns the budget of the source's server; `None` when it asks none, or has no limit.
    fn rate(&self) -> Option<Rate> {
        None
    }

    /// Tells whether the source can be asked at all, as far as that shows without a request.
    ///
    /// # Errors
    /// Why every `fetch` would fail, whatever the ticker.
    fn ready(&self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Returns what a person should know of the source as a whole after a run, as sentences without a period.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns what this source has learned of its server and a later process should know, as text that only the source can
    /// read; `None` where there is nothing to be kept.
    fn learned(&self) -> Option<String> {
        None
    }

    /// Returns how answers are kept as they were received; `None` where they are not.
    fn vault(&self) -> Option<VaultSpec> {
        None
    }

    /// Returns what a job asked and heard, as downloads for the vault; `left` is the mark of the answer, if it has one.
    fn record(&self, _job: &FetchJob, _left: Option<&str>, _talk: &Talk) -> Vec<Download> {
        Vec::new()
    }

    /// Reads a download that `record` made of a job; `None` of one that it made of an answer.
    fn recorded(&self, _download: &Download) -> Option<Recorded> {
        None
    }

    /// Returns the talk of a recorded job; `body` has the bytes of an answer by their digest. `None` where one is gone.
    fn recorded_talk(
        &self,
        _recorded: &Recorded,
        _body: &dyn Fn(&Digest) -> Option<Vec<u8>>,
    ) -> Option<Talk> {
        None
    }

    /// Returns how many requests this source has sent since it was opened.
    fn requests(&self) -> u64 {
        0
    }

    /// Returns how far a mark of this source reaches; `None` where it does not say.
    fn reached(&self, _mark: &str) -> Option<Reached> {
        None
    }

    /// Fetches one series.
    ///
    /// The same job gives the same answer as long as the source has not changed. An explicit window is
    /// honoured exactly, and its answer is never `UpToDate`; it carries no mark, but perhaps the one that was given with
    /// what stored rows were moved across since. An incremental answer may
    /// hold bars before the window, when history was rewritten; bars held back are none that end before `now`.
    /// A job that carries the mark of the answer before gives `UpToDate` while nothing is new. A mark that the
    /// source cannot read counts as none.
    ///
    /// # Errors
    /// `Stopped` when `stop` is raised; else as `SourceError` says, and never `Later`. An error is never an empty answer.
    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError>;

    /// Fetches one series without waiting for second tries: who has other series to ask for does that meanwhile.
    ///
    /// After `Later` the same job is asked for again with the same talk, which holds what the server has said up to then.
    ///
    /// # Errors
    /// As `fetch`, and `Later`.
    fn fetch_on(
        &self,
        job: &FetchJob,
        _talk: &mut Talk,
        stop: &Shutdown,
    ) -> Result<Fetched, SourceError> {
        self.fetch(job, stop)
    }
}
