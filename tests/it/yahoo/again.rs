//! Second tries: of whom, when, and what they do not cost.

use std::sync::atomic::{AtomicUsize, Ordering};

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::server::{Reply, Request};

const EVENING: &str = "2025-11-21T01:00:00Z";

pub(super) fn symbol(request: &Request) -> &str {
    request.path.rsplit('/').next().unwrap()
}

/// A bar at the opening of each weekday of a request.
pub(super) fn openings(request: &Request) -> Reply {
    let at = |name| request.query(name).unwrap().parse::<i64>().unwrap();
    let is_asked = |stamp: &i64| (at("period1")..at("period2")).contains(stamp);
    let is_weekday = |stamp: &i64| !matches!((stamp / DAY + 3) % 7, 5 | 6);
    let stamps = (0..70).rev().map(|days| NOV_20 - days * DAY);
    let stamps: Vec<i64> = stamps.filter(is_asked).filter(is_weekday).collect();
    let body = chart(
        symbol(request),
        &vec![1.0; stamps.len()],
        "NMS",
        &Value::Null,
    );
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["chart"]["result"][0]["timestamp"] = json!(stamps);
    body["chart"]["result"][0]["meta"]["dataGranularity"] = json!(request.query("interval"));
    Reply::json(body.to_string())
}

#[test]
fn while_some_tickers_wait_for_their_next_try_all_others_are_asked() {
    let mut yahoo = YahooBar::of("T00", "1d", "");
    EVENING.clone_into(&mut yahoo.bar.now);
    let names: Vec<String> = (1..30).map(|number| format!("T{number:02}")).collect();
    let mut add = vec!["tickers", "add"];
    add.extend(names.iter().map(String::as_str));
    yahoo.bar.run(&add).expect(Exit::Ok);
    let is_bad = |name: &str| name.ends_with('4');
    yahoo.server.handle(move |request: &Request| {
        if is_bad(symbol(request)) {
            return Reply::new(500, "");
        }
        Reply::json(chart(symbol(request), &[1.0, 2.0], "NMS", &Value::Null))
    });

    let ran = yahoo
        .bar
        .run(&["update", "--jobs", "1", "--json"])
        .expect(Exit::Partial);

    let asked: Vec<String> = yahoo
        .server
        .requests()
        .iter()
        .map(|r| symbol(r).to_owned())
        .collect();
    assert_eq!(asked.len(), 30 + 2 * 3, "{asked:?}");
    assert!(asked[30..].iter().all(|name| is_bad(name)), "{asked:?}");
    let failed = ran.summary()["tickers"]["failed"].clone();
    assert_eq!(failed, 3, "{ran:?}");
    assert!(yahoo.csv("T05", "1d").lines().count() > 1);
}

#[test]
fn a_page_that_fails_is_asked_again_and_the_pages_before_it_are_not() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    EVENING.clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(openings);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let (expected, pages) = (yahoo.csv("AAPL", "1m"), yahoo.server.requests().len());
    let mut flaky = YahooBar::of("AAPL", "1m", "");
    EVENING.clone_into(&mut flaky.bar.now);
    let asked = AtomicUsize::new(0);
    flaky.server.handle(
        move |request: &Request| match asked.fetch_add(1, Ordering::SeqCst) {
            2 | 3 => Reply::new(503, "busy"),
            5 => Reply::reset(),
            _ => openings(request),
        },
    );

    flaky.bar.run(&["update"]).expect(Exit::Ok);

    let urls: Vec<String> = flaky
        .server
        .requests()
        .iter()
        .map(|request| request.query("period1").unwrap().to_owned())
        .collect();
    let tries = |nth: usize| {
        let mut different = urls.clone();
        different.dedup();
        urls.iter().filter(|url| **url == different[nth]).count()
    };
    // The last one looks whether more is kept.
    assert_eq!(pages, 4 + 1);
    assert_eq!([tries(0), tries(1), tries(2), tries(3)], [1, 1, 3, 2]);
    assert_eq!(flaky.csv("AAPL", "1m"), expected);
}

#[test]
fn a_page_that_fails_for_good_leaves_the_pages_before_it() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    EVENING.clone_into(&mut yahoo.bar.now);
    let asked = AtomicUsize::new(0);
    yahoo.server.handle(
        move |request: &Request| match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => openings(request),
            _ => Reply::new(500, ""),
        },
    );

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Partial);

    assert!(ran.stderr.contains("did not answer"), "{}", ran.stderr);
    assert_eq!(yahoo.server.requests().len(), 2 + 3);
    assert!(yahoo.csv("AAPL", "1m").lines().count() > 5);
}

const SORRY: &str = r#"{"chart":{"result":null,"error":{"code":"Internal Server Error","description":"temporarily unavailable"}}}"#;

#[test]
fn a_failure_under_a_status_of_success_is_tried_again() {
    for failure in [SORRY, "", "<html>Will be right back</html>"] {
        let yahoo = YahooBar::of("AAPL", "1d", "");
        let good = chart("AAPL", &[1.0, 2.0], "NMS", &Value::Null);
        let replies = [Reply::json(failure), Reply::json(good)];
        yahoo.server.on("/v8/finance/chart/AAPL", replies);

        yahoo.bar.run(&["update"]).expect(Exit::Ok);

        assert_eq!(yahoo.server.requests().len(), 2, "{failure}");
        assert_eq!(yahoo.csv("AAPL", "1d").lines().count(), 3);
        assert!(yahoo.bar.files_in("quarantine").is_empty());
    }
}
