//! Merges newer rows of a series into older ones.
//!
//! Promises: no key of the older frame is ever missing from the result; merging the same rows twice changes
//! nothing the second time; every stored value that changes is reported as a revision.
//! Leaves to others: which rows are older. The store reads its own past under the run lock.

use std::cmp::Ordering;

use super::{Cell, Column, Frame, MergeRule, Profile, compare_keys};

/// The outcome of a merge.
#[derive(Debug)]
pub struct Merged {
    /// All rows.
    pub frame: Frame,
    /// How many rows have a key that was not stored before.
    pub added: usize,
    /// How many stored rows were replaced by other values.
    pub changed: usize,
    /// How many of the newer rows were there already or had to yield.
    pub unchanged: usize,
    /// What the changes overwrote.
    pub revisions: Vec<Revision>,
}

impl Merged {
    /// Tells whether the result differs from the older frame.
    pub fn is_changed(&self) -> bool {
        self.added + self.changed > 0
    }
}

/// One stored value that a merge replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The timestamp of the row.
    pub time: i64,
    /// The name of the column.
    pub field: &'static str,
    /// The value that was stored; one row.
    pub old: Column,
    /// The value that replaced it; one row.
    pub new: Column,
}

/// Tells whether a newer row replaces an older one with the same key.
pub(super) fn replaces(
    profile: &Profile,
    older: &[Column],
    i: usize,
    newer: &[Column],
    j: usize,
) -> bool {
    match profile.rule {
        MergeRule::Later => true,
        MergeRule::HighestSequence { sequence, prices } => {
            let rank = |columns: &[Column], row| match columns
                .get(sequence)
                .map(|column| column.cell(row))
            {
                Some(Cell::Int(number)) => (0, number),
                _ => (1, 0),
            };
            match (has_price(older, i, prices), has_price(newer, j, prices)) {
                (true, false) => false,
                (false, true) => true,
                _ => rank(newer, j) >= rank(older, i),
            }
        }
    }
}

fn has_price(columns: &[Column], row: usize, prices: &[usize]) -> bool {
    prices
        .iter()
        .any(|&at| match columns.get(at).map(|column| column.cell(row)) {
            Some(Cell::Float(price)) => !price.is_nan() && price != 0.0,
            _ => false,
        })
}

#[derive(Clone, Copy)]
enum Side {
    Older(usize),
    Newer(usize),
}

impl Frame {
    /// Merges `newer` into `self` by the rule of the profile.
    #[must_use]
    pub fn merge(&self, newer: &Self) -> Merged {
        let profile = self.profile;
        let mut picks = Vec::with_capacity(self.rows + newer.rows);
        let mut replaced = Vec::new();
        let (mut i, mut j) = (0, 0);
        while i < self.rows || j < newer.rows {
            let order = match (i < self.rows, j < newer.rows) {
                (true, true) => compare_keys(profile, &self.columns, i, &newer.columns, j),
                (true, false) => Ordering::Less,
                _ => Ordering::Greater,
            };
            match order {
                Ordering::Equal if self.yields(i, newer, j) => {
                    picks.push(Side::Newer(j));
                    replaced.push((i, j));
                }
                Ordering::Greater => picks.push(Side::Newer(j)),
                Ordering::Less | Ordering::Equal => picks.push(Side::Older(i)),
            }
            i += usize::from(order.is_le());
            j += usize::from(order.is_ge());
        }
        let added = picks.len() - self.rows;
        let revisions = replaced
            .iter()
            .flat_map(|&(i, j)| self.revisions(i, newer, j))
            .collect();
        Merged {
            frame: self.gather(newer, &picks),
            added,
            changed: replaced.len(),
            unchanged: newer.rows - added - replaced.len(),
            revisions,
        }
    }

    /// Tells whether row `i` is to be replaced by `newer`'s row `j`, which must then differ from it.
    fn yields(&self, i: usize, newer: &Self, j: usize) -> bool {
        replaces(self.profile, &self.columns, i, &newer.columns, j)
            && self
                .columns
                .iter()
                .zip(&newer.columns)
                .any(|(old, new)| old.cell(i) != new.cell(j))
    }

    fn revisions(&self, i: usize, newer: &Self, j: usize) -> Vec<Revision> {
        let time = match self
            .columns
            .get(self.profile.time)
            .map(|column| column.cell(i))
        {
            Some(Cell::Time(time)) => time,
            _ => 0,
        };
        let pairs = self
            .columns
            .iter()
            .zip(&newer.columns)
            .zip(self.profile.columns);
        pairs
            .filter(|((old, new), _)| old.cell(i) != new.cell(j))
            .map(|((old, new), spec)| Revision {
                time,
                field: spec.name,
                old: old.take(&[i]),
                new: new.take(&[j]),
            })
            .collect()
    }

    fn gather(&self, newer: &Self, picks: &[Side]) -> Self {
        fn pick<T: Clone>(
            older: &[Option<T>],
            newer: &[Option<T>],
            picks: &[Side],
        ) -> Vec<Option<T>> {
            let one = |side: &Side| match *side {
                Side::Older(row) => older.get(row).cloned().flatten(),
                Side::Newer(row) => newer.get(row).cloned().flatten(),
            };
            picks.iter().map(one).collect()
        }
        let columns = self
            .columns
            .iter()
            .zip(&newer.columns)
            .map(|pair| match pair {
                (Column::Text(a), Column::Text(b)) => Column::Text(pick(a, b, picks)),
                (Column::Int(a), Column::Int(b)) => Column::Int(pick(a, b, picks)),
                (Column::Float(a), Column::Float(b)) => Column::Float(pick(a, b, picks)),
                (Column::Time(a), Column::Time(b)) => Column::Time(pick(a, b, picks)),
                (Column::Flag(a), Column::Flag(b)) => Column::Flag(pick(a, b, picks)),
                // Both frames have the columns of one profile.
                (a, _) => Column::nulls(a.kind(), picks.len()),
            });
        Self {
            profile: self.profile,
            columns: columns.collect(),
            rows: picks.len(),
        }
    }
}
