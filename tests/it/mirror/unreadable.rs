//! Files that the system lets nobody read: each costs its series, of trades its day, and no other one.

use std::path::Path;

use barkeep::cli::Exit;
use barkeep::mirror::{Folder, Version};

use super::crash::{MIRROR, VERIFY, behind, seen, without};
use super::trades::{self, Days, THURSDAY, friday, stored_on, thursday};
use super::{Closes, DAYS, close, deliver, kept_of, tick, update, world};
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::sim::{BadFolder, SimFs};
use crate::support::trades::{day_file, trade};
use crate::support::workspace::TestWorkspace;

const EACCES: i32 = 13;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const OF_A: &str = "/ws/data/us/demo/stocks_1d/ticker=A";
const TRADES: [&str; 6] = ["-C", "/ws", "mirror", "--venue", "de:xetra", "--trades"];

/// Lets nobody see what is in a folder.
fn shut(disk: &SimFs, folder: &str, errno: i32) {
    disk.turn_bad(BadFolder {
        is_blind: true,
        ..BadFolder::always(folder, errno)
    });
}

fn run(disk: &SimFs, args: &[&str], exit: Exit) -> Ran {
    Barkeep::within(TestWorkspace::simulated(disk))
        .run(args)
        .expect(exit)
}

fn of(ticker: &str, closes: &Closes) -> Closes {
    let of_ticker = closes.iter().filter(|((of, _), _)| of == ticker);
    of_ticker.map(|(at, close)| (at.clone(), *close)).collect()
}

fn now(disk: &SimFs) -> Closes {
    seen(disk).unwrap().unwrap_or_default()
}

#[test]
fn a_series_that_cannot_be_read_stays_as_it_was_and_others_are_refreshed() {
    let disk = behind();
    let before = now(&disk);
    shut(&disk, OF_A, EACCES);

    let told = run(&disk, &MIRROR, Exit::Partial).stderr;

    assert!(
        told.contains("A 1d at us:demo stays as it was in the mirror: cannot"),
        "{told}"
    );
    let after = now(&disk);
    assert_eq!(of("A", &after), of("A", &before));
    assert!(of("B", &after).len() > of("B", &before).len());
    let verified = run(&disk, &VERIFY, Exit::Mismatch);
    assert!(verified.stdout.contains("cannot"), "{verified:?}");
    disk.heal();
    run(&disk, &MIRROR, Exit::Ok);
    assert_eq!(of("A", &now(&disk)).len(), of("B", &after).len());
    run(&disk, &VERIFY, Exit::Ok);
}

#[test]
fn a_series_that_cannot_be_read_yet_is_left_out_of_a_first_mirror_and_comes_later() {
    let disk = without();
    shut(&disk, OF_A, EACCES);

    let told = run(&disk, &MIRROR, Exit::Partial).stderr;

    assert!(
        told.contains("A 1d at us:demo is not in the mirror: cannot"),
        "{told}"
    );
    assert!(of("A", &now(&disk)).is_empty() && !of("B", &now(&disk)).is_empty());
    disk.heal();
    run(&disk, &MIRROR, Exit::Ok);
    assert!(!of("A", &now(&disk)).is_empty());
}

/// Readers have it still, and would lose it.
#[test]
fn no_mirror_is_made_anew_without_a_series_that_cannot_be_read() {
    let disk = behind();
    let before = now(&disk);
    shut(&disk, OF_A, EACCES);

    let told = run(&disk, &[&MIRROR[..], &["--full"]].concat(), Exit::Usage).stderr;

    let said = "has the last copy of A 1d at us:demo, perhaps: cannot";
    assert!(told.contains(said), "{told}");
    let insisted = [&MIRROR[..], &["--full", "--yes"]].concat();
    let told = run(&disk, &insisted, Exit::Failed).stderr;
    assert!(told.contains("A 1d at us:demo cannot be read"), "{told}");
    assert_eq!(now(&disk), before);
}

