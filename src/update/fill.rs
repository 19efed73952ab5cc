//! Which part of a plan fills gaps: sessions that are open and that their sources keep still.
//!
//! Promises: a series without such a session is left out, and of another one exactly the days from the first to the last of
//! them are asked for. Pure.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use crate::gaps::{Facts, GapBooks, SeriesGaps, SessionState};
use crate::model::{Venue, time};
use crate::source::{Asked, Window};

use super::PlannedJob;
use crate::backlog::Owed;

/// Narrows jobs of a venue to its gaps.
pub(super) fn narrow(owed: &Owed<'_>, books: &GapBooks, venue: &Venue, jobs: &mut Vec<PlannedJob>) {
    jobs.retain_mut(|job| {
        let book = books.get(&(venue.clone(), job.interval));
        let gaps = book.map(|book| book.of(&job.ticker)).unwrap_or_default();
        let facts = owed.facts((&job.ticker, venue, job.interval), None);
        job.interval.has_sessions() && narrow_job(job, &facts, &gaps)
    });
}

/// Narrows one job; `false` when its series has no gap.
fn narrow_job(job: &mut PlannedJob, facts: &Facts, gaps: &SeriesGaps) -> bool {
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
        (None, None) => false,
        (None, Some(_)) => true,
        // The request that goes on from where the last one ended begins earlier.
        (Some(first), Some(_)) => {
            let first = time::midnight(first);
            job.window.from = job
                .window
                .from
                .map(|from| first.map_or(from, |first| first.min(from)));
            true
        }
        (Some(first), None) => {
            let last = last.unwrap_or(first);
            job.window = Window {
                from: time::midnight(first),
                to: last.checked_add_days(Days::new(1)).and_then(time::midnight),
            };
            job.asked = Asked::Explicit;
            true
        }
    }
}
