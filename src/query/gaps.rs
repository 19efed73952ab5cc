//! On which trading days a stored series has no bar. Nothing is decided by it.

use chrono::NaiveDate;

use crate::calendar::Day;
use crate::frame::missing_days;
use crate::model::{Series, StorageRequest, Ticker, time};
use crate::storage::Stored;
use crate::workspace::{GapCalendar, Reading, gap_calendar};

use super::Span;

/// What is known of the days of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGaps {
    /// The first and the last day that it has rows of.
    pub days: (NaiveDate, NaiveDate),
    /// Trading days without a bar.
    pub missing: Vec<NaiveDate>,
    /// How many days no calendar knows.
    pub unknown: usize,
    /// Whether a calendar knows any.
    pub is_any_known: bool,
    /// The tickers by whose bars the sessions are known; empty where somebody wrote them down.
    pub learned_from: Vec<Ticker>,
}

/// Returns what is missing on the days of a series that are asked for; `None` without rows, or of bars wider than a day.
pub fn stored_gaps(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    stored: &Stored,
    span: Span,
) -> Option<StoredGaps> {
    let is_looked_at =
        matches!(&request.series, Series::Bars { interval, .. } if interval.has_sessions());
    if !is_looked_at {
        return None;
    }
    let (first, last) = stored.frame.span()?;
    let zone = stored.provenance.timezone.as_deref();
    let GapCalendar {
        calendar,
        learned_from,
    } = gap_calendar(reading.workspace, request, reading.catalog, zone);
    let (first, last) = (time::day(first), time::day(last));
    let meant = first.iter_days().take_while(|day| *day <= last);
    let meant: Vec<NaiveDate> = meant.filter(|day| span.has_day(*day)).collect();
    let is_unknown = |day: &&NaiveDate| calendar.day(**day) == Day::Unknown;
    let unknown = meant.iter().filter(is_unknown).count();
    let is_session = |day: &NaiveDate| calendar.session(*day).is_some();
    let sessions = meant.iter().copied().filter(is_session);
    Some(StoredGaps {
        days: (first, last),
        missing: missing_days(&stored.frame, sessions),
        unknown,
        is_any_known: unknown < meant.len(),
        learned_from,
    })
}
