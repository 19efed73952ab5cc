//! What comes along with bars finds its place whatever the bars stand on.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::foreign::{ForeignFile, days};
use crate::support::server::{Reply, Request};

fn dividend() -> Value {
    json!({"dividends": {"1": {"amount": 0.25, "date": NOV_20 - DAY}}})
}

/// Daily bars of the predecessor, and hours that were not asked for yet.
fn with_days_of_the_predecessor() -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    yahoo
        .bar
        .run(&["init", "--interval", "1h"])
        .expect(Exit::Ok);
    let old = days("AAPL", &[("2025-11-03", 1.0), ("2025-11-04", 1.5)]);
    let month = "data/us/yahoo/stocks_1d/ticker=AAPL/year=2025/month=11/data.parquet";
    yahoo.bar.write(month, ForeignFile::of(old).bytes());
    "2025-11-21T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo
}

/// A workspace of the predecessor has daily bars adjusted for dividends. New hourly bars are not, and the dividends that
/// came with the second of the two were refused for it.
#[test]
fn events_are_stored_whatever_basis_the_bars_have_that_they_came_with() {
    let yahoo = with_days_of_the_predecessor();
    yahoo.server.handle(|request: &Request| {
        let interval = request.query("interval").unwrap();
        let mut events = dividend();
        if interval == "1h" {
            events["dividends"]["2"] = json!({"amount": 0.5, "date": NOV_20});
        }
        let body = chart("AAPL", &[1.0, 2.0], "NMS", &events);
        Reply::json(body.replace("\"1d\"", &format!("\"{interval}\"")))
    });

    yahoo
        .bar
        .run(&["update", "--interval", "1d"])
        .expect(Exit::Ok);
    yahoo
        .bar
        .run(&["update", "--interval", "1h"])
        .expect(Exit::Ok);

    let kept = yahoo.bar.tree();
    assert!(
        kept.iter()
            .all(|(path, _)| !path.to_string_lossy().contains("quarantine"))
    );
    let args = [
        "show",
        "AAPL",
        "--interval",
        "1h",
        "--events",
        "--format",
        "csv",
    ];
    let events = yahoo.bar.run(&args).expect(Exit::Ok).stdout;
    assert!(events.contains("2025-11-19,dividend,0.25"), "{events}");
    assert!(events.contains("2025-11-20,dividend,0.5"), "{events}");
}

/// A person fetched old days, and today's unfinished bar counted as final from then on.
#[test]
fn old_days_leave_the_mark_of_an_unfinished_bar_where_it_is() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    let body = chart("AAPL", &[1.0, 2.0, 3.0], "NMS", &Value::Null);
    yahoo
        .server
        .on("/v8/finance/chart/AAPL", [Reply::json(body)]);
    "2025-11-20T16:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let provisional = || {
        let registry: Value = yahoo.bar.json("tickers.json");
        registry["AAPL"]["intervals"]["1d"]["provisional"].clone()
    };
    let before = provisional();
    assert_eq!(before, json!(["2025-11-20T00:00:00"]));

    let days = ["update", "--start", "2025-11-18", "--end", "2025-11-19"];
    yahoo.bar.run(&days).expect(Exit::Ok);

    assert_eq!(provisional(), before);
}

/// Only the events of an answer without bars came, and those of another company joined the old one's.
#[test]
fn events_of_another_security_are_not_stored_either() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let old = chart("AAPL", &[1.0, 2.0], "NMS", &Value::Null);
    let new = chart("AAPL", &[], "NYQ", &dividend());
    yahoo.server.on(
        "/v8/finance/chart/AAPL",
        [Reply::json(old), Reply::json(new)],
    );
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let days = ["update", "--start", "2025-11-10", "--end", "2025-11-21"];
    let ran = yahoo.bar.run(&days).expect(Exit::Partial);

    assert!(
        ran.stderr.contains("exchange was NMS and is NYQ"),
        "{}",
        ran.stderr
    );
    let is_event = |path: &std::path::Path| path.to_string_lossy().contains("/events/");
    assert!(yahoo.bar.tree().iter().all(|(path, _)| !is_event(path)));
}

/// Daily closes of the predecessor contain the dividends already: over them, an adjusted close is a factor of one, and the
/// hours of a workspace that it began were shown as if nothing had ever been paid.
#[test]
fn hours_take_no_factor_from_daily_closes_that_contain_the_dividends() {
    let yahoo = with_days_of_the_predecessor();
    yahoo.server.handle(|request: &Request| {
        let interval = request.query("interval").unwrap();
        let events = json!({"dividends": {"1": {"amount": 1.0, "date": NOV_20}}});
        let body = chart("AAPL", &[10.0, 10.0], "NMS", &events);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        let result = &mut body["chart"]["result"][0];
        result["meta"]["dataGranularity"] = json!(interval);
        result["indicators"]["adjclose"] = json!([{"adjclose": [9.0, 10.0]}]);
        Reply::json(body.to_string())
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let shown = yahoo.show("AAPL", "1h", &["--adjust"]).expect(Exit::Ok);

    let closes: Vec<&str> = shown
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap())
        .collect();
    assert_eq!(closes, ["9.0", "10.0"], "{}", shown.stdout);
}

/// Prices were printed as if nothing had ever been paid, and the command ended as if they were right.
#[test]
fn payments_that_are_gone_are_told_by_whoever_adjusts_by_them() {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let body = chart("AAPL", &[10.0, 10.0], "NMS", &dividend());
    yahoo
        .server
        .on("/v8/finance/chart/AAPL", [Reply::json(body)]);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let commands: [&[&str]; 5] = [
        &["show", "AAPL", "--adjust"],
        &["show", "AAPL", "--events"],
        &["export", "-o", "a.csv", "--force", "--adjust=all"],
        &["export", "-o", "f.csv", "--force", "--factors"],
        &["chart", "AAPL", "--adjust"],
    ];
    for command in commands {
        yahoo.bar.run(command).expect(Exit::Ok);
    }
    let is_event = |path: &std::path::Path| path.to_string_lossy().contains("/events/");
    let kept = yahoo.bar.tree();
    let events: Vec<_> = kept.iter().filter(|(path, _)| is_event(path)).collect();
    assert_eq!(events.len(), 1, "{events:?}");

    yahoo.bar.remove(events[0].0.clone());

    for command in commands {
        let ran = yahoo.bar.run(command).expect(Exit::Partial);
        let told = "AAPL events at us:yahoo: of 1 rows that were stored 0 are there";
        assert!(ran.stderr.contains(told), "{command:?} {}", ran.stderr);
    }
    yahoo.bar.run(&["show", "AAPL"]).expect(Exit::Ok);
}
