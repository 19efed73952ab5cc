//! Whether new series are kept in monthly partitions.
//!
//! Promises: a change that would leave rows behind in the other layout is refused before anything is written. Where rows are is
//! looked up on the disk.

use super::RosterError;
use crate::config::{StorageConfig, ToggleScope};
use crate::lock::LockGuard;
use crate::model::Interval;
use crate::workspace::Workspace;

/// What happens to a toggle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Partitions are turned on.
    Enable,
    /// Partitions are turned off.
    Disable,
    /// The toggle is forgotten, and a wider one decides.
    Clear,
}

impl Change {
    /// Changes a toggle in memory.
    fn apply(self, toggles: &mut StorageConfig, scope: &ToggleScope) {
        match self {
            Self::Enable => toggles.set(scope, true),
            Self::Disable => toggles.set(scope, false),
            Self::Clear => {
                toggles.clear(scope);
            }
        }
    }
}

/// Changes a toggle; `false` when it was so already.
///
/// # Errors
/// `Orphans` at the first venue and interval of which rows would stay behind, `DataAbsent` when none can be found that
/// tickers.json knows; when the lock is lost, or the file cannot be read or replaced.
pub fn change_toggle(
    workspace: &mut Workspace<'_>,
    held: &LockGuard<'_>,
    scope: &ToggleScope,
    change: Change,
) -> Result<bool, RosterError> {
    // Read under the lock: another run may have changed it since the workspace was opened.
    let current = StorageConfig::load(workspace.fs(), held.workspace())?;
    let mut changed = current.clone();
    change.apply(&mut changed, scope);
    if changed == current {
        return Ok(false);
    }
    refuse_orphans(workspace, &current, &changed)?;
    held.confirm()?;
    let saved = workspace.config.save_storage_config(&held.temps(), changed);
    saved?;
    Ok(true)
}

/// Refuses a change that would orphan rows of any venue whose layout it changes.
fn refuse_orphans(
    workspace: &Workspace<'_>,
    before: &StorageConfig,
    after: &StorageConfig,
) -> Result<(), RosterError> {
    // A registry that cannot be understood cannot say whose the legacy rows are.
    let catalog = workspace.catalog()?.unwrap_or_default();
    // Of rows on a disk that is not mounted nobody can say in which layout they are.
    workspace.view().data_root(&catalog).refuse_absent()?;
    for venue in &workspace.venues()? {
        let (was, is_partitioned) = (before.lookup(venue).0, after.lookup(venue).0);
        if was == is_partitioned {
            continue;
        }
        for interval in Interval::ALL {
            if !workspace.config.partitions(venue, interval) {
                continue;
            }
            let tickers = workspace.stores.orphans(venue, interval, is_partitioned)?;
            if !tickers.is_empty() {
                let venue = venue.clone();
                return Err(RosterError::Orphans {
                    venue,
                    interval,
                    tickers,
                    is_partitioned,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Venue;

    #[test]
    fn a_toggle_that_is_forgotten_leaves_the_choice_to_the_wider_one() {
        let venue: Venue = "us:demo".parse().unwrap();
        let of_venue = ToggleScope::Source(venue.clone());
        let mut toggles = StorageConfig::default();
        Change::Enable.apply(&mut toggles, &ToggleScope::Global);

        let mut layouts = Vec::new();
        for change in [Change::Disable, Change::Clear, Change::Enable] {
            change.apply(&mut toggles, &of_venue);
            layouts.push(toggles.lookup(&venue).0);
        }

        assert_eq!(layouts, [false, true, true]);
    }
}
