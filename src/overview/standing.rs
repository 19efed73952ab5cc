//! How a workspace stands: what is known, what is open, what will be lost and when.
//!
//! Promises: a look; every number comes from the registry, the plan of the next run and what sources say of themselves.
//! Leaves to others: printing (`cli`).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::toggle_warnings;
use crate::backlog::Owed;
use crate::catalog::Catalog;
use crate::check::{Who, judge};
use crate::ingest::Unserved;
use crate::inventory::InventoryError;
use crate::model::words::{count, some_of};
use crate::model::{Interval, Ticker, Venue};
use crate::source::MarketDataSource;
use crate::storage::{StorageError, leftover_runs};
use crate::sys::FsError;
use crate::update::{self, PlannedVenue, SkipReason, UpdateError, UpdatePlan, UpdateRequest};
use crate::workspace::{DataRoot, View, Workspace, WorkspaceError};

/// One interval of one venue.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesStatus {
    /// The venue.
    pub venue: Venue,
    /// The length of the bars.
    pub interval: Interval,
    /// Tickers that are asked for.
    pub active: usize,
    /// Tickers that rest because the source did not know them lately.
    pub resting: usize,
    /// Tickers that were given up.
    pub not_found: usize,
    /// The newest day on which rows came.
    pub last_success: Option<NaiveDate>,
    /// The day of the newest bar.
    pub newest: Option<NaiveDate>,
    /// Requests that bring everything up to date.
    pub backlog: u64,
    /// How long they take at the budget of the source.
    pub hours: Option<f64>,
    /// How long all intervals of the venue take, which share the budget.
    pub venue_hours: Option<f64>,
    /// When the source first forgets something that was not fetched.
    pub next_loss: Option<DateTime<Utc>>,
    /// Tickers that lose something within a day.
    pub losing_in_a_day: usize,
    /// Tickers that lose something within a week.
    pub losing_in_a_week: usize,
    /// Sessions that the source forgets before they can be fetched, whatever is asked for first.
    pub missed: usize,
}

impl SeriesStatus {
    fn of(venue: &Venue, interval: Interval) -> Self {
        Self {
            venue: venue.clone(),
            interval,
            active: 0,
            resting: 0,
            not_found: 0,
            last_success: None,
            newest: None,
            backlog: 0,
            hours: None,
            venue_hours: None,
            next_loss: None,
            losing_in_a_day: 0,
            losing_in_a_week: 0,
            missed: 0,
        }
    }

    /// Tells whether something will be lost before it can be fetched.
    pub fn will_lose(&self) -> bool {
        self.missed > 0
    }
}

/// A ticker of which nothing is stored any more because its source describes another security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTicker {
    /// The symbol.
    pub ticker: Ticker,
    /// The venue.
    pub venue: Venue,
    /// What differs, in words.
    pub conflict: String,
    /// The newest stored day of each interval that is asked for, and the day on which the source forgets what follows it, if
    /// it does.
    pub losses: Vec<(Interval, NaiveDate, Option<NaiveDate>)>,
}

/// How a workspace stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Its series that are asked for.
    pub series: Vec<SeriesStatus>,
    /// Tickers of which nothing is stored, because their source describes another security.
    pub refused: Vec<RefusedTicker>,
    /// What nobody can be asked for.
    pub unserved: Vec<Unserved>,
    /// Whether rows can be stored.
    pub data: DataRoot,
    /// What a person should know of the toggles, as sentences without a period.
    pub toggles: Vec<String>,
    /// Which series cannot be looked at, as sentences without a period.
    pub unreadable: Vec<String>,
}

/// Returns how a workspace stands, by the plan of the next run.
///
/// # Errors
/// When the disk cannot be asked where rows are.
pub fn survey(workspace: &Workspace<'_>, catalog: &Catalog) -> Result<Standing, SurveyError> {
    let view = workspace.view();
    let (now, today) = (workspace.clock().now(), workspace.clock().today());
    let waiting = view.waiting(catalog, workspace.fs(), &workspace.places);
    let request = UpdateRequest {
        now,
        today,
        waiting: waiting.map_err(UpdateError::from)?,
        ..UpdateRequest::default()
    };
    let plan = update::plan(&request, view, catalog, &workspace.intervals()?)?;
    Ok(Standing {
        series: series(&plan, view, catalog, now),
        refused: refused(&plan, view, catalog, now),
        toggles: toggle_warnings(&plan, workspace.config.storage_config()),
        unreadable: plan.venues.iter().filter_map(unreadable).collect(),
        unserved: plan.unserved,
        data: plan.data,
    })
}

/// Counts the runs that were interrupted; what lies in a data root that nobody may look into is not counted.
///
/// # Errors
/// When a folder cannot be listed.
pub fn interrupted_runs(workspace: &Workspace<'_>, data: &DataRoot) -> Result<usize, StorageError> {
    let (fs, places) = (workspace.fs(), &workspace.places);
    let runs = match leftover_runs(fs, places) {
        Err(_) if data.refusal().is_some() => leftover_runs(fs, &places.without_disk())?,
        runs => runs?,
    };
    Ok(runs.len())
}

