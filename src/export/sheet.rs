//! Columns under names of their own: bars as they are stored, wide tables, factors.

use std::sync::Arc;

use crate::frame::{Cell, Column, Frame, KindOf, OtherKind, Values};
use crate::model::Interval;

/// How times are said, where a form has words for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Days on the clock of the exchange: `2020-01-02`.
    #[default]
    Days,
    /// Moments on the clock of the exchange: `2020-01-02T09:30:00`.
    Moments,
    /// Instants: `2020-01-02T14:30:00Z`.
    Utc,
}

impl Times {
    /// Returns how bars of a length are dated.
    pub fn of_bars(interval: Interval) -> Self {
        if interval.is_intraday() {
            Self::Moments
        } else {
            Self::Days
        }
    }
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub name: Arc<str>,
    /// What kind of values it holds.
    pub kind: KindOf,
    /// How its values are said, where they are times.
    pub times: Times,
}

impl Head {
    /// Returns the head of a column.
    pub fn new(name: impl Into<Arc<str>>, kind: KindOf, times: Times) -> Self {
        Self {
            name: name.into(),
            kind,
            times,
        }
    }
}

/// Columns of one length under their heads.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    heads: Arc<[Head]>,
    columns: Vec<Column>,
    rows: usize,
}

impl Sheet {
    /// Returns columns under heads, as many as there are of both. They have one length, and the kinds that the heads say.
    pub fn new(heads: Arc<[Head]>, columns: Vec<Column>) -> Self {
        Self {
            rows: columns.first().map_or(0, Column::len),
            heads,
            columns,
        }
    }

    /// Returns some columns of a frame, by their positions in its profile.
    pub fn of_frame(frame: Frame, positions: &[usize], times: Times) -> Self {
        let specs = frame.profile().columns;
        let specs = positions.iter().filter_map(|at| specs.get(*at));
        let heads = specs.map(|spec| Head::new(spec.name, spec.kind, times));
        let heads = heads.collect();
        let mut columns: Vec<Option<Column>> = frame.into_columns().into_iter().map(Some).collect();
        // A column that is asked for twice is there twice.
        let mut given: Vec<(usize, Column)> = Vec::with_capacity(positions.len());
        for &at in positions {
            let again = given.iter().find(|(place, _)| *place == at);
            let column = match again {
                Some((_, column)) => Some(column.clone()),
                None => columns.get_mut(at).and_then(Option::take),
            };
            given.extend(column.map(|column| (at, column)));
        }
        Self::new(heads, given.into_iter().map(|(_, column)| column).collect())
    }

    /// Adds a column of the same length.
    #[must_use]
    pub fn with(mut self, head: Head, column: Column) -> Self {
        self.heads = self.heads.iter().cloned().chain([head]).collect();
        self.columns.push(column);
        self
    }

    /// Changes the times that are on the clock of the exchange to instants.
    #[must_use]
    pub fn in_utc(mut self, instant: impl Fn(i64) -> Option<i64>) -> Self {
        let is_wall = |head: &Head| head.kind == KindOf::Time && head.times != Times::Utc;
        for (head, column) in self.heads.iter().zip(&mut self.columns) {
            if let (true, Column::Time(times)) = (is_wall(head), &mut *column) {
                let moved: Values<i64> = times.iter().map(|time| instant(time?)).collect();
                *times = moved;
            }
        }
        let heads = self.heads.iter().cloned().map(|head| Head {
            times: if is_wall(&head) {
                Times::Utc
            } else {
                head.times
            },
            ..head
        });
        self.heads = heads.collect();
        self
    }

    /// Cuts what is finer than a microsecond off the times. Whoever calls has the nanoseconds in columns beside them.
    #[must_use]
    pub fn in_micros(mut self) -> Self {
        const MICRO: i64 = 1_000;
        for column in &mut self.columns {
            if let Column::Time(times) = column {
                let cut = |nanos: i64| nanos - nanos.rem_euclid(MICRO);
                let micros: Values<i64> = times.iter().map(|time| time.map(cut)).collect();
                *times = micros;
            }
        }
        self
    }

    /// Tells whether rows of both can stand below one header: the columns have the same names and kinds.
    pub fn joins(&self, other: &Self) -> bool {
        let columns = |sheet: &Self| -> Vec<(Arc<str>, KindOf)> {
            let heads = sheet.heads.iter();
            heads
                .map(|head| (Arc::clone(&head.name), head.kind))
                .collect()
        };
        columns(self) == columns(other)
    }

    /// Returns the heads.
    pub fn heads(&self) -> &Arc<[Head]> {
        &self.heads
    }

    /// Returns the columns.
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

    /// Returns the cells of a row, each with the head of its column.
    pub fn cells(&self, row: usize) -> impl Iterator<Item = (&Head, Cell<'_>)> {
        let columns = self.heads.iter().zip(&self.columns);
        columns.map(move |(head, column)| (head, column.cell(row)))
    }

    /// Returns some rows that follow one another.
    #[must_use]
    pub fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let columns = self.columns.iter();
        let columns = columns.map(|column| column.part(rows.clone()));
        Self::new(Arc::clone(&self.heads), columns.collect())
    }

    /// Appends the rows of a sheet with the same heads.
    ///
    /// # Errors
    /// When a column of the other one has values of another kind; neither can be used then.
    pub fn append(&mut self, more: Self) -> Result<(), OtherKind> {
        self.rows += more.rows;
        let mut columns = self.columns.iter_mut().zip(more.columns);
        columns.try_for_each(|(column, more)| column.append(more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Profile;
    use crate::model::Dataset;

    #[test]
    fn rows_stand_below_one_header_when_names_and_kinds_are_the_same() {
        let of_source = Profile::of(Dataset::Stocks);
        let of_trades = Profile::of_trades(Dataset::Stocks).unwrap();
        let sheet = |profile, names: &[&str], times| {
            let positions = names.iter().map(|name| Profile::position(profile, name));
            let positions: Vec<usize> = positions.map(Option::unwrap).collect();
            Sheet::of_frame(Frame::empty(profile), &positions, times)
        };
        let days = sheet(of_source, &["date", "close", "volume"], Times::Days);

        for (profile, names, joins) in [
            (of_source, ["date", "close", "volume"], true),
            (of_source, ["date", "volume", "close"], false),
            (of_source, ["date", "open", "volume"], false),
            // A volume of trades may be a fraction.
            (of_trades, ["date", "close", "volume"], false),
        ] {
            let other = sheet(profile, &names, Times::Moments);
            assert_eq!(days.joins(&other), joins, "{} {names:?}", profile.name);
        }
        let closes = |profile| sheet(profile, &["date", "close"], Times::Days);
        assert!(closes(of_source).joins(&closes(of_trades)));
    }
}
