//! What `migrate` and its dry run say.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::{Exit, Shell, outcome};
use crate::migrate::{Failed, Migrated, Refusal, Switched};
use crate::model::words::{count, duration, grouped, left_of, size};
use crate::model::{Ticker, Venue};
use crate::storage::{Beyond, QuarantineRecord, refused_rights};

/// How many failures are named one by one.
const NAMED: usize = 20;

/// Returns the exit of a migration.
pub(super) fn exit(shell: &Shell<'_>, done: &[Migrated]) -> Exit {
    let further = (!done.iter().all(Migrated::is_done)).then_some(Exit::Partial);
    let failures = done.iter().flat_map(Migrated::failures);
    outcome::of_failures(failures, &shell.world.shutdown, further)
}

/// Names files that lie beside partitions and are none.
pub(super) fn misplaced(shell: &Shell<'_>, paths: &[PathBuf]) {
    shell.tell_misplaced(paths.get(..NAMED).unwrap_or(paths));
    if let Some(more) = left_of(paths.len(), NAMED, "file", "files") {
        shell.warning(&format!(
            "{more} more are misplaced; barkeep check names them."
        ));
    }
}

/// Prints what a migration did.
pub(super) fn migrated(
    shell: &Shell<'_>,
    is_json: bool,
    done: &[Migrated],
    switched: &[(Venue, Switched)],
    is_proven: bool,
) {
    if is_json {
        let intervals: Vec<Value> = done.iter().map(document).collect();
        let venues: Vec<String> = switched
            .iter()
            .map(|(venue, _)| venue.to_string())
            .collect();
        return shell.json(&json!({
            "event": "summary",
            "intervals": intervals,
            "activated": venues,
            "exit": exit(shell, done).code(),
        }));
    }
    if done.is_empty() {
        shell.note(if is_proven {
            "Every interval of the plan is proven, and its venue keeps its bars in partitions."
        } else {
            "No interval of the plan has anything left to migrate."
        });
    }
    for one in done {
        say(shell, one);
    }
    for (venue, outcome) in switched {
        shell.note(&format!(
            "{venue} keeps its bars in partitions now ({} recorded).",
            count(outcome.series, "series", "series")
        ));
        for unusable in &outcome.unusable {
            shell.warning(&format!("{unusable}."));
        }
    }
    let is_whole = |one: &Migrated| one.unproven.is_none() && one.not_removed.is_empty();
    if switched.is_empty() && !done.is_empty() && done.iter().all(is_whole) {
        shell.note(
            "The switch to partitions comes with the last interval of the venue: barkeep partition-migrate status",
        );
    }
}

fn say(shell: &Shell<'_>, one: &Migrated) {
    let report = &one.report;
    if one.is_bare {
        shell.warning(&format!(
            "{}: there are no legacy files to migrate. If that is right, take it out of the way: barkeep \
             partition-migrate mark {} --status skipped",
            report.tuple, report.tuple
        ));
        return;
    }
    let proven = report.proven_before + report.proven_now;
    shell.note(&format!(
        "{}: {} of {} proven ({} now), {} of {} written in {}.",
        report.tuple,
        grouped(proven),
        count(report.tickers, "ticker", "tickers"),
        grouped(report.proven_now),
        count(report.written.0, "file", "files"),
        size(report.written.1),
        duration(one.seconds)
    ));
    if report.is_cut_short {
        let left = report.tickers - proven - report.failures.len().min(report.tickers - proven);
        shell.note(&format!(
            "{}: {} left; run it again to go on.",
            report.tuple,
            count(left, "ticker is", "tickers are")
        ));
    }
    if one
        .unproven
        .as_ref()
        .is_some_and(|unproven| unproven.is_missing)
    {
        shell.warning(&format!(
            "{}: the legacy folder is gone, and not by barkeep. Nobody knows whether everything was copied, so nothing is \
             switched: mount it, or put it back.",
            report.tuple
        ));
    }
    failures(shell, &report.failures, true);
    failures(shell, &one.not_removed, true);
    for (path, reason) in &report.strangers {
        shell.warning(&format!(
            "{} was not migrated: {reason}.",
            shell.shown(path)
        ));
    }
    kept(shell, one.kept());
    unlike(shell, &report.unlike);
    from_memory(shell, report.from_memory, "read back");
    if let Some(removed) = &one.removed {
        shell.note(&format!(
            "{}: {} of {} removed, after both sides were read again.",
            report.tuple,
            count(removed.files, "legacy file", "legacy files"),
            size(removed.bytes)
        ));
        from_memory(shell, removed.from_memory, "read again");
    }
    if !one.not_removed.is_empty() {
        shell.warning(&format!(
            "{}: no legacy file was removed, since the sides of {} do not agree.",
            report.tuple,
            count(one.not_removed.len(), "ticker", "tickers")
        ));
    }
}

