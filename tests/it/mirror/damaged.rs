//! Mirrors that are damaged and have last copies: what may be one is given up on a person's word only.

use std::os::unix::fs::symlink;
use std::path::Path;

use barkeep::cli::Exit;
use barkeep::mirror::Tier;
use barkeep::sys::Fs;

use super::crash::{MIRROR, seen, without};
use super::{
    Closes, DAYS, DIR, close, closes, deliver, kept_of, names_of, next_day, tick, verified,
    with_current, world,
};
use crate::support::barkeep::{Barkeep, run_on};
use crate::support::sim::{SimFs, sweep};

const OCTOBER: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=10/data.parquet";
const OF_B: &str = "data/us/mine/stocks_1d/ticker=B";

type Damage = (&'static str, fn(&Barkeep));

/// Every way in which nobody can say what the state of a mirror was.
const OF_STATE: [Damage; 6] = [
    ("a state that was cut", |bar| {
        let name = state_of(bar);
        let bytes = bar.read(&name);
        bar.write(&name, &bytes[..bytes.len() / 2]);
    }),
    ("no state", |bar| bar.remove(state_of(bar))),
    ("a version that is gone", |bar| {
        bar.remove(version_of(bar));
    }),
    ("a link that leads elsewhere", |bar| {
        bar.remove(format!("{DIR}/current"));
        symlink("../../../../data", bar.path().join(DIR).join("current")).unwrap();
    }),
    ("no link", |bar| bar.remove(format!("{DIR}/current"))),
    ("no files, and a version", |bar| {
        bar.remove(state_of(bar));
        bar.remove(format!("{DIR}/files"));
    }),
];

fn version_of(bar: &Barkeep) -> String {
    with_current(bar, |_, version| format!("{DIR}/v{}", version.number))
}

fn state_of(bar: &Barkeep) -> String {
    format!("{}/state.jsonl", version_of(bar))
}

/// A mirror with the last copy of a month of A and of all of B, of which a refresh knows or not, and what it has.
fn with_last_copies(is_marked: bool) -> (Barkeep, Closes) {
    let mut bar = world();
    next_day(&mut bar, 2);
    if is_marked {
        // The next day of the month puts the damaged file away.
        flip(&bar, OCTOBER);
        deliver(&bar, "A", &DAYS[3..4], 7.0);
        bar.run(&["update"]).expect(Exit::Damaged);
        tick(&mut bar);
    } else {
        bar.remove(OCTOBER);
        deliver(&bar, "A", &DAYS[..2], 10.0);
    }
    bar.remove(OF_B);
    // Nor has the source them any more.
    bar.remove("in/B.csv");
    if is_marked {
        // Somebody wrote down what lies there.
        bar.run(&["check", "--rebuild"]);
        bar.run(&["mirror"]).expect(Exit::Ok);
        tick(&mut bar);
        assert_eq!(kept_of(&bar, "B"), ["whole"]);
    }
    let all = closes(&bar);
    (bar, all)
}

fn flip(bar: &Barkeep, file: &str) {
    let mut bytes = bar.read(file);
    bytes[30] ^= 1;
    bar.write(file, bytes);
}

/// Flips a bit of a file of the mirror under each of its names, and returns that among all files.
pub(super) fn ruin(bar: &Barkeep, name: &str) -> String {
    for path in bar.files_in(DIR).into_keys() {
        if path.ends_with(name) && !path.starts_with(format!("{DIR}/current")) {
            flip(bar, path.to_str().unwrap());
        }
    }
    format!("{DIR}/files/{name}")
}

#[test]
fn a_mirror_whose_state_is_damaged_keeps_what_only_it_has() {
    for is_marked in [false, true] {
        for (what, damage) in OF_STATE {
            let (mut bar, all) = with_last_copies(is_marked);
            damage(&bar);
            deliver(&bar, "C", &DAYS[..2], 50.0);

            let told = bar.run(&["update"]).stderr;
            tick(&mut bar);

            let said = "was made anew, because it was damaged";
            assert!(told.contains(said), "{what}: {told}");
            let mut expected = all.clone();
            expected.insert(("C".to_owned(), DAYS[0].to_owned()), 50.0);
            expected.insert(("C".to_owned(), DAYS[1].to_owned()), 51.0);
            assert_eq!(closes(&bar), expected, "{what}");
            assert_eq!(kept_of(&bar, "A"), ["2025-10"], "{what}");
            assert_eq!(verified(&bar)["series_with_last_copies"], 2, "{what}");
            bar.run(&["mirror"]);
            tick(&mut bar);
            let again = bar.run(&["mirror"]).stderr;
            assert!(again.contains("0 series differed"), "{what}: {again}");
            bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
            let shown = bar.show("A", "1d", &["--columns", "date,close"]);
            assert!(shown.stdout.contains("2025-10-01,12.0"), "{what}");
            assert_eq!(closes(&bar), expected, "{what}");
            assert_eq!(kept_of(&bar, "A").len(), 0, "{what}");
        }
    }
}

#[test]
fn what_only_a_mirror_has_is_taken_over_where_one_name_of_a_file_is_damaged() {
    let (mut bar, _) = with_last_copies(true);
    // Of B the damaged one would have the last copy.
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    tick(&mut bar);
    bar.remove(OCTOBER);
    let base = names_of(&bar, Tier::Base).remove(0);
    flip(&bar, &format!("{DIR}/files/{base}"));
    deliver(&bar, "C", &DAYS[..2], 50.0);

    let told = bar.run(&["update"]).stderr;

    let said = "was made anew, because it was damaged";
    assert!(told.contains(said), "{told}");
    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0));
    assert_eq!(close(&bar, "C", DAYS[0]), Some(50.0));
    assert_eq!(kept_of(&bar, "A"), ["2025-10"]);
}

