//! What is remembered of a feed: bounded by what is to be done, not by what was done.

use std::collections::BTreeSet;
use std::path::Path;

use barkeep::feeds::{Extent, FileMark, Marks};
use barkeep::layout::Places;
use barkeep::model::{Digest, RunId, Venue};
use barkeep::sys::Fs;
use barkeep::sys::atomic::TempNames;
use chrono::{DateTime, Days, NaiveDate};

use crate::support::sim::SimFs;

const LIST: &str = "/ws/state/feeds/de.xetra/feed.json";

fn marks() -> Marks {
    let venue: Venue = "de:xetra".parse().unwrap();
    Marks::of(&Places::of(Path::new("/ws"), false), &venue)
}

fn temps() -> TempNames {
    TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 7, 1))
}

fn day(number: u64) -> NaiveDate {
    let first: NaiveDate = "2026-01-01".parse().unwrap();
    first + Days::new(number)
}

fn due(days: &[u64]) -> BTreeSet<NaiveDate> {
    days.iter().map(|number| day(*number)).collect()
}

fn set(disk: &SimFs, of: NaiveDate, is_due: bool) {
    let mut marks = marks();
    marks.days_due(disk).unwrap();
    marks
        .change(disk, of, |marks| {
            marks.is_bars_due = is_due;
            let digest = Digest::of(of.to_string().as_bytes()).half();
            let (extent, lines) = (Extent::Whole, 7);
            marks.note(
                "a",
                FileMark {
                    digest,
                    extent,
                    lines,
                },
            );
        })
        .unwrap();
    marks.save(disk, &temps()).unwrap();
}

/// A feed that was asked on so many days, and of the second of which bars are due still.
fn history(days: u64) -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/state/x", b"");
    for number in 0..days {
        set(&disk, day(number), true);
        if number != 1 {
            set(&disk, day(number), false);
        }
    }
    marks()
        .note_asked(
            &disk,
            &temps(),
            &"DETR".parse().unwrap(),
            (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH),
        )
        .unwrap();
    disk
}

#[test]
fn days_whose_bars_are_due_are_found_by_as_many_reads_after_a_year_as_after_two_days() {
    let reads = |days: u64| {
        let disk = history(days);
        let before = disk.reads();
        let found = marks().days_due(&disk).unwrap();
        (found, disk.reads() - before)
    };

    let (short, long) = (reads(2), reads(250));

    assert_eq!(short, (due(&[1]), 2), "the list and the one day on it");
    assert_eq!(long, short);
}

#[test]
fn without_a_list_all_days_are_looked_at_and_there_is_one_from_then_on() {
    for list in [
        None,
        Some("{\"asked_at\":\"2026-01-01T00:00:00Z\"}"),
        Some("{\"bars_due\":[\"x\"]}"),
        Some("torn"),
    ] {
        let disk = history(20);
        disk.remove_file(Path::new(LIST)).unwrap();
        if let Some(list) = list {
            disk.plant(LIST, list.as_bytes());
        }
        let mut marks = marks();

        assert_eq!(marks.days_due(&disk).unwrap(), due(&[1]), "{list:?}");

        marks
            .note_asked(
                &disk,
                &temps(),
                &"DETR".parse().unwrap(),
                (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH),
            )
            .unwrap();
        let told = String::from_utf8(disk.read(Path::new(LIST)).unwrap().unwrap()).unwrap();
        assert!(told.contains("\"bars_due\":[\"2026-01-02\"]"), "{told}");
        assert!(told.contains("1970"), "{told}");
        assert!(told.contains("\"feed\":\"DETR\""), "{told}");
    }
}

/// The list may name a day too many after a crash, and never one too few.
#[test]
fn a_day_is_on_the_list_before_its_marks_say_that_bars_are_due() {
    let initial = history(5);
    for calls in 0.. {
        let disk = initial.again().crash_after(calls);
        let mut marks = marks();
        let mut change = || {
            marks.days_due(&disk)?;
            marks.change(&disk, day(3), |marks| marks.is_bars_due = true)?;
            marks.save(&disk, &temps())
        };
        let is_done = change().is_ok();
        let after = disk.again();
        let says_so = self::marks().day(&after, day(3)).unwrap().is_bars_due;

        let found = self::marks().days_due(&after).unwrap();

        assert_eq!(found.contains(&day(3)), says_so, "{calls}");
        if is_done {
            assert!(says_so);
            return;
        }
    }
}
