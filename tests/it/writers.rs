//! Every writer over every input that a new file cannot hold: no value is lost, and nothing goes without a word.
//!
//! One table and one checker. The checker knows what was planted, and is itself held against seeded losses.

mod planted;

use crate::support::barkeep::{Barkeep, Ran};
use crate::support::foreign::{ForeignBar, ForeignFile, Whole, daily, days};
use barkeep::cli::Exit;
use barkeep::codec;
use barkeep::frame::{self, Bar as Row, Profile};
use barkeep::model::Dataset;
use bytes::Bytes;
use planted::{ALL_ODD, Odd, has_rows, survives};

/// The days of the input, and days that only other files have.
const DAYS: [(&str, f64); 3] = [
    ("2024-01-03", 10.0),
    ("2024-01-04", 20.0),
    ("2024-01-05", 30.0),
];
const EARLIER: [(&str, f64); 1] = [("2024-01-02", 5.0)];

const FEBRUARY: [(&str, f64); 4] = [
    ("2024-02-01", 40.0),
    ("2024-02-02", 41.0),
    ("2024-02-05", 42.0),
    ("2024-02-06", 43.0),
];
const LEGACY: &str = "data/legacy/stocks_1d/C.parquet";
const FLAT: &str = "stocks_1d/C.parquet";
const MONTH: &str = "data/us/mine/stocks_1d/ticker=C/year=2024/month=01/data.parquet";
const NEXT_MONTH: &str = "data/us/mine/stocks_1d/ticker=C/year=2024/month=02/data.parquet";
const TEMPORARY: &str = "data/us/mine/stocks_1d/ticker=C/year=2024/month=01/data.parquet.tmp-4711-1760880000250-0123456789abcdef0123456789abcdef";
const SECOND_TEMPORARY: &str = "data/us/mine/stocks_1d/ticker=C/year=2024/month=01/data.parquet.tmp-4712-1760880000250-0123456789abcdef0123456789abcdef";
const LOSING_VOLUME: i64 = 7777;

fn tree(bar: &Barkeep) -> Vec<Vec<u8>> {
    bar.tree().into_values().collect()
}

/// A workspace whose source is a folder with these bars of one ticker.
fn workspace(answer: &[(&str, f64)], layout: &[&str]) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[workspace]\ndefault_venue = \"us:mine\"\nlegacy_venue = \"us:mine\"\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n",
    );
    let line = |(day, price): &(&str, f64)| format!("{day},{price},{price},{price},{price},1\n");
    let lines: String = answer.iter().map(line).collect();
    bar.write(
        "incoming/C.csv",
        format!("date,open,high,low,close,volume\n{lines}"),
    );
    let words = ["init", "--venue", "us:mine", "-i", "1d", "-t", "C", "-q"];
    bar.run(&[&words, layout].concat()).expect(Exit::Ok);
    bar
}

fn sound(rows: &[(&str, f64)]) -> Vec<u8> {
    daily("C", rows)
}

fn run(bar: &Barkeep, words: &str) -> Ran {
    bar.run(&words.split(' ').collect::<Vec<_>>())
}

/// What a writer did with a workspace in which the odd file was planted.
struct Did {
    bar: Barkeep,
    ran: Ran,
    factor: f64,
}

impl Did {
    fn of(bar: Barkeep, words: &str) -> Self {
        let ran = run(&bar, words);
        Self {
            bar,
            ran,
            factor: 1.0,
        }
    }
}

fn update_months(odd: Odd) -> Did {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    bar.write(MONTH, odd.file().bytes());
    Did::of(bar, "update")
}

fn update_legacy(odd: Odd) -> Did {
    Did::of(legacy(&odd.file().bytes()), "update")
}

/// The answer contradicts February by one ratio, so that January is moved to its basis.
fn update_across_a_basis(odd: Odd) -> Did {
    let quarter = FEBRUARY.map(|(day, price)| (day, price / 4.0));
    let bar = workspace(&quarter, &["--partitioned"]);
    bar.write(MONTH, odd.file().bytes());
    bar.write(NEXT_MONTH, sound(&FEBRUARY));
    Did {
        factor: 0.25,
        ..Did::of(bar, "update --rebase")
    }
}

const ADOPT: &str = "partition-migrate init --all-found --adopt --yes";

fn adopt_into(odd: Odd) -> Did {
    let bar = legacy(&odd.file().bytes());
    bar.write(FLAT, sound(&EARLIER));
    Did::of(bar, ADOPT)
}

fn adopt_from(odd: Odd) -> Did {
    let bar = legacy(&sound(&EARLIER));
    bar.write(FLAT, odd.file().bytes());
    Did::of(bar, ADOPT)
}

fn migrate(bar: Barkeep, choices: &str) -> Did {
    run(&bar, "partition-migrate init --all-found").expect(Exit::Ok);
    let words = format!("partition-migrate migrate --all --yes{choices}");
    Did::of(bar, &words)
}

fn legacy(bytes: &[u8]) -> Barkeep {
    let bar = workspace(&EARLIER, &[]);
    bar.write(LEGACY, bytes);
    bar
}

