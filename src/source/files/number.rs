//! Reads one number as it is written in a cell.
//!
//! Promises: a finite number comes out as the nearest float, as `str::parse` gives it. What is written in no
//! one's plain notation, thousands separators among it, is refused. A text that means no value is none.

use super::spec::FilesSpec;
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

/// Texts by which programs say that there is no value, in lower case: pandas and R, spreadsheets, databases, FRED, Stooq.
const MISSING: [&str; 10] = [
    "", ".", "-", "--", "na", "n/a", "#n/a", "n/d", "nan", "null",
];
/// What Databento writes in place of a price that is none.
const NO_FIXED_POINT: &str = "9223372036854775807";

/// What the number in a cell has to be multiplied by to be a price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// It is the price.
    One,
    /// A factor.
    Times(f64),
    /// How many of the number's units are one. A division rounds once, where a factor such as 1e-9 is rounded itself.
    Over(f64),
    /// As `Over`, for whole numbers only; one with a point is the price.
    WholeOver(f64),
}

impl Scale {
    /// Returns the scale of a factor that is above zero and finite.
    pub(super) fn by(factor: f64) -> Self {
        let units = (1.0 / factor).round();
        if (factor - 1.0).abs() < f64::EPSILON {
            Self::One
        } else if units > 1.0 && (1.0 / units).to_bits() == factor.to_bits() {
            Self::Over(units)
        } else {
            Self::Times(factor)
        }
    }

    /// Returns the price that a number stands for.
    pub(super) fn price(self, number: f64, is_whole: bool) -> f64 {
        match self {
            Self::Times(factor) => number * factor,
            Self::Over(units) => number / units,
            Self::WholeOver(units) if is_whole => number / units,
            Self::One | Self::WholeOver(_) => number,
        }
    }
}

/// How the numbers of one file are read.
#[derive(Clone, Debug)]
pub(super) struct Numbers<'s> {
    point: Point,
    scale: Scale,
    missing: &'s [String],
    comma: Comma,
}

/// What is known of the commas that were taken for decimal ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Comma {
    /// None was seen that had to be guessed.
    #[default]
    Unguessed,
    /// All stand as those between thousands do; the first number that has one.
    Doubtful(String),
    /// One stands where no thousands end.
    Decimal,
}

impl<'s> Numbers<'s> {
    /// Begins to read a file.
    pub(super) fn new(point: Point, scale: Scale, spec: &'s FilesSpec) -> Self {
        Self {
            point,
            scale,
            missing: &spec.missing,
            comma: Comma::default(),
        }
    }

    /// Tells whether the comma was taken for a decimal one because of the numbers alone.
    pub(super) fn is_comma_guessed(&self) -> bool {
        self.comma != Comma::Unguessed
    }

    /// Refuses numbers whose commas may all stand between thousands. The error is the reason.
    pub(super) fn refuse_doubtful(&self) -> Result<(), String> {
        match &self.comma {
            Comma::Unguessed | Comma::Decimal => Ok(()),
            Comma::Doubtful(text) => Err(format!(
                "`{text}` may be a fraction or thousands, and no other number tells: set decimal_comma, or write it without the comma"
            )),
        }
    }

    /// Notes a number with a decimal comma, if that was not settled by the settings or the form.
    fn note_comma(&mut self, text: &str) {
        if self.point == Point::Unseen || self.is_comma_guessed() {
            if !is_grouped(text) {
                self.comma = Comma::Decimal;
            } else if self.comma == Comma::Unguessed {
                self.comma = Comma::Doubtful(text.to_owned());
            }
        }
    }

    /// Reads a cell as a price; `None` inside when it says that there is no value. The error is the reason.
    pub(super) fn price(&mut self, cell: &[u8]) -> Result<Option<f64>, String> {
        let is_whole = !cell
            .iter()
            .any(|byte| matches!(byte, b'.' | b',' | b'e' | b'E'));
        if matches!(self.scale, Scale::WholeOver(_)) && cell == NO_FIXED_POINT.as_bytes() {
            return Ok(None);
        }
        let number = self.number(cell)?;
        Ok(number.map(|number| self.scale.price(number, is_whole)))
    }

    /// Reads a cell as a volume: whole numbers stay whole, however large.
    pub(super) fn volume(&mut self, cell: &[u8]) -> Result<Option<Volume>, String> {
        let units = std::str::from_utf8(cell)
            .ok()
            .and_then(|text| text.trim().parse::<i64>().ok());
        match units {
            Some(units) => Ok(Some(Volume::Units(units))),
            None => Ok(self.number(cell)?.map(Volume::from)),
        }
    }

    /// Tells whether a cell says that there is no value.
    pub(super) fn is_missing(&self, cell: &[u8]) -> bool {
        let text = cell.trim_ascii();
        let is = |other: &[u8]| text.eq_ignore_ascii_case(other);
        MISSING.iter().any(|other| is(other.as_bytes()))
            || self
                .missing
                .iter()
                .any(|other| text == other.trim().as_bytes())
    }

