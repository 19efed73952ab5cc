//! What is looked at before anything is copied: a migration that cannot end well does not begin.

use super::migrate_args::MigrateArgs;
use super::open;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::migrate::{self, PlannedInterval, VenueInterval};
use crate::model::{Interval, Venue};
use crate::workspace::Workspace;

/// A plan that somebody else wrote may name intervals that make no sense as months.
pub(super) fn refuse_wide(
    workspace: &Workspace<'_>,
    chosen: &[PlannedInterval],
) -> Result<(), Failure> {
    for VenueInterval { venue, interval } in chosen.iter().map(|one| &one.tuple) {
        if !workspace.config.partitions(venue, *interval) {
            return Err(too_wide(venue, *interval));
        }
    }
    Ok(())
}

/// Returns the refusal of an interval of which a month has few bars.
pub(super) fn too_wide(venue: &Venue, interval: Interval) -> Failure {
    Failure::usage(format!(
        "{interval} is not migrated: its bars are too wide for monthly files, of which each would hold only a few"
    ))
    .hint(format!(
        "to have it so anyhow, name {interval} in `partition_intervals` of {venue} in barkeep.toml"
    ))
}

/// Series are moved by renames, which do not go from one disk to another.
pub(super) fn refuse_other_disks(
    args: &MigrateArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    chosen: &[PlannedInterval],
) -> Result<(), Failure> {
    let fs = &*shell.world.fs;
    let data = &workspace.places.data;
    for VenueInterval { venue, interval } in chosen.iter().map(|one| &one.tuple) {
        let market = data.join(venue.market.as_str());
        let source = market.join(venue.source.as_str());
        let mut dirs = vec![source.join(format!("stocks_{interval}")), source, market];
        if args.delete_legacy {
            dirs.push(data.join("legacy"));
            dirs.push(data.join("legacy").join(format!("stocks_{interval}")));
        }
        for dir in dirs {
            if fs.metadata(&dir)?.is_some() && !fs.same_device(&dir, data)? {
                return Err(Failure::new(
                    Exit::Failed,
                    format!(
                        "{} lies on another disk than {}, and files cannot be moved between the two",
                        shell.shown(&dir),
                        shell.shown(data)
                    ),
                )
                .hint("mount the disk as `data` itself, or link `data` to it"));
            }
        }
    }
    Ok(())
}

/// Files that lie elsewhere would be left out without a word.
pub(super) fn refuse_strays(
    args: &MigrateArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    chosen: &[PlannedInterval],
) -> Result<(), Failure> {
    let (progress, catalog) = (Progress::new(shell, args.json), open::catalog(workspace)?);
    let sides = open::sides(workspace, shell, &catalog, &progress);
    let tuples: Vec<VenueInterval> = chosen.iter().map(|one| one.tuple.clone()).collect();
    let adoptables = migrate::adoptables(sides, &tuples)?;
    let Some(adoptable) = adoptables.first() else {
        return Ok(());
    };
    let folder = adoptable.path.parent().unwrap_or(&adoptable.path);
    Err(Failure::new(
        Exit::Failed,
        format!(
            "legacy files lie outside of data/legacy, in {}",
            shell.shown(folder)
        ),
    )
    .hint("move them there: barkeep partition-migrate init --all-found --adopt --force"))
}
