//! `barkeep check --repair`: takes out bars that stand where none can, beside others that hold their time, and puts back what the
//! tree has lost and a mirror has still (`restore`).
//!
//! Promises: nothing goes that was not shown, and nothing without a yes, by word or by `--yes`. What is decided is decided
//! again under the run lock: a row that has changed meanwhile stays. `--dry-run` takes no lock and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use rayon::prelude::*;

use super::super::registration;
use super::repair_print as print;
use super::restore::{self, Restore};
use super::series::{self, Asked};
use super::{CheckArgs, DamagedFile, Outcome};
use crate::catalog::Catalog;
use crate::check::{Facts, Finding, Kind, repair};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::words::count;
use crate::frame::Frame;
use crate::ingest::{self, LeftoverReport, Registry, Returned, TakeOut, TakenOut};
use crate::model::{Interval, PriceBasis, Series, StorageRequest, time};
use crate::storage::{Layout, StorageError, Stored, Unwanted};
use crate::workspace::{Found, Workspace};

/// What can be done about one series.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) take: TakeOut,
    /// The rows that go.
    pub(super) rows: Frame,
    /// What each of them is, and why it may go.
    pub(super) gone: BTreeMap<i64, (Kind, String)>,
    /// Files without a row, afterwards or before.
    pub(super) emptied: Vec<PathBuf>,
}

/// What can be done about all of them.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) series: Vec<Planned>,
    /// Bars that stay, with their rows.
    pub(super) doubtful: Vec<(StorageRequest, Finding, Frame)>,
    /// What mirrors have still and the tree has lost.
    pub(super) restore: Restore,
    /// What was looked through, and could not be.
    pub(super) outcome: Outcome,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) taken: TakenOut,
    pub(super) returned: Returned,
    pub(super) leftovers: LeftoverReport,
    /// Rows that were shown, and have changed or could not go any more.
    pub(super) outdated: usize,
}

impl Plan {
    pub(super) fn rows(&self) -> usize {
        self.series.iter().map(|one| one.rows.len()).sum()
    }

    fn is_nothing(&self) -> bool {
        self.series.is_empty() && self.restore.rows() == 0
    }

    fn add(&mut self, more: Self) {
        self.series.extend(more.series);
        self.doubtful.extend(more.doubtful);
        self.outcome.add(more.outcome);
    }

    /// Returns the exit of a run that does all of it.
    fn exit(&self) -> Exit {
        let doubt = (!self.doubtful.is_empty()).then_some(Exit::Mismatch);
        let unread = (!self.restore.is_read()).then_some(Exit::Partial);
        Exit::worst([self.outcome.exit()].into_iter().chain(doubt).chain(unread))
    }
}

impl Done {
    fn exit(&self) -> Exit {
        let leftovers = &self.leftovers;
        let is_damaged = !leftovers.damaged.is_empty();
        let is_partial = !self.taken.failures.is_empty()
            || !self.taken.left.is_empty()
            || !self.returned.failures.is_empty()
            || !self.returned.left.is_empty()
            || !leftovers.failures.is_empty()
            || self.outdated > 0;
        let found = [
            is_damaged.then_some(Exit::Damaged),
            is_partial.then_some(Exit::Partial),
        ];
        Exit::worst(found.into_iter().flatten())
    }
}

/// Runs `check --repair`.
pub(super) fn run(
    args: &CheckArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    let may_go_on = args.dry_run || args.yes || shell.may_ask(args.non_interactive);
    if !may_go_on {
        return Err(Failure::usage("a repair has to be confirmed")
            .hint("see them by --dry-run, then say --yes"));
    }
    let asked = series::asked(args, workspace, catalog)?;
    let mut shown = plan(&asked, workspace, catalog, shell);
    shown.restore = restore::find(args, shell, workspace, catalog)?;
    if shown.outcome.series == 0 && shown.outcome.is_untroubled() {
        super::refuse_unknown(args, catalog, &asked)?;
    }
    if !args.json {
        print::table(&shown, shell);
    }
    let interrupted = || shell.world.shutdown.signal().map(Exit::Interrupted);
    if let Some(exit) = interrupted() {
        return Ok(exit);
    }
    let mut done = Done::default();
    if !args.dry_run && !shown.is_nothing() {
        confirm(args, shell, &shown)?;
        done = carry_out(args, shell, workspace, &asked, &shown)?;
    }
    if args.json {
        print::document(args, &shown, &done, shell);
    } else {
        print::done(args, &shown, &done, shell);
    }
    let Plan {
        restore, outcome, ..
    } = &mut shown;
    let is_mended =
        |file: &DamagedFile| restore.mends(&done.returned, (&file.request, file.partition));
    outcome.damaged.retain(|file| !is_mended(file));
    let exit = Exit::worst([shown.exit(), done.exit()]);
    Ok(interrupted().unwrap_or(exit))
}

