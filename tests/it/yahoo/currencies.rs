//! Payments in another currency than the prices: kept, shown, and not taken for an amount in that of the prices.

use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::server::{Reply, Request};

const FIRST: &str = "2025-11-20T22:00:00Z";
const LATER: &str = "2025-11-21T00:30:00Z";
const CLOSES: [f64; 8] = [
    1000.0, 1003.5, 998.25, 1001.75, 1006.0, 966.0, 963.25, 968.5,
];

/// Returns a line in pence that paid on the sixth of eight days, as adjusted closes tell it or without these.
fn line(paid: &Value, adjusts: bool) -> String {
    let mut dividend = json!({"amount": 0.5, "date": NOV_20 - 2 * DAY});
    if !paid.is_null() {
        dividend["currency"] = paid.clone();
    }
    let events = json!({"dividends": {"1": dividend}});
    let mut body: Value = serde_json::from_str(&chart("BBOX.L", &CLOSES, "LSE", &events)).unwrap();
    let result = &mut body["chart"]["result"][0];
    result["meta"]["currency"] = json!("GBp");
    let adjusted = CLOSES.iter().enumerate();
    let adjusted = adjusted.map(|(at, close)| {
        if at < 5 {
            close * (1.0 - 38.0 / 1006.0)
        } else {
            *close
        }
    });
    let adjusted: Vec<f64> = adjusted.collect();
    result["indicators"]["adjclose"][0]["adjclose"] = if adjusts {
        json!(adjusted)
    } else {
        Value::Null
    };
    body.to_string()
}

fn serve(yahoo: &mut YahooBar, now: &str, body: String) {
    now.clone_into(&mut yahoo.bar.now);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    yahoo
        .bar
        .run(&["update", "--start", "2025-11-01", "--end", "2025-11-20"])
        .expect(Exit::Ok);
}

fn stored(paid: &Value, adjusts: bool) -> YahooBar {
    let mut yahoo = YahooBar::of("BBOX.L", "1d", "");
    serve(&mut yahoo, FIRST, line(paid, adjusts));
    yahoo
}

fn events(yahoo: &YahooBar, options: &[&str]) -> String {
    let show = ["show", "BBOX.L", "--events"];
    let ran = yahoo.bar.run(&[&show, options].concat());
    ran.expect(Exit::Ok).stdout
}

#[test]
fn the_currency_is_shown_in_every_format_and_check_does_not_judge_the_amount() {
    let yahoo = stored(&json!("USD"), true);

    let csv = events(&yahoo, &["--format", "csv"]);
    let table = events(&yahoo, &[]);
    let json: Value = serde_json::from_str(&events(&yahoo, &["--format", "json"])).unwrap();

    assert!(csv.ends_with("2025-11-18,dividend,0.5,,,USD\n"), "{csv}");
    assert!(
        table.starts_with("date") && table.contains("currency"),
        "{table}"
    );
    assert!(table.contains("USD"), "{table}");
    assert_eq!(json["rows"][0]["currency"], "USD", "{json}");
    yahoo.bar.run(&["check"]).expect(Exit::Ok);
}

#[rstest]
#[case::not_told(Value::Null)]
#[case::empty(json!(""))]
#[case::of_the_line(json!("GBp"))]
#[case::by_another_name(json!("GBX"))]
fn the_currency_of_the_prices_is_not_written_down_for_each_payment(#[case] paid: Value) {
    let yahoo = stored(&paid, true);

    let csv = events(&yahoo, &["--format", "csv"]);

    assert!(csv.ends_with("2025-11-18,dividend,0.5,,,\n"), "{csv}");
}

#[test]
fn a_payment_whose_currency_is_no_name_is_told_and_left_out() {
    let mut yahoo = YahooBar::of("BBOX.L", "1d", "");
    FIRST.clone_into(&mut yahoo.bar.now);
    let body = line(&json!("US dollars!"), true);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        ran.stderr
            .contains("1 of its events could not be understood"),
        "{}",
        ran.stderr
    );
}

