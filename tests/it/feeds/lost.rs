//! Trades that were stored and are gone: bars of what is left would take the place of better ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use barkeep::cli::Exit;

use super::{SAP, TRADES, UPDATE, lines, volume_of};
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::feed::FeedServer;
use crate::support::sim::{BadFolder, SimFs};
use crate::support::workspace::TestWorkspace;

const FIRST: &str = "2026-09-17T07_00";
const SECOND: &str = "2026-09-17T07_03";
const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "de:xetra"];
const ON_DISK: [&str; 5] = ["-C", "/ws", "update", "--venue", "de:xetra"];
const REBUILD: [&str; 2] = ["check", "--rebuild"];

/// A workspace that has a minute, and a feed that has forgotten it and has another one.
fn another_minute(feed: &FeedServer) -> Barkeep {
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    feed.forget(FIRST);
    feed.publish(SECOND, &lines(SECOND));
    bar
}

#[test]
fn bars_are_not_made_of_what_is_left_of_a_day() {
    let feed = FeedServer::start();
    let undisturbed = another_minute(&feed);
    undisturbed.run(&UPDATE).expect(Exit::Ok);
    let feed = FeedServer::start();
    let bar = another_minute(&feed);
    bar.remove(TRADES);

    // What came is stored, and the bars are made as soon as the trades are there again.
    for _ in 0..2 {
        let ran = bar.run(&UPDATE).expect(Exit::Partial);
        let told = "no bars are made of 2026-09-17: trades that were stored are gone, at least 2";
        assert!(ran.stderr.contains(told), "{ran:#?}");
        assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
    }
    bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 7f64.to_bits());
    assert_eq!(bar.files_in("data"), undisturbed.files_in("data"));
    bar.run(&UPDATE).expect(Exit::Ok);
}

/// A mirror may have what the vault has not any more.
#[test]
fn bars_are_made_once_the_lost_trades_of_a_day_came_out_of_a_mirror() {
    let feed = FeedServer::start();
    let undisturbed = another_minute(&feed);
    undisturbed.run(&UPDATE).expect(Exit::Ok);
    let feed = FeedServer::start();
    let bar = another_minute(&feed);
    bar.run(&["mirror", "--venue", "de:xetra", "--trades"])
        .expect(Exit::Ok);
    bar.remove(TRADES);
    bar.remove("vault");
    bar.run(&UPDATE).expect(Exit::Partial);

    let repaired = bar.run(&["check", "--repair", "--yes", "de:xetra"]);
    bar.run(&UPDATE).expect(Exit::Ok);

    assert!(repaired.stdout.contains("as recorded"), "{repaired:?}");
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 7f64.to_bits());
    assert_eq!(bar.files_in("data"), undisturbed.files_in("data"));
}

#[test]
fn a_damaged_day_keeps_its_bars_until_it_is_read_again() {
    let feed = FeedServer::start();
    let bar = another_minute(&feed);
    let whole = bar.read(TRADES);
    bar.write(TRADES, &whole[..whole.len() - 9]);

    bar.run(&UPDATE).expect(Exit::Damaged);
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 3.5f64.to_bits());
    bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 7f64.to_bits());
}

#[test]
fn where_nobody_has_the_trades_any_more_a_person_says_so_once() {
    let feed = FeedServer::start();
    let bar = another_minute(&feed);
    bar.remove(TRADES);
    bar.remove("vault");
    bar.run(&UPDATE).expect(Exit::Partial);
    bar.run(&REPLAY).expect(Exit::Partial);

    bar.run(&REBUILD).expect(Exit::Ok);
    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(volume_of(&bar, SAP, "1m").to_bits(), 7f64.to_bits());
}

/// Only `check` named the day before, and the feed had forgotten it by then.
#[test]
fn a_day_whose_file_is_gone_is_asked_for_again_while_the_feed_has_it() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    feed.publish("2026-09-16T07_00", &lines("2026-09-16T07_00"));
    bar.run(&UPDATE).expect(Exit::Ok);
    let whole = bar.files_in("data");
    bar.remove(TRADES);

    bar.run(&UPDATE).expect(Exit::Ok);

    assert_eq!(bar.files_in("data"), whole);
    let asked = feed.downloads().len();
    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(feed.downloads().len(), asked);
}

/// The month is begun anew with the bars of the day that came, and only `check` named those of the days before.
#[test]
fn bars_that_are_gone_are_told_until_they_are_made_anew() {
    let feed = FeedServer::start();
    for minute in ["2026-09-16T07_00", "2026-09-16T07_03", FIRST] {
        feed.publish(minute, &lines(minute));
    }
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    let whole = bar.files_in("data");
    bar.remove(format!(
        "data/de/xetra/stocks_1m/ticker={SAP}/year=2026/month=09/data.parquet"
    ));
    feed.publish(SECOND, &lines(SECOND));

    for _ in 0..2 {
        let ran = bar.run(&UPDATE).expect(Exit::Partial);
        let told =
            "of 3 rows that were stored 2 are there; barkeep update --replay --venue de:xetra";
        assert!(ran.stderr.contains(told), "{ran:#?}");
    }
    bar.run(&REPLAY).expect(Exit::Ok);

    bar.run(&UPDATE).expect(Exit::Ok);
    assert_eq!(bar.files_in("data").len(), whole.len());
    assert_eq!(volume_of(&bar, SAP, "1m").to_bits(), 14f64.to_bits());
}

