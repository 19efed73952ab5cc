//! The forms that a list comes in, each as rows.

use super::spelling::{self, Names};
use super::{Forms, Kind, ListError, Reason, plain, words, xetra};

/// What the first column is called in the directory of Nasdaq's own listings and its copies.
const SYMBOL: &str = "Symbol";
/// What it is called in the directory of the listings of all other exchanges.
const ACT: &str = "ACT Symbol";
/// The column with the name of a security.
const SECURITY: &str = "Security Name";
/// What the same column is called in some copies.
const COMPANY: &str = "Company Name";
/// How the last line of a directory begins. The copies as CSV keep it as a row.
const FOOTER: &str = "File Creation Time";
/// How much of a line is repeated in an error.
const MOST_SHOWN: usize = 80;

/// One row of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The symbol as the list has it.
    pub(super) listed: String,
    /// The symbol as Yahoo spells it, or why there is none.
    pub(super) spelled: Result<String, Reason>,
    /// What it is, if the list tells.
    pub(super) kind: Option<Kind>,
}

/// The rows of a list, and what it says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// When it was made, as it says that.
    pub(super) date: Option<String>,
}

/// Returns the rows of a list of any form.
pub(super) fn rows(text: &str, forms: Forms) -> Result<Rows, ListError> {
    let first = text.lines().next().unwrap_or_default().trim_end();
    if xetra::is_one(first) {
        return xetra::rows(text);
    }
    match heading(first) {
        Some((columns, '|')) => directory(text, &columns),
        Some((columns, _)) => copy(text, &columns),
        None if forms == Forms::Tables && !text.trim().is_empty() => {
            Err(ListError::UnknownHeading { line: shown(first) })
        }
        None => written(text),
    }
}

/// The columns of a heading, and what parts them; `None` when it is none of a directory or of a copy.
fn heading(line: &str) -> Option<(Columns, char)> {
    ['|', ','].into_iter().find_map(|mark| {
        let columns = Columns::of(line, mark)?;
        (mark == ',' || columns.test_issue.is_some()).then_some((columns, mark))
    })
}

/// Where the columns are: they moved and grew more from edition to edition.
#[derive(Debug)]
struct Columns {
    count: usize,
    name: usize,
    cqs: Option<usize>,
    nasdaq: Option<usize>,
    test_issue: Option<usize>,
    etf: Option<usize>,
    /// Whether all of it is listed at Nasdaq, where the fifth letter of a symbol says what it is.
    is_of_nasdaq: bool,
}

impl Columns {
    fn of(line: &str, mark: char) -> Option<Self> {
        let columns: Vec<&str> = line
            .split(mark)
            .map(|name| name.trim_matches('"'))
            .collect();
        let place = |name: &str| columns.iter().position(|column| *column == name);
        let first = columns.first()?;
        // Lists of somebody's own have a `Symbol` and a `Company Name`, too, and are spelled as they want it.
        let is_known = *first == ACT || (*first == SYMBOL && place(SECURITY).is_some());
        if !is_known {
            return None;
        }
        Some(Self {
            count: columns.len(),
            name: place(SECURITY).or_else(|| place(COMPANY))?,
            cqs: place("CQS Symbol"),
            nasdaq: place("NASDAQ Symbol"),
            test_issue: place("Test Issue"),
            etf: place("ETF"),
            is_of_nasdaq: *first == SYMBOL,
        })
    }

