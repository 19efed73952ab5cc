//! What is traded before and after the session: a tree of its own, out of the same answers.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar};
use crate::support::server::{Reply, Request};

const HOUR: i64 = 3600;
/// 16:00 in New York, on a day that begins at 09:30.
const CLOSE: i64 = NOV_20 + 6 * HOUR + HOUR / 2;

/// A chart of one day, with its hours as Yahoo tells them when all of them are asked for.
fn chart(interval: &str, rows: &[(i64, f64)], events: &Value) -> String {
    let (stamps, prices): (Vec<i64>, Vec<f64>) = rows.iter().copied().unzip();
    let opening = NOV_20 - 5 * HOUR - HOUR / 2;
    let period = |start: i64, end: i64| json!([[{"start": start, "end": end}]]);
    json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": "AAPL", "exchangeName": "NMS", "currency": "USD", "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York", "firstTradeDate": 345_479_400,
            "dataGranularity": interval,
            "tradingPeriods": {
                "pre": period(opening, NOV_20),
                "regular": period(NOV_20, CLOSE),
                "post": period(CLOSE, CLOSE + 4 * HOUR),
            },
        },
        "timestamp": stamps,
        "events": events,
        "indicators": {"quote": [{
            "open": prices, "high": prices, "low": prices, "close": prices, "volume": vec![1; prices.len()],
        }]},
    }]}})
    .to_string()
}

fn yahoo(interval: &str, body: String) -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", interval, "prepost = true");
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    "2025-11-21T03:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo
}

/// The dates and closes of `show`.
fn closes(yahoo: &YahooBar, interval: &str, options: &[&str]) -> Vec<(String, String)> {
    let csv = yahoo
        .show("AAPL", interval, options)
        .expect(Exit::Ok)
        .stdout;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[1].to_owned(), cells[5].to_owned())
    };
    csv.lines().skip(1).map(row).collect()
}

fn on_the_20th(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    let row = |(time, close): &(&str, &str)| (format!("2025-11-20T{time}:00"), (*close).to_owned());
    rows.iter().map(row).collect()
}

#[test]
fn one_answer_is_divided_between_the_session_and_the_hours_around_it() {
    let rows = [
        (NOV_20 - 60, 1.0),
        (NOV_20, 2.0),
        (CLOSE - 60, 3.0),
        (CLOSE, 4.0),
        (CLOSE + 60, 5.0),
    ];
    let yahoo = yahoo("1m", chart("1m", &rows, &Value::Null));

    yahoo
        .bar
        .run(&["update", "--start", "2025-11-20", "--end", "2025-11-20"])
        .expect(Exit::Ok);

    let requests = yahoo.server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].query("includePrePost"), Some("true"));
    assert_eq!(
        closes(&yahoo, "1m", &[]),
        on_the_20th(&[("09:30", "2.0"), ("15:59", "3.0")])
    );
    let all = [
        ("09:29", "1.0"),
        ("09:30", "2.0"),
        ("15:59", "3.0"),
        ("16:00", "4.0"),
        ("16:01", "5.0"),
    ];
    assert_eq!(closes(&yahoo, "1m", &["--prepost"]), on_the_20th(&all));
    let apart = yahoo.bar.files_in("data/us/yahoo/prepost_1m");
    let paths: Vec<_> = apart
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(
        paths,
        ["data/us/yahoo/prepost_1m/ticker=AAPL/year=2025/month=11/data.parquet"]
    );

    yahoo.bar.remove(&paths[0]);
    let shown = yahoo.show("AAPL", "1m", &["--prepost"]);

    let shown = shown.expect(Exit::Partial).stderr;
    let told = "AAPL prepost 1m at us:yahoo: of 3 rows that were stored 0 are there";
    assert!(shown.contains(told), "{shown}");
    yahoo.show("AAPL", "1m", &[]).expect(Exit::Ok);
}

/// The hour from 09:00 on ends at 09:30. By its length it reaches into the session, and it was stored as one of its bars.
#[test]
fn a_bar_that_the_opening_cuts_short_is_none_of_the_session() {
    let rows = [(NOV_20 - HOUR / 2, 1.0), (NOV_20, 2.0)];
    let yahoo = yahoo("1h", chart("1h", &rows, &Value::Null));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(closes(&yahoo, "1h", &[]), on_the_20th(&[("09:30", "2.0")]));
}

/// An hour that ended at the close took the first trade after it in, and later answers could not take it out again.
#[test]
fn the_first_trade_after_the_close_is_no_part_of_the_last_bar_and_no_bar_of_its_own() {
    let rows = [(CLOSE - HOUR / 2, 2.0), (CLOSE + 7, 9.0)];
    let yahoo = yahoo("1h", chart("1h", &rows, &Value::Null));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let expected = on_the_20th(&[("15:30", "2.0")]);
    assert_eq!(closes(&yahoo, "1h", &["--prepost"]), expected);
}

