//! Which intervals can stand in a plan.

use super::{MigrateError, Proofs, Sides, Survey, VenueInterval};
use crate::config::ConfigService;
use crate::model::{Interval, Venue};

/// Whether an interval of a venue can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plannable {
    /// There are legacy files, or what the journal proves may be looked at and brought back though they are removed.
    Yes,
    /// Its bars are too wide for monthly files, whether there are legacy files or not.
    TooWide {
        /// Whether there are none.
        is_empty: bool,
    },
    /// There are no legacy files.
    Empty,
    /// There are only those of tickers of other venues.
    OfOthers,
}

/// Judges whether an interval can be planned.
///
/// # Errors
/// When a folder cannot be listed, or the journal cannot be read.
pub fn plannable(
    sides: Sides<'_>,
    config: &ConfigService<'_>,
    tuple: &VenueInterval,
) -> Result<Plannable, MigrateError> {
    let survey = Survey::of(sides, tuple)?;
    let is_empty = survey.is_bare() && Proofs::load(sides.fs, sides.places, tuple)?.is_empty();
    let is_wide = !config.partitions(&tuple.venue, tuple.interval);
    Ok(match survey.elsewhere {
        _ if is_wide => Plannable::TooWide { is_empty },
        _ if !is_empty => Plannable::Yes,
        0 => Plannable::Empty,
        _ => Plannable::OfOthers,
    })
}

/// Returns the intervals whose files may be moved: those that can be in the plan, each once. What is never migrated is used from
/// where it lies.
pub fn movable(
    config: &ConfigService<'_>,
    venue: &Venue,
    intervals: &[Interval],
) -> Vec<VenueInterval> {
    let mut intervals = intervals.to_vec();
    intervals.retain(|interval| config.partitions(venue, *interval));
    intervals.sort();
    intervals.dedup();
    let tuple = |interval| VenueInterval {
        venue: venue.clone(),
        interval,
    };
    intervals.into_iter().map(tuple).collect()
}
