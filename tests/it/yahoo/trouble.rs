//! What Yahoo answers when it does not answer, and what comes along with bars.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::server::Reply;

fn registry(yahoo: &YahooBar) -> Value {
    yahoo.bar.json("tickers.json")
}

const PATH: &str = "/v8/finance/chart/AAPL";

#[test]
fn an_outage_changes_no_ticker_and_says_so() {
    for reply in [
        Reply::new(502, "busy"),
        Reply::html("<html>Will be right back</html>"),
        Reply::json(""),
        Reply::json(
            r#"{"chart":{"result":null,"error":{"code":"Internal Server Error","description":"temporarily unavailable"}}}"#,
        ),
        Reply::json(
            r#"{"finance":{"result":null,"error":{"code":"Not Found","description":"HTTP 404 Not Found"}}}"#,
        ),
        Reply::redirect("https://consent.yahoo.com/v2/collectConsent"),
        Reply::new(
            401,
            r#"{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}"#,
        ),
    ] {
        let yahoo = YahooBar::of("AAPL", "1d", "");
        let before = registry(&yahoo);
        yahoo.server.on(PATH, [reply]);

        let ran = yahoo.bar.run(&["update", "--save-not-founds"]);

        assert_eq!(ran.exit, Exit::SourceDown, "{ran:?}");
        assert!(yahoo.bar.files_in("quarantine").is_empty());
        assert_eq!(registry(&yahoo), before);
    }
}

#[test]
fn half_an_answer_is_kept_in_quarantine() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let whole = chart("AAPL", &[1.0, 2.0], "NMS", &Value::Null);
    yahoo
        .server
        .on(PATH, [Reply::json(&whole.as_bytes()[..whole.len() / 2])]);

    let ran = yahoo.bar.run(&["update"]).expect(Exit::Partial);

    assert!(
        ran.stderr.contains("cannot be read as bars of AAPL"),
        "{}",
        ran.stderr
    );
    assert!(
        yahoo.bar.tree().iter().any(|(path, bytes)| {
            path.to_string_lossy().contains("quarantine") && whole.as_bytes().starts_with(bytes)
        }),
        "the body is kept"
    );
}

#[test]
fn a_ticker_that_is_up_to_date_costs_no_request() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.server.on(
        PATH,
        [Reply::json(chart("AAPL", &[1.0, 2.0], "NMS", &Value::Null))],
    );
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    "2025-11-21T13:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    assert_eq!(yahoo.server.requests().len(), 1, "before the open");

    "2025-11-21T15:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let requests = yahoo.server.requests();
    assert_eq!(requests.len(), 2, "in the session");
    let from: i64 = requests[1].query("period1").unwrap().parse().unwrap();
    assert!(
        from < NOV_20 - 2 * DAY,
        "three sessions are asked for again"
    );
    assert!(from > NOV_20 - 10 * DAY, "and not the whole history");
}

#[test]
fn another_security_under_the_same_symbol_waits_for_a_person() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let old = chart("AAPL", &[1.0, 2.0], "NMS", &Value::Null);
    let new = chart("AAPL", &[7.0, 8.0, 9.0], "NYQ", &Value::Null);
    yahoo.server.on(PATH, [Reply::json(old), Reply::json(new)]);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let stored = yahoo.csv("AAPL", "1d");
    let again = ["update", "--start", "2025-11-10", "--end", "2025-11-21"];

    let ran = yahoo.bar.run(&again).expect(Exit::Partial);

    assert!(
        ran.stderr.contains("exchange was NMS and is NYQ"),
        "{}",
        ran.stderr
    );
    assert_eq!(yahoo.csv("AAPL", "1d"), stored);

    yahoo
        .bar
        .run(&["tickers", "accept", "AAPL"])
        .expect(Exit::Ok);
    yahoo.bar.run(&again).expect(Exit::Ok);

    assert_ne!(yahoo.csv("AAPL", "1d"), stored);
}

#[test]
fn a_wave_of_unknown_symbols_gives_nobody_up() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let mut args = vec!["tickers", "add"];
    let names: Vec<String> = (0..12).map(|number| format!("T{number}")).collect();
    args.extend(names.iter().map(String::as_str));
    yahoo.bar.run(&args).expect(Exit::Ok);
    yahoo.server.on(
        PATH,
        [Reply::json(chart("AAPL", &[1.0], "NMS", &Value::Null))],
    );
    let lost = r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#;
    for name in &names {
        yahoo.server.on(
            &format!("/v8/finance/chart/{name}"),
            [Reply::new(404, lost)],
        );
    }

    let ran = yahoo.bar.run(&["update", "--save-not-founds"]);

    assert!(
        ran.stderr.contains("looks like an outage"),
        "{}",
        ran.stderr
    );
    assert_eq!(registry(&yahoo)["T3"]["status"], "active");
}

