//! Names the trading days on which a stored series has no bar. A warning for people: nothing is decided by it.

use chrono::NaiveDate;

use crate::calendar::Day;
use crate::catalog::Catalog;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, some_of};
use crate::frame::missing_days;
use crate::model::{Interval, Series, StorageRequest, time};
use crate::storage::Stored;
use crate::workspace::{GapCalendar, Workspace, gap_calendar};

/// How many days are named.
const MOST_DAYS: usize = 10;

/// Warns of gaps on the days that are meant.
pub(super) fn warn(
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    shell: &Shell<'_>,
    request: &StorageRequest,
    stored: &Stored,
    is_meant: impl Fn(NaiveDate) -> bool,
) {
    let is_looked_at = matches!(
        &request.series,
        Series::Bars { interval, .. } if interval.is_intraday() || *interval == Interval::D1
    );
    if !is_looked_at {
        let note = "Gaps are looked for in bars of a day and shorter ones.";
        return shell.printer.note(note);
    }
    let Some((first, last)) = stored.frame.span() else {
        return;
    };
    let zone = stored.provenance.timezone.as_deref();
    let GapCalendar {
        calendar,
        learned_from,
    } = gap_calendar(workspace, request, catalog, zone);
    let (first, last) = (time::day(first), time::day(last));
    let meant: Vec<NaiveDate> = first
        .iter_days()
        .take_while(|day| *day <= last)
        .filter(|day| is_meant(*day))
        .collect();
    let is_unknown = |day: &&NaiveDate| calendar.day(**day) == Day::Unknown;
    let unknown = meant.iter().filter(is_unknown).count();
    let sessions = meant
        .iter()
        .copied()
        .filter(|day| calendar.session(*day).is_some());
    let missing = missing_days(&stored.frame, sessions);
    if !learned_from.is_empty() {
        shell.printer.note(&format!(
            "The sessions of its exchange are in no calendar; they are taken from the bars of {}.",
            some_of(&learned_from, MOST_DAYS)
        ));
    }
    if unknown > 0 {
        shell.printer.note(&format!(
            "No calendar is known for {} of {request}.",
            count(unknown, "day", "days")
        ));
    }
    if !missing.is_empty() {
        shell.printer.warning(&format!(
            "{request} has no bars on {}: {}.",
            count(missing.len(), "trading day", "trading days"),
            some_of(&missing, MOST_DAYS)
        ));
    } else if unknown < meant.len() {
        shell
            .printer
            .note(&format!("{request} has no gaps from {first} to {last}."));
    }
}
