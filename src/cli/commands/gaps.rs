//! Names the trading days on which a stored series has no bar. A warning for people: nothing is decided by it.

use chrono::NaiveDate;

use crate::calendar::Calendar;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, some_of};
use crate::frame::missing_days;
use crate::model::{Interval, Series, StorageRequest, time};
use crate::storage::Stored;
use crate::workspace::Workspace;

/// How many days are named.
const MOST_DAYS: usize = 10;

/// Warns of gaps on the days that are meant.
pub(super) fn warn(
    workspace: &Workspace<'_>,
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
    let calendar = calendar(workspace, request, stored);
    let sessions = calendar.sessions(time::day(first), time::day(last));
    let missing: Vec<NaiveDate> = missing_days(&stored.frame, sessions.map(|session| session.day))
        .into_iter()
        .filter(|day| is_meant(*day))
        .collect();
    if missing.is_empty() {
        shell.printer.note(&format!("{request} has no gaps."));
    } else {
        shell.printer.warning(&format!(
            "{request} has no bars on {}: {}.",
            count(missing.len(), "trading day", "trading days"),
            some_of(&missing, MOST_DAYS)
        ));
    }
}

fn calendar(workspace: &Workspace<'_>, request: &StorageRequest, stored: &Stored) -> Calendar {
    let outlook = workspace.view();
    let source = request
        .venue
        .as_ref()
        .and_then(|venue| outlook.source(venue));
    match (source, stored.provenance.timezone.as_deref()) {
        (Some(source), _) => source.calendar(),
        (None, Some("America/New_York")) => Calendar::nyse(),
        (None, _) => Calendar::weekdays(),
    }
}