fn migrate_onto_months(odd: Odd) -> Did {
    let bar = legacy(&odd.twin(&EARLIER));
    bar.write(MONTH, odd.file().bytes());
    migrate(bar, "")
}

fn migrate_onto_months_and_delete(odd: Odd) -> Did {
    let bar = legacy(&odd.twin(&EARLIER));
    bar.write(MONTH, odd.file().bytes());
    migrate(bar, " --delete-legacy --restart")
}

fn migrate_legacy(odd: Odd) -> Did {
    migrate(legacy(&odd.file().bytes()), "")
}

fn migrate_legacy_and_delete(odd: Odd) -> Did {
    migrate(legacy(&odd.file().bytes()), " --delete-legacy")
}

const CHOICES: &str = " --duplicates newest --fractions round";

fn migrate_legacy_by_choice(odd: Odd) -> Did {
    migrate(legacy(&odd.file().bytes()), CHOICES)
}

fn migrate_legacy_by_choice_and_delete(odd: Odd) -> Did {
    let choices = format!("{CHOICES} --delete-legacy");
    migrate(legacy(&odd.file().bytes()), &choices)
}

/// Somebody has emptied the quarantine between the migration and the removal.
fn delete_legacy_later(odd: Odd) -> Did {
    let Did { bar, .. } = migrate_legacy_by_choice(odd);
    if bar.has("quarantine") {
        bar.remove("quarantine");
    }
    let words = format!("partition-migrate migrate us:mine 1d --yes{CHOICES} --delete-legacy");
    Did::of(bar, &words)
}

/// A workspace whose sound rows were migrated.
fn migrated(odd: Odd) -> Barkeep {
    let Did { bar, ran, .. } = migrate(legacy(&odd.twin(&[])), "");
    ran.expect(Exit::Ok);
    bar
}

/// Months have grown since, and the legacy file is another program's by now.
fn roll_back_onto_legacy(odd: Odd) -> Did {
    let bar = migrated(odd);
    bar.write(NEXT_MONTH, sound(&FEBRUARY));
    bar.write(LEGACY, odd.file().bytes());
    Did::of(bar, "partition-migrate rollback --all --yes")
}

fn roll_back_from_months(odd: Odd) -> Did {
    let bar = migrated(odd);
    bar.write(MONTH, odd.file().bytes());
    Did::of(bar, "partition-migrate rollback --all --yes")
}

const REMOVE: &str = "partition-migrate rollback --all --yes --remove-partitions";

fn roll_back_from_months_and_remove(odd: Odd) -> Did {
    let bar = migrated(odd);
    bar.write(MONTH, odd.file().bytes());
    Did::of(bar, REMOVE)
}

fn rebuild_from_months_and_remove(odd: Odd) -> Did {
    let bar = migrated(odd);
    bar.write(MONTH, odd.file().bytes());
    bar.remove(LEGACY);
    Did::of(bar, REMOVE)
}

/// The file that a stopped writer left is to become part of the month.
fn clean_up(odd: Odd) -> Did {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    bar.write(MONTH, sound(&EARLIER));
    bar.write(TEMPORARY, odd.file().bytes());
    Did::of(bar, "cleanup")
}

/// The month itself is odd, and takes in what a stopped writer left.
fn clean_up_into(odd: Odd) -> Did {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    bar.write(MONTH, odd.file().bytes());
    bar.write(TEMPORARY, sound(&EARLIER));
    Did::of(bar, "cleanup")
}

/// Another stopped writer left a sound file of the same rows.
fn clean_up_two(odd: Odd) -> Did {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    bar.write(TEMPORARY, odd.twin(&EARLIER));
    bar.write(SECOND_TEMPORARY, odd.file().bytes());
    Did::of(bar, "cleanup")
}

type Writer = (&'static str, fn(Odd) -> Did);

const WRITERS: [Writer; 19] = [
    ("update of months", update_months),
    ("update of a legacy file", update_legacy),
    ("update --rebase", update_across_a_basis),
    ("adopt into", adopt_into),
    ("adopt from", adopt_from),
    ("migrate onto months", migrate_onto_months),
    (
        "migrate onto months, delete",
        migrate_onto_months_and_delete,
    ),
    ("migrate", migrate_legacy),
    ("migrate, delete", migrate_legacy_and_delete),
    ("migrate by choice", migrate_legacy_by_choice),
    (
        "migrate by choice, delete",
        migrate_legacy_by_choice_and_delete,
    ),
    ("delete later", delete_legacy_later),
    ("rollback onto legacy", roll_back_onto_legacy),
    ("rollback", roll_back_from_months),
    ("rollback, remove", roll_back_from_months_and_remove),
    ("rebuild, remove", rebuild_from_months_and_remove),
    ("cleanup", clean_up),
    ("cleanup into", clean_up_into),
    ("cleanup of two", clean_up_two),
];

/// Says what is wrong with what a writer did.
fn fault(odd: Odd, did: &Did) -> Option<&'static str> {
    let Did { bar, ran, factor } = did;
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let mut names = ["ticker=C", "C.parquet", "C 1d", "C:"].iter();
    let is_named = names.any(|name| said.contains(name));
    if !survives(odd, &odd.file().bytes(), &tree(bar), *factor) {
        Some("a value is lost")
    } else if odd != Odd::Repetition {
        (!is_named).then_some("the file is not named")
    } else if ran.exit != Exit::Ok {
        // That it ends well shows that the writer gets as far as writing, for the whole row of the table.
        Some("it does not end well")
    } else {
        bar.has("quarantine").then_some("there is nothing to keep")
    }
}

