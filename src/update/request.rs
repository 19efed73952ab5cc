//! What a run is asked for. A person's choices as values, and nothing that decides.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::gaps::GapBooks;
use crate::model::{Interval, StorageRequest, Ticker, Venue};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct UpdateRequest {
    /// Only these venues; all that have tickers when empty. Narrows, and never makes a ticker another venue's.
    pub venues: Vec<Venue>,
    /// Only these intervals; those of intervals.json when empty.
    pub intervals: Vec<Interval>,
    /// Only these tickers; all when empty.
    pub tickers: Vec<Ticker>,
    /// Exactly these days, both included, whatever was fetched before.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// How much of the history is asked for where nobody names days.
    pub history: History,
    /// What becomes of feeds.
    pub feeding: Feeding,
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// The day that the cooldown of not-found series is counted to.
    pub today: NaiveDate,
    /// The least time between two requests, where a person chose one.
    pub pace: Option<Duration>,
    /// What is remembered of gaps, where only these are to be filled.
    pub gaps: Option<GapBooks>,
    /// Venues whose feeds are left alone, since nothing of them is open.
    pub filled_feeds: BTreeSet<Venue>,
    /// Series of which rows wait in staging or in a journal: what the tree lacks of them is not gone.
    pub waiting: BTreeSet<StorageRequest>,
}

/// What becomes of feeds of trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feeding {
    /// They are asked for what is new, and so are sources of bars.
    #[default]
    Asked,
    /// Nobody is asked: trades and bars are made anew of the downloads in the vault.
    Replayed {
        /// The first day that is made anew; all when `None`.
        since: Option<NaiveDate>,
    },
}

/// How much of the history is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// What is new.
    #[default]
    New,
    /// All that the source has, so that every stored row stands on today's price basis.
    Whole,
}
