//! `barkeep status --gaps`: which sessions are stored, open, empty or lost. Reads only, and takes no lock.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::named;
use super::status::{StatusArgs, exit};
use crate::backlog::{self, AskedSessions, FeedMinutes, Owed, SeriesSessions, StateOfSessions};
use crate::catalog::{Catalog, refuse_order};
use crate::cli::ui::feed_minutes;
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell};
use crate::gaps::{GapBook, GapBooks, SessionState, Span, read_books};
use crate::inventory::{self, Asked};
use crate::model::words::{count, grouped, moment};
use crate::model::{Interval, Series, Ticker, Venue, time};
use crate::overview::{self, SeriesStatus};
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
    let args = &StatusArgs {
        tickers: named::tickers(shell, reading, &args.venues, &args.tickers)?,
        ..args.clone()
    };
    let known = workspace.intervals()?;
    let intervals = if args.intervals.is_empty() {
        &known
    } else {
        &args.intervals
    };
    let (books, first) = recorded(args, intervals, workspace, catalog, shell)?;
    let owed = Owed {
        view: workspace.view(),
        catalog,
        now: shell.around.clock.now(),
    };
    let asked = AskedSessions {
        venues: &args.venues,
        intervals,
        tickers: &args.tickers,
    };
    let series = backlog::sessions(&owed, &books, asked, |ticker, venue, interval| {
        let of = (venue.clone(), ticker.clone(), interval);
        first.get(&of).copied()
    });
    let states = backlog::by_state(&series);
    let standing = overview::survey(workspace, catalog)?;
    let will_lose: Vec<&SeriesStatus> = standing.series.iter().filter(|o| o.will_lose()).collect();
    // Who names tickers or lengths of bars means bars.
    let is_of_feeds = args.tickers.is_empty() && args.intervals.is_empty();
    let minutes = is_of_feeds.then(|| {
        let disk = (workspace.fs(), &workspace.places);
        FeedMinutes::read(owed.view, disk, owed.now, (&args.venues, None))
    });
    let minutes = minutes.transpose()?;
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
    for path in books.values().flat_map(GapBook::damaged) {
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

/// The first recorded day of each series.
type FirstDays = BTreeMap<(Venue, Ticker, Interval), NaiveDate>;

/// Returns what is remembered of gaps, and where the rows of each series begin.
fn recorded(
    args: &StatusArgs,
    intervals: &[Interval],
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
) -> Result<(GapBooks, FirstDays), Failure> {
    let fs = &*shell.world.fs;
    let mut venues = catalog.venues();
    venues.retain(|venue| args.venues.is_empty() || args.venues.contains(venue));
    let books = read_books(fs, &workspace.places, &venues, intervals)?;
    let asked = Asked {
        venues: args.venues.clone(),
        intervals: intervals.to_vec(),
        tickers: args.tickers.clone(),
    };
    let known = inventory::known(workspace, catalog, &asked)?;
    let mut first = BTreeMap::new();
    for (request, record) in known.records {
        let (Some(venue), Series::Bars { ticker, interval }) = (request.venue, request.series)
        else {
            continue;
        };
        if let Some(begin) = record.first {
            first.insert((venue, ticker, interval), time::day(begin));
        }
    }
    Ok((books, first))
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
