//! Whole runs in process: plan, fetch, stage, consolidate, record, with a source that says what the test wrote down.

mod apart;
mod bad_folder;
mod crash;
mod foreign;
mod leftovers;
mod placed;
mod registry;
mod shut;
mod staging;
mod waiting;

use crate::support::foreign::daily;
use crate::support::scripted::{Say, ScriptedSource, bar};
use crate::support::series::Shape::{LegacyBars, PartitionedBars};
use crate::support::series::{Shape, stamp};
use crate::support::workspace::{TestWorkspace, held};
use barkeep::calendar::{Calendar, Calendars};
use barkeep::codec;
use barkeep::frame::{Bar, Profile};
use std::num::NonZeroUsize;
use std::sync::Arc;

use barkeep::ingest::{
    FailureKind, IngestError, LeftoverReport, Registry, RunReport, finish_leftovers,
};
use barkeep::ledger::read_ledger;
use barkeep::lock::LockGuard;
use barkeep::model::{Dataset, Interval, StorageRequest, Ticker};
use barkeep::observe::Silent;
use barkeep::source::{AdjustedClose, Extras, MarketDataSource};
use barkeep::storage::RowCounts;
use barkeep::sys::Shutdown;
use barkeep::update::{NotFounds, RunOptions, UpdateError, UpdateRequest, plan, run};
use barkeep::workspace::{Session, View};
use chrono::NaiveDate;
use serde_json::{Value, json};

const DAY: Interval = Interval::D1;

/// A workspace with sources; each `update` is a process of its own.
struct World {
    bench: TestWorkspace,
    sources: Vec<Arc<dyn MarketDataSource>>,
    not_founds: NotFounds,
    held: Arc<LockGuard<'static>>,
    interval: Interval,
}

impl World {
    fn new(tickers: &[&str], source: ScriptedSource) -> Self {
        Self::on(TestWorkspace::on_disk(), tickers, source)
    }

    fn on(bench: TestWorkspace, tickers: &[&str], source: ScriptedSource) -> Self {
        let entry = |ticker: &&str| {
            let entry = json!({"ticker": ticker, "venue": "us:demo"});
            ((*ticker).to_owned(), entry)
        };
        let registry: serde_json::Map<String, Value> = tickers.iter().map(entry).collect();
        bench.write("tickers.json", Value::Object(registry).to_string());
        bench.write("storage_config.json", "{\"partitioned\": true}");
        Self::again(bench, source, Arc::new(held()))
    }

    fn again(bench: TestWorkspace, source: ScriptedSource, held: Arc<LockGuard<'static>>) -> Self {
        Self {
            bench: bench.at("2026-07-01T12:00:00Z"),
            sources: vec![Arc::new(source)],
            not_founds: NotFounds::Save,
            held,
            interval: DAY,
        }
    }

    fn in_bars_of(mut self, interval: Interval) -> Self {
        self.interval = interval;
        self
    }

    /// The next process, whose source says something else.
    fn answering(mut self, source: ScriptedSource) -> Self {
        self.bench.around.stop = Shutdown::default();
        self.sources = vec![Arc::new(source)];
        self
    }

    fn with<R>(&self, work: impl FnOnce(View<'_>, Session<'_>, &mut Registry) -> R) -> R {
        let mut workspace = self.bench.open_for("us:demo").unwrap();
        workspace.sources.clone_from(&self.sources);
        let registry = Registry::load(self.bench.fs(), self.bench.path()).unwrap();
        let session = workspace.session(&self.held, &Silent);
        work(workspace.view(), session, &mut registry.unwrap())
    }

    fn finish_leftovers(&self) -> Result<LeftoverReport, IngestError> {
        self.with(finish_leftovers)
    }

    fn try_update(&self) -> Result<RunReport, UpdateError> {
        self.try_update_of(None)
    }

