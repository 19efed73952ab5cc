//! Questions to storage: which series is meant. A question is not yet a place.

use std::fmt;

use super::{Dataset, Feed, Interval, Ticker, Venue};

/// One series: the thing that is read, merged and written as a unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Series {
    /// Bars of one ticker.
    Bars {
        ticker: Ticker,
        /// The length of its bars.
        interval: Interval,
    },
    /// Dividends, splits and capital gains of one ticker.
    Events { ticker: Ticker },
    /// Adjusted closes of the bars of one ticker.
    Adjusted {
        ticker: Ticker,
        /// The length of its bars.
        interval: Interval,
    },
    /// Bars of one ticker outside of the regular session.
    Prepost {
        ticker: Ticker,
        /// The length of its bars, less than a day.
        interval: Interval,
    },
    /// What was traded of one ticker in auctions.
    Auctions { ticker: Ticker },
    /// Raw trades of one feed.
    Trades {
        /// The feed, for example `DETR`.
        feed: Feed,
    },
}

impl Series {
    /// Returns the dataset that the series belongs to.
    pub fn dataset(&self) -> Dataset {
        match self {
            Self::Bars { .. } => Dataset::Stocks,
            Self::Events { .. } => Dataset::Events,
            Self::Adjusted { .. } => Dataset::Adjusted,
            Self::Prepost { .. } => Dataset::Prepost,
            Self::Auctions { .. } => Dataset::Auctions,
            Self::Trades { .. } => Dataset::Trades,
        }
    }

    /// Returns the ticker, if the series has one.
    pub fn ticker(&self) -> Option<&Ticker> {
        match self {
            Self::Bars { ticker, .. }
            | Self::Events { ticker }
            | Self::Adjusted { ticker, .. }
            | Self::Prepost { ticker, .. }
            | Self::Auctions { ticker } => Some(ticker),
            Self::Trades { .. } => None,
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bars { ticker, interval } => write!(f, "{ticker} {interval}"),
            Self::Events { ticker } => write!(f, "{ticker} events"),
            Self::Adjusted { ticker, interval } => write!(f, "{ticker} adjusted {interval}"),
            Self::Prepost { ticker, interval } => write!(f, "{ticker} prepost {interval}"),
            Self::Auctions { ticker } => write!(f, "{ticker} auctions"),
            Self::Trades { feed } => write!(f, "{feed} trades"),
        }
    }
}

/// Asks storage for a series. Without a venue only the legacy layout can answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageRequest {
    /// The venue, if it is known.
    pub venue: Option<Venue>,
    /// What is asked for.
    pub series: Series,
}

impl StorageRequest {
    /// Returns a request for the bars of one ticker at one venue.
    pub fn bars(venue: Venue, ticker: Ticker, interval: Interval) -> Self {
        Self {
            venue: Some(venue),
            series: Series::Bars { ticker, interval },
        }
    }

    /// Returns the request for what is traded outside of the sessions of the same bars; `None` when these are not the
    /// bars of a ticker.
    #[must_use]
    pub fn outside(&self) -> Option<Self> {
        let Series::Bars { ticker, interval } = &self.series else {
            return None;
        };
        Some(Self {
            venue: self.venue.clone(),
            series: Series::Prepost {
                ticker: ticker.clone(),
                interval: *interval,
            },
        })
    }

    /// Returns the view that the partitioned layout needs.
    ///
    /// # Errors
    /// When the request names no venue: the caller must choose the legacy layout knowingly.
    pub fn partitioned(&self) -> Result<PartitionedSeries<'_>, VenueMissing> {
        match &self.venue {
            Some(venue) => Ok(PartitionedSeries {
                venue,
                series: &self.series,
            }),
            None => Err(VenueMissing {
                series: self.series.clone(),
            }),
        }
    }
}

impl fmt::Display for StorageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.venue {
            Some(venue) => write!(f, "{} at {venue}", self.series),
            None => self.series.fmt(f),
        }
    }
}

/// A series whose venue is known: the only thing the partitioned path builder accepts.
#[derive(Clone, Copy, Debug)]
pub struct PartitionedSeries<'r> {
    /// The venue.
    pub venue: &'r Venue,
    /// The series.
    pub series: &'r Series,
}

/// The partitioned layout was asked for a series without a venue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{series} names no market and source, which partitioned storage needs")]
pub struct VenueMissing {
    /// The series asked for.
    pub series: Series,
}
