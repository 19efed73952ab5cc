//! Feeds that publish what cannot be understood, nothing, or less than they said.

use barkeep::cli::Exit;

use super::{FRIDAY, SAP, TRADES, UPDATE, lines, minutes, thursday, volume_of};
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, packed};
use crate::support::server::Reply;

const FIRST: &str = "2026-09-17T07_00";
const AT_ONCE: &str = "freshness = \"minutes\"";
const MORNING: &str = "2026-09-17T10:00:00Z";

#[test]
fn a_bad_line_costs_itself_and_is_put_away_with_its_place() {
    let feed = FeedServer::start();
    let mut published = lines(FIRST);
    published.insert(1, "{\"half a line\n".to_owned());
    feed.publish(FIRST, &published);
    let bar = feed.workspace(AT_ONCE, MORNING);

    let ran = bar.run(&UPDATE).expect(Exit::Partial);

    assert!(ran.stderr.contains("1 line is no trade"), "{ran:#?}");
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
    let kept = bar.files_in("quarantine");
    let told = kept
        .iter()
        .find(|(path, _)| path.to_string_lossy().ends_with(".bad.txt"));
    let told = String::from_utf8(told.unwrap().1.clone()).unwrap();
    assert!(told.starts_with("line 2 at byte "), "{told}");
    assert!(told.contains("{\"half a line"), "{told}");
    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(
        feed.downloads().len(),
        1,
        "it was read, and is not asked for again"
    );
}

#[test]
fn a_form_that_nobody_knows_fails_aloud_and_its_bytes_are_kept() {
    let feed = FeedServer::start();
    let strange = packed("{\"isinCode\":\"DE0007164600\",\"px\":1}\n");
    feed.publish_bytes(FIRST, &strange);
    feed.publish("2026-09-17T07_03", &lines("2026-09-17T07_03"));
    let bar = feed.workspace(AT_ONCE, MORNING);

    for _ in 0..2 {
        let ran = bar.run(&UPDATE).expect(Exit::Partial);
        assert!(
            ran.stderr.contains("a form that this build does not know"),
            "{ran:#?}"
        );
    }

    assert_eq!(
        feed.downloads().len(),
        3,
        "the other one is read, and this one may have been mended"
    );
    assert_eq!(
        volume_of(&bar, SAP, "1d").to_bits(),
        3.5f64.to_bits(),
        "the other one is stored"
    );
    let vault = bar.files_in("vault");
    let has_it = |bytes: &Vec<u8>| bytes.windows(strange.len()).any(|part| part == strange);
    assert!(vault.values().any(has_it));

    feed.publish(FIRST, &lines(FIRST));
    let mended = bar.run(&UPDATE).expect(Exit::Ok);
    assert!(!mended.stderr.contains("does not know"), "{mended:#?}");
    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(feed.downloads().len(), 4, "what was mended is done with");
}

#[test]
fn after_a_change_of_form_a_run_asks_for_few_minutes_once_more() {
    let feed = FeedServer::start();
    let strange = packed("{\"isinCode\":\"DE0007164600\",\"px\":1}\n");
    for minute in 0..12 {
        feed.publish_bytes(&format!("2026-09-17T07_{minute:02}"), &strange);
    }
    let bar = feed.workspace(AT_ONCE, MORNING);

    bar.run(&UPDATE).expect(Exit::Partial);
    let at_first = feed.downloads().len();
    bar.run(&UPDATE).expect(Exit::Partial);

    assert_eq!((at_first, feed.downloads().len()), (12, 12 + 8));
}

#[test]
fn trades_that_another_feed_publishes_are_told() {
    let feed = FeedServer::start();
    let mut published = lines(FIRST);
    published[1] = published[1].replace("XETA", "XGAT");
    feed.publish(FIRST, &published);
    let bar = feed.workspace(AT_ONCE, MORNING);

    let ran = bar.run(&UPDATE).expect(Exit::Ok);

    assert!(
        ran.stderr.contains("1 trade was made on XGAT"),
        "another file may have come under the name of this one: {ran:#?}"
    );
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
    let again = bar.run(&UPDATE).expect(Exit::Ok);
    assert!(!again.stderr.contains("XGAT"), "{again:#?}");
}

#[test]
fn a_venue_that_was_collected_from_one_feed_is_asked_from_no_other() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace(AT_ONCE, MORNING);
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");

    let other = FeedServer::start_of("DEUR");
    other.publish(FIRST, &lines(FIRST));
    let both = format!("feed = \"DEUR\"\n{AT_ONCE}");
    bar.write("barkeep.toml", other.settings(&both));
    for (more, exit) in [
        (&[][..], Exit::Partial),
        (&["--dry-run"], Exit::SourceDown),
        (&["--replay"], Exit::Partial),
    ] {
        let ran = bar.run(&[&UPDATE[..], more].concat()).expect(exit);
        assert!(
            ran.stderr
                .contains("came from the feed DETR; DEUR needs a venue of its own"),
            "{more:?}: {ran:#?}"
        );
    }
    assert_eq!(other.downloads().len(), 0);
    assert_eq!(bar.files_in("data"), data);

    bar.write("barkeep.toml", feed.settings(AT_ONCE));
    bar.run(&UPDATE).expect(Exit::Ok);
}

