//! The one way into a group: what a series takes along, whoever rewrites it.

use std::path::Path;

use barkeep::cli::Exit;
use barkeep::ledger::read_ledger;
use barkeep::model::{RunId, StorageRequest};
use barkeep::storage::{Custody, Prepared, PutAway, Quarantine, Replaced, StorageError};
use chrono::DateTime;
use rstest::rstest;

use Shape::{LegacyBars, PartitionedBars};

use crate::access::{chmod, mode};
use crate::support::barkeep::Barkeep;
use crate::support::foreign::{ForeignFile, Whole, days};
use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{Fault, SimFs};
use crate::support::workspace::{TestWorkspace, custody, held};

const DAY: &str = "2024-01-30";
const NOTED: Replaced = Replaced::Noted;
/// Values that differ between two rows of `rows`.
const VALUES: usize = 4;

fn prepare(bench: &TestWorkspace, shape: Shape, request: &StorageRequest, value: f64) -> Prepared {
    let stores = bench.stores();
    let newer = rows(request, &[DAY], value);
    let store = shape.store(&stores);
    store.prepare(request, &newer, &provenance()).unwrap()
}

/// Puts merges into one group and commits what got in.
fn commit(
    bench: &TestWorkspace,
    prepared: &[Prepared],
    replaced: Replaced,
) -> Vec<Result<PutAway, StorageError>> {
    let (held, id) = (held(), RunId::new(DateTime::UNIX_EPOCH, 7, 1));
    let quarantine = Quarantine::new(bench.fs(), &held, &bench.places, id.clone());
    let custody = Custody {
        replaced,
        ..custody(&quarantine)
    };
    let mut run = bench.begin(&held, id).unwrap();
    let put = |one| {
        let mut aside = PutAway::default();
        run.put(one, &custody, &mut aside).map(|()| aside)
    };
    let put = prepared.iter().map(put).collect();
    assert!(run.commit().unwrap().left.is_empty());
    run.finish().unwrap();
    put
}

fn names_below(bench: &TestWorkspace, folder: &Path) -> Vec<String> {
    let files = bench.tree().into_keys();
    let below = files.filter_map(|path| Some(path.strip_prefix(folder).ok()?.to_owned()));
    below.map(|path| path.display().to_string()).collect()
}

/// Each was made without the other's rows, so the one that came last would take the other's away.
#[rstest]
fn of_two_merges_into_one_file_the_second_is_refused_and_puts_nothing_away(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.write(shape.file(&bench.places, &request, DAY), b"PAR1 no more");
    let [one, two] = [7.0, 8.0].map(|value| prepare(&bench, shape, &request, value));
    assert_eq!((one.damaged.len(), two.damaged.len()), (1, 1));

    let put = commit(&bench, &[one, two], NOTED);

    let [Ok(aside), Err(StorageError::Refused { .. })] = &put[..] else {
        panic!("{put:?}")
    };
    assert_eq!(aside.damaged.len(), 1);
    let quarantined = names_below(&bench, &bench.places.quarantine);
    assert_eq!(quarantined.len(), 2, "a reason and a file: {quarantined:?}");
}

