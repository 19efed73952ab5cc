//! Requests of one job beside its pages: for a single bar or day, and for the events of days whose bars are lost.
//!
//! Promises: wide bars that came at odd days are asked for one by one, few of them in one job, and of the days that had no price
//! one. Splits of days whose bars Yahoo does not keep any more are told by daily charts for ever: one request asks for them
//! after an outage longer than the depth of the interval, and without its answer there is none.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::borders::Borders;
use super::judge::{Verdict, is_of_ticker, judge, refuse_others};
use super::pages::Fetch;
use super::windows::DAY;
use super::wire::Period;
use super::{Yahoo, address, earlier, rows};
use crate::model::{Interval, time};
use crate::source::{Asked, CutShort, FetchJob, SourceError};

/// Bars that one job asks for by themselves. Where a history is counted from its first trade, no more than five lie before
/// the first border that a request can begin at: quarters begin on weekends four times in a row.
const MOST_STRAYS: usize = 8;

/// Asks for the events since the stored rows were fetched, if bars that follow these are lost, or a person asks for
/// others.
pub(super) fn ask_missed(fetch: &mut Fetch<'_>) -> Result<(), SourceError> {
    let zone = fetch.mark.as_ref().map(|mark| mark.zone);
    let asked = fetch.span.asked;
    let is_outside = |since: &i64| match fetch.job.asked {
        Asked::Incremental => *since < fetch.reach.earliest(fetch.now()),
        Asked::Explicit => *since < asked.start || asked.end <= fetch.now(),
    };
    let wanted = match fetch.job.asked {
        Asked::Incremental => fetch.span.wanted,
        Asked::Explicit => Yahoo::unseen_since(fetch.job).and_then(time::midnight),
    };
    let wanted = wanted.map(|wall| earlier(wall, zone));
    let Some(wanted) = wanted.filter(is_outside) else {
        return Ok(());
    };
    let daily = FetchJob {
        interval: Interval::D1,
        ..fetch.job.clone()
    };
    let span = Period {
        start: wanted - DAY,
        end: fetch.now() + 1,
    };
    let url = address::of(&fetch.yahoo.spec, &daily, span);
    let venue = fetch.yahoo.venue.clone();
    let answer = fetch.get(&url)?;
    let reason = match judge(&answer) {
        Verdict::Chart(chart) if is_of_ticker(&chart, fetch.job) => {
            fetch.hear_all(&chart);
            return Ok(());
        }
        // The pages of the bars will say the same.
        Verdict::BeforeFirstTrade | Verdict::UnknownSymbol => return Ok(()),
        Verdict::Throttled => {
            let retry_after = None;
            return Err(SourceError::Throttled { venue, retry_after });
        }
        Verdict::Outage(reason) | Verdict::Malformed(reason) => reason,
        _ => format!("{url} tells no splits of the days that are lost"),
    };
    Err(SourceError::Transport { venue, reason })
}

/// Asks for the newest bars that are left out.
pub(super) fn ask_strays(fetch: &mut Fetch<'_>) -> Result<(), SourceError> {
    let Some(borders) = fetch.borders().filter(|_| !fetch.strays.is_empty()) else {
        return Ok(());
    };
    let mut left: BTreeMap<NaiveDate, NaiveDate> = BTreeMap::new();
    for day in std::mem::take(&mut fetch.strays) {
        if let Some(border) = fetch.job.interval.period(day).map(|period| period.start) {
            left.entry(border).or_insert(day);
        }
    }
    for bar in &fetch.reading.bars {
        left.retain(|border, _| time::midnight(*border) != bar.date);
    }
    if fetch.job.asked == Asked::Explicit {
        let window = Borders::widened(borders, fetch.job.window);
        let is_inside = |stamp| window.contains(stamp);
        left.retain(|border, _| time::midnight(*border).is_some_and(is_inside));
    }
    let newest: Vec<NaiveDate> = left.keys().rev().take(MOST_STRAYS).copied().collect();
    for border in newest {
        let Some(page) = borders.one_bar(border, fetch.now()) else {
            continue;
        };
        match ask_one_bar(fetch, page) {
            Ok(true) => {
                left.remove(&border);
            }
            Ok(false) => {}
            Err(error) if error.is_interruption() => return Err(error),
            Err(error) if fetch.reading.is_empty() || fetch.is_whole => return Err(error),
            Err(error) => {
                fetch.through = fetch.through.min(page.start);
                fetch.beside.cut_short = Some(CutShort::by(error));
                break;
            }
        }
    }
    fetch.strays = left.into_values().collect();
    Ok(())
}

/// Asks for one day that had no price when it was asked for, if it is time to.
pub(super) fn ask_late(fetch: &mut Fetch<'_>) -> Result<(), SourceError> {
    let mark = fetch
        .mark
        .as_ref()
        .filter(|_| fetch.job.asked == Asked::Incremental);
    let calendars = &fetch.yahoo.spec.calendars;
    let due = mark.and_then(|mark| {
        mark.late
            .due(fetch.span.asked, fetch.reach, mark, calendars)
    });
    let Some(day) = due.filter(|_| fetch.chart.is_some() && fetch.beside.cut_short.is_none())
    else {
        return Ok(());
    };
    match ask_one_bar(fetch, day) {
        Ok(_) => fetch.answered.push(day),
        Err(error @ SourceError::Stopped { .. }) => return Err(error),
        // It stays on the list, and what was asked for has come.
        Err(_) => {}
    }
    Ok(())
}

/// Asks for one bar, or those of one day, and tells whether any came.
fn ask_one_bar(fetch: &mut Fetch<'_>, page: Period) -> Result<bool, SourceError> {
    let url = address::of(&fetch.yahoo.spec, fetch.job, page);
    let venue = fetch.yahoo.venue.clone();
    let answer = fetch.get(&url)?;
    let reason = match judge(&answer) {
        Verdict::Chart(mut chart) => match refuse_others(&chart, fetch.job) {
            Ok(()) => {
                let is_intraday = fetch.job.interval.is_intraday();
                chart.rows.retain(|row| {
                    row.stamp < page.end && (row.stamp >= page.start || !is_intraday)
                });
                let question = rows::Question {
                    interval: fetch.job.interval,
                    hours: fetch.yahoo.spec.hours,
                    page,
                    now: fetch.now(),
                };
                let reading = rows::read(&chart, question);
                let has_come = !reading.is_empty();
                fetch.reading.bars.extend(reading.bars);
                fetch.reading.outside.extend(reading.outside);
                fetch.reading.adjusted.extend(reading.adjusted);
                fetch.reading.provisional.extend(reading.provisional);
                return Ok(has_come);
            }
            Err(reason) => reason,
        },
        Verdict::Malformed(reason) => reason,
        Verdict::Throttled => {
            let retry_after = None;
            return Err(SourceError::Throttled { venue, retry_after });
        }
        Verdict::Outage(reason) => return Err(SourceError::Transport { venue, reason }),
        // There is no such bar: the one that came stays left out, and is named.
        _ => return Ok(false),
    };
    Err(SourceError::Malformed {
        ticker: fetch.job.ticker.clone(),
        what: url,
        reason,
        body: Some(answer.body.clone()),
    })
}
