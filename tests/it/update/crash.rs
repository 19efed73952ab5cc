//! A whole run into every crash: after the leftovers are finished the registry and the rows agree, and after one more
//! run everything is as if nothing had happened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barkeep::frame::{EventKind, MarketEvent};
use barkeep::ingest::RunReport;
use barkeep::lock::LockGuard;
use barkeep::model::{Identity, Interval, StorageRequest};
use barkeep::source::{AdjustedClose, Extras};

use serde_json::Value;

use super::{DAY, World, demo, two_days};
use crate::support::foreign::daily;
use crate::support::scripted::{Say, ScriptedSource, bar};
use crate::support::series::Shape::{Events, PartitionedBars, Prepost};
use crate::support::sim::{SimFs, sweep};
use crate::support::workspace::{TestWorkspace, held};

const OLD: &str = "2026-05-28";

/// A run that is crashed.
struct Scene {
    name: &'static str,
    interval: Interval,
    source: fn() -> ScriptedSource,
    /// Whether the report says that everything is stored.
    is_acked: fn(&RunReport) -> bool,
    /// Whether everything is stored; what must not be there fails.
    is_stored: fn(&World) -> Result<bool, String>,
}

impl Scene {
    fn world(&self, fs: &SimFs, held: &Arc<LockGuard<'static>>) -> World {
        World::again(
            TestWorkspace::simulated(fs),
            (self.source)(),
            Arc::clone(held),
        )
        .in_bars_of(self.interval)
    }

    fn update(&self, fs: &SimFs, held: &Arc<LockGuard<'static>>) -> Result<bool, String> {
        // Reading the workspace's documents is the command's business; it ends there when they cannot be read.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.world(fs, held).try_update()
        }));
        let report = outcome.map_err(|_| "the documents cannot be read".to_owned())?;
        let report = report.map_err(|error| error.to_string())?;
        Ok((self.is_acked)(&report))
    }

    fn judge(
        &self,
        fs: &SimFs,
        expected: &BTreeMap<PathBuf, Vec<u8>>,
        is_acked: bool,
        held: &Arc<LockGuard<'static>>,
    ) -> Result<(), String> {
        let is_stored = (self.is_stored)(&self.world(fs, held))?;
        if is_acked && !is_stored {
            return Err("the run said that the rows were stored".to_owned());
        }
        let rerun = fs.again();
        self.update(&rerun, held)?;
        let after = counted(&rerun);
        if after == *expected {
            return Ok(());
        }
        let differ: Vec<_> = after
            .iter()
            .filter(|(path, bytes)| expected.get(*path) != Some(bytes))
            .map(|(path, _)| path)
            .collect();
        Err(format!("after a rerun these differ: {differ:?}"))
    }

    fn sweep(&self) {
        let (initial, held) = (disk(), Arc::new(held()));
        let undisturbed = initial.again();
        let is_acked = self.update(&undisturbed, &held).unwrap();
        assert!(is_acked && (self.is_stored)(&self.world(&undisturbed, &held)).unwrap());
        let expected = counted(&undisturbed);

        let report = sweep(
            self.name,
            &initial,
            &|fs| self.update(fs, &held),
            &|fs| {
                self.world(fs, &held)
                    .finish_leftovers()
                    .map(drop)
                    .map_err(|error| error.to_string())
            },
            &|fs, is_acked| self.judge(fs, &expected, is_acked, &held),
            1,
        );

        report.print();
        report.assert_clean();
        assert!(report.total() > 1_000, "{report}");
    }
}

/// A workspace with two stored days of which one has another value by now.
fn disk() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let world = World::on(TestWorkspace::simulated(&disk), &["A"], demo());
    let month = PartitionedBars.file(&world.bench.places, &PartitionedBars.request(), OLD);
    world
        .bench
        .write(&month, daily("A", &[(OLD, 9.0), ("2026-05-29", 1.0)]));
    disk.again()
}

/// What counts: rows, registry, ledger. Quarantine and the copy of the last registry may differ by what happened.
fn counted(fs: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = fs.snapshot();
    files.retain(|path, _| {
        // What a kill leaves of a single file goes when `update` looks for such files (`ingest::sweep`), before it runs.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_temp = path.starts_with("ws/state/gaps") && name.contains(".tmp-");
        // The ledger tells which run did what, and has a sweep of its own (`crash_ledger`).
        !is_temp
            && !path.starts_with("ws/quarantine")
            && !path.starts_with("ws/state/ledger")
            && !path.ends_with("tickers.last-good.json")
    });
    files
}