#[test]
fn a_disk_that_fails_or_is_full_and_a_mirror_that_takes_no_files_fail_all() {
    for (folder, errno) in [
        (OF_A, EIO),
        ("/ws/mirror/us/demo/stocks_1d", EIO),
        ("/ws/mirror/us/demo/stocks_1d", EACCES),
        ("/ws/mirror/us/demo/stocks_1d/files", ENOSPC),
    ] {
        let disk = behind();
        let before = now(&disk);
        if errno == ENOSPC {
            disk.turn_bad(BadFolder::always(folder, errno));
        } else {
            shut(&disk, folder, errno);
        }

        let ran = Barkeep::within(TestWorkspace::simulated(&disk)).run(&MIRROR);

        disk.heal();
        assert!(
            ![Exit::Ok, Exit::Partial].contains(&ran.exit),
            "{folder} {errno}: {ran:?}"
        );
        assert_eq!(now(&disk), before, "{folder} {errno}");
    }
}

/// What the ledger says of a damaged month is looked at once: a month that went on without its older rows is marked also where the
/// series could not be read then.
#[test]
fn what_was_lost_while_a_series_could_not_be_read_stays_as_its_last_copy() {
    let mut bar = world();
    deliver(&bar, "A", &DAYS[..3], 10.0);
    update(&mut bar);
    let october = "data/us/mine/stocks_1d/ticker=A/year=2025/month=10/data.parquet";
    let september = "data/us/mine/stocks_1d/ticker=A/year=2025/month=09/data.parquet";
    let mut bytes = bar.read(october);
    bytes[40] ^= 1;
    bar.write(october, bytes);
    let whole = bar.read(september);
    bar.remove(september);
    bar.fs().create_dir(&bar.path().join(september)).unwrap();
    deliver(&bar, "A", &DAYS[3..4], 7.0);
    deliver(&bar, "B", &DAYS[..4], 20.0);

    let told = bar.run(&["update"]).stderr;
    tick(&mut bar);
    assert!(
        told.contains("A 1d at us:mine stays as it was in the mirror"),
        "{told}"
    );
    assert_eq!(close(&bar, "B", DAYS[3]), Some(23.0));
    bar.remove(september);
    bar.write(september, whole);
    bar.run(&["mirror"]).expect(Exit::Ok);

    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0), "the last copy");
    assert_eq!(close(&bar, "A", DAYS[3]), Some(7.0));
    assert_eq!(kept_of(&bar, "A"), ["2025-10"]);
}

fn days(disk: &SimFs) -> Days {
    let see = |folder: &Folder<'_>, version: &Version| trades::seen(folder, version, disk).unwrap();
    let found = trades::with_current(disk, Path::new("/ws/mirror"), see);
    found.unwrap().unwrap_or_default()
}

/// A mirror of trades of two days that has not seen that one has more trades, and a third one came.
fn behind_of_trades() -> SimFs {
    let disk = SimFs::new();
    stored_on(&disk, &[thursday(), friday()]);
    run(&disk, &TRADES, Exit::Ok);
    let more = trade("2025-10-31T14:00:00", "5", 59.0);
    stored_on(
        &disk,
        &[vec![more, trade("2025-11-03T09:00:00", "6", 60.0)]],
    );
    disk.again()
}

/// Lets nobody read the file of a day.
fn shut_day(disk: &SimFs, day: &str) {
    disk.turn_bad(BadFolder::file(
        &Path::new("/ws").join(day_file(day)),
        EACCES,
    ));
}

