//! `barkeep update`: fetches what is new and stores it.
//!
//! The order: settings, lock, leftovers of earlier runs, plan, run, report, release. `--dry-run` takes no lock and
//! writes nothing: it prints the plan that the real run would execute.

use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;

use super::registration;
use crate::catalog::TICKERS_FILE;
use crate::cli::Exit;
use crate::cli::args::day;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::summary::{self, Finished};
use crate::cli::ui::{plan as plan_view, words};
use crate::cli::wiring::{Workspace, absent};
use crate::config::Overrides;
use crate::lock::LockGuard;
use crate::model::{Interval, Ticker, Venue};
use crate::sys::Stopwatch;
use crate::update::{
    self, Hands, NotFounds, Pace, Registry, RunOptions, UpdatePlan, UpdateReport, UpdateRequest,
};

/// Options of `update`.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct UpdateArgs {
    /// Only this venue, may be repeated [default: all that have a source]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    pub(in crate::cli) venues: Vec<Venue>,
    /// Only this interval, may be repeated [default: those of intervals.json]
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    pub(in crate::cli) intervals: Vec<Interval>,
    /// Only this ticker, may be repeated; it is asked for even if it was not found lately
    #[arg(short, long = "ticker", value_name = "TICKER")]
    pub(in crate::cli) tickers: Vec<Ticker>,
    /// The first day to fetch, whatever was fetched before
    #[arg(long, alias = "start-date", value_name = "DATE", requires = "end", value_parser = day)]
    pub(in crate::cli) start: Option<NaiveDate>,
    /// The last day to fetch, which is included
    #[arg(long, alias = "end-date", value_name = "DATE", requires = "start", value_parser = day)]
    pub(in crate::cli) end: Option<NaiveDate>,
    /// At most so many requests in so many seconds
    #[arg(long, num_args = 2, value_names = ["REQUESTS", "SECONDS"])]
    pub(in crate::cli) limits: Option<Vec<f64>>,
    /// Wait so many seconds for another run to end
    #[arg(long, value_name = "SECONDS", default_value_t, hide_default_value = true)]
    pub(in crate::cli) wait: u32,
    /// Print what would be fetched, and write nothing
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,
    /// Never ask
    #[arg(long)]
    pub(in crate::cli) non_interactive: bool,
    /// Let tickers that the source does not know rest for 30 days
    #[arg(long)]
    pub(in crate::cli) save_not_founds: bool,
    /// Threads that fetch and encode [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Print events as JSON lines that end in a summary
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl UpdateArgs {
    fn days(&self) -> Result<Option<(NaiveDate, NaiveDate)>, Failure> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if start > end => Err(Failure::usage(format!(
                "the start {start} is after the end {end}"
            ))),
            (Some(start), Some(end)) => Ok(Some((start, end))),
            _ => Ok(None),
        }
    }

    fn pace(&self) -> Result<Option<Pace>, Failure> {
        let Some([requests, seconds]) = self.limits.as_deref() else { return Ok(None) };
        let is_count = (1.0..=1e6).contains(requests) && requests.fract() == 0.0;
        if !is_count || !(*seconds > 0.0 && *seconds <= 86_400.0) {
            return Err(Failure::usage(
                "`--limits` takes a whole number of requests and the seconds that they are spread over",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a whole number up to a million"
        )]
        Ok(Some(Pace { requests: *requests as u32, seconds: *seconds }))
    }
}

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
    let (days, pace) = (args.days()?, args.pace()?);
    let flags = Overrides { jobs: args.jobs.map(usize::from), ..Overrides::default() };
    let workspace = Workspace::open(shell, &flags)?;
    if shell.world.fs.metadata(&shell.root.join(TICKERS_FILE))?.is_none() {
        return Err(absent(shell, "there is no tickers.json"));
    }
    let (now, today) = (shell.clock.now(), shell.today());
    let settings = workspace.config.settings();
    let update = Update {
        args,
        shell,
        workspace: &workspace,
        request: UpdateRequest {
            venues: args.venues.clone(),
            intervals: args.intervals.clone(),
            tickers: args.tickers.clone(),
            days,
            now,
            today,
        },
        options: RunOptions {
            now,
            today,
            jobs: settings.threads(shell.world.cores),
            not_founds: if args.save_not_founds { NotFounds::Save } else { NotFounds::Leave },
            pace,
            min_free_bytes: settings.min_free_bytes.value,
            min_free_inodes: settings.min_free_inodes.value,
        },
    };
    if args.dry_run { update.show_plan() } else { update.run() }
}