/// Bars in dollars would stand behind those in euros, under one name.
#[test]
fn another_main_currency_makes_no_bars_and_keeps_the_trades() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace(AT_ONCE, MORNING);
    bar.run(&UPDATE).expect(Exit::Ok);
    let trees = ["data/de/xetra/stocks_1m", "data/de/xetra/stocks_1d"];
    let bars = |bar: &Barkeep| trees.map(|tree| bar.files_in(tree));
    let before = bars(&bar);
    let next = "2026-09-17T07_03";
    let in_dollars = lines(next).concat().replace("\"EUR\"", "\"USD\"");
    feed.publish(next, &[in_dollars]);
    let changed = format!("currency = \"USD\"\n{AT_ONCE}");
    bar.write("barkeep.toml", feed.settings(&changed));

    for more in [&[][..], &["--replay"]] {
        let ran = bar.run(&[&UPDATE[..], more].concat()).expect(Exit::Partial);
        let told = "no bars are made: those without a currency in their names are in EUR";
        assert!(ran.stderr.contains(told), "{more:?}: {ran:#?}");
    }
    assert_eq!(bars(&bar), before);
    let shown = bar
        .run(&["show", "--trades", SAP, "--format", "csv"])
        .stdout;
    assert_eq!(shown.matches("USD").count(), 1, "{shown}");

    bar.write("barkeep.toml", feed.settings(AT_ONCE));
    bar.run(&UPDATE).expect(Exit::Ok);
    let of_dollars = volume_of(&bar, &format!("{SAP}.USD"), "1d");
    assert_eq!(of_dollars.to_bits(), 3.5f64.to_bits());
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
}

/// A file that breaks off at the first run, and is whole at the second.
fn broken_off_and_whole() -> (Barkeep, FeedServer) {
    let feed = FeedServer::start();
    let whole = packed(&lines(FIRST).concat());
    feed.publish_bytes(FIRST, &whole[..whole.len() - 9]);
    let bar = feed.workspace(AT_ONCE, MORNING);
    bar.run(&UPDATE).expect(Exit::Partial);
    feed.publish_bytes(FIRST, &whole);
    bar.run(&UPDATE).expect(Exit::Ok);
    (bar, feed)
}

#[test]
fn a_file_that_breaks_off_gives_what_it_has_and_is_asked_for_again() {
    let (bar, _feed) = broken_off_and_whole();

    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
}

#[test]
fn a_file_that_is_gone_before_it_is_fetched_is_told() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    feed.server.on(
        &format!("/api/download/DETR-posttrade-{FIRST}.json.gz"),
        [Reply::new(404, "gone")],
    );
    let bar = feed.workspace(AT_ONCE, MORNING);

    let ran = bar.run(&UPDATE).expect(Exit::Partial);

    assert!(ran.stderr.contains("has it no more"), "{ran:#?}");
}

#[test]
fn a_burst_of_429_is_waited_for() {
    let feed = thursday();
    let daily = "/api/download/DETR-posttrade-daily-2026-09-17.json.gz";
    let signed = feed
        .server
        .url("/signed/DETR-posttrade-daily-2026-09-17.json.gz");
    feed.server.on(
        daily,
        [
            Reply::throttled("2"),
            Reply::throttled("35"),
            Reply::redirect(&signed),
        ],
    );
    let bar = feed.workspace("", FRIDAY);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
}

#[test]
fn a_feed_without_anything_on_a_day_of_trading_is_no_success_and_on_a_holiday_it_is() {
    let feed = FeedServer::start();
    for minute in minutes() {
        feed.publish(&minute, &[]);
    }
    let bar = feed.workspace(AT_ONCE, "2026-09-17T20:00:00Z");
    let ran = bar.run(&UPDATE).expect(Exit::Partial);
    assert!(ran.stderr.contains("the exchange was open"), "{ran:#?}");

    let christmas = FeedServer::start();
    let bar = christmas.workspace("", "2026-12-26T20:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(christmas.server.requests().len(), 1, "the listing alone");
}

#[test]
fn a_feed_that_does_not_answer_is_unavailable() {
    let feed = FeedServer::start();
    feed.server
        .on("/api/DETR-posttrade", [Reply::new(503, "down")]);
    let bar = feed.workspace("", FRIDAY);

    bar.run(&UPDATE).expect(Exit::SourceDown);
}

#[test]
fn a_minute_that_is_published_again_with_more_trades_is_taken_again() {
    let feed = FeedServer::start();
    let day: Vec<String> = minutes().flat_map(|minute| lines(&minute)).collect();
    for minute in minutes() {
        feed.publish(&minute, &lines(&minute));
    }
    feed.publish(FIRST, &lines(FIRST)[..1]);
    let mut bar = feed.workspace(AT_ONCE, MORNING);
    bar.run(&UPDATE).expect(Exit::Ok);
    feed.publish(FIRST, &lines(FIRST));
    feed.publish("daily-2026-09-17", &day);

    FRIDAY.clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Ok);

    let again = feed
        .downloads()
        .iter()
        .filter(|name| *name == FIRST)
        .count();
    assert_eq!(again, 2);
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
}

