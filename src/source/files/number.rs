//! Reads one number as it is written in a cell.
//!
//! Promises: a finite number comes out as the nearest float, as `str::parse` gives it. What is written in no
//! one's plain notation, thousands separators among it, is refused.

use crate::frame::Volume;

/// How a file writes the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Point {
    /// Not seen yet: the first number that has one decides.
    #[default]
    Unseen,
    /// `1.5`
    Dot,
    /// `1,5`
    Comma,
}

/// Reads a cell; `None` inside when it says that there is no value. The error is the reason.
pub(super) fn parse(cell: &[u8], point: &mut Point) -> Result<Option<f64>, String> {
    let text = std::str::from_utf8(cell).map_err(|_| refuse(cell))?.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("null") || text == "N/A" || text == "N/D" {
        return Ok(None);
    }
    let has_comma = text.contains(',');
    let written = match (has_comma, text.contains('.')) {
        (true, true) => return Err(refuse(cell)),
        (true, false) => Point::Comma,
        (false, true) => Point::Dot,
        (false, false) => *point,
    };
    if *point == Point::Unseen {
        *point = written;
    } else if *point != written {
        return Err(format!(
            "`{text}` has another decimal point than the numbers before"
        ));
    }
    let value = if has_comma {
        text.replacen(',', ".", 1).parse()
    } else {
        text.parse()
    };
    value.map(Some).map_err(|_| refuse(cell))
}

/// Reads a cell as a volume: whole numbers stay whole, however large.
pub(super) fn parse_volume(cell: &[u8], point: &mut Point) -> Result<Option<Volume>, String> {
    let units = std::str::from_utf8(cell)
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok());
    match units {
        Some(units) => Ok(Some(Volume::Units(units))),
        None => Ok(parse(cell, point)?.map(Volume::from)),
    }
}

fn refuse(cell: &[u8]) -> String {
    format!("`{}` is not a number", cell.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_beyond_the_floats_is_read_exactly() {
        let volume = parse_volume(b"9007199254740993", &mut Point::default());

        assert_eq!(volume, Ok(Some(Volume::Units(9_007_199_254_740_993))));
    }

    #[test]
    fn numbers_are_read_exactly() {
        let mut point = Point::default();
        for text in [
            "0.1",
            "3067.00",
            "244.47000122070312",
            "1e-5",
            "-0.0",
            "2195329.299734271",
        ] {
            let read = parse(text.as_bytes(), &mut point).unwrap().unwrap();
            assert_eq!(
                read.to_bits(),
                text.parse::<f64>().unwrap().to_bits(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_cell_without_value_is_none_and_not_a_number_stays_one() {
        let mut point = Point::default();

        assert_eq!(parse(b"", &mut point), Ok(None));
        assert_eq!(parse(b" null ", &mut point), Ok(None));
        assert!(parse(b"NaN", &mut point).unwrap().unwrap().is_nan());
        assert_eq!(parse(b"inf", &mut point), Ok(Some(f64::INFINITY)));
    }

    #[test]
    fn a_decimal_comma_is_read_and_a_mixture_is_refused() {
        let mut point = Point::default();

        assert_eq!(parse(b"1,25", &mut point), Ok(Some(1.25)));
        assert_eq!(parse(b"17", &mut point), Ok(Some(17.0)));
        assert!(parse(b"1.25", &mut point).is_err());
        for text in ["1,234.5", "1.234,5", "1,2,3", "12M", "x", "--1"] {
            assert!(
                parse(text.as_bytes(), &mut Point::default()).is_err(),
                "{text}"
            );
        }
    }
}
