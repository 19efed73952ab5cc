//! One bad folder costs its own series, now and in the next runs; when it is good again everything is there.
#![expect(
    clippy::disallowed_methods,
    reason = "what a user does to a folder by hand"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::frame::{Bar, EventKind, MarketEvent};
use barkeep::ingest::{FailureKind, RunReport};
use barkeep::source::Extras;
use barkeep::storage::leftover_runs;
use rstest::rstest;
use serde_json::json;

use super::{DAY, World, demo};
use crate::support::barkeep::{Barkeep, demo_disk};
use crate::support::scripted::{Say, ScriptedSource, bar};
use crate::support::series::Shape::{self, LegacyBars, PartitionedBars};
use crate::support::sim::{BadFolder, Fault, SimFs};
use crate::support::workspace::TestWorkspace;

const TICKERS: [&str; 3] = ["A", "B", "C"];
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EROFS: i32 = 30;

/// The bars after so many runs: each brings the next day.
fn bars(runs: usize) -> Vec<Bar> {
    let days = [
        ("2026-06-01", 1.0),
        ("2026-06-02", 2.0),
        ("2026-06-03", 3.0),
    ];
    let days = days[..runs].iter().copied();
    days.map(|(day, price)| bar(day, price)).collect()
}

fn source(runs: usize) -> ScriptedSource {
    let says = |source: ScriptedSource, ticker| source.says(ticker, DAY, Say::Bars(bars(runs)));
    TICKERS.into_iter().fold(demo(), says)
}

#[track_caller]
fn assert_only_b_failed(report: &RunReport) {
    let venue = &report.venues[0];
    let failed: Vec<_> = venue
        .failures
        .iter()
        .map(|failure| failure.ticker.as_str())
        .collect();
    assert_eq!(failed, ["B"], "{:?}", venue.failures);
    let kind = venue.failures[0].kind;
    let stays = [FailureKind::Disk, FailureKind::Foreign].contains(&kind);
    assert!(stays, "its rows stay staged: {kind:?}");
    assert_eq!((venue.tickers.ok, venue.tickers.failed), (2, 1));
}

/// Spoils a workspace, runs twice, mends it and runs once more.
fn check(world: World, shape: Shape, spoil: &dyn Fn(&World), mend: &dyn Fn(&World)) {
    let mut world = world.answering(source(1));
    world.update();
    spoil(&world);
    for runs in [2, 3] {
        world = world.answering(source(runs));

        let report = world.update();

        assert_only_b_failed(&report);
        for ticker in ["A", "C"] {
            assert_eq!(
                world.bars(shape, ticker),
                bars(runs),
                "{ticker}, run {runs}"
            );
        }
        let known = world.tickers_json()["B"]["intervals"]["1d"]["last_data_date"].clone();
        assert_eq!(known, "2026-06-01", "tickers.json names stored rows only");
        let waiting = leftover_runs(world.bench.fs(), &world.bench.places).unwrap();
        assert_eq!(waiting.len(), runs - 1, "what was fetched stays staged");
    }
    let told = world.finish_leftovers().unwrap().failures;
    // Two runs wait: for the same reason, or the second one for the first.
    assert!((1..=2).contains(&told.len()), "{told:?}");
    assert!(told.iter().all(|told| told.starts_with("B 1d")), "{told:?}");

    mend(&world);
    // The source has nothing any more: all comes from what was staged.
    let world = world.answering(TICKERS.into_iter().fold(demo(), |source, ticker| {
        source.says(ticker, DAY, Say::Nothing)
    }));
    let report = world.update();

    assert_eq!(report.tickers().failed, 0);
    for ticker in TICKERS {
        assert_eq!(world.bars(shape, ticker), bars(3), "{ticker}");
    }
    let waiting = leftover_runs(world.bench.fs(), &world.bench.places).unwrap();
    assert_eq!(waiting, [], "nothing is left");
}

