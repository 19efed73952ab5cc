//! What a file holds, whatever form it was written in: rows, by the symbols that they name.
//!
//! Promises: a sheet depends on the file and the settings only, so one serves every ticker and interval. What is wrong with
//! a row costs its symbol and no other. A line without any price is no row. Leaves to others: clocks (`clock`), which of
//! the symbols is meant (`owner`).

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::clock::{BarStart, Clock};
use super::family::Family;
use super::name;
use super::spec::FilesSpec;
use super::stamp::Moment;
use crate::frame::Bar;
use crate::model::{Interval, time};

/// What a row and its place on the clock take.
const ROW_BYTES: u64 = (size_of::<Row>() + size_of::<i64>()) as u64;

/// One row of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// What it says of its time.
    pub(super) moment: Moment,
    /// Its values, still without a date.
    pub(super) bar: Bar,
}

/// The rows of one symbol.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// In the order of the file.
    rows: Vec<Row>,
    /// The length of bars that the rows themselves name.
    period: Option<Interval>,
    /// Why these rows cannot be believed.
    refusal: Option<String>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sheet {
    /// Whose way of writing it follows.
    pub(super) family: Family,
    /// The zone of its readings, if the file names it.
    pub(super) zone: Option<Tz>,
    /// Whether the meaning of its columns is known by their order only.
    pub(super) is_guessed: bool,
    /// The rows by symbol; those that name none are under the empty one.
    parts: BTreeMap<String, Part>,
    left: u64,
}

/// What a file answers for one series.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// The rows of the ticker; none when the file has none of anybody's.
    Rows(Stamped),
    /// The file holds bars of another length.
    OtherLength,
}

/// Bars whose stamps show the stored clock.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stamped {
    /// Those of hours that the clock showed once or for the first time, in the order of the file.
    pub(super) bars: Vec<Bar>,
    /// Those of the hour that autumn repeats. Where the clock had shown a stamp before, the earlier bar is the one that
    /// is stored.
    pub(super) repeated: Vec<Bar>,
}

impl Stamped {
    pub(super) fn is_empty(&self) -> bool {
        self.bars.is_empty() && self.repeated.is_empty()
    }

    /// Adds the bars of other rows.
    pub(super) fn append(&mut self, other: Self) {
        self.bars.extend(other.bars);
        self.repeated.extend(other.repeated);
    }

    /// Returns all bars: of two with one stamp the last one is stored, so the repeated hour comes first.
    pub(super) fn in_order(mut self) -> Vec<Bar> {
        self.repeated.append(&mut self.bars);
        self.repeated
    }
}

/// How rows become the bars of a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    /// The length of bars that the series has.
    pub(super) interval: Interval,
    /// The length of bars that the file's place or the settings give it.
    pub(super) said: Interval,
    /// The zone of the exchange, if it is known.
    pub(super) exchange: Option<Tz>,
    /// The settings.
    pub(super) spec: &'q FilesSpec,
}

/// The rows of a sheet would take more memory than they may.
pub(super) const TOO_LARGE: &str =
    "its bars would take more memory than a file may (max_file_memory)";

impl Sheet {
    /// Returns a sheet without rows, whose rows may take so many bytes.
    pub(super) fn new(family: Family, most_bytes: u64) -> Self {
        Self {
            family,
            zone: None,
            is_guessed: false,
            parts: BTreeMap::new(),
            left: most_bytes,
        }
    }

    /// Adds a row, unless it has no price. The error is the reason why the whole file cannot be read.
    pub(super) fn add(&mut self, symbol: &str, row: Row) -> Result<(), String> {
        let part = part_of(&mut self.parts, symbol);
        if part.refusal.is_some() || !has_price(&row.bar) {
            return Ok(());
        }
        self.left = self.left.checked_sub(ROW_BYTES).ok_or(TOO_LARGE)?;
        part.rows.push(row);
        Ok(())
    }

    /// Notes a symbol whose rows are not kept.
    pub(super) fn mention(&mut self, symbol: &str) {
        part_of(&mut self.parts, symbol);
    }

