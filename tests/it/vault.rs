//! The vault: what is kept comes back byte for byte, damage costs a record, and nothing goes before its time.

mod crash;

use std::cell::RefCell;
use std::path::Path;

use barkeep::model::{Digest, RunId};
use barkeep::sys::Fs;
use barkeep::vault::{Finding, Forgotten, Head, Keeper, Kept, Retention, Shelf, Vault, VaultFile};
use chrono::{DateTime, NaiveDate, Utc};
use rstest::rstest;

use crate::support::sim::SimFs;
use crate::support::workspace::held;

const FOLDER: &str = "/ws/vault";

fn shelf() -> Shelf {
    "DETR".parse().unwrap()
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 9, number).unwrap()
}

fn fetched_at() -> DateTime<Utc> {
    "2026-09-18T16:00:00.25Z".parse().unwrap()
}

fn run(count: u32) -> RunId {
    RunId::new(fetched_at(), 7, count)
}

fn disk() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/tickers.json", b"{}");
    disk
}

fn vault(fs: &dyn Fs) -> Vault<'_> {
    Vault::of(fs, Path::new(FOLDER))
}

/// A name that no run on this disk has had.
fn fresh(fs: &SimFs) -> RunId {
    let names = fs.names();
    let names = names.iter().filter_map(|path| path.file_name()?.to_str());
    let of_run = |name: &str| {
        name.split("-00000007-")
            .nth(1)?
            .split(['.', '-'])
            .next()?
            .parse()
            .ok()
    };
    run(1 + names.filter_map(of_run).fold(100, u32::max))
}

/// Keeps downloads of the 18th in a run of their own.
fn keep(fs: &SimFs, count: u32, downloads: &[(&str, &[u8])]) -> Vec<Kept> {
    let held = held();
    let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), run(count));
    let kept = downloads
        .iter()
        .map(|(name, bytes)| keeper.keep((&shelf(), day(18)), name, fetched_at(), bytes));
    kept.map(Result::unwrap).collect()
}

fn merge(fs: &SimFs, is_done: &dyn Fn(&Head) -> bool) -> usize {
    let held = held();
    let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), run(99));
    keeper.merge((&shelf(), day(18)), is_done).unwrap()
}