#[test]
fn dividends_and_splits_are_stored_as_events() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let events = json!({
        "dividends": {"1": {"amount": 0.25, "date": NOV_20}},
        "splits": {"2": {"numerator": 4, "denominator": 1, "splitRatio": "4:1", "date": NOV_20 - DAY}},
    });
    yahoo.server.on(
        PATH,
        [Reply::json(chart("AAPL", &[1.0, 2.0], "NMS", &events))],
    );

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let file = "data/us/yahoo/events/ticker=AAPL/data.parquet";
    let decoded = barkeep::codec::decode(
        &bytes::Bytes::from(yahoo.bar.read(file)),
        barkeep::frame::Profile::of(barkeep::model::Dataset::Events),
    );
    let kinds: Vec<&str> = barkeep::frame::events_of(&decoded.unwrap().ordered.frame)
        .iter()
        .map(|event| event.kind.as_str())
        .collect();
    assert_eq!(kinds, ["split", "dividend"]);
}

/// A chart of minutes on one day, `days` after 20 November 2025.
fn minutes(days: i64) -> String {
    let stamps: Vec<i64> = (0..3).map(|at| NOV_20 + days * DAY + at * 60).collect();
    let body = chart("AAPL", &[1.0, 2.0, 3.0], "NMS", &Value::Null);
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["chart"]["result"][0]["timestamp"] = json!(stamps);
    body["chart"]["result"][0]["meta"]["dataGranularity"] = json!("1m");
    body.to_string()
}

#[test]
fn an_outage_longer_than_the_depth_names_the_days_that_are_lost_once() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.server.on(PATH, [Reply::json(minutes(0))]);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo.server.on(PATH, [Reply::json(minutes(42))]);

    "2026-01-02T22:00:00Z".clone_into(&mut yahoo.bar.now);
    let late = yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let asked = yahoo.server.requests().len();
    "2026-01-05T22:00:00Z".clone_into(&mut yahoo.bar.now);
    let next = yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        late.stderr.contains("2025-11-21 to 2025-12-03 are lost"),
        "{}",
        late.stderr
    );
    assert!(!next.stderr.contains("lost"), "{}", next.stderr);
    assert_eq!(
        yahoo.server.requests().len(),
        asked + 2,
        "one request for the days since, and one for a day that had no price"
    );
}

#[test]
fn an_answer_that_says_less_is_kept_is_asked_again_within_it() {
    let mut yahoo = YahooBar::of(
        "AAPL",
        "5m",
        "windows = { \"5m\" = { request_days = 100, depth_days = 100 } }",
    );
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    let refused = r#"{"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":"5m data not available for startTime=1 and endTime=2. The requested range must be within the last 60 days."}}}"#;
    let body = minutes(0).replace("\"1m\"", "\"5m\"");
    yahoo
        .server
        .on(PATH, [Reply::new(422, refused), Reply::json(body)]);

    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let requests = yahoo.server.requests();
    let from: i64 = requests[1].query("period1").unwrap().parse().unwrap();
    let days = (NOV_20 - from) / DAY;
    assert!((58..=60).contains(&days), "{days}");
    assert!(yahoo.csv("AAPL", "5m").lines().count() > 1);
}

#[test]
fn revisions_of_any_interval_are_found_without_naming_it() {
    let yahoo = YahooBar::of("AAPL", "1h", "");
    let hours = |price: f64| {
        let body = chart("AAPL", &[price, 2.0], "NMS", &Value::Null);
        Reply::json(body.replace("\"1d\"", "\"1h\""))
    };
    yahoo.server.on(PATH, [hours(1.0), hours(1.5)]);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let days = ["update", "--start", "2025-11-10", "--end", "2025-11-21"];
    yahoo.bar.run(&days).expect(Exit::Ok);

    let all = yahoo.bar.run(&["revisions", "AAPL"]).expect(Exit::Ok);
    let other = yahoo
        .bar
        .run(&["revisions", "AAPL", "--interval", "1d"])
        .expect(Exit::Ok);

    assert!(all.stdout.contains("1h"), "{all:?}");
    assert!(other.stdout.is_empty(), "{other:?}");
}

#[test]
fn a_damaged_ledger_is_named_with_its_lines_and_the_others_are_printed() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let line = r#"{"at":"2025-11-20T00:00:00Z","date":"2025-11-19T00:00:00","field":"close","old":1.0,"new":2.0}"#;
    let path = "state/revisions/us/yahoo/stocks_1d/ticker=AAPL.jsonl";
    yahoo.bar.write(path, format!("x\n{line}\n{{\n"));

    let ran = yahoo.bar.run(&["revisions", "AAPL"]).expect(Exit::Damaged);

    assert!(ran.stdout.contains("close"), "{ran:?}");
    assert!(
        ran.stderr.contains(path)
            && ran.stderr.contains("line 1 ")
            && ran.stderr.contains("line 3 "),
        "{ran:?}"
    );
}

#[test]
fn a_setting_that_yahoo_cannot_honour_is_refused() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    for (key, value) in [("date_zone", "\"utc\""), ("derive", "[\"1wk\"]")] {
        let toml = format!("[sources.\"us:yahoo\"]\n{key} = {value}\n");
        yahoo.bar.write("barkeep.toml", toml);

        let ran = yahoo.bar.run(&["update"]).expect(Exit::Failed);

        assert!(ran.stderr.contains(&format!("`{key}`")), "{}", ran.stderr);
    }
}
