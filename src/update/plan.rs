//! What a run will ask for. Pure but for looking at what lies on disk; nothing is changed.
//!
//! Promises: a ticker that is named is asked for whatever was the case before; others rest while a not-found is younger
//! than 30 days. What a source forgets first is asked for first. Leaves to others: asking (`fetch`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::backlog::{self, Owed};
use crate::catalog::Catalog;
use crate::feeds::left_feeds;
use crate::gaps::GapBooks;
use crate::layout::Continuity;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue, time};
use crate::source::{Asked, Window};
use crate::storage::{Routed, StorageError};

use super::UpdateError;
use super::planned::{PlannedJob, PlannedVenue, SkipReason, Skipped, UpdatePlan};
use crate::ingest::{self, Unserved};
use crate::workspace::{DataRoot, View};

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct UpdateRequest {
    /// Only these venues; all that have tickers when empty. Narrows, and never makes a ticker another venue's.
    pub venues: Vec<Venue>,
    /// Only these intervals; those of intervals.json when empty.
    pub intervals: Vec<Interval>,
    /// Only these tickers; all when empty.
    pub tickers: Vec<Ticker>,
    /// Exactly these days, both included, whatever was fetched before.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// How much of the history is asked for where nobody names days.
    pub history: History,
    /// What becomes of feeds.
    pub feeding: Feeding,
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// The day that the cooldown of not-found series is counted to.
    pub today: NaiveDate,
    /// The least time between two requests, where a person chose one.
    pub pace: Option<Duration>,
    /// What is remembered of gaps, where only these are to be filled.
    pub gaps: Option<GapBooks>,
    /// Venues whose feeds are left alone, since nothing of them is open.
    pub filled_feeds: BTreeSet<Venue>,
    /// Series of which rows wait in staging or in a journal: what the tree lacks of them is not gone.
    pub waiting: BTreeSet<StorageRequest>,
}

/// What becomes of feeds of trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feeding {
    /// They are asked for what is new, and so are sources of bars.
    #[default]
    Asked,
    /// Nobody is asked: trades and bars are made anew of the downloads in the vault.
    Replayed {
        /// The first day that is made anew; all when `None`.
        since: Option<NaiveDate>,
    },
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
/// When a venue was asked for of which nothing is known, or the disk cannot be asked where rows are.
pub fn plan(
    request: &UpdateRequest,
    view: View<'_>,
    catalog: &Catalog,
    intervals: &[Interval],
) -> Result<UpdatePlan, UpdateError> {
    let intervals = if request.intervals.is_empty() {
        intervals
    } else {
        &request.intervals
    };
    let data = view.data_root(catalog);
    let is_absent = data == DataRoot::Absent;
    let mut feeds = feeds(request, view, catalog);
    feeds.retain(|venue| !request.filled_feeds.contains(venue));
    let mut plan = UpdatePlan {
        unserved: idle(request, view, catalog)?,
        feeds,
        feeding: request.feeding,
        days: request.days,
        data,
        ..UpdatePlan::default()
    };
    let is_feed = |venue: &Venue| view.feed(venue).is_some();
    // The tickers of a feed are instruments whose trades it gives anyway.
    for venue in venues(request, catalog)
        .into_iter()
        .filter(|venue| !is_feed(venue))
    {
        let tickers = tickers_at(request, catalog, &venue);
        let Some(source) = view.source(&venue) else {
            if request.feeding != Feeding::Asked {
                continue;
            }
            let mut tickers = tickers;
            tickers.retain(|ticker| is_named(request) || catalog.is_active(ticker, &venue));
            let reason = format!("no source is configured for {venue}");
            plan.leave_out(venue, tickers, reason);
            continue;
        };
        if request.feeding != Feeding::Asked && source.vault().is_none() {
            continue;
        }
        let mut planned = PlannedVenue {
            venue,
            jobs: Vec::new(),
            skipped: Vec::new(),
            missed: BTreeMap::new(),
        };
        for &interval in intervals.iter().filter(|one| source.serves(**one)) {
            let look = Look {
                request,
                view,
                catalog,
                is_absent,
            };
            look.plan_interval(&mut planned, interval, &tickers)?;
        }
        let owed = Owed {
            view,
            catalog,
            now: request.now,
        };
        if request.feeding != Feeding::Asked {
            plan.venues.push(planned);
            continue;
        }
        if let Some(books) = &request.gaps {
            planned.narrow(&owed, books);
        }
        let questions = planned.jobs.iter();
        let questions = questions.map(|job| job.fetch_job(request.now, None));
        let order = backlog::order(&owed, &**source, questions, request.pace);
        planned.arrange(order);
        let has_jobs = !planned.jobs.is_empty();
        let against_toggle = planned.against_toggle(view.config);
        plan.against_toggle.extend(against_toggle);
        plan.in_both.extend(planned.in_both(catalog));
        match source.ready() {
            Err(error) if has_jobs => plan.unserved.push(planned.unserved(error.to_string())),
            _ => plan.venues.push(planned),
        }
    }
    leave_out_feeds(request, view, &mut plan)?;
    Ok(plan)
}