fn confirm(args: &CheckArgs, shell: &Shell<'_>, plan: &Plan) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if args.json {
        print::table(plan, shell);
    }
    let all = |rows: usize, word: &str, series: usize| {
        let (rows, series) = (
            count(rows, "row", "rows"),
            count(series, "series", "series"),
        );
        format!("{rows} {word} {series}")
    };
    let out = || all(plan.rows(), "out of", plan.series.len());
    let back = || all(plan.restore.rows(), "back into", plan.restore.series());
    let question = match (plan.series.is_empty(), plan.restore.rows() == 0) {
        (true, _) => format!("Put {}?", back()),
        (false, true) => format!("Take {}?", out()),
        (false, false) => format!("Take {}, and put {}?", out(), back()),
    };
    if shell.asks(&question) {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "nothing was changed"))
    }
}

/// Does what was shown, as far as it is still so.
fn carry_out(
    args: &CheckArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    asked: &[Asked],
    shown: &Plan,
) -> Result<Done, Failure> {
    let held = registration::lock(workspace, shell, "check --repair", Duration::ZERO)?;
    let progress = Progress::new(shell, args.json);
    let session = workspace.session(&held, &progress);
    let fs = &*shell.world.fs;
    let mut registry =
        Registry::load(fs, shell.root())?.unwrap_or_else(|| Registry::empty(shell.root()));
    let mut done = Done {
        leftovers: ingest::finish_leftovers(workspace.view(), session, &mut registry)?,
        ..Done::default()
    };
    if let Some(refusal) = done.leftovers.data.refusal() {
        return Err(Failure::new(Exit::Failed, refusal.to_string()));
    }
    let of_shown: BTreeSet<_> = shown
        .series
        .iter()
        .map(|one| one.take.request.series.ticker())
        .collect();
    let again = asked
        .iter()
        .filter(|one| of_shown.contains(&Some(&one.ticker)));
    let again: Vec<Asked> = again.cloned().collect();
    let now = plan(&again, workspace, registry.catalog(), shell);
    let agreed = agreed(shown, now);
    done.outdated = shown.rows() - agreed.iter().map(|one| one.unwanted.len()).sum::<usize>();
    let stores = &workspace.stores;
    let taken = ingest::take_out(stores, session, &mut registry, &agreed, &mut done.taken);
    taken?;
    let around = (workspace, session);
    let restored = (&shown.restore, &mut done.returned);
    done.outdated += restore::put_back(args, shell, around, &registry, restored)?;
    progress.end();
    held.release()?;
    Ok(done)
}

/// Returns what is planned now of what was shown, row by row.
fn agreed(shown: &Plan, now: Plan) -> Vec<TakeOut> {
    let of_series: BTreeMap<&StorageRequest, &Planned> = shown
        .series
        .iter()
        .map(|one| (&one.take.request, one))
        .collect();
    let mut agreed = Vec::new();
    for planned in now.series {
        let Some(shown) = of_series.get(&planned.take.request) else {
            continue;
        };
        let mut take = planned.take;
        // The values, too, are those that somebody has seen.
        let row = |frame: &Frame, stamp: i64| frame.at(|other| other == stamp);
        take.unwanted.retain(|stamp, _| {
            shown.gone.contains_key(stamp) && row(&shown.rows, *stamp) == row(&planned.rows, *stamp)
        });
        agreed.push(take);
    }
    agreed
}

