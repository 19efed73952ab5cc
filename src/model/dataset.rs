//! The kinds of data that may lie under one (market, source).

use std::fmt;

use super::Granularity;

/// A kind of data; each has its own directory, schema profile and partition granularity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    /// OHLCV bars, one tree per interval, one file per ticker and month.
    Stocks,
    /// Dividends, splits and capital gains, one file per ticker.
    Events,
    /// Closes adjusted for splits and dividends, one tree per interval, one file per ticker.
    Adjusted,
    /// OHLCV bars of what is traded before and after the regular session, cut like `Stocks`.
    Prepost,
    /// What was traded in auctions, one file per ticker.
    Auctions,
    /// Raw trades of one feed, one file per UTC day.
    Trades,
}

impl Dataset {
    /// Every dataset, in the order in which they are listed to people.
    pub const ALL: [Self; 6] = [
        Self::Stocks,
        Self::Events,
        Self::Adjusted,
        Self::Prepost,
        Self::Auctions,
        Self::Trades,
    ];

    /// Returns the word used in directory names and in `storage` blocks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stocks => "stocks",
            Self::Events => "events",
            Self::Adjusted => "adjusted",
            Self::Prepost => "prepost",
            Self::Auctions => "auctions",
            Self::Trades => "trades",
        }
    }

    /// Returns how finely the files of this dataset are cut.
    pub fn granularity(self) -> Granularity {
        match self {
            Self::Stocks | Self::Prepost => Granularity::Month,
            Self::Events | Self::Adjusted | Self::Auctions => Granularity::Whole,
            Self::Trades => Granularity::Day,
        }
    }

    /// Returns the name of the file at the end of a partition path.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Stocks | Self::Events | Self::Adjusted | Self::Prepost | Self::Auctions => {
                "data.parquet"
            }
            Self::Trades => "trades.parquet",
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
