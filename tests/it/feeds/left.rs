//! Feeds that were collected and that nobody asks any more, since their settings are gone: they were forgotten without a word.

use barkeep::cli::Exit;

use super::lines;
use crate::support::barkeep::Barkeep;
use crate::support::feed::FeedServer;

const EUREX: &str = "de:eurex";
const MINUTE: &str = "2026-09-16T08_00";

/// The settings of Eurex at this server.
fn settings(feed: &FeedServer) -> String {
    let xetra = feed.settings("kind = \"posttrade\"\nfeed = \"DEUR\"");
    xetra.replace("de:xetra", EUREX)
}

/// A workspace that has collected Wednesday of Eurex.
fn collected() -> (Barkeep, FeedServer) {
    let feed = FeedServer::start_of("DEUR");
    feed.publish("daily-2026-09-16", &lines(MINUTE));
    feed.publish(MINUTE, &lines(MINUTE));
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", settings(&feed));
    bar.run(&["init", "--venue", EUREX]).expect(Exit::Ok);
    "2026-09-17T05:00:00Z".clone_into(&mut bar.now);
    bar.run(&["update"]).expect(Exit::Ok);
    (bar, feed)
}

#[test]
fn a_feed_whose_settings_are_gone_is_told_until_what_is_remembered_of_it_is_moved_away() {
    let (mut bar, feed) = collected();
    bar.remove("barkeep.toml");
    let told = "de:eurex was collected from the feed DEUR, which no settings describe any more";

    let alone = bar.run(&["update"]).expect(Exit::SourceDown);
    assert!(alone.stderr.contains(told), "{alone:#?}");
    let status = bar.run(&["status"]);
    assert!(status.stderr.contains(told), "{status:#?}");

    let xetra = FeedServer::start();
    xetra.publish("daily-2026-09-17", &lines("2026-09-17T08_00"));
    xetra.publish("2026-09-17T08_00", &lines("2026-09-17T08_00"));
    bar.write("barkeep.toml", xetra.settings("kind = \"posttrade\""));
    "2026-09-18T05:00:00Z".clone_into(&mut bar.now);
    let beside = bar.run(&["update"]).expect(Exit::Partial);
    assert!(beside.stderr.contains(told), "{beside:#?}");
    let named = bar.run(&["update", "--venue", "de:xetra"]).expect(Exit::Ok);
    assert!(!named.stderr.contains("eurex"), "{named:#?}");

    bar.write("barkeep.toml", settings(&feed));
    bar.run(&["status"]).expect(Exit::Ok);
    bar.remove("barkeep.toml");
    bar.remove("state/feeds/de.eurex");
    let nothing = bar.run(&["update", "--venue", "de:xetra"]);
    assert!(!nothing.stderr.contains("eurex"), "{nothing:#?}");
}

/// Thursday and Friday were never asked for, and are forgotten by Tuesday.
#[test]
fn what_a_feed_forgets_that_nobody_asks_is_lost_in_gaps_and_metrics() {
    let (mut bar, _feed) = collected();
    let metrics = |bar: &Barkeep| {
        bar.run(&["update", "--metrics-file", "metrics.prom"]);
        let text = String::from_utf8(bar.read("metrics.prom")).unwrap();
        let of_eurex = text
            .lines()
            .filter(|line| line.starts_with("barkeep_feed_") && line.contains("source=\"eurex\""));
        of_eurex.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = metrics(&bar);
    bar.remove("barkeep.toml");
    "2026-09-22T05:00:00Z".clone_into(&mut bar.now);

    let after = metrics(&bar);

    assert!(!before.is_empty());
    assert_eq!(before.len(), after.len());
    let lost = after.iter().find(|line| line.contains("state=\"lost\""));
    let lost = lost.and_then(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(
        lost.is_some_and(|minutes| minutes >= 2 * 1_321),
        "{after:#?}"
    );
    let gaps = bar.run(&["status", "--gaps"]);
    let row = |state: &str| {
        let mut rows = gaps.stdout.lines();
        rows.any(|row| row.contains(EUREX) && row.contains(state))
    };
    assert!(row("have") && row("lost"), "{gaps:#?}");
}
