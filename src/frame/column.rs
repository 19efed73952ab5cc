//! One column of values, each of which may be null.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::{KindOf, Texts, Values};

/// A column that cannot follow another one: its values are of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("values of the kind {found:?} cannot follow those of the kind {expected:?}")]
pub struct OtherKind {
    /// The kind of the column.
    pub expected: KindOf,
    /// The kind of what was to follow.
    pub found: KindOf,
}

/// Values of one kind. Times are wall-clock nanoseconds since 1970.
#[derive(Clone, Debug)]
pub enum Column {
    /// Text.
    Text(Texts),
    /// Whole numbers.
    Int(Values<i64>),
    /// Floating-point numbers, kept bit for bit.
    Float(Values<f64>),
    /// Timestamps.
    Time(Values<i64>),
    /// Truth values.
    Flag(Values<bool>),
}

/// One value, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A timestamp.
    Time(i64),
    /// A truth value.
    Flag(bool),
}

impl PartialEq for Cell<'_> {
    /// Null, NaN, 0.0 and -0.0 are four different values: data is compared bit for bit.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Int(a), Self::Int(b)) | (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Flag(a), Self::Flag(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Column {
    /// As cells are compared: bit for bit.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.is_part(other, 0..other.len())
    }
}

/// Calls the same expression on the vector of whatever kind a column has.
macro_rules! each {
    ($column:expr, $values:ident => $body:expr) => {
        match $column {
            Column::Text($values) => $body,
            Column::Int($values) => $body,
            Column::Float($values) => $body,
            Column::Time($values) => $body,
            Column::Flag($values) => $body,
        }
    };
}

impl Column {
    /// Returns a column without rows.
    pub fn empty(kind: KindOf) -> Self {
        Self::nulls(kind, 0)
    }

    /// Returns a column of nulls.
    pub fn nulls(kind: KindOf, rows: usize) -> Self {
        match kind {
            KindOf::Text => Self::Text(Texts::same(None, rows)),
            KindOf::Int => Self::Int(Values::nulls(rows)),
            KindOf::Float => Self::Float(Values::nulls(rows)),
            KindOf::Time => Self::Time(Values::nulls(rows)),
            KindOf::Flag => Self::Flag(Values::nulls(rows)),
        }
    }

