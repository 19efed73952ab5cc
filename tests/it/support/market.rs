//! A stock with one dividend or split, as a server tells it at any moment and in bars of any length.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::charts::YahooBar;
use super::server::{Reply, Request};
use barkeep::cli::Exit;

/// Wednesday, 12 June 2024: the opening of the session before which the action takes effect.
pub(crate) const EX: &str = "2024-06-12T13:30:00Z";

/// When it became known that a payment had been another one.
const CORRECTED: &str = "2024-06-18T13:30:00Z";

/// What takes effect with the session of `EX`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    /// A twentieth of the price is paid.
    Dividend,
    /// The same, of which the server says from `CORRECTED` on that it was a tenth.
    Corrected,
    /// Four shares for one.
    Split,
}

/// The stock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Market {
    pub(crate) action: Action,
    /// From when on the server knows of the action, and has applied it.
    pub(crate) listed: &'static str,
}

/// A day, or what a wide bar has of it.
#[derive(Clone, Copy, Debug)]
struct Quote {
    stamp: i64,
    close: f64,
    adjusted: f64,
    volume: i64,
}

pub(crate) fn at(moment: &str) -> i64 {
    moment.parse::<DateTime<chrono::Utc>>().unwrap().timestamp()
}

impl Market {
    /// Returns a workspace of the intervals, which are those of the last run.
    pub(crate) fn workspace(intervals: &[&str], settings: &str) -> YahooBar {
        let (first, rest) = intervals.split_first().unwrap();
        let yahoo = YahooBar::of("AAA", first, settings);
        for interval in rest {
            let args = ["init", "--interval", interval];
            yahoo.bar.run(&args).expect(Exit::Ok);
        }
        yahoo
    }

    /// Updates at a moment.
    pub(crate) fn update(self, yahoo: &mut YahooBar, moment: &str, options: &[&str]) -> String {
        let now = at(moment);
        yahoo
            .server
            .handle(move |request: &Request| self.answer(request, now));
        moment.clone_into(&mut yahoo.bar.now);
        let args = [&["update"], options].concat();
        yahoo.bar.run(&args).expect(Exit::Ok).stderr
    }

    /// Returns what the server says at a moment.
    pub(crate) fn answer(self, request: &Request, now: i64) -> Reply {
        let number = |name: &str| request.query(name).unwrap().parse::<i64>().unwrap();
        let (start, end) = (number("period1"), number("period2"));
        let interval = request.query("interval").unwrap();
        let inside = |quote: &Quote| quote.stamp < end && quote.stamp >= start;
        let quotes: Vec<Quote> = match interval {
            "1m" => self
                .days(now)
                .into_iter()
                .flat_map(minutes)
                .filter(inside)
                .collect(),
            "1d" => self.days(now).into_iter().filter(inside).collect(),
            wide => self.wide(now, wide, start, end),
        };
        Reply::json(self.chart(interval, &quotes, now, (start, end)))
    }

    fn is_listed(self, now: i64) -> bool {
        now >= at(self.listed)
    }

    /// Returns which part of the price was paid, as the server says.
    fn paid(self, now: i64) -> f64 {
        let is_corrected = self.action == Action::Corrected && now >= at(CORRECTED);
        if is_corrected { 0.1 } else { 0.05 }
    }

    /// Every session up to now, as a server tells it that applies what it lists.
    fn days(self, now: i64) -> Vec<Quote> {
        let first = NaiveDate::from_ymd_opt(2024, 4, 1).unwrap();
        let weekdays = first
            .iter_days()
            .filter(|day| day.weekday().num_days_from_monday() < 5);
        let opening = |day: NaiveDate| day.and_hms_opt(13, 30, 0).unwrap().and_utc().timestamp();
        let openings = weekdays.map(opening).take_while(|stamp| *stamp < now);
        let price = (0_i32..).map(|at| 100.0 + f64::from(at) * 0.5);
        let quote = |(stamp, close): (i64, f64)| {
            let is_before = stamp < at(EX);
            let (is_split, is_listed) = (self.action == Action::Split, self.is_listed(now));
            let whole = if is_split && is_before && !is_listed {
                4.0
            } else {
                1.0
            };
            let paid = if !is_split && is_before && is_listed {
                1.0 - self.paid(now)
            } else {
                1.0
            };
            Quote {
                stamp,
                close: close * whole,
                adjusted: close * whole * paid,
                volume: if whole > 1.0 { 1000 } else { 4000 },
            }
        };
        openings.zip(price).map(quote).collect()
    }

    /// Weeks or months that overlap a span.
    fn wide(self, now: i64, interval: &str, start: i64, end: i64) -> Vec<Quote> {
        let mut bars: BTreeMap<NaiveDate, Quote> = BTreeMap::new();
        for quote in self.days(now) {
            let day = DateTime::from_timestamp(quote.stamp, 0)
                .unwrap()
                .date_naive();
            let first = if interval == "1wk" {
                day - Days::new(day.weekday().num_days_from_monday().into())
            } else {
                day.with_day(1).unwrap()
            };
            let stamp = first.and_hms_opt(4, 0, 0).unwrap().and_utc().timestamp();
            let bar = bars.entry(first).or_insert(Quote { volume: 0, ..quote });
            *bar = Quote {
                stamp,
                volume: bar.volume + quote.volume,
                ..quote
            };
        }
        let days = if interval == "1wk" { 7 } else { 28 };
        bars.into_values()
            .filter(|bar| bar.stamp < end && bar.stamp + days * super::charts::DAY > start)
            .collect()
    }

    fn chart(self, interval: &str, quotes: &[Quote], now: i64, span: (i64, i64)) -> String {
        let is_told = self.is_listed(now) && (span.0..span.1).contains(&at(EX));
        let ex = at(EX).to_string();
        let events = match self.action {
            _ if !is_told => Value::Null,
            Action::Dividend | Action::Corrected => {
                json!({"dividends": {ex: {"amount": 126.0 * self.paid(now), "date": at(EX)}}})
            }
            Action::Split => json!({"splits": {ex: {
                "numerator": 4, "denominator": 1, "splitRatio": "4:1", "date": at(EX),
            }}}),
        };
        let closes: Vec<f64> = quotes.iter().map(|quote| quote.close).collect();
        let adjusted: Vec<f64> = quotes.iter().map(|quote| quote.adjusted).collect();
        let volumes: Vec<i64> = quotes.iter().map(|quote| quote.volume).collect();
        let stamps: Vec<i64> = quotes.iter().map(|quote| quote.stamp).collect();
        json!({"chart": {"error": null, "result": [{
            "meta": {
                "symbol": "AAA", "exchangeName": "NMS", "currency": "USD", "instrumentType": "EQUITY",
                "exchangeTimezoneName": "America/New_York", "firstTradeDate": at("2024-04-01T13:30:00Z"),
                "dataGranularity": interval,
            },
            "timestamp": stamps,
            "events": events,
            "indicators": {
                "quote": [{"open": closes, "high": closes, "low": closes, "close": closes, "volume": volumes}],
                "adjclose": [{"adjclose": adjusted}],
            },
        }]}})
        .to_string()
    }
}

/// The first minutes of a session.
fn minutes(day: Quote) -> impl Iterator<Item = Quote> {
    (0..4).map(move |minute| Quote {
        stamp: day.stamp + 60 * minute,
        ..day
    })
}
