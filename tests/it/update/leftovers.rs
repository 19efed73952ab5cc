//! What stopped runs left in staging arrives, once.

use barkeep::frame::{BarBatch, EventKind, MarketEvent};
use barkeep::model::RunId;
use barkeep::source::Extras;
use barkeep::storage::{RowsToStage, StagedRun, leftover_runs};
use barkeep::sys::Signal;
use chrono::DateTime;
use serde_json::{Value, json};

use super::{DAY, World, demo, finish_leftovers, two_days};
use crate::support::scripted::{Say, bar};
use crate::support::series::Shape::{Events, LegacyBars, PartitionedBars};
use crate::support::series::provenance;

/// Stages what a run fetched that was then killed.
fn stage(world: &World, is_sealed: bool) {
    let frame = BarBatch { bars: two_days() }
        .ordered(&"A".parse().unwrap())
        .0
        .frame;
    let rows = RowsToStage::encode(PartitionedBars.request(), &frame, &provenance())
        .unwrap()
        .unwrap();
    let id = RunId::new(DateTime::UNIX_EPOCH, world.bench.around.nonce(), 1);
    let mut run = StagedRun::begin(world.bench.fs(), &world.held, &world.bench.places, id).unwrap();
    run.stage(&rows).unwrap();
    if is_sealed {
        run.seal().unwrap();
    }
}

#[test]
fn the_rows_of_a_killed_run_arrive_whether_it_was_sealed_or_not() {
    for is_sealed in [false, true] {
        let world = World::new(&["A"], demo());
        stage(&world, is_sealed);

        let report = world.finish_leftovers().unwrap();

        assert_eq!((report.runs, report.series), (1, 1));
        assert_eq!(world.bars(PartitionedBars, "A"), two_days());
        assert_eq!(
            world.tickers_json()["A"]["intervals"]["1d"]["last_data_date"],
            "2026-06-01"
        );
        assert!(
            leftover_runs(world.bench.fs(), &world.bench.places)
                .unwrap()
                .is_empty()
        );
        assert!(
            world
                .bench
                .fs()
                .metadata(&world.bench.places.staging)
                .unwrap()
                .is_none()
        );
    }
}

#[test]
fn replaying_a_leftover_run_changes_nothing() {
    let world = World::new(&["A"], demo());
    stage(&world, true);
    world.finish_leftovers().unwrap();
    let before = world.bench.stamped_tree();
    stage(&world, true);

    let report = world.finish_leftovers().unwrap();

    assert_eq!(
        (report.rows.added, report.rows.changed, report.files),
        (0, 0, 0)
    );
    assert_eq!(
        world.bench.stamped_tree(),
        before,
        "bytes and times of change stay"
    );
}

#[test]
fn a_run_that_is_stopped_while_it_fetches_is_completed_by_the_next_one() {
    let full = || {
        demo().says("A", DAY, Say::Bars(two_days())).says(
            "B",
            DAY,
            Say::Bars(vec![bar("2026-06-02", 3.0)]),
        )
    };
    let stopped = World::new(
        &["A", "B"],
        full().says("B", DAY, Say::Signal(Signal::Terminate)),
    );
    let undisturbed = World::new(&["A", "B"], full());

    let report = stopped.update();
    let left = leftover_runs(stopped.bench.fs(), &stopped.bench.places).unwrap();
    let stopped = stopped.answering(full());
    stopped.update();
    undisturbed.update();

    assert_eq!(report.interrupted, Some(Signal::Terminate));
    assert_eq!(left.len(), 1, "what was fetched stays staged");
    let names = |world: &World| -> Vec<_> {
        let root = world.bench.places.root.clone();
        let files = world.bench.tree().into_iter();
        // The last good registry is the one before the last change, of which a stopped run makes one more.
        files
            .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes))
            .filter(|(path, _)| !path.ends_with("tickers.last-good.json"))
            // The ledger tells which run did what.
            .filter(|(path, _)| !path.starts_with("state/ledger"))
            .collect()
    };
    assert_eq!(names(&stopped), names(&undisturbed));
}

#[test]
fn torn_staged_rows_are_put_away_and_the_others_arrive() {
    let world = World::new(&["A"], demo());
    stage(&world, true);
    let id = leftover_runs(world.bench.fs(), &world.bench.places)
        .unwrap()
        .remove(0);
    let torn = world
        .bench
        .places
        .staging
        .join(id.as_str())
        .join("fetched/us/demo/stocks_1d/ticker=B/month=2026-06.parquet");
    world.bench.write(&torn, b"torn");

    let report = world.finish_leftovers().unwrap();

    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
    assert_eq!(world.put_away("rows.parquet"), ["torn"]);
}

