//! In which order days of the predecessor are written anew, of which some have rows of other days.
//!
//! Promises: a file loses the rows of another day only after a group that stored them there. Pure. Leaves to others: reading and
//! storing (`take_over`).

use std::collections::{BTreeMap, BTreeSet};

use crate::frame::{self, Frame, Profile};
use crate::model::{Dataset, PartitionKey};

/// The days to write, and the rows that move between them.
#[derive(Debug)]
pub(super) struct Renewal {
    /// Days in the form of the predecessor.
    older: BTreeSet<PartitionKey>,
    /// The days that a file has rows of, beside its own.
    targets: BTreeMap<PartitionKey, BTreeSet<PartitionKey>>,
    /// Rows that lie in files of other days, by their own day.
    strays: BTreeMap<PartitionKey, Frame>,
}

impl Renewal {
    /// Takes in the rows of other days, by the day of the file that has them.
    pub(super) fn of(
        older: Vec<PartitionKey>,
        found: Vec<(PartitionKey, BTreeMap<PartitionKey, Frame>)>,
    ) -> Self {
        let mut renewal = Self {
            older: older.into_iter().collect(),
            targets: BTreeMap::new(),
            strays: BTreeMap::new(),
        };
        for (day, strays) in found {
            for (target, rows) in strays {
                renewal.targets.entry(day).or_default().insert(target);
                let known = renewal.strays_of(target);
                let rows = frame::merge(&known, &rows).frame;
                renewal.strays.insert(target, rows);
            }
        }
        renewal
    }

    /// Tells whether the file of a day is in the form of the predecessor.
    pub(super) fn is_older(&self, day: PartitionKey) -> bool {
        self.older.contains(&day)
    }

    /// Returns the rows of a day that lie in files of other days.
    pub(super) fn strays_of(&self, day: PartitionKey) -> Frame {
        let nothing = || Frame::empty(Profile::of(Dataset::Trades));
        self.strays.get(&day).cloned().unwrap_or_else(nothing)
    }

    /// Tells whether all rows of other days that a file has are stored where they belong, when some days are done.
    pub(super) fn may_renew(&self, day: PartitionKey, done: &BTreeSet<PartitionKey>) -> bool {
        let targets = self.targets.get(&day);
        targets.is_none_or(|targets| targets.is_subset(done))
    }

    /// Returns all days in groups of so many at most, each after those that its file has rows of; of others the newest first, as
    /// whoever asks for a day asks for the last ones. Days that have rows of one another stand in the last group.
    pub(super) fn groups(&self, most: usize) -> Vec<Vec<PartitionKey>> {
        let mut left: BTreeSet<PartitionKey> = &self.older | &self.strays.keys().copied().collect();
        let mut before: BTreeSet<PartitionKey> = BTreeSet::new();
        let mut groups = Vec::new();
        while !left.is_empty() {
            let is_ready = |day: &&PartitionKey| self.may_renew(**day, &before);
            let mut ready: Vec<PartitionKey> =
                left.iter().rev().filter(is_ready).copied().collect();
            if ready.is_empty() {
                ready.extend(left.iter().copied());
            }
            for day in &ready {
                left.remove(day);
            }
            before.extend(&ready);
            groups.extend(ready.chunks(most).map(<[PartitionKey]>::to_vec));
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Trade, rows_of_trades};
    use crate::model::time;

    fn day(text: &str) -> PartitionKey {
        PartitionKey::Day(text.parse().unwrap())
    }

    fn row(of: &str) -> Frame {
        let midnight = time::midnight(of.parse().unwrap()).unwrap();
        rows_of_trades(&[Trade {
            trade_time: midnight,
            ..Trade::default()
        }])
        .frame
    }

    /// Files of three days, and which days they have rows of beside their own.
    fn renewal(strays: &[(&str, &[&str])]) -> Renewal {
        let days = ["2025-10-29", "2025-10-30", "2025-10-31"].map(day);
        let found = strays.iter().map(|(of, others)| {
            let rows = others.iter().map(|other| (day(other), row(other)));
            (day(of), rows.collect())
        });
        Renewal::of(days.to_vec(), found.collect())
    }

    #[test]
    fn a_file_comes_after_the_days_that_it_has_rows_of_and_the_newest_first_otherwise() {
        let of = |groups: &[&[&str]]| -> Vec<Vec<PartitionKey>> {
            let group = |days: &&[&str]| days.iter().map(|text| day(text)).collect();
            groups.iter().map(group).collect()
        };
        let (one, two, three) = ("2025-10-29", "2025-10-30", "2025-10-31");

        assert_eq!(renewal(&[]).groups(2), of(&[&[three, two], &[one]]));
        let chain = renewal(&[(three, &[two]), (two, &[one])]);
        assert_eq!(chain.groups(2), of(&[&[one], &[two], &[three]]));
        // Of a day that has no file of the predecessor.
        let lone = renewal(&[(one, &["2025-10-28"]), (two, &["2025-10-28"])]);
        assert_eq!(lone.groups(9), of(&[&[three, "2025-10-28"], &[two, one]]));
        assert_eq!(lone.strays_of(day("2025-10-28")).len(), 1);
        assert!(!lone.is_older(day("2025-10-28")) && lone.is_older(day(one)));
    }

    #[test]
    fn a_file_is_written_anew_once_its_rows_of_other_days_are_stored() {
        let both = renewal(&[
            ("2025-10-29", &["2025-10-30"]),
            ("2025-10-30", &["2025-10-29"]),
        ]);
        let done = |days: &[&str]| days.iter().map(|text| day(text)).collect();

        assert!(both.may_renew(day("2025-10-31"), &done(&[])));
        assert!(!both.may_renew(day("2025-10-29"), &done(&["2025-10-31"])));
        assert!(both.may_renew(day("2025-10-29"), &done(&["2025-10-30"])));
        // Neither of two days that have rows of one another can go first: a person is told.
        assert_eq!(both.groups(9).len(), 2);
    }
}
