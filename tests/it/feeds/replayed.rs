//! What is made anew of the vault: damage costs a file and is told, and a run says how far it is.

use barkeep::cli::Exit;
use barkeep::sys::Signal;

use super::{FRIDAY, SAP, SIEMENS, TRADES, UPDATE, thursday};
use crate::support::barkeep::Barkeep;
use crate::support::feed::line;

const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "de:xetra"];

/// The only pack of the vault, and its bytes.
fn pack(bar: &Barkeep) -> (String, Vec<u8>) {
    let mut packs = bar.files_in("vault").into_iter();
    let (path, bytes) = packs
        .find(|(path, _)| path.extension().is_some_and(|end| end == "pack"))
        .unwrap();
    (path.to_str().unwrap().to_owned(), bytes)
}

#[test]
fn a_damaged_download_costs_itself_and_is_told_with_its_place() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let (path, whole) = pack(&bar);
    let data = bar.files_in("data");

    for at in [whole.len() / 3, whole.len() - 2] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        bar.write(&path, damaged);

        let ran = bar.run(&REPLAY).expect(Exit::Partial);

        assert!(ran.stderr.contains("are damaged in vault/"), "{ran:#?}");
        assert_eq!(bar.files_in("data"), data, "what is stored stays");
    }
    // A pack is written whole: a cut end is damage, too.
    bar.write(&path, &whole[..whole.len() - 9]);
    let ran = bar.run(&REPLAY).expect(Exit::Partial);
    assert!(ran.stderr.contains("are damaged in vault/"), "{ran:#?}");

    bar.write(&path, whole);
    bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_replay_that_is_stopped_leaves_the_day_and_a_later_one_makes_it() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    bar.remove("data");

    bar.around.stop.raise(Signal::Terminate);
    let stopped = bar
        .run(&REPLAY)
        .expect(Exit::Interrupted(Signal::Terminate));
    assert!(
        !stopped.stderr.contains("read out of the vault"),
        "{stopped:#?}"
    );
    assert_eq!(bar.files_in("data").len(), 0);

    // A process of its own, which nobody stops.
    bar.start(&REPLAY).end().expect(0);
    assert_eq!(bar.files_in("data"), data);
}

#[test]
fn a_replay_says_how_many_days_there_are_and_which_are_done() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);

    let ran = bar
        .run(&["update", "--replay", "--venue", "de:xetra", "--json"])
        .expect(Exit::Ok);

    let lines: Vec<&str> = ran.stdout.lines().collect();
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(
        has(r#""event":"replay_planned""#) && has(r#""days":1"#),
        "{lines:?}"
    );
    assert!(
        has(r#""event":"replayed""#) && has(r#""day":"2026-09-17""#),
        "{lines:?}"
    );
}

/// The second day cancels a trade of the first one, which is part of it: all of its trades are there only once both are read.
#[test]
fn a_day_that_a_later_download_completes_is_no_failure_of_a_replay() {
    let feed = thursday();
    let mut bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    let cancelled = line(
        SAP,
        "p2026-09-17T07_00",
        "2026-09-17T07:00:59",
        (180.25, 3.5),
    );
    let cancelled = cancelled.replace(
        "\"mmtModificationInd\":\"-\"",
        "\"mmtModificationInd\":\"C\"",
    );
    let published = "\"publicationDateAndTime\":\"2026-09-18T07:00:05.500000000Z\"";
    let before = "\"publicationDateAndTime\":\"2026-09-17T07:00:59.500000000Z\"";
    let cancelled = cancelled.replace(before, published);
    assert!(
        cancelled.contains(published) && cancelled.contains("\"C\""),
        "{cancelled}"
    );
    let other = line(SIEMENS, "n", "2026-09-18T09:00:00", (200.0, 1.0));
    feed.publish("2026-09-18T07_00", std::slice::from_ref(&cancelled));
    feed.publish("2026-09-18T09_00", std::slice::from_ref(&other));
    feed.publish("daily-2026-09-18", &[cancelled, other]);
    "2026-09-19T06:00:00Z".clone_into(&mut bar.now);
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    bar.remove(TRADES);

    let ran = bar.run(&REPLAY).expect(Exit::Ok);

    assert!(!ran.stderr.contains("are gone"), "{ran:#?}");
    assert_eq!(bar.files_in("data"), data);
}

/// Data and state are older than the vault, as after a disk that was put back from a backup, and the feed has forgotten the day.
#[test]
fn an_update_reads_packs_of_days_of_which_nothing_is_marked() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    let registry = bar.read("tickers.json");
    bar.run(&UPDATE).expect(Exit::Ok);
    let data = bar.files_in("data");
    bar.remove("data");
    bar.remove("state");
    bar.write("tickers.json", registry);
    for minute in super::minutes() {
        feed.forget(&minute);
    }
    feed.forget("daily-2026-09-17");

    let ran = bar.run(&UPDATE);

    assert!(bar.files_in("data") == data, "{ran:#?}");
    assert!(!ran.stderr.contains("cannot be had"), "{ran:#?}");
    bar.run(&UPDATE);
    assert!(bar.files_in("data") == data);
}
