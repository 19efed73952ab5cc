//! `barkeep update`: fetches what is new and stores it.
//!
//! `--dry-run` takes no lock and writes nothing: it prints the plan that the real run would execute. Leaves to others: the order
//! of an update (`cycle`).

mod args;
mod asking;
mod feeds;
mod metrics;

use asking::Asking;
use metrics::MetricsFile;

pub(in crate::cli) use args::UpdateArgs;

use std::time::Duration;

use super::named;
use super::registration;
use super::sweep;
use crate::catalog::{Catalog, TICKERS_FILE};
use crate::cli::ui::feed_minutes;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::summary::{self, Finished};
use crate::cli::ui::{plan as plan_view, summary_json};
use crate::cli::wiring::{self, absent};
use crate::cli::{Exit, Failure, Shell, outcome};
use crate::config::Overrides;
use crate::cycle::{self, Cycle, CycleError, Done, Ending, Planned};
use crate::ingest::Registry;
use crate::lock::LockGuard;
use crate::model::Ticker;
use crate::model::words;
use crate::sys::Stopwatch;
use crate::update::{self, Feeding, History, NotFounds, RunOptions, UpdateRequest};
use crate::workspace::Workspace;

/// A run whose options are checked.
struct Update<'u> {
    args: &'u UpdateArgs,
    shell: &'u Shell<'u>,
    cycle: Cycle<'u>,
}

