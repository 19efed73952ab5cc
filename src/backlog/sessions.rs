//! How the sessions of all series stand: what each of them is, and what is lost next.
//!
//! Promises: pure; a series whose ticker was given up owes nothing and is left out. Leaves to others: what a session is
//! (`gaps`), words (`cli`).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::calendar::{Calendar, Day};
use crate::gaps::{DayKinds, GapBook, GapBooks, SeriesGaps, SessionState, Span, spans};
use crate::model::{Interval, Ticker, Venue};

use super::Owed;

/// The sessions of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSessions {
    /// The venue.
    pub venue: Venue,
    /// The length of the bars.
    pub interval: Interval,
    /// The symbol.
    pub ticker: Ticker,
    /// Its sessions by state, oldest first.
    pub spans: Vec<Span>,
    /// When each of the spans that are open begins to be forgotten; none where the source forgets nothing.
    pub deadlines: BTreeMap<NaiveDate, DateTime<Utc>>,
}

/// The sessions of all series of one venue and interval that are in one state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateOfSessions {
    /// The venue.
    pub venue: Venue,
    /// The length of the bars.
    pub interval: Interval,
    /// The state.
    pub state: SessionState,
    /// How many sessions, of all tickers together.
    pub sessions: usize,
    /// How many tickers have one.
    pub tickers: usize,
    /// The first of them.
    pub first: NaiveDate,
    /// The last of them.
    pub last: NaiveDate,
    /// When the source forgets the first of them, where they are open.
    pub next_loss: Option<DateTime<Utc>>,
}

/// Which sessions are asked about; what is empty narrows nothing.
#[derive(Clone, Copy, Debug)]
pub struct AskedSessions<'a> {
    /// Only these venues.
    pub venues: &'a [Venue],
    /// These intervals.
    pub intervals: &'a [Interval],
    /// Only these tickers.
    pub tickers: &'a [Ticker],
}

/// Returns the sessions of the series that are asked about. `first` tells the day of the first stored row of a series, as far
/// as that is recorded.
pub fn sessions(
    owed: &Owed<'_>,
    books: &GapBooks,
    asked: AskedSessions<'_>,
    first: impl Fn(&Ticker, &Venue, Interval) -> Option<NaiveDate>,
) -> Vec<SeriesSessions> {
    let mut found = Vec::new();
    let mut kinds = DayKinds::default();
    let mut venues = owed.catalog.venues();
    venues.retain(|venue| asked.venues.is_empty() || asked.venues.contains(venue));
    for venue in venues {
        let mut tickers = owed.catalog.tickers_at(&venue);
        tickers.retain(|ticker| asked.tickers.is_empty() || asked.tickers.contains(ticker));
        tickers.retain(|ticker| owed.catalog.is_active(ticker, &venue));
        let source = owed.view.source(&venue);
        let is_served = |interval: &&Interval| {
            let serves = source.is_some_and(|source| source.serves(**interval));
            serves && interval.has_sessions()
        };
        for interval in asked.intervals.iter().filter(is_served) {
            let book = books.get(&(venue.clone(), *interval));
            for ticker in &tickers {
                let facts = owed.facts(
                    (ticker, &venue, *interval),
                    first(ticker, &venue, *interval),
                );
                let gaps = book.map(|book| book.of(ticker)).unwrap_or_default();
                let spans = spans(&facts, &gaps, &mut kinds);
                let open = spans.iter().filter(|span| span.state.is_open());
                let deadlines = open.filter_map(|span| {
                    let kept = span.first.iter_days().take_while(|day| *day <= span.last);
                    let mut kept = kept.filter(|day| facts.state(*day, &gaps) == Some(span.state));
                    let next = kept.find(|day| !facts.is_forgotten(*day))?;
                    Some((span.first, facts.deadline(next)?))
                });
                found.push(SeriesSessions {
                    deadlines: deadlines.collect(),
                    venue: venue.clone(),
                    interval: *interval,
                    ticker: ticker.clone(),
                    spans,
                });
            }
        }
    }
    found
}

/// Adds the sessions of series up, by venue, interval and state in the order in which states are told.
pub fn by_state(series: &[SeriesSessions]) -> Vec<StateOfSessions> {
    let mut sums: BTreeMap<(&Venue, Interval), [Option<StateOfSessions>; SessionState::ALL.len()]> =
        BTreeMap::new();
    for one in series {
        let sums = sums.entry((&one.venue, one.interval)).or_default();
        let mut seen = [false; SessionState::ALL.len()];
        for span in &one.spans {
            let order = span.state.order();
            let (Some(sum), Some(seen)) = (sums.get_mut(order), seen.get_mut(order)) else {
                continue;
            };
            let sum = sum.get_or_insert_with(|| StateOfSessions::of(one, span));
            sum.sessions += span.sessions;
            sum.tickers += usize::from(!std::mem::replace(seen, true));
            sum.first = sum.first.min(span.first);
            sum.last = sum.last.max(span.last);
            let deadline = one.deadlines.get(&span.first).copied();
            sum.next_loss = sum.next_loss.into_iter().chain(deadline).min();
        }
    }
    sums.into_values().flatten().flatten().collect()
}

impl StateOfSessions {
    /// Returns the sum to which the span of a series is the first to be added.
    fn of(series: &SeriesSessions, span: &Span) -> Self {
        Self {
            venue: series.venue.clone(),
            interval: series.interval,
            state: span.state,
            sessions: 0,
            tickers: 0,
            first: span.first,
            last: span.last,
            next_loss: None,
        }
    }
}

/// Counts the sessions that are remembered as lost, of the series of a venue in one interval.
pub fn lost_sessions(
    owed: &Owed<'_>,
    books: &GapBooks,
    (venue, interval): (&Venue, Interval),
) -> usize {
    let book = books.get(&(venue.clone(), interval));
    let series = book.into_iter().flat_map(GapBook::all);
    let count = |(ticker, gaps): (&Ticker, SeriesGaps)| {
        let mut calendar: Option<Calendar> = None;
        let mut lost = 0;
        for (first, last, ..) in gaps.lost() {
            let known = || {
                owed.view
                    .likely_calendar((ticker, venue), owed.catalog, None)
            };
            let calendar = calendar.get_or_insert_with(known);
            let days = first.iter_days().take_while(|day| *day <= last);
            lost += days.filter(|day| calendar.day(*day) != Day::Closed).count();
        }
        lost
    };
    series.map(count).sum()
}
