//! What a run did with feeds of trades, on the screen and for machines.

use serde_json::{Map, Value, json};

use super::Printer;
use crate::ingest::{FeedReport, FileFailure, LostMinutes};
use crate::model::words::{count, grouped, left_of, size, some_of};

/// Failures of one feed that are printed; `--json` has all.
const MOST_LINES: usize = 10;

/// Prints what was had of each feed.
pub(in crate::cli) fn print(feeds: &[FeedReport], printer: &Printer) {
    for feed in feeds {
        let venue = &feed.venue;
        if !feed.is_heard && feed.from_vault == 0 {
            continue;
        }
        let trades = feed.trades;
        printer.note(&format!(
            "{venue}: {} of {} downloaded ({}), {} read out of the vault; {} ({} new, {} changed, {} there already), bars of {}.",
            grouped(feed.downloaded),
            count(feed.listed, "file", "files"),
            size(feed.bytes),
            grouped(feed.from_vault),
            count(trades.added + trades.changed + trades.unchanged, "trade", "trades"),
            grouped(trades.added),
            grouped(trades.changed),
            grouped(trades.unchanged),
            count(feed.bar_days.len(), "day", "days"),
        ));
    }
}

/// Prints what a person should look at.
pub(in crate::cli) fn print_troubles(feeds: &[FeedReport], printer: &Printer) {
    for feed in feeds {
        let venue = &feed.venue;
        for failure in feed.failures.iter().take(MOST_LINES) {
            printer.error(&format!("error: {venue}: {}", sentence(failure)));
        }
        let failed = feed.failures.len();
        if let Some(more) = left_of(failed, MOST_LINES, "more failure", "more failures") {
            printer.error(&format!("error: {venue}: {more}, which --json lists"));
        }
        if feed.bad_lines > 0 {
            let bad = count(feed.bad_lines, "line is no trade", "lines are no trades");
            printer.warning(&format!(
                "{venue}: {bad}, kept in quarantine; all others are stored."
            ));
        }
        for (place, trades) in &feed.elsewhere {
            let made = count(*trades, "trade was made", "trades were made");
            printer.warning(&format!(
                "{venue}: {made} on {place}, of which another feed publishes. They are stored, and in its bars."
            ));
        }
        for lost in &feed.lost {
            printer.error(&format!(
                "error: {venue}: {} of {} cannot be had any more: the feed has forgotten the day",
                count(lost.minutes, "minute", "minutes"),
                lost.day,
            ));
        }
        if !feed.silent.is_empty() {
            let days: Vec<String> = feed.silent.iter().map(ToString::to_string).collect();
            printer.warning(&format!(
                "{venue}: the exchange was open and the feed has no trade: {}.",
                some_of(&days, MOST_LINES)
            ));
        }
    }
}

/// Says what became of a file, as a sentence without a period.
pub(super) fn sentence(failure: &FileFailure) -> String {
    match &failure.file {
        Some(file) => format!("{file}: {}", failure.reason),
        None => failure.reason.clone(),
    }
}

/// Returns what was had of a feed as one object of the summary.
pub(in crate::cli) fn json(feed: &FeedReport) -> Value {
    let failure = |failure: &FileFailure| json!({ "file": failure.file, "reason": failure.reason });
    let lost = |lost: &LostMinutes| json!({ "day": lost.day.to_string(), "minutes": lost.minutes });
    let days = |days: &std::collections::BTreeSet<chrono::NaiveDate>| {
        days.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let elsewhere = feed.elsewhere.iter();
    let elsewhere: Map<String, Value> = elsewhere
        .map(|(place, trades)| (place.to_string(), (*trades).into()))
        .collect();
    json!({
        "venue": feed.venue.to_string(),
        "heard": feed.is_heard,
        "listed": feed.listed,
        "downloaded": feed.downloaded,
        "bytes": feed.bytes,
        "from_vault": feed.from_vault,
        "lines": feed.lines,
        "bad_lines": feed.bad_lines,
        "elsewhere": elsewhere,
        "trades": feed.trades,
        "bar_days": days(&feed.bar_days),
        "silent": days(&feed.silent),
        "lost": feed.lost.iter().map(lost).collect::<Vec<_>>(),
        "failures": feed.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}