/// Looks through series side by side, those of one ticker one after the other, so that few are in memory at once.
fn plan(asked: &[Asked], workspace: &Workspace<'_>, catalog: &Catalog, shell: &Shell<'_>) -> Plan {
    let of_ticker = |asked: &Asked| {
        let mut plan = Plan::default();
        for (interval, request) in asked.requests() {
            if shell.world.shutdown.is_raised() {
                break;
            }
            if let Err(failure) = look(
                &mut plan,
                asked,
                (interval, &request),
                workspace,
                catalog,
                shell,
            ) {
                plan.outcome.troubles.push((request, failure));
            }
        }
        plan
    };
    let found: Vec<Plan> = asked.par_iter().map(of_ticker).collect();
    found.into_iter().fold(Plan::default(), |mut all, more| {
        all.add(more);
        all
    })
}

fn look(
    plan: &mut Plan,
    asked: &Asked,
    (interval, request): (Interval, &StorageRequest),
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<(), Failure> {
    let Some(Found { layout, stored }) = workspace.read(catalog, request)? else {
        return Ok(());
    };
    plan.outcome.add(series::damage(&stored, shell));
    plan.outcome.series += 1;
    plan.outcome.bars += stored.frame.len();
    let timezone = asked.timezone(catalog, stored.provenance.timezone);
    let facts = Facts {
        interval,
        basis: PriceBasis::Unknown,
        bars: stored.frame,
        adjusted: BTreeMap::new(),
        events: Vec::new(),
        calendar: asked.calendar(workspace, catalog, timezone.as_deref()),
        has_borders: series::has_borders(workspace, &asked.venue),
        currency: None,
        first_of_another: None,
    };
    let found = repair(&facts, &asked.without_session);
    for finding in found.doubtful {
        let rows = facts.bars.at(|stamp| stamp == finding.from);
        plan.doubtful.push((request.clone(), finding, rows));
    }
    let gone = found.gone;
    let planned = plan_one(workspace, request, layout, &facts.bars, &gone)?;
    let has_rows = planned.as_ref().is_some_and(|one| !one.rows.is_empty());
    plan.series.extend(planned);
    if has_rows && !interval.is_intraday() {
        // Its adjusted close says nothing without a bar.
        let ticker = asked.ticker.clone();
        let beside = StorageRequest {
            venue: request.venue.clone(),
            series: Series::Adjusted { ticker, interval },
        };
        if let Some(Found { layout, stored }) = workspace.read(catalog, &beside)? {
            let Stored { frame, .. } = stored;
            let planned = plan_one(workspace, &beside, layout, &frame, &gone)?;
            plan.series.extend(planned);
        }
    }
    Ok(())
}

/// Returns what becomes of one series; `None` when nothing does.
fn plan_one(
    workspace: &Workspace<'_>,
    request: &StorageRequest,
    layout: Layout,
    frame: &Frame,
    gone: &BTreeMap<i64, (Kind, String)>,
) -> Result<Option<Planned>, StorageError> {
    let rows = frame.at(|stamp| gone.contains_key(&stamp));
    let why = |stamp: i64| Some((stamp, gone.get(&stamp)?));
    let gone: BTreeMap<i64, (Kind, String)> = rows
        .times()
        .filter_map(why)
        .map(|(stamp, why)| (stamp, why.clone()))
        .collect();
    let reasons = gone.iter();
    let unwanted: Unwanted = reasons
        .map(|(stamp, (kind, why))| (*stamp, format!("{kind}: {why}")))
        .collect();
    let without = workspace
        .stores
        .prepare_without(request, layout, &unwanted)?;
    if without.is_nothing() {
        return Ok(None);
    }
    let stays = frame.times().filter(|stamp| !gone.contains_key(stamp));
    Ok(Some(Planned {
        take: TakeOut {
            request: request.clone(),
            layout,
            unwanted,
            newest: stays.max().map(time::day),
        },
        rows,
        emptied: without.emptied,
        gone,
    }))
}
