//! What a run will do, as values: venues, jobs, and what is left out with the reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::bars_request;
use super::request::{Feeding, History};
use crate::backlog::{self, Order, Owed};
use crate::catalog::{Catalog, Missing};
use crate::config::{ConfigService, ToggleOrigin};
use crate::gaps::GapBooks;
use crate::ingest::Unserved;
use crate::layout::Continuity;
use crate::model::{Identity, Interval, PriceBasis, StorageRequest, Ticker, Venue};
use crate::source::{Asked, Extras, FetchJob, Window};
use crate::storage::{Layout, Route, RouteReason};
use crate::workspace::{DataRoot, View};

/// What a run will do.
#[derive(Clone, Debug, Default)]
pub struct UpdatePlan {
    /// By venue.
    pub venues: Vec<PlannedVenue>,
    /// Venues whose feeds of trades are asked.
    pub feeds: Vec<Venue>,
    /// What becomes of them.
    pub feeding: Feeding,
    /// Which days of them are wanted, both included; all that the feeds have when `None`.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// What nobody can be asked for.
    pub unserved: Vec<Unserved>,
    /// Whether the data root is there, or what is fetched can only be staged.
    pub data: DataRoot,
    /// Series that stay in another layout than they are wished in, which a person should be told.
    pub against_toggle: Vec<AgainstToggle>,
    /// Series with rows in both layouts, which a person should be told.
    pub in_both: Vec<InBothLayouts>,
}

/// Series of one venue with rows in both layouts, of which those of one are not read and nobody compared them with the others: the
/// predecessor began partitions beside histories that it had not migrated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBothLayouts {
    /// The venue.
    pub venue: Venue,
    /// The layout that is read.
    pub layout: Layout,
    /// The series, in the order of the plan.
    pub series: Vec<(Ticker, Interval)>,
}

/// Series of one venue that stay in another layout than they are wished in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgainstToggle {
    /// The venue.
    pub venue: Venue,
    /// Where their rows are.
    pub layout: Layout,
    /// Who wishes them in the other one.
    pub wish: LayoutWish,
    /// The series, in the order of the plan.
    pub series: Vec<(Ticker, Interval)>,
}

/// What wishes a series in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutWish {
    /// A toggle, or that there is none.
    Toggle(ToggleOrigin),
    /// The settings of the venue: its interval is none of those that may be partitioned.
    WideInterval,
}

/// What a run will do at one venue.
#[derive(Clone, Debug)]
pub struct PlannedVenue {
    /// The venue.
    pub venue: Venue,
    /// What will be asked for.
    pub jobs: Vec<PlannedJob>,
    /// What will not.
    pub skipped: Vec<Skipped>,
    /// How many sessions of an interval the source forgets whatever is asked for first, as far as its budget tells.
    pub missed: BTreeMap<Interval, usize>,
}

impl PlannedVenue {
    /// Returns what has rows in both layouts that nobody compared, together by the layout that is read.
    pub(super) fn in_both(&self, catalog: &Catalog) -> Vec<InBothLayouts> {
        let is_unproven = |job: &&PlannedJob| match job.route.because {
            RouteReason::StorageBlock => {
                !catalog.is_storage_verified(&job.ticker, &self.venue, job.interval)
            }
            // Rows in one layout alone decide for themselves.
            RouteReason::Toggle | RouteReason::WideInterval => job.has_rows,
            RouteReason::RowsAreThere | RouteReason::Dataset | RouteReason::Unanswered => false,
        };
        let mut found: Vec<InBothLayouts> = Vec::new();
        for job in self.jobs.iter().filter(is_unproven) {
            let layout = job.route.layout;
            let series = (job.ticker.clone(), job.interval);
            match found.iter_mut().find(|one| one.layout == layout) {
                Some(one) => one.series.push(series),
                None => found.push(InBothLayouts {
                    venue: self.venue.clone(),
                    layout,
                    series: vec![series],
                }),
            }
        }
        found
    }

