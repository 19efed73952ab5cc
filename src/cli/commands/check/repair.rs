//! `barkeep check --repair`: takes out bars that stand where none can, beside others that hold their time, and puts back what the
//! tree has lost and a mirror has still (`restore`).
//!
//! Promises: nothing goes that was not shown, and nothing without a yes, by word or by `--yes`. What is decided is decided
//! again under the run lock: a row that has changed meanwhile stays. `--dry-run` takes no lock and changes nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;

use super::super::registration;
use super::repair_print as print;
use super::restore::{self, Restore};
use super::{CheckArgs, Outcome};
use crate::audit::{self, DamagedFile, RepairPlan, Subject};
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::words::count;
use crate::ingest::{self, LeftoverReport, Registry, Returned, TakenOut};
use crate::workspace::Workspace;

/// What can be done about all series.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What can be taken out.
    pub(super) out: RepairPlan,
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
    fn of(mut out: RepairPlan, restore: Restore) -> Self {
        Self {
            outcome: Outcome::of(std::mem::take(&mut out.findings)),
            out,
            restore,
        }
    }

    fn is_nothing(&self) -> bool {
        self.out.series.is_empty() && self.restore.rows() == 0
    }

    /// Returns the exit of a run that does all of it.
    fn exit(&self) -> Exit {
        let doubt = (!self.out.doubtful.is_empty()).then_some(Exit::Mismatch);
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
    let subjects = super::subjects(args, workspace, catalog)?;
    let found = plan(args, shell, (workspace, catalog), &subjects);
    let mut shown = Plan::of(found, restore::find(args, workspace, catalog)?);
    if shown.outcome.found.series == 0 && shown.outcome.is_untroubled() {
        super::refuse_unknown(args, catalog, &subjects)?;
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
        done = carry_out(args, shell, workspace, &subjects, &shown)?;
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
    outcome.found.damaged.retain(|file| !is_mended(file));
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
    let out = || all(plan.out.rows(), "out of", plan.out.series.len());
    let back = || all(plan.restore.rows(), "back into", plan.restore.series());
    let question = match (plan.out.series.is_empty(), plan.restore.rows() == 0) {
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
    subjects: &[Subject],
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
    let of_shown = shown.out.series.iter();
    let of_shown: BTreeSet<_> = of_shown
        .map(|one| one.take.request.series.ticker())
        .collect();
    let again = subjects.iter();
    let again = again.filter(|subject| of_shown.contains(&Some(&subject.ticker)));
    let again: Vec<Subject> = again.cloned().collect();
    let now = plan(args, shell, (workspace, registry.catalog()), &again);
    let agreed = audit::agreed(&shown.out.series, now.series);
    done.outdated = shown.out.rows() - agreed.iter().map(|one| one.unwanted.len()).sum::<usize>();
    let stores = &workspace.stores;
    let taken = ingest::take_out(stores, session, &mut registry, &agreed, &mut done.taken);
    taken?;
    let around = (workspace, session);
    let restored = (&shown.restore, &mut done.returned);
    done.outdated += restore::put_back(args, around, &registry, restored)?;
    progress.end();
    held.release()?;
    Ok(done)
}

fn plan(
    args: &CheckArgs,
    shell: &Shell<'_>,
    around: (&Workspace<'_>, &Catalog),
    subjects: &[Subject],
) -> RepairPlan {
    let without_session: BTreeSet<NaiveDate> = args.days.iter().copied().collect();
    audit::plan(subjects, around, &without_session, &shell.world.shutdown)
}
