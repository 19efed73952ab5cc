//! What a run learns of the days of its series, and what of them is lost when it ends.
//!
//! Promises: what an answer says of days is durable before its rows are committed, so that after no crash a session without
//! a bar passes for one that is had. A session that its source forgot is named once. Trouble with what is remembered is told
//! and changes nothing of what is stored: what was not written down is unknown.
//! Leaves to others: what a day means (`gaps`), what an answer says of it (`answers`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::gaps::{Cause, GapBook, GapsError, Heard};
use crate::model::{Interval, Ticker, Venue};
use crate::sys::FsResult;
use crate::sys::atomic::TempNames;
use crate::workspace::Session;

use super::Owed;

/// How many tickers of a loss are named.
const MOST_NAMED: usize = 5;

/// What was learned of the days of a series.
#[derive(Debug)]
pub struct GapNote {
    ticker: Ticker,
    interval: Interval,
    /// What an answer said; `None` where the source turned the question away.
    heard: Option<Heard>,
}

impl GapNote {
    /// Returns what an answer said of the days of a series; `None` where the bars are wider than a day.
    pub fn of_answer(ticker: &Ticker, interval: Interval, heard: Heard) -> Option<Self> {
        Self::of(ticker, interval, Some(heard))
    }

    /// Returns that the source turned a question away.
    pub fn of_refusal(ticker: &Ticker, interval: Interval) -> Option<Self> {
        Self::of(ticker, interval, None)
    }

    fn of(ticker: &Ticker, interval: Interval, heard: Option<Heard>) -> Option<Self> {
        interval.has_sessions().then(|| Self {
            ticker: ticker.clone(),
            interval,
            heard,
        })
    }
}

/// What is remembered of gaps during a run, as far as it was looked at.
#[derive(Debug, Default)]
pub struct Remembered {
    books: BTreeMap<(Venue, Interval), GapBook>,
    /// What was learned while its book could not be read.
    waiting: Vec<(Venue, GapNote)>,
    /// Venues whose rows are durable as far as they were fetched.
    sealed: BTreeSet<Venue>,
    /// Files that cannot be understood, each told once.
    damaged: BTreeSet<PathBuf>,
}

/// What remembering takes beside what is learned.
#[derive(Clone, Copy, Debug)]
pub struct Remembering<'r> {
    /// What is owed.
    pub owed: Owed<'r>,
    /// The right to write.
    pub session: Session<'r>,
    /// The day under which it is remembered.
    pub today: NaiveDate,
}

impl Remembered {
    /// Takes in what was learned of a series, in memory only.
    pub fn learn(&mut self, by: Remembering<'_>, venue: &Venue, note: GapNote) {
        let facts = by.owed.facts((&note.ticker, venue, note.interval), None);
        let Ok(book) = self.book(by.session, venue, note.interval) else {
            return self.waiting.push((venue.clone(), note));
        };
        let mut gaps = book.of(&note.ticker);
        match &note.heard {
            Some(heard) => gaps.hear(heard, &facts.calendar, by.today),
            None => gaps.turn_away(facts.owed().filter(|day| !facts.is_forgotten(*day))),
        }
        book.put(&note.ticker, &gaps);
    }

    /// Writes down what was learned of the series of a venue. To be called when their rows are durable and not committed yet.
    /// What the disk refuses now is tried once more when the run ends, and told then.
    pub fn write(&mut self, by: Remembering<'_>, venue: &Venue) {
        self.sealed.insert(venue.clone());
        for interval in self.intervals(venue) {
            let _refused = self.write_book(by.session, venue, interval);
        }
    }

    /// Tells whether days of a series are known to be lost.
    pub fn are_known_lost(
        &mut self,
        by: Remembering<'_>,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        days: (NaiveDate, NaiveDate),
    ) -> bool {
        let facts = by.owed.facts((ticker, venue, interval), None);
        let book = self.book(by.session, venue, interval);
        book.is_ok_and(|book| book.of(ticker).are_lost(days, &facts.calendar))
    }

    /// Returns what the sources of some series forgot before an answer came, and writes it down so that it is named once; then, what of all this
    /// cannot be remembered.
    pub fn note_losses(
        &mut self,
        by: Remembering<'_>,
        series: &[(&Venue, Vec<(&Ticker, Interval)>)],
    ) -> (Vec<String>, Vec<String>) {
        // Of a venue whose answers are not all in, rows may be staged that no power cut spares.
        let sealed = &self.sealed;
        self.books.retain(|(venue, _), _| sealed.contains(venue));
        for (venue, note) in std::mem::take(&mut self.waiting) {
            if self.sealed.contains(&venue) {
                self.learn(by, &venue, note);
            }
        }
        let mut told = Vec::new();
        for (venue, series) in series {
            let mut losses: BTreeMap<(Interval, Cause), Loss> = BTreeMap::new();
            for &(ticker, interval) in series.iter().filter(|(_, one)| one.has_sessions()) {
                for (day, cause) in self.losses_of(by, (ticker, venue, interval)) {
                    losses
                        .entry((interval, cause))
                        .or_default()
                        .add(ticker, day);
                }
            }
            let lost = losses.into_iter();
            told.extend(lost.map(|((interval, cause), loss)| loss.told(venue, interval, cause)));
        }
        (told, self.close(by))
    }