    /// Notes the length of bars that a row of a symbol names.
    pub(super) fn note_period(&mut self, symbol: &str, period: Interval) -> Result<(), String> {
        let part = part_of(&mut self.parts, symbol);
        match part.period.replace(period) {
            Some(before) if before != period => Err(format!(
                "the rows before have the length {before}, this one has {period}"
            )),
            _ => Ok(()),
        }
    }

    /// Notes that the rows of a symbol cannot be believed; the first reason stays.
    pub(super) fn refuse(&mut self, symbol: &str, reason: String) {
        let part = part_of(&mut self.parts, symbol);
        part.refusal.get_or_insert(reason);
        part.rows = Vec::new();
    }

    /// Returns the symbols that rows name, the empty one for none.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// Returns how many bytes its rows take.
    pub(super) fn bytes(&self) -> u64 {
        let rows: usize = self.parts.values().map(|part| part.rows.len()).sum();
        rows as u64 * ROW_BYTES + self.parts.len() as u64 * size_of::<Part>() as u64
    }

    /// Returns the zone whose wall clock the bars of a series show.
    pub(super) fn stored(&self, question: &Question<'_>) -> Option<Tz> {
        self.clock(question).stored()
    }

    fn clock(&self, question: &Question<'_>) -> Clock {
        let Question {
            interval,
            exchange,
            spec,
            ..
        } = *question;
        Clock::of(self.family, interval, exchange, self.zone, spec)
    }

    /// Returns the bars of a symbol. The error is the reason why they cannot be read.
    pub(super) fn bars(&self, symbol: &str, question: &Question<'_>) -> Result<Answer, String> {
        let asked = question.interval;
        let Some(part) = self.parts.get(symbol) else {
            return Ok(Answer::Rows(Stamped::default()));
        };
        if let Some(reason) = &part.refusal {
            return Err(reason.clone());
        }
        let length = part.period.unwrap_or(question.said);
        if (part.period.is_some() || !part.rows.is_empty()) && !name::is_same_length(length, asked)
        {
            return Ok(Answer::OtherLength);
        }
        let clock = self.clock(question);
        let mut walls = Vec::with_capacity(part.rows.len());
        let mut stamped = Stamped::default();
        stamped.bars.reserve_exact(part.rows.len());
        for Row { moment, bar } in &part.rows {
            let BarStart {
                wall,
                start,
                is_repeated,
            } = clock.read(*moment)?;
            walls.push(wall);
            let bars = if is_repeated {
                &mut stamped.repeated
            } else {
                &mut stamped.bars
            };
            bars.push(Bar {
                date: Some(start),
                ..*bar
            });
        }
        if is_denser(walls, asked) {
            return Err(format!(
                "its rows are closer to each other than bars of {asked} are: set interval"
            ));
        }
        if self.is_guessed && contradicts_order(&stamped.bars) {
            return Err(
                "it has no header, and its columns are not open, high, low, close".to_owned(),
            );
        }
        Ok(Answer::Rows(stamped))
    }
}

/// Tells whether a bar has any price.
pub(super) fn has_price(bar: &Bar) -> bool {
    let prices = [bar.open, bar.high, bar.low, bar.close];
    prices.into_iter().flatten().any(|price| !price.is_nan())
}

fn part_of<'p>(parts: &'p mut BTreeMap<String, Part>, symbol: &str) -> &'p mut Part {
    if !parts.contains_key(symbol) {
        parts.insert(symbol.to_owned(), Part::default());
    }
    parts.entry(symbol.to_owned()).or_default()
}

/// Tells whether most rows follow one another sooner than bars of this length can.
fn is_denser(mut walls: Vec<i64>, interval: Interval) -> bool {
    let minutes = |count: u32| i64::from(count) * 60_000_000_000;
    let length = match interval {
        Interval::D1 => time::DAY,
        Interval::D5 => 5 * time::DAY,
        Interval::Wk1 => 7 * time::DAY,
        Interval::Mo1 => 28 * time::DAY,
        Interval::Mo3 => 89 * time::DAY,
        _ => minutes(interval.minutes().unwrap_or(1)),
    };
    walls.sort_unstable();
    walls.dedup();
    let is_short = |pair: &&[i64]| match pair {
        [a, b] => b.saturating_sub(*a) < length,
        _ => false,
    };
    let short = walls.windows(2).filter(is_short).count();
    short * 2 > walls.len().saturating_sub(1)
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
