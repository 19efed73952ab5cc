//! `barkeep status --gaps`: which sessions are stored, open, empty or lost. Reads only, and takes no lock.

use serde_json::{Value, json};

use super::named;
use super::status::{StatusArgs, exit};
use crate::backlog::{self, SeriesSessions, StateOfSessions};
use crate::catalog::{Catalog, refuse_order};
use crate::cli::ui::feed_minutes;
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell};
use crate::gaps::{SessionState, Span};
use crate::inventory::Asked;
use crate::model::words::{count, grouped, moment};
use crate::overview::{self, Gaps, SeriesStatus};
use crate::workspace::Workspace;

/// Runs `status --gaps`.
pub(super) fn run(
    args: &StatusArgs,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    refuse_order(
        "status",
        &args.tickers,
        args.intervals.first().copied(),
        catalog,
    )?;
    let reading = workspace.reading(catalog);
    let asked = Asked {
        venues: args.venues.clone(),
        intervals: args.intervals.clone(),
        tickers: named::tickers(shell, reading, &args.venues, &args.tickers)?,
    };
    let Gaps {
        series,
        minutes,
        damaged,
    } = overview::gaps(workspace, catalog, &asked)?;
    let states = backlog::by_state(&series);
    let standing = overview::survey(workspace, catalog)?;
    let will_lose: Vec<&SeriesStatus> = standing.series.iter().filter(|o| o.will_lose()).collect();
    if args.json {
        let feeds = minutes
            .as_ref()
            .map(|feeds| feed_minutes::document(feeds, &args.venues));
        shell.json(&document(args, &states, &series, feeds.as_ref()));
    } else {
        print(args, &states, &series, shell);
        if let Some(feeds) = &minutes {
            feed_minutes::print(feeds, shell);
        }
    }
    if let Some(feeds) = &minutes {
        feed_minutes::warn(feeds, shell);
    }
    for path in &damaged {
        shell.warning(&format!(
            "{} is damaged: what was remembered of its sessions is unknown.",
            shell.shown(path)
        ));
    }
    for one in will_lose {
        let sessions = count(one.missed, "session", "sessions");
        shell.warning(&format!(
            "{} {}: {sessions} will be lost before they can be fetched at this rate.",
            one.venue, one.interval
        ));
    }
    let of_feeds = minutes.as_ref().map_or(Exit::Ok, feed_minutes::exit);
    Ok(Exit::worst([exit(&standing.series), of_feeds]))
}

fn print(
    args: &StatusArgs,
    states: &[StateOfSessions],
    series: &[SeriesSessions],
    shell: &Shell<'_>,
) {
    if args.tickers.is_empty() {
        return Columns::of(states)
            .text("venue", |one| &one.venue)
            .text("interval", |one| one.interval)
            .text("state", |one| one.state.as_str())
            .number("sessions", |one| grouped(one.sessions))
            .number("tickers", |one| grouped(one.tickers))
            .text("first", |one| one.first)
            .text("last", |one| one.last)
            .text("next loss", |one| {
                one.next_loss.map_or_else(String::new, moment)
            })
            .print(shell);
    }
    let spans = series.iter();
    let spans = spans.flat_map(|one| one.spans.iter().map(move |span| (one, span)));
    Columns::of(&spans.collect::<Vec<_>>())
        .text("venue", |(one, _)| one.venue.to_string())
        .text("ticker", |(one, _)| one.ticker.to_string())
        .text("interval", |(one, _)| one.interval)
        .text("state", |(_, span)| span.state.as_str())
        .text("first", |(_, span)| span.first)
        .text("last", |(_, span)| span.last)
        .number("sessions", |(_, span)| grouped(span.sessions))
        .text("why, or until when", |(one, span)| remark(one, span))
        .print(shell);
}

/// Returns why a span is lost, or until when it can be fetched.
fn remark(one: &SeriesSessions, span: &Span) -> String {
    if let Some((cause, noticed)) = span.loss {
        return format!("noticed on {noticed}: {}", cause.words());
    }
    let deadline = one.deadlines.get(&span.first);
    deadline.map_or_else(String::new, |deadline| moment(*deadline))
}

fn document(
    args: &StatusArgs,
    states: &[StateOfSessions],
    series: &[SeriesSessions],
    feeds: Option<&Value>,
) -> Value {
    let states = states.iter().map(|one| {
        json!({
            "venue": one.venue.to_string(),
            "interval": one.interval.as_str(),
            "state": one.state.as_str(),
            "sessions": one.sessions,
            "tickers": one.tickers,
            "first": one.first.to_string(),
            "last": one.last.to_string(),
            "next_loss": one.next_loss.map(moment),
        })
    });
    // What is in order is added up above; of tickers that are named, everything is told.
    let is_told = |span: &&Span| {
        let is_in_order = matches!(span.state, SessionState::Have | SessionState::Holiday);
        !is_in_order || !args.tickers.is_empty()
    };
    let series = series.iter().filter_map(|one| {
        let spans = one.spans.iter().filter(is_told);
        let spans: Vec<Value> = spans.map(|span| span_document(one, span)).collect();
        let document = json!({
            "venue": one.venue.to_string(),
            "ticker": one.ticker.as_str(),
            "interval": one.interval.as_str(),
            "spans": spans,
        });
        (!spans.is_empty()).then_some(document)
    });
    json!({
        "states": states.collect::<Vec<_>>(),
        "series": series.collect::<Vec<_>>(),
        "feeds": feeds,
    })
}

fn span_document(one: &SeriesSessions, span: &Span) -> Value {
    let deadline = one.deadlines.get(&span.first);
    json!({
        "state": span.state.as_str(),
        "first": span.first.to_string(),
        "last": span.last.to_string(),
        "sessions": span.sessions,
        "cause": span.loss.map(|(cause, _)| cause.as_str()),
        "noticed": span.loss.map(|(_, noticed)| noticed.to_string()),
        "next_loss": deadline.map(|deadline| moment(*deadline)),
    })
}