fn staged_path(world: &World, venue: &str, ticker: &str) -> std::path::PathBuf {
    let id = leftover_runs(world.bench.fs(), &world.bench.places)
        .unwrap()
        .remove(0);
    let fetched = world.bench.places.staging.join(id.as_str()).join("fetched");
    fetched.join(format!(
        "{venue}/stocks_1d/ticker={ticker}/month=2026-05..2026-06.parquet"
    ))
}

#[test]
fn staged_rows_of_another_ticker_never_become_part_of_this_one() {
    let world = World::new(&["A", "B"], demo());
    stage(&world, true);
    let wrong = world.bench.read(staged_path(&world, "us/demo", "A"));
    world
        .bench
        .write(staged_path(&world, "us/demo", "B"), &wrong);

    let report = world.finish_leftovers().unwrap();

    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    assert_eq!(world.bars(PartitionedBars, "B"), []);
    assert_eq!(world.put_away("rows.parquet").len(), 1);
}

/// Two venues had one legacy file, which was made for one of them.
#[test]
fn staged_rows_that_name_another_venue_never_get_a_file_of_this_one() {
    let world = World::new(&["A"], demo());
    let toggles = world.bench.places.root.join("storage_config.json");
    world.bench.write(&toggles, b"{\"partitioned\": false}");
    stage(&world, true);
    let same = world.bench.read(staged_path(&world, "us/demo", "A"));
    world
        .bench
        .write(staged_path(&world, "us/other", "A"), &same);

    let report = world.finish_leftovers().unwrap();

    assert_eq!(world.bars(LegacyBars, "A"), two_days());
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    assert_eq!(world.put_away("rows.parquet").len(), 1, "nothing is lost");
}

#[test]
fn a_ticker_that_was_added_by_hand_while_the_registry_was_in_memory_stays() {
    let world = World::new(&["A"], demo());
    stage(&world, true);
    let path = world.bench.places.root.join("tickers.json");

    world
        .with(|view, session, registry| {
            let edited = br#"{"A": {"venue": "us:demo"}, "NEW": {"venue": "us:demo"}}"#;
            world.bench.write(&path, edited);
            finish_leftovers(view, session, registry)?;
            registry.save(session)
        })
        .unwrap();

    let registry = world.tickers_json();
    assert!(registry.get("NEW").is_some(), "{registry}");
    assert_eq!(
        registry["A"]["intervals"]["1d"]["last_data_date"],
        "2026-06-01"
    );
}

#[test]
fn what_a_later_version_staged_is_left_where_it_is() {
    let world = World::new(&["A"], demo());
    let places = &world.bench.places;
    let run = places.staging.join("20260101T000000Z-00000000-1");
    let stranger = run.join("fetched/us/demo/quotes/ticker=A/month=2026-01.parquet");
    world.bench.write(&stranger, b"rows of a kind to come");

    world.finish_leftovers().unwrap();

    assert_eq!(world.bench.read(&stranger), b"rows of a kind to come");
}

/// The power failed before a run was sealed: its bars had reached the disk, and the dividends of all years had not. The
/// next runs asked only for what followed the bars.
#[test]
fn a_series_that_a_stopped_run_left_is_asked_for_whole_once_more() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    stage(&world, false);

    world.finish_leftovers().unwrap();

    let wanted = || world.tickers_json()["A"]["intervals"]["1d"]["refetch"].clone();
    assert_eq!(wanted(), true);

    world.try_update().unwrap();

    assert!(wanted().is_null(), "once");
}

/// The registry is saved when a run is stopped, and it had the mark of an answer whose payment was staged and nothing more:
/// had the power failed then, nobody would have asked for the payment again.
#[test]
fn a_stopped_run_keeps_no_mark_of_an_answer_whose_events_are_only_staged() {
    let says = |second: Say| {
        let kind = EventKind::Dividend { amount: 0.5 };
        let date = two_days()[0].date.unwrap();
        let beside = Extras {
            events: vec![MarketEvent::new(date, kind)],
            ..Extras::default()
        };
        demo()
            .says("A", DAY, Say::NothingWith(Box::new(beside)))
            .says("B", DAY, second)
    };
    let stopped = World::new(&["A", "B"], says(Say::Signal(Signal::Terminate)));
    let mark = |world: &World| world.tickers_json()["A"]["intervals"]["1d"]["mark"].clone();
    let events = |world: &World| {
        let stored = Events.store(&world.bench.stores()).read(&Events.request());
        stored.unwrap().map_or(0, |stored| stored.frame.len())
    };

    stopped.update();
    let (mark_then, events_then) = (mark(&stopped), events(&stopped));
    let next = stopped.answering(says(Say::Nothing));
    next.update();

    assert_eq!((mark_then, events_then), (Value::Null, 0));
    assert_eq!((mark(&next), events(&next)), (json!("mark of A"), 1));
}
