//! `barkeep check --repair`: takes out bars that stand where none can, beside others that hold their time, and puts back what the
//! tree has lost and a mirror has still.
//!
//! Promises: nothing goes that was not shown, and nothing without a yes, by word or by `--yes`. `--dry-run` takes no lock and changes
//! nothing. Leaves to others: what can be done, and what of it is still so under the lock (`audit`).

use std::time::Duration;

use super::super::registration;
use super::repair_print as print;
use super::{CheckArgs, Outcome};
use crate::audit::{self, Repair, Repairable, Repaired};
use crate::catalog::Catalog;
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell};
use crate::inventory::Asked;
use crate::model::words::count;
use crate::overview;
use crate::workspace::Workspace;

/// What can be done about all series.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) found: Repairable,
    /// What was looked through, and could not be.
    pub(super) outcome: Outcome,
}

impl Plan {
    fn of(mut found: Repairable) -> Self {
        Self {
            outcome: Outcome::of(std::mem::take(&mut found.out.findings)),
            found,
        }
    }

    /// Returns the exit of a run that does all of it.
    fn exit(&self) -> Exit {
        Exit::worst([
            self.outcome.exit(),
            Exit::Mismatch.when(!self.found.out.doubtful.is_empty()),
            Exit::Partial.when(self.found.restore.is_partial()),
        ])
    }
}

/// Runs `check --repair`.
pub(super) fn run(
    (args, asked): (&CheckArgs, &Asked),
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    let may_go_on = args.dry_run || args.yes || shell.may_ask(args.non_interactive);
    if !may_go_on {
        return Err(Failure::usage("a repair has to be confirmed")
            .hint("see them by --dry-run, then say --yes"));
    }
    let subjects = audit::subjects(workspace, catalog, asked)?;
    let repair = Repair {
        workspace,
        asked,
        subjects: &subjects,
        without_session: &args.days.iter().copied().collect(),
        accepts_missing: args.accept_missing,
    };
    let mut shown = Plan::of(repair.plan(catalog)?);
    if shown.outcome.found.series == 0 && shown.outcome.is_untroubled() {
        audit::refuse_unknown(&asked.tickers, catalog, &subjects)?;
    }
    if !args.json {
        print::table(&shown, shell);
    }
    if let Some(exit) = shell.interrupted() {
        return Ok(exit);
    }
    let mut done = Repaired::default();
    let is_nothing = shown.found.is_nothing();
    // What a stopped repair has still to do counts as done for who looks.
    let is_unfinished =
        || overview::interrupted_runs(workspace, &workspace.view().data_root(catalog));
    if !args.dry_run && (!is_nothing || is_unfinished()? > 0) {
        if !is_nothing {
            confirm(args, shell, &shown)?;
        }
        done = carry_out(&repair, &shown.found, args, shell)?;
    }
    if args.json {
        print::document(args, &shown, &done, shell);
    } else {
        print::done(args, &shown, &done, shell);
    }
    let Plan { found, outcome } = &mut shown;
    let damaged = &mut outcome.found.damaged;
    damaged.retain(|file| !done.mends(found, file));
    let exit = Exit::worst([
        shown.exit(),
        Exit::Damaged.when(!done.leftovers.damaged.is_empty()),
        Exit::Partial.when(done.is_partial()),
    ]);
    Ok(shell.interrupted().unwrap_or(exit))
}

/// Does under the run lock what was shown, and what a stopped repair left.
fn carry_out(
    repair: &Repair<'_>,
    shown: &Repairable,
    args: &CheckArgs,
    shell: &Shell<'_>,
) -> Result<Repaired, Failure> {
    let workspace = repair.workspace;
    let held = match registration::lock(workspace, shell, "check --repair", Duration::ZERO) {
        Ok(held) => held,
        // Whoever is at work has left it.
        Err(failure) if shown.is_nothing() && failure.exit == Exit::Locked => {
            return Ok(Repaired::default());
        }
        Err(failure) => return Err(failure),
    };
    let progress = Progress::new(shell, args.json);
    let done = repair.carry_out(workspace.session(&held, &progress), shown)?;
    progress.end();
    held.release()?;
    Ok(done)
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
    let out = || all(plan.found.out.rows(), "out of", plan.found.out.series.len());
    let back = || {
        all(
            plan.found.restore.rows(),
            "back into",
            plan.found.restore.series(),
        )
    };
    let question = match (
        plan.found.out.series.is_empty(),
        plan.found.restore.rows() == 0,
    ) {
        (true, _) => format!("Put {}?", back()),
        (false, true) => format!("Take {}?", out()),
        (false, false) => format!("Take {}, and put {}?", out(), back()),
    };
    shell.confirm(&question, "nothing was changed")
}
