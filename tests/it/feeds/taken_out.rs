//! Rows that a person took out of the series of a feed, when its trades are read and its bars are made again.

use barkeep::cli::Exit;
use barkeep::model::{Feed, Interval, Series};

use super::{FRIDAY, SAP, SIEMENS, TRADES, UPDATE, lines, thursday, volume_of};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, line};
use crate::support::trades::take_out;

const DERIVED: &str = "derive = [\"5m\"]\nfreshness = \"minutes\"";
const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "de:xetra"];
/// When the exchange opens, on its clock.
const OPENING: &str = "2026-09-17T09:00:00";
const DAY: &str = "2026-09-17";

fn bars(ticker: &str, interval: Interval) -> Series {
    let ticker = ticker.parse().unwrap();
    Series::Bars { ticker, interval }
}

fn stamps(bar: &Barkeep, ticker: &str, interval: &str) -> Vec<String> {
    let shown = bar.show(ticker, interval, &["--venue", "de:xetra"]);
    let stamps = shown.column(1).into_iter();
    stamps.map(|stamp| stamp.replace(' ', "T")).collect()
}

fn has(bar: &Barkeep, (ticker, interval): (&str, &str), stamp: &str) -> bool {
    stamps(bar, ticker, interval).iter().any(|one| one == stamp)
}

