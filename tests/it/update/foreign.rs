//! Stored files that are whole and cannot be held: they stay, their ticker waits, and the others go on.

use barkeep::storage::leftover_runs;

use super::*;
use crate::support::foreign::{daily, foreign_files};

/// Returns a world of two tickers, the first of which has such a file, and its path.
fn beside(shape: Shape, bytes: &[u8]) -> (World, std::path::PathBuf) {
    let says = |source: ScriptedSource, name| source.says(name, DAY, Say::Bars(two_days()));
    let world = World::new(&["A", "B"], says(says(demo(), "A"), "B"));
    if shape == LegacyBars {
        world.bench.write("storage_config.json", "{}");
    }
    let path = shape.file(&world.bench.places, &shape.request(), "2026-05-28");
    world.bench.write(&path, bytes);
    (world, path)
}

#[test]
fn a_file_that_cannot_be_held_stays_and_fails_its_ticker_alone() {
    for (what, bytes) in foreign_files("A") {
        for shape in [LegacyBars, PartitionedBars] {
            for corrupt_files in ["quarantine", "delete"] {
                let (world, path) = beside(shape, &bytes);
                let settings = format!("[workspace]\ncorrupt_files = \"{corrupt_files}\"\n");
                world.bench.write("barkeep.toml", settings);

                let report = world.update();

                let case = format!("{what}, {shape:?}, {corrupt_files}");
                assert!(world.bench.read(&path) == bytes, "{case}");
                assert!(report.has(FailureKind::Foreign), "{case}: {report:?}");
                let reason = &report.venues[0].failures[0].reason;
                let place = path.display().to_string();
                assert!(
                    reason.contains(&place) && reason.contains(what),
                    "{case}: {reason}"
                );
                assert_eq!(
                    (report.tickers().ok, report.tickers().failed),
                    (1, 1),
                    "{case}"
                );
                assert!(
                    report.damaged.is_empty() && report.kept.is_empty(),
                    "{case}"
                );
                assert_eq!(world.bars(shape, "B"), two_days(), "{case}");
            }
        }
    }
}

#[test]
fn what_was_fetched_waits_until_the_file_can_be_held() {
    for shape in [LegacyBars, PartitionedBars] {
        let (_, bytes) = foreign_files("A").swap_remove(0);
        let (world, path) = beside(shape, &bytes);
        world.update();
        let world =
            world.answering(demo().says("A", DAY, Say::Bars(vec![bar("2026-05-27", 12.0)])));
        let again = world.update();
        let mended = daily("A", &[("2026-05-28", 7.0)]);
        world.bench.write(&path, &mended);

        let report = world.finish_leftovers().unwrap();

        assert!(again.has(FailureKind::Foreign));
        assert_eq!(report.failures, [""; 0]);
        let closes = world
            .bars(shape, "A")
            .into_iter()
            .map(|bar| bar.close.unwrap());
        assert_eq!(
            closes.collect::<Vec<_>>(),
            [12.0, 7.0, 10.0, 11.0],
            "{shape:?}"
        );
        let left = leftover_runs(world.bench.fs(), &world.bench.places).unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn what_waits_for_long_waits_once() {
    let (_, bytes) = foreign_files("A").swap_remove(0);
    let (world, _) = beside(PartitionedBars, &bytes);
    let staged = |world: &World| {
        let staging = &world.bench.places.staging;
        let files = world.bench.tree().into_keys();
        files.filter(|path| path.starts_with(staging)).count()
    };
    world.update();
    let once = staged(&world);

    let again = world.update();
    let other = world.answering(demo().says("A", DAY, Say::Bars(vec![bar("2026-05-29", 99.0)])));
    other.update();
    let reverted = other.answering(demo().says("A", DAY, Say::Bars(two_days())));
    reverted.update();

    assert_eq!(once, 1);
    assert!(again.has(FailureKind::Foreign));
    assert_eq!(
        staged(&reverted),
        3,
        "the last answer stands, and is not that before it"
    );
    reverted
        .bench
        .fs()
        .remove_file(&PartitionedBars.file(
            &reverted.bench.places,
            &PartitionedBars.request(),
            "2026-05-28",
        ))
        .unwrap();
    reverted.finish_leftovers().unwrap();
    assert_eq!(reverted.bars(PartitionedBars, "A"), two_days());
}