#[test]
fn the_last_trade_of_an_evening_is_joined_into_its_bar() {
    let rows = [(CLOSE - 300, 2.0), (CLOSE, 3.0), (CLOSE + 67, 4.0)];
    let yahoo = yahoo("5m", chart("5m", &rows, &Value::Null));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(
        closes(&yahoo, "5m", &["--prepost"]),
        on_the_20th(&[("15:55", "2.0"), ("16:00", "4.0")])
    );
}

#[test]
fn hours_before_the_first_session_are_shown_though_no_bar_of_it_is_stored() {
    let yahoo = yahoo("1m", chart("1m", &[(NOV_20 - 60, 1.0)], &Value::Null));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(
        closes(&yahoo, "1m", &["--prepost"]),
        on_the_20th(&[("09:29", "1.0")])
    );
    assert_eq!(closes(&yahoo, "1m", &["--prepost", "--adjust"]).len(), 1);
    yahoo.show("AAPL", "1m", &[]).expect(Exit::Failed);
}

#[test]
fn daily_bars_are_asked_for_as_without_the_setting() {
    let yahoo = yahoo("1d", chart("1d", &[(NOV_20, 1.0)], &Value::Null));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let asked = yahoo.server.requests();
    assert_eq!(asked[0].query("includePrePost"), Some("false"));
    let shown = yahoo.show("AAPL", "1d", &["--prepost"]).expect(Exit::Usage);
    assert!(
        shown
            .stderr
            .contains("bars of 1d have no hours before and after the session"),
        "{}",
        shown.stderr
    );
}

#[test]
fn other_hours_are_adjusted_like_the_bars() {
    let events = json!({"dividends": {"1": {"amount": 1.0, "date": NOV_20 + DAY}}});
    let rows = [(CLOSE - 60, 100.0), (CLOSE, 100.0)];
    let yahoo = yahoo("1m", chart("1m", &rows, &events));

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(
        closes(&yahoo, "1m", &["--prepost", "--adjust"]),
        on_the_20th(&[("15:59", "99.0"), ("16:00", "99.0")])
    );
}

#[test]
fn a_replaced_value_of_other_hours_is_in_a_ledger_that_is_found() {
    let mut yahoo = yahoo(
        "1m",
        chart("1m", &[(NOV_20, 1.0), (CLOSE, 4.0)], &Value::Null),
    );
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let body = chart("1m", &[(NOV_20, 1.0), (CLOSE, 4.5)], &Value::Null);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    "2025-11-21T15:00:00Z".clone_into(&mut yahoo.bar.now);

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let told = yahoo
        .bar
        .run(&["revisions", "AAPL", "--interval", "1m"])
        .expect(Exit::Ok);
    assert!(
        told.stdout.contains("AAPL prepost 1m at us:yahoo"),
        "{}",
        told.stdout
    );
}

/// Before, all rows went into the tree of the bars. What lies there stays there.
#[test]
fn rows_that_an_earlier_version_stored_among_the_bars_stay_where_they_are() {
    let mut yahoo = yahoo(
        "1m",
        chart("1m", &[(NOV_20, 1.0), (CLOSE, 4.0)], &Value::Null),
    );
    let mixed = crate::support::foreign::ForeignFile::of(crate::support::foreign::days(
        "AAPL",
        &[("2025-11-19T17:00:00", 7.0)],
    ));
    let month = "data/us/yahoo/stocks_1m/ticker=AAPL/year=2025/month=11/data.parquet";
    yahoo.bar.write(month, mixed.bytes());
    "2025-11-21T15:00:00Z".clone_into(&mut yahoo.bar.now);

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let expected = [
        ("2025-11-19T17:00:00".to_owned(), "7.0".to_owned()),
        ("2025-11-20T09:30:00".to_owned(), "1.0".to_owned()),
    ];
    assert_eq!(closes(&yahoo, "1m", &[]), expected);
}

#[test]
fn other_hours_are_checked_like_the_bars() {
    let mut rows: Vec<(i64, f64)> = (0..60).map(|at| (CLOSE + at * 60, 100.0)).collect();
    rows[30].1 *= 100.0;
    rows.insert(0, (NOV_20, 100.0));
    let yahoo = yahoo("1m", chart("1m", &rows, &Value::Null));
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let ran = yahoo.bar.run(&["check"]).expect(Exit::Mismatch);

    assert!(
        ran.stdout
            .contains("AAPL    prepost 1m  unit_jump  2025-11-20 16:30"),
        "{}",
        ran.stdout
    );
    let cure = "barkeep update --ticker AAPL --interval 1m --venue us:yahoo";
    assert!(ran.stderr.contains(cure), "{}", ran.stderr);
}