#[test]
fn a_damaged_file_that_may_have_a_last_copy_goes_by_a_yes_only() {
    for is_state_whole in [true, false] {
        let (mut bar, _) = with_last_copies(true);
        let usual = bar.run(&["update"]).exit;
        tick(&mut bar);
        assert_eq!(closes(&bar).len(), 10);
        let base = ruin(&bar, &names_of(&bar, Tier::Base)[0]);
        if !is_state_whole {
            bar.remove(state_of(&bar));
        }
        deliver(&bar, "C", &DAYS[..2], 50.0);
        let before = bar.read(&base);

        let told = bar.run(&["update"]);
        tick(&mut bar);
        let refused = bar.run(&["mirror"]).expect(Exit::Damaged).stderr;

        assert_eq!(
            told.exit, usual,
            "the update does not fail for it: {told:?}"
        );
        let said =
            "the mirror of us:mine stocks_1d has the last copy of something, perhaps: [bar]/";
        for told in [&told.stderr, &refused] {
            assert!(told.contains(said) && told.contains(&base), "{told}");
        }
        assert_eq!(bar.read(&base), before);
        // It says by its marks what it has.
        let exit = if is_state_whole {
            Exit::Usage
        } else {
            Exit::Damaged
        };
        bar.run(&["mirror", "--full"]).expect(exit);
        // Of B nothing is left anywhere.
        bar.run(&["mirror", "--full", "--yes"])
            .expect(Exit::Partial);
        assert_eq!(close(&bar, "B", DAYS[0]), None);
        assert_eq!(close(&bar, "C", DAYS[0]), Some(50.0));
    }
}

