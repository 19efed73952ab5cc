//! Feeds beside other venues, beside each other, and beside what happens while they are asked.

use std::thread;
use std::time::{Duration, Instant};

use barkeep::cli::Exit;
use rustix::process::Signal;

use super::{FRIDAY, SAP, SIEMENS, TRADES, UPDATE, lines, minutes, thursday, volume_of};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, packed};
use crate::support::server::Reply;

const BOTH: [&str; 5] = ["update", "--venue", "us:demo", "--venue", "de:xetra"];

/// A workspace with a venue of bars and one of trades.
fn of_both(feed: &FeedServer) -> Barkeep {
    let bar = feed.workspace("", FRIDAY);
    let demo = [
        "init",
        "--venue",
        "us:demo",
        "--ticker",
        "AAPL",
        "--interval",
        "1d",
    ];
    bar.run(&demo).expect(Exit::Ok);
    bar
}

#[test]
fn bars_and_trades_are_stored_by_one_run() {
    let feed = thursday();
    let bar = of_both(&feed);

    bar.run(&BOTH).expect(Exit::Ok);

    assert!(
        !bar.show("AAPL", "1d", &["--venue", "us:demo"])
            .closes()
            .is_empty()
    );
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
    let data = bar.files_in("data");
    bar.run(&BOTH).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_feed_that_is_down_holds_back_no_bars_and_missing_bars_hold_back_no_trades() {
    let feed = thursday();
    feed.server
        .on("/api/DETR-posttrade", [Reply::new(404, "away")]);
    let bar = of_both(&feed);
    let ran = bar.run(&BOTH).expect(Exit::Partial);
    assert!(ran.stderr.contains("de:xetra"), "{ran:#?}");
    assert!(
        !bar.show("AAPL", "1d", &["--venue", "us:demo"])
            .closes()
            .is_empty()
    );

    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    let more = "[sources.\"us:stooq\"]\nkind = \"files\"\npath = \"nowhere\"\n";
    bar.write("barkeep.toml", feed.settings("") + more);
    let files = [
        "init",
        "--venue",
        "us:stooq",
        "--ticker",
        "AAPL",
        "--interval",
        "1d",
    ];
    bar.run(&files).expect(Exit::Ok);
    let both = ["update", "--venue", "us:stooq", "--venue", "de:xetra"];
    let ran = bar.run(&both).expect(Exit::Partial);
    assert!(ran.stderr.contains("us:stooq"), "{ran:#?}");
    assert!(bar.has(TRADES));
}

#[test]
fn a_signal_ends_a_download_at_once_and_the_next_run_completes_the_day() {
    let feed = thursday();
    let daily = feed.name("daily-2026-09-17");
    let signed = format!("/signed/{daily}");
    let whole: Vec<String> = minutes().flat_map(|minute| lines(&minute)).collect();
    let bytes = packed(&whole.concat());
    let replies = [Reply::stall(), Reply::new(200, bytes)];
    feed.server.on(&signed, replies);
    let bar = feed.workspace("max_requests = 0", FRIDAY);

    let running = bar.start(&UPDATE);
    while !feed
        .server
        .requests()
        .iter()
        .any(|request| request.path == signed)
    {
        thread::sleep(Duration::from_millis(5));
    }
    let asked_to_stop = Instant::now();
    running.signal(Signal::TERM);
    running.end().expect(143);
    assert!(asked_to_stop.elapsed() < Duration::from_secs(2));

    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(volume_of(&bar, SIEMENS, "1d").to_bits(), 400f64.to_bits());
}

#[test]
fn the_file_of_a_day_that_appears_while_its_minutes_are_fetched_loses_and_doubles_nothing() {
    let feed = FeedServer::start();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    let whole: Vec<String> = minutes().flat_map(|minute| lines(&minute)).collect();
    let middle = minutes().nth(20).unwrap();
    feed.publish_upon(&middle, "daily-2026-09-17", &whole);
    let bar = feed.workspace("freshness = \"minutes\"", FRIDAY);

    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    assert_eq!(feed.downloads().len(), 40);
    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(feed.downloads().last().unwrap(), "daily-2026-09-17");
    assert_eq!(bar.files_in("data"), data, "it says nothing new");
    assert_eq!(volume_of(&bar, SAP, "1m").to_bits(), 140f64.to_bits());
}

#[test]
fn another_feed_of_the_service_needs_settings_and_nothing_else() {
    let feed = FeedServer::start_of("DEUR");
    let whole: Vec<String> = minutes().flat_map(|minute| lines(&minute)).collect();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    feed.publish("daily-2026-09-17", &whole);
    let mut bar = Barkeep::empty();
    let address = feed.server.url("");
    let settings = format!(
        "[sources.\"de:eurex\"]\nkind = \"posttrade\"\nfeed = \"DEUR\"\nbase_url = \"{address}\"\n"
    );
    bar.write("barkeep.toml", settings);
    bar.run(&["init", "--venue", "de:eurex"]).expect(Exit::Ok);
    FRIDAY.clone_into(&mut bar.now);

    bar.run(&["update", "--venue", "de:eurex"]).expect(Exit::Ok);

    assert!(bar.has("data/de/eurex/trades/venue=DEUR/year=2026/month=09/day=17/trades.parquet"));
    let shown = bar.show(SAP, "1d", &["--venue", "de:eurex"]);
    assert_eq!(shown.column(6), ["140.0"]);
}
