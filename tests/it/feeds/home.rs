//! Two venues that ask for one feed, of one service or of two: the downloads of each are its own, those of an earlier build too.

use std::path::Path;

use barkeep::cli::Exit;
use barkeep::sys::Fs;

use super::{FRIDAY, SAP, SIEMENS, UPDATE, lines, thursday, volume_of};
use crate::support::barkeep::{Barkeep, run_on};
use crate::support::feed::{FeedServer, line};
use crate::support::sim::{SimFs, sweep};

const DAILY: &str = "daily-2026-09-17";
const BOTH: [&str; 5] = ["update", "--venue", "de:xetra", "--venue", "de:two"];
const REPLAY: [&str; 2] = ["update", "--replay"];
const PACK: &str = "2026-09-17.pack";

/// The settings of a second venue with the feed of a server.
fn two(feed: &FeedServer, more: &str) -> String {
    let settings = feed.settings(more);
    assert!(settings.contains("\"de:xetra\""), "{settings}");
    settings.replace("\"de:xetra\"", "\"de:two\"") + "kind = \"posttrade\"\nfeed = \"DETR\"\n"
}

/// A workspace with two venues, each with a server of its own, whose downloads are packed.
fn of_two(more: &str) -> (Barkeep, FeedServer, FeedServer) {
    let (first, second) = (thursday(), FeedServer::start());
    let trade = line(SIEMENS, "other", "2026-09-17T08:00:02", (200.0, 7.0));
    second.publish("2026-09-17T08_00", std::slice::from_ref(&trade));
    second.publish(DAILY, &[trade]);
    let bar = first.workspace("", FRIDAY);
    let both = first.settings("") + "\n" + &two(&second, more);
    bar.write("barkeep.toml", both);
    (bar, first, second)
}

fn volume_at_two(bar: &Barkeep) -> f64 {
    let shown = bar.show(SIEMENS, "1d", &["--venue", "de:two"]);
    let volumes = shown.column(6);
    volumes.iter().map(|one| one.parse::<f64>().unwrap()).sum()
}

#[test]
fn a_replay_makes_of_the_downloads_of_a_venue_what_is_its_own() {
    let (bar, _first, _second) = of_two("");
    bar.run(&BOTH).expect(Exit::Ok);
    let data = bar.files_in("data");
    assert_eq!(volume_at_two(&bar).to_bits(), 7f64.to_bits());

    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data, "over what is there");
    bar.remove("data");
    bar.run(&[&REPLAY[..], &BOTH[1..]].concat())
        .expect(Exit::Ok);

    assert_eq!(bar.files_in("data"), data, "over nothing");
}

#[test]
fn a_venue_that_keeps_no_downloads_removes_none_of_another_one() {
    let (bar, _first, _second) = of_two("vault = false");

    for _ in 0..2 {
        bar.run(&BOTH).expect(Exit::Ok);
        assert!(bar.has(format!("vault/de.xetra/{PACK}")));
        assert_eq!(bar.files_in("vault/de.two").len(), 0);
    }
}

/// Moves the downloads of Xetra to where earlier builds kept them, with the line that those began a pack with.
fn as_before(bar: &Barkeep) {
    let pack = bar.read(format!("vault/de.xetra/{PACK}"));
    let line = pack.iter().position(|byte| *byte == b'\n').unwrap();
    let begun = [b"barkeep-vault 1 DETR 2026-09-17", &pack[line..]].concat();
    bar.remove("vault/de.xetra");
    bar.write(format!("vault/DETR/{PACK}"), begun);
}

#[test]
fn downloads_that_an_earlier_build_kept_are_those_of_the_venue_that_was_collected() {
    let (bar, _first, _second) = of_two("");
    bar.run(&UPDATE).expect(Exit::Ok);
    as_before(&bar);
    let data = bar.files_in("data");
    let planned = bar.run(&[&REPLAY[..], &["--venue", "de:xetra", "--dry-run"]].concat());
    assert!(planned.stdout.contains(PACK), "{planned:#?}");

    // Another venue with this feed is asked first.
    bar.run(&["update", "--venue", "de:two"]).expect(Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
    bar.remove("data/de/xetra");
    bar.run(&[&REPLAY[..], &["--venue", "de:xetra"]].concat())
        .expect(Exit::Ok);

    let mut now = bar.files_in("data");
    now.retain(|path, _| !path.starts_with("data/de/two"));
    assert_eq!(now, data);
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
    assert_eq!(volume_at_two(&bar).to_bits(), 7f64.to_bits());
    assert_eq!(bar.files_in("vault/DETR").len(), 0);
}

#[test]
fn downloads_of_which_nobody_knows_whose_they_are_stay_and_are_told() {
    let (bar, _first, _second) = of_two("");
    bar.run(&BOTH).expect(Exit::Ok);
    as_before(&bar);
    bar.remove("data/de/xetra");

    let ran = bar.run(&BOTH).expect(Exit::Ok);
    let replayed = bar.run(&REPLAY).expect(Exit::Partial);

    let told =
        "kept downloads in vault/DETR, and nobody knows whether they are of de:two or de:xetra";
    for one in [&ran, &replayed] {
        assert!(one.stderr.contains(told), "{one:#?}");
    }
    assert_eq!(bar.files_in("vault/DETR").len(), 1);
    // A person says so.
    let pack = bar.read(format!("vault/DETR/{PACK}"));
    bar.remove("vault/DETR");
    bar.write(format!("vault/de.xetra/{PACK}"), pack);
    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(volume_of(&bar, SAP, "1d").to_bits(), 140f64.to_bits());
}

/// Whatever breaks off: every download is where its venue looks for it, once the next run has come.
#[test]
fn downloads_come_home_after_every_crash() {
    const UPDATE: [&str; 5] = ["-C", "/ws", "update", "--venue", "de:xetra"];
    let feed = FeedServer::start();
    let minute = "2025-11-21T09_00";
    feed.publish(minute, &lines(minute));
    let disk = SimFs::new();
    let settings = feed.settings("freshness = \"minutes\"");
    disk.plant("/ws/barkeep.toml", settings.as_bytes());
    assert_eq!(
        run_on(&disk, &["-C", "/ws", "init", "--venue", "de:xetra"]),
        Exit::Ok
    );
    run_on(&disk, &UPDATE);
    let begun = b"barkeep-vault 1 DETR 2025-11-20\n";
    disk.plant("/ws/vault/DETR/2025-11-20.pack", begun);
    let initial = disk.again();
    let packs = |disk: &SimFs| {
        let names = disk.names().into_iter();
        let packs = names.filter(|path| path.ends_with("2025-11-20.pack"));
        packs.collect::<Vec<_>>()
    };
    let report = sweep(
        "downloads on their way home",
        &initial,
        &|disk| Ok(run_on(disk, &UPDATE) == Exit::Ok),
        &|disk| {
            run_on(disk, &UPDATE);
            Ok(())
        },
        &|disk, _acked| {
            let home = Path::new("/ws/vault/de.xetra/2025-11-20.pack");
            match packs(disk).as_slice() {
                [_] if disk.read(home).unwrap().as_deref() == Some(&begun[..]) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        },
        0,
    );

    report.print();
    report.assert_clean();
}
