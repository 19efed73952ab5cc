//! The values of a column of fixed width, and which of them are null.

use std::ops::Range;

/// Values, each of which may be null.
///
/// They lie side by side as Parquet has them, so that a column without nulls is copied, digested and written as one
/// piece. Where there is no value stands `T::default()`.
#[derive(Clone, Debug, Default)]
pub struct Values<T> {
    all: Vec<T>,
    /// Which rows have a value; `None` when every row has one.
    present: Option<Vec<bool>>,
}

/// Some rows of a column, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Part<'v, T> {
    all: &'v [T],
    present: Option<&'v [bool]>,
}

impl<T: Copy + Default> Values<T> {
    /// Returns values of which none is null.
    pub fn whole(all: Vec<T>) -> Self {
        Self { all, present: None }
    }

    /// Returns nothing but nulls.
    pub fn nulls(rows: usize) -> Self {
        Self {
            all: vec![T::default(); rows],
            present: (rows > 0).then(|| vec![false; rows]),
        }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns one value; a row beyond the end is null.
    pub fn get(&self, row: usize) -> Option<T> {
        let is_present =
            |present: &Vec<bool>| present.get(row).is_some_and(|is_present| *is_present);
        let value = self.all.get(row)?;
        self.present
            .as_ref()
            .is_none_or(is_present)
            .then_some(*value)
    }

    /// Returns the values in turn.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Option<T>> + ExactSizeIterator + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Returns some rows; those beyond the end are not there.
    pub fn part(&self, rows: Range<usize>) -> Part<'_, T> {
        let present = self.present.as_ref();
        Part {
            all: self.all.get(rows.clone()).unwrap_or_default(),
            present: present.map(|present| present.get(rows).unwrap_or_default()),
        }
    }

    /// Tells whether the values are those of some rows of another column, by `is_same`.
    pub(super) fn is_part(
        &self,
        other: &Self,
        rows: Range<usize>,
        is_same: impl Fn(T, T) -> bool,
    ) -> bool {
        let (own, part) = (self.part(0..self.len()), other.part(rows));
        let is_equal = |(own, other)| match (own, other) {
            (Some(own), Some(other)) => is_same(own, other),
            (None, None) => true,
            _ => false,
        };
        own.all.len() == part.all.len()
            && match (own.as_whole(), part.as_whole()) {
                (Some(own), Some(other)) => own.iter().zip(other).all(|(a, b)| is_same(*a, *b)),
                _ => own.iter().zip(part.iter()).all(is_equal),
            }
    }

    /// Returns all values if none of them is null.
    pub fn as_whole(&self) -> Option<&[T]> {
        self.part(0..self.len()).as_whole()
    }

    /// Returns the values of some rows, in the given order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        rows.iter().map(|&row| self.get(row)).collect()
    }

    /// Puts a value into a row that is there.
    pub fn put(&mut self, row: usize, value: Option<T>) {
        if let Some(place) = self.all.get_mut(row) {
            *place = value.unwrap_or_default();
            if value.is_none() || self.present.is_some() {
                let present = self.presence();
                if let Some(place) = present.get_mut(row) {
                    *place = value.is_some();
                }
            }
        }
    }

    /// Appends a value.
    pub fn push(&mut self, value: Option<T>) {
        if value.is_none() || self.present.is_some() {
            self.presence().push(value.is_some());
        }
        self.all.push(value.unwrap_or_default());
    }

    /// Appends some rows of another column.
    pub fn extend(&mut self, other: &Self, rows: Range<usize>) {
        let Part { all, present } = other.part(rows);
        match present {
            Some(present) => self.presence().extend_from_slice(present),
            None if self.present.is_some() => {
                let rows = self.len() + all.len();
                self.presence().resize(rows, true);
            }
            None => {}
        }
        self.all.extend_from_slice(all);
    }

    /// Makes room for so many more values.
    pub fn reserve(&mut self, rows: usize) {
        self.all.reserve(rows);
    }

    /// Returns which rows have a value, to be changed.
    fn presence(&mut self) -> &mut Vec<bool> {
        let rows = self.all.len();
        self.present.get_or_insert_with(|| vec![true; rows])
    }
}

impl<'v, T: Copy> Part<'v, T> {
    /// Returns the values if none of them is null.
    pub fn as_whole(self) -> Option<&'v [T]> {
        let is_whole = |present: &[bool]| present.iter().all(|is_present| *is_present);
        self.present.is_none_or(is_whole).then_some(self.all)
    }

    /// Tells whether there is no value at all.
    pub fn is_null(self) -> bool {
        match self.present {
            Some(present) => !present.contains(&true),
            None => self.all.is_empty(),
        }
    }

    /// Returns the values in turn.
    pub fn iter(self) -> impl Iterator<Item = Option<T>> + 'v {
        self.all.iter().enumerate().map(move |(row, value)| {
            let is_present =
                |present: &[bool]| present.get(row).is_some_and(|is_present| *is_present);
            self.present.is_none_or(is_present).then_some(*value)
        })
    }
}

impl<T: Copy + Default> FromIterator<Option<T>> for Values<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(values: I) -> Self {
        let values = values.into_iter();
        let mut all = Self::whole(Vec::with_capacity(values.size_hint().0));
        values.for_each(|value| all.push(value));
        all
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every list of up to three of some cells.
    pub(in crate::frame) fn lists<T: Clone>(cells: &[T]) -> Vec<Vec<T>> {
        let mut all = vec![Vec::new()];
        for length in 0..3 {
            let longest: Vec<_> = all
                .iter()
                .filter(|list| list.len() == length)
                .cloned()
                .collect();
            for list in longest {
                all.extend(
                    cells
                        .iter()
                        .map(|cell| [list.clone(), vec![cell.clone()]].concat()),
                );
            }
        }
        all
    }

    fn columns() -> Vec<Vec<Option<i64>>> {
        lists(&[None, Some(0), Some(7)])
    }

    fn values(column: &[Option<i64>]) -> Values<i64> {
        column.iter().copied().collect()
    }

    fn cells(values: &Values<i64>) -> Vec<Option<i64>> {
        values.iter().collect()
    }

    #[test]
    fn values_are_what_a_list_of_options_is() {
        for column in columns() {
            let values = values(&column);

            assert_eq!(cells(&values), column);
            assert_eq!(values.get(column.len()), None);
            for start in 0..=column.len() {
                for end in start..=column.len() {
                    let (part, expected) = (values.part(start..end), &column[start..end]);
                    let whole: Option<Vec<i64>> = expected.iter().copied().collect();
                    assert_eq!(part.iter().collect::<Vec<_>>(), expected);
                    assert_eq!(part.as_whole().map(<[i64]>::to_vec), whole);
                    assert_eq!(part.is_null(), expected.iter().all(Option::is_none));
                }
            }
        }
    }

    #[test]
    fn joined_values_are_what_joined_lists_are() {
        for first in columns() {
            for second in columns() {
                for start in 0..=second.len() {
                    let mut joined = values(&first);
                    joined.extend(&values(&second), start..second.len());

                    assert_eq!(cells(&joined), [&first[..], &second[start..]].concat());
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_put_is_found() {
        for column in columns() {
            for row in 0..=column.len() {
                for value in [None, Some(0), Some(9)] {
                    let (mut changed, mut expected) = (values(&column), column.clone());
                    changed.put(row, value);
                    if let Some(place) = expected.get_mut(row) {
                        *place = value;
                    }

                    assert_eq!(cells(&changed), expected);
                }
            }
        }
    }
}
