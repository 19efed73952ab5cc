//! Recognises how a file is written, before a row of it is believed.
//!
//! Promises: a form is recognised by all of its marks or not at all. What could be read in two ways is refused
//! with the line that was seen.
//! Leaves to others: whose way of writing it is (`family`), dates (`dates`), the rows (`rows`), clocks (`clock`).

use csv::ByteRecord;

use super::dates::{self, Dates};
use super::family::{self, Family, Form, Opening};
use super::header::Places;
use super::lines::Lines;
use super::number::{Point, Scale};
use super::spec::FilesSpec;
use super::stamp::{self, DateStyle};
use super::text::Origin;

/// How a file is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// The character between fields.
    pub(super) delimiter: u8,
    /// How many lines are no rows.
    pub(super) header_lines: usize,
    /// How many fields each line has.
    pub(super) fields: usize,
    /// Where the columns stand, for each symbol that has columns of its own; under the empty one, those of every row.
    pub(super) columns: Vec<(String, Places)>,
    /// Whose way of writing it is.
    pub(super) family: Family,
    /// How dates are written.
    pub(super) dates: Dates,
    /// How the point is written.
    pub(super) point: Point,
    /// What prices are multiplied by.
    pub(super) scale: Scale,
}

impl Layout {
    /// Tells whether the rows say whose they are.
    pub(super) fn names_tickers(&self) -> bool {
        let names =
            |(symbol, places): &(String, Places)| !symbol.is_empty() || places.ticker.is_some();
        self.columns.iter().any(names)
    }
}

/// What a file is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Detected {
    /// Nothing, or a sentence that says that there is nothing.
    NoRows,
    /// Lines of fields.
    Rows(Box<Layout>),
}

/// Recognises a file of lines. The error is the reason why it cannot be.
pub(super) fn detect(text: &[u8], spec: &FilesSpec, origin: &Origin) -> Result<Detected, String> {
    if text.trim_ascii().is_empty() || says_no_data(text) {
        return Ok(Detected::NoRows);
    }
    let delimiter = spec.delimiter.unwrap_or_else(|| likely_delimiter(text));
    let mut rest = Lines::of(text, delimiter);
    let lines: Vec<ByteRecord> = rest.by_ref().take(3).collect();
    let Some(first) = lines.first() else {
        return Ok(Detected::NoRows);
    };
    let form = family::recognise(&Opening {
        first,
        lines: &lines,
        text,
        delimiter,
        origin,
        spec,
    });
    let Form {
        header_lines,
        columns,
        family,
        scale,
        dates,
    } = form.map_err(|reason| {
        if text.contains(&b'\n') {
            reason
        } else {
            format!("{reason}; it ends inside this line, and is taken when it is whole")
        }
    })?;
    let mut rows = lines.iter().cloned().chain(rest).skip(header_lines);
    let at = columns
        .first()
        .and_then(|(_, places)| places.date)
        .unwrap_or_default();
    let Some(row) = rows.next() else {
        return Ok(Detected::NoRows);
    };
    let dates = match dates {
        Some(dates) => dates,
        None => dates::recognise(
            row.get(at).unwrap_or_default(),
            std::iter::once(row.clone()).chain(rows),
            at,
            spec,
        )?,
    };
    Ok(Detected::Rows(Box::new(Layout {
        delimiter,
        header_lines,
        fields: first.len(),
        columns,
        family,
        dates,
        point: match spec.decimal_comma {
            Some(true) => Point::Comma,
            Some(false) => Point::Dot,
            None if delimiter == b',' => Point::Dot,
            None => Point::Unseen,
        },
        scale: spec.scale.map_or(scale, Scale::by),
    })))
}

/// Returns the layout of a text that has rows.
#[cfg(test)]
pub(super) fn detected(text: &[u8], spec: &FilesSpec, origin: &Origin) -> Result<Layout, String> {
    match detect(text, spec, origin)? {
        Detected::Rows(layout) => Ok(*layout),
        Detected::NoRows => Err("it has no rows".to_owned()),
    }
}

/// How the sentences begin by which sources say that they have nothing. A saved 401 or 429 says nothing about
/// the data, so it is not among them.
const NOTHING: [&[u8]; 5] = [
    b"400 Bad Request:",
    b"404 Not Found:",
    b"422 Unprocessable Entity:",
    b"No data",
    b"Brak danych",
];

