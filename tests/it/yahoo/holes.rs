//! What an answer left out is asked for again, and what cannot be asked for is named.

use barkeep::cli::Exit;
use chrono::{Datelike, NaiveDate};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::market::at;
use crate::support::server::{Reply, Request};

const NO_SYMBOL: (u16, &str, &str) = (404, "Not Found", "No data found, symbol may be delisted");
const NO_DATA: (u16, &str, &str) = (
    400,
    "Bad Request",
    "Data doesn't exist for startDate = 1, endDate = 2",
);

fn refused((status, code, description): (u16, &str, &str)) -> Reply {
    let error = json!({"code": code, "description": description});
    let body = json!({"chart": {"result": null, "error": error}}).to_string();
    Reply::new(status, body)
}

fn asked(request: &Request, name: &str) -> i64 {
    request.query(name).unwrap().parse().unwrap()
}

/// The bars of a market that is open on every weekday, and trades for three minutes only.
fn bars(interval: &str, from: i64, to: i64) -> String {
    let is_weekday = |day: &i64| (day + 3).rem_euclid(7) < 5;
    let rows: i64 = if interval == "1m" { 3 } else { 1 };
    let stamps: Vec<i64> = (-10..60)
        .filter(is_weekday)
        .flat_map(|day| (0..rows).map(move |row| NOV_20 + day * DAY + row * 60))
        .filter(|stamp| (from..to).contains(stamp))
        .collect();
    let body = chart("AAPL", &vec![1.0; stamps.len()], "NMS", &Value::Null);
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let result = &mut body["chart"]["result"][0];
    result["meta"]["dataGranularity"] = json!(interval);
    result["timestamp"] = json!(stamps);
    if stamps.is_empty() {
        result.as_object_mut().unwrap().remove("timestamp");
        result["indicators"] = json!({"quote": [{}]});
    }
    body.to_string()
}

/// Updates at a moment. A page for which `odd` has a reply gets it, and every other one its bars.
fn update_at(
    yahoo: &mut YahooBar,
    interval: &'static str,
    moment: &str,
    odd: impl Fn(i64) -> Option<Reply> + Send + Sync + 'static,
) -> crate::support::barkeep::Ran {
    moment.clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(move |request: &Request| {
        let (from, to) = (asked(request, "period1"), asked(request, "period2"));
        odd(from).unwrap_or_else(|| Reply::json(bars(interval, from, to)))
    });
    yahoo.bar.run(&["update"])
}

fn good(_: i64) -> Option<Reply> {
    None
}

/// The weekdays between two days that have no bar.
fn missing(yahoo: &YahooBar, interval: &str, first: &str, last: &str) -> Vec<String> {
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().unwrap(), last.parse().unwrap());
    let csv = yahoo.csv("AAPL", interval);
    first
        .iter_days()
        .take_while(|day| *day <= last)
        .filter(|day| {
            let is_weekday = day.weekday().number_from_monday() < 6;
            is_weekday && !csv.contains(&day.to_string())
        })
        .map(|day| day.to_string())
        .collect()
}

/// One page of four was denied, the ones around it came: its week counted as fetched and was never asked for again.
#[rstest]
#[case(NO_SYMBOL)]
#[case(NO_DATA)]
fn a_page_that_is_denied_between_others_is_asked_for_again(
    #[case] refusal: (u16, &'static str, &'static str),
) {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    let second = at("2025-11-26T00:00:00Z")..at("2025-12-04T00:00:00Z");

    let cut = update_at(&mut yahoo, "1m", "2025-12-19T22:00:00Z", move |from| {
        second.contains(&from).then(|| refused(refusal))
    })
    .expect(Exit::Partial);
    update_at(&mut yahoo, "1m", "2025-12-22T22:00:00Z", good).expect(Exit::Ok);

    assert!(
        cut.stderr.contains("what came before is stored"),
        "{}",
        cut.stderr
    );
    let none: [String; 0] = [];
    assert_eq!(missing(&yahoo, "1m", "2025-11-20", "2025-12-22"), none);
}

#[test]
fn pages_before_the_first_trade_are_no_trouble_and_cost_nothing_later() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    let listed = at("2025-12-05T22:05:00Z");

    update_at(&mut yahoo, "1m", "2025-12-19T22:00:00Z", move |from| {
        (from < listed).then(|| refused(NO_DATA))
    })
    .expect(Exit::Ok);
    let asked = yahoo.server.requests().len();
    update_at(&mut yahoo, "1m", "2025-12-22T22:00:00Z", good).expect(Exit::Ok);

    assert_eq!(yahoo.server.requests().len(), asked + 1);
}