    fn try_update_of(
        &self,
        days: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<RunReport, UpdateError> {
        self.with(|view, session, registry| {
            finish_leftovers(view, session, registry)?;
            let (now, today) = (session.clock.now(), session.clock.today());
            let request = UpdateRequest {
                history: barkeep::update::History::New,
                now,
                today,
                days,
                waiting: view.waiting(registry.catalog(), session.fs, session.places)?,
                ..UpdateRequest::default()
            };
            let plan = plan(&request, view, registry.catalog(), &[self.interval])?;
            let options = RunOptions {
                now,
                today,
                jobs: NonZeroUsize::MIN,
                not_founds: self.not_founds,
                pace: None,
            };
            run(&plan, view, session, registry, &options)
        })
    }

    fn update(&self) -> RunReport {
        self.try_update().unwrap()
    }

    fn bars(&self, shape: Shape, ticker: &str) -> Vec<Bar> {
        self.bars_of(shape, &shape.request_of(ticker))
    }

    fn bars_of(&self, shape: Shape, request: &StorageRequest) -> Vec<Bar> {
        let both_layouts = self.bench.stores();
        let stored = shape.store(&both_layouts).read(request).unwrap();
        stored.map_or(Vec::new(), |stored| {
            barkeep::frame::bars_of(&stored.frame).collect()
        })
    }

    fn tickers_json(&self) -> Value {
        self.bench.json("tickers.json")
    }

    /// Returns the contents of the files of one name that were put away.
    fn put_away(&self, name: &str) -> Vec<String> {
        let quarantine = &self.bench.places.quarantine;
        let files = self.bench.tree().into_iter();
        files
            .filter(|(path, _)| path.starts_with(quarantine) && path.ends_with(name))
            .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }
}

fn demo() -> ScriptedSource {
    ScriptedSource::at("us:demo")
}

fn two_days() -> Vec<Bar> {
    vec![bar("2026-05-29", 10.0), bar("2026-06-01", 11.0)]
}

#[test]
fn one_tickers_failure_never_ends_the_run() {
    let source = demo()
        .says("A", DAY, Say::Down)
        .says("B", DAY, Say::Malformed("<html>"))
        .says("C", DAY, Say::Bars(two_days()))
        .says("D", DAY, Say::Nothing);
    let world = World::new(&["A", "B", "C", "D"], source);

    let report = world.update();

    let counts = report.tickers();
    assert_eq!(
        (counts.ok, counts.failed, counts.empty, counts.unknown),
        (1, 2, 1, 0)
    );
    assert!(report.has(FailureKind::Source) && report.has(FailureKind::Malformed));
    assert_eq!(world.bars(PartitionedBars, "C"), two_days());
    assert_eq!(world.put_away("answer"), ["<html>"]);
}

#[test]
fn a_row_without_a_date_fails_its_batch_which_is_kept_in_quarantine() {
    let undated = Bar {
        date: None,
        ..bar("2026-06-01", 12.0)
    };
    let source = demo()
        .says("A", DAY, Say::Bars([two_days(), vec![undated]].concat()))
        .says("B", DAY, Say::Bars(two_days()));
    let world = World::new(&["A", "B"], source);

    let report = world.update();

    assert_eq!((report.tickers().ok, report.tickers().failed), (1, 1));
    assert_eq!(world.bars(PartitionedBars, "A"), []);
    let kept = world.put_away("answer");
    assert!(
        kept[0].contains("12.0") && kept[0].contains("11.0"),
        "{kept:?}"
    );
}

#[test]
fn rows_that_share_a_timestamp_are_kept_and_told() {
    let twice = vec![bar("2026-06-01", 10.0), bar("2026-06-01", 11.0)];
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(twice)));

    let report = world.update();

    assert_eq!(
        world.bars(PartitionedBars, "A"),
        [bar("2026-06-01", 11.0)],
        "the later one stands"
    );
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("1 row shares its timestamp"))
    );
    assert!(world.put_away("rows.txt")[0].contains("10.0"));
}