/// Runs `update`.
pub(in crate::cli) fn run(args: &UpdateArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (days, pace) = (args.days(shell.today())?, args.pace()?);
    let feeding = args.feeding(shell.today())?;
    let flags = Overrides {
        jobs: args.jobs.map(usize::from),
        ..Overrides::default()
    };
    let workspace = wiring::open_under(shell, &flags)?;
    let fs = &*shell.world.fs;
    if fs.metadata(&shell.root().join(TICKERS_FILE))?.is_none() {
        // Whether it is gone, or never was, is known to who reads it.
        Catalog::load(fs, shell.root())?;
        return Err(absent(shell, "there is no tickers.json"));
    }
    let tickers = meant(args, &workspace, shell)?;
    let (now, today) = (shell.around.clock.now(), shell.today());
    let settings = workspace.config.settings();
    let update = Update {
        args,
        shell,
        cycle: Cycle {
            workspace: &workspace,
            is_filling_gaps: args.fill_gaps,
            accepts_missing: args.accept_missing,
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
            },
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
    let reading = workspace.reading(&catalog);
    named::tickers(shell, reading, &args.venues, &args.tickers)
}

impl Update<'_> {
    fn show_plan(&self) -> Result<Exit, Failure> {
        let registry = self.registry()?;
        self.tell_warnings(registry.catalog());
        let told = Exit::Partial.when(!registry.catalog().warnings().is_empty());
        let mut planned = self.plan(registry.catalog())?;
        let told = Exit::worst([told, self.tell_planned(&planned, registry.catalog())]);
        let plan = &mut planned.plan;
        let exit = Exit::worst([told, outcome::of_plan(plan)]);
        if plan.feeding != Feeding::Asked {
            for anew in std::mem::take(&mut plan.venues) {
                let venue = anew.venue;
                self.shell.note(&format!(
                    "{venue}: what the vault has of its answers is read once more."
                ));
            }
        }
        let wanted = update::wanted_files(self.cycle.workspace, plan);
        if self.args.json {
            let document = plan_view::json(plan, &feeds::json(&wanted));
            self.shell.json(&document);
        } else {
            feeds::print(&wanted, self.shell.printer);
            plan_view::print(plan, self.shell.printer);
        }
        let minutes = self.cycle.minutes_of(plan)?;
        let foreseen = minutes.map_or(Exit::Ok, |one| feed_minutes::foresee(&one, self.shell));
        for warning in self.cycle.toggle_warnings(plan) {
            self.shell.warning(&format!("{warning}."));
        }
        Ok(Exit::worst([exit, feeds::exit(&wanted), foreseen]))
    }

    /// Runs, and leaves the outcome for a monitoring system whatever it is.
    fn run(&self) -> Result<Exit, Failure> {
        let total = Stopwatch::start();
        let metrics = MetricsFile::of(self.args, self.shell, self.cycle.workspace);
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
            self.shell.json(&summary_json::render(&finished));
        } else {
            summary::print(&finished, self.shell.printer);
        }
        // Now that everybody has the report.
        let swept = self.sweep_daily(ending)?;
        let progress = Progress::new(self.shell, self.args.json);
        ending.merge_ledgers(self.cycle.workspace, &progress)?;
        Ok(finished.exit.or(swept))
    }

    fn run_whole(&self, metrics: &MetricsFile<'_>) -> Result<(Finished, Ending), Failure> {
        let waiting = Stopwatch::start();
        let wait = Duration::from_secs(self.args.wait.into());
        let held = registration::lock(self.cycle.workspace, self.shell, "update", wait)
            .or_else(|failure| self.explain(failure))?;
        let mut finished = self.run_locked(&held, waiting.seconds())?;
        let ending = Ending::of(&finished.report, &held);
        let counted = metrics.count_bars(&finished, &held);
        finished.exit = finished.exit.or(counted);
        // The work is done and durable: a lock that went astray is told, and changes the exit only.
        let released = held.release().map_err(Failure::from);
        if let Err(failure) = &released {
            self.shell.error(&failure.text());
            finished.exit = Exit::worst([finished.exit, failure.exit]);
        }
        Ok((finished, ending))
    }

    /// A disk without any space refuses even the lock, and does not say how much is missing.
    fn explain<T>(&self, failure: Failure) -> Result<T, Failure> {
        if failure.exit == Exit::NoSpace {
            let planned = self.plan(self.registry()?.catalog())?;
            cycle::check_space(self.cycle.workspace, &planned.plan)?;
        }
        Err(failure)
    }

    fn run_locked(&self, held: &LockGuard<'_>, lock_seconds: f64) -> Result<Finished, Failure> {
        let progress = Progress::new(self.shell, self.args.json);
        let session = self.cycle.workspace.session(held, &progress);
        if let Some(ended) = held.took_over() {
            progress.note(&summary::took_over(ended));
        }
        let asking = Asking {
            update: self,
            progress: &progress,
        };
        let ran = self.cycle.run(session, &asking);
        progress.end();
        let done = ran.map_err(|error| self.refused(error))?;
        Ok(self.finished(done, lock_seconds))
    }

    /// Tells what the report does not have, and returns what is told at the end.
    fn finished(&self, done: Done, lock_seconds: f64) -> Finished {
        let Done {
            report,
            leftovers,
            planned,
            requests,
            miscounted,
            is_registry_whole,
            untidied,
            missed,
            minutes,
        } = done;
        let printer = self.shell.printer;
        if let Some(told) = miscounted {
            printer.warning(&told);
        }
        for (venue, interval, sessions) in &missed {
            let sessions = words::count(*sessions, "session", "sessions");
            printer.error(&format!(
                "error: {venue} forgets {sessions} of {interval} before they can be fetched at this rate"
            ));
        }
        let strangers = (planned.strangers.count() > 0).then_some(Exit::Partial);
        let foreseen = (!missed.is_empty()).then_some(Exit::WillExpire);
        let of_feeds = minutes.map(|minutes| feed_minutes::foresee(&minutes, self.shell));
        let tidied = untidied.map(|error| Failure::from(error).exit);
        let ran = outcome::of_run(&report, &leftovers);
        let further = [strangers, foreseen, of_feeds, tidied];
        let exit = Exit::worst(
            [Exit::Partial.when(!is_registry_whole), ran]
                .into_iter()
                .chain(further.into_iter().flatten()),
        );
        Finished {
            report,
            leftovers,
            asked: Some(self.cycle.request.clone()),
            requests,
            lock_seconds,
            total_seconds: 0.0,
            exit,
        }
    }

    fn registry(&self) -> Result<Registry, Failure> {
        let found = self.cycle.registry();
        found.map_err(|error| self.refused(error))
    }

    fn plan(&self, catalog: &Catalog) -> Result<Planned, Failure> {
        let planned = self.cycle.plan(catalog);
        planned.map_err(|error| self.refused(error))
    }

    /// Returns the failure of an update that was not made.
    fn refused(&self, error: CycleError) -> Failure {
        match error {
            CycleError::WithoutRegistry => absent(self.shell, "there is no tickers.json"),
            error => error.into(),
        }
    }

    /// Says what of tickers.json cannot be used.
    fn tell_warnings(&self, catalog: &Catalog) {
        for warning in catalog.warnings() {
            self.shell.error(&format!("warning: {warning}."));
        }
    }

    /// Says what of the question could not be planned.
    fn tell_planned(&self, planned: &Planned, catalog: &Catalog) -> Exit {
        let Planned { plan, strangers } = planned;
        let (printer, request) = (self.shell.printer, &self.cycle.request);
        let refused = self.cycle.refusal(strangers, catalog).map(Failure::from);
        if let Some(refused) = &refused {
            printer.error(&refused.text());
        }
        plan_view::print_missing(plan, printer);
        if !request.tickers.is_empty() {
            for venue in &plan.feeds {
                printer.note(&format!(
                    "{venue} is a feed: it gives whole days, and bars of all that was traded on them, whatever tickers are named."
                ));
            }
        }
        refused.map_or(Exit::Ok, |_| Exit::Partial)
    }

    fn sweep_daily(&self, ending: Ending) -> Result<Exit, Failure> {
        let (shell, printer) = (self.shell, self.shell.printer);
        let progress = Progress::new(shell, self.args.json);
        let swept = ending.sweep_daily(self.cycle.workspace, shell.today(), &progress);
        progress.end();
        let Some(swept) = swept? else {
            return Ok(Exit::Ok);
        };
        for failure in &swept.failures {
            printer.warning(&format!("{failure}."));
        }
        sweep::print(&swept.report, shell);
        for record in &swept.report.quarantined {
            shell.tell_kept(record);
        }
        Ok(Exit::Partial.when(!swept.failures.is_empty()))
    }
}