    fn number(&mut self, cell: &[u8]) -> Result<Option<f64>, String> {
        if self.is_missing(cell) {
            return Ok(None);
        }
        let text = std::str::from_utf8(cell).map_err(|_| refuse(cell))?.trim();
        let has_comma = text.contains(',');
        if has_comma {
            self.note_comma(text);
        }
        let written = match (has_comma, text.contains('.')) {
            (true, true) => return Err(refuse(cell)),
            (true, false) => Point::Comma,
            (false, true) => Point::Dot,
            (false, false) => self.point,
        };
        if self.point == Point::Unseen {
            self.point = written;
        } else if self.point != written {
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
}

/// Tells whether the comma of a number stands as one between thousands does: `1,050`, but neither `0,105` nor `1050,125`.
fn is_grouped(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    text.split_once(',').is_some_and(|(thousands, rest)| {
        (1..=3).contains(&thousands.len()) && !thousands.starts_with('0') && rest.len() == 3
    })
}

fn refuse(cell: &[u8]) -> String {
    format!("`{}` is not a number", cell.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str], scale: Scale) -> Vec<Result<Option<f64>, String>> {
        let spec = FilesSpec::of("x".into());
        let mut numbers = Numbers::new(Point::Unseen, scale, &spec);
        let cells = cells.iter().map(|cell| numbers.price(cell.as_bytes()));
        cells.collect()
    }

    #[test]
    fn a_volume_beyond_the_floats_is_read_exactly() {
        let spec = FilesSpec::of("x".into());
        let volume = Numbers::new(Point::Dot, Scale::One, &spec).volume(b"9007199254740993");

        assert_eq!(volume, Ok(Some(Volume::Units(9_007_199_254_740_993))));
    }

    #[test]
    fn numbers_are_read_exactly() {
        for text in [
            "0.1",
            "3067.00",
            "244.47000122070312",
            "1e-5",
            "-0.0",
            "2195329.299734271",
        ] {
            let found = read(&[text], Scale::One).remove(0).unwrap().unwrap();
            let expected = text.parse::<f64>().unwrap();
            assert_eq!(found.to_bits(), expected.to_bits(), "{text}");
        }
    }

    #[test]
    fn a_cell_that_says_so_has_no_value() {
        for text in [
            "", " null ", "NaN", "nan", ".", "NA", "n/a", "N/D", "-", "NULL",
        ] {
            assert_eq!(read(&[text], Scale::One), [Ok(None)], "{text}");
        }
        assert_eq!(read(&["inf"], Scale::One), [Ok(Some(f64::INFINITY))]);
    }

    #[test]
    fn the_settings_add_texts_that_mean_no_value() {
        let mut spec = FilesSpec::of("x".into());
        spec.missing = vec!["closed".to_owned()];
        let mut numbers = Numbers::new(Point::Dot, Scale::One, &spec);

        assert_eq!(numbers.price(b"closed"), Ok(None));
        assert_eq!(numbers.volume(b"closed"), Ok(None));
        assert_eq!(numbers.price(b"NA"), Ok(None));
        assert!(numbers.price(b"Closed").is_err());
    }

    #[test]
    fn a_decimal_comma_is_read_and_a_mixture_is_refused() {
        let found = read(&["1,25", "17", "1.25"], Scale::One);

        assert_eq!(found[..2], [Ok(Some(1.25)), Ok(Some(17.0))]);
        assert!(found[2].is_err());
        for text in ["1,234.5", "1.234,5", "1,2,3", "12M", "x", "--1"] {
            assert!(read(&[text], Scale::One)[0].is_err(), "{text}");
        }
    }

    #[test]
    fn a_comma_that_may_stand_between_thousands_is_doubted_until_a_number_tells() {
        let is_doubtful = |point, cells: &[&str]| {
            let spec = FilesSpec::of("x".into());
            let mut numbers = Numbers::new(point, Scale::One, &spec);
            for cell in cells {
                numbers.price(cell.as_bytes()).unwrap();
            }
            numbers.refuse_doubtful().is_err()
        };

        assert!(is_doubtful(Point::Unseen, &["1,050", "900", "12,000"]));
        assert!(is_doubtful(Point::Unseen, &["-1,050"]));
        for told in ["1,05", "0,105", "1050,125", "1,0500"] {
            assert!(!is_doubtful(Point::Unseen, &["1,050", told]), "{told}");
            assert!(!is_doubtful(Point::Unseen, &[told, "1,050"]), "{told}");
        }
        assert!(!is_doubtful(Point::Comma, &["1,050"]));
        assert!(!is_doubtful(Point::Unseen, &["1.050", "900"]));
    }

    #[test]
    fn a_scale_that_is_a_part_of_one_divides_so_that_prices_are_the_nearest_floats() {
        let of = |factor, cell| read(&[cell], Scale::by(factor)).remove(0).unwrap().unwrap();

        for (factor, cell, price) in [
            (1e-9, "4821750000000", 4821.75),
            (1e-4, "548900", 54.89),
            (1e-4, "1838600", 183.86),
            (0.01, "7", 0.07),
            (100.0, "1.5", 150.0),
            (1.0, "0.3", 0.3),
        ] {
            assert_eq!(
                of(factor, cell).to_bits(),
                f64::to_bits(price),
                "{cell} x {factor}"
            );
        }
    }

    #[test]
    fn of_fixed_point_a_number_with_a_point_is_the_price() {
        let cells = ["4821750000000", "4821.750000000", NO_FIXED_POINT];

        let found = read(&cells, Scale::WholeOver(1e9));

        assert_eq!(found, [Ok(Some(4821.75)), Ok(Some(4821.75)), Ok(None)]);
    }
}
