//! A feed of trades from its listing to bars, through the program.

mod again;
mod crash;
mod daily;
mod derived;
mod expiry;
mod gaps;
mod home;
mod left;
mod lost;
mod marks;
mod outward;
mod packs;
mod recorded;
mod replayed;
mod taken_out;
mod together;
mod told;
mod trouble;
mod versions;

use barkeep::cli::Exit;

use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, SAP, SIEMENS, lines};

const UPDATE: [&str; 3] = ["update", "--venue", "de:xetra"];
const TRADES: &str = "data/de/xetra/trades/venue=DETR/year=2026/month=09/day=17/trades.parquet";
/// Friday morning: the file of Thursday is there.
const FRIDAY: &str = "2026-09-18T06:00:00Z";

/// The minutes of Thursday's continuous trading that have trades, in UTC.
fn minutes() -> impl Iterator<Item = String> {
    (0..40).map(|at| format!("2026-09-17T{:02}_{:02}", 7 + at / 20, at % 20 * 3))
}

/// A feed with all of Thursday: its minutes and the file of the day.
fn thursday() -> FeedServer {
    let feed = FeedServer::start();
    let mut day = Vec::new();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
        day.extend(lines(&minute));
    }
    feed.publish("daily-2026-09-17", &day);
    feed
}

fn volume_of(bar: &Barkeep, ticker: &str, interval: &str) -> f64 {
    let shown = bar.show(ticker, interval, &["--venue", "de:xetra"]);
    let volumes = shown.column(6);
    volumes
        .iter()
        .map(|volume| volume.parse::<f64>().unwrap())
        .sum()
}

#[test]
fn the_file_of_a_day_brings_it_with_few_requests_and_further_runs_change_nothing() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);

    let made = bar.run(&["init", "--venue", "de:xetra"]).expect(Exit::Ok);
    assert!(!made.stderr.contains("No source"), "{made:#?}");
    let first = bar.run(&UPDATE).expect(Exit::Ok);

    assert!(first.stderr.contains("80 new"), "{first:#?}");
    let downloads = feed.downloads();
    assert_eq!(downloads[0], "daily-2026-09-17");
    assert!(downloads.len() < 10, "{downloads:?}");
    assert!(bar.has(TRADES));
    for (ticker, volume) in [(SIEMENS, 400.0), (SAP, 140.0)] {
        for interval in ["1m", "1d"] {
            assert_eq!(
                volume_of(&bar, ticker, interval).to_bits(),
                f64::to_bits(volume)
            );
        }
    }
    let (data, vault) = (bar.files_in("data"), bar.files_in("vault"));
    for _ in 0..2 {
        bar.run(&UPDATE).expect(Exit::Ok);
        assert_eq!(bar.files_in("data"), data);
        assert_eq!(bar.files_in("vault"), vault);
    }
    assert_eq!(feed.downloads(), downloads, "nothing is asked for twice");
}

#[test]
fn minutes_are_fetched_at_once_where_somebody_wants_them_so() {
    let feed = FeedServer::start();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(feed.downloads().len(), 40);
    assert_eq!(volume_of(&bar, SIEMENS, "1m").to_bits(), 400f64.to_bits());
}

#[test]
fn minutes_wait_for_the_file_of_their_day_as_long_as_nothing_is_lost_by_it() {
    let feed = FeedServer::start();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    let bar = feed.workspace("", "2026-09-17T10:00:00Z");

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(feed.downloads(), Vec::<String>::new());
}

#[test]
fn a_daily_file_without_some_trades_of_a_witness_stands_for_nothing() {
    let feed = thursday();
    let day: Vec<String> = minutes().flat_map(|minute| lines(&minute)).collect();
    // The very last one is missing.
    feed.publish("daily-2026-09-17", &day[..79]);
    let bar = feed.workspace("", FRIDAY);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(feed.downloads().len(), 41, "{:?}", feed.downloads());
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
}

#[test]
fn all_is_made_anew_of_the_vault_without_a_request_to_equal_bytes() {
    let feed = thursday();
    let bar = feed.workspace("derive = [\"5m\"]", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    let asked = feed.server.requests().len();

    bar.run(&["update", "--replay"]).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data, "over what is there");
    bar.remove("data");
    bar.run(&[
        "update",
        "--replay",
        "--since",
        "2026-09-17",
        "--venue",
        "de:xetra",
    ])
    .expect(Exit::Ok);

    assert_eq!(bar.files_in("data"), data, "over nothing");
    assert_eq!(feed.server.requests().len(), asked);
}

#[test]
fn bars_are_made_of_what_somebody_wants() {
    let feed = thursday();
    let none = feed.workspace("bars = \"none\"", FRIDAY);
    none.run(&UPDATE).expect(Exit::Ok);
    let listed = feed.workspace("bars = \"listed\"", FRIDAY);
    listed
        .run(&["tickers", "add", SAP, "--venue", "de:xetra"])
        .expect(Exit::Ok);
    listed.run(&UPDATE).expect(Exit::Ok);

    let bars = |bar: &Barkeep, ticker: &str| {
        let folder = format!("data/de/xetra/stocks_1d/ticker={ticker}");
        bar.has(folder)
    };
    assert!(none.has(TRADES));
    assert!(!bars(&none, SAP) && !bars(&none, SIEMENS));
    assert!(bars(&listed, SAP) && !bars(&listed, SIEMENS));
}

#[test]
fn a_run_that_is_only_thought_of_says_what_it_would_have_and_writes_nothing() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    let before = bar.tree();

    let planned = bar.run(&["update", "--venue", "de:xetra", "--dry-run"]);

    let planned = planned.expect(Exit::Ok);
    assert!(
        planned
            .stdout
            .contains("DETR-posttrade-daily-2026-09-17.json.gz"),
        "{planned:#?}"
    );
    assert_eq!(feed.downloads(), Vec::<String>::new());
    let mut after = bar.tree();
    // How the host was used is for the next run to know, also of one that asks what there is.
    after.retain(|path, _| !path.starts_with(bar.path().join("state/rate")));
    assert_eq!(before, after);
}

#[test]
fn a_run_without_a_venue_asks_no_feed_that_nobody_described() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let ran = bar.run(&["update", "--json"]).expect(Exit::Ok);

    assert_eq!(ran.summary()["feeds"], serde_json::json!([]));
}
