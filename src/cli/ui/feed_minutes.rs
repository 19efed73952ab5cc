//! The minutes of feeds in `barkeep status --gaps`: which are stored, open, empty or lost, in runs.

use serde_json::{Value, json};

use super::table::Columns;
use crate::backlog::FeedMinutes;
use crate::cli::{Exit, Shell};
use crate::gaps::{FeedDay, MinuteSpan, MinuteState};
use crate::model::Venue;
use crate::model::words::{count, grouped, left_of, moment, some_of};

/// Rows of the table of what is not in order; `--json` has all.
const MOST_ROWS: usize = 40;
const MOST_DAYS: usize = 10;

/// Returns the exit that the minutes of feeds deserve.
pub(in crate::cli) fn exit(minutes: &FeedMinutes) -> Exit {
    let silent = Exit::Partial.when(minutes.is_silent_now());
    Exit::worst([silent, foreseen(minutes)])
}

/// Returns the exit that minutes deserve which cannot be had in time.
fn foreseen(minutes: &FeedMinutes) -> Exit {
    Exit::WillExpire.when(!minutes.missed().is_empty())
}

/// Says what feeds forget before it can be fetched, and returns the exit that this deserves.
pub(in crate::cli) fn foresee(minutes: &FeedMinutes, shell: &Shell<'_>) -> Exit {
    for (venue, missed) in minutes.missed() {
        shell.error(&format!(
            "error: {venue} forgets {} before they can be fetched at the budget of its server",
            count(missed, "minute", "minutes"),
        ));
    }
    foreseen(minutes)
}

/// Prints all states in sum, and what is not in order in runs of minutes.
pub(in crate::cli) fn print(minutes: &FeedMinutes, shell: &Shell<'_>) {
    let printer = shell.printer;
    let states = minutes.by_state();
    if !states.is_empty() {
        printer.line("");
        Columns::of(&states)
            .text("feed", |one| &one.venue)
            .text("state", |one| one.state.as_str())
            .number("minutes", |one| grouped(one.minutes))
            .number("days", |one| grouped(one.days))
            .text("first", |one| one.first)
            .text("last", |one| one.last)
            .text("next loss", |one| {
                one.next_loss.map_or_else(String::new, moment)
            })
            .print(printer);
    }
    // The newest first: of these something can still be had.
    let open = minutes.days().iter().rev().flat_map(|(day, spans)| {
        let spans = spans.iter().filter(|span| !is_in_order(span.state));
        spans.map(move |span| (day, span))
    });
    let rows: Vec<(&FeedDay, &MinuteSpan)> = open.collect();
    if !rows.is_empty() {
        let until = |(day, span): &(&FeedDay, &MinuteSpan)| {
            let until = span.state.is_open().then_some(day.deadline);
            until.map_or_else(String::new, moment)
        };
        printer.line("");
        Columns::of(rows.get(..MOST_ROWS).unwrap_or(&rows))
            .text("feed", |(day, _)| day.venue.to_string())
            .text("day", |(day, _)| day.day)
            .text("state", |(_, span)| span.state.as_str())
            .text("from", |(_, span)| clock(span.first))
            .text("to", |(_, span)| clock(span.last))
            .text("until", until)
            .print(printer);
    }
    if let Some(more) = left_of(rows.len(), MOST_ROWS, "more run", "more runs") {
        printer.note(&format!("{more} of minutes, which --json lists."));
    }
}

/// Says what a person should look at, whatever the form of the rest.
pub(in crate::cli) fn warn(minutes: &FeedMinutes, shell: &Shell<'_>) {
    for (venue, days) in minutes.silent() {
        let days: Vec<String> = days.iter().rev().map(ToString::to_string).collect();
        shell.warning(&format!(
            "{venue}: the exchange was open and the feed has no trade: {}.",
            some_of(&days, MOST_DAYS)
        ));
    }
    foresee(minutes, shell);
}

/// Returns it as one object: all states in sum, and each day that is not in order, or all days of feeds that are named.
pub(in crate::cli) fn document(minutes: &FeedMinutes, named: &[Venue]) -> Value {
    let states = minutes.by_state().into_iter().map(|one| {
        json!({
            "venue": one.venue.to_string(),
            "state": one.state.as_str(),
            "minutes": one.minutes,
            "days": one.days,
            "first": one.first.to_string(),
            "last": one.last.to_string(),
            "next_loss": one.next_loss.map(moment),
        })
    });
    let missed = minutes.missed().into_iter();
    let missed = missed.map(|(venue, minutes)| (venue.to_string(), minutes.into()));
    let days = minutes.days().iter().filter_map(|(day, spans)| {
        let is_named = named.contains(&day.venue);
        let told = spans
            .iter()
            .filter(|span| is_named || !is_in_order(span.state));
        let told: Vec<Value> = told.map(|span| span_document(day, span)).collect();
        (!told.is_empty() || day.is_silent).then(|| {
            json!({
                "venue": day.venue.to_string(),
                "day": day.day.to_string(),
                "silent": day.is_silent,
                "spans": told,
            })
        })
    });
    json!({
        "states": states.collect::<Vec<_>>(),
        "missed_minutes": missed.collect::<serde_json::Map<_, _>>(),
        "days": days.collect::<Vec<_>>(),
    })
}

fn is_in_order(state: MinuteState) -> bool {
    matches!(
        state,
        MinuteState::Have | MinuteState::NoTrades | MinuteState::Holiday
    )
}

fn span_document(day: &FeedDay, span: &MinuteSpan) -> Value {
    let until = span.state.is_open().then_some(day.deadline);
    json!({
        "state": span.state.as_str(),
        "first": clock(span.first),
        "last": clock(span.last),
        "minutes": span.len(),
        "next_loss": until.map(moment),
    })
}

/// Returns a minute as the clock shows it, UTC.
fn clock(minute: u32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}
