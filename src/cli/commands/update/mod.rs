//! `barkeep update`: fetches what is new and stores it.
//!
//! The order: settings, lock, leftovers of earlier runs, plan, run, report, release. `--dry-run` takes no lock and
//! writes nothing: it prints the plan that the real run would execute.

mod args;
mod feeds;
mod metrics;
mod records;
mod requests;
mod strangers;
mod tidy;

use metrics::MetricsFile;
use tidy::Ending;

pub(in crate::cli) use args::UpdateArgs;

use std::collections::BTreeSet;
use std::time::Duration;

use super::mirror;
use super::named::Lookup;
use super::registration;
use super::sweep;
use crate::backlog::Owed;
use crate::catalog::{Catalog, KnownRows, TICKERS_FILE};
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::feed_minutes;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::summary::{self, Finished};
use crate::cli::ui::{plan as plan_view, summary_json, words};
use crate::cli::wiring::{self, absent};
use crate::cli::{Exit, outcome};
use crate::config::Overrides;
use crate::gaps::{GapBooks, read_books};
use crate::ingest::{self, LeftoverReport, LookedInto, Registry, RehouseReport, RunReport};
use crate::lock::LockGuard;
use crate::model::{Interval, Ticker, Venue};
use crate::sys::{FsResult, Stopwatch};
use crate::update::{
    self, Feeding, History, NotFounds, RunOptions, Strangers, UpdatePlan, UpdateRequest,
};
use crate::workspace::Workspace;
use crate::workspace::{DataRoot, Session};

/// A run whose options are checked.
struct Update<'u> {
    args: &'u UpdateArgs,
    shell: &'u Shell<'u>,
    workspace: &'u Workspace<'u>,
    request: UpdateRequest,
    options: RunOptions,
}

/// Runs `update`.
pub(in crate::cli) fn run(args: &UpdateArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (days, pace) = (args.days(shell.today())?, args.pace()?);
    let feeding = args.feeding(shell.today())?;
    let flags = Overrides {
        jobs: args.jobs.map(usize::from),
        ..Overrides::default()
    };
    let workspace = wiring::open(shell, &flags)?;
    if shell
        .world
        .fs
        .metadata(&shell.root().join(TICKERS_FILE))?
        .is_none()
    {
        return Err(absent(shell, "there is no tickers.json"));
    }
    let tickers = meant(args, &workspace, shell)?;
    let (now, today) = (shell.around.clock.now(), shell.today());
    let settings = workspace.config.settings();
    let update = Update {
        args,
        shell,
        workspace: &workspace,
        request: UpdateRequest {
            venues: args.venues.clone(),
            intervals: args.intervals.clone(),
            tickers,
            days,
            feeding,
            history: if args.rebase {
                History::Whole
            } else {
                History::New
            },
            now,
            today,
            pace,
            ..UpdateRequest::default()
        },
        options: RunOptions {
            now,
            today,
            jobs: settings.threads(shell.world.cores),
            not_founds: if args.save_not_founds {
                NotFounds::Save
            } else {
                NotFounds::Leave
            },
            pace,
            min_free_bytes: settings.min_free_bytes.value,
            min_free_inodes: settings.min_free_inodes.value,
        },
    };
    if args.dry_run {
        update.show_plan()
    } else {
        update.run()
    }
}

/// Returns the tickers that were named. What is wrong with tickers.json is said by the run.
fn meant(
    args: &UpdateArgs,
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
) -> Result<Vec<Ticker>, Failure> {
    if args.tickers.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(Some(catalog)) = workspace.catalog() else {
        return Ok(args.tickers.clone());
    };
    let lookup = Lookup::of(shell, workspace, &catalog, &args.venues);
    lookup.tickers(&args.tickers)
}

