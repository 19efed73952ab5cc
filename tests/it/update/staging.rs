//! What stopped runs staged is found wherever it lies, and nothing is staged where it could not be brought to its place.
#![expect(
    clippy::disallowed_methods,
    reason = "what a user does to a folder by hand"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::frame::BarBatch;
use barkeep::ingest::FailureKind;
use barkeep::model::{Digest, RunId, sealed};
use barkeep::storage::{RowsToStage, StagedRun, StorageError, leftover_runs};
use barkeep::update::UpdateError;
use chrono::DateTime;
use rstest::rstest;
use serde_json::{Value, json};

use super::{DAY, World, demo, two_days};
use crate::support::foreign::daily;
use crate::support::scripted::{Say, ScriptedSource, bar};
use crate::support::series::Shape::{LegacyBars, PartitionedBars};
use crate::support::series::provenance;
use crate::support::sim::{BadFolder, SimFs, sweep};
use crate::support::workspace::{TestWorkspace, held};

const DATA: &str = "/ws/data";

fn disk(is_mounted: bool) -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    disk.plant("/ws/data/x", b"");
    disk.remount(is_mounted.then_some(DATA));
    World::on(TestWorkspace::simulated(&disk), &["A", "B"], demo());
    disk.again()
}

fn world(disk: &SimFs, source: ScriptedSource) -> World {
    World::again(TestWorkspace::simulated(disk), source, Arc::new(held()))
}

/// Stages what a run fetched of a ticker that was then killed.
fn stage(world: &World, ticker: &str, count: u32) -> RunId {
    let request = PartitionedBars.request_of(ticker);
    let bars = two_days();
    let frame = BarBatch { bars }.ordered(&ticker.parse().unwrap()).0.frame;
    let rows = RowsToStage::encode(request, &frame, &provenance())
        .unwrap()
        .unwrap();
    let id = RunId::new(DateTime::UNIX_EPOCH, 1, count);
    let bench = &world.bench;
    let mut run = StagedRun::begin(bench.fs(), &world.held, &bench.places, id.clone()).unwrap();
    run.stage(&rows).unwrap();
    id
}

fn staging_is_empty(disk: &SimFs) -> bool {
    !disk
        .names()
        .iter()
        .any(|name| name.to_string_lossy().contains("partition-staging/"))
}

/// `data` became a link to another disk between two runs, or ceased to be one. A run may have parts in both places.
#[rstest]
fn rows_arrive_that_were_staged_before_data_moved(
    #[values(false, true)] was_mounted: bool,
    #[values(false, true)] is_in_both: bool,
) {
    let disk = disk(was_mounted);
    stage(&world(&disk, demo()), "A", 1);
    disk.remount((!was_mounted).then_some(DATA));
    let world = world(&disk, demo());
    if is_in_both {
        stage(&world, "B", 1);
    }

    let report = world.finish_leftovers().unwrap();

    assert_eq!((report.runs, report.failures.len()), (1, 0), "{report:?}");
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
    let of_other = if is_in_both { two_days() } else { Vec::new() };
    assert_eq!(world.bars(PartitionedBars, "B"), of_other);
    assert!(staging_is_empty(&disk), "{:?}", disk.names());
}

/// Reading the workspace's documents is the command's business; it ends there when they cannot be read.
fn documents_permitting<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    outcome.map_err(|_| "the documents cannot be read".to_owned())
}