/// Returns every record of a day, in order, each once.
fn all(fs: &dyn Fs, day: NaiveDate) -> Vec<(String, Vec<u8>)> {
    let vault = vault(fs);
    let files = vault
        .days(&shelf())
        .unwrap()
        .remove(&day)
        .unwrap_or_default();
    let mut found = Vec::new();
    for file in &files {
        let contents = vault.read(&shelf(), day, file).unwrap().unwrap();
        for record in contents.records() {
            let one = (record.head.name.clone(), record.bytes.to_vec());
            assert_eq!(record.head.digest, Digest::of(record.bytes));
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

fn owned(downloads: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let owned = downloads.iter();
    owned
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

#[test]
fn what_was_kept_comes_back_in_order_whatever_bytes_it_has() {
    let fs = disk();
    let downloads: [(&str, &[u8]); 4] = [
        ("a.json.gz", b"\x1f\x8b\0\0"),
        ("empty", b""),
        ("lines", b"one\ntwo\n"),
        // A download may itself look like a file of the vault.
        ("nested", b"barkeep-vault 1 X 2026-01-01\ndownload 3 abc\n"),
    ];

    keep(&fs, 1, &downloads[..2]);
    keep(&fs, 2, &downloads[2..]);

    assert_eq!(all(&fs, day(18)), owned(&downloads));
}

#[test]
fn equal_bytes_are_kept_once_and_others_beside_them() {
    let fs = disk();

    let first = keep(&fs, 1, &[("a", b"old"), ("a", b"old"), ("a", b"new")]);
    let again = keep(&fs, 2, &[("a", b"new"), ("a", b"old"), ("b", b"old")]);

    assert_eq!(first, [Kept::New, Kept::Known, Kept::New]);
    assert_eq!(again, [Kept::Known, Kept::Known, Kept::New]);
    assert_eq!(
        all(&fs, day(18)),
        owned(&[("a", b"old"), ("a", b"new"), ("b", b"old")])
    );
}

#[test]
fn parts_become_one_pack_and_only_those_that_were_consolidated() {
    let fs = disk();
    keep(&fs, 1, &[("a", b"1"), ("b", b"2")]);
    keep(&fs, 2, &[("c", b"3")]);
    keep(&fs, 3, &[("d", b"4")]);

    let gone = merge(&fs, &|head| head.name != "c");

    assert_eq!(gone, 2);
    let files = vault(&fs).days(&shelf()).unwrap().remove(&day(18)).unwrap();
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!(files[0], VaultFile::Pack);
    let expected = owned(&[("a", b"1"), ("b", b"2"), ("d", b"4"), ("c", b"3")]);
    assert_eq!(all(&fs, day(18)), expected);
    assert_eq!(merge(&fs, &|_| true), 1, "what is consolidated now");
    assert_eq!(all(&fs, day(18)), expected);
    assert_eq!(merge(&fs, &|_| true), 0, "nothing is left to do");
}

#[test]
fn a_day_is_one_pack_of_the_same_bytes_however_often_its_parts_were_merged() {
    let (once, often) = (disk(), disk());
    for (count, name) in [(1, "a"), (2, "b"), (3, "c")] {
        keep(&once, count, &[(name, b"bytes")]);
        keep(&often, count, &[(name, b"bytes")]);
        merge(&often, &|_| true);
    }
    merge(&once, &|_| true);

    let pack = vault(&once).path(&shelf(), day(18), &VaultFile::Pack);
    assert_eq!(once.read(&pack).unwrap(), often.read(&pack).unwrap());
}

fn only_file(fs: &SimFs) -> String {
    let files = vault(fs).days(&shelf()).unwrap().remove(&day(18)).unwrap();
    let path = vault(fs).path(&shelf(), day(18), &files[0]);
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_flipped_byte_costs_at_most_the_record_that_it_is_in_and_is_told() {
    let fs = disk();
    let downloads: [(&str, &[u8]); 3] = [("a", b"first"), ("b", b"second"), ("c", b"third")];
    keep(&fs, 1, &downloads);
    let path = only_file(&fs);
    let whole = fs.read(Path::new(&path)).unwrap().unwrap();

    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        let fs = disk();
        fs.plant(&path, &bytes);
        let found = all(&fs, day(18));

        let lost: Vec<_> = owned(&downloads)
            .into_iter()
            .filter(|one| !found.contains(one))
            .collect();
        assert!(
            lost.len() <= 1 && found.len() + lost.len() == 3,
            "{at}: {found:?}"
        );
        let findings = vault(&fs).look(&shelf()).unwrap();
        assert!(!findings.is_empty(), "{at}");
    }
}

#[test]
fn every_cut_is_a_torn_end_that_harms_nothing_before_it() {
    let fs = disk();
    let downloads: [(&str, &[u8]); 2] = [("a", b"first"), ("b", b"second")];
    keep(&fs, 1, &downloads);
    let path = only_file(&fs);
    let whole = fs.read(Path::new(&path)).unwrap().unwrap();
    let ends = ends_of_records(&whole);

    for cut in 0..whole.len() {
        let fs = disk();
        fs.plant(&path, &whole[..cut]);

        let before = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(all(&fs, day(18)), owned(&downloads)[..before], "{cut}");
        let findings = vault(&fs).look(&shelf()).unwrap();
        let is_torn = |finding: &Finding| matches!(finding, Finding::Torn { .. });
        assert!(findings.iter().all(is_torn), "{cut}: {findings:?}");
    }
}

/// Where the records of `a` and `b` end.
fn ends_of_records(whole: &[u8]) -> [usize; 2] {
    let text = String::from_utf8(whole.to_vec()).unwrap();
    [text.find("first\n").unwrap() + 6, text.len()]
}

#[test]
fn a_part_that_is_cut_or_damaged_is_never_merged_away() {
    for spoil in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 3),
        |bytes: &mut Vec<u8>| {
            let last = bytes.len() - 2;
            bytes[last] ^= 1;
        },
    ] {
        let fs = disk();
        keep(&fs, 1, &[("a", b"first"), ("b", b"second")]);
        let path = only_file(&fs);
        let mut bytes = fs.read(Path::new(&path)).unwrap().unwrap();
        spoil(&mut bytes);
        let spoiled = disk();
        spoiled.plant(&path, &bytes);
        keep(&spoiled, 2, &[("c", b"third")]);

        assert_eq!(merge(&spoiled, &|_| true), 1, "the whole one");

        assert_eq!(spoiled.read(Path::new(&path)).unwrap().unwrap(), bytes);
        assert_eq!(all(&spoiled, day(18)).len(), 2);
    }
}

#[test]
fn a_file_of_a_newer_form_is_refused_and_left_alone() {
    let fs = disk();
    let path = "/ws/vault/DETR/2026-09-18.pack";
    fs.plant(path, b"barkeep-vault 2 DETR 2026-09-18\nsomething else");
    keep_refused(&fs);

    let findings = vault(&fs).look(&shelf()).unwrap();
    assert!(matches!(findings.as_slice(), [Finding::Newer { .. }]));
}

fn keep_refused(fs: &SimFs) {
    let held = held();
    let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), run(1));
    let refused = keeper.keep((&shelf(), day(18)), "a", fetched_at(), b"a");
    assert!(refused.unwrap_err().to_string().contains("newer form"));
}