impl Update<'_> {
    fn show_plan(&self) -> Result<Exit, Failure> {
        let registry = self.registry()?;
        let (mut plan, planned) = self.plan(&registry)?;
        let exit = Exit::worst([planned, outcome::of_plan(&plan)]);
        if plan.feeding != Feeding::Asked {
            for anew in std::mem::take(&mut plan.venues) {
                let venue = anew.venue;
                self.shell.printer.note(&format!(
                    "{venue}: what the vault has of its answers is read once more."
                ));
            }
        }
        let wanted = feeds::wanted(self.workspace, self.shell, &plan);
        if self.args.json {
            let document = plan_view::json(&plan, &feeds::json(&wanted));
            self.shell.printer.json(&document);
        } else {
            feeds::print(&wanted, self.shell.printer);
            plan_view::print(&plan, self.shell.printer);
        }
        let foreseen = self.foresee_losses_of_feeds(&plan)?;
        let exit = Exit::worst([exit, feeds::exit(&wanted), foreseen]);
        for warning in self.toggle_warnings(&plan) {
            self.shell.printer.warning(&format!("{warning}."));
        }
        Ok(exit)
    }

    fn toggle_warnings(&self, plan: &UpdatePlan) -> Vec<String> {
        let toggles = self.workspace.config.storage_config();
        plan_view::toggle_warnings(&plan.against_toggle, toggles)
    }

    /// Runs, and leaves the outcome for a monitoring system whatever it is.
    fn run(&self) -> Result<Exit, Failure> {
        let total = Stopwatch::start();
        let metrics = MetricsFile::of(self.args, self.shell, self.workspace);
        metrics.foresee();
        let (mut finished, ending) = match self.run_whole(&metrics) {
            Ok(done) => done,
            Err(failure) => {
                metrics.write(failure.exit, total.seconds());
                return Err(failure);
            }
        };
        finished.total_seconds = total.seconds();
        let told = metrics.write(finished.exit, finished.total_seconds);
        finished.exit = finished.exit.or(told);
        tracing::info!(summary = %summary_json::render(&finished), "the run is over");
        if self.args.json {
            self.shell.printer.json(&summary_json::render(&finished));
        } else {
            summary::print(&finished, self.shell.printer);
        }
        // Now that everybody has the report.
        let swept = self.sweep_daily(ending)?;
        self.merge_ledgers(ending)?;
        Ok(finished.exit.or(swept))
    }

    fn run_whole(&self, metrics: &MetricsFile<'_>) -> Result<(Finished, Ending), Failure> {
        let waiting = Stopwatch::start();
        let wait = Duration::from_secs(self.args.wait.into());
        let held = registration::lock(self.workspace, self.shell, "update", wait)
            .or_else(|failure| self.explain(failure))?;
        let lock_seconds = waiting.seconds();
        let done = self.run_locked(&held, lock_seconds);
        if done.is_err() {
            // A run that failed may have left something. The failure is told; what cannot be noted waits for tomorrow.
            let _noted = ingest::sweep::forget(&*self.shell.world.fs, &self.workspace.places);
        }
        let mut finished = done?;
        let ending = Ending::of(&finished.report, &held);
        let counted = metrics.count_bars(&finished, &held);
        finished.exit = finished.exit.or(counted);
        // The work is done and durable: a lock that went astray is told, and changes the exit only.
        let released = held.release().map_err(Failure::from);
        if let Err(failure) = &released {
            self.shell.printer.error(&failure.text());
            finished.exit = Exit::worst([finished.exit, failure.exit]);
        }
        Ok((finished, ending))
    }

    /// A disk without any space refuses even the lock, and does not say how much is missing.
    fn explain<T>(&self, failure: Failure) -> Result<T, Failure> {
        if failure.exit == Exit::NoSpace {
            let (plan, _) = self.plan(&self.registry()?)?;
            let fs = &*self.shell.world.fs;
            update::check_space(&plan, fs, &self.workspace.places, &self.options)?;
        }
        Err(failure)
    }

    fn run_locked(&self, held: &LockGuard<'_>, lock_seconds: f64) -> Result<Finished, Failure> {
        let progress = Progress::new(self.shell, self.args.json);
        let session = self.workspace.session(held, &progress);
        let mut registry = self.registry()?;
        if let Some(ended) = held.took_over() {
            progress.note(&summary::took_over(ended));
        }
        let watch = Stopwatch::start();
        let mut leftovers = self.finish_leftovers(session, &mut registry)?;
        registry.save(session)?;
        let housed = if leftovers.data.is_there() {
            ingest::rehouse(&self.workspace.stores, session, LookedInto::Known)?
        } else {
            RehouseReport::default()
        };
        let leftover_seconds = watch.seconds();
        if registry.catalog().known_rows() == KnownRows::None && held.took_over().is_none() {
            // Nobody was killed where nothing was ever stored: the first import need not be looked through. If that cannot
            // be noted, it is.
            let _noted: FsResult<()> = ingest::sweep::remember(session, self.shell.today());
        }
        let watch = Stopwatch::start();
        let (plan, planned) = self.plan(&registry)?;
        let plan_seconds = watch.seconds();
        let view = self.workspace.view();
        let ran = update::run(&plan, view, session, &mut registry, &self.options);
        progress.end();
        let mut report = ran?;
        report.seconds.leftovers = leftover_seconds;
        report.kept.extend(housed.kept);
        report.warnings.extend(sweep::unmoved(&housed.left));
        report.seconds.plan = plan_seconds;
        let mut tidied = Exit::Ok;
        if report.data.is_there() && report.interrupted.is_none() {
            let folders = std::mem::take(&mut report.untidy);
            let told = (&mut report, &mut leftovers);
            if let Err(failure) = self.sweep_touched(session, &folders, &mut registry, told) {
                // The rows are stored: what the report says of them must not be lost over what lies beside them.
                let text = failure.text();
                let text = text.trim_start_matches("error: ");
                report
                    .warnings
                    .push(format!("temporary files stay: {text}"));
                tidied = failure.exit;
            }
        }
        report.warnings.extend(self.toggle_warnings(&plan));
        let place = (self.shell, self.workspace);
        let requests = requests::add(place, &report, registry.catalog(), held);
        if report.data.is_there() {
            self.let_rest(&report, &mut registry, session)?;
        }
        if report.data.is_there() && report.interrupted.is_none() {
            records::record_stored(
                self.workspace,
                &plan,
                &mut report,
                registry.catalog(),
                session,
            );
            let told = mirror::refresh(self.workspace, self.shell, registry.catalog());
            report.warnings.extend(told);
        }
        let foreseen = self.foresee_losses(&plan, registry.catalog());
        let of_feeds = self.foresee_losses_of_feeds(&plan)?;
        let ran = outcome::of_run(&report, &leftovers);
        let exit = Exit::worst([planned, ran, tidied, foreseen, of_feeds]);
        let total_seconds = 0.0;
        Ok(Finished {
            report,
            leftovers,
            requests,
            lock_seconds,
            total_seconds,
            exit,
        })
    }

    /// Finishes what earlier runs left. Rows that are accepted to be gone are given up before anything is merged: a history
    /// of the rows that wait would look like the whole one.
    fn finish_leftovers(
        &self,
        session: Session<'_>,
        registry: &mut Registry,
    ) -> Result<LeftoverReport, Failure> {
        let view = self.workspace.view();
        let leftovers = ingest::finish_leftovers(view, session, registry)?;
        if !self.args.accept_missing || view.data_root(registry.catalog()) != DataRoot::Absent {
            return Ok(leftovers);
        }
        // A tree that cannot be looked into may hold them all.
        self.workspace.stores.is_data_bare()?;
        self.workspace.stores.are_flat_folders_bare()?;
        let given_up = registry.catalog_mut().give_up_rows(self.options.today);
        registry.save(session)?;
        let series = words::count(given_up, "series is", "series are");
        self.shell.printer.note(&format!(
            "The rows of {series} given up and asked for anew."
        ));
        let mut finished = ingest::finish_leftovers(view, session, registry)?;
        finished.add_earlier(leftovers);
        Ok(finished)
    }

    fn registry(&self) -> Result<Registry, Failure> {
        let found = Registry::load(&*self.shell.world.fs, self.shell.root())?;
        let found = found.ok_or_else(|| absent(self.shell, "there is no tickers.json"))?;
        self.workspace.learn(Some(found.catalog()));
        Ok(found)
    }

    /// Plans, and says what of the question could not be planned.
    fn plan(&self, registry: &Registry) -> Result<(UpdatePlan, Exit), Failure> {
        let catalog = registry.catalog();
        let printer = self.shell.printer;
        let mut exit = Exit::Ok;
        for warning in catalog.warnings() {
            printer.error(&format!("warning: {warning}."));
            exit = Exit::Partial;
        }
        let view = self.workspace.view();
        let strangers = Strangers::of(&self.request, catalog, |ticker, venue| {
            update::makes_bars_of(view, ticker, venue)
        });
        if let Some(refusal) = strangers::refusal(&strangers, self.request.venues.first(), catalog)
        {
            if strangers.count() == self.request.tickers.len() {
                return Err(refusal);
            }
            printer.error(&refusal.text());
            exit = Exit::Partial;
        }
        let intervals = self.workspace.intervals()?;
        let (fs, places) = (&*self.shell.world.fs, &self.workspace.places);
        let request = UpdateRequest {
            waiting: view.waiting(catalog, fs, places)?,
            gaps: self.remembered(catalog, &intervals)?,
            filled_feeds: self.filled_feeds()?,
            ..self.request.clone()
        };
        let plan = update::plan(&request, view, catalog, &intervals)?;
        plan_view::print_missing(&plan, printer);
        if !self.request.tickers.is_empty() {
            for venue in &plan.feeds {
                printer.note(&format!(
                    "{venue} is a feed: it gives whole days, and bars of all that was traded on them, whatever tickers are named."
                ));
            }
        }
        Ok((plan, exit))
    }

    /// Returns what is remembered of gaps, if only these are to be filled.
    fn remembered(
        &self,
        catalog: &Catalog,
        intervals: &[Interval],
    ) -> Result<Option<GapBooks>, Failure> {
        if !self.args.fill_gaps {
            return Ok(None);
        }
        let (fs, places) = (&*self.shell.world.fs, &self.workspace.places);
        let named = &self.request.intervals;
        let intervals = if named.is_empty() { intervals } else { named };
        Ok(Some(read_books(fs, places, &catalog.venues(), intervals)?))
    }

    /// Returns the feeds that have no gap, if only gaps are to be filled.
    fn filled_feeds(&self) -> Result<BTreeSet<Venue>, Failure> {
        if !self.args.fill_gaps {
            return Ok(BTreeSet::new());
        }
        let minutes = feed_minutes::read_recent(self.workspace, self.shell)?;
        Ok(minutes.without_open(self.workspace.view()))
    }

    /// Names what sources will forget before a next run can fetch it at this pace.
    fn foresee_losses(&self, plan: &UpdatePlan, catalog: &Catalog) -> Exit {
        if plan.feeding != Feeding::Asked {
            return Exit::Ok;
        }
        let owed = Owed {
            view: self.workspace.view(),
            catalog,
            now: self.shell.around.clock.now(),
        };
        let missed = update::missed(&owed, plan, self.options.pace);
        for (venue, interval, sessions) in &missed {
            let sessions = words::count(*sessions, "session", "sessions");
            self.shell.printer.error(&format!(
                "error: {venue} forgets {sessions} of {interval} before they can be fetched at this rate"
            ));
        }
        if missed.is_empty() {
            Exit::Ok
        } else {
            Exit::WillExpire
        }
    }

    /// Names what feeds will forget before a next run can fetch it.
    fn foresee_losses_of_feeds(&self, plan: &UpdatePlan) -> Result<Exit, Failure> {
        if plan.feeding != Feeding::Asked || plan.feeds.is_empty() {
            return Ok(Exit::Ok);
        }
        let minutes = feed_minutes::read_recent(self.workspace, self.shell)?;
        Ok(feed_minutes::foresee(&minutes, self.shell))
    }

    /// Records series that the source does not know, if somebody says so; else says how.
    fn let_rest(
        &self,
        report: &RunReport,
        registry: &mut Registry,
        session: Session<'_>,
    ) -> Result<(), Failure> {
        let Some(unknown) = update::may_rest(report, self.options.not_founds) else {
            return Ok(());
        };
        let series = words::count(unknown, "series is", "series are");
        let is_asking = self
            .shell
            .may_ask(self.args.non_interactive || self.args.json);
        if !is_asking {
            self.shell.printer.note(&format!(
                "{series} unknown to the source; --save-not-founds lets them rest for 30 days."
            ));
            return Ok(());
        }
        let question = format!("{series} unknown to the source. Let them rest for 30 days?");
        if !self.shell.asks(&question) {
            return Ok(());
        }
        update::let_rest(&report.venues, registry.catalog_mut(), self.options.today)?;
        Ok(registry.save(session)?)
    }
}
