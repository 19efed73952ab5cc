//! Reads the rows of a recognised file.
//!
//! Promises: every line becomes a bar, belongs to another ticker, or is an error with its number. No line is
//! skipped because it is odd. Rows that are denser than their interval are an error too: they are bars of
//! another length. Leaves to others: order and duplicates (`frame`), which file it is (`index`).

use chrono_tz::Tz;
use csv::ByteRecord;

use super::clock::Clock;
use super::dates::Dates;
use super::detect::{self, Layout};
use super::family::Family;
use super::name;
use super::number::{self, Point};
use super::owner::{Owner, Whose};
use super::spec::FilesSpec;
use super::stamp::{self, Moment};
use crate::frame::Bar;
use crate::model::{Interval, time};

/// What a bar and its place on the clock take.
const BAR_BYTES: u64 = (size_of::<Bar>() + size_of::<i64>()) as u64;

/// What is asked of a file.
#[derive(Debug)]
pub(super) struct Question<'q> {
    /// Whose rows.
    pub(super) owner: Owner<'q>,
    /// The length of bars that the series has.
    pub(super) interval: Interval,
    /// The length of bars that the file's place or the settings give it.
    pub(super) said: Interval,
    /// The zone of the exchange, if it is known.
    pub(super) exchange: Option<Tz>,
    /// The settings.
    pub(super) spec: &'q FilesSpec,
    /// How many bytes the bars may take.
    pub(super) most_bytes: u64,
}

/// What a file answers.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// The rows of the ticker; none when the file has none of anybody's.
    Rows(Vec<Bar>),
    /// The file holds bars of another length.
    OtherLength,
    /// The file holds rows, and none of this ticker.
    NotMine,
}

/// Reads the rows of one text. The error is the reason why it cannot be read.
pub(super) fn read(
    text: &[u8],
    layout: &Layout,
    question: &Question<'_>,
) -> Result<Answer, String> {
    let mut lines = detect::reader(text, layout.delimiter);
    let mut row = ByteRecord::new();
    let mut next = |row: &mut ByteRecord| lines.read_byte_record(row).map_err(|e| e.to_string());
    if layout.has_header {
        next(&mut row)?;
    }
    let mut reading = Reading::new(layout, question);
    while next(&mut row)? {
        let line = row.position().map_or(0, csv::Position::line);
        let place = |reason| format!("line {line}: {reason}");
        match reading.take(&row).map_err(place)? {
            Taken::Row => {}
            Taken::OtherLength => return Ok(Answer::OtherLength),
        }
    }
    reading.finish()
}

enum Taken {
    Row,
    OtherLength,
}

struct Reading<'r> {
    layout: &'r Layout,
    question: &'r Question<'r>,
    clock: Clock,
    whose: Whose<'r>,
    point: Point,
    bars: Vec<Bar>,
    /// Where each bar stands on the clock before daily ones lose their time.
    walls: Vec<i64>,
    period: Option<Vec<u8>>,
}

impl<'r> Reading<'r> {
    fn new(layout: &'r Layout, question: &'r Question<'r>) -> Self {
        Self {
            layout,
            question,
            clock: Clock::of(
                layout.family,
                question.interval,
                question.exchange,
                question.spec,
            ),
            whose: Whose::of(&question.owner),
            point: layout.point,
            bars: Vec::new(),
            walls: Vec::new(),
            period: None,
        }
    }

    fn take(&mut self, row: &ByteRecord) -> Result<Taken, String> {
        if row.len() != self.layout.fields {
            return Err(format!(
                "it has {} fields where {} were expected: `{}`",
                row.len(),
                self.layout.fields,
                detect::shown(row)
            ));
        }
        let places = &self.layout.places;
        if let Some(at) = places.ticker
            && !self.whose.is_mine(row.get(at).unwrap_or_default())?
        {
            return Ok(Taken::Row);
        }
        if let Some(at) = places.period
            && !self.has_length(row.get(at).unwrap_or_default())?
        {
            return Ok(Taken::OtherLength);
        }
        let wall = self.clock.wall(self.moment(row)?)?;
        let date = self.clock.start(wall);
        let wall = time::nanos(wall);
        let (Some(date), Some(wall)) = (date, wall) else {
            return Err("its date lies outside the years 1677 to 2262".to_owned());
        };
        let volume = match places.volume.and_then(|at| row.get(at)) {
            Some(cell) => number::parse_volume(cell, &mut self.point)?,
            None => None,
        };
        let mut value = |at: Option<usize>| match at.and_then(|at| row.get(at)) {
            Some(cell) => number::parse(cell, &mut self.point),
            None => Ok(None),
        };
        let bar = Bar {
            date: Some(date),
            open: value(places.open)?,
            high: value(places.high)?,
            low: value(places.low)?,
            close: value(places.close)?,
            volume,
            sequence: self.sequence(row)?,
        };
        if self.bars.len() as u64 >= self.question.most_bytes / BAR_BYTES {
            return Err(
                "its bars would take more memory than a file may (max_file_memory)".to_owned(),
            );
        }
        self.bars.push(bar);
        self.walls.push(wall);
        Ok(Taken::Row)
    }

