//! The order of an update under the run lock.

use std::collections::{BTreeSet, HashSet};

use crate::backlog::{self, FeedMinutes, Owed};
use crate::catalog::{Catalog, KnownRows};
use crate::ingest::{
    self, LeftoverReport, LookedInto, Registry, RehouseReport, RunReport, sweep as temps,
};
use crate::inventory::{
    self, InventoryError, LookFor, LostRows, Portion, interval_of, lost_rows, note_sought,
};
use crate::mirror;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue};
use crate::overview::{RequestCount, RequestWeek};
use crate::source::{Asked, FetchJob};
use crate::sys::{FsResult, Stopwatch};
use crate::update::{self, Feeding, NotFounds, PlannedVenue, UpdatePlan};
use crate::workspace::{DataRoot, Session, View};

use super::space::check_space;
use super::tidy::sweep_touched;
use super::{Cycle, CycleError, Planned};

/// How much of what no commit recorded is looked at after each run.
const PORTION: Portion = Portion {
    files: 20_000,
    seconds: 2.0,
};

/// What is said of rows that are asked for again.
const AGAIN: &str = "the next update asks its source for all of them again";

/// What is said of rows that no source brings again.
const UNSOUGHT: &str = "its source brings no more of them: put them back from a backup, or accept that they are gone with \
                        barkeep check --rebuild";

/// Returns what is said of rows of a feed, which has forgotten its trades.
fn anew(venue: &Venue) -> String {
    format!(
        "barkeep update --replay --venue {venue} makes anew what the vault has of them; put the others back from a backup, or accept \
         that they are gone with barkeep check --rebuild"
    )
}

/// Whoever has an update made: hears how far it is, and is asked.
pub trait Asker {
    /// Hears what tickers.json says.
    fn read(&self, catalog: &Catalog);
    /// Hears that the rows of so many series were given up.
    fn gave_up(&self, series: usize);
    /// Hears what will be done.
    fn planned(&self, planned: &Planned, catalog: &Catalog);
    /// Hears that all is stored that will be.
    fn stored(&self);
    /// Tells whether so many series may rest that their sources do not know.
    fn lets_rest(&self, series: usize) -> bool;
}

/// An update that came to its end.
#[derive(Debug)]
pub struct Done {
    /// What was done.
    pub report: RunReport,
    /// What stopped runs had left.
    pub leftovers: LeftoverReport,
    /// What was planned.
    pub planned: Planned,
    /// What the venues were asked lately.
    pub requests: Vec<RequestWeek>,
    /// Whether all of tickers.json could be used.
    pub is_registry_whole: bool,
    /// What is wrong with the count of requests, as a sentence.
    pub miscounted: Option<String>,
    /// What kept temporary files from being settled.
    pub untidied: Option<CycleError>,
    /// Sessions that sources forget before they can be fetched at this pace.
    pub missed: Vec<(Venue, Interval, usize)>,
    /// How the minutes of feeds stand, if feeds were asked.
    pub minutes: Option<FeedMinutes>,
}

