//! What is looked at before anything is copied: a migration that cannot end well does not begin.

use super::{LegacyFiles, MigrateError, PlannedInterval, Sides, VenueInterval, adoptables};
use crate::config::ConfigService;

/// Refuses intervals whose migration could not end well, or would leave files out.
///
/// # Errors
/// `TooWide`, `OtherDisk` or `Outside`; when the disk cannot be asked.
pub fn preflight(
    sides: Sides<'_>,
    config: &ConfigService<'_>,
    chosen: &[PlannedInterval],
    legacy: LegacyFiles,
) -> Result<(), MigrateError> {
    let tuples: Vec<VenueInterval> = chosen.iter().map(|one| one.tuple.clone()).collect();
    // A plan that somebody else wrote may name intervals that make no sense as months.
    for VenueInterval { venue, interval } in &tuples {
        if !config.partitions(venue, *interval) {
            return Err(MigrateError::TooWide {
                venue: venue.clone(),
                interval: *interval,
            });
        }
    }
    for tuple in &tuples {
        refuse_other_disks(sides, tuple, legacy)?;
    }
    let elsewhere = adoptables(sides, &tuples)?;
    let Some(first) = elsewhere.first() else {
        return Ok(());
    };
    let folder = first.path.parent().unwrap_or(&first.path);
    Err(MigrateError::Outside {
        folder: sides.places.shown(folder).to_owned(),
    })
}

fn refuse_other_disks(
    sides: Sides<'_>,
    VenueInterval { venue, interval }: &VenueInterval,
    legacy: LegacyFiles,
) -> Result<(), MigrateError> {
    let Sides { fs, places, .. } = sides;
    let data = &places.data;
    let market = data.join(venue.market.as_str());
    let source = market.join(venue.source.as_str());
    let tree = format!("stocks_{interval}");
    let mut dirs = vec![source.join(&tree), source, market];
    if legacy == LegacyFiles::Go {
        dirs.push(data.join("legacy"));
        dirs.push(data.join("legacy").join(tree));
    }
    for dir in dirs {
        if fs.metadata(&dir)?.is_some() && !fs.same_device(&dir, data)? {
            return Err(MigrateError::OtherDisk {
                dir: places.shown(&dir).to_owned(),
                data: places.shown(data).to_owned(),
            });
        }
    }
    Ok(())
}