/// Of two rows of one day one goes to quarantine, and that is a file: no later ticker was asked for.
#[test]
fn a_quarantine_that_cannot_be_used_costs_the_ticker_that_needs_it() {
    let twice = vec![bar("2026-06-01", 1.0), bar("2026-06-01", 2.0)];
    let world = World::new(&TICKERS, source(1).says("B", DAY, Say::Bars(twice)));
    world.bench.write(&world.bench.places.quarantine, b"x");

    let report = world.update();

    assert_only_b_failed(&report);
    for ticker in ["A", "C"] {
        assert_eq!(world.bars(PartitionedBars, ticker), bars(1), "{ticker}");
    }
}

fn folder(world: &World, levels: usize) -> PathBuf {
    let request = PartitionedBars.request_of("B");
    let file = PartitionedBars.file(&world.bench.places, &request, "2026-06-01");
    file.ancestors().nth(levels).unwrap().to_owned()
}

fn aside(path: &Path) -> PathBuf {
    path.ancestors().nth(8).unwrap_or(path).join("moved-away")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    Link,
    DanglingLink,
    File,
}

/// Somebody moved a folder to another disk, or something lies in its place: the month file, its folder, the year's, the
/// ticker's.
#[rstest]
fn a_link_or_a_file_in_the_way_costs_one_ticker(
    #[values(Instead::Link, Instead::DanglingLink, Instead::File)] instead: Instead,
    #[values(0, 1, 2, 3)] levels: usize,
) {
    if levels == 0 && instead == Instead::File {
        return;
    }
    let world = World::new(&TICKERS, source(1));
    let away = world.bench.places.root.join("moved-away");
    let spoil = |world: &World| {
        let path = folder(world, levels);
        std::fs::rename(&path, &away).unwrap();
        match instead {
            Instead::Link => symlink(&away, &path).unwrap(),
            Instead::DanglingLink => symlink(aside(&path), &path).unwrap(),
            Instead::File => world.bench.write(&path, b"x"),
        }
    };
    let mend = |world: &World| {
        let path = folder(world, levels);
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&away, &path).unwrap();
    };

    check(world, PartitionedBars, &spoil, &mend);
}

/// A folder in the place of a file, in either layout.
#[rstest]
fn a_folder_in_the_place_of_a_file_costs_one_ticker(
    #[values(PartitionedBars, LegacyBars)] shape: Shape,
) {
    let world = World::new(&TICKERS, source(1));
    if shape == LegacyBars {
        let toggles = world.bench.places.root.join("storage_config.json");
        world.bench.write(&toggles, b"{\"partitioned\": false}");
    }
    let away = world.bench.places.root.join("moved-away");
    let file =
        |world: &World| shape.file(&world.bench.places, &shape.request_of("B"), "2026-06-01");
    let spoil = |world: &World| {
        std::fs::rename(file(world), &away).unwrap();
        std::fs::create_dir(file(world)).unwrap();
    };
    let mend = |world: &World| {
        std::fs::remove_dir(file(world)).unwrap();
        std::fs::rename(&away, file(world)).unwrap();
    };

    check(world, shape, &spoil, &mend);
}

/// No rights, a read-only mount, an immutable folder; the ticker's, the year's, the month's. Nothing in a blind one can be
/// seen either.
#[rstest]
fn a_folder_that_refuses_changes_costs_one_ticker(
    #[values(EACCES, EPERM, EROFS)] errno: i32,
    #[values(false, true)] is_blind: bool,
    #[values(1, 2, 3)] levels: usize,
) {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let world = World::on(TestWorkspace::simulated(&disk), &TICKERS, source(1));
    let spoil = |world: &World| {
        let folder = folder(world, levels);
        disk.turn_bad(BadFolder {
            is_blind,
            ..BadFolder::always(folder.to_str().unwrap(), errno)
        });
    };

    check(world, PartitionedBars, &spoil, &|_| disk.heal());
}

