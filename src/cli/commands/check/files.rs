//! The files of all series, beside what was recorded of them: what `check` says of them.
//!
//! Promises: what is not recorded is no fault. Each fault names a series or a file, and what to do about it.

use serde_json::{Value, json};

use crate::cli::ui::json::{about, of_files};
use crate::cli::ui::troubles::{TAKE_OVER, print_damaged_records};
use crate::cli::{Exit, Shell};
use crate::inventory::{Common, Fault, Looked, OddFiles, SeriesFault, tell_halves};
use crate::model::Interval;
use crate::model::words::{count, left_of, some_of};

/// How many of one kind are named to people.
const MOST_NAMED: usize = 10;

/// Returns the exits that the files deserve.
pub(super) fn exits(files: &Looked) -> impl Iterator<Item = Exit> {
    let differs = !files.faults.is_empty() || !files.odd.is_empty();
    let found = [
        differs.then_some(Exit::Mismatch),
        (!files.damaged_records.is_empty()).then_some(Exit::Damaged),
    ];
    found.into_iter().flatten()
}

/// Prints what is the matter with the files, and what to do about it.
pub(super) fn print(files: &Looked, shell: &Shell<'_>) {
    for fault in files.faults.iter().take(MOST_NAMED) {
        shell.error(&format!(
            "error: {}: {} ({})\nhint: {}",
            fault.request,
            fault.fault,
            shell.shown(&fault.path),
            fault.way_out()
        ));
    }
    let faults = files.faults.len();
    if let Some(more) = left_of(faults, MOST_NAMED, "series differs", "series differ") {
        let told = format!("error: {more} as well; --json names all");
        shell.error(&told);
    }
    if !files.faults.is_empty() {
        shell.error(&format!(
            "hint: if it was done on purpose, make the records anew: {TAKE_OVER}"
        ));
    }
    for odd in &files.odd {
        shell.error(&of_odd(odd, shell));
    }
    if let Some(told) = tell_halves(&files.halves, shell.root()) {
        shell.warning(&format!("{told}."));
    }
    print_damaged_records(&files.damaged_records, shell);
    if !files.unregistered.is_empty() {
        let named: Vec<String> = files.unregistered.iter().map(ToString::to_string).collect();
        shell.note(&format!(
            "tickers.json does not keep the tickers of {}: {}.",
            count(named.len(), "stored series", "stored series"),
            some_of(&named, MOST_NAMED)
        ));
        let adding = files.adding(MOST_NAMED);
        shell.note(&format!("If they are wanted, {adding}"));
    }
    if files.waiting > 0 {
        let are = count(files.waiting, "series differs", "series differ");
        shell.note(&format!(
            "{are} from its record while a run is at work or was interrupted, and that is no fault: barkeep cleanup finishes an interrupted one."
        ));
    }
    if files.unrecorded > 0 {
        let have = count(files.unrecorded, "series has", "series have");
        shell.note(&format!(
            "{have} no record yet, by which a lost file would be noticed: {TAKE_OVER}"
        ));
    }
}

fn of_odd(odd: &OddFiles, shell: &Shell<'_>) -> String {
    let (has, hint) = (count(odd.count, "file has", "files have"), odd.way_out());
    let paths = odd.paths.iter().map(|path| shell.shown(path).to_string());
    let named = some_of(&paths.collect::<Vec<_>>(), MOST_NAMED);
    format!(
        "error: {}: {has} {}: {named}\nhint: {hint}",
        odd.tree_name(),
        odd.difference()
    )
}

/// Returns the same for machines.
pub(super) fn document(files: &Looked, shell: &Shell<'_>) -> Value {
    let fault = |one: &SeriesFault| {
        let (kind, months) = match &one.fault {
            Fault::Lost(months) => ("lost", months.as_slice()),
            Fault::Added(months) => ("added", months.as_slice()),
            Fault::Changed(_) => ("changed", [].as_slice()),
        };
        about(
            &one.request,
            json!({
                "kind": kind,
                "months": months,
                "what": one.fault.to_string(),
                "path": shell.shown(&one.path).to_string(),
                "cure": one.way_out(),
            }),
        )
    };
    let odd = |what: Common, name: &'static str| {
        let of_tree = format!("{name}_of_tree");
        let found = files.odd.iter().filter(move |one| one.what == what);
        let found = found.map(|one| {
            let paths: Vec<String> = one
                .paths
                .iter()
                .map(|p| shell.shown(p).to_string())
                .collect();
            json!({
                "venue": one.venue.to_string(),
                "dataset": one.dataset.as_str(),
                "interval": one.interval.map(Interval::as_str),
                name: one.these,
                &*of_tree: one.tree,
                "files": one.count,
                "paths": paths,
            })
        });
        found.collect::<Vec<_>>()
    };
    let halves = files
        .halves
        .values()
        .map(|path| shell.shown(path).to_string());
    json!({
        "series": files.series,
        "files": files.files,
        "unrecorded": files.unrecorded,
        "waiting": files.waiting,
        "halves": halves.collect::<Vec<_>>(),
        "faults": files.faults.iter().map(fault).collect::<Vec<_>>(),
        "other_units": odd(Common::Unit, "unit"),
        "other_bases": odd(Common::Basis, "basis"),
        "other_rows": odd(Common::Rows, "rows"),
        "unregistered": files.unregistered,
        "damaged_records": of_files(&files.damaged_records, shell),
    })
}