#[test]
fn prices_are_adjusted_by_adjusted_closes_and_refused_without_them() {
    let adjust = [
        "show",
        "BBOX.L",
        "--adjust",
        "all",
        "--format",
        "csv",
        "--head",
        "1",
        "--columns",
        "close",
    ];
    let told = stored(&json!("USD"), true)
        .bar
        .run(&adjust)
        .expect(Exit::Ok)
        .stdout;
    let close: f64 = told.lines().nth(1).unwrap().parse().unwrap();
    assert!(
        (close - 1000.0 * (1.0 - 38.0 / 1006.0)).abs() < 1e-9,
        "{told}"
    );

    let refused = stored(&json!("USD"), false)
        .bar
        .run(&adjust)
        .expect(Exit::Failed);
    assert!(
        refused.stderr.contains("2025-11-18 is in USD"),
        "{}",
        refused.stderr
    );

    let pounds = stored(&json!("GBP"), false)
        .bar
        .run(&adjust)
        .expect(Exit::Ok)
        .stdout;
    let close: f64 = pounds.lines().nth(1).unwrap().parse().unwrap();
    assert!(
        (close - 1000.0 * (1.0 - 50.0 / 1006.0)).abs() < 1e-9,
        "{pounds}"
    );
}

/// Two payments of a day are one row, and the sum of two currencies is none.
#[test]
fn a_day_that_pays_in_two_currencies_is_told() {
    let mut yahoo = YahooBar::of("BBOX.L", "1d", "");
    FIRST.clone_into(&mut yahoo.bar.now);
    let mut body: Value = serde_json::from_str(&line(&json!("USD"), true)).unwrap();
    body["chart"]["result"][0]["events"]["dividends"]["2"] =
        json!({"amount": 12.0, "date": NOV_20 - 2 * DAY + 60});
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.to_string()));

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        ran.stderr
            .contains("paid on 2025-11-18 is told in two currencies"),
        "{}",
        ran.stderr
    );
    assert!(events(&yahoo, &["--format", "csv"]).ends_with("dividend,0.5,,,USD\n"));
}

/// Earlier builds dropped the currency: it comes with a later answer, and what was known before stays known.
#[test]
fn a_currency_that_is_told_later_is_a_revision() {
    let mut yahoo = stored(&Value::Null, true);
    serve(&mut yahoo, LATER, line(&json!("USD"), true));

    let before = events(
        &yahoo,
        &["--format", "csv", "--as-of", "2025-11-20T23:00:00Z"],
    );
    let revisions = yahoo
        .bar
        .run(&["revisions", "BBOX.L"])
        .expect(Exit::Ok)
        .stdout;

    assert!(before.ends_with("2025-11-18,dividend,0.5,,,\n"), "{before}");
    assert!(events(&yahoo, &["--format", "csv"]).ends_with("dividend,0.5,,,USD\n"));
    assert!(
        revisions.contains("currency") && revisions.contains("USD"),
        "{revisions}"
    );
    yahoo.bar.run(&["check"]).expect(Exit::Ok);

    serve(&mut yahoo, "2025-11-21T01:00:00Z", line(&Value::Null, true));
    let between = events(
        &yahoo,
        &["--format", "csv", "--as-of", "2025-11-21T00:45:00Z"],
    );
    assert!(between.ends_with("dividend,0.5,,,USD\n"), "{between}");
    assert!(events(&yahoo, &["--format", "csv"]).ends_with("dividend,0.5,,,\n"));
}

/// The mark of a run names the payments that it was told, and their currency is part of what it knows.
#[test]
fn a_payment_that_was_told_is_no_news_to_the_next_run() {
    let mut yahoo = YahooBar::of("BBOX.L", "1d", "");
    let body = line(&json!("USD"), true);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    FIRST.clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let registry: Value = yahoo.bar.json("tickers.json");
    let mark = registry["BBOX.L"]["intervals"]["1d"]["mark"].to_string();
    assert!(mark.contains("2025-11-18=d0.5@USD"), "{mark}");
    let asked = yahoo.server.requests().len();

    "2025-11-21T22:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(yahoo.server.requests().len(), asked + 1);
}
