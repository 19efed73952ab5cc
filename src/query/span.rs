//! Which rows of a series are asked for: those of a time, and of these the first or the last ones.

use chrono::NaiveDate;

use crate::frame::Frame;
use crate::model::{PartitionKey, time};

/// The first and the last nanosecond that are meant; `None` where there is no border.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The first.
    pub first: Option<i64>,
    /// The last, which is included.
    pub last: Option<i64>,
}

impl Span {
    /// Tells whether it has no border.
    pub fn is_open(self) -> bool {
        self.first.is_none() && self.last.is_none()
    }

    /// Returns the rows within it.
    pub fn of(self, frame: &Frame) -> Frame {
        frame.between(self.first, self.last.map(|last| last.saturating_add(1)))
    }

    /// Tells whether a day has a part in it.
    pub fn has_day(self, day: NaiveDate) -> bool {
        let (first, last) = (self.first.map(time::day), self.last.map(time::day));
        first.is_none_or(|first| day >= first) && last.is_none_or(|last| day <= last)
    }

    /// Tells whether a partition may have rows in it.
    pub fn has_partition(self, key: PartitionKey) -> bool {
        self.has_range(key, key)
    }

    /// Tells whether one of the partitions from one to another may have rows in it.
    pub fn has_range(self, from: PartitionKey, to: PartitionKey) -> bool {
        let (first, last) = (self.first.map(time::day), self.last.map(time::day));
        let (Some((begins, _)), Some((_, ends))) = (from.days(), to.days()) else {
            return true;
        };
        first.is_none_or(|first| ends >= first) && last.is_none_or(|last| begins <= last)
    }
}

/// How many of the rows of a time are meant: all of them, unless somebody says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// So many of the first.
    pub head: Option<usize>,
    /// So many of the last.
    pub tail: Option<usize>,
}

impl Ends {
    /// Returns the rows that are meant of some.
    pub fn of(self, frame: Frame) -> Frame {
        let all = frame.len();
        let first = self.tail.map_or(0, |tail| all.saturating_sub(tail));
        let after = self.head.map_or(all, |head| head.min(all));
        if after.saturating_sub(first) == all {
            return frame;
        }
        frame.take(&(first..after).collect::<Vec<_>>())
    }

    /// Tells whether no more rows are needed than so many of the first.
    pub fn has_enough(self, rows: usize) -> bool {
        self.head.is_some_and(|head| rows >= head)
    }
}
