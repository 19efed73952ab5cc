//! What Yahoo keeps, and by whose clock.

use barkeep::cli::Exit;
use chrono::{DateTime, TimeDelta, Utc};

use super::again::{openings, symbol};
use crate::support::charts::{DAY, NOV_20, YahooBar};
use crate::support::server::{Reply, Request};

const EVENING: &str = "2025-11-21T01:00:00Z";

/// A workspace with two tickers, of which none has rows.
fn two_tickers(interval: &str, settings: &str) -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", interval, settings);
    yahoo.bar.run(&["tickers", "add", "MSFT"]).expect(Exit::Ok);
    EVENING.clone_into(&mut yahoo.bar.now);
    yahoo
}

fn from(request: &Request) -> i64 {
    request.query("period1").unwrap().parse().unwrap()
}

fn now() -> i64 {
    EVENING.parse::<DateTime<Utc>>().unwrap().timestamp()
}

/// Answers like a server that keeps so many days, whose clock is so many seconds ahead.
fn keeping(days: i64, ahead: i64) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    keeping_at(now() + ahead, days)
}

/// Answers like a server that keeps so many days, at a moment.
fn keeping_at(now: i64, days: i64) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| {
        if from(request) >= now - days * DAY {
            return openings(request);
        }
        let interval = request.query("interval").unwrap();
        let said = format!(
            "{interval} data not available for startTime=1 and endTime=2. The requested range must be within the last {days} days."
        );
        let body = format!(
            r#"{{"chart":{{"result":null,"error":{{"code":"Unprocessable Entity","description":"{said}"}}}}}}"#
        );
        Reply::new(422, body)
    }
}

/// How many requests of a ticker were for days that the server does not keep.
fn refused(yahoo: &YahooBar, ticker: &str, edge: i64) -> usize {
    let requests = yahoo.server.requests();
    let is_refused = |request: &&Request| symbol(request) == ticker && from(request) < edge;
    requests.iter().filter(is_refused).count()
}

#[test]
fn a_clock_that_is_behind_keeps_no_ticker_from_its_first_bars_and_is_learned_once() {
    for (interval, days, ahead) in [("1m", 30, 900), ("5m", 60, 3_000), ("1h", 730, 36_000)] {
        let yahoo = two_tickers(interval, "");
        yahoo.server.handle(keeping(days, ahead));

        yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);

        for ticker in ["AAPL", "MSFT"] {
            assert!(yahoo.csv(ticker, interval).lines().count() > 15, "{ticker}");
        }
        let edge = now() + ahead - days * DAY;
        assert_eq!(refused(&yahoo, "MSFT", edge), 0, "{interval}");
    }
}

#[test]
fn a_server_that_refuses_all_that_is_asked_is_not_asked_for_ever() {
    let yahoo = two_tickers("1m", "");
    yahoo.server.handle(keeping(30, 20 * DAY));

    let ran = yahoo.bar.run(&["update", "--jobs", "1"]);

    assert!(ran.stderr.contains("depth_days"), "{}", ran.stderr);
    assert!(yahoo.server.requests().len() < 12, "{ran:?}");
}

#[test]
fn a_server_that_keeps_more_than_the_built_in_limits_say_gives_all_of_it_to_all_tickers() {
    let yahoo = two_tickers("1m", "");
    yahoo.server.handle(keeping(59, 0));

    yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);

    let first = "AAPL,2025-09-23T10:30:00";
    for ticker in ["AAPL", "MSFT"] {
        let csv = yahoo.csv(ticker, "1m");
        assert!(csv.contains(&first.replace("AAPL", ticker)), "{csv}");
    }
    let edge = now() - 59 * DAY;
    assert_eq!(refused(&yahoo, "AAPL", edge), 1, "the one that tells");
    assert_eq!(refused(&yahoo, "MSFT", edge), 0);
}

