//! What is said of tickers that were named on the command line and that no venue of the question keeps.

use crate::catalog::Catalog;
use crate::cli::commands::unknown;
use crate::cli::ui::words::some_of;
use crate::cli::{Exit, Failure};
use crate::cycle::Strangers;
use crate::model::{Ticker, Venue};

/// How many tickers are named to people.
const MOST_NAMED: usize = 10;

/// Returns why they are not asked for, of whom the question names `venue`; `None` when there are none.
pub(super) fn refusal(
    strangers: &Strangers,
    venue: Option<&Venue>,
    catalog: &Catalog,
) -> Option<Failure> {
    if let (Some((ticker, _)), Some(venue)) = (strangers.elsewhere.first(), venue) {
        let known: Vec<String> = strangers
            .elsewhere
            .iter()
            .map(|(ticker, home)| format!("{ticker} ({home})"))
            .chain(strangers.unknown.iter().map(ToString::to_string))
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
    if strangers.unknown.is_empty() {
        return None;
    }
    let unknown: Vec<&Ticker> = strangers.unknown.iter().collect();
    let names = unknown::named(&unknown);
    let refused = Failure::new(Exit::Failed, format!("tickers.json does not have {names}"));
    Some(refused.hint(unknown::near_or(catalog, &unknown, || {
        unknown::adding(&unknown, venue)
    })))
}
