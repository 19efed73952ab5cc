//! Market data in memory: columns, and the rules by which rows become one series.
//!
//! Promises: a `Frame` is proven. It has exactly the columns of its profile, every key is present, rows are
//! strictly increasing by key. What proving took away is handed out, never dropped in silence.
//! Leaves to others: files (`codec`), places (`layout`), where rows come from (`source`).

mod adjust;
mod bars;
mod column;
mod digest;
mod events;
mod gaps;
mod merge;
mod prove;
mod schema;
mod undo;

pub use adjust::{Adjust, AdjustError, Adjustments};
pub use bars::{Bar, BarBatch, BatchNotes, Volume};
pub use column::{Cell, Column};
pub use events::{EventKind, MarketEvent};
pub use gaps::missing_days;
pub use merge::{Merged, Revision};
pub use prove::{Displaced, Proven, Reason};
pub use schema::{ColumnSpec, KindOf, MergeRule, Profile};

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::PartitionKey;

/// The proven rows of one series, or of one partition of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    profile: &'static Profile,
    columns: Vec<Column>,
    rows: usize,
}

impl Frame {
    /// Returns a frame without rows.
    pub fn empty(profile: &'static Profile) -> Self {
        Self {
            profile,
            columns: profile
                .columns
                .iter()
                .map(|spec| Column::empty(spec.kind))
                .collect(),
            rows: 0,
        }
    }

    /// Returns the schema profile.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Returns the columns, in the order of the profile.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns the timestamps by which the series is cut into partitions.
    pub fn times(&self) -> impl DoubleEndedIterator<Item = i64> + '_ {
        match self.columns.get(self.profile.time) {
            Some(Column::Time(times)) => times.as_slice(),
            _ => &[],
        }
        .iter()
        .map(|time| time.unwrap_or_default())
    }

    /// Returns the first and the last timestamp.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.times().min()?;
        Some((first, self.times().max()?))
    }

    /// Cuts the frame into its partitions.
    pub fn split(&self) -> BTreeMap<PartitionKey, Self> {
        let granularity = self.profile.dataset.granularity();
        let mut rows_of: BTreeMap<PartitionKey, Vec<usize>> = BTreeMap::new();
        let mut last: Option<(PartitionKey, i64, i64)> = None;
        for (row, time) in self.times().enumerate() {
            // Rows mostly stay within the month of the row before: spare the calendar.
            let key = match last {
                Some((key, from, to)) if (from..to).contains(&time) => key,
                _ => {
                    let key = PartitionKey::of(granularity, time);
                    last = key.days().and_then(|(first, final_day)| {
                        let from = crate::model::time::midnight(first)?;
                        let to = crate::model::time::midnight(final_day)?
                            .checked_add(crate::model::time::DAY)?;
                        Some((key, from, to))
                    });
                    key
                }
            };
            rows_of.entry(key).or_default().push(row);
        }
        rows_of
            .into_iter()
            .map(|(key, rows)| (key, self.take(&rows)))
            .collect()
    }

    /// Returns the rows whose timestamp lies in `from..to`.
    #[must_use]
    pub fn between(&self, from: Option<i64>, to: Option<i64>) -> Self {
        let is_inside =
            |time: &i64| from.is_none_or(|from| *time >= from) && to.is_none_or(|to| *time < to);
        let rows: Vec<usize> = self
            .times()
            .enumerate()
            .filter(|(_, time)| is_inside(time))
            .map(|(row, _)| row)
            .collect();
        if rows.len() == self.rows {
            self.clone()
        } else {
            self.take(&rows)
        }
    }

    /// Joins frames of disjoint partitions given in time order.
    ///
    /// # Errors
    /// When their rows do not follow one another; then they must be merged instead.
    pub fn concat(profile: &'static Profile, parts: Vec<Self>) -> Result<Self, Vec<Self>> {
        let follow = |pair: &[Self]| match pair {
            [a, b] => {
                a.is_empty()
                    || b.is_empty()
                    || compare_keys(profile, &a.columns, a.rows - 1, &b.columns, 0).is_lt()
            }
            _ => true,
        };
        if !parts.windows(2).all(follow) {
            return Err(parts);
        }
        let rows: usize = parts.iter().map(|part| part.rows).sum();
        let mut parts = parts.into_iter();
        let mut whole = parts.next().unwrap_or(Self::empty(profile));
        for column in &mut whole.columns {
            column.reserve(rows - whole.rows);
        }
        for part in parts {
            whole.rows += part.rows;
            for (column, more) in whole.columns.iter_mut().zip(part.columns) {
                column.append(more);
            }
        }
        Ok(whole)
    }

    fn take(&self, rows: &[usize]) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|column| column.take(rows))
            .collect();
        Self {
            profile: self.profile,
            columns,
            rows: rows.len(),
        }
    }
}

/// Compares the keys of two rows, column by column.
fn compare_keys(profile: &Profile, a: &[Column], i: usize, b: &[Column], j: usize) -> Ordering {
    profile
        .key
        .iter()
        .map(|&at| match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.compare(i, b, j),
            _ => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
