//! What a run does to the registry, and what becomes of rows while it is damaged.

use super::*;

#[test]
fn unknown_tickers_are_recorded_only_when_asked_and_when_another_was_known() {
    for (not_founds, other, is_recorded) in [
        (NotFounds::Save, Say::Bars(two_days()), true),
        (NotFounds::Save, Say::Nothing, true),
        (NotFounds::Save, Say::Unknown, false),
        (NotFounds::Save, Say::Down, false),
        (NotFounds::Leave, Say::Bars(two_days()), false),
    ] {
        let story = format!("{not_founds:?} {other:?}");
        let mut world = World::new(&["A", "X"], demo().says("A", DAY, other));
        world.not_founds = not_founds;

        let report = world.update();

        assert!(report.tickers().unknown >= 1);
        let status = &world.tickers_json()["X"]["status"];
        assert_eq!(status == "not_found", is_recorded, "{story}: {status}");
    }
}

#[test]
fn the_registry_speaks_of_the_rows_that_were_committed() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));

    world.update();

    let entry = world.tickers_json()["A"]["intervals"]["1d"].clone();
    assert_eq!(entry["last_data_date"], "2026-06-01");
    assert_eq!(entry["mark"], "mark of A");
    assert_eq!(entry["storage"]["mode"], "partitioned");
    assert_eq!(entry["storage"]["venue"], "us:demo");
}

/// A source that edits tickers.json while it is asked.
#[derive(Debug)]
struct Editing(ScriptedSource, std::path::PathBuf, &'static [u8]);

impl MarketDataSource for Editing {
    fn venue(&self) -> &barkeep::model::Venue {
        self.0.venue()
    }
    fn serves(&self, interval: Interval) -> bool {
        self.0.serves(interval)
    }
    fn provenance(&self) -> barkeep::model::Provenance {
        self.0.provenance()
    }
    fn calendar(&self, ticker: &Ticker, calendars: &Calendars) -> Option<Calendar> {
        self.0.calendar(ticker, calendars)
    }
    fn fetch(
        &self,
        job: &barkeep::source::FetchJob,
        stop: &Shutdown,
    ) -> Result<barkeep::source::Fetched, barkeep::source::SourceError> {
        use barkeep::sys::{Access, Fs, OsFs};
        OsFs.remove_file(&self.1).unwrap();
        OsFs.create_new(&self.1, Access::Fresh)
            .unwrap()
            .write_all(self.2)
            .unwrap();
        self.0.fetch(job, stop)
    }
}

#[test]
fn a_registry_that_becomes_garbage_during_the_run_is_not_overwritten_and_the_rows_stay_staged() {
    let mut world = World::new(&["A"], demo());
    let path = world.bench.places.root.join("tickers.json");
    let good = world.bench.read(&path);
    let source = demo().says("A", DAY, Say::Bars(two_days()));
    world.sources = vec![Arc::new(Editing(source, path.clone(), b"{\"A\": garb"))];

    let ended = world.try_update();

    assert!(matches!(ended, Err(UpdateError::Catalog(_))), "{ended:?}");
    assert_eq!(world.bench.read(&path), b"{\"A\": garb");
    world.bench.write(&path, &good);
    let world = world.answering(demo());
    let report = world.finish_leftovers().unwrap();
    assert_eq!(
        (report.runs, world.bars(PartitionedBars, "A")),
        (1, two_days())
    );
}