/// Tells whether a body is a sentence that says that there is nothing.
fn says_no_data(text: &[u8]) -> bool {
    let line = text.trim_ascii();
    let is_sentence = line.len() < 400 && !line.contains(&b'\n');
    let begins = |with: &[u8]| {
        line.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    is_sentence && NOTHING.into_iter().any(begins)
}

fn likely_delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    [b';', b'\t', b'|']
        .into_iter()
        .find(|delimiter| line.contains(delimiter))
        .unwrap_or(b',')
}

/// Tells whether a line is a row, and none of names.
pub(super) fn begins_with_moment(first: &ByteRecord, spec: &FilesSpec) -> bool {
    let style = DateStyle {
        format: spec.date_format.clone(),
        slashes: None,
    };
    let is_moment = |cell: &[u8]| {
        style.parse(cell).is_some()
            || stamp::epoch(cell).is_some()
            || dates::slash_numbers(cell).is_some()
    };
    first.get(0).is_some_and(is_moment) || family::is_stooq_row(first)
}

/// Returns a line as it may stand in a message.
pub(super) fn shown(row: &ByteRecord) -> String {
    let joined = row.iter().collect::<Vec<_>>().join(&b","[..]);
    joined
        .escape_ascii()
        .to_string()
        .chars()
        .take(120)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::stamp::SlashOrder;
    use super::*;

    fn found(text: &str) -> Result<Detected, String> {
        detect(
            text.as_bytes(),
            &FilesSpec::of("x".into()),
            &Origin::default(),
        )
    }

    fn layout(text: &str) -> Layout {
        match found(text) {
            Ok(Detected::Rows(layout)) => *layout,
            other => panic!("{other:?}"),
        }
    }

    fn reason(text: &str) -> String {
        found(text).unwrap_err()
    }

    #[test]
    fn each_family_is_recognised_by_its_marks() {
        let stooq = layout("AACB.US,5,20260126,155500,1,1,1,1,3000,0\r\n");
        let kline = layout("1637971200000,1,2,1,2,9,1637971259999,1,79,1,1,0\n");
        let flat = layout(
            "ticker,volume,open,close,high,low,window_start,transactions\nA,1,1,1,1,1,1744792500000000000,1\n",
        );
        let databento = layout(
            "ts_event,rtype,open,high,low,close,volume,symbol\n1795132800000000000,33,1,1,1,1,3,ESH7\n",
        );
        let polish =
            layout("Data;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie\n02.01.2024;1,5;2;1;1,75\n");

        assert_eq!((stooq.family, stooq.header_lines), (Family::StooqDump, 0));
        assert_eq!(
            (kline.family, &kline.dates),
            (Family::Klines, &Dates::Epoch)
        );
        assert_eq!(
            (flat.family, &flat.dates),
            (Family::FlatFile, &Dates::Epoch)
        );
        assert_eq!(
            (databento.family, databento.scale),
            (Family::Databento, Scale::WholeOver(1e9))
        );
        assert_eq!((polish.delimiter, polish.point), (b';', Point::Unseen));
        assert_eq!(polish.header_lines, 1);
    }

    #[test]
    fn what_says_that_there_is_nothing_is_no_damage() {
        for text in [
            "",
            "\r\n\n",
            "400 Bad Request: Data doesn't exist for startDate = 1, endDate = 2",
            "404 Not Found: No data found, symbol may be delisted\n",
            "No data",
            "Brak danych",
            "Date,Open,High,Low,Close,Volume\n",
        ] {
            assert_eq!(found(text), Ok(Detected::NoRows), "{text}");
        }
    }

    #[test]
    fn rows_of_an_unknown_order_are_refused_with_what_was_seen() {
        for text in [
            "1637971200,1,2,3,4,5\n",
            "1637971200000,1,2,1,2,9,1637971100000,1,79,1,1,0\n",
            "2024-01-02,1\n",
            "2024-01-02,1,2,3,4,5,6\n",
            "429 Too Many Requests\n",
            "<html><body>busy</body></html>\n",
        ] {
            let seen: String = text.chars().take(8).collect();
            assert!(reason(text).contains(&seen), "{text}: {}", reason(text));
        }
    }

    #[test]
    fn dates_with_slashes_are_judged_by_all_rows_and_not_by_the_header() {
        let known = layout("Date,Close\n1/2/2024,1\n1/13/2024,1\n");

        let Dates::Written(style) = known.dates else {
            panic!("{:?}", known.dates);
        };
        assert_eq!(style.slashes, Some(SlashOrder::MonthFirst));
        assert!(reason("Date,Close\n1/2/2024,1\n1/3/2024,1\n").contains("date_format"));
    }
}
