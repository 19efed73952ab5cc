//! What may come along with the bars of an answer.
//!
//! Promises: everything here is optional; a source that knows bars only leaves it empty. Dates are wall clock of the
//! exchange in nanoseconds since 1970, as in bars.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::frame::{self, Bar, Frame, MarketEvent};
use crate::model::{Identity, Interval, PriceBasis, Provenance, Series, Ticker};
use crate::source::SourceError;

/// What came along with the bars of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// How these bars are to be read, where that depends on the ticker; `None` where the source's own
    /// `provenance` says it.
    pub provenance: Option<Provenance>,
    /// Dividends, splits and capital gains in the window.
    pub events: Vec<MarketEvent>,
    /// The splits among them and before the window that took effect since the stored rows were fetched: prices that
    /// are older than these bars do not contain them. None where the source keeps the whole history and gives it again.
    pub splits: Vec<MarketEvent>,
    /// Payments and splits since the stored rows were fetched that change those rows, where the answer to an explicit window
    /// leaves them as they are.
    pub unseen: Vec<MarketEvent>,
    /// The close of each bar adjusted for splits and dividends, where the source says it.
    pub adjusted_closes: Vec<AdjustedClose>,
    /// Bars of what is traded before and after the regular session, of the length asked for and in any order; their
    /// prices are adjusted for splits and not for dividends.
    pub prepost: Vec<Bar>,
    /// What the source says about who the ticker is.
    pub identity: Option<Identity>,
    /// Stamps of bars that may still change because their period has not ended.
    pub provisional: Vec<i64>,
    /// Which days the answer speaks of; `None` where the source does not say it of single days.
    pub answered: Option<Answered>,
    /// Days that were asked for and that the source no longer keeps, both included.
    pub lost: Option<(NaiveDate, NaiveDate)>,
    /// Why the answer ends before the window does, where an error came after some of the bars.
    pub cut_short: Option<CutShort>,
    /// What a person should know of the answer, as sentences without a period.
    pub warnings: Vec<String>,
}

impl Extras {
    /// Returns the rows that came along, each with its basis and its series; `outside` are the bars before and after the session.
    /// Each of these trees has one basis whatever that of the bars is: what a source pays per share is per share of today, and an
    /// adjusted close is adjusted for all.
    pub fn sides(
        &self,
        ticker: &Ticker,
        interval: Interval,
        outside: Frame,
    ) -> [(Frame, PriceBasis, Series); 3] {
        // Bars of less than a day have no adjusted close, and their tree no place.
        let closes = self.adjusted_closes.iter();
        let closes = closes.filter(|_| !interval.is_intraday());
        let closes = closes.map(|close| (close.date, close.value));
        [
            (
                outside,
                PriceBasis::SplitAdjusted,
                Series::Prepost {
                    ticker: ticker.clone(),
                    interval,
                },
            ),
            (
                frame::rows_of_closes(ticker, closes),
                PriceBasis::SplitDividendAdjusted,
                Series::Adjusted {
                    ticker: ticker.clone(),
                    interval,
                },
            ),
            (
                frame::rows_of_events(ticker, &self.events),
                PriceBasis::SplitAdjusted,
                Series::Events {
                    ticker: ticker.clone(),
                },
            ),
        ]
    }
}

/// Which days an answer speaks of: what it has no bar of on one of them, the source has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Days that were asked for when their sessions were over, as closed spans.
    pub spans: Vec<(NaiveDate, NaiveDate)>,
    /// Those of them of which there is a row without any price.
    pub null: BTreeSet<NaiveDate>,
}

/// A close, adjusted for splits and dividends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdjustedClose {
    /// The stamp of the bar.
    pub date: i64,
    /// The adjusted close.
    pub value: f64,
}

/// An error after some of the bars had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutShort {
    /// What went wrong, as a sentence without a period.
    pub reason: String,
    /// What came instead of the rest, to be kept in quarantine; `None` where nothing did.
    pub body: Option<Vec<u8>>,
}

impl CutShort {
    /// Returns what is to be told of an error.
    pub fn by(error: SourceError) -> Self {
        let reason = error.to_string();
        let body = match error {
            SourceError::Malformed { body, .. } => body,
            _ => None,
        };
        Self { reason, body }
    }
}
