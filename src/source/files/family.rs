//! Tells whose way of writing a file of lines follows, and where its columns stand.
//!
//! Promises: a form is recognised by all of its marks; a row without a header is read only in an order that
//! nothing else has. Leaves to others: the names of columns (`header`), how dates are written (`dates`), the forms that
//! have files of their own (`lean`, `wide`).

use csv::ByteRecord;

use super::dates::Dates;
use super::detect::{begins_with_moment, shown};
use super::header::{Places, plain};
use super::lean;
use super::number::Scale;
use super::spec::FilesSpec;
use super::stamp;
use super::text::Origin;
use super::wide;

/// Whose way of writing a file follows, as far as it tells how its times are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Stooq's dumps: a symbol, a length and two clocks of Warsaw.
    StooqDump,
    /// Binance's klines: the start and the end of each bar in UTC, with a header or without.
    Klines,
    /// Polygon's flat files: instants, of exchanges in the United States.
    FlatFile,
    /// Databento's bars: instants in UTC, the length of each bar, prices as fixed point or readable.
    Databento,
    /// Any other.
    Plain,
}

/// The beginning of a text.
#[derive(Debug)]
pub(super) struct Opening<'t> {
    /// The first line.
    pub(super) first: &'t ByteRecord,
    /// Up to three lines, with the first one.
    pub(super) lines: &'t [ByteRecord],
    /// The whole text.
    pub(super) text: &'t [u8],
    /// What separates two fields.
    pub(super) delimiter: u8,
    /// Where the text comes from.
    pub(super) origin: &'t Origin,
    /// The settings.
    pub(super) spec: &'t FilesSpec,
}

/// A form of lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Form {
    /// How many lines are no rows.
    pub(super) header_lines: usize,
    /// Where the columns stand, for each symbol that has columns of its own; under the empty one, those of every row.
    pub(super) columns: Vec<(String, Places)>,
    /// How its times are to be understood.
    pub(super) family: Family,
    /// What its prices are multiplied by, if nobody says otherwise.
    pub(super) scale: Scale,
    /// How its dates are written, where the form tells.
    pub(super) dates: Option<Dates>,
}

impl Form {
    /// Returns a form whose rows all have their columns in the same places.
    pub(super) fn new(header_lines: usize, places: Places, family: Family) -> Self {
        Self {
            header_lines,
            columns: vec![(String::new(), places)],
            family,
            scale: match family {
                Family::Databento => Scale::WholeOver(1e9),
                _ => Scale::One,
            },
            dates: None,
        }
    }
}

/// Tells whether a text is of a form; the error is why it is of it and cannot be read all the same.
type Recognise = fn(&Opening<'_>) -> Result<Option<Form>, String>;

/// The forms in the order in which they are tried. The last two take what is left, by its header or without one.
const FORMS: [Recognise; 4] = [
    lean::recognise,
    wide::recognise,
    without_header,
    with_header,
];

/// Recognises the form of a text. The error is the reason why it has none that can be read.
pub(super) fn recognise(opening: &Opening<'_>) -> Result<Form, String> {
    for form in FORMS {
        if let Some(form) = form(opening)? {
            return Ok(form);
        }
    }
    Err(format!(
        "its first line is unknown: `{}`",
        shown(opening.first)
    ))
}

/// Tells whether a line is a row of a dump of Stooq's.
pub(super) fn is_stooq_row(row: &ByteRecord) -> bool {
    let is_digits = |at: usize, count: usize| {
        row.get(at)
            .is_some_and(|cell| cell.len() == count && cell.iter().all(u8::is_ascii_digit))
    };
    row.len() == 10 && is_digits(2, 8) && is_digits(3, 6)
}

/// Finds the columns by the names in the first line.
fn with_header(opening: &Opening<'_>) -> Result<Option<Form>, String> {
    let headers: Vec<String> = opening
        .first
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
        .collect();
    let mut places = Places::of(&headers, opening.spec)?;
    let names: Vec<String> = headers.iter().map(|header| plain(header)).collect();
    let place = |name: &str| names.iter().position(|seen| seen == name);
    let has = |wanted: &[&str]| wanted.iter().all(|name| place(name).is_some());
    let family = if has(&["per", "ticker"]) && places.period.is_some() {
        Family::StooqDump
    } else if has(&["windowstart"]) {
        Family::FlatFile
    } else if has(&["opentime", "closetime"]) {
        Family::Klines
    } else if has(&["tsevent", "rtype"]) {
        places.period = place("rtype");
        Family::Databento
    } else {
        Family::Plain
    };
    Ok(Some(Form::new(1, places, family)))
}

/// Finds the columns of a file without a header by its first row.
fn without_header(opening: &Opening<'_>) -> Result<Option<Form>, String> {
    let (row, spec) = (opening.first, opening.spec);
    let has_header = spec
        .header
        .unwrap_or_else(|| !begins_with_moment(row, spec));
    if has_header {
        return Ok(None);
    }
    let form = |places, family| Ok(Some(Form::new(0, places, family)));
    if is_stooq_row(row) {
        let places = Places {
            ticker: Some(0),
            period: Some(1),
            date: Some(2),
            time: Some(3),
            ..Places::in_order(4, true)
        };
        return form(places, Family::StooqDump);
    }
    let cell = |at: usize| row.get(at).unwrap_or_default();
    let begins = stamp::epoch(cell(0));
    let plain = |places| form(places, Family::Plain);
    match (begins, row.len()) {
        // A kline repeats its end; without that second mark twelve numbers could be anything.
        (Some(_), 12) if is_kline_span(cell(0), cell(6)) => {
            form(Places::in_order(1, true), Family::Klines)
        }
        (None, 6) => plain(Places::in_order(1, true)),
        (None, 5) => plain(Places::in_order(1, false)),
        (None, 7) if stamp::time_of_day(cell(1)).is_some() => plain(Places {
            time: Some(1),
            ..Places::in_order(2, true)
        }),
        _ => Err(format!(
            "its first line is neither a header nor a row in a known order: `{}`",
            shown(row)
        )),
    }
}

fn is_kline_span(open: &[u8], close: &[u8]) -> bool {
    let count =
        |cell: &[u8]| -> Option<i64> { std::str::from_utf8(cell).ok()?.trim().parse().ok() };
    open.len() == close.len()
        && count(open)
            .zip(count(close))
            .is_some_and(|(from, to)| to > from)
}
