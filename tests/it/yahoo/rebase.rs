//! A split between two runs leaves no seam.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::server::{Reply, Request};

/// Closes of sixty days before a split of four to one, whose day is the last one.
fn closes(by: f64) -> Vec<f64> {
    (0..60)
        .map(|at| (f64::from(at) * 1.5 + 400.0) / by)
        .collect()
}

fn split() -> Value {
    json!({"splits": {"1": {"numerator": 4, "denominator": 1, "splitRatio": "4:1", "date": NOV_20}}})
}

fn stored(yahoo: &YahooBar) -> Vec<f64> {
    let csv = yahoo.csv("AAPL", "1d");
    csv.lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap().parse().unwrap())
        .collect()
}

/// A server that has a history, and gives of it what is asked for.
fn serve(yahoo: &YahooBar, closes: Vec<f64>, events: Value) {
    yahoo.server.handle(move |request: &Request| {
        let from: i64 = request.query("period1").unwrap().parse().unwrap();
        let first = NOV_20 - (i64::try_from(closes.len()).unwrap() - 1) * DAY;
        let skipped = usize::try_from(((from - first) / DAY).max(0)).unwrap_or(0);
        let rest = closes.get(skipped..).unwrap_or_default();
        Reply::json(chart("AAPL", rest, "NMS", &events))
    });
}

#[test]
fn a_split_since_the_last_run_fetches_the_history_again_whole() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    let mut before = closes(1.0);
    before.pop();
    // The day before: the chart ends on the 19th.
    let shifted: Vec<f64> = std::iter::once(399.0).chain(before.clone()).collect();
    "2025-11-19T22:00:00Z".clone_into(&mut yahoo.bar.now);
    serve(&yahoo, shifted[1..].to_vec(), Value::Null);
    yahoo
        .bar
        .run(&["update", "--start", "2025-01-01", "--end", "2025-11-19"])
        .expect(Exit::Ok);
    let asked = yahoo.server.requests().len();
    "2025-11-20T22:00:00Z".clone_into(&mut yahoo.bar.now);
    serve(&yahoo, closes(4.0), split());

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let after = stored(&yahoo);
    assert_eq!(after.last(), closes(4.0).last());
    assert!(
        after
            .windows(2)
            .all(|two| (two[1] / two[0] - 1.0).abs() < 0.05),
        "{after:?}"
    );
    assert!(
        yahoo.server.requests().len() <= asked + 2,
        "one more request for all of it"
    );
}

#[test]
fn prices_on_another_basis_are_moved_though_no_event_tells_of_it() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    serve(&yahoo, closes(1.0), Value::Null);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    serve(&yahoo, closes(4.0), Value::Null);
    "2025-11-24T22:00:00Z".clone_into(&mut yahoo.bar.now);

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(ran.stderr.contains("another basis"), "{}", ran.stderr);
    assert_eq!(stored(&yahoo), closes(4.0));
    let first = yahoo
        .bar
        .run(&["revisions", "AAPL"])
        .expect(Exit::Ok)
        .stdout;
    assert!(
        first.contains("files/") && first.contains("0.25"),
        "the factor, and the file with the old values: {first}"
    );

    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let last = yahoo.server.requests().last().cloned().unwrap();
    let from: i64 = last.query("period1").unwrap().parse().unwrap();
    assert!(from < 0, "the next run asks for the whole history: {from}");
    let lines = yahoo.server.requests().len();
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    assert_eq!(yahoo.server.requests().len(), lines, "once");
}

/// After a split a person fetched one old month: what was older was divided, and divided once more by the next run.
#[test]
fn days_in_the_middle_of_a_history_move_nothing_around_them_and_the_next_run_heals_it() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    serve(&yahoo, closes(1.0), Value::Null);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    serve(&yahoo, closes(4.0), Value::Null);
    "2025-11-24T22:00:00Z".clone_into(&mut yahoo.bar.now);

    let days = ["update", "--start", "2025-10-01", "--end", "2025-10-20"];
    let ran = yahoo.bar.run(&days).expect(Exit::Ok);

    assert!(ran.stderr.contains("another basis"), "{}", ran.stderr);
    let between = stored(&yahoo);
    assert_eq!(between.first(), closes(1.0).first(), "older rows stay");
    assert_eq!(between.last(), closes(1.0).last(), "newer rows stay");

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(stored(&yahoo), closes(4.0));
}