/// Only the body of a first page was kept: that of a later one was thrown away with the error.
#[test]
fn half_an_answer_after_a_whole_one_is_kept_in_quarantine() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    let second = at("2025-11-26T00:00:00Z");
    let half = r#"{"chart":{"result":[{"meta":{"curr"#;

    let cut = update_at(&mut yahoo, "1m", "2025-12-19T22:00:00Z", move |from| {
        (from > second).then(|| Reply::json(half))
    })
    .expect(Exit::Partial);

    assert!(
        cut.stderr.contains("cannot be read as bars of AAPL"),
        "{}",
        cut.stderr
    );
    let kept = yahoo.bar.files_in("quarantine");
    assert!(
        kept.iter().any(|(_, bytes)| bytes == half.as_bytes()),
        "{kept:?}"
    );
    assert!(missing(&yahoo, "1m", "2025-11-20", "2025-11-26").is_empty());
}

/// It was quiet about days that it did not even ask for, and named a day before those that were asked for. One request is
/// for the splits since the stored rows were fetched.
#[rstest]
#[case("2025-09-01", "2025-09-05", "2025-09-01 to 2025-09-05", 0)]
#[case("2025-11-10", "2025-12-05", "2025-11-10 to 2025-11-19", 4)]
#[case("2025-11-10", "2025-11-19", "2025-11-10 to 2025-11-19", 2)]
fn days_out_of_reach_that_a_person_asks_for_are_named(
    #[case] first: &str,
    #[case] last: &str,
    #[case] lost: &str,
    #[case] requests: usize,
) {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    update_at(&mut yahoo, "1m", "2025-12-19T22:00:00Z", good).expect(Exit::Ok);
    let before = yahoo.server.requests().len();

    let ran = yahoo
        .bar
        .run(&["update", "--start", first, "--end", last])
        .expect(Exit::Ok);

    let said = format!("us:yahoo: {lost} are lost");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    assert_eq!(yahoo.server.requests().len() - before, requests);
}

#[test]
fn nothing_is_lost_of_bars_that_are_kept_for_ever() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    update_at(&mut yahoo, "1d", "2025-12-19T22:00:00Z", good).expect(Exit::Ok);

    let days = ["update", "--start", "1900-01-01", "--end", "2100-01-01"];
    let ran = yahoo.bar.run(&days).expect(Exit::Ok);

    assert!(!ran.stderr.contains("lost"), "{}", ran.stderr);
}

/// A series that has bars of before cannot be too young for the days since.
#[test]
fn a_first_page_that_is_denied_to_a_known_series_is_asked_for_again() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    update_at(&mut yahoo, "1m", "2025-11-21T22:00:00Z", good).expect(Exit::Ok);
    let second = at("2025-11-25T00:00:00Z");

    update_at(&mut yahoo, "1m", "2025-12-10T22:00:00Z", move |from| {
        (from < second).then(|| refused(NO_DATA))
    })
    .expect(Exit::Ok);
    update_at(&mut yahoo, "1m", "2025-12-11T22:00:00Z", good).expect(Exit::Ok);

    let none: [String; 0] = [];
    assert_eq!(missing(&yahoo, "1m", "2025-11-20", "2025-12-11"), none);
}

/// For more sessions than are asked for again, answers came without bars. What they held back was missing for ever.
#[rstest]
#[case("1d")]
#[case("1m")]
fn empty_answers_leave_no_hole_however_many_they_were(#[case] interval: &'static str) {
    let mut yahoo = YahooBar::of("AAPL", interval, "");
    update_at(&mut yahoo, interval, "2025-11-20T22:00:00Z", good).expect(Exit::Ok);
    let asked = yahoo.server.requests().len();
    let days = ["11-21", "11-24", "11-25", "11-26", "12-01", "12-02"];

    for day in days {
        let moment = format!("2025-{day}T22:00:00Z");
        update_at(&mut yahoo, interval, &moment, move |_| {
            Some(Reply::json(bars(interval, 0, 0)))
        })
        .expect(Exit::Ok);
    }
    let empty = yahoo.server.requests().len() - asked;
    update_at(&mut yahoo, interval, "2025-12-03T22:00:00Z", good).expect(Exit::Ok);

    let none: [String; 0] = [];
    assert_eq!(missing(&yahoo, interval, "2025-11-20", "2025-12-03"), none);
    if interval == "1d" {
        assert_eq!(empty, days.len(), "one request each");
    }
}