#[test]
fn volumes_are_rounded_half_to_even_and_what_is_not_finite_is_null_and_both_are_counted() {
    let odd = |day, volume, open| Bar {
        volume: Some(volume),
        open: Some(open),
        ..bar(day, 10.0)
    };
    let bars = vec![
        odd("2026-06-01", 2.5.into(), f64::NAN),
        odd("2026-06-02", 3.5.into(), f64::INFINITY),
        odd("2026-06-03", 4.into(), 1.0),
        odd("2026-06-04", f64::NAN.into(), 1.0),
    ];
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(bars)));

    let report = world.update();

    let stored = world.bars(PartitionedBars, "A");
    let volumes: Vec<_> = stored.iter().map(|bar| bar.volume).collect();
    assert_eq!(
        volumes,
        [Some(2.into()), Some(4.into()), Some(4.into()), None]
    );
    assert_eq!((stored[0].open, stored[1].open), (None, None));
    assert_eq!(
        (
            report.venues[0].rounded_volumes,
            report.venues[0].not_finite
        ),
        (2, 3)
    );
}

#[test]
fn an_answer_that_would_shrink_history_removes_nothing() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    world.update();
    let world = world.answering(demo().says("A", DAY, Say::Bars(vec![bar("2026-06-02", 12.0)])));

    world.update();

    assert_eq!(
        world.bars(PartitionedBars, "A"),
        [two_days(), vec![bar("2026-06-02", 12.0)]].concat()
    );
}

#[test]
fn a_damaged_month_is_put_away_with_its_days_and_the_others_go_on() {
    let world = World::new(
        &["A", "B"],
        demo()
            .says("A", DAY, Say::Bars(two_days()))
            .says("B", DAY, Say::Bars(two_days())),
    );
    let path = PartitionedBars.file(
        &world.bench.places,
        &PartitionedBars.request(),
        "2026-05-29",
    );
    world.bench.write(&path, b"PAR1 damaged PAR1");

    let report = world.update();

    let [damaged] = report.damaged.as_slice() else {
        panic!("one month is damaged: {report:?}")
    };
    let (first, last) = damaged.days.unwrap();
    assert_eq!(
        (first.to_string(), last.to_string()),
        ("2026-05-01".to_owned(), "2026-05-31".to_owned())
    );
    assert_eq!(world.bars(PartitionedBars, "A"), two_days());
    assert_eq!(world.bars(PartitionedBars, "B"), two_days());
    assert_eq!(world.put_away("data.parquet"), ["PAR1 damaged PAR1"]);
}

#[test]
fn a_run_that_learns_nothing_new_writes_no_file() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    world.update();
    let before = world.bench.stamped_tree();

    let report = world.update();

    assert_eq!(report.written(), (0, 0));
    assert_eq!(
        report.rows(),
        RowCounts {
            unchanged: 2,
            ..RowCounts::default()
        }
    );
    assert_eq!(
        world.bench.stamped_tree(),
        before,
        "bytes and times of change stay"
    );
}

#[test]
fn values_that_change_are_recorded_once_with_old_and_new() {
    let world = World::new(&["A"], demo().says("A", DAY, Say::Bars(two_days())));
    world.update();
    let world = world.answering(demo().says(
        "A",
        DAY,
        Say::Bars(vec![Bar {
            close: Some(99.5),
            ..two_days()[1]
        }]),
    ));

    world.update();
    world.update();

    let bench = &world.bench;
    let ledger = read_ledger(bench.fs(), &bench.places, &PartitionedBars.request()).unwrap();
    let ledger = ledger.unwrap();
    let [line] = ledger.lines.as_slice() else {
        panic!("one value changed: {ledger:?}")
    };
    assert_eq!(line.at.to_rfc3339(), "2026-07-01T12:00:00+00:00");
    assert_eq!(line.key, "2026-06-01T00:00:00");
    assert_eq!(
        (line.field.as_str(), &line.old, &line.new),
        ("close", &json!(11.0), &json!(99.5))
    );
}