/// An outage of 45 days: more than the built-in depth of 30, and less than what the server told before that it keeps.
#[test]
fn a_later_run_knows_what_an_earlier_one_learned_until_the_server_says_otherwise() {
    let later = |days: i64| {
        let mut yahoo = two_tickers("1m", "");
        yahoo.server.handle(keeping(59, 0));
        yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);
        assert_eq!(yahoo.bar.text("state/learned/us.yahoo"), "1m 59\n");
        let asked = yahoo.server.requests().len();
        let then = now() + 45 * DAY;
        yahoo.bar.now = DateTime::from_timestamp(then, 0).unwrap().to_rfc3339();
        yahoo.server.handle(keeping_at(then, days));
        yahoo.bar.run(&["update", "--jobs", "1"]);
        let requests = yahoo.server.requests().split_off(asked);
        let minutes = requests.iter();
        let minutes = minutes.filter(|request| request.query("interval") == Some("1m"));
        let from: Vec<i64> = minutes.map(from).collect();
        let refused = from.iter().filter(|from| **from < then - days * DAY);
        let refused = refused.count();
        (yahoo, from.into_iter().min().unwrap(), refused)
    };

    let (as_before, first, refused_as_before) = later(59);
    let (less, _, refused_of_less) = later(30);

    assert!(
        first < now() + DAY,
        "{first} begins where the last run ended"
    );
    assert_eq!(as_before.bar.text("state/learned/us.yahoo"), "1m 59\n");
    assert_eq!(less.bar.text("state/learned/us.yahoo"), "");
    assert_eq!(refused_as_before, 0);
    assert_eq!(refused_of_less, 1, "the second ticker need not find out");
}

#[test]
fn one_refused_request_a_run_tells_the_depth() {
    let yahoo = two_tickers("1m", "");
    yahoo.server.handle(keeping(30, 0));

    yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);

    assert_eq!(yahoo.server.requests().len(), 1 + 2 * 4);
}

#[test]
fn that_less_is_kept_of_one_ticker_is_not_believed_of_another() {
    let yahoo = two_tickers("1m", "");
    let (short, long) = (keeping(7, 0), keeping(30, 0));
    yahoo
        .server
        .handle(move |request: &Request| match symbol(request) {
            "AAPL" => short(request),
            _ => long(request),
        });

    yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);

    assert!(!yahoo.csv("AAPL", "1m").contains("2025-11-12"));
    assert!(yahoo.csv("MSFT", "1m").contains("2025-10-22"));
}

#[test]
fn a_depth_that_a_person_set_is_not_exceeded() {
    let settings = "windows = { \"1m\" = { depth_days = 10 } }";
    let yahoo = two_tickers("1m", settings);
    yahoo.server.handle(keeping(59, 0));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(refused(&yahoo, "AAPL", now() - 10 * DAY), 0);
    assert!(!yahoo.csv("AAPL", "1m").contains("2025-11-07"));
}

/// Tells what a server with a clock would.
fn dated(reply: Reply, at: i64) -> Reply {
    let date = DateTime::from_timestamp(at, 0).unwrap();
    reply.header(
        "Date",
        &date.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

#[test]
fn a_difference_of_the_clocks_is_said_once_a_run() {
    for (ahead, said) in [
        (
            900,
            "us:yahoo: the clock of this machine is 15 minutes behind the server's",
        ),
        (
            -900,
            "us:yahoo: the clock of this machine is 15 minutes ahead of the server's",
        ),
        (20, ""),
    ] {
        let yahoo = two_tickers("1d", "");
        yahoo
            .server
            .handle(move |request: &Request| dated(openings(request), now() + ahead));

        let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

        let count = ran.stderr.matches("the clock of this machine").count();
        assert_eq!(count, usize::from(!said.is_empty()), "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn by_a_clock_that_is_ahead_no_session_is_over_too_early() {
    // Ten minutes before the close in New York the clock of this machine shows 35 minutes after it.
    let close = NOV_20 + 390 * 60;
    let mut yahoo = YahooBar::of("AAPL", "1h", "");
    let mut update = |true_now: i64| {
        let shown = DateTime::from_timestamp(true_now, 0).unwrap() + TimeDelta::minutes(45);
        yahoo.bar.now = shown.to_rfc3339();
        yahoo
            .server
            .handle(move |request: &Request| dated(openings(request), true_now));
        yahoo.bar.run(&["update"]).expect(Exit::Ok);
        yahoo.server.requests().len()
    };
    let asked = update(close - 600);

    let asked_again = update(close + 1_860);
    let asked_at_night = update(close + 7_200);

    assert_eq!(
        asked_again,
        asked + 1,
        "the end of the session is asked for"
    );
    assert_eq!(asked_at_night, asked_again, "and then nothing is new");
}
