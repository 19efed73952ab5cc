//! Recognises how a file is written, before a row of it is believed.
//!
//! Promises: a form is recognised by all of its marks or not at all. What could be read in two ways is refused
//! with the line that was seen. Leaves to others: the rows (`rows`), clocks (`clock`).

use std::collections::BTreeSet;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::header::Places;
use super::number::Point;
use super::spec::FilesSpec;
use super::stamp::{self, DateStyle, SlashOrder};

/// Whose way of writing a file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Stooq's dumps: a symbol, a length and two clocks of Warsaw.
    StooqDump,
    /// Binance's klines: no header, instants in UTC.
    Klines,
    /// Polygon's flat files: instants, of exchanges in the United States.
    FlatFile,
    /// Any other.
    Plain,
}

/// How the column of dates is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// Units since 1970.
    Epoch,
    /// Text.
    Written(DateStyle),
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The character between fields.
    pub(super) delimiter: u8,
    /// Whether the first line is no row.
    pub(super) has_header: bool,
    /// How many fields each line has.
    pub(super) fields: usize,
    /// Where the columns stand.
    pub(super) places: Places,
    /// Whose way of writing it is.
    pub(super) family: Family,
    /// How dates are written.
    pub(super) dates: Dates,
    /// How the point is written.
    pub(super) point: Point,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detected {
    /// Nothing, or a sentence that says that there is nothing.
    NoRows,
    /// Lines of fields.
    Rows(Box<Layout>),
}

/// Opens a reader of all lines, the first one included.
pub(super) fn reader(text: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text)
}

