//! Rows that do not join what is stored: of another origin, of another time, behind a gap.

use super::*;

#[test]
fn rows_that_do_not_belong_to_the_stored_ones_go_to_quarantine_and_the_run_goes_on() {
    let source = demo()
        .says("A", DAY, Say::Bars(two_days()))
        .says("B", DAY, Say::Bars(two_days()));
    let world = World::new(&["A", "B"], source);
    let wrong = daily("Z", &[("2026-06-01", 9.0)]);
    let path = PartitionedBars.file(
        &world.bench.places,
        &PartitionedBars.request(),
        "2026-06-01",
    );
    world.bench.write(&path, &wrong);

    let report = world.update();

    assert!(report.has(FailureKind::Refused));
    assert_eq!(world.bench.read(&path), wrong);
    assert_eq!(world.put_away("rows.parquet").len(), 1);
    assert_eq!(world.bars(PartitionedBars, "B"), two_days());
}

#[test]
fn a_series_whose_place_cannot_be_looked_at_does_not_keep_the_others_from_being_fetched() {
    let says = |source: ScriptedSource, name| source.says(name, DAY, Say::Bars(two_days()));
    let world = World::new(&["A", "B"], says(says(demo(), "A"), "B"));
    let tree = world.bench.places.data.join("us/demo/stocks_1d");
    world.bench.write(tree.join("x"), b"");
    let place = tree.join("ticker=A");
    std::os::unix::fs::symlink(&place, &place).unwrap();

    let report = world.update();

    assert_eq!((report.tickers().ok, report.tickers().failed), (1, 1));
    assert!(report.has(FailureKind::Foreign));
    assert_eq!(world.bars(PartitionedBars, "B"), two_days());
    world.bench.fs().remove_file(&place).unwrap();
    world.finish_leftovers().unwrap();
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
}

#[test]
fn a_newest_row_of_days_to_come_does_not_end_fetching() {
    let bars = [two_days(), vec![bar("2099-01-01", 1.0)]].concat();
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(bars)));
    world.update();

    let from = world.with(|view, session, registry| {
        let request = UpdateRequest {
            history: barkeep::update::History::New,
            now: session.clock.now(),
            today: session.clock.today(),
            ..UpdateRequest::default()
        };
        let planned = plan(&request, view, registry.catalog(), &[DAY]).unwrap();
        planned.venues[0].jobs[0].window.from
    });

    assert_eq!(from, None, "everything is asked for again");
}

#[test]
fn days_asked_for_beyond_the_known_ones_leave_what_lies_between_wanted() {
    // `--start` a month after the newest row moved that row forward, and the month between was never asked for again.
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    world.update();
    let known = |world: &World| {
        world.with(|_, _, registry| {
            let (ticker, venue) = ("A".parse().unwrap(), "us:demo".parse().unwrap());
            registry.catalog().last_data_date(&ticker, &venue, DAY)
        })
    };
    let before = known(&world);
    let later = before.unwrap() + chrono::Days::new(20);
    let bars = vec![bar(&later.to_string(), 3.0)];
    let world = world.answering(demo().says("A", DAY, Say::Bars(bars)));

    world.try_update_of(Some((later, later))).unwrap();

    assert_eq!(world.bars(PartitionedBars, "A").len(), 3);
    assert_eq!(known(&world), before);
}

/// A window that a person chose says nothing of the history around it, which is to be asked for again still.
#[test]
fn a_window_does_not_settle_that_the_history_is_wanted_again() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    world.update();
    let mut registry = world.tickers_json();
    registry["A"]["intervals"]["1d"]["refetch"] = true.into();
    let path = world.bench.places.root.join("tickers.json");
    world.bench.write(&path, registry.to_string().as_bytes());
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();

    let window = Some((day("2026-06-01"), day("2026-06-02")));
    let world = world.answering(demo().says("A", DAY, Say::Bars(vec![bar("2026-06-02", 12.0)])));
    world.try_update_of(window).unwrap();

    assert_eq!(
        world.tickers_json()["A"]["intervals"]["1d"]["refetch"],
        true
    );
    world.update();
    assert_eq!(
        world.tickers_json()["A"]["intervals"]["1d"]["refetch"],
        serde_json::Value::Null
    );
}
