//! `barkeep calendar`: prints the sessions of an exchange, or which calendars there are.
//!
//! Promises: a day is printed as a session only if one is known; a span of which nothing is known is said.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate, NaiveDateTime, SecondsFormat};
use chrono_tz::Tz;
use clap::Args;
use serde_json::{Value, json};

use crate::calendar::{Calendar, Day, Session, utc_of};
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::config::Overrides;
use crate::model::CalendarSpan;
use crate::workspace::Workspace;

/// The days that are printed where nobody says how many.
const DAYS: Days = Days::new(30);

/// Options of `calendar`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CalendarArgs {
    /// The market identifier code of an exchange, such as XLON, or a name of barkeep.toml [default: list the calendars]
    #[arg(value_name = "EXCHANGE")]
    exchange: Option<String>,
    /// The first day [default: today]
    #[arg(
        long,
        value_name = "DATE",
        requires = "exchange",
        allow_hyphen_values = true
    )]
    start: Option<CalendarSpan>,
    /// The last day [default: 30 days after the first]
    #[arg(
        long,
        value_name = "DATE",
        requires = "exchange",
        allow_hyphen_values = true
    )]
    end: Option<CalendarSpan>,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Runs `calendar`.
pub(in crate::cli) fn run(args: &CalendarArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = Workspace::open_any(&shell.around, &Overrides::default())?;
    wiring::warn_of_calendars(&workspace, shell);
    let Some(exchange) = &args.exchange else {
        list(args, &workspace, shell);
        return Ok(Exit::Ok);
    };
    let name = exchange.to_ascii_uppercase();
    let Some(calendar) = workspace.view().calendars.get(&name) else {
        return Err(
            Failure::usage(format!("there is no calendar of the name {exchange}"))
                .hint("list the names: barkeep calendar"),
        );
    };
    let today = shell.today();
    let days = |span: Option<CalendarSpan>| {
        let days = span.map(|span| span.days(today)).transpose();
        days.map_err(Failure::usage)
    };
    let start = days(args.start)?.map_or(today, |days| *days.start());
    let last = start.checked_add_days(DAYS).unwrap_or(start);
    let end = days(args.end)?.map_or(last, |days| *days.end());
    if start > end {
        return Err(Failure::usage(format!(
            "the start {start} is after the end {end}"
        )));
    }
    print(args, (&name, &calendar), start..=end, shell);
    Ok(Exit::Ok)
}

fn list(args: &CalendarArgs, workspace: &Workspace<'_>, shell: &Shell<'_>) {
    let calendars = workspace.view().calendars;
    let mut rows = Vec::new();
    for name in calendars.names() {
        let Some(calendar) = calendars.get(name) else {
            continue;
        };
        let zone = calendar.zone().unwrap_or_default().to_owned();
        let known = calendar.known().map(|(first, last)| [first, last]);
        let known = known.map(|days| days.map(|day| day.to_string()));
        let origin = if calendars.is_given(name) {
            "barkeep.toml"
        } else {
            "built in"
        };
        rows.push((name.to_owned(), zone, known.unwrap_or_default(), origin));
    }
    if args.json {
        let document = |(name, zone, [first, last], origin): &(
            String,
            String,
            [String; 2],
            &str,
        )| {
            json!({ "calendar": name, "timezone": zone, "first": first, "last": last, "origin": origin })
        };
        let calendars: Vec<Value> = rows.iter().map(document).collect();
        return shell.json(&json!({ "calendars": calendars }));
    }
    Columns::of(&rows)
        .text("CALENDAR", |row| &row.0)
        .text("TIMEZONE", |row| &row.1)
        .text("FIRST", |(_, _, [first, _], _)| first)
        .text("LAST", |(_, _, [_, last], _)| last)
        .text("ORIGIN", |row| row.3)
        .print(shell);
}

fn print(
    args: &CalendarArgs,
    (name, calendar): (&str, &Calendar),
    span: RangeInclusive<NaiveDate>,
    shell: &Shell<'_>,
) {
    let (start, end) = span.into_inner();
    let zone: Tz = calendar
        .zone()
        .and_then(|zone| zone.parse().ok())
        .unwrap_or_default();
    let sessions: Vec<Session> = calendar.sessions(start, end).collect();
    let days = start.iter_days().take_while(|day| *day <= end);
    let unknown = days
        .filter(|day| calendar.day(*day) == Day::Unknown)
        .count();
    if unknown > 0 {
        let known = calendar.known().map_or(String::new(), |(first, last)| {
            format!("; it goes from {first} to {last}")
        });
        shell.warning(&format!(
            "The calendar of {name} knows nothing of {unknown} of these days{known}."
        ));
    }
    if args.json {
        let sessions = sessions.iter().map(|session| {
            json!({
                "day": session.day.to_string(),
                "open": utc(session.open, zone),
                "close": utc(session.close, zone),
                "break_start": session.pause.map(|(from, _)| utc(from, zone)),
                "break_end": session.pause.map(|(_, to)| utc(to, zone)),
                "has_unusual_hours": calendar.is_unusual(session),
            })
        });
        let sessions: Vec<Value> = sessions.collect();
        let known = calendar
            .known()
            .map(|(first, last)| [first.to_string(), last.to_string()]);
        return shell.json(&json!({
            "calendar": name,
            "timezone": zone.name(),
            "known": known,
            "start": start.to_string(),
            "end": end.to_string(),
            "unknown_days": unknown,
            "sessions": sessions,
        }));
    }
    let pause = |session: &Session| {
        let pause = session.pause;
        pause.map(|(from, to)| format!("{} to {}", utc(from, zone), utc(to, zone)))
    };
    Columns::of(&sessions)
        .text("SESSION", |session| session.day.format("%F %a"))
        .text("OPEN", |session| utc(session.open, zone))
        .text("CLOSE", |session| utc(session.close, zone))
        .text("BREAK", |session| pause(session).unwrap_or_default())
        .text("NOTE", |session| {
            if calendar.is_unusual(session) {
                "unusual hours"
            } else {
                ""
            }
        })
        .print(shell);
}

fn utc(wall: NaiveDateTime, zone: Tz) -> String {
    let instant = utc_of(wall, zone).and_utc();
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