/// Killed at any step, its journal included; then `data` moves. Journals whose paths cannot be followed any more are not
/// lost either: the rows are staged still.
#[rstest]
fn a_crash_before_data_moves_loses_nothing(#[values(false, true)] was_mounted: bool) {
    let source = || demo().says("A", DAY, Say::Bars(two_days()));
    // Whether its rows are stored and known, or known and staged: an empty disk in the place of `data` is most likely not the
    // one that they were stored on, so that they wait for a person's word. One without the other is wrong.
    let is_waiting = |fs: &SimFs| {
        let world = world(fs, demo());
        world.with(|view, _, registry| !view.data_root(registry.catalog()).is_there())
            && !staging_is_empty(fs)
    };
    let is_there = |fs: &SimFs| {
        let world = world(fs, demo());
        let bars = world.bars(PartitionedBars, "A");
        let known = &world.tickers_json()["A"]["intervals"]["1d"]["last_data_date"];
        match (bars == two_days(), known) {
            (true, Value::String(day)) if day == "2026-06-01" => Ok(true),
            // Where one month was seen to be gone, its days are asked for again.
            (true, Value::String(day)) if day == "2026-05-29" => Ok(true),
            (false, Value::Null) if bars.is_empty() => Ok(false),
            (false, Value::String(_)) if bars.is_empty() && is_waiting(fs) => Ok(true),
            _ => Err(format!("known is {known}, and stored {bars:?}")),
        }
    };

    let report = sweep(
        "data moves",
        &disk(was_mounted),
        &|fs| {
            let updated = documents_permitting(|| world(fs, source()).try_update())?;
            let report = updated.map_err(|error| error.to_string())?;
            Ok(report.tickers().ok == 1)
        },
        &|fs| {
            fs.remount((!was_mounted).then_some(DATA));
            let left = documents_permitting(|| world(fs, demo()).finish_leftovers())?;
            left.map(drop).map_err(|error| error.to_string())
        },
        &|fs, is_acked| {
            if !is_there(fs)? && is_acked {
                return Err("stored rows are gone".to_owned());
            }
            if !staging_is_empty(fs) && !is_waiting(fs) {
                return Err("something was left in staging".to_owned());
            }
            Ok(())
        },
        usize::from(!was_mounted),
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 200, "{report}");
}

/// Everything was fetched, then the first rename failed, at this run and at every later one.
#[rstest]
fn staging_on_another_disk_is_refused_before_anything_is_fetched(
    #[values("/ws/partition-staging", "/ws/data/.partition-staging")] staging: &str,
) {
    let disk = disk(false);
    disk.plant(&format!("{staging}/x"), b"");
    disk.remount(Some(staging));
    let bench = TestWorkspace::simulated(&disk);
    let source = || demo().says("A", DAY, Say::Bars(two_days()));
    let world = World::again(bench, source(), Arc::new(held()));
    let before = disk.names();

    let refused = world.try_update().unwrap_err();

    let UpdateError::Storage(StorageError::Staging { path, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(path, Path::new(staging));
    assert_eq!(disk.names(), before, "nothing was staged or stored");
    disk.remount(None);
    world.update();
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
}

/// What stands in the place of the folder itself.
#[test]
fn a_file_or_a_link_into_nowhere_for_the_staging_folder_is_refused_by_name() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    let staging = world.bench.places.staging.clone();
    for instead in ["file", "dangling link", "link to a file"] {
        match instead {
            "file" => world.bench.write(&staging, b""),
            "dangling link" => std::os::unix::fs::symlink("nowhere", &staging).unwrap(),
            _ => std::os::unix::fs::symlink("tickers.json", &staging).unwrap(),
        }

        let refused = world.try_update().unwrap_err().to_string();

        assert!(
            refused.contains("partition-staging"),
            "{instead}: {refused}"
        );
        std::fs::remove_file(&staging).unwrap();
    }
    world.update();
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
}

/// A link to a folder of the same disk is as good as the folder.
#[test]
fn staging_behind_a_link_on_the_same_disk_works() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    let root = &world.bench.places.root;
    std::fs::create_dir(root.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &world.bench.places.staging).unwrap();

    let report = world.update();

    assert_eq!(report.tickers().ok, 1, "{report:?}");
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
    assert_eq!(
        std::fs::read_dir(root.join("elsewhere")).unwrap().count(),
        0
    );
}

fn month(world: &World) -> PathBuf {
    PartitionedBars.file(
        &world.bench.places,
        &PartitionedBars.request_of("A"),
        "2026-05-29",
    )
}

