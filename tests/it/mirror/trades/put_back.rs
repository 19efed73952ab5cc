//! `check --repair` and days of trades that only their mirror has still: what comes back, what does not, and how it is told.

use barkeep::model::Series;

use super::*;
use crate::support::trades::{day_rows, request, take_out};

/// Of all trades none may lie there.
const REPAIR: [&str; 5] = ["check", "--repair", "--accept-missing", "--yes", "de:xetra"];

/// Returns what is shown and what is told by a repair; what a dry run shows is the same, and changes nothing.
fn repair(bar: &mut Barkeep, exit: Exit) -> (String, String) {
    let before = bar.tree();
    let plan = [
        "check",
        "--repair",
        "--accept-missing",
        "--dry-run",
        "de:xetra",
    ];
    let shown = bar.run(&plan);
    assert!(bar.tree() == before, "a plan changes nothing");
    let ran = bar.run(&REPAIR).expect(exit);
    assert_eq!(shown.stdout, ran.stdout);
    tick(bar);
    (ran.stdout, ran.stderr)
}

/// It was read again for each of them.
#[test]
fn the_ledger_is_read_once_for_all_days_that_come_back() {
    let read = |lost: &[&str]| {
        let disk = SimFs::new();
        let monday = vec![trade("2025-11-03T09:00:00", "6", 60.0)];
        stored_on(&disk, &[thursday(), friday(), monday]);
        let bar = Barkeep::within(TestWorkspace::simulated(&disk));
        let in_ws = |args: &[&str]| bar.run(&[&["-C", "/ws"], args].concat()).expect(Exit::Ok);
        in_ws(&MIRROR);
        for day in lost {
            let path = Path::new("/ws").join(day_file(day));
            assert!(disk.remove_file(&path).unwrap());
        }
        let before = disk.contents_read("/ws/state/ledger");
        let told = in_ws(&REPAIR).stdout;
        assert_eq!(told.matches("as recorded").count(), lost.len());
        disk.contents_read("/ws/state/ledger") - before
    };

    let (one, two) = (read(&[THURSDAY]), read(&[THURSDAY, FRIDAY]));

    // Each day is a group of its own, which looks where the ledger ends.
    assert_eq!(two, one + 1);
}

fn trades() -> Series {
    request().series
}

#[test]
fn days_that_are_gone_come_back_as_they_were() {
    let mut bar = mirrored();
    let before = bar.files_in("data");
    bar.remove("data/de/xetra/trades");

    let (table, told) = repair(&mut bar, Exit::Ok);

    insta::assert_snapshot!(table, @r"
    venue     series       lost        rows  copy in the mirror
    de:xetra  DETR trades  2025-10-30     2  as recorded
    de:xetra  DETR trades  2025-10-31     2  as recorded
    ");
    assert!(
        told.contains("4 rows were put back into 1 series from the mirror."),
        "{told}"
    );
    assert_eq!(bar.files_in("data"), before, "every byte of them");
    assert_eq!((days(&bar), kept(&bar)), (both(), Vec::<String>::new()));
    verify(&bar, Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
    let (table, _) = repair(&mut bar, Exit::Ok);
    assert_eq!(table, "", "nothing is left to put back");
}

#[test]
fn a_damaged_day_comes_back_and_what_was_there_is_in_quarantine() {
    let mut bar = mirrored();
    let before = bar.read(day_file(THURSDAY));
    let mut damaged = before.clone();
    damaged[40] ^= 1;
    bar.write(day_file(THURSDAY), &damaged);

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("2025-10-30     2  as recorded"), "{table}");
    assert_eq!(bar.read(day_file(THURSDAY)), before);
    let quarantine = bar.files_in("quarantine");
    assert!(quarantine.values().any(|bytes| *bytes == damaged));
    verify(&bar, Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
}

#[test]
fn a_day_that_went_on_without_its_older_trades_gets_them_back_and_keeps_the_newer_ones() {
    let mut bar = mirrored();
    bar.remove(day_file(FRIDAY));
    let newer = trade("2025-10-31T15:00:00", "9", 61.0);
    ingest(&bar, &[vec![friday()[0].clone(), newer]]).unwrap();

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("2025-10-31     1  as recorded"), "{table}");
    assert_eq!(day_rows(&bar, FRIDAY).len(), 3);
    let now = of(&[(THURSDAY, &["1", "2"]), (FRIDAY, &["3", "9", "4"])]);
    assert_eq!((days(&bar), kept(&bar)), (now, Vec::<String>::new()));
    verify(&bar, Exit::Ok);
}

/// Its trades were counted once more in what is known of the feed, and `check` told of it until the records were made anew.
#[test]
fn a_day_whose_older_copy_lies_in_its_place_is_completed_and_is_what_was_known() {
    let mut bar = mirrored();
    let older = bar.read(day_file(THURSDAY));
    for day in ["2025-10-30", "2025-11-03", "2025-11-04"] {
        ingest(&bar, &[vec![trade(&format!("{day}T14:00:00"), "5", 59.0)]]).unwrap();
    }
    mirror(&mut bar);
    let before = bar.files_in("data");
    bar.remove(day_file(THURSDAY));
    bar.write(day_file(THURSDAY), older);
    bar.run(&["check"]).expect(Exit::Mismatch);

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("2025-10-30     1  as recorded"), "{table}");
    assert_eq!(bar.files_in("data"), before);
    bar.run(&["check"]).expect(Exit::Ok);
    mirror(&mut bar);
}

