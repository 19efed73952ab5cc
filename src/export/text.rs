//! The one way in which a stored value is written as text.
//!
//! Promises: a float is written with the fewest digits that give it back, so `100.0` stays a float and `1e-7` stays small; a
//! missing value is nothing, or `null`, never a zero.

use std::io::Write as _;

use super::{Head, Times};
use crate::frame::Cell;
use crate::model::time;

/// Appends a value as CSV has it, without quotation marks.
pub fn cell_text(out: &mut Vec<u8>, cell: Cell<'_>, times: Times) {
    // Memory takes everything.
    let _written = match cell {
        Cell::Null => Ok(()),
        Cell::Text(text) => out.write_all(text.as_bytes()),
        Cell::Int(value) => write!(out, "{value}"),
        Cell::Float(value) => write!(out, "{value:?}"),
        Cell::Flag(value) => write!(out, "{value}"),
        Cell::Time(nanos) => {
            let moment = time::naive(nanos);
            match times {
                Times::Days => write!(out, "{}", moment.date()),
                Times::Moments => write!(out, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.f")),
                Times::Utc => write!(out, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.fZ")),
            }
        }
    };
}

/// Appends a value as JSON has it.
fn cell_json(out: &mut Vec<u8>, cell: Cell<'_>, times: Times) {
    // As above.
    let _written = match cell {
        Cell::Null => out.write_all(b"null"),
        Cell::Text(text) => serde_json::to_writer(out, text).map_err(Into::into),
        // JSON has no way to write what is not finite, which becomes null.
        Cell::Float(value) => serde_json::to_writer(out, &value).map_err(Into::into),
        Cell::Int(_) | Cell::Flag(_) => {
            cell_text(out, cell, times);
            Ok(())
        }
        Cell::Time(_) => {
            out.push(b'"');
            cell_text(out, cell, times);
            out.push(b'"');
            Ok(())
        }
    };
}

/// Appends a row as an object of JSON, whose names stand as `names` has them.
pub fn row_json<'c>(
    out: &mut Vec<u8>,
    names: &[Vec<u8>],
    cells: impl Iterator<Item = (&'c Head, Cell<'c>)>,
) {
    out.push(b'{');
    for ((head, cell), (at, name)) in cells.zip(names.iter().enumerate()) {
        out.extend((at > 0).then_some(b','));
        out.extend(name);
        out.push(b':');
        cell_json(out, cell, head.times);
    }
    out.push(b'}');
}

/// Returns the names of columns as JSON has them, for `row_json`.
pub fn names_json(heads: &[Head]) -> Vec<Vec<u8>> {
    let name = |head: &Head| {
        let mut name = Vec::new();
        cell_json(&mut name, Cell::Text(&head.name), head.times);
        name
    };
    heads.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: Cell<'_>, times: Times) -> String {
        let mut out = Vec::new();
        cell_text(&mut out, cell, times);
        String::from_utf8(out).unwrap()
    }

    fn json(cell: Cell<'_>) -> String {
        let mut out = Vec::new();
        cell_json(&mut out, cell, Times::Days);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_written_so_that_every_reader_has_the_same_bits() {
        // Each text is a literal of Python that evaluates to the float.
        for (value, expected) in [
            (100.0, "100.0"),
            (1e-7, "1e-7"),
            (1e22, "1e22"),
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
        ] {
            let cell = Cell::Float(value);

            assert_eq!(text(cell, Times::Days), expected);
            let read: f64 = json(cell).parse().unwrap();
            assert_eq!(read.to_bits(), value.to_bits());
        }
    }

    #[test]
    fn dates_are_days_moments_or_instants() {
        let open = time::parse("2020-07-01T09:30:00").unwrap();
        let half = open + 500_000_000;

        assert_eq!(text(Cell::Time(open), Times::Days), "2020-07-01");
        assert_eq!(
            text(Cell::Time(open), Times::Moments),
            "2020-07-01T09:30:00"
        );
        assert_eq!(
            text(Cell::Time(half), Times::Moments),
            "2020-07-01T09:30:00.500"
        );
        assert_eq!(text(Cell::Time(open), Times::Utc), "2020-07-01T09:30:00Z");
    }

    #[test]
    fn json_says_null_for_what_is_missing_or_not_finite_and_quotes_text() {
        for (cell, expected) in [
            (Cell::Null, "null"),
            (Cell::Float(f64::NAN), "null"),
            (Cell::Float(f64::INFINITY), "null"),
            (Cell::Int(i64::MIN), "-9223372036854775808"),
            (Cell::Flag(true), "true"),
            (Cell::Text("a\"\n\u{2028}"), "\"a\\\"\\n\u{2028}\""),
            (Cell::Time(0), "\"1970-01-01\""),
        ] {
            assert_eq!(json(cell), expected);
        }
        assert_eq!(text(Cell::Null, Times::Days), "");
    }
}
