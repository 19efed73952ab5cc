//! What `tickers import` tells: the lists, what was left out and why, and what changed.

use serde_json::{Value, json};

use crate::cli::{Failure, Shell};
use crate::model::Venue;
use crate::model::words::{count, grouped, some_of};
use crate::roster::{Imported, ReadList};
use crate::source::symbols::LeftOut;

/// How many symbols a message names.
const MOST_NAMED: usize = 10;

/// What became of lists.
pub(super) struct ImportReport<'r> {
    pub(super) lists: &'r [ReadList],
    pub(super) refused: &'r [Failure],
    pub(super) imported: &'r Imported,
    pub(super) is_dry_run: bool,
    pub(super) venue: &'r Venue,
}

impl ImportReport<'_> {
    /// Says what was read, left out and changed.
    pub(super) fn tell(&self, shell: &Shell<'_>) {
        let (venue, taken) = (self.venue, &self.imported.taken);
        let rows: usize = self.lists.iter().map(|read| read.list.rows).sum();
        shell.note(&format!(
            "Read {} of {}.",
            count(rows, "row", "rows"),
            count(self.lists.len(), "list", "lists")
        ));
        for read in self.lists {
            if let Some(date) = &read.list.date {
                shell.note(&format!("{} is of {date}.", read.origin));
            }
        }
        for (reason, symbols) in taken.by_reason() {
            let sentence = format!(
                "{} left out, {reason}: {}.",
                count(symbols.len(), "symbol", "symbols"),
                some_of(&symbols, MOST_NAMED)
            );
            if reason.is_expected() {
                shell.note(&sentence);
            } else {
                shell.warning(&sentence);
            }
        }
        self.tell_aliases(shell);
        let added = count(taken.added, "ticker", "tickers");
        let back = match taken.taken_back.as_slice() {
            [] => "0".to_owned(),
            tickers => format!(
                "{} ({})",
                grouped(tickers.len()),
                some_of(tickers, MOST_NAMED)
            ),
        };
        shell.note(&if self.is_dry_run {
            format!("Would add {added} to {venue} and take back {back}. Nothing was changed.")
        } else {
            format!("Added {added} to {venue} and took back {back}.")
        });
    }

    fn tell_aliases(&self, shell: &Shell<'_>) {
        let (venue, Some(learned)) = (self.venue, self.imported.learned) else {
            return;
        };
        match learned.newer {
            Some(day) => shell.warning(&format!(
                "The mnemonics of {venue} are those of {day}, and the list is older: they stay."
            )),
            None => shell.note(&format!(
                "Mnemonics of {venue}: {} new, {} ended.",
                grouped(learned.begun),
                grouped(learned.ended)
            )),
        }
    }

    /// Returns the same for machines, with every symbol that was left out.
    pub(super) fn json(&self) -> Value {
        let taken = &self.imported.taken;
        let lists = self.lists.iter().map(|read| {
            json!({
                "list": read.origin.to_string(),
                "date": read.list.date,
                "rows": read.list.rows,
            })
        });
        let counts = taken.by_reason().into_iter();
        let counts = counts.map(|(reason, symbols)| (reason.to_string(), json!(symbols.len())));
        let left_out = taken.left_out.iter().map(
            |LeftOut { symbol, reason }| json!({"symbol": symbol, "reason": reason.to_string()}),
        );
        json!({
            "venue": self.venue.to_string(),
            "dry_run": self.is_dry_run,
            "lists": lists.collect::<Vec<_>>(),
            "refused": self.refused.iter().map(Failure::json).collect::<Vec<_>>(),
            "added": taken.added,
            "taken_back": taken.taken_back.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "mnemonics": self.imported.learned.map(|learned| json!({
                "new": learned.begun,
                "ended": learned.ended,
                "older_than": learned.newer.map(|day| day.to_string()),
            })),
            "left_out_by_reason": counts.collect::<serde_json::Map<_, _>>(),
            "left_out": left_out.collect::<Vec<_>>(),
        })
    }
}
