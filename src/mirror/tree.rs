//! Which series one mirror holds.

use std::fmt;

use crate::inventory;
use crate::model::{Dataset, Feed, Interval, Series, StorageRequest, Ticker, Venue};

/// The series that one mirror holds: all of a dataset of a venue, of one interval where it has intervals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tree {
    pub venue: Venue,
    pub dataset: Dataset,
    /// The length of its bars; `None` of a dataset without bars, such as trades.
    pub interval: Option<Interval>,
}

impl Tree {
    /// Returns the trees of the bars of an interval, and of what comes along with them.
    pub fn of_interval(venue: &Venue, interval: Interval) -> [Self; 3] {
        let tree = |dataset| Self {
            venue: venue.clone(),
            dataset,
            interval: Some(interval),
        };
        [
            tree(Dataset::Stocks),
            tree(Dataset::Prepost),
            tree(Dataset::Adjusted),
        ]
    }

    /// Returns the trees of a venue that have no interval: payments and splits, what was traded in auctions, and all trades.
    pub fn without_interval(venue: &Venue) -> [Self; 3] {
        [Dataset::Events, Dataset::Auctions, Dataset::Trades].map(|dataset| Self {
            venue: venue.clone(),
            dataset,
            interval: None,
        })
    }

    /// Returns the tree of the trades of a venue.
    pub fn of_trades(venue: &Venue) -> Self {
        let [.., trades] = Self::without_interval(venue);
        trades
    }

    /// Returns every tree of a venue that can have a mirror.
    pub fn all_of(venue: &Venue) -> impl Iterator<Item = Self> {
        let of_intervals = Interval::ALL.into_iter();
        let of_intervals = of_intervals.flat_map(|interval| Self::of_interval(venue, interval));
        of_intervals.chain(Self::without_interval(venue))
    }

    /// Tells whether a series is one of it.
    pub fn holds(&self, request: &StorageRequest) -> bool {
        let interval = inventory::interval_of(&request.series);
        request.venue.as_ref() == Some(&self.venue)
            && request.series.dataset() == self.dataset
            && interval == self.interval
    }

    /// Returns the trades of a feed at its venue.
    pub(super) fn trades_of(&self, feed: Feed) -> StorageRequest {
        StorageRequest {
            venue: Some(self.venue.clone()),
            series: Series::Trades { feed },
        }
    }

    /// Returns the series of a ticker in it; `None` for datasets that have no tickers.
    pub fn series_of(&self, ticker: Ticker) -> Option<StorageRequest> {
        let series = match (self.dataset, self.interval) {
            (Dataset::Stocks, Some(interval)) => Series::Bars { ticker, interval },
            (Dataset::Adjusted, Some(interval)) => Series::Adjusted { ticker, interval },
            (Dataset::Prepost, Some(interval)) => Series::Prepost { ticker, interval },
            (Dataset::Events, _) => Series::Events { ticker },
            (Dataset::Auctions, _) => Series::Auctions { ticker },
            _ => return None,
        };
        Some(StorageRequest {
            venue: Some(self.venue.clone()),
            series,
        })
    }
}

/// Returns the name by which a state has a series: its ticker, of trades their feed.
pub(super) fn name_of(request: &StorageRequest) -> &str {
    match &request.series {
        Series::Trades { feed } => feed.as_str(),
        series => series.ticker().map_or("", Ticker::as_str),
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.interval {
            Some(interval) => write!(f, "{} {}_{interval}", self.venue, self.dataset),
            None => write!(f, "{} {}", self.venue, self.dataset),
        }
    }
}
