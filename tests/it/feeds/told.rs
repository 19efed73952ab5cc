//! What is told of a feed while it is asked, and of a day that is not over.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use super::{FRIDAY, SAP, SIEMENS, UPDATE, lines, minutes, thursday};
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::feed::FeedServer;

fn events(ran: &Ran, name: &str) -> Vec<Value> {
    let events = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    events
        .filter(|event: &Value| event["event"] == name)
        .collect()
}

#[test]
fn each_file_is_told_when_it_is_done_and_how_many_are_needed_after_all() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);

    let ran = bar
        .run(&[&UPDATE[..], &["--json"]].concat())
        .expect(Exit::Ok);

    let done = events(&ran, "file_done");
    assert_eq!(done.len(), feed.downloads().len());
    assert_eq!(done[0]["file"], "DETR-posttrade-daily-2026-09-17.json.gz");
    let planned = events(&ran, "files_planned");
    let last = planned.last().unwrap();
    assert_eq!(
        last,
        &json!({ "event": "files_planned", "venue": "de:xetra", "files": done.len() })
    );
}

#[test]
fn a_file_that_cannot_be_had_is_done_too() {
    let feed = FeedServer::start();
    let all: Vec<String> = minutes().collect();
    for minute in &all {
        feed.publish(minute, &lines(minute));
    }
    feed.publish_bytes(&all[3], b"no gzip");
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");

    let ran = bar.run(&[&UPDATE[..], &["--json"]].concat());

    assert_eq!(ran.exit, Exit::Partial, "{ran:#?}");
    assert_eq!(events(&ran, "file_done").len(), 40);
}

/// A workspace that fetches Thursday's minutes while Thursday is under way, with one ticker in tickers.json.
fn under_way(feed: &FeedServer) -> Barkeep {
    let bar = feed.workspace(
        "freshness = \"minutes\"\nderive = [\"1h\"]",
        "2026-09-17T08:20:00Z",
    );
    bar.run(&["tickers", "add", SAP, "--venue", "de:xetra"])
        .expect(Exit::Ok);
    for minute in minutes().take(22) {
        feed.publish(&minute, &lines(&minute));
    }
    bar.run(&UPDATE).expect(Exit::Ok);
    bar
}

fn provisional(bar: &Barkeep, ticker: &str, interval: &str) -> Value {
    let args = ["show", ticker, "-i", interval, "--format", "json"];
    let shown = bar.run(&args).expect(Exit::Ok);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    shown["provisional"].clone()
}

fn noted(bar: &Barkeep, interval: &str) -> Value {
    let registry: Value = serde_json::from_str(&bar.text("tickers.json")).unwrap();
    registry[SAP]["intervals"][interval]["provisional"].clone()
}

/// Counts, ticker by ticker, the months of its series with provisional bars, as the page of a workspace has them.
#[cfg(feature = "polars")]
fn provisional_months(page: &str) -> Vec<(String, usize)> {
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let document: Value = serde_json::from_str(data).unwrap();
    let tickers = document["tickers"].as_array().unwrap().iter().enumerate();
    let months = |at: usize| {
        let series = document["series"].as_array().unwrap().iter();
        let of_ticker = series.filter(|row| row[0].as_u64() == u64::try_from(at).ok());
        of_ticker.map(|row| row[10].as_array().unwrap().len()).sum()
    };
    let each = tickers.map(|(at, ticker)| (ticker.as_str().unwrap().to_owned(), months(at)));
    let mut each: Vec<_> = each.collect();
    each.sort();
    each
}

#[cfg(feature = "polars")]
#[test]
fn bars_of_a_day_under_way_are_provisional_until_the_day_is_whole() {
    let feed = FeedServer::start();
    let mut bar = under_way(&feed);

    // Held to 08:04 UTC, which is 10:04 on the clock of the exchange.
    for (interval, expected) in [
        ("1d", json!(["2026-09-17T00:00:00"])),
        ("1h", json!(["2026-09-17T10:00:00"])),
        ("1m", json!([])),
    ] {
        for ticker in [SAP, SIEMENS] {
            assert_eq!(
                provisional(&bar, ticker, interval),
                expected,
                "{ticker} {interval}"
            );
        }
        let in_registry = if expected == json!([]) {
            Value::Null
        } else {
            expected
        };
        assert_eq!(noted(&bar, interval), in_registry, "{interval}");
    }
    // The page says it also of what has no entry in tickers.json.
    let page = |bar: &Barkeep| {
        bar.run(&["report", "-o", "report.html", "--force"])
            .expect(Exit::Ok);
        provisional_months(&bar.text("report.html"))
    };
    assert_eq!(page(&bar), [SAP, SIEMENS].map(|one| (one.to_owned(), 2)));
    let told = bar.run(&["show", SAP, "-i", "1d"]).expect(Exit::Ok).stderr;
    assert!(
        told.contains("The bar of 2026-09-17 is not over yet."),
        "{told}"
    );
    let joined = bar.run(&["show", SAP, "-i", "1m", "--resample", "1d"]);
    assert!(
        joined
            .stderr
            .contains("The bar of 2026-09-17 is not over yet."),
        "{joined:#?}"
    );

    let all: Vec<String> = minutes().collect();
    for minute in &all {
        feed.publish(minute, &lines(minute));
    }
    let day: Vec<String> = all.iter().flat_map(|minute| lines(minute)).collect();
    feed.publish("daily-2026-09-17", &day);
    FRIDAY.clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Ok);

    for interval in ["1d", "1h", "1m"] {
        assert_eq!(provisional(&bar, SAP, interval), json!([]), "{interval}");
        assert_eq!(noted(&bar, interval), Value::Null, "{interval}");
    }
    assert_eq!(page(&bar), [SAP, SIEMENS].map(|one| (one.to_owned(), 0)));
    let joined = bar.run(&["show", SAP, "-i", "1m", "--resample", "1d"]);
    assert!(!joined.stderr.contains("not over"), "{joined:#?}");
}

/// A minute of the last day of September is never given, and October has begun.
#[cfg(feature = "polars")]
#[test]
fn the_page_marks_a_month_of_which_trades_may_come_although_newer_bars_are_settled() {
    let feed = FeedServer::start();
    for minute in ["2026-09-30T07_00", "2026-09-30T07_03", "2026-09-30T07_06"] {
        feed.publish(minute, &lines(minute));
    }
    feed.fail("2026-09-30T07_03");
    let mut bar = feed.workspace("freshness = \"minutes\"", "2026-09-30T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Partial);
    feed.publish("2026-10-01T07_00", &lines("2026-10-01T07_00"));
    "2026-10-01T10:00:00Z".clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Partial);

    bar.run(&["report", "-o", "report.html"]).expect(Exit::Ok);

    // Of days both months, and of minutes the one with the day that lacks one.
    let expected = [SAP, SIEMENS].map(|one| (one.to_owned(), 3));
    assert_eq!(provisional_months(&bar.text("report.html")), expected);
}