/// The second file could not be moved, and nobody was told of the first, which was in quarantine by then: its month looked as if
/// it had never been.
#[test]
fn what_was_put_aside_is_told_also_when_the_series_does_not_join_the_group() {
    const DAYS: [&str; 2] = ["2024-01-30", "2024-02-01"];
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let shape = PartitionedBars;
    let file = |bench: &TestWorkspace, day: &str| shape.file(&bench.places, &shape.request(), day);
    let planted = TestWorkspace::simulated(&disk);
    for day in DAYS {
        planted.write(file(&planted, day), b"PAR1 no more");
    }
    // Puts two damaged months aside, one of the calls being refused, and tells how many are gone and told.
    let run = |disk: &SimFs| {
        let bench = TestWorkspace::simulated(disk);
        let (held, id) = (held(), RunId::new(DateTime::UNIX_EPOCH, 7, 1));
        let quarantine = Quarantine::new(bench.fs(), &held, &bench.places, id.clone());
        let custody = custody(&quarantine);
        let newer = rows(&shape.request(), &DAYS, 7.0);
        let stores = bench.stores();
        let prepared = shape
            .store(&stores)
            .prepare(&shape.request(), &newer, &provenance());
        let (Ok(prepared), Ok(mut sealed)) = (prepared, bench.begin(&held, id)) else {
            return None;
        };
        let mut aside = PutAway::default();
        let joined = sealed.put(&prepared, &custody, &mut aside).is_ok();
        let is_gone = |day: &&&str| bench.fs().metadata(&file(&bench, day)).unwrap().is_none();
        let gone = DAYS.iter().filter(is_gone).count();
        if !joined {
            // Its files are not in the group, so they do not stand in the way of others.
            let again = shape
                .store(&stores)
                .prepare(&shape.request(), &newer, &provenance());
            let put = sealed.put(&again.unwrap(), &custody, &mut PutAway::default());
            assert!(put.is_ok(), "{put:?}");
        }
        Some((gone, aside.damaged.len(), joined))
    };
    let undisturbed = disk.again();
    assert_eq!(run(&undisturbed), Some((2, 2, true)));

    let mut halves = 0;
    for call in 1..=undisturbed.calls() {
        let disk = disk.again().fail_call(call, 13, Fault::Once);
        let Some((gone, told, joined)) = run(&disk) else {
            continue;
        };
        assert_eq!(told, gone, "call {call}");
        halves += usize::from(!joined && (gone, told) == (1, 1));
    }
    assert!(halves > 0);
}

/// A file that stays in the group of a series that did not join would be committed without its line in the ledger.
#[test]
fn a_series_joins_whole_or_not_at_all_whichever_call_fails() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let shape = PartitionedBars;
    TestWorkspace::simulated(&disk).store(shape, &rows(&shape.request(), &[DAY], 7.0));
    let run = |disk: &SimFs| {
        let bench = TestWorkspace::simulated(disk);
        let (held, id) = (held(), RunId::new(DateTime::UNIX_EPOCH, 8, 1));
        let quarantine = Quarantine::new(bench.fs(), &held, &bench.places, id.clone());
        let custody = custody(&quarantine);
        let newer = rows(&shape.request(), &[DAY], 8.0);
        let stores = bench.open_for("us:demo").ok()?.stores;
        let prepared = shape
            .store(&stores)
            .prepare(&shape.request(), &newer, &provenance());
        let (Ok(prepared), Ok(mut sealed)) = (prepared, bench.begin(&held, id)) else {
            return None;
        };
        let put = sealed.put(&prepared, &custody, &mut PutAway::default());
        Some((put.is_ok(), sealed.group_len()))
    };
    let undisturbed = disk.again();
    assert_eq!(run(&undisturbed), Some((true, 1)));

    let (calls, reads) = (1..=undisturbed.calls(), 1..=undisturbed.reads());
    let changing = calls.map(|call| disk.again().fail_call(call, 5, Fault::Once));
    let reading = reads.map(|call| disk.again().fail_read(call, 5, Fault::Once));
    let mut refused = 0;
    for (at, disk) in changing.chain(reading).enumerate() {
        if let Some((joined, files)) = run(&disk) {
            assert_eq!(files, usize::from(joined), "fault {at}");
            refused += usize::from(!joined);
        }
    }
    assert!(refused > 0);
}

/// It was written into whatever a link led to, once the group was committed.
#[test]
fn a_series_whose_older_file_cannot_be_kept_does_not_join() {
    let bench = TestWorkspace::on_disk();
    let shape = PartitionedBars;
    bench.store(shape, &rows(&shape.request(), &[DAY], 7.0));
    let venue = shape.request().venue.unwrap();
    let files = bench.places.ledger(&venue).join("files");
    std::os::unix::fs::symlink(&bench.places.data, &files).unwrap();
    let mut prepared = prepare(&bench, shape, &shape.request(), 8.0);
    prepared.factor = Some(2.0);

    let put = commit(&bench, &[prepared], NOTED);

    assert!(
        matches!(&put[..], [Err(error)] if error.is_of_place()),
        "{put:?}"
    );
}

