//! Reads the rows of a recognised text of lines.
//!
//! Promises: every line becomes a row, has no price, or is an error with its number. No line is skipped because it is odd.
//! A text that ends inside its last line is not read at all: the rest may still be on its way.
//! Leaves to others: what the rows are to a series (`sheet`), order and duplicates (`frame`), which file it is (`index`).

use csv::ByteRecord;

use super::detect::{self, Layout};
use super::family::Family;
use super::header::Places;
use super::lines::Lines;
use super::number::Numbers;
use super::sheet::{Row, Sheet};
use super::spec::FilesSpec;
use super::stamp::{self, Moment};
use crate::frame::Bar;
use crate::model::Interval;

/// Which rows of a file are kept.
pub(super) enum Keep<'k> {
    /// All.
    All,
    /// Those of symbols that are wanted. Others are known by their symbol only.
    Only(&'k dyn Fn(&str) -> bool),
}

impl Keep<'_> {
    fn wants(&self, symbol: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(is_wanted) => is_wanted(symbol),
        }
    }
}

/// Reads the rows of one text. The error is the reason why it cannot be read.
pub(super) fn read(
    text: &[u8],
    layout: &Layout,
    spec: &FilesSpec,
    keep: &Keep<'_>,
    most_bytes: u64,
) -> Result<Sheet, String> {
    refuse_unfinished(text, layout)?;
    let mut sheet = Sheet::new(layout.family, most_bytes);
    sheet.is_guessed = layout.header_lines == 0 && layout.family == Family::Plain;
    let mut reading = RowReader {
        layout,
        numbers: Numbers::new(layout.point, layout.scale, spec),
        keep,
        sheet,
        symbol: String::new(),
    };
    let mut lines = Lines::of(text, layout.delimiter);
    let mut row = ByteRecord::new();
    let (mut at, mut line) = (0, lines.number());
    while lines.read(&mut row) {
        at += 1;
        if at > layout.header_lines {
            reading.line(&row, line)?;
        }
        line = lines.number();
    }
    reading.numbers.refuse_doubtful()?;
    Ok(reading.sheet)
}

/// Refuses a text whose last line has neither an end nor all of its fields.
fn refuse_unfinished(text: &[u8], layout: &Layout) -> Result<(), String> {
    let at = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let last = text.get(at..).unwrap_or_default();
    if last.is_empty() {
        return Ok(());
    }
    match Lines::of(last, layout.delimiter).next() {
        Some(row) if row.len() < layout.fields => Err(format!(
            "it ends inside its last line, `{}`: none of it is taken before it is whole",
            detect::shown(&row)
        )),
        _ => Ok(()),
    }
}

struct RowReader<'r> {
    layout: &'r Layout,
    numbers: Numbers<'r>,
    keep: &'r Keep<'r>,
    sheet: Sheet,
    /// The symbol of the row before: most rows have the same.
    symbol: String,
}

impl RowReader<'_> {
    fn line(&mut self, row: &ByteRecord, line: u64) -> Result<(), String> {
        let place = |reason: String| format!("line {line}: {reason}");
        if row.len() != self.layout.fields {
            return Err(place(format!(
                "it has {} fields where {} were expected: `{}`",
                row.len(),
                self.layout.fields,
                detect::shown(row)
            )));
        }
        for (symbol, places) in &self.layout.columns {
            if let Some(at) = places.ticker {
                let text = std::str::from_utf8(row.get(at).unwrap_or_default())
                    .map_err(|_| place("its ticker is no text".to_owned()))?
                    .trim();
                if text.is_empty() {
                    return Err(place(format!(
                        "it names no ticker: `{}`",
                        detect::shown(row)
                    )));
                }
                if self.symbol != text {
                    text.clone_into(&mut self.symbol);
                }
            } else if self.symbol != *symbol {
                symbol.clone_into(&mut self.symbol);
            }
            if !self.keep.wants(&self.symbol) {
                self.sheet.mention(&self.symbol);
                continue;
            }
            let taken = take(row, places, self.layout, &mut self.numbers)
                .and_then(|(row, period)| {
                    if let Some(period) = period {
                        self.sheet.note_period(&self.symbol, period)?;
                    }
                    Ok(row)
                })
                .map_err(place);
            match taken {
                Ok(row) if self.numbers.is_comma_guessed() && is_upside_down(&row.bar) => {
                    return Err(place(
                        "with decimal commas its high is below its low: set decimal_comma"
                            .to_owned(),
                    ));
                }
                Ok(row) => self.sheet.add(&self.symbol, row)?,
                // In a file of one series nothing else is lost by it.
                Err(reason) => self.sheet.refuse(&self.symbol, reason),
            }
        }
        Ok(())
    }
}

fn is_upside_down(bar: &Bar) -> bool {
    bar.high.zip(bar.low).is_some_and(|(high, low)| high < low)
}

fn take(
    row: &ByteRecord,
    places: &Places,
    layout: &Layout,
    numbers: &mut Numbers<'_>,
) -> Result<(Row, Option<Interval>), String> {
    let cell = |at: Option<usize>| at.and_then(|at| row.get(at));
    let period = match cell(places.period) {
        Some(cell) => Some(period_interval(cell, layout.family)?),
        None => None,
    };
    let mut price = |at| cell(at).map_or(Ok(None), |cell| numbers.price(cell));
    let [open, high, low, close] = places.prices();
    let bar = Bar {
        date: None,
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: cell(places.volume).map_or(Ok(None), |cell| numbers.volume(cell))?,
        sequence: sequence(cell(places.sequence))?,
    };
    let moment = moment(cell(places.date), cell(places.time), layout)?;
    Ok((Row { moment, bar }, period))
}

fn moment(date: Option<&[u8]>, time: Option<&[u8]>, layout: &Layout) -> Result<Moment, String> {
    let refuse = |cell: &[u8], noun: &str| format!("`{}` is not a {noun}", cell.escape_ascii());
    let date = date.unwrap_or_default();
    let moment = layout
        .dates
        .read(date)
        .ok_or_else(|| refuse(date, "date"))?;
    match (moment, time) {
        (Moment::Day(day), Some(cell)) if !cell.is_empty() => stamp::time_of_day(cell)
            .map(|time| Moment::Wall(day.and_time(time)))
            .ok_or_else(|| refuse(cell, "time")),
        _ => Ok(moment),
    }
}

fn sequence(cell: Option<&[u8]>) -> Result<Option<i64>, String> {
    match cell.filter(|cell| !cell.is_empty()) {
        None => Ok(None),
        Some(cell) => std::str::from_utf8(cell)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Some)
            .ok_or_else(|| format!("`{}` is not a sequence", cell.escape_ascii())),
    }
}

/// Returns the length of bars that a row itself names: Stooq's word for it, or Databento's type of record.
fn period_interval(cell: &[u8], family: Family) -> Result<Interval, String> {
    let of_minutes = |minutes: u32| {
        Interval::ALL
            .into_iter()
            .find(|interval| interval.minutes() == Some(minutes))
    };
    let interval = match (family, cell) {
        (Family::Databento, b"33") => of_minutes(1),
        (Family::Databento, b"34") => of_minutes(60),
        (Family::Databento, b"35") | (_, b"D") => Some(Interval::D1),
        (Family::Databento, _) => None,
        (_, b"W") => Some(Interval::Wk1),
        (_, b"M") => Some(Interval::Mo1),
        _ => std::str::from_utf8(cell)
            .ok()
            .and_then(|text| text.parse().ok())
            .and_then(of_minutes),
    };
    interval.ok_or_else(|| format!("`{}` is not a length of bars", cell.escape_ascii()))
}
