//! Stored rows as a table, as CSV and as JSON.
//!
//! Promises: CSV and JSON carry every bit. A float is printed with the fewest digits that give it back, so `100.0`
//! stays a float and `1e-7` stays small; a missing value is an empty field or `null`, never a zero. A table is for people:
//! the prices of a series have one number of decimals.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::decimals::{decimals, readable};
use super::{Printer, json as pieces};
use crate::calendar::utc_of;
use crate::frame::{Cell, Column, ColumnSpec, Frame, KindOf};
use crate::model::{Provenance, StorageRequest, time};

/// How dates are written.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) enum Dates {
    /// `2020-01-02`.
    Days,
    /// `2020-01-02T09:30:00`.
    Moments,
    /// `2020-01-02T14:30:00Z`, from the wall clock of a zone.
    Utc(Tz),
}

/// The rows of a series to print.
#[derive(Debug)]
pub(in crate::cli) struct Extract {
    pub(in crate::cli) request: StorageRequest,
    pub(in crate::cli) provenance: Provenance,
    pub(in crate::cli) frame: Frame,
    /// The positions of the columns that are printed, in their order.
    pub(in crate::cli) columns: Vec<usize>,
    pub(in crate::cli) dates: Dates,
}

impl Extract {
    fn columns(&self) -> impl Iterator<Item = (&'static ColumnSpec, &Column)> {
        let specs = self.frame.profile().columns;
        let columns = self.frame.columns();
        let column = |&at: &usize| Some((specs.get(at)?, columns.get(at)?));
        self.columns.iter().filter_map(column)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns().map(|(spec, _)| spec.name)
    }

    fn cells(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        self.columns().map(move |(_, column)| column.cell(row))
    }

    fn text(&self, cell: Cell<'_>) -> String {
        match cell {
            Cell::Null => String::new(),
            Cell::Text(text) => text.to_owned(),
            Cell::Int(value) => value.to_string(),
            Cell::Float(value) => format!("{value:?}"),
            Cell::Time(nanos) => self.dates.text(nanos),
            Cell::Flag(value) => value.to_string(),
        }
    }

    fn value(&self, cell: Cell<'_>) -> Value {
        match cell {
            Cell::Null => Value::Null,
            Cell::Int(value) => json!(value),
            // JSON has no way to write what is not finite.
            Cell::Float(value) => json!(value),
            Cell::Flag(value) => json!(value),
            other => json!(self.text(other)),
        }
    }

    fn floats(&self) -> impl Iterator<Item = f64> {
        (0..self.frame.len())
            .flat_map(|row| self.cells(row))
            .filter_map(|cell| match cell {
                Cell::Float(value) => Some(value),
                _ => None,
            })
    }
}

impl Dates {
    fn text(self, nanos: i64) -> String {
        let moment = time::naive(nanos);
        let mut text = String::new();
        let _in_memory = match self {
            Self::Days => write!(text, "{}", moment.format("%Y-%m-%d")),
            Self::Moments => write!(text, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.f")),
            Self::Utc(zone) => write!(
                text,
                "{}",
                utc_of(moment, zone).format("%Y-%m-%dT%H:%M:%S%.fZ")
            ),
        };
        text
    }
}

/// Prints the rows for people.
pub(in crate::cli) fn table(extract: &Extract, printer: &Printer) {
    let decimals = decimals(extract.floats());
    let cell = |cell: Cell<'_>| match cell {
        Cell::Float(value) => readable(value, decimals),
        other => extract.text(other),
    };
    let row = |row| extract.cells(row).map(cell).collect();
    let rows: Vec<Vec<String>> = (0..extract.frame.len()).map(row).collect();
    let header: Vec<&str> = extract.names().collect();
    let kinds = extract.columns().map(|(spec, _)| spec.kind);
    let is_number = |kind: &KindOf| matches!(kind, KindOf::Float | KindOf::Int);
    let kinds = kinds.enumerate().filter(|(_, kind)| is_number(kind));
    let numbers: Vec<usize> = kinds.map(|(at, _)| at).collect();
    printer.table(&header, &rows, &numbers);
}