impl Cycle<'_> {
    /// Brings the workspace up to date.
    ///
    /// # Errors
    /// When the disk refuses, the lock is lost, or nothing can be planned. Whatever was committed stays, and what was fetched stays
    /// staged.
    pub fn run(&self, session: Session<'_>, asker: &dyn Asker) -> Result<Done, CycleError> {
        let done = self.run_in_order(session, asker);
        if done.is_err() {
            // A run that failed may have left something. The failure is told; what cannot be noted waits for tomorrow.
            let _noted = temps::forget(session.fs, session.places);
        }
        done
    }

    fn run_in_order(&self, session: Session<'_>, asker: &dyn Asker) -> Result<Done, CycleError> {
        let registry = &mut self.registry()?;
        let is_registry_whole = registry.catalog().warnings().is_empty();
        asker.read(registry.catalog());
        let watch = Stopwatch::start();
        let mut leftovers = self.finish_leftovers(session, registry, asker)?;
        registry.save(session)?;
        let housed = self.rehouse(session, &leftovers)?;
        let leftover_seconds = watch.seconds();
        if registry.catalog().known_rows() == KnownRows::None && session.held.took_over().is_none()
        {
            // Nobody was killed where nothing was ever stored: the first import need not be looked through. If that cannot
            // be noted, it is.
            let _noted: FsResult<()> = temps::remember(session, self.request.today);
        }
        let ahead = ingest::set_right(self.view(), registry, self.request.today);
        let watch = Stopwatch::start();
        let planned = self.plan(registry.catalog())?;
        let plan_seconds = watch.seconds();
        asker.planned(&planned, registry.catalog());
        let mut report = self.update(&planned.plan, session, registry, asker)?;
        report.seconds.leftovers = leftover_seconds;
        report.seconds.plan = plan_seconds;
        report.warnings.extend(housed.unmoved());
        report.kept.extend(housed.kept);
        let is_whole = report.data.is_there() && report.interrupted.is_none();
        let untidied = is_whole
            .then(|| self.tidy(session, registry, (&mut report, &mut leftovers)))
            .flatten();
        report.warnings.extend(self.toggle_warnings(&planned.plan));
        report.warnings.extend(ahead);
        report.warnings.extend(self.tell_halves(registry.catalog()));
        let (requests, miscounted) = self.count_requests(&report, registry.catalog(), session);
        if report.data.is_there() {
            self.let_rest(&report, registry, session, asker)?;
        }
        if is_whole {
            let other_bases =
                self.record_stored(&planned.plan, &mut report, registry.catalog(), session);
            self.seek_lost(&planned.plan, &mut report, registry, session)?;
            let told = mirror::refresh_all(self.workspace, registry.catalog());
            report.warnings.extend(told);
            report.warnings.extend(other_bases);
        }
        Ok(Done {
            missed: self.missed(&planned.plan, registry.catalog()),
            minutes: self.minutes_of(&planned.plan)?,
            report,
            leftovers,
            planned,
            requests,
            miscounted,
            is_registry_whole,
            untidied,
        })
    }

    /// Fetches and stores what is planned, if the disk has room for it.
    fn update(
        &self,
        plan: &UpdatePlan,
        session: Session<'_>,
        registry: &mut Registry,
        asker: &dyn Asker,
    ) -> Result<RunReport, CycleError> {
        let (view, options) = (self.view(), &self.options);
        let ran = check_space(self.workspace, plan)
            .and_then(|()| Ok(update::run(plan, view, session, registry, options)?));
        asker.stored();
        ran
    }

    /// Has legacy files moved to the folders of their venues, where rows can be stored.
    fn rehouse(
        &self,
        session: Session<'_>,
        leftovers: &LeftoverReport,
    ) -> Result<RehouseReport, CycleError> {
        if !leftovers.data.is_there() {
            return Ok(RehouseReport::default());
        }
        let stores = &self.workspace.stores;
        Ok(ingest::rehouse(stores, session, LookedInto::Known)?)
    }

    /// Settles temporary files where the run wrote, and returns what keeps it from that. The rows are stored: what the report says
    /// of them must not be lost over what lies beside them.
    fn tidy(
        &self,
        session: Session<'_>,
        registry: &mut Registry,
        (report, leftovers): (&mut RunReport, &mut LeftoverReport),
    ) -> Option<CycleError> {
        let told = (&mut *report, leftovers);
        let error = sweep_touched(self.workspace, session, registry, told).err()?;
        report
            .warnings
            .push(format!("temporary files stay: {error}"));
        Some(error)
    }

    /// Finishes what earlier runs left. Rows that are accepted to be gone are given up before anything is merged: a history
    /// of the rows that wait would look like the whole one.
    fn finish_leftovers(
        &self,
        session: Session<'_>,
        registry: &mut Registry,
        asker: &dyn Asker,
    ) -> Result<LeftoverReport, CycleError> {
        let view = self.view();
        let leftovers = ingest::finish_leftovers(view, session, registry)?;
        if !self.accepts_missing || view.data_root(registry.catalog()) != DataRoot::Absent {
            return Ok(leftovers);
        }
        // A tree that cannot be looked into may hold them all.
        self.workspace.stores.is_data_bare()?;
        self.workspace.stores.are_flat_folders_bare()?;
        let mut given_up = registry.catalog_mut().give_up_rows(self.options.today);
        registry.save(session)?;
        given_up += inventory::give_up(self.workspace, session)?;
        asker.gave_up(given_up);
        let mut finished = ingest::finish_leftovers(view, session, registry)?;
        finished.add_earlier(leftovers);
        Ok(finished)
    }

    /// Adds the requests of a run to those of the last days, and returns both by venue; then, what is wrong with the count, which
    /// changes nothing of the run.
    fn count_requests(
        &self,
        report: &RunReport,
        catalog: &Catalog,
        session: Session<'_>,
    ) -> (Vec<RequestWeek>, Option<String>) {
        let count = RequestCount::of(self.workspace);
        let temps = session.held.temps();
        let venues = || report.venues.iter().map(|one| (&one.venue, one.requests));
        let counted = count.read().and_then(|(mut log, is_damaged)| {
            count.add(&mut log, venues(), &temps)?;
            Ok((log, is_damaged))
        });
        let path = count.path();
        let path = path.display();
        match counted {
            Ok((log, is_damaged)) => {
                let told = format!("{path} is damaged; the count of requests begins again.");
                let weeks = count.weeks(&log, catalog, venues());
                (weeks, is_damaged.then_some(told))
            }
            Err(error) => {
                let told = format!("the requests are not counted in {path}: {error}.");
                (Vec::new(), Some(told))
            }
        }
    }

    /// Lets series rest that their sources do not know, if somebody says so.
    fn let_rest(
        &self,
        report: &RunReport,
        registry: &mut Registry,
        session: Session<'_>,
        asker: &dyn Asker,
    ) -> Result<(), CycleError> {
        let unknown = match self.options.not_founds {
            NotFounds::Leave => ingest::may_rest(report),
            // The run has done so.
            NotFounds::Save => None,
        };
        if unknown.is_none_or(|unknown| !asker.lets_rest(unknown)) {
            return Ok(());
        }
        ingest::let_rest(&report.venues, registry.catalog_mut(), self.options.today);
        Ok(registry.save(session)?)
    }

    /// Says which series have rows in an older file that no run continues.
    fn tell_halves(&self, catalog: &Catalog) -> Option<String> {
        let found = inventory::halves(self.workspace, &catalog.venues());
        match found {
            Ok(halves) => inventory::tell_halves(&halves, &self.workspace.places.root),
            Err(error) => Some(format!(
                "whether series have an older file is not known: {error}"
            )),
        }
    }

    /// Writes down what lies of some series of which no commit recorded anything, such as those of an older build, now that all that
    /// was fetched is stored. Returns which series have records that contradict the settings, as sentences without a period. What
    /// cannot be written down is told, and changes nothing else.
    fn record_stored(
        &self,
        plan: &UpdatePlan,
        report: &mut RunReport,
        catalog: &Catalog,
        session: Session<'_>,
    ) -> Vec<String> {
        let workspace = self.workspace;
        let gone: Vec<StorageRequest> = plan.with_rows_gone().collect();
        let noted = inventory::note_healed(workspace, session, catalog, &gone)
            .and_then(|()| inventory::note_portion(workspace, session, catalog, PORTION))
            .and_then(|_| inventory::other_bases(workspace));
        let other_bases = noted.unwrap_or_else(|error| {
            let told = format!("what is stored could not be recorded: {error}");
            report.warnings.push(told);
            Vec::new()
        });
        other_bases.iter().map(ToString::to_string).collect()
    }

    /// Names the series of the run of which rows are gone, and has those asked for again by the next run that were not yet.
    fn seek_lost(
        &self,
        plan: &UpdatePlan,
        report: &mut RunReport,
        registry: &mut Registry,
        session: Session<'_>,
    ) -> Result<(), CycleError> {
        if plan.feeding != Feeding::Asked {
            return Ok(());
        }
        let lost = self.lost_of(plan, registry.catalog(), session);
        let lost = lost.unwrap_or_else(|error| {
            let told = format!("whether rows are gone is not known: {error}");
            report.warnings.push(told);
            Vec::new()
        });
        if lost.is_empty() {
            return Ok(());
        }
        for one in &lost {
            let is_sought = seek(self.workspace.view(), plan, registry.catalog_mut(), one);
            let next = match &one.request.venue {
                Some(venue) if plan.feeds.contains(venue) => anew(venue),
                _ if is_sought => AGAIN.to_owned(),
                _ => UNSOUGHT.to_owned(),
            };
            report.losses.push(format!(
                "{}: of {} rows that were stored {} are there; {next}",
                one.request,
                one.known(),
                one.there
            ));
        }
        registry.save(session)?;
        // Who is asked once more than once brings them all the same.
        let _noted = note_sought(session, &lost);
        Ok(())
    }

    /// Returns the series of a plan of which rows are gone.
    fn lost_of(
        &self,
        plan: &UpdatePlan,
        catalog: &Catalog,
        session: Session<'_>,
    ) -> Result<Vec<LostRows>, InventoryError> {
        let asked = plan.tickers();
        let feeds: BTreeSet<&Venue> = plan.feeds.iter().collect();
        let is_asked = |request: &StorageRequest| match (&request.venue, request.series.ticker()) {
            // Who asks a feed asks for all that it has.
            (Some(venue), _) if feeds.contains(venue) => true,
            (Some(venue), Some(ticker)) => asked.contains(&(venue, ticker)),
            _ => false,
        };
        let venues = plan.venues.iter().map(|planned| &planned.venue);
        let venues: BTreeSet<&Venue> = venues.chain(feeds.iter().copied()).collect();
        let there = plan.venues.iter().flat_map(|planned| {
            let there = planned.jobs.iter().filter(|job| job.has_rows);
            there.map(|job| (&planned.venue, &job.ticker, job.interval))
        });
        let there: HashSet<(&Venue, &Ticker, Interval)> = there.collect();
        let is_there = |request: &StorageRequest| match (&request.venue, &request.series) {
            (Some(venue), Series::Bars { ticker, interval }) => {
                there.contains(&(venue, ticker, *interval))
            }
            _ => false,
        };
        // Every folder is looked into once a day anyway.
        let is_first = temps::is_due(session.fs, session.places, self.request.today);
        let look_for = if is_first {
            LookFor::Files
        } else {
            LookFor::Series
        };
        let (wanted, venues) = ((is_asked, is_there), venues.into_iter());
        lost_rows(self.workspace, session, catalog, venues, wanted, look_for)
    }

    /// Counts the sessions that sources will have forgotten before a next run can fetch them at this pace: of what a plan was to
    /// bring, what has not come.
    fn missed(&self, plan: &UpdatePlan, catalog: &Catalog) -> Vec<(Venue, Interval, usize)> {
        if plan.feeding != Feeding::Asked {
            return Vec::new();
        }
        let (view, now) = (self.workspace.view(), self.workspace.clock().now());
        let owed = Owed { view, catalog, now };
        let mut found = Vec::new();
        for PlannedVenue { venue, jobs, .. } in &plan.venues {
            let Some(source) = view.source(venue) else {
                continue;
            };
            // A window that a person chose leaves nothing to go on from.
            let left = jobs.iter().filter(|job| job.asked == Asked::Incremental);
            let left = left.map(|job| FetchJob {
                mark: catalog
                    .mark(&job.ticker, venue, job.interval)
                    .map(str::to_owned),
                known: catalog.last_data_date(&job.ticker, venue, job.interval),
                ..job.fetch_job(now, None)
            });
            let order = backlog::order(&owed, &**source, left, self.options.pace);
            let missed = order.missed.into_iter();
            found.extend(missed.map(|(interval, sessions)| (venue.clone(), interval, sessions)));
        }
        found
    }

    /// Returns how the minutes of feeds stand on the days that a plan asks for, if it asks feeds.
    ///
    /// # Errors
    /// When what is recorded of them cannot be read.
    pub fn minutes_of(&self, plan: &UpdatePlan) -> Result<Option<FeedMinutes>, CycleError> {
        let asks = plan.feeding == Feeding::Asked && !plan.feeds.is_empty();
        let minutes = asks.then(|| self.minutes()).transpose()?;
        Ok(minutes.map(|minutes| minutes.within(plan.days)))
    }
}

/// Has rows asked for that are gone, unless that was done before; tells whether they will be.
fn seek(view: View<'_>, plan: &UpdatePlan, catalog: &mut Catalog, lost: &LostRows) -> bool {
    let series = &lost.request.series;
    let (Some(venue), Some(ticker)) = (&lost.request.venue, series.ticker()) else {
        return false;
    };
    let mut is_wanted = false;
    for interval in plan.bringing(view, (venue, ticker), interval_of(series)) {
        if !lost.record.is_sought {
            catalog.want_whole(ticker, venue, interval);
        }
        is_wanted |= catalog.wants_whole(ticker, venue, interval);
    }
    is_wanted
}