/// Says how many tickers were not read from the disk itself.
pub(super) fn from_memory(shell: &Shell<'_>, tickers: usize, read: &str) {
    if tickers > 0 {
        let tickers = count(tickers, "ticker", "tickers");
        shell.warning(&format!(
            "{tickers} could only be {read} from memory, since this disk does not let go of it."
        ));
    }
}

/// Names tickers that failed.
pub(super) fn failures(shell: &Shell<'_>, failures: &[Failed], is_migration: bool) {
    for failed in failures.iter().take(NAMED) {
        let cure = failed.refusal.cure().filter(|_| is_migration);
        let cure = cure.map_or_else(String::new, |cure| format!("; {cure}"));
        shell.warning(&format!("{}: {}{cure}.", failed.ticker, failed.refusal));
    }
    if let Some(more) = left_of(failures.len(), NAMED, "more failed", "more failed") {
        shell.warning(&format!(
            "{more}; barkeep partition-migrate status --json has them all."
        ));
    }
}

/// Says which files are not whose they were to be.
pub(super) fn unlike(shell: &Shell<'_>, files: &[PathBuf]) {
    if let Some(sentence) = refused_rights(files) {
        shell.warning(&format!("{sentence}."));
    }
}

/// Names what was put away.
pub(super) fn kept<'r>(shell: &Shell<'_>, mut records: impl Iterator<Item = &'r QuarantineRecord>) {
    for record in records.by_ref().take(NAMED) {
        shell.tell_kept(record);
    }
    if let Some(more) = left_of(records.count(), 0, "more case is", "more cases are") {
        shell.warning(&format!("{more} in quarantine, which --json lists."));
    }
}

/// Names files that say more than what takes their place; `becomes` says what happens to them.
pub(super) fn beyond(shell: &Shell<'_>, files: &[Beyond], becomes: &str) {
    for file in files.iter().take(NAMED) {
        shell.warning(&format!(
            "{} says more than its legacy file can hold, and {becomes}: {}.",
            shell.shown(&file.path),
            file.reason
        ));
    }
    if let Some(more) = left_of(files.len(), NAMED, "more file does", "more files do") {
        shell.warning(&format!("{more} so, which --json lists."));
    }
}

pub(super) fn failed_document(failed: &Failed) -> Value {
    refusal_document(&failed.ticker, &failed.refusal)
}

/// Why a ticker failed, for `--json`. What differs is counted where both sides could be compared.
pub(super) fn refusal_document(ticker: &Ticker, refusal: &Refusal) -> Value {
    let difference = refusal.difference().map(|found| {
        json!({ "missing": found.missing, "extra": found.extra, "changed": found.changed, "first": found.first })
    });
    json!({
        "ticker": ticker.as_str(),
        "reason": refusal.to_string(),
        "months": refusal.months().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "difference": difference,
        "cure": refusal.cure(),
        "exit": outcome::of_refusal(refusal).code(),
    })
}

fn document(one: &Migrated) -> Value {
    let report = &one.report;
    json!({
        "venue": report.tuple.venue.to_string(),
        "interval": report.tuple.interval.as_str(),
        "tickers": report.tickers,
        "proven_before": report.proven_before,
        "proven_now": report.proven_now,
        "is_proven": one.unproven.is_none(),
        "failures": one.failures().map(failed_document).collect::<Vec<_>>(),
        "strangers": report.strangers.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>(),
        "files": report.written.0,
        "bytes": report.written.1,
        "read_from_memory": report.from_memory,
        "legacy_files_removed": one.removed.as_ref().map_or(0, |removed| removed.files),
        "kept": one.kept().map(|record| record.folder.display().to_string()).collect::<Vec<_>>(),
        "seconds": one.seconds,
    })
}