/// An answer without bars may have events all the same: a name that the disk does not take for them ended the whole run.
#[test]
fn a_name_that_the_disk_does_not_take_for_events_costs_one_ticker() {
    const ENAMETOOLONG: i32 = 36;
    let stored = SimFs::new();
    stored.plant("/ws/x", b"");
    World::on(TestWorkspace::simulated(&stored), &TICKERS, source(1)).update();
    let world = |disk: SimFs| {
        let kind = EventKind::Dividend { amount: 0.5 };
        let date = bars(1)[0].date.unwrap();
        let beside = Extras {
            events: vec![MarketEvent::new(date, kind)],
            ..Extras::default()
        };
        let says = Say::NothingWith(Box::new(beside));
        let held = std::sync::Arc::new(crate::support::workspace::held());
        let source = source(2).says("B", DAY, says);
        World::again(TestWorkspace::simulated(&disk), source, held)
    };
    let undisturbed = stored.again().logged();
    world(undisturbed.clone()).update();
    let log = undisturbed.log();
    let is_of_events =
        |call: &String| call.contains("/fetched/") && call.ends_with("events/ticker=B");
    let at = log
        .iter()
        .position(is_of_events)
        .unwrap_or_else(|| panic!("{log:#?}"));
    let disk = stored.again().fail_call(at + 1, ENAMETOOLONG, Fault::Once);
    let world = world(disk);

    let report = world.update();

    assert_only_b_failed(&report);
    for ticker in ["A", "C"] {
        assert_eq!(world.bars(PartitionedBars, ticker), bars(2), "{ticker}");
    }
}

/// Somebody mounted a disk there: nothing can be renamed to it.
#[test]
fn a_disk_that_is_mounted_on_a_folder_costs_one_ticker() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let world = World::on(TestWorkspace::simulated(&disk), &TICKERS, source(1));
    let spoil = |world: &World| disk.remount(folder(world, 3).to_str());

    check(world, PartitionedBars, &spoil, &|_| disk.remount(None));
}

/// The whole run, the folder turning bad at each of its steps: what was fetched is in the tree in the end, and the registry
/// says nothing else.
#[test]
fn a_folder_that_turns_bad_at_any_step_of_a_run_costs_one_ticker() {
    let stored = SimFs::new();
    stored.plant("/ws/x", b"");
    World::on(TestWorkspace::simulated(&stored), &TICKERS, source(1)).update();
    let world = |disk: &SimFs, runs| {
        let held = std::sync::Arc::new(crate::support::workspace::held());
        World::again(TestWorkspace::simulated(disk), source(runs), held)
    };
    let undisturbed = stored.again();
    world(&undisturbed, 2).update();
    let calls = undisturbed.calls();
    let mut outcomes = BTreeMap::new();
    for at in 0..=calls {
        let disk = stored.again();
        let folder = "/ws/data/us/demo/stocks_1d/ticker=B";
        let bad = BadFolder::always(folder, EACCES);
        disk.turn_bad(BadFolder {
            calls: at..usize::MAX,
            ..bad.clone()
        });

        let first = world(&disk, 2).update();

        let good = |disk: &SimFs, runs| {
            let world = world(disk, runs);
            for ticker in ["A", "C"] {
                assert_eq!(
                    world.bars(PartitionedBars, ticker),
                    bars(runs),
                    "{ticker}, bad at {at}"
                );
            }
        };
        good(&disk, 2);
        let failed = first.tickers().failed;
        *outcomes.entry(failed).or_insert(0) += 1;
        let next = disk.again();
        next.turn_bad(bad);
        assert_only_b_failed(&world(&next, 3).update());
        good(&next, 3);
        let mended = next.again();
        world(&mended, 3).update();
        good(&mended, 3);
        let mended = world(&mended, 3);
        assert_eq!(mended.bars(PartitionedBars, "B"), bars(3), "bad at {at}");
        let known = mended.tickers_json()["B"]["intervals"]["1d"]["last_data_date"].clone();
        assert_eq!(known, json!("2026-06-03"), "bad at {at}");
        let left = leftover_runs(mended.bench.fs(), &mended.bench.places).unwrap();
        assert_eq!(left, [], "bad at {at}");
    }
    let counts: Vec<_> = outcomes.into_iter().collect();
    assert!(
        matches!(counts[..], [(0, _), (1, many)] if many > 10),
        "{counts:?}"
    );
}

