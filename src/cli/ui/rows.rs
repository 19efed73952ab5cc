//! Stored bars as a table, as CSV and as JSON.
//!
//! Promises: CSV and JSON carry every bit. A float is printed with the fewest digits that give it back, so `100.0`
//! stays a float and `1e-7` stays small; a missing value is an empty field or `null`, never a zero.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{Printer, json as pieces, table as tables};
use crate::frame::{Cell, Frame};
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

/// The rows to print.
#[derive(Debug)]
pub(in crate::cli) struct Extract<'e> {
    pub(in crate::cli) request: &'e StorageRequest,
    pub(in crate::cli) provenance: &'e Provenance,
    pub(in crate::cli) frame: &'e Frame,
    /// The first row that is printed.
    pub(in crate::cli) first: usize,
    pub(in crate::cli) dates: Dates,
}

impl Extract<'_> {
    fn rows(&self) -> std::ops::Range<usize> {
        self.first..self.frame.len()
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.frame
            .profile()
            .columns
            .iter()
            .map(|column| column.name)
    }

    fn cells(&self, row: usize) -> impl Iterator<Item = Cell<'_>> {
        self.frame
            .columns()
            .iter()
            .map(move |column| column.cell(row))
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

    /// Most prices were rounded to 32 bits at their source: their few digits say more than the 17 of the double.
    fn readable(&self, cell: Cell<'_>) -> String {
        if let Cell::Float(value) = cell {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "compared with the whole value"
            )]
            let short = value as f32;
            if f64::from(short).to_bits() == value.to_bits() {
                return format!("{short:?}");
            }
        }
        self.text(cell)
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
                utc(moment, zone).format("%Y-%m-%dT%H:%M:%S%.fZ")
            ),
        };
        text
    }
}

/// Returns a moment of a wall clock in UTC: the earlier of two, and for one that the clock leaps over, the moment at
/// which the clock would have shown it without the leap.
fn utc(moment: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    match zone.from_local_datetime(&moment) {
        LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.naive_utc(),
        LocalResult::None => {
            let before = moment - TimeDelta::hours(3);
            zone.from_local_datetime(&before)
                .earliest()
                .map_or(moment, |found| found.naive_utc() + TimeDelta::hours(3))
        }
    }
}

/// Prints the rows for people. The owner is in the question, and the source's sequence is of no interest.
pub(in crate::cli) fn table(extract: &Extract<'_>, printer: &Printer) {
    let rows: Vec<[String; 6]> = extract
        .rows()
        .map(|row| {
            let mut cells = extract
                .cells(row)
                .skip(1)
                .map(|cell| extract.readable(cell));
            std::array::from_fn(|_| cells.next().unwrap_or_default())
        })
        .collect();
    let header = ["date", "open", "high", "low", "close", "volume"];
    printer.line(&tables::render(header, &rows, &[1, 2, 3, 4, 5]));
}

/// Prints the stored columns in their order.
pub(in crate::cli) fn csv(extract: &Extract<'_>, printer: &Printer) {
    let mut writer = csv::Writer::from_writer(printer.rows());
    // The printer remembers what went wrong; what it is handed here never fails.
    let _header = writer.write_record(extract.names());
    for row in extract.rows() {
        if printer.is_closed() {
            break;
        }
        let _row = writer.write_record(extract.cells(row).map(|cell| extract.text(cell)));
    }
    let _end = writer.flush();
}

/// Prints one document.
pub(in crate::cli) fn json(extract: &Extract<'_>, printer: &Printer) {
    let mut head = pieces::series(extract.request);
    head.insert("timezone".to_owned(), json!(extract.provenance.timezone));
    head.insert(
        "price_basis".to_owned(),
        json!(extract.provenance.basis.as_str()),
    );
    let head = Value::Object(head).to_string();
    let mut out = printer.rows();
    let _head = write!(
        out,
        "{},\"rows\":[",
        head.strip_suffix('}').unwrap_or(&head)
    );
    for row in extract.rows() {
        if printer.is_closed() {
            break;
        }
        let cells = extract.cells(row).map(|cell| extract.value(cell));
        let object: Map<String, Value> =
            extract.names().map(ToOwned::to_owned).zip(cells).collect();
        let comma = if row == extract.first { "" } else { "," };
        let _row = write!(out, "{comma}\n{}", Value::Object(object));
    }
    let _end = out.write_all(b"\n]}\n").and_then(|()| out.flush());
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