#[test]
fn of_a_damaged_mirror_what_is_whole_can_be_put_back() {
    let (mut bar, _) = with_last_copies(true);
    ruin(&bar, &names_of(&bar, Tier::Base)[0]);

    let told = bar
        .run(&["check", "--repair", "--yes"])
        .expect(Exit::Partial);
    tick(&mut bar);

    assert!(told.stdout.contains("A 1d    2025-10"), "{told:?}");
    assert!(
        told.stderr.contains("B 1d at us:mine cannot be put back"),
        "{told:?}"
    );
    bar.remove(state_of(&bar));
    let told = bar
        .run(&["check", "--repair", "--yes"])
        .expect(Exit::Partial);
    let way = "barkeep mirror makes it anew and takes over what it has still";
    assert!(told.stderr.contains(way), "{told:?}");
}

#[test]
fn rows_that_a_person_took_out_do_not_come_back_from_a_damaged_mirror() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", super::SETTINGS);
    let october = ["2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13"];
    let days = [&DAYS[..], &october].concat();
    deliver(&bar, "A", &days, 10.0);
    bar.run(&["init", "--partitioned", "--ticker", "A"])
        .expect(Exit::Ok);
    super::update(&mut bar);
    bar.write(
        "barkeep.toml",
        super::SETTINGS.replace("mirror", "# mirror"),
    );
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    bar.write("barkeep.toml", super::SETTINGS);
    bar.remove(state_of(&bar));

    bar.run(&["mirror"]).expect(Exit::Partial);

    assert_eq!(close(&bar, "A", "2025-10-11"), None);
    assert_eq!(closes(&bar).len(), days.len() - 1);
    assert_eq!(kept_of(&bar, "A").len(), 0);
}

/// Whose rows they are only its states and its table say.
#[test]
fn the_damaged_mirror_of_another_workspace_is_left_alone() {
    for is_told_by_the_table in [true, false] {
        let mut bar = world();
        next_day(&mut bar, 2);
        bar.remove(state_of(&bar));
        bar.write("state/mirror-id", "20200101T000000Z-00000001-1");
        if is_told_by_the_table {
            bar.remove(format!("{DIR}/v1"));
        } else {
            bar.remove(format!("{DIR}/files/_delta_log"));
        }
        let before = bar.files_in(DIR);

        let refused = bar.run(&["mirror"]).expect(Exit::Failed).stderr;

        let said = "is the mirror of another workspace";
        assert!(refused.contains(said), "{refused}");
        assert_eq!(bar.files_in(DIR), before);
    }
}

/// The tree was read once to see what would be lost, and once more to make the mirror.
#[test]
fn to_make_a_mirror_anew_the_tree_is_read_once() {
    let disk = without();
    let read = |args: &[&str]| {
        let before = disk.contents_read("/ws/data");
        assert_eq!(run_on(&disk, args), Exit::Ok);
        disk.contents_read("/ws/data") - before
    };

    let first = read(&MIRROR);
    let anew = read(&[&MIRROR[..], &["--full"]].concat());

    assert!(first > 0);
    assert_eq!(anew, first);
}

/// Nothing of the old files goes before what only they have is durable in the new ones.
#[test]
fn crash_while_a_damaged_mirror_takes_over_what_only_it_has() {
    let disk = without();
    assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
    let october = "/ws/data/us/demo/stocks_1d/ticker=A/year=2025/month=10/data.parquet";
    let state = "/ws/mirror/us/demo/stocks_1d/v1/state.jsonl";
    let all = seen(&disk).unwrap();
    for gone in [october, state] {
        assert!(disk.remove_file(Path::new(gone)).unwrap());
    }
    let initial = disk.again();
    let ends_well = |disk: &SimFs| [Exit::Ok, Exit::Partial].contains(&run_on(disk, &MIRROR));
    let finished = initial.again();
    assert!(ends_well(&finished));
    assert_eq!(seen(&finished).unwrap(), all);

    let report = sweep(
        "damaged mirror",
        &initial,
        &|disk| Ok(ends_well(disk)),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            if is_acked && seen(disk)? != all {
                return Err("a reader has not what only the old files had".to_owned());
            }
            let again = disk.again();
            if !ends_well(&again) || seen(&again)? != all {
                return Err("the next one lost what only the old files had".to_owned());
            }
            Ok(())
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}
