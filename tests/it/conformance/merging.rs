//! What preparing rows for a stored series promises: what is written, what is kept, and what is refused.

use super::*;

#[rstest]
fn preparing_changes_nothing_on_disk(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
    #[values(false, true)] is_damaged: bool,
) {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let planted = TestWorkspace::simulated(&disk);
    planted.store(shape, &both(7.0, shape));
    if is_damaged {
        flip_a_byte(
            &planted,
            &shape.file(&planted.places, &shape.request(), JANUARY),
        );
    }
    let fs = disk.again();

    let prepared = prepare(&TestWorkspace::simulated(&fs), shape, &both(8.0, shape)).unwrap();

    assert!(!prepared.files.is_empty());
    assert_eq!(fs.calls(), 0, "preparing makes no changing call");
}

#[rstest]
fn rows_that_are_there_already_prepare_no_file(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    bench.store(shape, &both(7.0, shape));
    let before = bench.stamped_tree();

    let prepared = prepare(&bench, shape, &both(7.0, shape)).unwrap();
    bench.commit(&prepared).unwrap();

    assert!(prepared.files.is_empty() && prepared.revisions().next().is_none());
    let counts = RowCounts {
        unchanged: 2,
        ..RowCounts::default()
    };
    assert_eq!(prepared.rows, counts);
    assert_eq!(
        bench.stamped_tree(),
        before,
        "bytes and times of change stay"
    );
}

#[rstest]
fn only_the_months_whose_rows_change_are_written(#[values(PartitionedBars, Trades)] shape: Shape) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &both(7.0, shape));
    let (january, february) = (
        shape.file(&bench.places, &request, JANUARY),
        shape.file(&bench.places, &request, FEBRUARY),
    );
    let before = bench.stamped_tree();
    let newer = frame::merge(
        &rows(&request, &[JANUARY], 7.0),
        &rows(&request, &[FEBRUARY], 8.0),
    )
    .frame;

    let prepared = prepare(&bench, shape, &newer).unwrap();
    bench.commit(&prepared).unwrap();

    let targets: Vec<_> = prepared.files.iter().map(|file| &file.target).collect();
    assert_eq!(targets, [&february]);
    let after = bench.stamped_tree();
    assert_eq!(
        after[&january], before[&january],
        "bytes and time of change stay"
    );
    assert_ne!(after[&february].0, before[&february].0);
    let new: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    let ledgers = bench.places.state.join("ledger");
    assert!(
        matches!(new[..], [ledger] if ledger.starts_with(&ledgers)),
        "{new:?}"
    );
}

#[rstest]
fn a_merge_keeps_every_key_that_was_stored(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let stored = ["2023-12-31", "2024-01-01", "2024-01-30", "2024-02-05"];
    bench.store(shape, &rows(&request, &stored, 7.0));

    // An answer that would shrink history: two days, one of them new.
    bench.store(shape, &rows(&request, &["2024-01-02", "2024-01-30"], 8.0));

    let found = read(&bench, shape).frame;
    let expected = frame::merge(
        &rows(&request, &stored, 7.0),
        &rows(&request, &["2024-01-02", "2024-01-30"], 8.0),
    )
    .frame;
    assert_eq!(found.len(), 5);
    assert_eq!(found, expected);
}

#[rstest]
fn values_that_change_are_counted_and_told(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &both(7.0, shape));
    let newer = rows(&request, &[FEBRUARY, "2024-02-06"], 8.0);

    let prepared = prepare(&bench, shape, &newer).unwrap();

    assert_eq!(
        prepared.rows,
        RowCounts {
            added: 1,
            changed: 1,
            unchanged: 0
        }
    );
    assert!(prepared.revisions().next().is_some());
    let day = crate::support::series::stamp(FEBRUARY);
    assert!(
        prepared
            .revisions()
            .all(|revision| revision.key.time == day)
    );
}

#[rstest]
#[case::basis(Provenance { basis: PriceBasis::AsTraded, ..provenance() }, "price basis")]
#[case::zone(Provenance { timezone: Some("Europe/Berlin".to_owned()), ..provenance() }, "time zone")]
#[case::source(Provenance { source: Some("us:other".parse().unwrap()), ..provenance() }, "source")]
fn rows_that_do_not_belong_to_the_stored_ones_are_refused(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
    #[case] other: Provenance,
    #[case] what: &str,
) {
    let bench = TestWorkspace::on_disk();
    bench.store(shape, &both(7.0, shape));
    let before = bench.stamped_tree();

    let refused = prepare_as(&bench, shape, &both(8.0, shape), &other).unwrap_err();

    assert!(
        matches!(refused, StorageError::Refused { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains(what), "{refused}");
    assert_eq!(bench.stamped_tree(), before);
}

/// Older builds wrote down the zone of the market for rows on the clock of UTC.
#[rstest]
fn rows_that_are_the_newer_ones_take_the_name_of_their_clock(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let days = ["2024-02-05", "2024-02-06", "2024-02-07", "2024-02-08"];
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let stored = rows(&request, &days[..3], 7.0);
    bench.store(shape, &stored);
    let before = bench.stamped_tree();
    let utc = Provenance {
        timezone: Some("UTC".to_owned()),
        ..provenance()
    };
    let refused = |newer: &Frame| prepare_as(&bench, shape, newer, &utc).is_err();
    assert!(refused(&rows(&request, &days, 8.0)), "other values");
    assert!(refused(&rows(&request, &days[1..], 7.0)), "not all of them");
    assert!(refused(&rows(&request, &days[2..], 7.0)), "too few to tell");

    for newer in [rows(&request, &days[..3], 7.0), rows(&request, &days, 7.0)] {
        let prepared = prepare_as(&bench, shape, &newer, &utc).unwrap();
        bench.commit(&prepared).unwrap();

        let stores = bench.stores();
        let found = shape.store(&stores).read(&request).unwrap().unwrap();
        assert_eq!(found.provenance.timezone.as_deref(), Some("UTC"));
        assert_eq!(found.frame, newer);
    }
    assert!(bench.stamped_tree() != before);
}

#[rstest]
fn a_new_month_has_the_basis_of_its_tree_or_is_refused(
    #[values(PartitionedBars, Trades)] shape: Shape,
    #[values(false, true)] is_one_process: bool,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let first = bench.stores();
    let january = rows(&request, &[JANUARY], 7.0);
    let prepared = shape
        .store(&first)
        .prepare(&request, &january, &provenance())
        .unwrap();
    bench.commit(&prepared).unwrap();
    let second = if is_one_process {
        first
    } else {
        bench.stores()
    };
    let other = Provenance {
        basis: PriceBasis::AsTraded,
        ..provenance()
    };

    let february = rows(&request, &[FEBRUARY], 7.0);
    let refused = shape.store(&second).prepare(&request, &february, &other);

    assert!(
        matches!(refused, Err(StorageError::Refused { .. })),
        "{:?}",
        refused.err()
    );
}