/// One folder has all files of the legacy layout: all its tickers fail by name, and another venue goes on.
#[test]
fn a_bad_folder_of_the_legacy_layout_costs_its_tickers_and_no_other_venue() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let mut world = World::on(TestWorkspace::simulated(&disk), &["A", "B"], source(1));
    let put = |name: &str, text: serde_json::Value| {
        world.bench.write(
            world.bench.places.root.join(name),
            text.to_string().as_bytes(),
        );
    };
    put(
        "storage_config.json",
        json!({"partitioned": false, "sources": {"de/other": true}}),
    );
    put(
        "tickers.json",
        json!({"A": {"venue": "us:demo"}, "B": {"venue": "us:demo"}, "X": {"venue": "de:other"}}),
    );
    let other = ScriptedSource::at("de:other").says("X", DAY, Say::Bars(bars(1)));
    world.sources.push(std::sync::Arc::new(other));
    disk.turn_bad(BadFolder::always("/ws/data/legacy", EACCES));
    disk.plant("/ws/data/legacy/x", b"");

    let report = world.update();

    let counts = report.tickers();
    assert_eq!((counts.ok, counts.failed), (1, 2), "{report:?}");
    assert_eq!(world.bars(LegacyBars, "A"), []);
    disk.heal();
    world.update();
    for ticker in ["A", "B"] {
        assert_eq!(world.bars(LegacyBars, ticker), bars(1));
    }
}

/// A run as another user left a month without rights, and the file in it is damaged: it cannot even be put away.
#[test]
fn a_damaged_file_that_cannot_be_put_away_costs_one_ticker() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let world = World::on(TestWorkspace::simulated(&disk), &TICKERS, source(1));
    let spoil = |world: &World| {
        let file = folder(world, 0);
        let damaged = world.bench.read(&file);
        world.bench.write(&file, &damaged[..damaged.len() / 2]);
        let month = file.parent().unwrap();
        disk.turn_bad(BadFolder::always(month.to_str().unwrap(), EACCES));
    };

    check(world, PartitionedBars, &spoil, &|_| disk.heal());
}

/// It was told as one with rows in both layouts, by who had not seen either.
#[rstest]
fn a_series_that_cannot_be_looked_at_is_told_as_that(#[values(true, false)] is_on: bool) {
    let disk = demo_disk(&["A", "B"], ("2025-11-03", "2025-11-05"));
    let toggles = json!({ "partitioned": is_on }).to_string();
    disk.plant("/ws/storage_config.json", toggles.as_bytes());
    disk.turn_bad(BadFolder {
        is_blind: true,
        ..BadFolder::always("/ws/data/us/demo/stocks_1d/ticker=A", EACCES)
    });
    let bar = Barkeep::within(TestWorkspace::simulated(&disk));

    let status = bar.run(&["-C", "/ws", "status"]).expect(Exit::Ok).stderr;
    let updated = bar.run(&["-C", "/ws", "update"]).stderr;

    assert!(
        status.contains("1 series at us:demo cannot be looked at: A 1d (cannot"),
        "{status}"
    );
    for told in [&status, &updated] {
        assert!(!told.contains("both layouts"), "{told}");
    }
    assert!(updated.contains("A 1d at us:demo: cannot"), "{updated}");
}

#[test]
fn what_the_system_says_of_a_place_is_told_from_a_disk_that_fails() {
    let error = |errno| barkeep::sys::FsError {
        op: "write",
        path: "x".into(),
        source: std::io::Error::from_raw_os_error(errno),
    };
    for errno in [EPERM, EACCES, EROFS, 18, 20, 21, 36, 40] {
        assert!(error(errno).is_of_place(), "{errno}");
    }
    for errno in [4, 5, 12, 23, 24, 28, 110, 116, 122] {
        assert!(!error(errno).is_of_place(), "{errno}");
    }
}