/// A later barkeep died after its commit point, and somebody went back to this one.
#[test]
fn a_journal_of_a_later_barkeep_is_left_alone_and_holds_back_what_its_run_staged() {
    let source = || {
        demo()
            .says("A", DAY, Say::Bars(vec![bar("2026-06-02", 3.0)]))
            .says("B", DAY, Say::Bars(two_days()))
    };
    let world = World::new(&["A", "B"], source());
    let id = stage(&world, "A", 1);
    let journal = world.bench.places.staging.join(id.as_str()).join("journal");
    let body = json!({"version": 3, "files": {"of a kind": "to come"}}).to_string();
    world
        .bench
        .write(&journal, sealed::seal(body.clone().into_bytes()));
    let before = world.bench.stamped_tree();

    let told = world.finish_leftovers().unwrap();

    assert_eq!(told.failures.len(), 1, "{:?}", told.failures);
    assert!(
        told.failures[0].contains("later barkeep"),
        "{:?}",
        told.failures
    );
    assert_eq!(world.bench.stamped_tree(), before);
    let report = world.update();
    let failures = &report.venues[0].failures;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(
        (failures[0].ticker.as_str(), failures[0].kind),
        ("A", FailureKind::Disk)
    );
    assert_eq!(world.bars(PartitionedBars, "A"), []);
    assert_eq!(world.bars(PartitionedBars, "B"), two_days());
    // The later barkeep, or whoever takes the journal away: what was staged arrives in the order in which it was fetched.
    world.bench.fs().remove_file(&journal).unwrap();
    world.finish_leftovers().unwrap();
    let all = [two_days(), vec![bar("2026-06-02", 3.0)]].concat();
    assert_eq!(world.bars(PartitionedBars, "A"), all);
    assert_eq!(
        leftover_runs(world.bench.fs(), &world.bench.places).unwrap(),
        []
    );
}

/// A later barkeep's journal waits, and the source has none of the rows any more: they are in staging, and not lost.
#[test]
fn rows_that_wait_are_not_given_up() {
    let source = demo().says("A", DAY, Say::Bars(two_days()));
    let world = World::new(&["A"], source);
    world.update();
    let older = daily("A", &[("2026-05-29", 10.0)]);
    let june = PartitionedBars.file(
        &world.bench.places,
        &PartitionedBars.request_of("A"),
        "2026-06-01",
    );
    world.bench.fs().remove_file(&june).unwrap();
    world.bench.write(month(&world), &older);
    let id = stage(&world, "A", 1);
    let journal = world.bench.places.staging.join(id.as_str()).join("journal");
    let body = json!({"version": 3}).to_string();
    world.bench.write(&journal, sealed::seal(body.into_bytes()));

    let world = world.answering(demo().says("A", DAY, Say::Nothing));
    world.update();

    let entry = world.tickers_json()["A"]["intervals"]["1d"].clone();
    assert_eq!(entry["lost"], Value::Null, "{entry}");
    assert_eq!(entry["last_data_date"], "2026-06-01");
}

/// The disk of `data` is not mounted when the next run finds the journal.
#[test]
fn a_journal_is_not_rolled_forward_into_a_mount_point_without_its_disk() {
    let source = demo().says("A", DAY, Say::Bars(two_days()));
    let world = World::new(&["A"], source);
    world.update();
    let (root, target) = (world.bench.places.root.clone(), month(&world));
    let id = "20260101T000000Z-00000001-1";
    let run = world.bench.places.staging.join(id);
    let staged = run.join("new/0");
    world.bench.write(&staged, b"a month");
    let below = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    let old = Digest::of(&world.bench.read(&target)).to_string();
    let entry = json!({"staged": below(&staged), "target": below(&target), "old": old,
        "new": Digest::of(b"a month").to_string()});
    let body = json!({"version": 1, "count": 1, "entries": [entry]}).to_string();
    world
        .bench
        .write(run.join("journal"), sealed::seal(body.into_bytes()));
    let (data, disk) = (&world.bench.places.data, root.join("disk"));
    world.bench.fs().rename(data, &disk).unwrap();
    world.bench.fs().create_dir(data).unwrap();

    let report = world.finish_leftovers().unwrap();

    assert_eq!((report.held_back, report.files), (1, 0), "{report:?}");
    assert_eq!(world.bench.fs().list(data).unwrap().unwrap(), []);
    world.bench.fs().remove_dir(data).unwrap();
    world.bench.fs().rename(&disk, data).unwrap();
    assert_eq!(world.finish_leftovers().unwrap().files, 1);
    assert_eq!(world.bench.read(&target), b"a month");
}