#[rstest]
#[case("")]
#[case("two words")]
#[case("line\nend")]
fn a_name_that_could_not_be_read_back_is_refused(#[case] name: &str) {
    let fs = disk();
    let held = held();
    let mut keeper = Keeper::of(&fs, &held, Path::new(FOLDER), run(1));

    assert!(
        keeper
            .keep((&shelf(), day(18)), name, fetched_at(), b"a")
            .is_err()
    );
    assert!(all(&fs, day(18)).is_empty());
}

/// A vault of five days, each in a pack of its own but the 16th, which is a part.
fn five_days() -> SimFs {
    let fs = disk();
    let held = held();
    for number in 14..=18 {
        let mut keeper = Keeper::of(&fs, &held, Path::new(FOLDER), run(number));
        keeper
            .keep((&shelf(), day(number)), "a", fetched_at(), &[b'x'; 1000])
            .unwrap();
        if number != 16 {
            keeper.merge((&shelf(), day(number)), &|_| true).unwrap();
        }
    }
    fs
}

fn forget(fs: &SimFs, retention: Retention, is_done: bool) -> (Forgotten, Vec<u32>) {
    use chrono::Datelike as _;
    let held = held();
    let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), run(99));
    let asked = RefCell::new(0);
    let forgotten = barkeep::vault::forget(&mut keeper, &shelf(), (retention, day(18)), &|_, _| {
        *asked.borrow_mut() += 1;
        is_done
    });
    let days = vault(fs).days(&shelf()).unwrap();
    (
        forgotten.unwrap(),
        days.into_keys().map(|day| day.day()).collect(),
    )
}

#[test]
fn old_days_go_and_those_that_were_not_consolidated_stay() {
    let retention = Retention {
        days: Some(2),
        bytes: None,
    };

    let (forgotten, left) = forget(&five_days(), retention, false);
    assert_eq!((forgotten.days, left), (2, vec![16, 17, 18]));

    let (forgotten, left) = forget(&five_days(), retention, true);
    assert_eq!((forgotten.days, left), (3, vec![17, 18]));
}

#[test]
fn a_shelf_that_is_too_large_loses_its_oldest_days_and_never_the_day_that_goes_on() {
    let most = |bytes| Retention {
        days: None,
        bytes: Some(bytes),
    };

    assert_eq!(
        forget(&five_days(), most(1_000_000), true).1,
        [14, 15, 16, 17, 18]
    );
    assert_eq!(forget(&five_days(), most(3_900), true).1, [16, 17, 18]);
    assert_eq!(forget(&five_days(), most(0), true).1, [18]);
}

#[test]
fn files_of_others_are_neither_read_nor_removed() {
    let fs = five_days();
    let strangers = [
        "/ws/vault/DETR/notes.txt",
        "/ws/vault/DETR/2026-9-14.pack",
        "/ws/vault/DETR/2026-09-14.mine.pack",
        "/ws/vault/.hidden/2026-09-14.pack",
    ];
    for stranger in strangers {
        fs.plant(stranger, b"not ours");
    }

    let retention = Retention {
        days: Some(1),
        bytes: Some(0),
    };
    forget(&fs, retention, true);

    for stranger in strangers {
        assert!(
            fs.read(Path::new(stranger)).unwrap().is_some(),
            "{stranger}"
        );
    }
    assert_eq!(vault(&fs).shelves().unwrap(), [shelf()]);
    let sizes = vault(&fs).sizes().unwrap();
    assert_eq!(
        (sizes[0].days, sizes[0].span),
        (1, Some((day(18), day(18))))
    );
}

#[test]
fn what_a_stopped_merge_left_goes_with_the_next_one() {
    let fs = disk();
    keep(&fs, 1, &[("a", b"1")]);
    let temp = format!("{FOLDER}/DETR/.2026-09-18.pack.tmp-{}-1", run(2));
    fs.plant(&temp, b"half of it");

    merge(&fs, &|_| true);

    assert_eq!(fs.read(Path::new(&temp)).unwrap(), None);
    assert_eq!(all(&fs, day(18)), owned(&[("a", b"1")]));
}
