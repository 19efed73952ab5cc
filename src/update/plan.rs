//! What a run will ask for. Pure but for looking at what lies on disk; nothing is changed.
//!
//! Promises: a ticker that is named is asked for whatever was the case before; others rest while a not-found is younger
//! than 30 days. What a source forgets first is asked for first. Leaves to others: asking (`fetch`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use crate::backlog::{self, Owed};
use crate::catalog::Catalog;
use crate::feeds::left_feeds;
use crate::layout::Continuity;
use crate::model::{Interval, StorageRequest, Ticker, Venue, time};
use crate::source::{Asked, MarketDataSource, Window};
use crate::storage::{Routed, StorageError};

use super::UpdateError;
use super::planned::{PlannedJob, PlannedVenue, SkipReason, Skipped, UpdatePlan};
use super::request::{Feeding, History, UpdateRequest};
use crate::ingest::{self, Unserved};
use crate::workspace::{DataRoot, View};

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
    let look = Look {
        request,
        view,
        catalog,
        is_absent: data == DataRoot::Absent,
    };
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
        match view.source(&venue) {
            Some(source) => look.plan_venue(&mut plan, venue, &**source, intervals)?,
            None if request.feeding == Feeding::Asked => look.leave_out(&mut plan, venue),
            None => {}
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
    /// Leaves out a venue that nobody can be asked for.
    fn leave_out(self, plan: &mut UpdatePlan, venue: Venue) {
        let mut tickers = tickers_at(self.request, self.catalog, &venue);
        tickers.retain(|ticker| is_named(self.request) || self.catalog.is_active(ticker, &venue));
        let reason = format!("no source is configured for {venue}");
        plan.leave_out(venue, tickers, reason);
    }

    /// Plans what a source is asked for, or of which of its series the vault is read.
    fn plan_venue(
        self,
        plan: &mut UpdatePlan,
        venue: Venue,
        source: &dyn MarketDataSource,
        intervals: &[Interval],
    ) -> Result<(), UpdateError> {
        let is_asked = self.request.feeding == Feeding::Asked;
        if !is_asked && source.vault().is_none() {
            return Ok(());
        }
        let tickers = tickers_at(self.request, self.catalog, &venue);
        let mut planned = PlannedVenue {
            venue,
            jobs: Vec::new(),
            skipped: Vec::new(),
            missed: BTreeMap::new(),
        };
        for &interval in intervals.iter().filter(|one| source.serves(**one)) {
            self.plan_interval(&mut planned, interval, &tickers)?;
        }
        if !is_asked {
            plan.venues.push(planned);
            return Ok(());
        }
        self.arrange(&mut planned, source);
        let has_jobs = !planned.jobs.is_empty();
        let against_toggle = planned.against_toggle(self.view.config);
        plan.against_toggle.extend(against_toggle);
        plan.in_both.extend(planned.in_both(self.catalog));
        match source.ready() {
            Err(error) if has_jobs => plan.unserved.push(planned.unserved(error.to_string())),
            _ => plan.venues.push(planned),
        }
        Ok(())
    }

    /// Leaves of the jobs of a venue what fills gaps, if only that is wanted, and puts first what its source forgets first.
    fn arrange(self, planned: &mut PlannedVenue, source: &dyn MarketDataSource) {
        let request = self.request;
        let owed = Owed {
            view: self.view,
            catalog: self.catalog,
            now: request.now,
        };
        if let Some(books) = &request.gaps {
            planned.narrow(&owed, books);
        }
        let questions = planned.jobs.iter();
        let questions = questions.map(|job| job.fetch_job(request.now, None));
        let order = backlog::order(&owed, source, questions, request.pace);
        planned.arrange(order);
    }

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
        let stored_as = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
        let known = catalog.last_data_date(&ticker, venue, interval);
        let (routed, unreadable) = self.route(venue, &stored_as, known)?;
        let of = (&ticker, venue, interval);
        let missing = ingest::missing(view, catalog, &stored_as, &routed, of);
        let missing = missing.filter(|_| !request.waiting.contains(&stored_as));
        let stored = missing.map_or(known, |missing| missing.left);
        // A mark says that what was fetched is held.
        let mark = catalog.mark(&ticker, venue, interval);
        let mark = mark.filter(|_| missing.is_none()).map(str::to_owned);
        let question = match request.days {
            Some(days) => Question::of_days(days, mark.filter(|_| routed.has_rows)),
            // The registry may remember rows that somebody has removed: then everything is wanted again.
            None if !routed.has_rows
                || request.history == History::Whole
                || catalog.wants_whole(&ticker, venue, interval) =>
            {
                Question::of_all()
            }
            None => Question::since(stored, request.today, mark),
        };
        Ok(PlannedJob {
            identity: catalog.identity(&ticker, venue),
            ticker,
            interval,
            window: question.window,
            asked: question.asked,
            history: request.history,
            mark: question.mark,
            known: stored,
            has_rows: routed.has_rows,
            missing,
            newest_bytes: routed.newest.map(|file| file.bytes),
            route: routed.route,
            unreadable,
            continuity: continuity(request.days, stored),
        })
    }

    /// Returns where the rows of a series are, and why the disk does not say so, if it does not.
    fn route(
        self,
        venue: &Venue,
        stored_as: &StorageRequest,
        known: Option<NaiveDate>,
    ) -> Result<(Routed, Option<String>), UpdateError> {
        let view = self.view;
        let facts = view.routing_facts(self.catalog, venue, &stored_as.series);
        if self.is_absent && known.is_some() {
            // What is fetched is merged when the rows are back: it is what follows them.
            return Ok((Routed::unanswered(facts), None));
        }
        match view.stores.route(stored_as, facts) {
            // Collect first: what is fetched stays staged until the disk answers again. The others go on anyway.
            Err(StorageError::Fs(error)) => {
                Ok((Routed::unanswered(facts), Some(error.to_string())))
            }
            routed => Ok((routed?, None)),
        }
    }
}

/// What a source is asked of a series.
struct Question {
    window: Window,
    asked: Asked,
    /// What the answer goes on from.
    mark: Option<String>,
}

impl Question {
    /// Asks for days, both included.
    fn of_days((first, last): (NaiveDate, NaiveDate), mark: Option<String>) -> Self {
        let after = last.checked_add_days(Days::new(1));
        let window = Window {
            from: time::midnight(first),
            to: after.and_then(time::midnight),
        };
        Self {
            window,
            asked: Asked::Explicit,
            mark,
        }
    }

    /// Asks for all that there is.
    fn of_all() -> Self {
        Self {
            window: Window::default(),
            asked: Asked::Incremental,
            mark: None,
        }
    }

    /// Asks for what is new. The last known day is asked for again: its bars may have been unfinished.
    fn since(stored: Option<NaiveDate>, today: NaiveDate, mark: Option<String>) -> Self {
        let from = stored
            .filter(|day| !ingest::is_to_come(*day, today))
            .and_then(time::midnight);
        Self {
            window: Window { from, to: None },
            asked: Asked::Incremental,
            mark,
        }
    }
}

/// Tells whether what is asked for follows what is stored. Days that somebody names may leave some out between them.
fn continuity(days: Option<(NaiveDate, NaiveDate)>, stored: Option<NaiveDate>) -> Continuity {
    let next = stored.and_then(|day| day.succ_opt());
    match days {
        Some((first, _)) if next.is_none_or(|next| first > next) => Continuity::Apart,
        _ => Continuity::Joined,
    }
}
