//! What is asked for to fill the gaps of a series: sessions that are open and that its source keeps still.
//!
//! Promises: a series without such a session is left out, and of another one exactly the days from the first to the last of
//! them are asked for. Pure.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::Owed;
use crate::gaps::{Facts, GapBooks, SeriesGaps, SessionState};
use crate::model::{Interval, Ticker, Venue, time};
use crate::source::{Asked, Window};

/// Narrows what a series would be asked for to its gaps; `None` when it has none.
pub fn narrow(
    owed: &Owed<'_>,
    books: &GapBooks,
    (ticker, venue, interval): (&Ticker, &Venue, Interval),
    planned: (Window, Asked),
) -> Option<(Window, Asked)> {
    if !interval.has_sessions() {
        return None;
    }
    let book = books.get(&(venue.clone(), interval));
    let gaps = book.map(|book| book.of(ticker)).unwrap_or_default();
    let facts = owed.facts((ticker, venue, interval), None);
    to_gaps(&facts, &gaps, planned)
}

fn to_gaps(
    facts: &Facts,
    gaps: &SeriesGaps,
    (window, asked): (Window, Asked),
) -> Option<(Window, Asked)> {
    let is_kept = |day: &NaiveDate| !facts.is_forgotten(*day);
    let is_open = |day: &NaiveDate| facts.state(*day, gaps).is_some_and(SessionState::is_open);
    let owed = facts.owed().find(is_kept);
    let is_asked = |day: &NaiveDate| facts.reached.is_some_and(|reached| *day <= reached);
    let without: BTreeSet<NaiveDate> = gaps.null_days().chain(facts.late.iter().copied()).collect();
    let mut without = without
        .into_iter()
        .filter(|day| is_asked(day) && is_kept(day) && is_open(day));
    let (first, last) = (without.next(), without.next_back());
    match (first, owed) {
        (None, None) => None,
        (None, Some(_)) => Some((window, asked)),
        // The request that goes on from where the last one ended begins earlier.
        (Some(first), Some(_)) => {
            let first = time::midnight(first);
            let from = window.from;
            let from = from.map(|from| first.map_or(from, |first| first.min(from)));
            Some((Window { from, ..window }, asked))
        }
        (Some(first), None) => {
            let last = last.unwrap_or(first);
            let window = Window {
                from: time::midnight(first),
                to: last.checked_add_days(Days::new(1)).and_then(time::midnight),
            };
            Some((window, Asked::Explicit))
        }
    }
}
