//! What `init`, `tickers` and `partition-toggle` share: taking the lock for a small change, and reading lists of symbols.

use std::path::Path;
use std::time::Duration;

use crate::catalog::Catalog;
use crate::cli::{Failure, Shell};
use crate::ingest;
use crate::lock::LockGuard;
use crate::model::Ticker;
use crate::model::words;
use crate::roster::{self, Unspelled};
use crate::workspace::Workspace;

/// Takes the run lock, waiting for it if that was asked for.
pub(super) fn lock<'s>(
    workspace: &Workspace<'s>,
    shell: &Shell<'_>,
    command: &str,
    wait: Duration,
) -> Result<LockGuard<'s>, Failure> {
    let lock = workspace.lock();
    let guard = match lock.acquire(command) {
        Err(error) if error.is_contention() && !wait.is_zero() => {
            let seconds = words::duration(wait.as_secs_f64());
            let owner = error
                .owner()
                .map_or_else(|| "another run".to_owned(), ToString::to_string);
            shell.note(&format!("Waiting up to {seconds} for the lock of {owner}."));
            lock.acquire_waiting(command, wait)
        }
        outcome => outcome,
    };
    if let Ok(guard) = &guard
        && guard.took_over().is_some()
    {
        ingest::sweep::forget(&*shell.world.fs, &workspace.places)?;
    }
    guard.map_err(|error| shell.stopped(Failure::from(error)))
}

/// Changes the registry under the run lock, and saves it if something changed. `load` returns what there is.
pub(super) fn change<T>(
    (workspace, shell): (&Workspace<'_>, &Shell<'_>),
    command: &str,
    load: fn(&Workspace<'_>, &Shell<'_>) -> Result<Catalog, Failure>,
    apply: impl FnOnce(&mut Catalog) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let held = lock(workspace, shell, command, Duration::ZERO)?;
    let mut catalog = load(workspace, shell)?;
    let done = apply(&mut catalog)?;
    if catalog.is_changed() {
        roster::save(workspace.fs(), &held, &catalog)?;
    }
    held.release()?;
    Ok(done)
}

/// Returns the tickers of the command line and of a file that somebody wrote.
pub(super) fn listed(
    shell: &Shell<'_>,
    tickers: &[Ticker],
    file: Option<&Path>,
) -> Result<Vec<Ticker>, Failure> {
    let mut all = tickers.to_vec();
    if let Some(path) = file {
        all.extend(roster::written(&*shell.world.fs, &shell.typed(path))?);
    }
    Ok(all)
}

/// Names tickers that differ only in case from one of those that were added.
pub(super) fn warn_of_twins(shell: &Shell<'_>, catalog: &Catalog, tickers: &[Ticker]) {
    for twins in catalog.case_twins() {
        if twins.iter().any(|twin| tickers.contains(twin)) {
            shell.warning(&format!(
                "{} differ only in case, which some disks cannot tell apart.",
                words::some_of(&twins, 3)
            ));
        }
    }
}

/// Warns of intervals in which a ticker cannot be stored, since it is unsafe as a file name.
pub(super) fn warn_of_unspelled(shell: &Shell<'_>, unspelled: Unspelled<'_>) {
    let Some((ticker, intervals)) = unspelled else {
        return;
    };
    for interval in intervals {
        shell.warning(&format!(
            "{interval} bars of {ticker} cannot be stored: they are kept in the legacy layout, which cannot spell the symbol."
        ));
    }
}
