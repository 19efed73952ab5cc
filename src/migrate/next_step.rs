//! What a person does next about a plan.

use super::{IntervalState, Stage, VenueInterval};

/// What a person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep<'s> {
    /// Migrate this interval; of one of which everything is proven, the switch is left.
    Migrate(&'s VenueInterval),
    /// Migrate all that are open.
    MigrateAll,
    /// Take this interval out of the way, if there is nothing to migrate.
    LeaveOut(&'s VenueInterval),
    /// Remove the legacy files of this interval, once its partitions are trusted.
    RemoveLegacy(&'s VenueInterval),
}

/// Returns what is done next about the intervals of a plan; `None` when nothing is left.
pub fn next_step(states: &[IntervalState]) -> Option<NextStep<'_>> {
    let is_open = |state: &&IntervalState| {
        let is_done = matches!(state.stage, Stage::Verified | Stage::Active);
        !is_done && !state.is_left_out()
    };
    let mut open = states.iter().filter(is_open);
    match (open.next(), open.next()) {
        (Some(_), Some(_)) => Some(NextStep::MigrateAll),
        (Some(one), None) if one.is_bare() => Some(NextStep::LeaveOut(&one.planned.tuple)),
        (Some(one), None) => Some(NextStep::Migrate(&one.planned.tuple)),
        (None, _) => {
            let has_more =
                |one: &&IntervalState| one.stage == Stage::Verified || one.legacy_files > 0;
            let one = states.iter().find(has_more)?;
            Some(match one.stage {
                Stage::Verified => NextStep::Migrate(&one.planned.tuple),
                _ => NextStep::RemoveLegacy(&one.planned.tuple),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PlannedInterval, Status};
    use super::*;
    use crate::model::Interval;

    fn state(
        interval: Interval,
        stage: Stage,
        tickers: usize,
        legacy_files: usize,
    ) -> IntervalState {
        let tuple = VenueInterval {
            venue: "us:demo".parse().unwrap(),
            interval,
        };
        IntervalState {
            planned: PlannedInterval {
                tuple,
                status: Status::Pending,
                jobs: (0, 0),
                rows: (None, None),
                verified_at: None,
                basis: None,
            },
            stage,
            tickers,
            proven: 0,
            failures: Vec::new(),
            open: Vec::new(),
            is_eligible: true,
            legacy_bytes: 0,
            legacy_files,
            strangers: Vec::new(),
            partition_tickers: 0,
            proven_at: None,
            seconds_left: None,
            disagreements: Vec::new(),
        }
    }

    #[test]
    fn what_is_open_comes_before_the_switch_and_legacy_files_go_last() {
        let day = |stage, tickers, files| state(Interval::D1, stage, tickers, files);
        let minute = |stage| state(Interval::M1, stage, 1, 1);
        let skipped = IntervalState {
            planned: PlannedInterval {
                status: Status::from("skipped"),
                ..day(Stage::Pending, 0, 0).planned
            },
            ..day(Stage::Pending, 0, 0)
        };
        let (one, other) = (
            &day(Stage::Active, 1, 1).planned.tuple,
            &minute(Stage::Active).planned.tuple,
        );
        for (states, expected) in [
            (vec![], None),
            (
                vec![day(Stage::Pending, 1, 1)],
                Some(NextStep::Migrate(one)),
            ),
            (
                vec![day(Stage::Pending, 0, 0)],
                Some(NextStep::LeaveOut(one)),
            ),
            (vec![skipped], None),
            (
                vec![day(Stage::Unverified, 1, 1), minute(Stage::Migrating)],
                Some(NextStep::MigrateAll),
            ),
            (
                vec![day(Stage::Active, 1, 1), minute(Stage::Migrating)],
                Some(NextStep::Migrate(other)),
            ),
            (
                vec![day(Stage::Active, 1, 0), minute(Stage::Verified)],
                Some(NextStep::Migrate(other)),
            ),
            (
                vec![day(Stage::Active, 1, 1)],
                Some(NextStep::RemoveLegacy(one)),
            ),
            (vec![day(Stage::Active, 1, 0)], None),
        ] {
            assert_eq!(next_step(&states), expected, "{states:#?}");
        }
    }
}
