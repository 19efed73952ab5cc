//! How many requests a workspace costs, over the days.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::server::{Reply, Request};

/// Two tickers, of which each has two intervals.
fn yahoo() -> YahooBar {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    yahoo
        .bar
        .run(&["init", "--interval", "1wk", "--ticker", "MSFT"])
        .expect(Exit::Ok);
    yahoo.server.handle(|request: &Request| {
        let symbol = request.path.rsplit('/').next().unwrap();
        let body = chart(symbol, &[1.0, 2.0], "NMS", &Value::Null);
        let interval = request.query("interval").unwrap();
        let mut body = body.replace("\"1d\"", &format!("\"{interval}\""));
        if interval == "1wk" {
            // Mondays.
            for (day, weekday) in [(NOV_20, 3), (NOV_20 - DAY, 9)] {
                body = body.replace(&day.to_string(), &(day - weekday * DAY).to_string());
            }
        }
        Reply::json(body)
    });
    yahoo
}

fn week(of: &Value) -> Value {
    of["requests_last_7_days"].clone()
}

#[test]
fn requests_are_counted_over_the_days_and_those_of_a_week_ago_are_forgotten() {
    let mut yahoo = yahoo();
    "2025-11-20T16:00:00Z".clone_into(&mut yahoo.bar.now);

    let first = yahoo.bar.run(&["update"]).expect(Exit::Ok);
    "2025-11-21T16:00:00Z".clone_into(&mut yahoo.bar.now);
    let args = ["update", "--json", "--metrics-file", "barkeep.prom"];
    let second = yahoo.bar.run(&args).expect(Exit::Ok).summary();
    "2025-11-27T18:00:00Z".clone_into(&mut yahoo.bar.now);
    let later = yahoo
        .bar
        .run(&["update", "--json"])
        .expect(Exit::Ok)
        .summary();

    let line = "us:yahoo: 4 requests in this run, 2.0 per ticker and week (4 for 2 tickers in the last 7 days).";
    assert!(first.stderr.contains(line), "{}", first.stderr);
    let venue = "us:yahoo";
    assert_eq!(
        week(&second),
        json!([{"venue": venue, "requests": 8, "tickers": 2, "per_ticker": 4.0}])
    );
    assert_eq!(
        week(&later),
        json!([{"venue": venue, "requests": 8, "tickers": 2, "per_ticker": 4.0}]),
        "the first day is over a week ago"
    );
    let metrics = yahoo.bar.text("barkeep.prom");
    let labels = r#"{market="us",source="yahoo"}"#;
    assert!(metrics.contains(&format!("barkeep_requests_last_7_days{labels} 8\n")));
    assert!(metrics.contains(&format!("barkeep_tickers_last_7_days{labels} 2\n")));
}

#[test]
fn a_damaged_count_begins_again_and_says_so() {
    let mut yahoo = yahoo();
    "2025-11-20T16:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.write("state/requests.json", "{\"schema\": 1");

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        ran.stderr
            .contains("state/requests.json is damaged; the count of requests begins again."),
        "{}",
        ran.stderr
    );
    let counted: Value = yahoo.bar.json("state/requests.json");
    assert_eq!(counted["venues"]["us:yahoo"]["2025-11-20"], 4);
}

#[test]
fn a_count_that_cannot_be_read_is_left_alone_and_costs_the_run_nothing() {
    let mut yahoo = yahoo();
    "2025-11-20T16:00:00Z".clone_into(&mut yahoo.bar.now);
    // A folder stands where the file belongs.
    yahoo.bar.write("state/requests.json/x", "");

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        ran.stderr.contains("the requests are not counted in"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("4 series, 4 with new bars"),
        "{}",
        ran.stderr
    );
}