/// What a day does not have whole is told, not passed over.
#[test]
fn a_correction_without_its_trade_an_unknown_mode_and_trades_of_a_closed_day_are_told() {
    let feed = thursday();
    let lost = lines("2026-09-17T13_00")[0].replace(
        "\"mmtModificationInd\":\"-\"",
        "\"mmtModificationInd\":\"C\"",
    );
    let lost = lost.replace("s2026-09-17T13_00", "nobody knows this one");
    feed.publish("2026-09-17T13_00", &[lost]);
    let odd = lines("2026-09-17T13_01")[0]
        .replace("\"mmtTradingMode\":\"2\"", "\"mmtTradingMode\":\"9\"");
    feed.publish("2026-09-17T13_01", &[odd]);
    // A Saturday.
    feed.publish("2026-09-12T08_00", &lines("2026-09-12T08_00"));
    let bar = feed.workspace("freshness = \"minutes\"", FRIDAY);

    let ran = bar.run(&UPDATE);

    assert!(
        ran.stderr.contains(
            "1 correction of 2026-09-17 is of no trade of that day, such as nobody knows this one"
        ),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains(
            "trades of 2026-09-17 are in no bar, 1 in number: their trading mode is none that is known"
        ),
        "{ran:#?}"
    );
    assert!(
        ran.stderr
            .contains("no session of 2026-09-12 is known, so its trades stand outside of one"),
        "{ran:#?}"
    );
}

#[test]
fn a_damaged_day_is_made_anew_by_the_command_that_is_told() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let whole = bar.read(TRADES);
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    bar.write(TRADES, damaged);

    let found = bar.run(&["check"]).expect(Exit::Damaged);

    let told = "barkeep update --replay --venue de:xetra --since 2026-09-17";
    assert!(
        found.stderr.contains(told) || found.stdout.contains(told),
        "{found:#?}"
    );
    bar.run(&[
        "update",
        "--replay",
        "--venue",
        "de:xetra",
        "--since",
        "2026-09-17",
    ]);
    assert_eq!(bar.read(TRADES), whole);
}

/// What a server gave in place of a file, packed as one.
#[test]
fn a_file_without_any_line_of_trades_is_asked_for_again() {
    let feed = FeedServer::start();
    feed.publish_bytes(FIRST, &packed("<html>busy</html>\n"));
    let bar = feed.workspace(AT_ONCE, MORNING);

    let refused = bar.run(&UPDATE).expect(Exit::Partial);
    feed.publish(FIRST, &lines(FIRST));
    bar.run(&UPDATE).expect(Exit::Ok);

    assert!(
        refused.stderr.contains("neither a gzip nor lines of JSON"),
        "{refused:#?}"
    );
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
}

#[test]
fn a_feed_of_which_no_file_is_known_by_its_name_is_no_success() {
    let (feed, other) = (FeedServer::start(), FeedServer::start_of("DGAT"));
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace(AT_ONCE, MORNING);
    let list = |names: &[String]| {
        let listing = serde_json::json!({ "SourcePrefix": "", "CurrentFiles": names });
        let body = listing.to_string();
        feed.server.handle(move |_| Reply::json(body.clone()));
        bar.run(&UPDATE)
    };

    let of_another = list(&[other.name(FIRST)]);
    let of_both = list(&[other.name(FIRST), feed.name(FIRST)]);

    let told = "the feed lists 1 name that is none of its files, such as DGAT-posttrade-";
    for ran in [&of_another, &of_both] {
        assert!(ran.stderr.contains(told), "{ran:#?}");
    }
    assert_eq!(of_another.exit, Exit::Partial, "{of_another:#?}");
}

#[test]
fn a_file_that_broke_off_and_came_whole_is_no_trouble_of_a_replay() {
    let (bar, _feed) = broken_off_and_whole();
    let data = bar.files_in("data");

    bar.run(&[&UPDATE[..], &["--replay"]].concat())
        .expect(Exit::Ok);

    assert_eq!(bar.files_in("data"), data);
}