#[test]
fn no_writer_loses_a_value_that_a_new_file_cannot_hold() {
    let mut faults = Vec::new();
    for (writer, write) in WRITERS {
        for odd in ALL_ODD {
            let did = write(odd);
            let fault = fault(odd, &did);
            faults
                .extend(fault.map(|fault| format!("{writer} x {odd:?}: {fault}: {:#?}", did.ran)));
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// A checker that passes everything would make the table worthless.
#[test]
fn the_checker_sees_what_is_lost() {
    let winners = sound(&DAYS);
    for odd in ALL_ODD {
        let planted = odd.file().bytes();
        let mut torn = planted.clone();
        torn.pop();

        let is_kept_by = |tree: &[&[u8]]| {
            let tree: Vec<Vec<u8>> = tree.iter().map(|bytes| bytes.to_vec()).collect();
            survives(odd, &planted, &tree, 1.0)
        };

        assert!(is_kept_by(&[&winners, &planted]), "{odd:?}");
        assert!(!is_kept_by(&[&torn]), "{odd:?}");
        assert_eq!(is_kept_by(&[&winners]), odd == Odd::Repetition, "{odd:?}");
    }
    let mut loser = days("C", &[("2024-01-04", 11.0)]);
    for row in &mut loser {
        row.volume = Some(LOSING_VOLUME);
    }
    let apart = ForeignFile::of(loser).bytes();
    let planted = Odd::Duplicate.file().bytes();
    let is_kept = survives(Odd::Duplicate, &planted, &[winners, apart], 1.0);
    assert!(is_kept, "the losing row may stand in another file");
}

fn row(day: &'static str, price: f64, volume: i64) -> ForeignBar {
    let mut rows = days("C", &[(day, price)]);
    let mut row = rows.remove(0);
    row.volume = Some(volume);
    row
}

/// Nobody knows which of two stopped writers was right, and both files went.
#[test]
fn of_two_temporary_files_that_contradict_each_other_both_are_kept() {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    let one = vec![row("2024-01-04", 11.0, 1), row("2024-01-05", 12.0, 2)];
    let two = vec![row("2024-01-04", 13.0, 3), row("2024-01-08", 14.0, 4)];
    bar.write(TEMPORARY, ForeignFile::of(one.clone()).bytes());
    bar.write(SECOND_TEMPORARY, ForeignFile::of(two.clone()).bytes());

    let ran = run(&bar, "cleanup");

    assert!(has_rows(&[one, two].concat(), &tree(&bar), 1.0), "{ran:?}");
    let stored = [bar.read(MONTH)];
    let new = [row("2024-01-05", 12.0, 2), row("2024-01-08", 14.0, 4)];
    assert!(has_rows(&new, &stored, 1.0), "{ran:?}");
    assert!(ran.stderr.contains("quarantine"), "{ran:?}");
}

/// A bar without all of its prices does not replace a whole one, and its volume went with it.
#[test]
fn a_temporary_file_whose_rows_yield_to_stored_ones_is_kept() {
    let bar = workspace(&EARLIER, &["--partitioned"]);
    bar.write(
        MONTH,
        ForeignFile::of(vec![row("2024-01-04", 11.0, 1)]).bytes(),
    );
    let mut half = row("2024-01-04", 11.0, LOSING_VOLUME);
    half.price = None;
    bar.write(TEMPORARY, ForeignFile::of(vec![half.clone()]).bytes());

    let ran = run(&bar, "cleanup");

    assert!(has_rows(&[half], &tree(&bar), 1.0), "{ran:?}");
}

/// The predecessor once had a folder for each day; where it says something else than the month, only one of the two goes back.
#[test]
fn partitions_that_contradict_each_other_are_not_removed_with_the_others() {
    for legacy_price in [11.0, 12.0] {
        let bar = legacy(&ForeignFile::of(vec![row("2024-01-04", legacy_price, 1)]).bytes());
        run(&bar, "partition-migrate init --all-found").expect(Exit::Ok);
        let files = [
            (MONTH.to_owned(), row("2024-01-04", 11.0, 1)),
            (
                MONTH.replace("month=01", "month=01/day=04"),
                row("2024-01-04", 12.0, 1),
            ),
        ];
        for (path, row) in &files {
            bar.write(path, ForeignFile::of(vec![row.clone()]).bytes());
        }

        let ran = run(&bar, REMOVE);

        let rows = files.map(|(_, row)| row);
        assert!(has_rows(&rows, &tree(&bar), 1.0), "{ran:?}");
    }
}
