//! Where the rows of a run go, and what their files say of them.

use super::*;

#[test]
fn several_venues_are_updated_in_one_run() {
    let mut world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    let path = world.bench.places.root.join("tickers.json");
    let registry = json!({"A": {"venue": "us:demo"}, "B": {"venue": "de:other"}});
    world.bench.write(&path, registry.to_string().as_bytes());
    let other =
        ScriptedSource::at("de:other").says("B", DAY, Say::Bars(vec![bar("2026-06-01", 5.0)]));
    world.sources.push(Arc::new(other));

    let report = world.update();

    assert_eq!(report.venues.len(), 2);
    let other = StorageRequest::bars(
        "de:other".parse().unwrap(),
        "B".parse::<Ticker>().unwrap(),
        DAY,
    );
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
    assert_eq!(
        world.bars_of(PartitionedBars, &other),
        [bar("2026-06-01", 5.0)]
    );
}

#[test]
fn a_series_with_legacy_rows_stays_legacy_and_a_new_one_is_partitioned_in_the_same_run() {
    let source = demo()
        .says("A", DAY, Say::Bars(two_days()))
        .says("B", DAY, Say::Bars(two_days()));
    let world = World::new(&["A", "B"], source);
    let legacy = LegacyBars.file(&world.bench.places, &LegacyBars.request(), "2026-05-29");
    world
        .bench
        .write(&legacy, daily("A", &[("2026-05-28", 9.0)]));

    world.update();

    assert_eq!(
        world.bars(LegacyBars, "A"),
        [vec![bar("2026-05-28", 9.0)], two_days()].concat()
    );
    assert_eq!(world.bars(PartitionedBars, "A"), []);
    assert_eq!(world.bars(PartitionedBars, "B"), two_days());
    assert!(
        world.tickers_json()["A"]["intervals"]["1d"]
            .get("storage")
            .is_none()
    );
}

#[test]
fn files_say_where_their_rows_come_from() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));

    world.update();

    let path = PartitionedBars.file(
        &world.bench.places,
        &PartitionedBars.request(),
        "2026-06-01",
    );
    let decoded = codec::decode(
        &world.bench.read(&path).into(),
        Profile::of(Dataset::Stocks),
    )
    .unwrap();
    assert_eq!(decoded.provenance, crate::support::series::provenance());
    assert!(decoded.is_sealed);
    assert_eq!(
        decoded.ordered.frame.times().collect::<Vec<_>>(),
        [stamp("2026-06-01")]
    );
}

/// An adjusted close belongs to a day. A source that gave some for minutes made a tree that no reader of paths knew.
#[test]
fn adjusted_closes_of_bars_shorter_than_a_day_have_no_tree() {
    let moment = bar("2026-06-01T09:30:00", 3.0);
    let beside = Extras {
        adjusted_closes: vec![AdjustedClose {
            date: moment.date.unwrap(),
            value: 2.5,
        }],
        ..Extras::default()
    };
    let says = Say::With(vec![moment], Box::new(beside));
    let world = World::new(&["A"], demo().says("A", Interval::M1, says)).in_bars_of(Interval::M1);

    let report = world.update();

    assert_eq!(report.tickers().ok, 1);
    let is_adjusted = |path: &std::path::PathBuf| path.to_string_lossy().contains("adjusted_");
    assert!(!world.bench.tree().keys().any(is_adjusted));
}