    /// Writes what is not written yet, and says what cannot be.
    fn close(&mut self, by: Remembering<'_>) -> Vec<String> {
        let mut refused = BTreeSet::new();
        for (venue, note) in std::mem::take(&mut self.waiting) {
            let book = self.book(by.session, &venue, note.interval);
            refused.extend(book.err().map(|error| error.to_string()));
        }
        let books: Vec<(Venue, Interval)> = self.books.keys().cloned().collect();
        for (venue, interval) in books {
            refused.extend(self.write_book(by.session, &venue, interval).err());
        }
        let refused = refused.into_iter();
        let refused = refused.map(|why| format!("gaps are not remembered: {why}"));
        let damaged = std::mem::take(&mut self.damaged).into_iter();
        let damaged = damaged.map(|path| {
            format!(
                "{} is damaged: which sessions of its series are gaps is remembered anew from now on",
                path.display()
            )
        });
        refused.chain(damaged).collect()
    }

    fn intervals(&self, venue: &Venue) -> Vec<Interval> {
        let books = self.books.keys();
        let of_venue = books.filter(|(of, _)| of == venue);
        of_venue.map(|(_, interval)| *interval).collect()
    }

    /// Remembers what the source forgot of a series, and returns it with the reasons.
    fn losses_of(
        &mut self,
        by: Remembering<'_>,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
    ) -> Vec<(NaiveDate, Cause)> {
        if by.owed.depth_days(venue, interval).is_none() {
            return Vec::new();
        }
        let facts = by.owed.facts((ticker, venue, interval), None);
        let owed = facts.owed();
        let forgotten: Vec<NaiveDate> = owed.take_while(|day| facts.is_forgotten(*day)).collect();
        if forgotten.is_empty() {
            return Vec::new();
        }
        // What cannot be read is told with what cannot be written, and is named again by the next run.
        let Ok(book) = self.book(by.session, venue, interval) else {
            return Vec::new();
        };
        let mut gaps = book.of(ticker);
        let days = forgotten.into_iter();
        let lost = gaps.lose(days, &facts.calendar, Cause::Unasked, by.today);
        book.put(ticker, &gaps);
        lost
    }

    /// Returns what is remembered of the series of a venue.
    fn book(
        &mut self,
        session: Session<'_>,
        venue: &Venue,
        interval: Interval,
    ) -> FsResult<&mut GapBook> {
        match self.books.entry((venue.clone(), interval)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let book = GapBook::read(session.fs, session.places, venue, interval)?;
                self.damaged.extend(book.damaged().iter().cloned());
                Ok(entry.insert(book))
            }
        }
    }

    fn write_book(
        &mut self,
        session: Session<'_>,
        venue: &Venue,
        interval: Interval,
    ) -> Result<(), String> {
        let temps = TempNames::of(session.runs.next());
        let told = |error: GapsError| error.to_string();
        let book = self.book(session, venue, interval);
        let book = book.map_err(|error| error.to_string())?;
        let of = (venue, interval);
        let written = book.write(session.fs, session.held, session.places, &temps, of);
        written.map_err(told)
    }
}

/// Sessions of some tickers that were lost for one reason.
#[derive(Debug, Default)]
struct Loss {
    tickers: BTreeSet<Ticker>,
    days: BTreeSet<NaiveDate>,
}

impl Loss {
    fn add(&mut self, ticker: &Ticker, day: NaiveDate) {
        self.tickers.insert(ticker.clone());
        self.days.insert(day);
    }

    /// Says it, as a sentence without a period.
    fn told(&self, venue: &Venue, interval: Interval, cause: Cause) -> String {
        let named = self.tickers.iter().take(MOST_NAMED);
        let mut named: Vec<String> = named.map(ToString::to_string).collect();
        if let more @ 1.. = self.tickers.len().saturating_sub(MOST_NAMED) {
            named.push(format!("and {more} more"));
        }
        let span = match (self.days.first(), self.days.last()) {
            (Some(first), Some(last)) if first == last => format!("the session of {first} is"),
            (Some(first), Some(last)) => {
                format!("{} sessions from {first} to {last} are", self.days.len())
            }
            _ => "a session is".to_owned(),
        };
        format!(
            "{venue} {interval}: {span} lost for {}: {}",
            named.join(", "),
            cause.words()
        )
    }
}