/// As the builds before form 2 left it.
#[test]
fn a_journal_of_an_older_barkeep_is_completed() {
    let world = World::new(&["A"], demo());
    let root = world.bench.places.root.clone();
    let run = world
        .bench
        .places
        .staging
        .join("20260101T000000Z-00000001-1");
    let below = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    let entry = |n: u32, target: &Path, bytes: &[u8]| {
        let staged = run.join("new").join(n.to_string());
        world.bench.write(&staged, bytes);
        let old = world
            .bench
            .fs()
            .read(target)
            .unwrap()
            .map(|old| Digest::of(&old).to_string());
        let new = Digest::of(bytes).to_string();
        json!({"staged": below(&staged), "target": below(target), "old": old, "new": new})
    };
    let registry = root.join("tickers.json");
    let entries = [
        entry(0, &month(&world), b"a month"),
        entry(1, &registry, b"{\"A\": {\"venue\": \"us:demo\"}}"),
    ];
    let body = json!({"version": 1, "count": 2, "entries": entries}).to_string();
    world
        .bench
        .write(run.join("journal"), sealed::seal(body.into_bytes()));

    let report = world.finish_leftovers().unwrap();

    assert_eq!((report.files, report.failures.len()), (2, 0), "{report:?}");
    assert_eq!(world.bench.read(month(&world)), b"a month");
    assert_eq!(
        leftover_runs(world.bench.fs(), &world.bench.places).unwrap(),
        []
    );
}

/// Before form 2 a journal did not say whose a file is, and a legacy file has no venue in its path: while its place refuses
/// it, the ticker waits by the file, and what is fetched meanwhile is merged after it.
#[test]
fn an_older_journal_that_names_a_legacy_file_goes_before_what_is_fetched_later() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let source = |bars| demo().says("A", DAY, Say::Bars(bars));
    World::on(TestWorkspace::simulated(&disk), &["A"], demo());
    let world = world(&disk, source(two_days()));
    let toggles = world.bench.places.root.join("storage_config.json");
    world.bench.write(&toggles, b"{\"partitioned\": false}");
    world.update();
    let target = LegacyBars.file(
        &world.bench.places,
        &LegacyBars.request_of("A"),
        "2026-05-29",
    );
    let newer = daily("A", &[("2026-05-29", 10.0), ("2026-06-01", 99.0)]);
    let run = world
        .bench
        .places
        .staging
        .join("20260101T000000Z-00000001-1");
    world.bench.write(run.join("new/0"), &newer);
    let below = |path: &Path| path.strip_prefix("/ws").unwrap().display().to_string();
    let entry = json!({"staged": below(&run.join("new/0")), "target": below(&target),
        "old": Digest::of(&world.bench.read(&target)).to_string(), "new": Digest::of(&newer).to_string()});
    let body = json!({"version": 1, "count": 1, "entries": [entry]}).to_string();
    world
        .bench
        .write(run.join("journal"), sealed::seal(body.into_bytes()));
    let folder = target.parent().unwrap().to_str().unwrap().to_owned();
    disk.turn_bad(BadFolder::always(&folder, 13));

    let world = world.answering(source(vec![bar("2026-06-02", 3.0)]));
    let report = world.update();

    assert_eq!(report.tickers().failed, 1, "{report:?}");
    disk.heal();
    let world = world.answering(demo().says("A", DAY, Say::Nothing));
    world.update();
    let closes: Vec<_> = world
        .bars(LegacyBars, "A")
        .iter()
        .map(|bar| bar.close)
        .collect();
    assert_eq!(closes, [Some(10.0), Some(99.0), Some(3.0)]);
    assert!(staging_is_empty(&disk), "{:?}", disk.names());
}
