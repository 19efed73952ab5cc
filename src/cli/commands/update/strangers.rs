//! Tickers that were named on the command line and that no venue of the question keeps.
//!
//! Promises: `--venue` narrows: a ticker of another venue is refused by name and never asked for there.

use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::commands::unknown;
use crate::cli::failure::Failure;
use crate::cli::ui::words::some_of;
use crate::model::{Ticker, Venue};

/// How many tickers are named to people.
const MOST_NAMED: usize = 10;

/// Named tickers that cannot be asked for.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// Those that tickers.json does not have.
    pub(super) unknown: Vec<Ticker>,
    /// Those of other venues, with their homes.
    pub(super) elsewhere: Vec<(Ticker, Venue)>,
    /// The venue that was named, if one was.
    pub(super) asked: Option<Venue>,
}

impl Strangers {
    /// Counts them.
    pub(super) fn count(&self) -> usize {
        self.unknown.len() + self.elsewhere.len()
    }

    /// Returns why they are not asked for; `None` when there are none.
    pub(super) fn refusal(&self, catalog: &Catalog) -> Option<Failure> {
        let venue = self.asked.as_ref();
        if let (Some((ticker, _)), Some(venue)) = (self.elsewhere.first(), venue) {
            let known: Vec<String> = self
                .elsewhere
                .iter()
                .map(|(ticker, home)| format!("{ticker} ({home})"))
                .chain(self.unknown.iter().map(ToString::to_string))
                .collect();
            let is = if known.len() == 1 {
                "is no ticker"
            } else {
                "are no tickers"
            };
            let names = some_of(&known, MOST_NAMED);
            let refused = Failure::usage(format!("{names} {is} of {venue}"));
            return Some(refused.hint(unknown::adding(&[ticker], Some(venue))));
        }
        if self.unknown.is_empty() {
            return None;
        }
        let unknown: Vec<&Ticker> = self.unknown.iter().collect();
        let names = unknown::named(&unknown);
        let refused = Failure::new(Exit::Failed, format!("tickers.json does not have {names}"));
        Some(refused.hint(unknown::near(catalog, &unknown, || {
            unknown::adding(&unknown, venue)
        })))
    }
}