/// The newest day that the registry knows.
fn recorded(world: &World) -> Value {
    let interval = world.interval.as_str();
    world.tickers_json()["A"]["intervals"][interval]["last_data_date"].clone()
}

fn dividend(date: i64) -> Vec<MarketEvent> {
    let kind = EventKind::Dividend { amount: 0.5 };
    vec![MarketEvent::new(date, kind)]
}

#[test]
fn a_crash_of_a_whole_run_leaves_nothing_that_the_next_one_does_not_complete() {
    let source = || {
        let date = two_days()[0].date.unwrap();
        let beside = Extras {
            events: dividend(date),
            adjusted_closes: vec![AdjustedClose { date, value: 9.5 }],
            identity: Some(Identity {
                exchange: Some("NMS".to_owned()),
                ..Identity::default()
            }),
            provisional: vec![two_days()[1].date.unwrap()],
            ..Extras::default()
        };
        demo().says("A", DAY, Say::With(two_days(), Box::new(beside)))
    };
    let is_stored = |world: &World| {
        let rows = world.bars(PartitionedBars, "A");
        let all = [vec![bar(OLD, 9.0)], two_days()].concat();
        let is_new = rows == all;
        if !is_new && rows != [bar(OLD, 9.0), bar("2026-05-29", 1.0)] {
            return Err(format!("rows are torn or lost: {rows:?}"));
        }
        let is_recorded = recorded(world) == "2026-06-01";
        if is_new != is_recorded {
            return Err(format!(
                "rows are new: {is_new}, the registry says so: {is_recorded}"
            ));
        }
        Ok(is_new)
    };

    let scene = Scene {
        name: "a whole run",
        interval: DAY,
        source,
        is_acked: |report| report.tickers().ok == 1,
        is_stored,
    };

    scene.sweep();
}

/// The hours outside of the session come along with the bars of an answer and are part of its group. A source that
/// forgets cannot give them twice: as long as they are not there, their days are not known.
#[test]
fn a_crash_never_records_bars_whose_other_hours_were_lost() {
    const AT: &str = "2026-06-01T09:30:00";
    const BEFORE: &str = "2026-06-01T09:29:00";
    let source = || {
        let beside = Extras {
            prepost: vec![bar(BEFORE, 2.0)],
            ..Extras::default()
        };
        let says = Say::With(vec![bar(AT, 3.0)], Box::new(beside));
        demo().keeping(30).says("A", Interval::M1, says)
    };
    let is_stored = |world: &World| {
        let request = StorageRequest::bars(
            "us:demo".parse().unwrap(),
            "A".parse().unwrap(),
            Interval::M1,
        );
        let inside = world.bars_of(PartitionedBars, &request) == [bar(AT, 3.0)];
        let outside = world.bars(Prepost, "A") == [bar(BEFORE, 2.0)];
        let is_recorded = recorded(world) == "2026-06-01";
        if is_recorded && !(inside && outside) {
            return Err(format!("recorded, with bars: {inside}, others: {outside}"));
        }
        Ok(inside && outside)
    };

    let scene = Scene {
        name: "a run with other hours",
        interval: Interval::M1,
        source,
        is_acked: |report| report.tickers().ok == 1,
        is_stored,
    };

    scene.sweep();
}

/// An answer may have a payment and no bar. The mark that it leaves says that its days were asked for: it must not be
/// kept before the payment is.
#[test]
fn a_crash_never_keeps_the_mark_of_an_answer_without_its_events() {
    let source = || {
        let beside = Extras {
            events: dividend(two_days()[0].date.unwrap()),
            ..Extras::default()
        };
        let says = Say::NothingWith(Box::new(beside));
        demo().keeping(30).says("A", DAY, says)
    };
    let is_stored = |world: &World| {
        let stored = Events.store(&world.bench.stores()).read(&Events.request());
        let stored = stored.map_err(|error| error.to_string())?;
        let is_paid = stored.is_some_and(|stored| !stored.frame.is_empty());
        let mark = &world.tickers_json()["A"]["intervals"]["1d"]["mark"];
        if !mark.is_null() && !is_paid {
            return Err("the mark is kept and the payment is not".to_owned());
        }
        Ok(is_paid)
    };

    let scene = Scene {
        name: "a payment without bars",
        interval: DAY,
        source,
        is_acked: |report| report.tickers().empty == 1,
        is_stored,
    };

    scene.sweep();
}
