//! Which intervals can stand in a plan.

use super::{MigrateError, Proofs, Sides, Survey, VenueInterval};
use crate::config::ConfigService;
use crate::model::{Interval, Venue};

/// Whether an interval of a venue can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plannable {
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

/// The intervals of a venue that a plan may have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plannables {
    /// Those that can be migrated, each once.
    pub tuples: Vec<VenueInterval>,
    /// Those that stay in the legacy layout though they have legacy files.
    pub too_wide: Vec<Interval>,
}

/// Returns the intervals of a venue that can be planned: those that were named, or all that there are when none was.
///
/// # Errors
/// `TooWide`, `NoLegacyFiles` or `OfOthers` for one that was named; when a folder cannot be listed, or a journal cannot be read.
pub fn plannables(
    sides: Sides<'_>,
    config: &ConfigService<'_>,
    venue: &Venue,
    named: &[Interval],
) -> Result<Plannables, MigrateError> {
    let wanted = if named.is_empty() {
        &Interval::ALL
    } else {
        named
    };
    let mut found = Plannables::default();
    for &interval in wanted {
        let venue = venue.clone();
        let tuple = VenueInterval { venue, interval };
        found.take(tuple.clone(), plannable(sides, config, &tuple)?, named)?;
    }
    Ok(found)
}

impl Plannables {
    fn take(
        &mut self,
        tuple: VenueInterval,
        judged: Plannable,
        named: &[Interval],
    ) -> Result<(), MigrateError> {
        let VenueInterval { venue, interval } = tuple;
        match judged {
            Plannable::Yes => {
                let tuple = VenueInterval { venue, interval };
                if !self.tuples.contains(&tuple) {
                    self.tuples.push(tuple);
                }
            }
            Plannable::TooWide { is_empty } if named.is_empty() => {
                self.too_wide.extend((!is_empty).then_some(interval));
            }
            Plannable::Empty | Plannable::OfOthers if named.is_empty() => {}
            Plannable::TooWide { .. } => return Err(MigrateError::TooWide { venue, interval }),
            Plannable::Empty => return Err(MigrateError::NoLegacyFiles { interval }),
            Plannable::OfOthers => return Err(MigrateError::OfOthers { venue, interval }),
        }
        Ok(())
    }
}

/// Judges whether an interval can be planned.
fn plannable(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_and_cannot_be_planned_is_refused_and_else_passed_over() {
        let take = |judged: &[Plannable], named: &[Interval]| {
            let mut found = Plannables::default();
            for (judged, interval) in judged
                .iter()
                .zip([Interval::D1, Interval::Wk1, Interval::M1])
            {
                let venue = "us:demo".parse().unwrap();
                found.take(VenueInterval { venue, interval }, *judged, named)?;
            }
            Ok(found)
        };
        let wide = Plannable::TooWide { is_empty: false };

        let all = take(&[Plannable::Yes, wide, Plannable::Empty], &[]).unwrap();
        let planned: Vec<Interval> = all.tuples.iter().map(|tuple| tuple.interval).collect();
        assert_eq!(
            (planned, all.too_wide),
            (vec![Interval::D1], vec![Interval::Wk1])
        );
        let bare = take(
            &[Plannable::TooWide { is_empty: true }, Plannable::OfOthers],
            &[],
        );
        assert_eq!(bare.unwrap(), Plannables::default());
        for (judged, expected) in [
            (wide, "too wide"),
            (Plannable::Empty, "no legacy files"),
            (Plannable::OfOthers, "another venue than us:demo"),
        ] {
            let refused: Result<Plannables, MigrateError> = take(&[judged], &[Interval::D1]);
            let told = refused.unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }
}
