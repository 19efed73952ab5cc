//! What a tree says about its rows beside the rows: zone, price basis, origin, timestamp unit.

use std::fmt;
use std::str::FromStr;

use super::Venue;

/// Which corporate actions the stored prices already contain; a property of a whole tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceBasis {
    /// Prices as they were traded.
    AsTraded,
    /// Adjusted for splits: what Yahoo's quote arrays hold.
    SplitAdjusted,
    /// Adjusted for splits and dividends: what the predecessor stored.
    SplitDividendAdjusted,
    /// Nobody wrote it down.
    #[default]
    Unknown,
}

impl PriceBasis {
    /// Every basis.
    pub const ALL: [Self; 4] = [
        Self::AsTraded,
        Self::SplitAdjusted,
        Self::SplitDividendAdjusted,
        Self::Unknown,
    ];

    /// Returns the word used in file footers and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsTraded => "as_traded",
            Self::SplitAdjusted => "split_adjusted",
            Self::SplitDividendAdjusted => "split_dividend_adjusted",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PriceBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PriceBasis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a price basis (as_traded, split_adjusted, split_dividend_adjusted, unknown)")
        })
    }
}

/// Where rows come from and how their values are to be read. Kept in each file's footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// IANA name of the zone whose wall clock `date` shows; `None` when nobody wrote it down.
    pub timezone: Option<String>,
    /// Which corporate actions the prices contain.
    pub basis: PriceBasis,
    /// The venue that delivered the rows; `None` in files of other writers.
    pub source: Option<Venue>,
}

impl Provenance {
    /// Returns what trades say of themselves: their clock is that of UTC, and nothing moves their prices.
    pub fn of_trades(venue: &Venue) -> Self {
        Self {
            timezone: Some("UTC".to_owned()),
            basis: PriceBasis::AsTraded,
            source: Some(venue.clone()),
        }
    }
}

/// The unit in which a tree's timestamps are stored. One per tree: readers fail on mixed ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Milliseconds; met in files of other writers only.
    Millis,
    /// Microseconds: every tree that barkeep starts (Spark and Iceberg refuse nanoseconds).
    #[default]
    Micros,
    /// Nanoseconds: trees that the predecessor wrote.
    Nanos,
}

impl TimeUnit {
    /// Returns its sign: `ms`, `us` or `ns`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }

    /// Returns how many nanoseconds one unit is.
    pub fn nanos(self) -> i64 {
        match self {
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }
}

impl FromStr for TimeUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Millis, Self::Micros, Self::Nanos]
            .into_iter()
            .find(|unit| unit.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no unit of time (ms, us, ns)"))
    }
}