/// Leaves out the feeds that were collected and that no settings describe any more, unless somebody means something else.
fn leave_out_feeds(
    request: &UpdateRequest,
    view: View<'_>,
    plan: &mut UpdatePlan,
) -> Result<(), UpdateError> {
    let means_all = request.venues.is_empty() && !is_named(request);
    if !means_all || request.feeding != Feeding::Asked {
        return Ok(());
    }
    for left in left_feeds(view)? {
        if plan.unserved.iter().all(|one| one.venue != left.venue) {
            let reason = left.reason();
            plan.unserved.push(Unserved {
                venue: left.venue,
                tickers: Vec::new(),
                reason,
            });
        }
    }
    Ok(())
}

/// Returns the venues that are meant: those with tickers, narrowed to those that were named.
fn venues(request: &UpdateRequest, catalog: &Catalog) -> BTreeSet<Venue> {
    let mut known = catalog.venues();
    if !request.venues.is_empty() {
        known.retain(|venue| request.venues.contains(venue));
    }
    known
}

/// Returns the venues whose feeds are meant: those that were named; else those of the tickers that were named; else those that the
/// settings describe, that have tickers, or of which trades are stored.
fn feeds(request: &UpdateRequest, view: View<'_>, catalog: &Catalog) -> Vec<Venue> {
    let settings = view.config.settings();
    let mut wanted: BTreeSet<&Venue> = request.venues.iter().collect();
    let homes = request.tickers.iter().map(|one| catalog.venues_of(one));
    let homes: Vec<Venue> = homes.flatten().collect();
    let known = catalog.venues();
    if is_named(request) {
        wanted.extend(homes.iter().filter(|_| request.venues.is_empty()));
    } else if request.venues.is_empty() {
        wanted.extend(settings.described_venues());
        wanted.extend(&known);
        for feed in view.feeds {
            // What cannot be looked at may hold trades, and says why when it is written.
            let stored = view.stores.partitioned.feeds(feed.venue());
            if stored.is_ok_and(|stored| !stored.is_empty()) {
                wanted.insert(feed.venue());
            }
        }
    }
    let is_feed = |venue: &&&Venue| view.feed(venue).is_some();
    wanted.iter().filter(is_feed).copied().cloned().collect()
}

/// Returns the venues that were named and have no ticker: somebody expects something of them.
fn idle(
    request: &UpdateRequest,
    view: View<'_>,
    catalog: &Catalog,
) -> Result<Vec<Unserved>, UpdateError> {
    if request.venues.is_empty() {
        return Ok(Vec::new());
    }
    let known = catalog.venues();
    let idle: BTreeSet<&Venue> = request
        .venues
        .iter()
        .filter(|venue| !known.contains(venue) && view.feed(venue).is_none())
        .collect();
    if let Some(venue) = idle.iter().find(|venue| view.source(venue).is_none()) {
        return Err(UpdateError::UnknownVenue {
            venue: (*venue).clone(),
        });
    }
    match idle.first() {
        Some(venue) if idle.len() == request.venues.iter().collect::<BTreeSet<_>>().len() => {
            Err(UpdateError::NoTickers {
                venue: (*venue).clone(),
            })
        }
        _ => Ok(idle
            .into_iter()
            .map(|venue| Unserved {
                venue: venue.clone(),
                tickers: Vec::new(),
                reason: format!("tickers.json has no ticker of {venue}"),
            })
            .collect()),
    }
}