    /// Returns what stays in another layout than it is wished in, together by layout and reason.
    pub(super) fn against_toggle(&self, config: &ConfigService<'_>) -> Vec<AgainstToggle> {
        let (_, origin) = config.is_partitioned_enabled(&self.venue);
        let mut found: Vec<AgainstToggle> = Vec::new();
        for job in self.jobs.iter().filter(|job| job.route.is_against_toggle) {
            let wish = if config.partitions(&self.venue, job.interval) {
                LayoutWish::Toggle(origin)
            } else {
                LayoutWish::WideInterval
            };
            let layout = job.route.layout;
            let series = (job.ticker.clone(), job.interval);
            let same = found
                .iter_mut()
                .find(|one| one.layout == layout && one.wish == wish);
            match same {
                Some(one) => one.series.push(series),
                None => found.push(AgainstToggle {
                    venue: self.venue.clone(),
                    layout,
                    wish,
                    series: vec![series],
                }),
            }
        }
        found
    }
}

/// One series that will be asked for.
#[derive(Clone, Debug)]
pub struct PlannedJob {
    /// The symbol.
    pub ticker: Ticker,
    /// The length of its bars.
    pub interval: Interval,
    /// Which bars.
    pub window: Window,
    /// Who chose the window.
    pub asked: Asked,
    /// How much of the history a person wants.
    pub history: History,
    /// The source's mark of the last download.
    pub mark: Option<String>,
    /// The newest day that is known.
    pub known: Option<NaiveDate>,
    /// Who the ticker is, as far as somebody recorded it.
    pub identity: Option<Identity>,
    /// Whether rows are stored, on whose price basis the answer has to continue.
    pub has_rows: bool,
    /// Where the rows will go, and why.
    pub route: Route,
    /// Why the disk does not say where the rows are, if it does not.
    pub unreadable: Option<String>,
    /// Rows that tickers.json knows and the disk has not.
    pub missing: Option<Missing>,
    /// The length of the newest file, as it lies there.
    pub newest_bytes: Option<u64>,
    /// Whether the rows join those that are known; if not, what lies between stays wanted.
    pub continuity: Continuity,
}

/// One job of a venue.
#[derive(Clone, Copy, Debug)]
pub(super) struct VenueJob<'p> {
    pub(super) venue: &'p Venue,
    pub(super) job: &'p PlannedJob,
}

impl VenueJob<'_> {
    /// Returns the request for its bars.
    pub(super) fn request(self) -> StorageRequest {
        bars_request(self.venue, self.job)
    }
}

/// A series that will not be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The symbol.
    pub ticker: Ticker,
    /// The length of its bars.
    pub interval: Interval,
    /// Why not.
    pub reason: SkipReason,
}

/// Why a series is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The source did not know the ticker in any interval.
    NotFound,
    /// The source did not know the series less than 30 days ago.
    Cooldown,
}

impl PlannedJob {
    /// Tells whether an answer says of every row that is gone whether the source has it still.
    pub(super) fn is_covered_by(&self, beside: &Extras) -> bool {
        self.asked == Asked::Incremental && beside.cut_short.is_none()
    }

    /// Returns the question to the source; `basis` is that of the stored rows, which tells nothing of the cost.
    pub fn fetch_job(&self, now: DateTime<Utc>, basis: Option<PriceBasis>) -> FetchJob {
        FetchJob {
            ticker: self.ticker.clone(),
            interval: self.interval,
            window: self.window,
            asked: self.asked,
            mark: self.mark.clone(),
            known: self.known,
            basis,
            now,
        }
    }
}