/// Why nobody can say how a workspace stands.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SurveyError {
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// Says which series of a venue cannot be looked at, and why.
fn unreadable(planned: &PlannedVenue) -> Option<String> {
    let named = planned.jobs.iter().filter_map(|job| {
        let reason = job.unreadable.as_ref()?;
        Some(format!("{} {} ({reason})", job.ticker, job.interval))
    });
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| {
        format!(
            "{} at {} cannot be looked at: {}",
            count(named.len(), "series", "series"),
            planned.venue,
            some_of(&named, 3)
        )
    })
}

/// Returns the tickers of the plan that are refused.
fn refused(
    plan: &UpdatePlan,
    view: View<'_>,
    catalog: &Catalog,
    now: DateTime<Utc>,
) -> Vec<RefusedTicker> {
    let mut found = Vec::new();
    for planned in &plan.venues {
        let venue = &planned.venue;
        for (ticker, seen) in catalog.refused_at(venue) {
            let known = catalog.identity(&ticker, venue).unwrap_or_default();
            let (Who::Other(conflict) | Who::Moved(conflict)) = judge(&known, &seen, || false)
            else {
                continue;
            };
            let jobs = planned.jobs.iter().filter(|job| job.ticker == ticker);
            let losses = jobs.filter_map(|job| {
                let newest = catalog.last_data_date(&ticker, venue, job.interval)?;
                let owed = Owed { view, catalog, now };
                let loss = owed.next_loss((&ticker, venue, job.interval));
                Some((job.interval, newest, loss.map(|loss| loss.date_naive())))
            });
            let losses = losses.collect();
            found.push(RefusedTicker {
                venue: venue.clone(),
                conflict,
                losses,
                ticker,
            });
        }
    }
    found
}

/// Returns how each planned interval of each venue stands at `now`.
fn series(
    plan: &UpdatePlan,
    view: View<'_>,
    catalog: &Catalog,
    now: DateTime<Utc>,
) -> Vec<SeriesStatus> {
    let mut found = Vec::new();
    for planned in &plan.venues {
        let Some(source) = view.source(&planned.venue) else {
            continue;
        };
        let mut intervals: Vec<Interval> = planned.jobs.iter().map(|job| job.interval).collect();
        intervals.extend(planned.skipped.iter().map(|skipped| skipped.interval));
        intervals.sort_unstable();
        intervals.dedup();
        let mut of_venue: Vec<SeriesStatus> = intervals
            .into_iter()
            .map(|interval| status(planned, &**source, Owed { view, catalog, now }, interval))
            .collect();
        let hours = of_venue.iter().map(|one| one.hours).sum::<Option<f64>>();
        for one in &mut of_venue {
            one.venue_hours = hours;
        }
        found.extend(of_venue);
    }
    found
}

fn status(
    planned: &PlannedVenue,
    source: &dyn MarketDataSource,
    owed: Owed<'_>,
    interval: Interval,
) -> SeriesStatus {
    let Owed { catalog, now, .. } = owed;
    let mut status = SeriesStatus::of(&planned.venue, interval);
    status.missed = planned.missed.get(&interval).copied().unwrap_or_default();
    let skipped = planned.skipped.iter();
    for skipped in skipped.filter(|skipped| skipped.interval == interval) {
        match skipped.reason {
            SkipReason::NotFound => status.not_found += 1,
            SkipReason::Cooldown => status.resting += 1,
        }
        let (ticker, venue) = (&skipped.ticker, &planned.venue);
        let found = catalog.last_found_date(ticker, venue, interval);
        status.last_success = status.last_success.max(found);
        let newest = catalog.last_data_date(ticker, venue, interval);
        status.newest = status.newest.max(newest);
    }
    for job in planned.jobs.iter().filter(|job| job.interval == interval) {
        let (ticker, venue) = (&job.ticker, &planned.venue);
        status.active += 1;
        status.backlog += u64::from(source.cost(&job.fetch_job(now, None)));
        let found = catalog.last_found_date(ticker, venue, interval);
        status.last_success = status.last_success.max(found);
        let newest = catalog.last_data_date(ticker, venue, interval);
        status.newest = status.newest.max(newest);
        if let Some(loss) = owed.next_loss((ticker, venue, interval)) {
            status.next_loss = Some(status.next_loss.map_or(loss, |known| known.min(loss)));
            let left = loss - now;
            status.losing_in_a_day += usize::from(left <= TimeDelta::days(1));
            status.losing_in_a_week += usize::from(left <= TimeDelta::days(7));
        }
    }
    status.hours = source.rate().map(|rate| {
        #[expect(clippy::cast_precision_loss, reason = "hours, for an estimate")]
        let backlog = status.backlog as f64;
        backlog * f64::from(rate.per_seconds) / f64::from(rate.max_requests) / 3600.0
    });
    status
}
