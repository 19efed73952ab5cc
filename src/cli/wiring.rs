//! From the shell to an opened workspace.

use chrono::{DateTime, Utc};

use super::Exit;
use super::failure::Failure;
use super::shell::Shell;
use crate::catalog::Catalog;
use crate::config::Overrides;
use crate::model::words;
use crate::model::{AsOf, Venue};
use crate::workspace::{Workspace, WorkspaceError};

/// Opens the workspace of the shell.
pub(super) fn open<'s>(shell: &'s Shell<'_>) -> Result<Workspace<'s>, Failure> {
    open_under(shell, &Overrides::default())
}

/// Opens the workspace of the shell, and its registry.
pub(super) fn open_with_registry<'s>(
    shell: &'s Shell<'_>,
) -> Result<(Workspace<'s>, Catalog), Failure> {
    let workspace = open(shell)?;
    let catalog = registry(&workspace, shell)?;
    Ok((workspace, catalog))
}

/// Opens the workspace of the shell with settings of the command line.
pub(super) fn open_under<'s>(
    shell: &'s Shell<'_>,
    flags: &Overrides,
) -> Result<Workspace<'s>, Failure> {
    match Workspace::open(&shell.around, flags) {
        Err(WorkspaceError::NotInitialised { .. }) => Err(absent(shell, "there is no workspace")),
        opened => {
            let workspace = opened?;
            warn_of_calendars(&workspace, shell);
            Ok(workspace)
        }
    }
}

/// Opens the workspace of the shell for a command that may name a venue.
pub(super) fn open_at<'s>(
    shell: &'s Shell<'_>,
    venue: Option<&Venue>,
) -> Result<Workspace<'s>, Failure> {
    let flags = Overrides {
        default_venue: venue.cloned(),
        ..Overrides::default()
    };
    open_under(shell, &flags)
}

/// Returns the registry, which a workspace has.
pub(super) fn registry(workspace: &Workspace<'_>, shell: &Shell<'_>) -> Result<Catalog, Failure> {
    workspace
        .catalog()?
        .ok_or_else(|| absent(shell, "there is no tickers.json"))
}

/// Returns the registry; an empty one where the workspace has none.
pub(super) fn registry_or_new(
    workspace: &Workspace<'_>,
    _: &Shell<'_>,
) -> Result<Catalog, Failure> {
    Ok(workspace.catalog()?.unwrap_or_default())
}

/// Returns the moment that a command is asked about; `None` for now.
pub(super) fn moment(
    shell: &Shell<'_>,
    as_of: Option<AsOf>,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let at = as_of.map(|as_of| as_of.at(shell.around.clock.now()));
    at.transpose().map_err(Failure::usage)
}

/// Warns of calendars of the settings that are not used.
pub(super) fn warn_of_calendars(workspace: &Workspace<'_>, shell: &Shell<'_>) {
    for unused in workspace.unused_calendars() {
        shell.warning(&format!(
            "The calendar {} is not used: {}: {}.",
            unused.name,
            shell.shown(&unused.path),
            unused.reason
        ));
    }
}

/// Returns the failure of a folder that lacks what the command needs.
pub(super) fn absent(shell: &Shell<'_>, what: &str) -> Failure {
    let root = shell.root().display();
    let typed = words::quoted(&root.to_string());
    Failure::new(Exit::NotInitialised, format!("{what} in {root}"))
        .hint(format!("make one: barkeep -C {typed} init --ticker AAPL"))
}

/// Warns of a venue that no source serves: its rows are kept, and nothing is fetched.
pub(super) fn warn_without_source(workspace: &Workspace<'_>, shell: &Shell<'_>, venue: &Venue) {
    let view = workspace.view();
    if view.source(venue).is_none() && view.feed(venue).is_none() {
        shell.warning(&format!(
            "No source is configured for {venue}, so nothing will be fetched there."
        ));
    }
}