#[test]
fn what_the_mirror_of_a_day_had_not_seen_yet_is_named_and_not_made_up() {
    let mut bar = mirrored();
    ingest(&bar, &[vec![trade("2025-10-31T14:00:00", "5", 59.0)]]).unwrap();
    bar.remove(day_file(FRIDAY));

    let (table, _) = repair(&mut bar, Exit::Partial);

    assert!(
        table.contains("2025-10-31     2  older: the lost file had 3 rows"),
        "{table}"
    );
    assert_eq!(day_rows(&bar, FRIDAY).len(), 2);
}

#[test]
fn trades_that_a_person_took_out_do_not_come_back() {
    let mut bar = mirrored();
    take_out(&bar, trades(), &["2025-10-30T09:00:00"]);
    tick(&mut bar);
    let before = bar.read(day_file(THURSDAY));
    bar.remove(day_file(THURSDAY));

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("2025-10-30     1  as recorded"), "{table}");
    assert_eq!(bar.read(day_file(THURSDAY)), before);
    assert_eq!(days(&bar)[THURSDAY], ["2"]);
}

#[test]
fn a_day_whose_copy_is_no_good_either_is_named_and_another_one_comes_back() {
    let mut bar = mirrored();
    let copy = file_of(&bar, FRIDAY);
    bar.remove("data/de/xetra/trades");
    let bytes = bar.read(&copy);
    bar.write(&copy, &bytes[..bytes.len() / 2]);

    let (table, told) = repair(&mut bar, Exit::Partial);

    assert!(table.contains("2025-10-30     2  as recorded"), "{table}");
    assert!(
        told.contains("cannot be put back: 2025-10-31: ") && told.contains("is damaged"),
        "{told}"
    );
    assert!(bar.has(day_file(THURSDAY)) && !bar.has(day_file(FRIDAY)));
}

#[test]
fn no_day_comes_from_the_mirror_of_another_workspace_nor_for_who_asks_about_bars() {
    let mut bar = mirrored();
    bar.remove("data/de/xetra/trades");

    let of_bars = bar.run(&["check", "--repair", "--yes", "de:xetra", "-i", "1d"]);
    bar.write("state/mirror-id", "20200101T000000Z-00000001-1");
    let (table, told) = repair(&mut bar, Exit::Partial);

    assert_eq!((of_bars.stdout.as_str(), table.as_str()), ("", ""));
    let foreign = "is the mirror of another workspace";
    assert!(told.contains(foreign) && !of_bars.stderr.contains(foreign));
    assert!(!bar.has(day_file(THURSDAY)));
}

#[test]
fn machines_are_told_of_days_the_same() {
    let bar = mirrored();
    bar.remove(day_file(THURSDAY));

    let plan = bar.run(&["check", "--repair", "--dry-run", "--json"]);
    let done = bar.run(&["check", "--repair", "--yes", "--json"]);

    let [plan, done] = [plan, done].map(|ran| ran.expect(Exit::Ok).summary());
    assert_eq!(plan["last_copies"], done["last_copies"]);
    let copy = &plan["last_copies"][0];
    assert_eq!(
        (&copy["partition"], &copy["rows"], &copy["copy"]),
        (&THURSDAY.into(), &2.into(), &"as_recorded".into())
    );
    assert_eq!(
        (&plan["put_back"], &done["put_back"]),
        (&0.into(), &2.into())
    );
}

/// Neither the trades nor the bars that were made of them.
#[test]
fn an_update_changes_no_byte_of_a_day_that_was_put_back() {
    let (feed, day) = (FeedServer::start(), "2026-09-17");
    let lines = (0..4).map(|minute| {
        let at = format!("{day}T07:{minute:02}:05");
        line("DE0007164600", &format!("p{minute}"), &at, (180.25, 3.5))
    });
    feed.publish(&format!("daily-{day}"), &lines.collect::<Vec<_>>());
    let mut bar = feed.workspace("mirror = [\"1d\"]", "2026-09-18T06:00:00Z");
    let update = ["update", "--venue", "de:xetra"];
    bar.run(&update).expect(Exit::Ok);
    let before = bar.files_in("data");
    bar.remove(day_file(day));
    bar.now = "2026-09-18T07:00:00Z".to_owned();
    let repaired = bar.run(&REPAIR).expect(Exit::Ok);
    assert!(repaired.stdout.contains("as recorded"));
    let put_back = bar.files_in("data");

    bar.now = "2026-09-18T08:00:00Z".to_owned();
    bar.run(&update).expect(Exit::Ok);

    assert_eq!(put_back, before);
    assert_eq!(bar.files_in("data"), before);
    bar.run(&["update", "--replay", "--venue", "de:xetra"])
        .expect(Exit::Ok);
    assert_eq!(bar.files_in("data"), before);
}
