//! Names the trading days on which a stored series has no bar. A warning for people: nothing is decided by it.

use crate::cli::shell::Shell;
use crate::model::words::{count, some_of};
use crate::model::{Series, StorageRequest};
use crate::query::{Span, stored_gaps};
use crate::storage::Stored;
use crate::workspace::Reading;

/// How many days are named.
const MOST_DAYS: usize = 10;

/// Warns of gaps on the days that are meant.
pub(super) fn warn(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    stored: &Stored,
    span: Span,
) {
    let printer = shell.printer;
    if !matches!(&request.series, Series::Bars { interval, .. } if interval.has_sessions()) {
        return printer.note("Gaps are looked for in bars of a day and shorter ones.");
    }
    let Some(gaps) = stored_gaps(reading, request, stored, span) else {
        return;
    };
    if !gaps.learned_from.is_empty() {
        printer.note(&format!(
            "The sessions of its exchange are in no calendar; they are taken from the bars of {}.",
            some_of(&gaps.learned_from, MOST_DAYS)
        ));
    }
    if gaps.unknown > 0 {
        let days = count(gaps.unknown, "day", "days");
        printer.note(&format!("No calendar is known for {days} of {request}."));
    }
    if !gaps.missing.is_empty() {
        printer.warning(&format!(
            "{request} has no bars on {}: {}.",
            count(gaps.missing.len(), "trading day", "trading days"),
            some_of(&gaps.missing, MOST_DAYS)
        ));
    } else if gaps.is_any_known {
        let (first, last) = gaps.days;
        printer.note(&format!("{request} has no gaps from {first} to {last}."));
    }
}
