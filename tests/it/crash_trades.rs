//! Trades under every crash: those of a run reach their days, and days of the predecessor are as it wrote them, or as they are
//! written today with the old file kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barkeep::frame::{Frame, Trade};
use barkeep::model::time;

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::trades::{
    day_file, decoded, ingest, ingest_on, month_file, older_file, rows, trade,
};
use crate::support::workspace::TestWorkspace;

/// What the predecessor stored of days and in its month, and what the run fetched.
struct Story {
    older: Vec<(&'static str, Vec<Trade>)>,
    month: Vec<Trade>,
    fetched: Vec<Vec<Trade>>,
}

fn known() -> Trade {
    trade("2025-10-31T13:54:00.000000123", "3", 58.5)
}

/// A day that is taken over gets more trades, and another one begins.
fn of_days() -> Story {
    Story {
        older: vec![("2025-10-31", vec![known()])],
        month: Vec::new(),
        fetched: vec![
            vec![trade("2025-10-31T13:55:00", "4", 58.75)],
            vec![trade("2025-11-03T09:00:00", "5", 60.0)],
        ],
    }
}

/// The month has a row of another day.
fn of_a_month() -> Story {
    Story {
        month: vec![trade("2025-10-29T09:00:00", "1", 56.0), known()],
        fetched: Vec::new(),
        ..of_days()
    }
}

fn disk(story: &Story) -> SimFs {
    let fs = SimFs::new();
    let plant = |path: PathBuf, trades: &[Trade]| {
        fs.plant(&format!("/ws/{}", path.display()), &older_file(trades));
    };
    for (day, trades) in &story.older {
        plant(day_file(day), trades);
    }
    if !story.month.is_empty() {
        plant(month_file("2025-10"), &story.month);
    }
    fs
}

/// The rows of each day once all is done.
fn expected(story: &Story) -> BTreeMap<String, Frame> {
    let older = story.older.iter().flat_map(|(_, trades)| trades);
    let all = older
        .chain(&story.month)
        .chain(story.fetched.iter().flatten());
    let mut days: BTreeMap<String, Vec<Trade>> = BTreeMap::new();
    for trade in all {
        let of_day = days
            .entry(time::day(trade.trade_time).to_string())
            .or_default();
        if !of_day.contains(trade) {
            of_day.push(trade.clone());
        }
    }
    let rows = |(day, trades): (String, Vec<Trade>)| (day, rows(&trades));
    days.into_iter().map(rows).collect()
}

fn judge(story: &Story, fs: &SimFs, is_acked: bool) -> Result<(), String> {
    let files = fs.snapshot();
    let file = |day: &str| files.get(&PathBuf::from("ws").join(day_file(day)));
    for (day, trades) in &story.older {
        let old = older_file(trades);
        let bytes = file(day).ok_or_else(|| format!("{day} is gone"))?;
        let is_kept = || {
            files
                .iter()
                .any(|(path, kept)| path.starts_with("ws/quarantine") && *kept == old)
        };
        if *bytes != old && !is_kept() {
            return Err(format!("the predecessor's file of {day} is nowhere"));
        }
        let found = decoded(bytes.clone());
        let are_there =
            (0..rows(trades).len()).all(|row| found.find(&rows(trades).key(row)).is_some());
        if !are_there {
            return Err(format!("{day} lost a row"));
        }
    }
    let month = files.get(&PathBuf::from("ws").join(month_file("2025-10")));
    if month.is_none() != story.month.is_empty() {
        return Err("the month is gone".to_owned());
    }
    for (day, rows) in expected(story) {
        let found = file(&day).map(|bytes| decoded(bytes.clone()));
        if is_acked && found.as_ref() != Some(&rows) {
            return Err(format!("{day} is not what was acknowledged: {found:?}"));
        }
    }
    Ok(())
}

fn sweep_ingest(
    name: &str,
    story: &Story,
    leave_out: fn(&Op<'_>) -> bool,
    depth: usize,
) -> SweepReport {
    let report = sweep(
        name,
        &disk(story),
        &|fs| {
            let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
            let bench = TestWorkspace::behind(fs, Arc::new(door));
            let report = ingest(&bench, &story.fetched).map_err(|error| error.to_string())?;
            Ok(report.warnings.is_empty())
        },
        // The next start brings what was left; it has fetched nothing of its own.
        &|fs| ingest_on(fs, &[]).map(|_| ()),
        &|fs, is_acked| judge(story, fs, is_acked),
        depth,
    );
    report.print();
    report
}

#[test]
fn trades_survive_any_crash_and_so_do_the_days_of_the_predecessor() {
    let report = sweep_ingest("trades", &of_days(), |_| false, 1);

    report.assert_clean();
    assert!(report.total() >= 200, "{report}");
}

#[test]
fn what_only_a_month_has_survives_any_power_cut() {
    let report = sweep_ingest("a month", &of_a_month(), |_| false, 0);

    report.assert_clean();
    assert!(report.total() >= 100, "{report}");
}

#[test]
fn without_its_barriers_the_path_is_caught() {
    let leave_out = |op: &Op<'_>| matches!(op, Op::SyncFile(_) | Op::SyncDir(_));

    sweep_ingest("no barrier", &of_days(), leave_out, 0).assert_caught();
}
