//! What is forgotten first is asked for first, and what cannot be had in time is told.

use barkeep::cli::Exit;
use serde_json::json;

use super::{ODD, asked, open, shut};
use crate::support::charts::YahooBar;

/// `OLD` was last asked for on 3 November, `NEW` on the 20th.
fn two_tickers() -> YahooBar {
    let mut yahoo = YahooBar::of("NEW", "1m", "");
    let add = ["tickers", "add", "OLD", "--venue", "us:yahoo"];
    yahoo.bar.run(&add).expect(Exit::Ok);
    open(&mut yahoo, "2025-11-03T22:00:00Z", ODD);
    yahoo.bar.run(&["update", "-t", "OLD"]).expect(Exit::Ok);
    open(&mut yahoo, "2025-11-20T22:00:00Z", ODD);
    yahoo.bar.run(&["update", "-t", "NEW"]).expect(Exit::Ok);
    yahoo
}

#[test]
fn what_is_forgotten_first_is_asked_for_first() {
    let mut yahoo = two_tickers();
    let before = asked(&yahoo).len();
    open(&mut yahoo, "2025-11-24T22:00:00Z", ODD);

    let plan = yahoo
        .bar
        .run(&["update", "--dry-run", "--json"])
        .expect(Exit::Ok);
    yahoo.bar.run(&["update", "--jobs", "1"]).expect(Exit::Ok);

    let jobs = plan.summary()["jobs"].as_array().unwrap().clone();
    let tickers: Vec<_> = jobs.iter().map(|job| job["ticker"].clone()).collect();
    assert_eq!(tickers, ["OLD", "NEW"]);
    let asked = asked(&yahoo).split_off(before);
    let order: Vec<&str> = asked.iter().map(|(ticker, ..)| ticker.as_str()).collect();
    assert_eq!(order.first(), Some(&"OLD"), "{order:?}");
    assert_eq!(order.last(), Some(&"NEW"), "{order:?}");
}

/// At a request a week, 3 November's follower is forgotten before the second page of its series comes.
#[test]
fn a_run_that_leaves_more_open_than_can_be_had_in_time_ends_with_16() {
    let mut yahoo = two_tickers();
    shut(&mut yahoo, "2025-11-24T22:00:00Z");

    let slow = yahoo.bar.run(&["update", "--limits", "1", "86400"]);
    let after = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);
    shut(&mut yahoo, "2025-12-03T22:00:00Z");
    let late = yahoo
        .bar
        .run(&["update", "--limits", "1", "86400"])
        .expect(Exit::WillExpire);

    assert_eq!(
        slow.exit,
        Exit::SourceDown,
        "there are nine days left: {slow:?}"
    );
    assert_eq!(after.summary()["series"][0]["missed_sessions"], json!(0));
    assert!(
        late.stderr.contains("us:yahoo forgets")
            && late.stderr.contains("of 1m before they can be fetched"),
        "{late:?}"
    );
}