    fn moment(&self, row: &ByteRecord) -> Result<Moment, String> {
        let places = &self.layout.places;
        let cell = places.date.and_then(|at| row.get(at)).unwrap_or_default();
        let refuse = |cell: &[u8], noun: &str| format!("`{}` is not a {noun}", cell.escape_ascii());
        let moment = match &self.layout.dates {
            Dates::Epoch => stamp::epoch(cell),
            Dates::Written(style) => style.parse(cell),
        }
        .ok_or_else(|| refuse(cell, "date"))?;
        match (moment, places.time.and_then(|at| row.get(at))) {
            (Moment::Day(day), Some(cell)) if !cell.is_empty() => stamp::time_of_day(cell)
                .map(|time| Moment::Wall(day.and_time(time)))
                .ok_or_else(|| refuse(cell, "time")),
            _ => Ok(moment),
        }
    }

    fn sequence(&self, row: &ByteRecord) -> Result<Option<i64>, String> {
        let cell = self.layout.places.sequence.and_then(|at| row.get(at));
        match cell.filter(|cell| !cell.is_empty()) {
            None => Ok(None),
            Some(cell) => std::str::from_utf8(cell)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .map(Some)
                .ok_or_else(|| format!("`{}` is not a sequence", cell.escape_ascii())),
        }
    }

    /// Tells whether Stooq's own word for the length is the length asked for.
    fn has_length(&mut self, cell: &[u8]) -> Result<bool, String> {
        match &self.period {
            Some(known) if known == cell => return Ok(true),
            Some(known) => {
                return Err(format!(
                    "the rows before have length {}, this one has {}",
                    known.escape_ascii(),
                    cell.escape_ascii()
                ));
            }
            None => {}
        }
        let interval = period_interval(cell)
            .ok_or_else(|| format!("`{}` is not a length of bars", cell.escape_ascii()))?;
        self.period = Some(cell.to_owned());
        Ok(name::is_same_length(interval, self.question.interval))
    }

    fn finish(self) -> Result<Answer, String> {
        let asked = self.question.interval;
        if self.bars.is_empty() {
            return Ok(if self.whose.saw_others() {
                Answer::NotMine
            } else {
                Answer::Rows(self.bars)
            });
        }
        if self.period.is_none() && !name::is_same_length(self.question.said, asked) {
            return Ok(Answer::OtherLength);
        }
        if is_denser(&self.walls, asked) {
            return Err(format!(
                "its rows are closer to each other than bars of {asked} are: set interval"
            ));
        }
        let is_guessed = !self.layout.has_header && self.layout.family == Family::Plain;
        if is_guessed && contradicts_order(&self.bars) {
            return Err(
                "it has no header, and its columns are not open, high, low, close".to_owned(),
            );
        }
        Ok(Answer::Rows(self.bars))
    }
}

fn period_interval(cell: &[u8]) -> Option<Interval> {
    match cell {
        b"D" => Some(Interval::D1),
        b"W" => Some(Interval::Wk1),
        b"M" => Some(Interval::Mo1),
        _ => {
            let minutes: u32 = std::str::from_utf8(cell).ok()?.parse().ok()?;
            Interval::ALL
                .into_iter()
                .find(|interval| interval.minutes() == Some(minutes))
        }
    }
}

/// Tells whether most rows follow one another sooner than bars of this length can.
fn is_denser(walls: &[i64], interval: Interval) -> bool {
    let minutes = |count: u32| i64::from(count) * 60_000_000_000;
    let length = match interval {
        Interval::D1 => time::DAY,
        Interval::D5 => 5 * time::DAY,
        Interval::Wk1 => 7 * time::DAY,
        Interval::Mo1 => 28 * time::DAY,
        Interval::Mo3 => 89 * time::DAY,
        _ => minutes(interval.minutes().unwrap_or(1)),
    };
    let mut sorted = walls.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let is_short = |pair: &&[i64]| match pair {
        [a, b] => b.saturating_sub(*a) < length,
        _ => false,
    };
    let short = sorted.windows(2).filter(is_short).count();
    short * 2 > sorted.len().saturating_sub(1)
}

/// Tells whether rows without a header deny that their columns are open, high, low and close.
fn contradicts_order(bars: &[Bar]) -> bool {
    let is_odd = |bar: &&Bar| match (bar.open, bar.high, bar.low, bar.close) {
        (Some(open), Some(high), Some(low), Some(close)) => {
            high < open.max(close) || low > open.min(close)
        }
        _ => false,
    };
    // Feeds do publish a few such rows, so one alone proves nothing.
    bars.iter().filter(is_odd).count() * 10 > bars.len()
}