/// Tells whether somebody named tickers: they are asked for whatever was the case before.
fn is_named(request: &UpdateRequest) -> bool {
    !request.tickers.is_empty()
}

/// Returns the tickers of a venue that are meant. A ticker that is named and belongs to another venue stays there.
fn tickers_at(request: &UpdateRequest, catalog: &Catalog, venue: &Venue) -> Vec<Ticker> {
    let mut tickers = catalog.tickers_at(venue);
    if is_named(request) {
        let named: BTreeSet<&Ticker> = request.tickers.iter().collect();
        tickers.retain(|ticker| named.contains(ticker));
    }
    tickers
}

/// What the plan of one series depends on.
#[derive(Clone, Copy)]
struct Look<'l> {
    request: &'l UpdateRequest,
    view: View<'l>,
    catalog: &'l Catalog,
    is_absent: bool,
}

impl Look<'_> {
    fn plan_interval(
        self,
        planned: &mut PlannedVenue,
        interval: Interval,
        tickers: &[Ticker],
    ) -> Result<(), UpdateError> {
        let Self {
            request,
            view,
            catalog,
            ..
        } = self;
        let venue = planned.venue.clone();
        for ticker in tickers {
            let ticker = ticker.clone();
            let is_due =
                is_named(request) || view.is_due(catalog, &ticker, &venue, interval, request.today);
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
                None => planned.jobs.push(self.plan_job(&venue, ticker, interval)?),
            }
        }
        Ok(())
    }

    fn plan_job(
        self,
        venue: &Venue,
        ticker: Ticker,
        interval: Interval,
    ) -> Result<PlannedJob, UpdateError> {
        let Self {
            request,
            view,
            catalog,
            ..
        } = self;
        let series = Series::Bars {
            ticker: ticker.clone(),
            interval,
        };
        let facts = view.routing_facts(catalog, venue, &series);
        let asked_for = StorageRequest {
            venue: Some(venue.clone()),
            series,
        };
        let known = catalog.last_data_date(&ticker, venue, interval);
        let mut unreadable = None;
        let routed = if self.is_absent && known.is_some() {
            // What is fetched is merged when the rows are back: it is what follows them.
            Routed::unanswered(facts)
        } else {
            match view.stores.route(&asked_for, facts) {
                // Collect first: what is fetched stays staged until the disk answers again. The others go on anyway.
                Err(StorageError::Fs(error)) => {
                    unreadable = Some(error.to_string());
                    Routed::unanswered(facts)
                }
                routed => routed?,
            }
        };
        let missing = ingest::missing(
            view,
            catalog,
            &asked_for,
            &routed,
            (&ticker, venue, interval),
        );
        let missing = missing.filter(|_| !request.waiting.contains(&asked_for));
        let stored = missing.map_or(known, |missing| missing.left);
        let adjoins = |first: NaiveDate| {
            stored
                .and_then(|day| day.succ_opt())
                .is_some_and(|next| first <= next)
        };
        let continuity = match request.days {
            Some((first, _)) if !adjoins(first) => Continuity::Apart,
            _ => Continuity::Joined,
        };
        // A mark says that what was fetched is held.
        let mark = catalog.mark(&ticker, venue, interval);
        let mark = mark.filter(|_| missing.is_none()).map(str::to_owned);
        let (window, asked, mark) = match request.days {
            Some((first, last)) => {
                let after = last.checked_add_days(Days::new(1)).and_then(time::midnight);
                let from = time::midnight(first);
                let mark = mark.filter(|_| routed.has_rows);
                (Window { from, to: after }, Asked::Explicit, mark)
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
                let from = stored
                    .filter(|day| !ingest::is_to_come(*day, request.today))
                    .and_then(time::midnight);
                (Window { from, to: None }, Asked::Incremental, mark)
            }
        };
        Ok(PlannedJob {
            identity: catalog.identity(&ticker, venue),
            ticker,
            interval,
            window,
            asked,
            history: request.history,
            mark,
            known: stored,
            has_rows: routed.has_rows,
            missing,
            newest_bytes: routed.newest.map(|file| file.bytes),
            route: routed.route,
            unreadable,
            continuity,
        })
    }
}
