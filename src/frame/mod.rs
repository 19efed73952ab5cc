//! Market data in memory: columns, and the rules by which rows become one series.
//!
//! Promises: a `Frame` is proven. It has exactly the columns of its profile, every key is present, rows are
//! strictly increasing by key. What proving took away is handed out, never dropped in silence.
//! Leaves to others: files (`codec`), places (`layout`), where rows come from (`source`).

mod adjust;
mod bars;
pub mod basis;
mod closes;
mod column;
mod digest;
mod events;
mod gaps;
mod key;
mod merge;
mod prove;
mod schema;
mod select;
mod texts;
mod undo;
mod values;

pub use adjust::{Adjust, AdjustError, Adjustments};
pub use bars::{Bar, BarBatch, BatchNotes, Volume};
pub use column::{Cell, Column};
pub use events::{EventKind, MarketEvent};
pub use gaps::missing_days;
pub use key::RowKey;
pub use merge::{Merged, Revision};
pub use prove::{Displaced, Proven, Reason};
pub use schema::{ColumnSpec, KindOf, MergeRule, Profile};
pub use texts::Texts;
pub use undo::RowChanges;
pub use values::{Part, Values};

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::{PartitionKey, time};

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
            Some(Column::Time(times)) => times.as_whole().unwrap_or_default(),
            _ => &[],
        }
        .iter()
        .copied()
    }

    /// Returns the first and the last timestamp.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.times().min()?;
        Some((first, self.times().max()?))
    }

    /// Cuts the frame into its partitions.
    pub fn split(&self) -> BTreeMap<PartitionKey, Self> {
        let granularity = self.profile.dataset.granularity();
        let mut parts: BTreeMap<PartitionKey, Self> = BTreeMap::new();
        let mut runs: Vec<(PartitionKey, Range<usize>)> = Vec::new();
        let mut bounds = 0..0;
        for (row, time) in self.times().enumerate() {
            // Rows mostly stay within the month of the row before: spare the calendar.
            match runs.last_mut() {
                Some((_, rows)) if bounds.contains(&time) => rows.end = row + 1,
                _ => {
                    let key = PartitionKey::of(granularity, time);
                    bounds = bounds_of(key).unwrap_or(0..0);
                    runs.push((key, row..row + 1));
                }
            }
        }
        for (key, rows) in runs {
            let part = parts
                .entry(key)
                .or_insert_with(|| Self::empty(self.profile));
            part.rows += rows.len();
            for (column, from) in part.columns.iter_mut().zip(&self.columns) {
                column.extend(from, rows.clone());
            }
        }
        parts
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

    /// Returns some of the rows, which are named in their order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
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

/// Returns the timestamps that fall into a partition.
fn bounds_of(key: PartitionKey) -> Option<Range<i64>> {
    let (first, last) = key.days()?;
    let end = time::midnight(last)?.checked_add(time::DAY)?;
    Some(time::midnight(first)?..end)
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