impl Update<'_> {
    fn show_plan(&self) -> Result<Exit, Failure> {
        let registry = self.registry()?;
        let (plan, exit) = self.plan(&registry)?;
        if self.args.json {
            self.shell.printer.json(&plan_view::json(&plan));
        } else {
            plan_view::print(&plan, self.shell.printer);
        }
        Ok(exit)
    }

    fn run(&self) -> Result<Exit, Failure> {
        let (total, waiting) = (Stopwatch::start(), Stopwatch::start());
        let wait = Duration::from_secs(self.args.wait.into());
        let held = registration::lock(self.workspace, self.shell, "update", wait)?;
        let lock_seconds = waiting.seconds();
        let finished = self.run_locked(&held, lock_seconds)?;
        // The work is done and durable: a lock that went astray is told, and changes the exit only.
        let released = held.release().map_err(Failure::from);
        let mut exit = finished.exit;
        if let Err(failure) = &released {
            self.shell.printer.error(&failure.text());
            exit = Exit::worst([exit, failure.exit]);
        }
        let finished = Finished { exit, total_seconds: total.seconds(), ..finished };
        if self.args.json {
            self.shell.printer.json(&summary::json(&finished));
        } else {
            summary::print(&finished, self.shell.printer);
        }
        Ok(exit)
    }

    fn run_locked(&self, held: &LockGuard<'_>, lock_seconds: f64) -> Result<Finished, Failure> {
        let progress = Progress::new(self.shell, self.args.json);
        let hands = self.workspace.hands(held, &progress);
        let mut registry = self.registry()?;
        if let Some(ended) = held.took_over() {
            progress.note(&summary::took_over(ended));
        }
        let watch = Stopwatch::start();
        let leftovers = update::finish_leftovers(self.workspace.outlook(), hands, &mut registry)?;
        registry.save(hands)?;
        let leftover_seconds = watch.seconds();
        let watch = Stopwatch::start();
        let (plan, planned) = self.plan(&registry)?;
        let plan_seconds = watch.seconds();
        let outlook = self.workspace.outlook();
        let ran = update::run(&plan, outlook, hands, &mut registry, &self.options);
        progress.end();
        let mut report = ran?;
        report.seconds.leftovers = leftover_seconds;
        report.seconds.plan = plan_seconds;
        self.settle_unknown(&report, &mut registry, hands)?;
        let exit = Exit::worst([planned, summary::exit(&report, &leftovers)]);
        let total_seconds = 0.0;
        Ok(Finished { report, leftovers, lock_seconds, total_seconds, exit })
    }

    fn registry(&self) -> Result<Registry, Failure> {
        let found = Registry::load(&*self.shell.world.fs, &self.shell.root)?;
        found.ok_or_else(|| absent(self.shell, "there is no tickers.json"))
    }

    /// Plans, and says what of the question could not be planned.
    fn plan(&self, registry: &Registry) -> Result<(UpdatePlan, Exit), Failure> {
        let catalog = registry.catalog();
        let printer = self.shell.printer;
        let mut exit = Exit::Ok;
        for warning in catalog.warnings() {
            printer.warning(&format!("{warning}."));
            exit = Exit::Partial;
        }
        let is_unknown = |ticker: &&Ticker| !catalog.contains(ticker);
        let unknown: Vec<&Ticker> = self.request.tickers.iter().filter(is_unknown).collect();
        if !unknown.is_empty() {
            let names = words::some_of(&unknown, 5);
            if unknown.len() == self.request.tickers.len() {
                let message = format!("tickers.json does not have {names}");
                return Err(Failure::new(Exit::Failed, message)
                    .hint("add a ticker first: barkeep tickers add TICKER"));
            }
            printer.warning(&format!("tickers.json does not have {names}."));
            exit = Exit::Partial;
        }
        let outlook = self.workspace.outlook();
        let intervals = self.workspace.intervals()?;
        let plan = update::plan(&self.request, outlook, catalog, &intervals)?;
        self.check_default_venue(registry, &plan)?;
        Ok((plan, exit))
    }

    /// A workspace whose tickers nobody fetches must not look like one that is up to date.
    fn check_default_venue(&self, registry: &Registry, plan: &UpdatePlan) -> Result<(), Failure> {
        let venue = self.workspace.default_venue();
        let is_served = self.workspace.outlook().source(venue).is_some();
        if !self.request.venues.is_empty() || is_served {
            return Ok(());
        }
        if registry.catalog().tickers_at(venue, venue).is_empty() {
            return Ok(());
        }
        let is_empty = plan.venues.iter().all(|planned| {
            planned.jobs.is_empty() && planned.skipped.is_empty()
        });
        if is_empty {
            return Err(update::UpdateError::UnknownVenue { venue: venue.clone() }.into());
        }
        self.workspace.warn_without_source(venue);
        Ok(())
    }

    /// Records series that the source does not know, if somebody says so; else says how.
    fn settle_unknown(
        &self,
        report: &UpdateReport,
        registry: &mut Registry,
        hands: Hands<'_>,
    ) -> Result<(), Failure> {
        let counts = report.tickers();
        let is_settled = self.options.not_founds == NotFounds::Save || counts.unknown == 0;
        // When nothing else was found either, it is more likely that something is wrong with the source.
        if is_settled || counts.ok + counts.empty == 0 || report.interrupted.is_some() {
            return Ok(());
        }
        let series = words::count(counts.unknown, "series is", "series are");
        let is_asking = self.shell.may_ask(self.args.non_interactive || self.args.json);
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
        for venue in &report.venues {
            for unknown in &venue.unknown {
                registry.catalog_mut().record_not_found(
                    &unknown.ticker,
                    &venue.venue,
                    unknown.interval,
                    self.options.today,
                )?;
            }
        }
        Ok(registry.save(hands)?)
    }
}