/// Recognises a file. The error is the reason why it cannot be.
pub(super) fn detect(text: &[u8], spec: &FilesSpec) -> Result<Detected, String> {
    if text.trim_ascii().is_empty() || says_no_data(text) {
        return Ok(Detected::NoRows);
    }
    let delimiter = spec.delimiter.unwrap_or_else(|| likely_delimiter(text));
    let mut lines = reader(text, delimiter).into_byte_records();
    let mut line = || lines.next().transpose().map_err(|error| error.to_string());
    let Some(first) = line()? else {
        return Ok(Detected::NoRows);
    };
    let has_header = spec
        .header
        .unwrap_or_else(|| !begins_with_moment(&first, spec));
    let (places, family) = if has_header {
        with_header(&first, spec)?
    } else {
        without_header(&first)?
    };
    let row = if has_header {
        line()?
    } else {
        Some(first.clone())
    };
    let Some(row) = row else {
        return Ok(Detected::NoRows);
    };
    let dates = dates(text, delimiter, has_header, &places, &row, spec)?;
    Ok(Detected::Rows(Box::new(Layout {
        delimiter,
        has_header,
        fields: first.len(),
        places,
        family,
        dates,
        point: match spec.decimal_comma {
            Some(true) => Point::Comma,
            Some(false) => Point::Dot,
            None if delimiter == b',' => Point::Dot,
            None => Point::Unseen,
        },
    })))
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

fn begins_with_moment(first: &ByteRecord, spec: &FilesSpec) -> bool {
    let style = DateStyle {
        format: spec.date_format.clone(),
        slashes: None,
    };
    let is_moment = |cell: &[u8]| {
        style.parse(cell).is_some()
            || stamp::epoch(cell).is_some()
            || stamp::slash_numbers(cell).is_some()
    };
    first.get(0).is_some_and(is_moment) || is_stooq_row(first)
}

fn is_stooq_row(row: &ByteRecord) -> bool {
    let is_digits = |at: usize, count: usize| {
        row.get(at)
            .is_some_and(|cell| cell.len() == count && cell.iter().all(u8::is_ascii_digit))
    };
    row.len() == 10 && is_digits(2, 8) && is_digits(3, 6)
}

fn with_header(first: &ByteRecord, spec: &FilesSpec) -> Result<(Places, Family), String> {
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
    let family = if has("<PER>") && has("<TICKER>") {
        Family::StooqDump
    } else if has("window_start") {
        Family::FlatFile
    } else {
        Family::Plain
    };
    Ok((places, family))
}

fn without_header(row: &ByteRecord) -> Result<(Places, Family), String> {
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

fn dates(
    text: &[u8],
    delimiter: u8,
    has_header: bool,
    places: &Places,
    row: &ByteRecord,
    spec: &FilesSpec,
) -> Result<Dates, String> {
    let at = places.date.unwrap_or_default();
    let cell = row.get(at).unwrap_or_default();
    if spec.date_format.is_none() && stamp::epoch(cell).is_some() {
        return Ok(Dates::Epoch);
    }
    let mut style = DateStyle {
        format: spec.date_format.clone(),
        slashes: None,
    };
    if style.format.is_none() && stamp::slash_numbers(cell).is_some() {
        let lines = reader(text, delimiter).into_byte_records();
        let cells = lines.skip(usize::from(has_header)).flatten();
        style.slashes = Some(slash_order(cells, at)?);
    }
    Ok(Dates::Written(style))
}

/// Decides by every row which number is the day: the one that exceeds 12 somewhere.
///
/// Where rows have a time of day, the one that changes is the day, too: no file has minutes of one day a month.
fn slash_order(rows: impl Iterator<Item = ByteRecord>, at: usize) -> Result<SlashOrder, String> {
    let (mut firsts, mut seconds) = (BTreeSet::new(), BTreeSet::new());
    let mut has_times = true;
    for row in rows {
        let cell = row.get(at).unwrap_or_default();
        if let Some((first, second)) = stamp::slash_numbers(cell) {
            firsts.insert(first);
            seconds.insert(second);
            has_times &= cell.contains(&b':');
        }
    }
    let exceeds = |numbers: &BTreeSet<u32>| numbers.last().is_some_and(|most| *most > 12);
    let changes = |numbers: &BTreeSet<u32>| has_times && numbers.len() > 1;
    match (exceeds(&firsts), exceeds(&seconds)) {
        (false, true) => Ok(SlashOrder::MonthFirst),
        (true, false) => Ok(SlashOrder::DayFirst),
        (false, false) if changes(&seconds) && !changes(&firsts) => Ok(SlashOrder::MonthFirst),
        (false, false) if changes(&firsts) && !changes(&seconds) => Ok(SlashOrder::DayFirst),
        _ => Err(
            "its dates are written with slashes, and nothing in them tells day from month: set date_format"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Layout {
        match detect(text.as_bytes(), &FilesSpec::of("x".into())) {
            Ok(Detected::Rows(layout)) => *layout,
            other => panic!("{other:?}"),
        }
    }

    fn reason(text: &str) -> String {
        detect(text.as_bytes(), &FilesSpec::of("x".into())).unwrap_err()
    }

    #[test]
    fn each_family_is_recognised_by_its_marks() {
        let stooq = layout("AACB.US,5,20260126,155500,1,1,1,1,3000,0\r\n");
        let kline = layout("1637971200000,1,2,1,2,9,1637971259999,1,79,1,1,0\n");
        let flat = layout(
            "ticker,volume,open,close,high,low,window_start,transactions\nA,1,1,1,1,1,1744792500000000000,1\n",
        );
        let polish =
            layout("Data;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie\n02.01.2024;1,5;2;1;1,75\n");

        assert_eq!((stooq.family, stooq.has_header), (Family::StooqDump, false));
        assert_eq!(
            (kline.family, &kline.dates),
            (Family::Klines, &Dates::Epoch)
        );
        assert_eq!(
            (flat.family, &flat.dates),
            (Family::FlatFile, &Dates::Epoch)
        );
        assert_eq!((polish.delimiter, polish.point), (b';', Point::Unseen));
        assert!(polish.has_header);
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
            let detected = detect(text.as_bytes(), &FilesSpec::of("x".into()));
            assert_eq!(detected, Ok(Detected::NoRows), "{text}");
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
    fn the_whole_file_tells_day_from_month() {
        let of = |dates: [&str; 2]| format!("Date,Close\n{},1\n{},1\n", dates[0], dates[1]);
        let order = |text: &str| match layout(text).dates {
            Dates::Written(style) => style.slashes,
            Dates::Epoch => None,
        };

        assert_eq!(
            order(&of(["1/2/2024", "1/13/2024"])),
            Some(SlashOrder::MonthFirst)
        );
        assert_eq!(
            order(&of(["1/2/2024", "13/2/2024"])),
            Some(SlashOrder::DayFirst)
        );
        assert_eq!(
            order(&of(["11/5/2019 9:30", "11/6/2019 9:30"])),
            Some(SlashOrder::MonthFirst)
        );
        assert_eq!(
            order(&of(["5/11/2019 9:30", "6/11/2019 9:30"])),
            Some(SlashOrder::DayFirst)
        );
        assert!(reason(&of(["11/5/2019 9:30", "11/5/2019 9:31"])).contains("date_format"));
        assert!(reason(&of(["1/2/2024", "1/3/2024"])).contains("date_format"));
        assert!(reason(&of(["13/2/2024", "1/13/2024"])).contains("date_format"));
    }
}
