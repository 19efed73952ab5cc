//! How two sides of one series differ, row by row.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use crate::frame::{Cell, Frame};
use crate::model::{Granularity, PartitionKey, time};

/// How many rows are named.
const NAMED: usize = 3;

/// How a series found differs from the one expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows that are expected and not there.
    pub missing: usize,
    /// Rows that are there and not expected.
    pub extra: usize,
    /// Rows with other values.
    pub changed: usize,
    /// The first of them, as sentences without a period.
    pub first: Vec<String>,
    /// The months in which they lie.
    pub months: BTreeSet<PartitionKey>,
}

impl Difference {
    /// Compares two series of one ticker, bit for bit. `None` means that they are equal.
    pub fn between(expected: &Frame, found: &Frame) -> Option<Self> {
        let mut difference = Self::default();
        let (left, right): (Vec<i64>, Vec<i64>) =
            (expected.times().collect(), found.times().collect());
        let (mut i, mut j) = (0, 0);
        while let Some(order) = next(left.get(i), right.get(j)) {
            let (a, b) = (left.get(i), right.get(j));
            match order {
                Ordering::Less => {
                    difference.missing += 1;
                    difference.name(a, |at| format!("{at} is missing"));
                    i += 1;
                }
                Ordering::Greater => {
                    difference.extra += 1;
                    difference.name(b, |at| format!("{at} is there and not expected"));
                    j += 1;
                }
                Ordering::Equal => {
                    if let Some(what) = values(expected, i, found, j) {
                        difference.changed += 1;
                        difference.name(a, |at| format!("{at} has {what}"));
                    }
                    i += 1;
                    j += 1;
                }
            }
        }
        (difference != Self::default()).then_some(difference)
    }

    /// Tells whether everything expected is there, with the same values; there may be more.
    pub fn is_only_extra(&self) -> bool {
        self.missing == 0 && self.changed == 0
    }

    fn name(&mut self, at: Option<&i64>, sentence: impl FnOnce(String) -> String) {
        let Some(&at) = at else { return };
        self.months.insert(PartitionKey::of(Granularity::Month, at));
        if self.first.len() < NAMED {
            self.first.push(sentence(time::naive(at).to_string()));
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.missing, "missing"),
            (self.extra, "not expected"),
            (self.changed, "with other values"),
        ];
        let named: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| {
                let rows = if *count == 1 { "row" } else { "rows" };
                format!("{count} {rows} {what}")
            })
            .collect();
        let months: Vec<String> = self
            .months
            .iter()
            .take(NAMED)
            .map(ToString::to_string)
            .collect();
        let more = if self.months.len() > NAMED {
            ", …"
        } else {
            ""
        };
        write!(
            f,
            "{} in {}{more}: {}",
            named.join(", "),
            months.join(", "),
            self.first.join("; ")
        )
    }
}

/// Returns which side has the next row; `None` at the end of both.
fn next(a: Option<&i64>, b: Option<&i64>) -> Option<Ordering> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.cmp(b)),
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
    }
}

/// Returns the first column in which two rows differ.
fn values(expected: &Frame, i: usize, found: &Frame, j: usize) -> Option<String> {
    let names = expected.profile().columns.iter().map(|spec| spec.name);
    let columns = expected.columns().iter().zip(found.columns());
    names
        .zip(columns)
        .map(|(name, (a, b))| (name, a.cell(i), b.cell(j)))
        .find(|(_, a, b)| a != b)
        .map(|(name, a, b)| format!("{name} {}, expected {}", shown(b), shown(a)))
}

fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Text(text) => text.to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::Time(nanos) => time::naive(nanos).to_string(),
        // Shortest form that reads back bit for bit; the sign of zero shows.
        Cell::Float(number) => format!("{number:?}"),
        Cell::Flag(flag) => flag.to_string(),
    }
}
