//! What a run will ask for. Pure but for looking at what lies on disk; nothing is changed.
//!
//! Promises: a ticker that is named is asked for whatever was the case before; others rest while a not-found is younger
//! than 30 days. Leaves to others: asking (`fetch`).

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::catalog::Catalog;
use crate::layout::Continuity;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue, time};
use crate::source::{Asked, Window};
use crate::storage::{Routed, StorageError};

use super::planned::{PlannedJob, PlannedVenue, SkipReason, Skipped, UpdatePlan};
use super::{Outlook, UpdateError};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct UpdateRequest {
    /// Only these venues; all that have tickers and a source when empty.
    pub venues: Vec<Venue>,
    /// Only these intervals; those of intervals.json when empty.
    pub intervals: Vec<Interval>,
    /// Only these tickers; all when empty.
    pub tickers: Vec<Ticker>,
    /// Exactly these days, both included, whatever was fetched before.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// How much of the history is asked for where nobody names days.
    pub history: History,
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// The day that the cooldown of not-found series is counted to.
    pub today: NaiveDate,
}

/// How much of the history is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// What is new.
    #[default]
    New,
    /// All that the source has, so that every stored row stands on today's price basis.
    Whole,
}

/// Plans a run.
///
/// # Errors
/// When a venue was asked for that has no source, or the disk cannot be asked where rows are.
pub fn plan(
    request: &UpdateRequest,
    outlook: Outlook<'_>,
    catalog: &Catalog,
    intervals: &[Interval],
) -> Result<UpdatePlan, UpdateError> {
    let intervals = if request.intervals.is_empty() {
        intervals
    } else {
        &request.intervals
    };
    let mut plan = UpdatePlan::default();
    for venue in venues(request, outlook)? {
        let mut planned = PlannedVenue {
            venue,
            jobs: Vec::new(),
            skipped: Vec::new(),
        };
        for &interval in intervals {
            plan_interval(&mut planned, request, outlook, catalog, interval)?;
        }
        plan.venues.push(planned);
    }
    Ok(plan)
}

fn venues(request: &UpdateRequest, outlook: Outlook<'_>) -> Result<Vec<Venue>, UpdateError> {
    if let Some(venue) = request
        .venues
        .iter()
        .find(|venue| outlook.source(venue).is_none())
    {
        return Err(UpdateError::UnknownVenue {
            venue: venue.clone(),
        });
    }
    let known: BTreeSet<Venue> = if request.venues.is_empty() {
        outlook
            .sources
            .iter()
            .map(|source| source.venue().clone())
            .collect()
    } else {
        request.venues.iter().cloned().collect()
    };
    Ok(known.into_iter().collect())
}

fn plan_interval(
    planned: &mut PlannedVenue,
    request: &UpdateRequest,
    outlook: Outlook<'_>,
    catalog: &Catalog,
    interval: Interval,
) -> Result<(), UpdateError> {
    let venue = planned.venue.clone();
    let serves = outlook
        .source(&venue)
        .is_some_and(|source| source.serves(interval));
    if !serves {
        return Ok(());
    }
    // A series must not rest until what it missed is gone.
    let depth = outlook
        .source(&venue)
        .and_then(|source| source.depth_days(interval));
    let rest = depth.map(|days| days / 2);
    let chosen: BTreeSet<&Ticker> = request.tickers.iter().collect();
    for ticker in tickers_at(request, outlook, catalog, &venue) {
        if !chosen.is_empty() && !chosen.contains(&ticker) {
            continue;
        }
        // Who names a ticker wants it asked for, whatever was the case before.
        let is_due =
            !chosen.is_empty() || catalog.is_due(&ticker, &venue, interval, request.today, rest);
        let reason = match is_due {
            true => None,
            false if catalog.is_active(&ticker, &venue) => Some(SkipReason::Cooldown),
            false => Some(SkipReason::NotFound),
        };
        match reason {
            Some(reason) => planned.skipped.push(Skipped {
                ticker,
                interval,
                reason,
            }),
            None => planned.jobs.push(plan_job(
                request, outlook, catalog, &venue, ticker, interval,
            )?),
        }
    }
    Ok(())
}

/// A ticker that names no venue belongs to the default one, or to a venue that is asked for by name.
fn tickers_at(
    request: &UpdateRequest,
    outlook: Outlook<'_>,
    catalog: &Catalog,
    venue: &Venue,
) -> Vec<Ticker> {
    let default_venue = &outlook.config.settings().default_venue.value;
    let is_asked = request.venues.contains(venue);
    catalog.tickers_at(venue, if is_asked { venue } else { default_venue })
}

fn plan_job(
    request: &UpdateRequest,
    outlook: Outlook<'_>,
    catalog: &Catalog,
    venue: &Venue,
    ticker: Ticker,
    interval: Interval,
) -> Result<PlannedJob, UpdateError> {
    let series = Series::Bars {
        ticker: ticker.clone(),
        interval,
    };
    let wish = outlook.wish(catalog, venue, &series);
    let asked_for = StorageRequest {
        venue: Some(venue.clone()),
        series,
    };
    let routed = match outlook.stores.route(&asked_for, wish) {
        // Collect first: what is fetched stays staged until the disk answers again. The others go on anyway.
        Err(StorageError::Fs(_)) => Routed::unanswered(wish),
        routed => routed?,
    };
    let known = catalog.last_data_date(&ticker, venue, interval);
    let adjoins = |first: NaiveDate| {
        known
            .and_then(|day| day.succ_opt())
            .is_some_and(|next| first <= next)
    };
    let continuity = match request.days {
        Some((first, _)) if !adjoins(first) => Continuity::Apart,
        _ => Continuity::Joined,
    };
    let mark = catalog.mark(&ticker, venue, interval).map(str::to_owned);
    let (window, asked, mark) = match request.days {
        Some((first, last)) => {
            let after = last.checked_add_days(Days::new(1)).and_then(time::midnight);
            (
                Window {
                    from: time::midnight(first),
                    to: after,
                },
                Asked::Explicit,
                mark.filter(|_| routed.has_rows),
            )
        }
        // The registry may remember rows that somebody has removed: then everything is wanted again.
        None if !routed.has_rows
            || request.history == History::Whole
            || catalog.wants_whole(&ticker, venue, interval) =>
        {
            (Window::default(), Asked::Incremental, None)
        }
        None => {
            // The last known day is asked for again: its bars may have been unfinished.
            // A newest row of days to come is a mistake of the source or of a clock: waiting for what follows it
            // would fetch nothing for years.
            let latest = request.today.checked_add_days(Days::new(1));
            let from = known
                .filter(|day| latest.is_none_or(|latest| *day <= latest))
                .and_then(time::midnight);
            (Window { from, to: None }, Asked::Incremental, mark)
        }
    };
    Ok(PlannedJob {
        ticker,
        interval,
        window,
        asked,
        history: request.history,
        mark,
        known,
        has_rows: routed.has_rows,
        route: routed.route,
        continuity,
    })
}
