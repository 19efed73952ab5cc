//! What `tickers import` tells: the lists, what was left out and why, and what changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::symbol_import::{Changes, Lists};
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, grouped, some_of};
use crate::model::Venue;
use crate::source::symbols::{LeftOut, Reason};

/// How many symbols a message names.
const MOST_NAMED: usize = 10;

/// Says what was read, left out and changed.
pub(super) fn tell(
    lists: &Lists,
    changes: &Changes,
    is_dry_run: bool,
    venue: &Venue,
    shell: &Shell<'_>,
) {
    let printer = shell.printer;
    let rows = lists.taken.iter().map(|import| import.list.rows).sum();
    printer.note(&format!(
        "Read {} of {}.",
        count(rows, "row", "rows"),
        count(lists.taken.len(), "list", "lists")
    ));
    for import in &lists.taken {
        if let Some(date) = &import.list.date {
            printer.note(&format!("{} is of {date}.", import.origin));
        }
    }
    for (reason, symbols) in by_reason(&changes.taken.left_out) {
        let sentence = format!(
            "{} left out, {reason}: {}.",
            count(symbols.len(), "symbol", "symbols"),
            some_of(&symbols, MOST_NAMED)
        );
        if is_expected(reason) {
            printer.note(&sentence);
        } else {
            printer.warning(&sentence);
        }
    }
    tell_aliases(changes, venue, shell);
    let added = count(changes.taken.added, "ticker", "tickers");
    let back = match changes.taken.taken_back.as_slice() {
        [] => "0".to_owned(),
        tickers => format!(
            "{} ({})",
            grouped(tickers.len()),
            some_of(tickers, MOST_NAMED)
        ),
    };
    printer.note(&if is_dry_run {
        format!("Would add {added} to {venue} and take back {back}. Nothing was changed.")
    } else {
        format!("Added {added} to {venue} and took back {back}.")
    });
}

fn tell_aliases(changes: &Changes, venue: &Venue, shell: &Shell<'_>) {
    let Some(learned) = changes.aliases else {
        return;
    };
    match learned.newer {
        Some(day) => shell.printer.warning(&format!(
            "The mnemonics of {venue} are those of {day}, and the list is older: they stay."
        )),
        None => shell.printer.note(&format!(
            "Mnemonics of {venue}: {} new, {} ended.",
            grouped(learned.begun),
            grouped(learned.ended)
        )),
    }
}

/// Returns the same for machines, with every symbol that was left out.
pub(super) fn json(lists: &Lists, changes: &Changes, is_dry_run: bool, venue: &Venue) -> Value {
    let taken = lists.taken.iter().map(|import| {
        json!({
            "list": import.origin.to_string(),
            "date": import.list.date,
            "rows": import.list.rows,
        })
    });
    let counts: serde_json::Map<String, Value> = by_reason(&changes.taken.left_out)
        .into_iter()
        .map(|(reason, symbols)| (reason.to_string(), json!(symbols.len())))
        .collect();
    let left_out =
        changes.taken.left_out.iter().map(
            |LeftOut { symbol, reason }| json!({"symbol": symbol, "reason": reason.to_string()}),
        );
    json!({
        "venue": venue.to_string(),
        "dry_run": is_dry_run,
        "lists": taken.collect::<Vec<_>>(),
        "refused": lists.refused.iter().map(Failure::json).collect::<Vec<_>>(),
        "added": changes.taken.added,
        "taken_back": changes.taken.taken_back.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "mnemonics": changes.aliases.map(|learned| json!({
            "new": learned.begun,
            "ended": learned.ended,
            "older_than": learned.newer.map(|day| day.to_string()),
        })),
        "left_out_by_reason": counts,
        "left_out": left_out.collect::<Vec<_>>(),
    })
}

fn by_reason(left_out: &[LeftOut]) -> BTreeMap<Reason, Vec<&str>> {
    let mut by_reason: BTreeMap<Reason, Vec<&str>> = BTreeMap::new();
    for LeftOut { symbol, reason } in left_out {
        by_reason.entry(*reason).or_default().push(symbol);
    }
    by_reason
}

/// Tells whether nobody has to look at it: it is the user's choice, or what a list is like.
fn is_expected(reason: Reason) -> bool {
    match reason {
        Reason::TestIssue
        | Reason::Inactive
        | Reason::NotChosen(_)
        | Reason::Repeated
        | Reason::InAnotherList => true,
        Reason::NoSpelling
        | Reason::Disagreeing
        | Reason::NoTicker
        | Reason::Unsafe
        | Reason::Damaged => false,
    }
}
