//! One file of a mirror, as its list has it.

use chrono::NaiveDate;

use crate::model::{Digest, Feed};

/// How far a file is on its way from what came last to what changes no more. A scan of one ticker opens at most one file of
/// each tier, since the files of a tier share no ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Nearly all rows.
    Base,
    /// What was added to them since.
    Hot,
    /// What was added to that.
    Delta,
    /// What the last refreshes brought.
    Newest,
    /// The trades of a day, which never move.
    Day,
}

impl Tier {
    /// Every tier: those of rows that move on, the largest first, and that of days.
    pub const ALL: [Self; 5] = [Self::Base, Self::Hot, Self::Delta, Self::Newest, Self::Day];

    /// Returns what the names of its files begin with.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Hot => "hot",
            Self::Delta | Self::Newest => "delta",
            Self::Day => "day",
        }
    }

    /// Returns the tier that its rows move to; `None` where they stay.
    pub fn below(self) -> Option<Self> {
        match self {
            Self::Base | Self::Day => None,
            Self::Hot => Some(Self::Base),
            Self::Delta => Some(Self::Hot),
            Self::Newest => Some(Self::Delta),
        }
    }
}

/// The day of trades that a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFile {
    /// The feed.
    pub feed: Feed,
    /// The day, UTC.
    pub day: NaiveDate,
    /// What told the file of the tree from others when it was looked at last: its length, its time and its number.
    pub seen: u64,
}

/// One file of a mirror: rows of a range of tickers, sorted by ticker and time, or the trades of a day in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its tier.
    pub tier: Tier,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The first and the last ticker; of trades the first and the last ISIN.
    pub tickers: (Box<str>, Box<str>),
    /// The first and the last timestamp of any of its rows, nanoseconds of the wall clock since 1970.
    pub span: (i64, i64),
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The day, of trades.
    pub day: Option<DayFile>,
}

impl Piece {
    /// Returns the name of the file. It names the contents, so one name never stands for other rows.
    pub fn file_name(&self) -> String {
        format!("{}-{}.parquet", self.tier.kind(), self.digest)
    }

    /// Returns which contents a name stands for; `None` where no file can have it.
    pub(super) fn digest_in(name: &str) -> Option<Digest> {
        let (kind, digest) = name.strip_suffix(".parquet")?.split_once('-')?;
        let is_kind = Tier::ALL.iter().any(|tier| tier.kind() == kind);
        digest.parse().ok().filter(|_| is_kind)
    }

    /// Tells whether a ticker lies in its range.
    pub fn reaches(&self, ticker: &str) -> bool {
        (&*self.tickers.0..=&*self.tickers.1).contains(&ticker)
    }

    /// Tells whether it may have rows of a closed span of time.
    pub fn overlaps(&self, (first, last): (i64, i64)) -> bool {
        first <= self.span.1 && self.span.0 <= last
    }
}
