//! What a disk gives back is not taken on trust: a file that is not byte for byte what was built proves nothing.

use std::path::PathBuf;
use std::sync::Arc;

use barkeep::migrate::{self, IntervalState, VenueFacts};
use barkeep::model::RunId;
use barkeep::storage::{BuiltSeries, StagedRun};
use barkeep::sys::Medium;
use chrono::DateTime;

use super::crash::{choices, disk, proofs, sides, tuple, with};
use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{Fault, MutantFs, Op, SimFs};
use crate::support::workspace::{TestWorkspace, held};

/// Builds a series of two months in staging; returns it with its files as they are there.
fn built(fs: &SimFs) -> (BuiltSeries, Vec<(PathBuf, Vec<u8>)>) {
    let (bench, held) = (TestWorkspace::simulated(fs), held());
    let request = Shape::PartitionedBars.request();
    let frame = rows(&request, &["2024-01-31", "2024-02-01"], 1.5);
    let stores = bench.stores();
    let draft = stores
        .partitioned
        .draft(&request, &frame, &provenance())
        .unwrap();
    let id = RunId::new(DateTime::UNIX_EPOCH, 7, 1);
    let mut run = StagedRun::begin(fs, &held, &bench.places, id)
        .unwrap()
        .seal()
        .unwrap();
    let series = run.build_whole(&draft).unwrap();
    run.sync_whole().unwrap();
    let mut files: Vec<_> = fs.snapshot().into_iter().collect();
    files.retain(|(path, _)| path.to_string_lossy().contains("/whole/"));
    (series, files)
}

#[test]
fn every_flipped_byte_of_what_was_built_is_seen() {
    let fs = SimFs::new();
    fs.plant("/ws/x", b"");
    let (series, files) = built(&fs);
    assert_eq!(files.len(), 2);
    assert_eq!(series.reread(&fs).unwrap(), Some(Medium::Disk));

    for (path, whole) in files {
        let path = format!("/{}", path.display());
        let is_seen = |bytes: &[u8]| {
            fs.plant(&path, bytes);
            series.reread(&fs).unwrap().is_none()
        };
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(is_seen(&flipped), "byte {at} of {path}");
        }
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            assert!(is_seen(&whole[..length]), "{length} bytes of {path}");
        }
        assert!(is_seen(&[whole.as_slice(), b"x"].concat()), "one byte more");
        assert!(!is_seen(&whole), "what was built is what was built");
    }
}

#[test]
fn a_ticker_whose_writes_a_disk_swallowed_fails_and_the_others_are_proven() {
    let fs = disk();
    let swallows = |op: &Op<'_>| match op {
        Op::Write(path) => {
            let path = path.to_string_lossy();
            path.contains("/whole/") && path.contains("ticker=A") && path.contains("month=01")
        }
        _ => false,
    };
    let forgetful = MutantFs::new(Arc::new(fs.clone()), swallows);

    let failed = with(&fs, &forgetful, &held(), |mover, _| {
        let mut proofs = proofs(mover)?;
        let report = migrate::migrate_interval(mover, &choices(), &tuple(), &mut proofs)?;
        let named = report
            .failures
            .iter()
            .map(|failed| failed.ticker.to_string());
        Ok((named.collect::<Vec<_>>(), report.proven_now))
    });

    assert_eq!(failed, Ok((vec!["A".to_owned()], 1)));
    assert_eq!(sides(&fs, "A"), Ok([Some(2), None]));
    assert_eq!(sides(&fs, "B"), Ok([Some(2), Some(2)]));
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_does_not_keep_the_others_from_being_counted() {
    const EACCES: i32 = 13;
    let counted = |fs: &SimFs| {
        with(fs, fs, &held(), |mover, plan| {
            let facts = VenueFacts {
                is_active: false,
                is_eligible: true,
            };
            let state = IntervalState::of(mover.sides, &plan.intervals()[0], facts)?;
            let before = fs.reads();
            let counts = state.count_rows(mover.sides)?;
            Ok((before..fs.reads(), counts))
        })
    };
    let (reads, counts) = counted(&disk()).unwrap();
    assert_eq!((counts.legacy, counts.not_counted().count()), (4, 0));

    let mut named = 0;
    for read in reads {
        let fs = disk().fail_read(read + 1, EACCES, Fault::Once);
        // Without the journal of proofs nothing can be said.
        let Ok((_, counts)) = counted(&fs) else {
            continue;
        };
        let [(ticker, error)] = counts.unreadable.as_slice() else {
            panic!("read {read}: {counts:?}");
        };
        assert!(
            counts.unknown.is_empty(),
            "unreadable is not damaged: {counts:?}"
        );
        assert_eq!(counts.legacy, 2, "the other ticker counts");
        assert!(["A", "B"].contains(&ticker.as_str()), "{error}");
        named += 1;
    }
    assert!(named >= 4, "{named} reads were of a ticker's files");
}
