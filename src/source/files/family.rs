//! Tells whose way of writing a file follows, and where its columns stand.
//!
//! Promises: a family is recognised by all of its marks; a row without a header is read only in an order that
//! nothing else has. Leaves to others: the names of columns (`header`), how dates are written (`dates`).

use csv::ByteRecord;

use super::detect::shown;
use super::header::{Places, plain};
use super::spec::FilesSpec;
use super::stamp;

/// Whose way of writing a file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Stooq's dumps: a symbol, a length and two clocks of Warsaw.
    StooqDump,
    /// Binance's klines: the start and the end of each bar in UTC, with a header or without.
    Klines,
    /// Polygon's flat files: instants, of exchanges in the United States.
    FlatFile,
    /// Any other.
    Plain,
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
pub(super) fn with_header(
    first: &ByteRecord,
    spec: &FilesSpec,
) -> Result<(Places, Family), String> {
    let headers: Vec<String> = first
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
        .collect();
    let places = Places::of(&headers, spec)?;
    let has = |name: &str| {
        headers
            .iter()
            .any(|header| header.eq_ignore_ascii_case(name))
    };
    let names: Vec<String> = headers.iter().map(|header| plain(header)).collect();
    let is_span = ["opentime", "closetime"].map(|name| names.iter().any(|seen| seen == name));
    let family = if has("<PER>") && has("<TICKER>") {
        Family::StooqDump
    } else if has("window_start") {
        Family::FlatFile
    } else if is_span == [true, true] {
        Family::Klines
    } else {
        Family::Plain
    };
    Ok((places, family))
}

/// Finds the columns of a file without a header by its first row.
pub(super) fn without_header(row: &ByteRecord) -> Result<(Places, Family), String> {
    if is_stooq_row(row) {
        let places = Places {
            ticker: Some(0),
            period: Some(1),
            date: Some(2),
            time: Some(3),
            ..Places::in_order(4, true)
        };
        return Ok((places, Family::StooqDump));
    }
    let cell = |at: usize| row.get(at).unwrap_or_default();
    let begins = stamp::epoch(cell(0));
    let plain = |places| Ok((places, Family::Plain));
    match (begins, row.len()) {
        // A kline repeats its end; without that second mark twelve numbers could be anything.
        (Some(_), 12) if is_kline_span(cell(0), cell(6)) => {
            Ok((Places::in_order(1, true), Family::Klines))
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
