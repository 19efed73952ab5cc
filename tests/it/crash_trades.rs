//! Trades under every crash: those of a run reach their days, and days of the predecessor are as it wrote them, or as they are
//! written today with the old file kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use barkeep::frame::{Frame, Trade};
use barkeep::model::time;

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::trades::{
    day_file, ingest, ingest_on, month_file, older_file, read, rows, trade,
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

/// Files have rows of the days before, as those of corrections that were published in the morning: also of a day without a file.
fn of_strays() -> Story {
    let thursday = trade("2025-10-30T13:54:00", "2", 57.5);
    let corrected = trade("2025-10-30T13:55:00", "c", 57.25);
    Story {
        older: vec![
            (
                "2025-10-30",
                vec![thursday, trade("2025-10-29T09:00:00", "1", 56.0)],
            ),
            ("2025-10-31", vec![known(), corrected]),
        ],
        ..of_days()
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
    // So that there is the folder of a workspace.
    fs.plant("/ws/notes.txt", b"mine");
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

/// A story, and what is compared with every disk of it.
struct Told<'s> {
    story: &'s Story,
    /// The predecessor's files of days, with their rows.
    older: Vec<(&'static str, Vec<u8>, Frame)>,
    expected: BTreeMap<String, Frame>,
}

impl<'s> Told<'s> {
    fn of(story: &'s Story) -> Self {
        let older = story.older.iter();
        Self {
            story,
            older: older
                .map(|(day, trades)| (*day, older_file(trades), rows(trades)))
                .collect(),
            expected: expected(story),
        }
    }
}

fn judge(told: &Told<'_>, fs: &SimFs, is_acked: bool) -> Result<(), String> {
    let files = fs.snapshot();
    let file = |day: &str| files.get(&PathBuf::from("ws").join(day_file(day)));
    for (day, old, rows) in &told.older {
        let bytes = file(day).ok_or_else(|| format!("{day} is gone"))?;
        if bytes == old {
            continue;
        }
        let mut kept = files
            .iter()
            .filter(|(path, _)| path.starts_with("ws/quarantine"));
        if !kept.any(|(_, kept)| kept == old) {
            return Err(format!("the predecessor's file of {day} is nowhere"));
        }
        for (of, own) in rows.split() {
            let bytes = file(&of.to_string()).ok_or_else(|| format!("{of} is gone"))?;
            let found = read(bytes.clone())?;
            if !(0..own.len()).all(|row| found.find(&own.key(row)).is_some()) {
                return Err(format!("{of} lost a row that was in the file of {day}"));
            }
        }
    }
    let month = files.get(&PathBuf::from("ws").join(month_file("2025-10")));
    if month.is_none() != told.story.month.is_empty() {
        return Err("the month is gone".to_owned());
    }
    if !is_acked {
        return Ok(());
    }
    for (day, rows) in &told.expected {
        let found = file(day).map(|bytes| read(bytes.clone())).transpose()?;
        if found.as_ref() != Some(rows) {
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
    let told = Told::of(story);
    let report = sweep(
        name,
        &disk(story),
        &|fs| {
            let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
            let bench = TestWorkspace::behind(fs, Arc::new(door));
            let report = ingest(&bench, &story.fetched)?;
            Ok(report.warnings.is_empty())
        },
        // The next start brings what was left; it has fetched nothing of its own.
        &|fs| ingest_on(fs, &[]).map(|_| ()),
        &|fs, is_acked| judge(&told, fs, is_acked),
        depth,
    );
    report.print();
    report
}

#[test]
fn trades_of_a_run_survive_any_crash() {
    let story = Story {
        older: Vec::new(),
        fetched: vec![vec![known()]],
        ..of_days()
    };

    let report = sweep_ingest("trades", &story, |_| false, 1);

    report.assert_clean();
    assert!(report.total() >= 200, "{report}");
}

#[test]
fn days_of_the_predecessor_survive_any_power_cut_while_they_are_taken_over() {
    let report = sweep_ingest("days", &of_days(), |_| false, 0);

    report.assert_clean();
    assert!(report.total() >= 100, "{report}");
}

#[test]
fn rows_in_files_of_other_days_survive_any_power_cut_while_they_go_where_they_belong() {
    let report = sweep_ingest("strays", &of_strays(), |_| false, 0);

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
fn a_file_that_is_not_kept_and_a_day_that_does_not_arrive_are_caught() {
    let leave_out: [fn(&Op<'_>) -> bool; 2] = [
        |op| matches!(op, Op::Write(path) if path.starts_with("/ws/quarantine")),
        |op| matches!(op, Op::Rename { to, .. } if to.starts_with("/ws/data")),
    ];
    for leave_out in leave_out {
        sweep_ingest("left out", &of_days(), leave_out, 0).assert_caught();
    }
}
