//! What a run learns of the days of its series, and what of them is lost when it ends.
//!
//! Promises: what an answer says of days is durable before its rows are committed, so that after no crash a session without
//! a bar passes for one that is had. A session that its source forgot is named once. Trouble with what is remembered is told
//! and changes nothing of what is stored: what was not written down is unknown.
//! Leaves to others: what a day means (`gaps`), the facts of a series (`owed`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::gaps::{Cause, GapBook, Heard};
use crate::model::{Interval, Ticker, Venue};
use crate::sys::atomic::TempNames;

use super::answer::Aside;
use super::owed::Owed;
use super::run::Run;
use super::{PlannedJob, PlannedVenue, UpdatePlan};

/// How many tickers of a loss are named.
const MOST_NAMED: usize = 5;

/// What was learned of the days of a series.
#[derive(Debug)]
pub(super) struct GapNote {
    ticker: Ticker,
    interval: Interval,
    /// What an answer said; `None` where the source turned the question away.
    heard: Option<Heard>,
}

impl GapNote {
    /// Returns what an answer says; `None` of bars that are wider than a day.
    pub(super) fn of_answer(job: &PlannedJob, aside: &Aside) -> Option<Self> {
        let heard = Heard {
            spans: Vec::new(),
            null: BTreeSet::new(),
            held: aside.days.clone(),
            lost: aside.beside.lost,
            is_continued: job.has_rows || job.known.is_some(),
        };
        let heard = match &aside.beside.answered {
            Some(answered) => Heard {
                spans: answered.spans.clone(),
                null: answered.null.clone(),
                ..heard
            },
            // A source that does not speak of days has told all from the first row to the last.
            None => Heard {
                spans: aside
                    .days
                    .first()
                    .copied()
                    .zip(aside.days.last().copied())
                    .into_iter()
                    .collect(),
                ..heard
            },
        };
        has_sessions(job.interval).then(|| Self::new(job, Some(heard)))
    }

    /// Returns that the source turned a question away.
    pub(super) fn of_refusal(job: &PlannedJob) -> Option<Self> {
        has_sessions(job.interval).then(|| Self::new(job, None))
    }

    fn new(job: &PlannedJob, heard: Option<Heard>) -> Self {
        Self {
            ticker: job.ticker.clone(),
            interval: job.interval,
            heard,
        }
    }
}

/// Tells whether bars are so short that each session has some of its own.
pub fn has_sessions(interval: Interval) -> bool {
    interval.is_intraday() || interval == Interval::D1
}

impl Run<'_, '_> {
    /// Writes down what was learned of the series of a venue. To be called before their rows are committed.
    pub(super) fn write_gaps(&mut self, venue: &Venue, notes: Vec<GapNote>) {
        let mut changed = BTreeSet::new();
        for note in notes {
            let GapNote {
                ticker,
                interval,
                heard,
            } = note;
            let facts = self.owed().facts((&ticker, venue, interval), None);
            let today = self.options.today;
            let Some(book) = self.book(venue, interval) else {
                continue;
            };
            let mut gaps = book.of(&ticker);
            match heard {
                Some(heard) => gaps.hear(&heard, &facts.calendar, today),
                None => gaps.turn_away(facts.owed().filter(|day| !facts.is_forgotten(*day))),
            }
            book.put(&ticker, &gaps);
            changed.insert(interval);
        }
        for interval in changed {
            self.write_book(venue, interval);
        }
    }

    /// Tells whether days of a series are known to be lost.
    pub(super) fn are_known_lost(
        &mut self,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        days: (NaiveDate, NaiveDate),
    ) -> bool {
        let calendar = self.owed().facts((ticker, venue, interval), None).calendar;
        let book = self.book(venue, interval);
        book.is_some_and(|book| book.of(ticker).are_lost(days, &calendar))
    }

    /// Names what sources forgot before an answer came, and writes it down so that it is named once.
    pub(super) fn settle_gaps(&mut self, plan: &UpdatePlan) {
        for planned in &plan.venues {
            let mut losses: BTreeMap<(Interval, Cause), Loss> = BTreeMap::new();
            for job in planned.jobs.iter().filter(|job| has_sessions(job.interval)) {
                self.settle_job(planned, job, &mut losses);
            }
            let venue = &planned.venue;
            let intervals: BTreeSet<Interval> = losses.keys().map(|(one, _)| *one).collect();
            for ((interval, cause), loss) in losses {
                self.report.losses.push(loss.told(venue, interval, cause));
            }
            for interval in intervals {
                self.write_book(venue, interval);
            }
        }
    }

    fn settle_job(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        losses: &mut BTreeMap<(Interval, Cause), Loss>,
    ) {
        let (ticker, venue, interval) = (&job.ticker, &planned.venue, job.interval);
        let facts = self.owed().facts((ticker, venue, interval), None);
        let forgotten: Vec<NaiveDate> = facts
            .owed()
            .take_while(|day| facts.is_forgotten(*day))
            .collect();
        if forgotten.is_empty() {
            return;
        }
        let today = self.options.today;
        let Some(book) = self.book(venue, interval) else {
            return;
        };
        let mut gaps = book.of(ticker);
        let days = forgotten.into_iter();
        let lost = gaps.lose(days, &facts.calendar, Cause::Unasked, today);
        book.put(ticker, &gaps);
        for day in lost {
            let noted = gaps.lost();
            let cause = noted.filter(|(first, last, ..)| (*first..=*last).contains(&day));
            let cause = cause.map(|(_, _, cause, _)| cause).next();
            let loss = losses.entry((interval, cause.unwrap_or(Cause::Unasked)));
            loss.or_default().add(ticker, day);
        }
    }

    fn owed(&self) -> Owed<'_> {
        Owed {
            view: self.view,
            catalog: self.registry.catalog(),
            now: self.options.now,
        }
    }

    /// Returns what is remembered of the series of a venue; `None` when it cannot be read, which is told once.
    fn book(&mut self, venue: &Venue, interval: Interval) -> Option<&mut GapBook> {
        let of = (venue.clone(), interval);
        if !self.books.contains_key(&of) {
            let (fs, places) = (self.session.fs, self.session.places);
            let book = match GapBook::read(fs, places, venue, interval) {
                Ok(book) => {
                    self.warn_of_damaged_gaps(&book);
                    Some(book)
                }
                Err(error) => {
                    let what = format!("gaps of {venue} {interval} are not remembered: {error}");
                    self.report.warnings.push(what);
                    None
                }
            };
            self.books.insert(of.clone(), book);
        }
        self.books.get_mut(&of)?.as_mut()
    }

    fn warn_of_damaged_gaps(&mut self, book: &GapBook) {
        if let Some(path) = book.damaged().first() {
            self.report.warnings.push(format!(
                "{} is damaged: which sessions of its series are gaps is remembered anew from now on",
                path.display()
            ));
        }
    }

    fn write_book(&mut self, venue: &Venue, interval: Interval) {
        let session = self.session;
        let temps = TempNames::of(session.runs.next());
        let Some(book) = self.book(venue, interval) else {
            return;
        };
        let of = (venue, interval);
        let written = book.write(session.fs, session.held, session.places, &temps, of);
        if let Err(error) = written {
            let what = format!("gaps of {venue} {interval} are not written down: {error}");
            self.report.warnings.push(what);
        }
    }
}

/// The books of a run; none of one that could not be read.
pub(super) type OpenBooks = BTreeMap<(Venue, Interval), Option<GapBook>>;

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