impl PlannedVenue {
    /// Narrows the jobs to their gaps, and leaves those out that have none.
    pub(super) fn narrow(&mut self, owed: &Owed<'_>, books: &GapBooks) {
        self.jobs.retain_mut(|job| {
            let series = (&job.ticker, &self.venue, job.interval);
            let narrowed = backlog::narrow(owed, books, series, (job.window, job.asked));
            (job.window, job.asked) = narrowed.unwrap_or((job.window, job.asked));
            narrowed.is_some()
        });
    }

    /// Puts the jobs into an order.
    pub(super) fn arrange(&mut self, Order { order, missed }: Order) {
        let mut jobs: Vec<Option<PlannedJob>> = self.jobs.drain(..).map(Some).collect();
        let next = order.into_iter().filter_map(|at| jobs.get_mut(at)?.take());
        self.jobs = next.collect();
        self.missed = missed;
    }

    /// Returns the series that are asked for.
    pub(super) fn series(&self) -> (&Venue, Vec<(&Ticker, Interval)>) {
        let series = self.jobs.iter().map(|job| (&job.ticker, job.interval));
        (&self.venue, series.collect())
    }

    /// Returns what was planned as left out, because its source cannot be asked.
    pub(super) fn unserved(self, reason: String) -> Unserved {
        let mut known = BTreeSet::new();
        let mut tickers: Vec<Ticker> = self.jobs.into_iter().map(|job| job.ticker).collect();
        tickers.retain(|ticker| known.insert(ticker.clone()));
        Unserved {
            venue: self.venue,
            tickers,
            reason,
        }
    }
}

impl UpdatePlan {
    /// Notes tickers that nobody can be asked for, if there are any.
    pub(super) fn leave_out(&mut self, venue: Venue, tickers: Vec<Ticker>, reason: String) {
        if !tickers.is_empty() {
            self.unserved.push(Unserved {
                venue,
                tickers,
                reason,
            });
        }
    }

    /// Returns the series of which rows are gone and are asked for again.
    pub fn missing(&self) -> impl Iterator<Item = &PlannedJob> {
        let jobs = self.venues.iter().flat_map(|venue| &venue.jobs);
        jobs.filter(|job| job.missing.is_some() && job.asked == Asked::Incremental)
    }

    /// Returns every series of which rows are gone, also where a person chose what is asked for.
    pub fn with_rows_gone(&self) -> impl Iterator<Item = StorageRequest> {
        self.venues.iter().flat_map(|planned| {
            let gone = planned.jobs.iter().filter(|job| job.missing.is_some());
            gone.map(|job| {
                StorageRequest::bars(planned.venue.clone(), job.ticker.clone(), job.interval)
            })
        })
    }

    /// Returns the tickers that will be asked for.
    pub fn tickers(&self) -> BTreeSet<(&Venue, &Ticker)> {
        let venues = self.venues.iter();
        let tickers = venues.flat_map(|planned| {
            let jobs = planned.jobs.iter();
            jobs.map(|job| (&planned.venue, &job.ticker))
        });
        tickers.collect()
    }

    /// Returns the intervals of the run that bring a series of a ticker: its own or, of what has none and comes along with bars,
    /// those of which the source keeps the whole history.
    pub fn bringing(
        &self,
        view: View<'_>,
        (venue, ticker): (&Venue, &Ticker),
        own: Option<Interval>,
    ) -> Vec<Interval> {
        let source = view.source(venue);
        let is_whole =
            |interval| source.is_some_and(|source| source.depth_days(interval).is_none());
        let planned = self.venues.iter().filter(|planned| planned.venue == *venue);
        let jobs = planned.flat_map(|planned| &planned.jobs);
        let of_ticker = jobs.filter(|job| job.ticker == *ticker);
        let intervals = of_ticker.map(|job| job.interval);
        intervals
            .filter(|interval| own.map_or_else(|| is_whole(*interval), |own| own == *interval))
            .collect()
    }

    /// Counts the series that will be asked for.
    pub fn series(&self) -> usize {
        self.venues.iter().map(|venue| venue.jobs.len()).sum()
    }
}
