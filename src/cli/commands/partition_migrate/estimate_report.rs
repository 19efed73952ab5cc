//! What `migrate` says before it copies: what will be needed, and what is missing.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::ui::json::of_tickers;
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell};
use crate::migrate::{Estimate, Means, Missing, Need, PlannedInterval};
use crate::model::words::{count, duration, grouped, size};

/// Returns the failure of a disk that is too full.
pub(super) fn no_space(
    shell: &Shell<'_>,
    at: &Path,
    need: Need,
    missing: Missing,
    (removes_legacy, intervals): (bool, usize),
) -> Failure {
    let missing = shown(missing);
    let failure = Failure::new(
        Exit::NoSpace,
        format!(
            "{missing} too little on the disk of {}: the copy takes {} and {} beside what is there",
            shell.shown(at),
            size(need.bytes),
            count(need.inodes, "inode", "inodes")
        ),
    )
    .hint(format!("free {missing}, then run again"));
    if intervals < 2 || removes_legacy {
        failure
    } else {
        failure.hint(
            "or migrate one interval at a time: with --delete-legacy each makes room for the next",
        )
    }
}

/// Returns what is missing on a disk, as a phrase.
fn shown(missing: Missing) -> String {
    let bytes = missing.bytes.map(size);
    let inodes = missing
        .inodes
        .map(|inodes| count(inodes, "inode", "inodes"));
    let both: Vec<String> = bytes.into_iter().chain(inodes).collect();
    both.join(" and ")
}

/// Returns what an interval needs, as a sentence.
pub(super) fn estimate(planned: &PlannedInterval, estimate: &Estimate) -> String {
    let done = match estimate.proven {
        0 => String::new(),
        proven => format!(" ({} done before)", grouped(proven)),
    };
    if estimate.tickers == 0 {
        return format!("{}: nothing to copy{done}.", planned.tuple);
    }
    format!(
        "{}: {}{done}, about {} in {} of {} on disk, from legacy files of {}.",
        planned.tuple,
        count(estimate.tickers, "ticker", "tickers"),
        count(estimate.rows, "row", "rows"),
        count(estimate.files, "file", "files"),
        size(estimate.bytes),
        size(estimate.legacy_bytes)
    )
}

/// Prints what a migration would do; building every file took so many seconds, which is what one does beside writing and reading
/// back.
pub(super) fn planned(
    shell: &Shell<'_>,
    is_json: bool,
    chosen: &[PlannedInterval],
    means: &Means,
    seconds: f64,
) {
    let &Means {
        ref estimates,
        need,
        free,
        missing,
        ..
    } = means;
    if is_json {
        let intervals: Vec<Value> = chosen
            .iter()
            .zip(estimates)
            .map(estimate_document)
            .collect();
        return shell.json(&json!({
            "event": "plan",
            "intervals": intervals,
            "peak_bytes": need.bytes,
            "peak_inodes": need.inodes,
            "missing_bytes": missing.and_then(|missing| missing.bytes),
            "missing_inodes": missing.and_then(|missing| missing.inodes),
            "free_bytes": free.bytes,
            "free_inodes": free.inodes,
            "build_seconds": seconds,
        }));
    }
    let each: Vec<(&PlannedInterval, &Estimate)> = chosen.iter().zip(estimates).collect();
    Columns::of(&each)
        .text("venue", |(planned, _)| planned.tuple.venue.to_string())
        .text("interval", |(planned, _)| planned.tuple.interval)
        .number("tickers", |(_, estimate)| estimate.tickers)
        .number("rows", |(_, estimate)| estimate.rows)
        .number("files", |(_, estimate)| estimate.files)
        .number("legacy", |(_, estimate)| size(estimate.legacy_bytes))
        .number("on disk", |(_, estimate)| size(estimate.bytes))
        .number("inodes", |(_, estimate)| estimate.inodes)
        .print(shell);
    for (ticker, reason) in estimates.iter().flat_map(|estimate| &estimate.refusals) {
        shell.warning(&format!("{ticker} would fail: {reason}."));
    }
    if let Some(missing) = missing {
        shell.warning(&format!("The disk is too full by {}.", shown(missing)));
    }
    let inodes = |inodes: u64| count(inodes, "inode", "inodes");
    let free_inodes = free
        .inodes
        .map_or(String::new(), |free| format!(" and {}", inodes(free)));
    shell.note(&format!(
        "At most {} and {} are needed beside what is there; {}{free_inodes} are free. Building the files took {} here, and \
         writing and proving them comes on top. Nothing was changed.",
        size(need.bytes),
        inodes(need.inodes),
        size(free.bytes),
        duration(seconds)
    ));
}

fn estimate_document((planned, estimate): (&PlannedInterval, &Estimate)) -> Value {
    json!({
        "venue": planned.tuple.venue.to_string(),
        "interval": planned.tuple.interval.as_str(),
        "tickers": estimate.tickers,
        "proven": estimate.proven,
        "rows": estimate.rows,
        "files": estimate.files,
        "inodes": estimate.inodes,
        "bytes": estimate.bytes,
        "legacy_bytes": estimate.legacy_bytes,
        "measured": estimate.sampled,
        "refusals": of_tickers(&estimate.refusals),
    })
}