/// Prints the columns of series of one profile, below one header.
pub(in crate::cli) fn csv(extracts: &[Extract], printer: &Printer) {
    let mut writer = csv::Writer::from_writer(printer.rows());
    // The printer remembers what went wrong; what it is handed here never fails.
    for extract in extracts.iter().take(1) {
        let _header = writer.write_record(extract.names());
    }
    for extract in extracts {
        for row in 0..extract.frame.len() {
            if printer.is_closed() {
                return;
            }
            let _row = writer.write_record(extract.cells(row).map(|cell| extract.text(cell)));
        }
    }
    let _end = writer.flush();
}

/// Prints one document for one series, and an array of documents for several.
pub(in crate::cli) fn json(extracts: &[Extract], printer: &Printer) {
    let mut out = printer.rows();
    // As above.
    let _begin = match extracts {
        [_] => Ok(()),
        _ => out.write_all(b"["),
    };
    for (at, extract) in extracts.iter().enumerate() {
        let _comma = if at == 0 {
            Ok(())
        } else {
            out.write_all(b",\n")
        };
        let _document = document(extract, &mut out, printer);
    }
    let _end = match extracts {
        [_] => out.write_all(b"\n"),
        _ => out.write_all(b"]\n"),
    };
    let _flushed = out.flush();
}

fn document(
    extract: &Extract,
    out: &mut impl std::io::Write,
    printer: &Printer,
) -> std::io::Result<()> {
    let mut head = pieces::series(&extract.request);
    head.insert("timezone".to_owned(), json!(extract.provenance.timezone));
    head.insert(
        "price_basis".to_owned(),
        json!(extract.provenance.basis.as_str()),
    );
    let head = Value::Object(head).to_string();
    write!(
        out,
        "{},\"rows\":[",
        head.strip_suffix('}').unwrap_or(&head)
    )?;
    for row in 0..extract.frame.len() {
        if printer.is_closed() {
            break;
        }
        let cells = extract.cells(row).map(|cell| extract.value(cell));
        let object: Map<String, Value> =
            extract.names().map(ToOwned::to_owned).zip(cells).collect();
        let comma = if row == 0 { "" } else { "," };
        write!(out, "{comma}\n{}", Value::Object(object))?;
    }
    out.write_all(b"\n]}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> i64 {
        time::parse(text).unwrap()
    }

    #[test]
    fn floats_are_printed_so_that_python_reads_the_same_bits() {
        // Each text is a literal of Python that evaluates to the float.
        for (value, text) in [
            (100.0, "100.0"),
            (1e-7, "1e-7"),
            (1e22, "1e22"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
        ] {
            assert_eq!(format!("{value:?}"), text);
        }
    }

    #[test]
    fn dates_are_days_moments_or_utc() {
        let open = nanos("2020-07-01T09:30:00");

        assert_eq!(Dates::Days.text(open), "2020-07-01");
        assert_eq!(Dates::Moments.text(open), "2020-07-01T09:30:00");
        assert_eq!(
            Dates::Moments.text(open + 500_000_000),
            "2020-07-01T09:30:00.500"
        );
        assert_eq!(
            Dates::Utc(Tz::America__New_York).text(open),
            "2020-07-01T13:30:00Z"
        );
    }

    #[test]
    fn a_wall_clock_that_leaps_or_repeats_still_has_a_moment() {
        let zone = Dates::Utc(Tz::Europe__Berlin);

        assert_eq!(
            zone.text(nanos("2020-03-29T02:30:00")),
            "2020-03-29T01:30:00Z"
        );
        assert_eq!(
            zone.text(nanos("2020-10-25T02:30:00")),
            "2020-10-25T00:30:00Z"
        );
    }
}
