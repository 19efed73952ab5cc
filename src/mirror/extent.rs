//! Which rows of a series differ from what the mirror has.
//!
//! Promises: pure. A row leaves the mirror only where an extent says so.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use crate::frame::Frame;

/// Which rows of a series differ from what the mirror has, by their timestamps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The mirror is to have the rows that the tree has at these moments, and no others.
    pub(super) times: BTreeSet<i64>,
    /// Likewise for all moments of these spans.
    pub(super) spans: Vec<Range<i64>>,
    /// The tree has rows there of which the mirror has none.
    pub(super) fresh: Vec<RangeInclusive<i64>>,
}

impl Extent {
    /// Returns the extent of a whole series.
    pub(super) fn all() -> Self {
        Self {
            spans: std::iter::once(i64::MIN..i64::MAX).collect(),
            ..Self::default()
        }
    }

    /// Tells whether a row of the mirror leaves it, or makes room for that of the tree.
    pub(super) fn takes(&self, time: i64) -> bool {
        self.times.contains(&time) || self.spans.iter().any(|span| span.contains(&time))
    }

    /// Tells whether a row of the tree comes into the mirror.
    pub(super) fn gives(&self, time: i64) -> bool {
        self.takes(time) || self.fresh.iter().any(|span| span.contains(&time))
    }

    /// Returns the first and the last moment at which rows of the mirror may leave it.
    pub(super) fn reach(&self) -> Option<(i64, i64)> {
        let times = self.times.first().copied().zip(self.times.last().copied());
        let spans = self.spans.iter().map(|span| (span.start, span.end));
        spans
            .chain(times)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Returns a span that has every moment of which it gives rows.
    pub(super) fn bounds(&self) -> RangeInclusive<i64> {
        let taken = self.reach().into_iter();
        let fresh = self.fresh.iter().map(|span| (*span.start(), *span.end()));
        let bounds = taken
            .chain(fresh)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        bounds.map_or(RangeInclusive::new(i64::MAX, i64::MIN), |(first, last)| {
            first..=last
        })
    }

    /// Returns those of the rows of a tree that come into the mirror.
    pub(super) fn given(&self, rows: &Frame) -> Frame {
        rows.at(|time| self.gives(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_new_push_none_out() {
        let extent = Extent {
            times: BTreeSet::from([3]),
            spans: vec![10..20, 22..24],
            fresh: vec![30..=40],
        };

        let takes: Vec<i64> = (0..50).filter(|time| extent.takes(*time)).collect();
        let gives: Vec<i64> = (0..50).filter(|time| extent.gives(*time)).collect();

        assert_eq!(
            takes,
            [&[3][..], &(10..20).collect::<Vec<_>>(), &[22, 23]].concat()
        );
        assert_eq!(gives, [takes, (30..=40).collect()].concat());
        assert_eq!(extent.reach(), Some((3, 24)));
        assert_eq!(Extent::default().reach(), None);
    }
}