/// What a copy replaces is in the ledger as well, and of a private file nobody else may read it.
#[test]
fn a_ledger_of_copies_tells_nobody_what_a_private_file_holds() {
    let bench = TestWorkspace::on_disk();
    let shape = PartitionedBars;
    bench.store(shape, &rows(&shape.request(), &[DAY], 7.0));
    chmod(shape.file(&bench.places, &shape.request(), DAY), 0o600);
    let prepared = prepare(&bench, shape, &shape.request(), 8.0);

    let put = commit(&bench, &[prepared], Replaced::Copied);

    assert!(matches!(&put[..], [Ok(_)]), "{put:?}");
    let venue = shape.request().venue.unwrap();
    let ledger = names_below(&bench, &bench.places.ledger(&venue));
    let newest = ledger.iter().max().unwrap();
    assert_eq!(mode(bench.places.ledger(&venue).join(newest)), 0o600);
}

#[rstest]
fn a_replaced_value_is_in_the_ledger_unless_the_ledger_has_it_already(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    for (replaced, lines) in [(NOTED, 1), (Replaced::Known, 0)] {
        let bench = TestWorkspace::on_disk();
        let request = shape.request();
        bench.store(shape, &rows(&request, &[DAY], 7.0));
        let prepared = prepare(&bench, shape, &request, 8.0);

        let put = commit(&bench, &[prepared], replaced);

        assert!(
            matches!(&put[..], [Ok(aside)] if aside.kept.is_empty()),
            "{put:?}"
        );
        let ledger = read_ledger(bench.fs(), &bench.places, &request).unwrap();
        let found = ledger.map_or(0, |ledger| ledger.lines.len());
        assert_eq!(found, lines * VALUES, "{replaced:?}");
    }
}

/// The ledger is named by the venue, and a legacy file that is brought to its place has none.
#[test]
fn a_series_without_a_ledger_keeps_the_file_whose_values_are_replaced() {
    let bench = TestWorkspace::on_disk();
    let request = LegacyBars.request();
    let nowhere = StorageRequest {
        venue: None,
        ..request.clone()
    };
    bench.store(LegacyBars, &rows(&request, &[DAY], 7.0));
    let old = bench.read(LegacyBars.file(&bench.places, &request, DAY));
    let prepared = prepare(&bench, LegacyBars, &nowhere, 8.0);

    let put = commit(&bench, &[prepared], NOTED);

    let [Ok(aside)] = &put[..] else {
        panic!("{put:?}")
    };
    let [kept] = &aside.kept[..] else {
        panic!("{:?}", aside.kept)
    };
    assert_eq!(bench.read(kept.folder.join("A.parquet")), old);
}

/// A text says by itself which volumes were rounded; of a Parquet file nobody said so.
#[test]
fn numbers_of_a_parquet_source_that_were_rounded_are_told() {
    let bar = Barkeep::empty();
    let toml = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"1d\"\n";
    bar.write("barkeep.toml", toml);
    let odd = ForeignFile {
        volume: Whole::Fraction,
        ..ForeignFile::of(days("A", &[("2024-01-30", 1.0), ("2024-01-31", 2.0)]))
    };
    bar.write("in/A.parquet", odd.bytes());
    let init = ["init", "--ticker", "A", "-i", "1d", "--partitioned"];
    bar.run(&init).expect(Exit::Ok);

    let ran = bar.run(&["update"]).expect(Exit::Ok);

    assert!(ran.stderr.contains("2 numbers of"), "{}", ran.stderr);
    assert!(ran.stderr.contains("A.parquet"), "{}", ran.stderr);
}
