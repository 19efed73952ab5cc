//! How many requests each venue was sent on the last days.
//!
//! Promises: pure. What is older than a week, or of days to come, is forgotten with the next note; a document that is
//! not understood is none. No result of a run depends on it.
//! Leaves to others: reading and writing (`request_count`), how many tickers the requests were for (`catalog`, which knows it).

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::model::Venue;

/// The form of the document.
const SCHEMA: u64 = 1;
/// Days that are remembered, the one of the run among them.
const DAYS: u64 = 7;

/// Requests by venue and UTC day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestLog {
    venues: BTreeMap<String, BTreeMap<NaiveDate, u64>>,
}

/// The requests of one venue, beside the tickers that they were for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestWeek {
    /// The venue.
    pub venue: Venue,
    /// Requests of this run.
    pub sent: u64,
    /// Requests of the last seven days, those of this run among them.
    pub in_week: u64,
    /// Tickers of which the source said something within these days, at a request or without one.
    pub tickers: usize,
}

impl RequestWeek {
    /// Returns the requests for each ticker; `None` when there is no ticker.
    pub fn per_ticker(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "an average of a few digits")]
        let each = self.in_week as f64 / self.tickers as f64;
        (self.tickers > 0).then_some(each)
    }
}

impl RequestLog {
    /// Returns the first of the days that count on `today`.
    pub fn first_day(today: NaiveDate) -> NaiveDate {
        today
            .checked_sub_days(Days::new(DAYS - 1))
            .unwrap_or(NaiveDate::MIN)
    }

    /// Reads a document; `None` when it is not one of this form.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        if document.get("schema")?.as_u64()? != SCHEMA {
            return None;
        }
        let day = |(day, sent): (&String, &Value)| Some((day.parse().ok()?, sent.as_u64()?));
        let venue = |(venue, days): (&String, &Value)| {
            let days = days.as_object()?.iter().map(day);
            Some((venue.clone(), days.collect::<Option<BTreeMap<_, _>>>()?))
        };
        let venues = document.get("venues")?.as_object()?.iter().map(venue);
        Some(Self {
            venues: venues.collect::<Option<BTreeMap<_, _>>>()?,
        })
    }

    /// Returns the document.
    pub fn text(&self) -> String {
        let venues: BTreeMap<&String, BTreeMap<String, u64>> = self
            .venues
            .iter()
            .map(|(venue, days)| {
                let days = days.iter().map(|(day, sent)| (day.to_string(), *sent));
                (venue, days.collect())
            })
            .collect();
        format!("{:#}\n", json!({ "schema": SCHEMA, "venues": venues }))
    }

    /// Notes requests of `today`, and forgets what does not count any more.
    pub fn note(&mut self, venue: &Venue, today: NaiveDate, sent: u64) {
        let days = self.venues.entry(venue.to_string()).or_default();
        let noted = days.entry(today).or_default();
        *noted = noted.saturating_add(sent);
        let first = Self::first_day(today);
        for days in self.venues.values_mut() {
            days.retain(|day, _| (first..=today).contains(day));
        }
        self.venues.retain(|_, days| !days.is_empty());
    }

    /// Returns the requests that a venue was sent in the week that ends with `today`.
    pub fn in_week(&self, venue: &Venue, today: NaiveDate) -> u64 {
        let days = self.venues.get(&venue.to_string());
        let week = days.into_iter().flatten();
        let counts = |day: &NaiveDate| (Self::first_day(today)..=today).contains(day);
        week.filter(|(day, _)| counts(day))
            .fold(0, |sum: u64, (_, sent)| sum.saturating_add(*sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn yahoo() -> Venue {
        "us:yahoo".parse().unwrap()
    }

    #[test]
    fn a_week_has_seven_days_and_what_is_older_is_forgotten() {
        let mut log = RequestLog::default();

        log.note(&yahoo(), day("2025-11-14"), 1);
        log.note(&yahoo(), day("2025-11-15"), 10);
        log.note(&yahoo(), day("2025-11-20"), 100);
        log.note(&yahoo(), day("2025-11-20"), 1000);
        assert_eq!(log.in_week(&yahoo(), day("2025-11-20")), 1111);
        log.note(&yahoo(), day("2025-11-21"), 0);

        assert_eq!(log.in_week(&yahoo(), day("2025-11-21")), 1110);
        assert!(!log.text().contains("2025-11-14"), "{}", log.text());
    }

    #[test]
    fn days_of_a_clock_that_was_set_back_since_do_not_count() {
        let mut log = RequestLog::default();
        log.note(&yahoo(), day("2030-01-01"), 5);

        assert_eq!(log.in_week(&yahoo(), day("2025-11-20")), 0);
        log.note(&yahoo(), day("2025-11-20"), 1);

        assert!(!log.text().contains("2030"), "{}", log.text());
    }

    #[test]
    fn a_document_is_read_as_it_was_written_and_every_cut_is_none() {
        let mut log = RequestLog::default();
        log.note(&yahoo(), day("2025-11-20"), 312);
        let text = log.text();

        assert_eq!(RequestLog::parse(text.as_bytes()), Some(log));
        let closed = text.trim_end().len();
        for end in 0..closed {
            assert_eq!(RequestLog::parse(&text.as_bytes()[..end]), None, "{end}");
        }
        for other in [
            r#"{"schema":2,"venues":{}}"#,
            r#"{"schema":1,"venues":{"us:yahoo":{"x":1}}}"#,
            r#"{"schema":1,"venues":{"us:yahoo":{"2025-11-20":-1}}}"#,
        ] {
            assert_eq!(RequestLog::parse(other.as_bytes()), None, "{other}");
        }
    }
}