    /// Returns the kind of the values.
    pub fn kind(&self) -> KindOf {
        match self {
            Self::Text(_) => KindOf::Text,
            Self::Int(_) => KindOf::Int,
            Self::Float(_) => KindOf::Float,
            Self::Time(_) => KindOf::Time,
            Self::Flag(_) => KindOf::Flag,
        }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// Tells whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether no row has a value.
    pub fn is_all_null(&self) -> bool {
        (0..self.len()).all(|row| self.is_null(row))
    }

    /// Tells whether the value of a row is null; a row beyond the end is.
    pub fn is_null(&self, row: usize) -> bool {
        each!(self, values => values.get(row).is_none())
    }

    /// Returns one value; a row beyond the end is null.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        let found = match self {
            Self::Text(texts) => texts.get(row).map(|text| Cell::Text(text)),
            Self::Int(values) => values.get(row).map(Cell::Int),
            Self::Float(values) => values.get(row).map(Cell::Float),
            Self::Time(values) => values.get(row).map(Cell::Time),
            Self::Flag(values) => values.get(row).map(Cell::Flag),
        };
        found.unwrap_or(Cell::Null)
    }

    /// Returns the values of some rows, in the given order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Text(texts) => Self::Text(texts.take(rows)),
            Self::Int(values) => Self::Int(values.take(rows)),
            Self::Float(values) => Self::Float(values.take(rows)),
            Self::Time(values) => Self::Time(values.take(rows)),
            Self::Flag(values) => Self::Flag(values.take(rows)),
        }
    }

    /// Returns some rows that follow one another.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        let mut part = Self::empty(self.kind());
        part.extend(self, rows);
        part
    }

    /// Tells whether the values are those of some rows of another column, bit for bit.
    pub fn is_part(&self, other: &Self, rows: Range<usize>) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.is_part(b, rows),
            (Self::Int(a), Self::Int(b)) | (Self::Time(a), Self::Time(b)) => {
                a.is_part(b, rows, |a, b| a == b)
            }
            (Self::Flag(a), Self::Flag(b)) => a.is_part(b, rows, |a, b| a == b),
            (Self::Float(a), Self::Float(b)) => {
                a.is_part(b, rows, |a, b| a.to_bits() == b.to_bits())
            }
            _ => false,
        }
    }

    /// Appends some rows of a column that is known to be of the same kind.
    ///
    /// # Panics
    /// When it is not: rows without one of their values are worse than none.
    pub(super) fn extend(&mut self, other: &Self, rows: Range<usize>) {
        match (self, other) {
            (Self::Text(texts), Self::Text(other)) => texts.extend(other, rows),
            (Self::Int(values), Self::Int(other)) | (Self::Time(values), Self::Time(other)) => {
                values.extend(other, rows);
            }
            (Self::Float(values), Self::Float(other)) => values.extend(other, rows),
            (Self::Flag(values), Self::Flag(other)) => values.extend(other, rows),
            (values, other) => assert_eq!(
                values.kind(),
                other.kind(),
                "columns of one profile have one kind"
            ),
        }
    }

    /// Makes room for so many more values.
    pub(super) fn reserve(&mut self, rows: usize) {
        each!(self, values => values.reserve(rows));
    }

    /// Appends the values of another column.
    ///
    /// # Errors
    /// When they are of another kind; nothing is appended then.
    pub fn append(&mut self, more: Self) -> Result<(), OtherKind> {
        let (expected, found) = (self.kind(), more.kind());
        if expected != found {
            return Err(OtherKind { expected, found });
        }
        if self.is_empty() {
            *self = more;
        } else {
            self.extend(&more, 0..more.len());
        }
        Ok(())
    }

    /// Puts the first value of another column of the same kind into a row. One of another kind changes nothing, which the
    /// fingerprint of the rows tells.
    pub(super) fn put(&mut self, row: usize, value: &Self) {
        match (self, value) {
            (Self::Text(texts), Self::Text(from)) => texts.put(row, from.get(0).cloned()),
            (Self::Int(values), Self::Int(from)) | (Self::Time(values), Self::Time(from)) => {
                values.put(row, from.get(0));
            }
            (Self::Float(values), Self::Float(from)) => values.put(row, from.get(0)),
            (Self::Flag(values), Self::Flag(from)) => values.put(row, from.get(0)),
            _ => {}
        }
    }

    /// Compares two values of one kind; null sorts first, floats by their total order.
    pub fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        if let (Self::Text(a), Self::Text(b)) = (self, other)
            && let (Some(a), Some(b)) = (a.get(row), b.get(other_row))
            && Arc::ptr_eq(a, b)
        {
            // A series repeats one shared text in every row.
            return Ordering::Equal;
        }
        match (self.cell(row), other.cell(other_row)) {
            (Cell::Null, Cell::Null) => Ordering::Equal,
            (Cell::Null, _) => Ordering::Less,
            (_, Cell::Null) => Ordering::Greater,
            (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
            (Cell::Int(a), Cell::Int(b)) | (Cell::Time(a), Cell::Time(b)) => a.cmp(&b),
            (Cell::Float(a), Cell::Float(b)) => a.total_cmp(&b),
            (Cell::Flag(a), Cell::Flag(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [KindOf; 5] = [
        KindOf::Text,
        KindOf::Int,
        KindOf::Float,
        KindOf::Time,
        KindOf::Flag,
    ];

    #[test]
    fn values_of_another_kind_never_follow_and_none_is_lost_in_silence() {
        for expected in KINDS {
            for found in KINDS {
                for rows in 0..3 {
                    let mut column = Column::nulls(expected, rows);

                    let appended = column.append(Column::nulls(found, 1));

                    if expected == found {
                        assert_eq!((appended, column.len()), (Ok(()), rows + 1));
                    } else {
                        let refused = OtherKind { expected, found };
                        assert_eq!((appended, column.len()), (Err(refused), rows));
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "columns of one profile have one kind")]
    fn rows_of_another_kind_are_no_part_of_a_column() {
        let volumes = Column::Float(Values::whole(vec![1.5]));

        Column::nulls(KindOf::Int, 1).extend(&volumes, 0..1);
    }
}
