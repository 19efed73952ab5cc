//! The forms that a list comes in, each as rows.

use super::{Forms, ListError, plain, spelling};

/// The directory of Nasdaq's own listings.
const NASDAQ_LISTED: &str = "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares";
/// The directory of the listings of all other exchanges.
const OTHER_LISTED: &str =
    "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol";
/// The headings of the copies as CSV.
const CSV_HEADINGS: [&str; 2] = ["Symbol,Security Name", "ACT Symbol,Company Name"];
/// How the last line of a directory begins. The copies as CSV keep it as a row.
const FOOTER: &str = "File Creation Time";
/// How much of a line is repeated in an error.
const MOST_SHOWN: usize = 80;

/// One row of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The symbol as the list has it.
    pub(super) listed: String,
    /// The symbol as Yahoo spells it; `None` where that is not known.
    pub(super) spelled: Option<String>,
    pub(super) is_test_issue: bool,
}

impl Row {
    fn of(listed: &str, cqs: Option<&str>, is_test_issue: bool) -> Self {
        Self {
            listed: listed.to_owned(),
            spelled: spelling::yahoo(listed, cqs),
            is_test_issue,
        }
    }
}

/// Returns the rows of a list of any form.
pub(super) fn rows(text: &str, forms: Forms) -> Result<Vec<Row>, ListError> {
    let first = text.lines().next().unwrap_or_default().trim_end();
    match first {
        NASDAQ_LISTED | OTHER_LISTED => directory(text, first),
        _ if CSV_HEADINGS.contains(&first) => csv_rows(text),
        _ if forms == Forms::Tables && !text.trim().is_empty() => {
            Err(ListError::UnknownHeading { line: shown(first) })
        }
        _ => written(text),
    }
}

/// A directory says where it ends.
fn directory(text: &str, heading: &str) -> Result<Vec<Row>, ListError> {
    let columns: Vec<&str> = heading.split('|').collect();
    let place = |name: &str| columns.iter().position(|column| *column == name);
    let (test_issue, cqs) = (place("Test Issue"), place("CQS Symbol"));
    let mut lines: Vec<&str> = text.trim_end().lines().skip(1).collect();
    match lines.pop() {
        Some(last) if last.starts_with(FOOTER) => {}
        _ => {
            return Err(ListError::CutOff {
                missing: "it ends without the line that says when it was created",
            });
        }
    }
    let mut rows = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        if fields.len() != columns.len() || line.starts_with(FOOTER) {
            return Err(ListError::Fields {
                line: at + 2,
                found: fields.len(),
                expected: columns.len(),
            });
        }
        let field = |place: Option<usize>| place.and_then(|place| fields.get(place).copied());
        let symbol = fields.first().copied().unwrap_or_default();
        rows.push(Row::of(symbol, field(cqs), field(test_issue) == Some("Y")));
    }
    Ok(rows)
}

/// A copy as CSV does not say where it ends: what can be seen is a last line without its end.
fn csv_rows(text: &str) -> Result<Vec<Row>, ListError> {
    let cut_off = ListError::CutOff {
        missing: "its last line has no end",
    };
    if !text.ends_with('\n') || text.matches('"').count() % 2 == 1 {
        return Err(cut_off);
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| ListError::NotText)?;
        if record.len() != 2 {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(ListError::Fields {
                line: usize::try_from(line).unwrap_or(usize::MAX),
                found: record.len(),
                expected: 2,
            });
        }
        let symbol = record.get(0).unwrap_or_default().trim();
        let is_blank = record.iter().all(|field| field.trim().is_empty());
        if !is_blank && !symbol.starts_with(FOOTER) {
            rows.push(Row::of(symbol, None, false));
        }
    }
    Ok(rows)
}

/// Tickers as somebody wrote them down, spelled as they want it.
fn written(text: &str) -> Result<Vec<Row>, ListError> {
    let row = |(_, symbol): (usize, String)| Row {
        spelled: Some(symbol.clone()),
        listed: symbol,
        is_test_issue: false,
    };
    Ok(plain::symbols(text)?.into_iter().map(row).collect())
}

fn shown(line: &str) -> String {
    line.chars().take(MOST_SHOWN).collect()
}
