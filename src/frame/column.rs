//! One column of values, each of which may be null.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::KindOf;

/// Values of one kind. Times are wall-clock nanoseconds since 1970.
#[derive(Clone, Debug)]
pub enum Column {
    /// Text.
    Text(Vec<Option<Arc<str>>>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Floating-point numbers, kept bit for bit.
    Float(Vec<Option<f64>>),
    /// Timestamps.
    Time(Vec<Option<i64>>),
    /// Truth values.
    Flag(Vec<Option<bool>>),
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
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Int(a), Self::Int(b)) | (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Flag(a), Self::Flag(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => {
                let bits = |value: &Option<f64>| value.map(f64::to_bits);
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| bits(a) == bits(b))
            }
            _ => false,
        }
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
            KindOf::Text => Self::Text(vec![None; rows]),
            KindOf::Int => Self::Int(vec![None; rows]),
            KindOf::Float => Self::Float(vec![None; rows]),
            KindOf::Time => Self::Time(vec![None; rows]),
            KindOf::Flag => Self::Flag(vec![None; rows]),
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

    /// Tells whether the value of a row is null; a row beyond the end is.
    pub fn is_null(&self, row: usize) -> bool {
        each!(self, values => values.get(row).is_none_or(Option::is_none))
    }

    /// Returns one value; a row beyond the end is null.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        let found = match self {
            Self::Text(values) => values.get(row).and_then(|v| v.as_deref()).map(Cell::Text),
            Self::Int(values) => values.get(row).copied().flatten().map(Cell::Int),
            Self::Float(values) => values.get(row).copied().flatten().map(Cell::Float),
            Self::Time(values) => values.get(row).copied().flatten().map(Cell::Time),
            Self::Flag(values) => values.get(row).copied().flatten().map(Cell::Flag),
        };
        found.unwrap_or(Cell::Null)
    }

    /// Returns the values of some rows, in the given order.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        fn pick<T: Clone>(values: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
            rows.iter()
                .map(|&row| values.get(row).cloned().flatten())
                .collect()
        }
        match self {
            Self::Text(values) => Self::Text(pick(values, rows)),
            Self::Int(values) => Self::Int(pick(values, rows)),
            Self::Float(values) => Self::Float(pick(values, rows)),
            Self::Time(values) => Self::Time(pick(values, rows)),
            Self::Flag(values) => Self::Flag(pick(values, rows)),
        }
    }

    /// Appends some rows of a column of the same kind.
    pub fn extend(&mut self, other: &Self, rows: Range<usize>) {
        fn copy<T: Clone>(values: &mut Vec<Option<T>>, other: &[Option<T>], rows: Range<usize>) {
            values.extend_from_slice(other.get(rows).unwrap_or_default());
        }
        match (self, other) {
            (Self::Text(values), Self::Text(other)) => copy(values, other, rows),
            (Self::Int(values), Self::Int(other)) | (Self::Time(values), Self::Time(other)) => {
                copy(values, other, rows);
            }
            (Self::Float(values), Self::Float(other)) => copy(values, other, rows),
            (Self::Flag(values), Self::Flag(other)) => copy(values, other, rows),
            (values, other) => debug_assert_eq!(
                values.kind(),
                other.kind(),
                "columns of one profile have one kind"
            ),
        }
    }

    /// Makes room for so many more values.
    pub(super) fn reserve(&mut self, rows: usize) {
        match self {
            Self::Text(values) => values.reserve(rows),
            Self::Int(values) | Self::Time(values) => values.reserve(rows),
            Self::Float(values) => values.reserve(rows),
            Self::Flag(values) => values.reserve(rows),
        }
    }

    /// Appends the values of another column of the same kind.
    pub fn append(&mut self, more: Self) {
        if self.is_empty() && self.kind() == more.kind() {
            *self = more;
            return;
        }
        match (self, more) {
            (Self::Text(values), Self::Text(mut more)) => values.append(&mut more),
            (Self::Int(values), Self::Int(mut more))
            | (Self::Time(values), Self::Time(mut more)) => {
                values.append(&mut more);
            }
            (Self::Float(values), Self::Float(mut more)) => values.append(&mut more),
            (Self::Flag(values), Self::Flag(mut more)) => values.append(&mut more),
            (values, more) => debug_assert_eq!(
                values.kind(),
                more.kind(),
                "columns of one profile have one kind"
            ),
        }
    }

    /// Compares two values of one kind; null sorts first, floats by their total order.
    pub fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        if let (Self::Text(a), Self::Text(b)) = (self, other)
            && let (Some(Some(a)), Some(Some(b))) = (a.get(row), b.get(other_row))
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