/// A workspace with all of Thursday, of which a person took out bars of Siemens and of SAP.
fn repaired(feed: &FeedServer) -> Barkeep {
    let bar = feed.workspace(DERIVED, FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    for ticker in [SIEMENS, SAP] {
        take_out(&bar, bars(ticker, Interval::M1), &[OPENING]);
        take_out(&bar, bars(ticker, Interval::M5), &[OPENING]);
        take_out(&bar, bars(ticker, Interval::D1), &[DAY]);
    }
    bar
}

/// Publishes on Friday what becomes of the first trade of SAP: another price.
fn amend(feed: &FeedServer) {
    let first = line(
        SAP,
        "p2026-09-17T07_00",
        "2026-09-17T07:00:59",
        (181.25, 3.5),
    );
    let amended = first
        .replace("2026-09-17T07:00:59.5", "2026-09-18T07:10:10.5")
        .replace(r#""mmtModificationInd":"-""#, r#""mmtModificationInd":"A""#);
    feed.publish("2026-09-18T07_10", &[amended]);
}

#[test]
fn bars_that_a_person_took_out_are_not_made_again_of_the_vault() {
    let feed = thursday();
    let bar = repaired(&feed);
    let data = bar.files_in("data");
    assert!(!has(&bar, (SAP, "1m"), OPENING));

    for _ in 0..2 {
        bar.run(&REPLAY).expect(Exit::Ok);
        assert_eq!(bar.files_in("data"), data);
    }
    // Where the trades are gone they are read again, and are none that came.
    bar.remove(TRADES);
    bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn bars_that_a_person_took_out_come_back_once_trades_of_them_change() {
    let feed = thursday();
    let mut bar = repaired(&feed);
    "2026-09-18T10:00:00Z".clone_into(&mut bar.now);
    amend(&feed);

    bar.run(&UPDATE).expect(Exit::Ok);

    for (interval, stamp) in [("1m", OPENING), ("5m", OPENING), ("1d", DAY)] {
        assert!(
            has(&bar, (SAP, interval), stamp),
            "{interval}: trades of it changed"
        );
        assert!(
            !has(&bar, (SIEMENS, interval), stamp),
            "{interval}: none did"
        );
    }
    let data = bar.files_in("data");
    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
    take_out(&bar, bars(SAP, Interval::M1), &[OPENING]);
    bar.run(&REPLAY).expect(Exit::Ok);
    assert!(!has(&bar, (SAP, "1m"), OPENING), "it was taken out again");
}

/// They had been there when the bar was taken out, and passed for new ones.
#[test]
fn a_bar_that_a_person_took_out_stays_out_when_lost_trades_of_it_are_back() {
    const MINUTES: [&str; 3] = ["2026-09-17T07_00", "2026-09-17T07_03", "2026-09-17T07_06"];
    let mirror = ["mirror", "--venue", "de:xetra", "--trades"];
    let repair = ["check", "--repair", "--yes", "de:xetra"];
    for back in [&REPLAY[..], &repair] {
        let feed = FeedServer::start();
        feed.publish(MINUTES[0], &lines(MINUTES[0]));
        let mut bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
        bar.run(&UPDATE).expect(Exit::Ok);
        take_out(&bar, bars(SAP, Interval::M1), &[OPENING]);
        bar.run(&mirror).expect(Exit::Ok);
        bar.remove(TRADES);
        feed.forget(MINUTES[0]);
        feed.publish(MINUTES[1], &lines(MINUTES[1]));
        "2026-09-17T10:10:00Z".clone_into(&mut bar.now);
        bar.run(&UPDATE).expect(Exit::Partial);

        bar.run(back).expect(Exit::Ok);
        feed.publish(MINUTES[2], &lines(MINUTES[2]));
        "2026-09-17T10:20:00Z".clone_into(&mut bar.now);
        bar.run(&UPDATE).expect(Exit::Ok);

        let stamps = stamps(&bar, SAP, "1m");
        let left = ["2026-09-17T09:03:00", "2026-09-17T09:06:00"];
        assert_eq!(stamps, left, "{back:?}");
        assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 10.5f64.to_bits());
    }
}

#[test]
fn a_longer_bar_is_made_of_the_minutes_that_are_left() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    take_out(
        &bar,
        bars(SAP, Interval::M1),
        &[OPENING, "2026-09-17T09:03:00"],
    );

    bar.write("barkeep.toml", feed.settings(DERIVED));
    bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(stamps(&bar, SIEMENS, "5m")[0], OPENING);
    assert_eq!(stamps(&bar, SAP, "5m")[0], "2026-09-17T09:05:00");
}

#[test]
fn trades_that_a_person_took_out_are_not_read_again_out_of_the_vault() {
    let feed = thursday();
    let bar = feed.workspace(DERIVED, FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let feed_of: Feed = "DETR".parse().unwrap();
    let trades = Series::Trades { feed: feed_of };
    take_out(&bar, trades, &["2026-09-17T07:00:05"]);
    let trades = bar.read(TRADES);

    bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(bar.read(TRADES), trades);
}

/// What is left of a day is its file in the mirror; where nothing is, the day has none. None of it is a loss.
#[test]
fn trades_that_a_person_took_out_leave_their_mirror() {
    let feed = thursday();
    let mut bar = feed.workspace(DERIVED, FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let mirror = ["mirror", "--venue", "de:xetra", "--trades", "--json"];
    let rows = |bar: &Barkeep| {
        let made = bar.run(&mirror).expect(Exit::Ok).summary()["mirrors"][0].clone();
        assert_eq!(made["series_with_last_copies"], 0);
        bar.run(&[&mirror[..], &["--verify"]].concat())
            .expect(Exit::Ok);
        made["rows"].as_u64().unwrap()
    };
    let trades = || Series::Trades {
        feed: "DETR".parse().unwrap(),
    };

    let before = rows(&bar);
    bar.now = "2026-09-18T06:10:00Z".to_owned();
    take_out(&bar, trades(), &["2026-09-17T07:00:05"]);
    let without_one = rows(&bar);
    bar.now = "2026-09-18T06:20:00Z".to_owned();
    let stamps = super::minutes().flat_map(|minute| {
        let at = minute.replace('_', ":");
        [format!("{at}:05"), format!("{at}:59")]
    });
    let stamps: Vec<String> = stamps.skip(1).collect();
    let stamps: Vec<&str> = stamps.iter().map(String::as_str).collect();
    take_out(&bar, trades(), &stamps);
    let without_all = rows(&bar);

    assert_eq!((before, without_one, without_all), (80, 79, 0));
    assert!(!bar.has(TRADES));
}