    fn row<'a>(&self, field: impl Fn(usize) -> &'a str) -> Row {
        let at = |place: Option<usize>| place.map_or("", &field);
        let names = Names {
            act: field(0),
            cqs: at(self.cqs),
            nasdaq: at(self.nasdaq),
            security: field(self.name),
        };
        let is_test = match self.test_issue {
            Some(place) => field(place) == "Y",
            None => words::are_of_a_test(names.security),
        };
        let spelled = if is_test {
            Err(Reason::TestIssue)
        } else {
            spelling::yahoo(names)
        };
        let kind = |marked: Kind| match (marked, at(self.etf)) {
            (Kind::Share, "Y") => Kind::Etf,
            (Kind::Share, _) => words::kind(names.act, names.security, self.is_of_nasdaq),
            _ => marked,
        };
        Row {
            listed: names.act.to_owned(),
            // A copy without the column does not tell a fund from a share.
            kind: spelled
                .as_ref()
                .ok()
                .filter(|_| self.etf.is_some())
                .map(|(_, marked)| kind(*marked)),
            spelled: spelled.map(|(symbol, _)| symbol),
        }
    }
}

/// A directory says where it ends.
fn directory(text: &str, columns: &Columns) -> Result<Rows, ListError> {
    let mut lines: Vec<&str> = text.trim_end().lines().skip(1).collect();
    let footer = lines.pop().and_then(|last| last.strip_prefix(FOOTER));
    let Some(date) = footer else {
        return Err(ListError::CutOff {
            missing: "it ends without the line that says when it was created",
        });
    };
    let mut rows = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        if fields.len() != columns.count || line.starts_with(FOOTER) {
            return Err(ListError::Fields {
                line: at + 2,
                found: fields.len(),
                expected: columns.count,
            });
        }
        rows.push(columns.row(|place| fields.get(place).copied().unwrap_or_default()));
    }
    let date = date.trim_matches([':', ' ', '|', '\r']).to_owned();
    Ok(Rows {
        rows,
        date: Some(date),
    })
}

/// A copy as CSV does not say where it ends: what can be seen is a last line without its end.
fn copy(text: &str, columns: &Columns) -> Result<Rows, ListError> {
    let cut_off = ListError::CutOff {
        missing: "its last line has no end",
    };
    if !text.ends_with('\n') || text.matches('"').count() % 2 == 1 {
        return Err(cut_off);
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut found = Rows::default();
    for record in reader.records() {
        let record = record.map_err(|_| ListError::NotText)?;
        if record.len() != columns.count {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(ListError::Fields {
                line: usize::try_from(line).unwrap_or(usize::MAX),
                found: record.len(),
                expected: columns.count,
            });
        }
        let field = |place: usize| record.get(place).unwrap_or_default().trim();
        if let Some(date) = field(0).strip_prefix(FOOTER) {
            found.date = Some(date.trim_matches([':', ' ']).to_owned());
        } else if record.iter().any(|field| !field.trim().is_empty()) {
            found.rows.push(columns.row(field));
        }
    }
    Ok(found)
}

/// Tickers as somebody wrote them down, spelled as they want it. Servers answer with a word where they do not hand a list out, so
/// neither a lone word nor one that is written as words are is taken for a ticker.
fn written(text: &str) -> Result<Rows, ListError> {
    let symbols = plain::symbols(text)?;
    let is_told = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    if let [(_, word)] = symbols.as_slice()
        && text.lines().filter(is_told).count() == 1
    {
        return Err(ListError::OneWord { word: shown(word) });
    }
    if let Some((line, word)) = symbols.iter().find(|(_, symbol)| is_word(symbol)) {
        return Err(ListError::NoSymbol {
            line: *line,
            text: shown(word),
        });
    }
    let row = |(_, symbol): (usize, String)| Row {
        spelled: Ok(symbol.clone()),
        listed: symbol,
        kind: None,
    };
    Ok(Rows {
        rows: symbols.into_iter().map(row).collect(),
        date: None,
    })
}

/// Tells whether something is written as `Forbidden` is, which no exchange spells a symbol like.
fn is_word(symbol: &str) -> bool {
    let mut letters = symbol.chars();
    let is_capital = letters.next().is_some_and(char::is_uppercase);
    is_capital && symbol.chars().count() > 2 && letters.all(char::is_lowercase)
}

pub(super) fn shown(line: &str) -> String {
    line.chars().take(MOST_SHOWN).collect()
}