#[test]
fn a_day_of_trades_that_cannot_be_read_costs_itself() {
    let with_all = behind_of_trades();
    run(&with_all, &TRADES, Exit::Ok);
    let all = days(&with_all);
    for (day, said, ids) in [
        (THURSDAY, "stays as it was in", Some(vec!["1", "2"])),
        ("2025-10-31", "stays as it was in", Some(vec!["3", "4"])),
        ("2025-11-03", "is not in", None),
    ] {
        let disk = behind_of_trades();
        shut_day(&disk, day);

        let told = run(&disk, &TRADES, Exit::Partial).stderr;

        let named = format!("DETR {day} {said} the mirror of de:xetra trades: cannot");
        assert!(told.contains(&named), "{told}");
        let mut found = days(&disk);
        let of_day = found.remove(day);
        assert_eq!(
            of_day,
            ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect())
        );
        let mut others = all.clone();
        others.remove(day);
        assert_eq!(found, others, "{day}");
        disk.heal();
        run(&disk, &TRADES, Exit::Ok);
        assert_eq!(days(&disk), all);
    }
}

/// The name of a file can be looked at by who may not read it, and says that nothing has changed.
#[test]
fn a_mirrored_day_that_is_one_file_with_one_that_nobody_may_read_is_named() {
    for errno in [EACCES, EIO] {
        let disk = behind_of_trades();
        run(&disk, &TRADES, Exit::Ok);
        let before = days(&disk);
        let path = format!("/ws/{}", day_file(THURSDAY).display());
        disk.shut(&path, errno);

        let refreshed = Barkeep::within(TestWorkspace::simulated(&disk)).run(&TRADES);
        let verified = run(
            &disk,
            &[&TRADES[..], &["--verify"]].concat(),
            Exit::Mismatch,
        );

        let (exit, said) = if errno == EACCES {
            let stays = "DETR 2025-10-30 stays as it was in the mirror of de:xetra trades: cannot";
            (Exit::Partial, stays.to_owned())
        } else {
            (Exit::Failed, day_file(THURSDAY).display().to_string())
        };
        assert_eq!(refreshed.exit, exit, "{refreshed:?}");
        assert!(refreshed.stderr.contains(&said), "{refreshed:?}");
        let named = "de:xetra trades DETR 2025-10-30: cannot read";
        assert!(verified.stdout.contains(named), "{verified:?}");
        assert_eq!(verified.stdout.lines().count(), 1, "{verified:?}");
        disk.heal();
        run(&disk, &TRADES, Exit::Ok);
        assert_eq!(days(&disk), before);
    }
}

#[test]
fn no_mirror_of_trades_is_made_anew_without_a_day_that_cannot_be_read() {
    let disk = behind_of_trades();
    let before = days(&disk);
    let full = [&TRADES[..], &["--full", "--yes"]].concat();
    shut_day(&disk, THURSDAY);
    run(&disk, &[&TRADES[..], &["--full"]].concat(), Exit::Usage);
    run(&disk, &full, Exit::Failed);
    assert_eq!(days(&disk), before);

    // Nobody can say which days there are.
    shut(
        &disk,
        "/ws/data/de/xetra/trades/venue=DETR/year=2025",
        EACCES,
    );
    run(&disk, &full, Exit::Failed);
    let told = run(&disk, &TRADES, Exit::Partial).stderr;

    assert!(
        told.contains("DETR trades at de:xetra stays as it was in the mirror"),
        "{told}"
    );
    assert_eq!(days(&disk), before);
}

/// Who cannot read a day cannot say that it is lost.
#[test]
fn a_day_of_trades_that_cannot_be_read_is_not_put_back() {
    let disk = behind_of_trades();
    run(&disk, &TRADES, Exit::Ok);
    let path = Path::new("/ws").join(day_file(THURSDAY));
    let bytes = disk.peek(&path).unwrap();
    // Another file than that of the mirror.
    disk.plant(&path.display().to_string(), &bytes);
    shut_day(&disk, THURSDAY);
    let repair = ["-C", "/ws", "check", "--repair", "--yes"];

    let ran = run(&disk, &repair, Exit::Partial);

    assert_eq!(ran.stdout, "", "{ran:?}");
    assert!(
        ran.stderr.contains("cannot be put back: 2025-10-30"),
        "{ran:?}"
    );
}