fn rename(bar: &Barkeep, from: &str, to: &str) {
    let (from, to) = (bar.path().join(from), bar.path().join(to));
    bar.fs().rename(&from, &to).unwrap();
}

/// `data` is a disk of its own that is not mounted for one night.
#[test]
fn what_comes_of_a_feed_while_nothing_lies_there_waits() {
    for settings in [
        "freshness = \"minutes\"",
        "freshness = \"minutes\"\nvault = false",
    ] {
        let feed = FeedServer::start();
        feed.publish(FIRST, &lines(FIRST));
        let mut bar = feed.workspace(settings, "2026-09-17T10:00:00Z");
        bar.run(&UPDATE).expect(Exit::Ok);
        rename(&bar, "data", "unmounted");
        bar.fs().create_dir(&bar.path().join("data")).unwrap();

        feed.forget(FIRST);
        feed.publish("2026-09-18T07_00", &lines("2026-09-18T07_00"));
        "2026-09-18T10:00:00Z".clone_into(&mut bar.now);
        let night = bar.run(&UPDATE).expect(Exit::Failed);
        assert!(night.stderr.contains("mounted"), "{night:#?}");
        // It had looked through nothing, and called that sound.
        let checked = bar.run(&["check"]).expect(Exit::Failed);
        assert!(checked.stderr.contains("mounted"), "{checked:#?}");
        assert!(bar.files_in("data").is_empty(), "no second history begins");

        bar.remove("data");
        rename(&bar, "unmounted", "data");
        feed.forget("2026-09-18T07_00");
        bar.run(&UPDATE);
        assert_eq!(
            volume_of(&bar, SAP, "1d").to_bits(),
            7f64.to_bits(),
            "{settings}"
        );
    }
}

/// A feed with a minute of the day before, and a workspace on a simulated disk that has it; more was published since.
fn two_days(feed: &FeedServer) -> SimFs {
    const BEFORE: &str = "2026-09-16T07_00";
    let disk = SimFs::new();
    let settings = feed.settings("freshness = \"minutes\"");
    disk.plant("/ws/barkeep.toml", settings.as_bytes());
    feed.publish(BEFORE, &lines(BEFORE));
    let init = ["-C", "/ws", "init", "--venue", "de:xetra"];
    on(&disk, &init, Exit::Ok);
    on(&disk, &ON_DISK, Exit::Ok);
    for minute in ["2026-09-16T07_03", FIRST] {
        feed.publish(minute, &lines(minute));
    }
    disk
}

fn on(disk: &SimFs, args: &[&str], exit: Exit) -> Ran {
    let mut bar = Barkeep::within(TestWorkspace::simulated(disk));
    "2026-09-17T10:00:00Z".clone_into(&mut bar.now);
    bar.run(args).expect(exit)
}

/// Files of the tree.
fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.starts_with("ws/data"));
    files
}

/// All days of the feed waited with it, and bars were made of none.
#[test]
fn a_day_that_nobody_can_look_into_waits_alone() {
    const EACCES: i32 = 13;
    let feed = FeedServer::start();
    let undisturbed = two_days(&feed);
    on(&undisturbed, &ON_DISK, Exit::Ok);
    let feed = FeedServer::start();
    let disk = two_days(&feed);
    let day = "/ws/data/de/xetra/trades/venue=DETR/year=2026/month=09/day=16";
    disk.turn_bad(BadFolder {
        is_blind: true,
        ..BadFolder::always(day, EACCES)
    });

    for _ in 0..2 {
        let ran = on(&disk, &ON_DISK, Exit::Partial);

        assert!(ran.stderr.contains("day=16"), "{ran:#?}");
        let of_17 = data(&disk);
        let of_17 = of_17
            .keys()
            .filter(|path| path.to_string_lossy().contains("day=17"));
        assert_eq!(of_17.count(), 1, "{ran:#?}");
        let shown = [
            "-C", "/ws", "show", SAP, "-i", "1d", "--venue", "de:xetra", "--format", "csv",
        ];
        let shown = on(&disk, &shown, Exit::Ok).column(1);
        assert_eq!(shown.last().map(|day| &day[..10]), Some("2026-09-17"));
    }
    disk.heal();
    on(&disk, &ON_DISK, Exit::Ok);

    assert!(data(&disk) == data(&undisturbed));
    let mut downloads = feed.downloads();
    downloads.dedup();
    assert_eq!(downloads.len(), 3, "the vault has what was to wait");
}

#[test]
fn rows_of_a_feed_that_are_gone_for_good_are_given_up_on_a_word() {
    let feed = FeedServer::start();
    feed.publish(FIRST, &lines(FIRST));
    let bar = feed.workspace("freshness = \"minutes\"", "2026-09-17T10:00:00Z");
    bar.run(&UPDATE).expect(Exit::Ok);
    bar.remove("data");
    feed.publish(SECOND, &lines(SECOND));

    bar.run(&UPDATE).expect(Exit::Failed);
    let ran = bar.run(&["update", "--accept-missing"]);

    assert!(volume_of(&bar, SAP, "1d") > 0.0, "{ran:#?}");
    bar.run(&UPDATE).expect(Exit::Ok);
}
